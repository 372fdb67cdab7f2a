//! Processes that are ours, and whose beats are true.

use super::*;
use crate::supervise::{Probed, RestartPolicy, RunAction, RunEvent, RunPolicy};
use crate::view::{ExitView, ProcessState, Speaker, UsageView};

fn policy() -> RunPolicy {
    RunPolicy {
        own_command: true,
        starts_with_app: false,
        signer: false,
        restart: RestartPolicy::OnFailure,
        max_restarts: 1,
        success: vec![0],
        stop_grace: Duration::from_secs(10),
        ready_is_probed: true,
        ready_within: Duration::from_secs(60),
        failures: 2,
        depends_on: Vec::new(),
        rungs: Vec::new(),
    }
}

fn running(number: u8, beats_by: BeatsBy, policy: RunPolicy) -> AgentSettings {
    AgentSettings { run: Some(policy.into()), truthful: true, ..settings(number, beats_by) }
}

fn scene(beats_by: BeatsBy) -> Scene {
    let mut scene = Scene::new(beats_by);
    scene.on(FleetEvent::AgentChanged(running(1, beats_by, policy())), at(0));
    scene
}

impl Scene {
    fn run(&mut self, event: RunEvent, now: Time) {
        self.on(FleetEvent::Run(id(1), event), now);
    }

    fn well(&mut self, now: Time) {
        self.run(RunEvent::Probed(Probed::Well(None)), now);
    }

    fn unwell(&mut self, now: Time) {
        self.run(RunEvent::Probed(Probed::Unwell("it answers 500".into())), now);
    }

    fn started(&mut self, now: Time) {
        self.run(RunEvent::Started { pid: 7, at: now, reclaimed: false }, now);
    }

    fn ends(&mut self, code: i32, now: Time) {
        let sentence = format!("it ended with {code}");
        self.run(RunEvent::Ended(ExitView { code: Some(code), signal: None, at: now, sentence }), now);
        self.run(RunEvent::TreeEnded, now);
    }

    /// Whether we were told to beat, newest last.
    fn beating(&self) -> Vec<bool> {
        let told = self.other.iter().filter_map(|action| match action {
            FleetAction::Speak(_) => Some(true),
            FleetAction::Hush(_) => Some(false),
            _ => None,
        });
        told.collect()
    }

    fn up(beats_by: BeatsBy) -> Self {
        let mut scene = scene(beats_by);
        scene.run(RunEvent::Start, at(1));
        scene.started(at(1));
        scene.well(at(2));
        scene.open_and_beat(at(3));
        scene
    }
}

#[test]
fn we_beat_from_when_it_is_ready_until_its_probe_fails() {
    let mut scene = scene(BeatsBy::App);
    assert_eq!(scene.beating(), [false], "it was not started");
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Stopped, "process.stopped"));
    scene.run(RunEvent::Start, at(10));
    assert!(scene.other.contains(&FleetAction::Run(id(1), RunAction::Launch { rung: None })));
    scene.started(at(10));
    assert_eq!((scene.row().verdict.code, scene.beating().len()), ("process.starting", 1));
    scene.well(at(12));
    assert_eq!(scene.beating(), [false, true]);
    scene.open_and_beat(at(13));
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Active, "ok"));

    scene.unwell(at(40));
    assert_eq!(scene.beating().len(), 2, "one failure is not enough");
    scene.unwell(at(45));
    assert_eq!(scene.beating(), [false, true, false]);
    let row = scene.row();
    assert_eq!((row.process.state, row.verdict.code), (ProcessState::Unhealthy, "beats.held"));
    let said = "Held back: its health check fails (it answers 500) since ";
    assert!(row.verdict.sentence.starts_with(said), "{}", row.verdict.sentence);
    scene.until(at(400));
    assert_eq!((scene.row().liveness, scene.told()), (Liveness::Stale, vec![NoticeKind::Stale]));
    assert!(scene.notices[0].body.contains("Held back"), "{}", scene.notices[0].body);
    scene.well(at(410));
    assert_eq!(scene.beating(), [false, true, false, true]);
}

#[test]
fn a_stop_is_no_outage_and_neither_is_the_silence_before_the_next_start() {
    let mut scene = Scene::up(BeatsBy::App);
    scene.run(RunEvent::Stop, at(20));
    scene.ends(0, at(21));
    assert_eq!(scene.beating().last(), Some(&false));
    scene.until(at(5_000));
    assert_eq!((scene.row().liveness, scene.told()), (Liveness::Stopped, vec![]));
    scene.run(RunEvent::Start, at(5_000));
    assert_eq!(scene.row().liveness, Liveness::Active, "what was asked for does not count");
    scene.started(at(5_001));
    scene.well(at(5_003));
    scene.open_and_beat(at(5_004));
    scene.until(at(5_060));
    assert_eq!((scene.row().liveness, scene.told()), (Liveness::Active, vec![]));
}

#[test]
fn giving_up_calls_a_person_at_once_and_its_recovery_is_told() {
    let mut scene = Scene::up(BeatsBy::App);
    scene.ends(1, at(20));
    assert_eq!(scene.row().verdict.code, "process.waiting");
    assert!(scene.row().verdict.sentence.contains("restart 1 of 1"), "{}", scene.row().verdict.sentence);
    scene.until(at(22));
    scene.started(at(22));
    scene.ends(1, at(23));
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Active, "process.gave_up"));
    assert_eq!(scene.told(), [NoticeKind::GaveUp]);
    assert_eq!(scene.notices[0].title, "agent-1 is down, and needs you");
    scene.until(at(2_000));
    assert_eq!(scene.told().len(), 1, "whoever was called knows that it is silent");

    scene.run(RunEvent::Start, at(2_000));
    scene.started(at(2_000));
    scene.well(at(2_001));
    scene.open_and_beat(at(2_002));
    scene.our_beat(at(2_032));
    assert_eq!(scene.told(), [NoticeKind::GaveUp, NoticeKind::Recovered]);
}

#[test]
fn who_does_not_ask_for_truth_is_beaten_for_whatever_its_process_does() {
    let mut scene = Scene::new(BeatsBy::App);
    let bold = AgentSettings { truthful: false, ..running(1, BeatsBy::App, policy()) };
    scene.on(FleetEvent::AgentChanged(bold), at(0));
    assert!(scene.beating().is_empty());
    scene.open_and_beat(at(1));
    assert_eq!(scene.row().liveness, Liveness::Active);
}

#[test]
fn its_own_beats_take_over_and_ours_return_before_anybody_misses_one() {
    let mut scene = Scene::up(BeatsBy::Auto);
    assert_eq!(scene.row().speaker, Speaker::App);
    // Its own program beats in between.
    for second in [18, 48] {
        scene.beat_seen(at(second));
        scene.until(at(second + 5));
        scene.our_beat(at(second + 15));
    }
    assert_eq!((scene.row().speaker, scene.beating().last()), (Speaker::Agent, Some(&false)));
    scene.link(LinkReport::Closed { code: 1000, failure: None }, at(64));
    for second in [78, 108, 138] {
        scene.beat_seen(at(second));
    }
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Active, "ok.watched"));

    // It falls silent.
    scene.until(at(138 + 60));
    assert_eq!((scene.row().speaker, scene.beating().last()), (Speaker::App, Some(&true)));
    scene.open_and_beat(at(199));
    assert_eq!((scene.row().liveness, scene.told()), (Liveness::Active, vec![]));
    let late = scene.kept.iter().any(|row| matches!(row, HistoryRow::Transition(turn) if turn.to == Liveness::Late));
    assert!(!late, "never a gap");

    // Once bitten: two of its beats are no longer enough.
    for second in [214, 244] {
        scene.beat_seen(at(second));
        scene.until(at(second + 5));
        scene.our_beat(at(second + 15));
    }
    assert_eq!(scene.row().speaker, Speaker::App);
}

#[test]
fn one_that_beats_slower_than_we_do_is_listened_to_at_its_own_pace() {
    let mut scene = Scene::up(BeatsBy::Auto);
    let hasty = AgentSettings { interval: Duration::from_secs(10), ..running(1, BeatsBy::Auto, policy()) };
    scene.on(FleetEvent::AgentChanged(hasty), at(1));
    for second in [18, 48] {
        scene.beat_seen(at(second));
        scene.until(at(second + 5));
        scene.our_beat(at(second + 6));
    }
    assert_eq!(scene.row().speaker, Speaker::Agent);
    scene.link(LinkReport::Closed { code: 1000, failure: None }, at(54));
    let changes = scene.beating().len();
    for second in (78..1200).step_by(30) {
        scene.until(at(second));
        scene.beat_seen(at(second));
    }
    assert_eq!((scene.row().liveness, scene.beating().len()), (Liveness::Active, changes), "no fight");
    scene.until(at(1188 + 60));
    assert_eq!(scene.row().speaker, Speaker::App);
}

#[test]
fn one_stray_beat_makes_its_own_program_no_slower_and_no_second_copy() {
    let mut scene = Scene::up(BeatsBy::Auto);
    // It takes over, keeps to its interval, and falls silent.
    for second in [33, 63] {
        scene.our_beat(at(second));
        scene.beat_seen(at(second + 15));
        scene.until(at(second + 20));
    }
    assert_eq!(scene.row().speaker, Speaker::Agent);
    for second in (108..=228).step_by(30) {
        scene.until(at(second));
        scene.beat_seen(at(second));
    }
    scene.until(at(300));
    assert_eq!(scene.row().speaker, Speaker::App);
    scene.open_and_beat(at(300));
    // A stray beat, and long after it its own program.
    scene.beat_seen(at(310));
    let mut second = 430;
    loop {
        scene.until(at(second));
        scene.beat_seen(at(second));
        scene.until(at(second + 5));
        if scene.row().speaker == Speaker::Agent {
            break;
        }
        scene.our_beat(at(second + 15));
        second += 30;
    }
    assert_eq!(second, 490, "with the stray one, four beats are enough");
    // Now it beats twice as often as it did, and nobody else does.
    for second in (505..900).step_by(15) {
        scene.until(at(second));
        scene.beat_seen(at(second));
        assert_eq!(scene.row().verdict.code, "ok.watched", "after {second} s");
    }
    scene.until(at(895 + 60));
    assert_eq!(scene.row().speaker, Speaker::App, "nobody waits for it as long as for the stray one");
}

#[test]
fn those_that_others_depend_on_are_started_and_ready_first() {
    let mut scene = Scene::new(BeatsBy::App);
    let needy = RunPolicy { depends_on: vec![id(2)], ..policy() };
    scene.on(FleetEvent::AgentChanged(running(1, BeatsBy::App, needy)), at(0));
    scene.on(FleetEvent::AgentAdded(running(2, BeatsBy::App, policy()), Box::default()), at(0));
    scene.run(RunEvent::Start, at(1));
    let launched =
        |scene: &Scene, number| scene.other.contains(&FleetAction::Run(id(number), RunAction::Launch { rung: None }));
    assert!(launched(&scene, 2) && !launched(&scene, 1));
    assert_eq!(scene.row().process.state, ProcessState::Starting);
    let of_two = |event| FleetEvent::Run(id(2), event);
    scene.on(of_two(RunEvent::Started { pid: 8, at: at(2), reclaimed: false }), at(2));
    assert!(!launched(&scene, 1), "it runs, and is not ready");
    scene.on(of_two(RunEvent::Probed(Probed::Well(None))), at(3));
    assert!(launched(&scene, 1));
}

#[test]
fn a_probed_process_of_others_holds_our_beats_back_when_that_is_asked_for() {
    let mut scene = Scene::new(BeatsBy::App);
    let probed = AgentSettings { probed: true, truthful: true, ..settings(1, BeatsBy::App) };
    scene.on(FleetEvent::AgentChanged(probed), at(0));
    assert_eq!(scene.beating(), [false]);
    let reading = |state| ProcessReading { state, detail: "refused".into(), clock_ahead_ms: None, refused: false };
    scene.on(FleetEvent::Process(id(1), reading(ProcessState::Running)), at(1));
    assert_eq!(scene.beating(), [false, true]);
    scene.on(FleetEvent::Process(id(1), reading(ProcessState::NotRunning)), at(60));
    assert_eq!((scene.beating().last(), scene.row().verdict.code), (Some(&false), "beats.held"));
}

fn cost(memory: u64, now: Time) -> RunEvent {
    let usage =
        UsageView { cpu_percent: 2.0, memory_bytes: memory, threads: 3, open_files: None, processes: 1, at: now };
    RunEvent::Usage(usage)
}

impl Scene {
    /// Memory's highest and lowest, and starts, of each row that was kept.
    fn usage(&self) -> Vec<(u64, u64, u32)> {
        let kept = self.kept.iter().filter_map(|row| match row {
            HistoryRow::Usage(_, bucket) => Some((bucket.memory_min, bucket.memory_max, bucket.starts)),
            _ => None,
        });
        kept.collect()
    }
}

#[test]
fn what_a_process_costs_is_kept_until_its_end_and_goes_on_in_the_next_run() {
    let mut scene = Scene::up(BeatsBy::App);
    scene.run(cost(10, at(5)), at(5));
    scene.run(cost(30, at(10)), at(10));
    assert_eq!(scene.usage(), [(10, 10, 1)]);
    scene.ends(1, at(11));
    assert_eq!(scene.usage()[1..], [(10, 30, 1)], "its end is not awaited");
    // Nothing runs: a sample that comes late is of what is gone.
    scene.run(cost(99, at(12)), at(12));
    assert_eq!(scene.usage().len(), 2);
    scene.until(at(20));
    scene.started(at(20));
    scene.run(cost(20, at(21)), at(21));
    scene.on(FleetEvent::Closing, at(22));
    assert_eq!(scene.usage()[2..], [(10, 30, 2)]);

    let usage = scene.kept.iter().rev().find_map(|row| match row {
        HistoryRow::Usage(_, bucket) => Some(*bucket),
        _ => None,
    });
    let mut next = Scene::with_past(BeatsBy::App, Past { usage, ..Past::default() }, at(30));
    next.on(FleetEvent::AgentChanged(running(1, BeatsBy::App, policy())), at(30));
    next.run(RunEvent::Started { pid: 7, at: at(20), reclaimed: true }, at(30));
    next.run(cost(5, at(31)), at(31));
    assert_eq!(next.usage(), [(5, 30, 2)]);
}
