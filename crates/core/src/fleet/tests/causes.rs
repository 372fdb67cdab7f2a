//! Causes that are named without anybody looking for them: what the registry holds, announces and sweeps, and processes that
//! never stay.

use super::*;
use crate::supervise::{RestartPolicy, RunAction, RunEvent, RunPolicy, Rung};
use crate::view::{ExitView, ProcessState, RungKind, Severity};

fn code(scene: &Scene) -> &'static str {
    scene.row().verdict.code
}

fn inactive(now: Time) -> FleetEvent {
    heard(Activity::BecameInactive { id: id(1), at: now }, now)
}

fn active(now: Time) -> FleetEvent {
    heard(Activity::BecameActive { id: id(1), at: now }, now)
}

fn read(scene: &mut Scene, facts: Option<RecordFacts>, now: Time) {
    scene.on(FleetEvent::Record { id: id(1), asked_at: now, facts }, now);
}

fn process(state: ProcessState) -> FleetEvent {
    let refused = state == ProcessState::NotRunning;
    probed(ProcessReading { state, detail: "nobody answers".into(), clock_ahead_ms: None, refused })
}

fn probed(reading: ProcessReading) -> FleetEvent {
    FleetEvent::Process(id(1), reading)
}

#[test]
fn a_record_that_is_gone_is_told_from_one_that_never_was() {
    let mut scene = Scene::new(BeatsBy::App);
    read(&mut scene, None, at(1));
    assert_eq!(code(&scene), "registry.not_registered");

    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(heard(Activity::Deregistered { id: id(1) }, at(10)), at(10));
    assert!(scene.other.contains(&FleetAction::ReadRecord(id(1))));
    read(&mut scene, None, at(11));
    assert_eq!(code(&scene), "registry.deleted");
    let told = scene.row().verdict;
    assert!(told.sentence.contains("while we were connected") && told.remedy.contains("agent register"), "{told:?}");
    // Our link is blocked because of it, and the record is looked for again and again.
    scene.link(LinkReport::Closed { code: 1000, failure: Some(Fatal::NotRegistered.into()) }, at(11));
    scene.link(LinkReport::Blocked { failure: Fatal::NotRegistered }, at(11));
    read(&mut scene, None, at(60));
    assert_eq!(scene.row().verdict, told);
    scene.record(at(70), at(69));
    assert!(scene.other.contains(&FleetAction::Unblock(id(1))));
    assert_ne!(code(&scene), "registry.deleted");
}

#[test]
fn another_registry_is_not_told_to_have_deleted_what_the_last_one_had() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(FleetEvent::RegistrySet(RegistrySettings { name: "other".into(), ..registry() }), at(5));
    scene.on(FleetEvent::AgentChanged(AgentSettings { registry: "other".into(), ..settings(1, BeatsBy::App) }), at(5));
    read(&mut scene, None, at(6));
    assert_eq!(code(&scene), "registry.not_registered");
}

#[test]
fn a_copy_by_gossip_is_no_record_and_dialling_it_is_no_use() {
    let copy = RecordFacts {
        status: Some("active".into()),
        home: Some("reg.example".into()),
        by_gossip: true,
        ..RecordFacts::default()
    };
    for beats_by in [BeatsBy::App, BeatsBy::Agent] {
        let mut scene = Scene::new(beats_by);
        read(&mut scene, Some(copy.clone()), at(1));
        assert_eq!((code(&scene), scene.row().registry.registered), ("registry.gossip_copy", Some(false)));
        assert!(scene.row().verdict.sentence.contains("reg.example"), "{}", scene.row().verdict.sentence);
        // The socket of such an entity answers 404: dialling again would go on for ever.
        let blocks = scene.other.iter().filter(|action| **action == FleetAction::Block(id(1), Fatal::NotRegistered));
        assert_eq!(blocks.count(), usize::from(beats_by == BeatsBy::App));
        read(&mut scene, Some(copy.clone()), at(60));
        assert!(!scene.other.contains(&FleetAction::Unblock(id(1))));
        read(&mut scene, Some(RecordFacts { tombstoned: true, ..copy.clone() }), at(90));
        assert_eq!(code(&scene), "registry.tombstoned");
        scene.record(at(120), at(119));
        assert!(scene.row().registry.registered == Some(true) && code(&scene) != "registry.tombstoned");
    }
}

#[test]
fn a_resume_that_is_not_announced_is_told_until_a_new_connection_is() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(inactive(at(330)), at(330));
    scene.our_beat(at(360));
    assert_eq!((code(&scene), scene.row().verdict.severity), ("registry.resume_unannounced", Severity::Warning));
    assert!(scene.row().verdict.remedy.contains("Retry"), "{}", scene.row().verdict.remedy);
    scene.our_beat(at(390));
    assert_eq!(code(&scene), "registry.resume_unannounced", "it does not pass by itself");
    scene.link(LinkReport::Closed { code: 1000, failure: None }, at(400));
    scene.open_and_beat(at(400));
    assert_eq!(code(&scene), "ok");
}

#[test]
fn an_announcement_that_is_heard_or_still_to_come_is_none_that_is_missing() {
    // It fell inactive while it was not connected: the first beat of the new connection is announced.
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.link(LinkReport::Closed { code: 1006, failure: Some(Transient::Refused.into()) }, at(5));
    scene.on(inactive(at(330)), at(330));
    scene.open_and_beat(at(400));
    assert_eq!(code(&scene), "ok");

    // Connected, and nothing of it counted before: that is announced, too.
    let mut scene = Scene::new(BeatsBy::App);
    scene.link(LinkReport::Dialling { attempt: 1 }, at(0));
    scene.link(LinkReport::Opened, at(0));
    scene.on(inactive(at(330)), at(330));
    scene.on(active(at(360)), at(360));
    scene.our_beat(at(360));
    assert_eq!(code(&scene), "ok");

    // A record that was asked for before the first beat of a connection is answered after it.
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(400));
    let of_before = RecordFacts {
        public_key: Some(key(1)),
        status: Some("inactive".into()),
        last_heartbeat: Some(at(0)),
        registered_at: Some(at(0) - Duration::from_secs(1000)),
        ..RecordFacts::default()
    };
    scene.on(FleetEvent::Record { id: id(1), asked_at: at(399), facts: Some(of_before) }, at(401));
    scene.our_beat(at(430));
    assert_eq!(code(&scene), "ok");

    // The same of an agent that beats by itself.
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.on(inactive(at(330)), at(330));
    scene.beat_seen(at(360));
    assert_eq!(code(&scene), "registry.resume_unannounced");
    scene.on(active(at(380)), at(380));
    scene.beat_seen(at(390));
    assert_eq!(code(&scene), "ok.watched");
    scene.on(inactive(at(700)), at(700));
    scene.on(FleetEvent::Stream { registry: "r".into(), live: true }, at(710));
    scene.beat_seen(at(720));
    assert_eq!(code(&scene), "ok.watched", "nobody listened while it may have been announced");
}

#[test]
fn a_sweep_that_is_late_is_seen_in_a_record_that_was_read_after_it() {
    let asked = |scene: &Scene| scene.other.iter().filter(|action| **action == FleetAction::ReadRecord(id(1))).count();
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.other.clear();
    scene.until(at(364));
    assert_eq!((code(&scene), asked(&scene)), ("agent.silent", 0));
    scene.until(at(365));
    assert_eq!(asked(&scene), 1, "threshold, sweep, and what both may be off");
    scene.record(at(365), at(0));
    assert_eq!(code(&scene), "registry.sweep_late");
    assert!(scene.row().verdict.sentence.contains("late by 5 s or more"), "{}", scene.row().verdict.sentence);
    scene.until(at(10_000));
    assert_eq!(asked(&scene), 1, "once");
    // The sweep comes at last.
    scene.on(inactive(at(10_001)), at(10_001));
    assert_eq!(code(&scene), "agent.silent");
}

#[test]
fn a_sweep_is_measured_by_the_registrys_own_clock() {
    let mut scene = Scene::new(BeatsBy::Agent);
    let clock = FleetEvent::RegistryAnswer {
        registry: "r".into(),
        problem: None,
        reached: true,
        clock_ahead_ms: Some(-100_000),
    };
    scene.on(clock, at(0));
    // By its clock that was 100 s ago, so its sweep is over 362 s after this one.
    scene.record(at(0), at(0) - Duration::from_secs(100));
    scene.until(at(350));
    scene.record(at(350), at(0) - Duration::from_secs(100));
    assert_eq!(code(&scene), "agent.silent");
    scene.until(at(366));
    scene.record(at(366), at(0) - Duration::from_secs(100));
    assert_eq!(code(&scene), "registry.sweep_late");
}

#[test]
fn a_container_that_restarts_elsewhere_is_told_by_what_comes_and_goes() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.on(FleetEvent::AgentChanged(AgentSettings { probed: true, ..settings(1, BeatsBy::Agent) }), at(0));
    let mut second = 0;
    for round in 1..=4 {
        scene.on(process(ProcessState::Running), at(second));
        scene.on(active(at(second)), at(second));
        scene.beat_seen(at(second));
        scene.on(process(ProcessState::NotRunning), at(second + 5));
        let restarting = code(&scene) == "process.restarting";
        assert_eq!(restarting, round == 4, "start {round}: {}", code(&scene));
        second += 25;
    }
    scene.until(at(100));
    assert!(scene.row().verdict.sentence.contains("3 times in 5 min"), "{}", scene.row().verdict.sentence);
    // It stays up: what was lately is over in time.
    scene.on(process(ProcessState::Running), at(second));
    for beat in 0..20_u64 {
        scene.until(at(second + beat * 30));
        scene.beat_seen(at(second + beat * 30));
    }
    assert_eq!(code(&scene), "ok.watched");
}

#[test]
fn a_registry_that_answers_is_at_fault_and_one_that_cannot_be_asked_may_not_be() {
    for (problem, reached, expected) in
        [("it answers 503", true, "registry.unreadable"), ("no answer in time", false, "registry.unreachable")]
    {
        for beats_by in [BeatsBy::App, BeatsBy::Agent] {
            let mut scene = Scene::new(beats_by);
            scene.link(LinkReport::Dialling { attempt: 1 }, at(0));
            scene.link(LinkReport::Opened, at(0));
            let answer = FleetEvent::RegistryAnswer {
                registry: "r".into(),
                problem: Some(problem.into()),
                reached,
                clock_ahead_ms: None,
            };
            scene.on(answer, at(1));
            assert_eq!(code(&scene), expected, "{beats_by:?}");
        }
    }
}

#[test]
fn a_process_that_is_too_busy_to_answer_in_time_is_in_no_loop() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.on(FleetEvent::AgentChanged(AgentSettings { probed: true, ..settings(1, BeatsBy::Agent) }), at(0));
    for round in 0..8_u64 {
        let state = if round % 2 == 0 { ProcessState::NotRunning } else { ProcessState::Running };
        let reading =
            ProcessReading { state, detail: "no answer in time".into(), clock_ahead_ms: None, refused: false };
        scene.on(probed(reading), at(round * 15));
        scene.beat_seen(at(round * 15 + 1));
        let expected = if round % 2 == 0 { "process.gone" } else { "ok.watched" };
        assert_eq!(code(&scene), expected, "probe {round}");
    }
}

#[test]
fn who_was_refused_before_it_took_too_long_has_come_again() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.on(FleetEvent::AgentChanged(AgentSettings { probed: true, ..settings(1, BeatsBy::Agent) }), at(0));
    let silent = |refused| {
        let detail = String::new();
        probed(ProcessReading { state: ProcessState::NotRunning, detail, clock_ahead_ms: None, refused })
    };
    for round in 0..3_u64 {
        scene.on(silent(false), at(round * 30));
        scene.on(silent(true), at(round * 30 + 5));
        scene.on(silent(false), at(round * 30 + 10));
        scene.on(process(ProcessState::Running), at(round * 30 + 15));
    }
    scene.beat_seen(at(80));
    let told = scene.row().verdict;
    assert_eq!((told.code, told.severity), ("process.restarting", Severity::Warning), "it beats all the while");
}

#[test]
fn where_nobody_sees_its_process_short_connections_tell_a_loop_from_a_proxy() {
    for (interval, every, expected) in [
        (30, 20_u64, "process.restarting"),
        (30, 65, "agent.flapping"),
        // A proxy that cuts idle sockets after a minute: all that an agent with a longer interval ever has.
        (60, 60, "agent.flapping"),
        (60, 20, "process.restarting"),
        (120, 60, "agent.flapping"),
        (120, 70, "agent.flapping"),
        (120, 40, "process.restarting"),
    ] {
        let mut scene = Scene::new(BeatsBy::Agent);
        let slow = AgentSettings { interval: Duration::from_secs(interval), ..settings(1, BeatsBy::Agent) };
        scene.on(FleetEvent::AgentChanged(slow), at(0));
        for round in 0..5 {
            scene.on(active(at(round * every)), at(round * every));
            scene.beat_seen(at(round * every));
        }
        assert_eq!(code(&scene), expected, "a connection every {every} s, and a beat every {interval} s");
        // Its beats count all the while.
        assert_eq!(scene.row().verdict.severity, Severity::Warning);
    }
}

#[test]
fn a_process_of_ours_that_ends_soon_after_every_start_is_in_a_loop_whoever_starts_it() {
    let docker = Rung {
        kind: RungKind::DockerRun,
        label: "docker run".into(),
        after: Duration::from_secs(5),
        worked_within: Duration::from_secs(600),
    };
    let policy = RunPolicy {
        own_command: true,
        starts_with_app: false,
        signer: false,
        restart: RestartPolicy::OnFailure,
        max_restarts: 2,
        success: vec![0],
        stop_grace: Duration::from_secs(10),
        ready_is_probed: false,
        ready_within: Duration::from_secs(60),
        failures: 3,
        depends_on: Vec::new(),
        rungs: vec![docker],
    };
    let mut scene = Scene::new(BeatsBy::App);
    let run = AgentSettings { run: Some(policy.into()), truthful: true, ..settings(1, BeatsBy::App) };
    scene.on(FleetEvent::AgentChanged(run), at(0));
    let run = |scene: &mut Scene, event, now| scene.on(FleetEvent::Run(id(1), event), now);
    run(&mut scene, RunEvent::Start, at(0));
    scene.other.clear();
    let mut codes = Vec::new();
    let mut now = at(1);
    for _ in 0..5 {
        run(&mut scene, RunEvent::Started { pid: 7, at: now, reclaimed: false }, now);
        let exit = ExitView { code: Some(1), signal: None, at: now, sentence: "it ended with 1".into() };
        run(&mut scene, RunEvent::Ended(exit), now);
        run(&mut scene, RunEvent::TreeEnded, now);
        codes.push(code(&scene));
        // Its policy starts it again, and gives up; then the step of its recovery does.
        while !scene.other.iter().any(|action| matches!(action, FleetAction::Run(_, RunAction::Launch { .. }))) {
            now = scene.fleet.poll_timeout().expect("something is to come");
            scene.on(FleetEvent::Timeout, now);
        }
        scene.other.clear();
    }
    codes.dedup();
    assert_eq!(codes, ["process.waiting", "process.gave_up", "process.restarting"]);
    assert!(scene.row().verdict.remedy.contains("log"), "{}", scene.row().verdict.remedy);
    // Whoever lives for half a minute is no part of a loop any more.
    run(&mut scene, RunEvent::Started { pid: 8, at: now, reclaimed: false }, now);
    assert_eq!(code(&scene), "process.restarting");
    scene.open_and_beat(now);
    scene.until(now + Duration::from_secs(31));
    scene.our_beat(now + Duration::from_secs(31));
    assert_eq!(code(&scene), "ok");
}
