//! Beats that are not ours: while we beat, while we are silent, and of an agent that beats by itself.

use super::*;
use crate::supervise::{RestartPolicy, RunPolicy};

/// A beat of somebody else, and the wait for a word of ours that might explain it.
fn somebody_beats(scene: &mut Scene, now: Time) {
    scene.beat_seen(now);
    scene.until(now + Duration::from_secs(3));
}

fn code(scene: &Scene) -> &'static str {
    scene.row().verdict.code
}

fn paused(beats_by: BeatsBy) -> AgentSettings {
    AgentSettings { paused: true, ..settings(1, beats_by) }
}

#[test]
fn a_second_copy_is_named_only_when_it_persists() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    for (beat, expected) in [(1_u64, "ok"), (2, "ok"), (3, "beats.second_copy")] {
        scene.our_beat(at(beat * 30));
        scene.beat_seen(at(beat * 30 + 12));
        // Our own word of it might still come.
        scene.until(at(beat * 30 + 15));
        assert_eq!(scene.row().verdict.code, expected, "foreign beat {beat}");
    }
    // The other copy stops: the verdict goes with it.
    for beat in 4..20 {
        scene.until(at(beat * 30));
        scene.our_beat(at(beat * 30));
    }
    assert_eq!(scene.row().verdict.code, "ok");
}

#[test]
fn one_stray_beat_is_no_second_copy_and_goes_on_being_none() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    for beat in 1..40_u64 {
        scene.our_beat(at(beat * 30));
        // One now and then: another computer on which somebody tries something.
        if beat % 6 == 0 {
            somebody_beats(&mut scene, at(beat * 30 + 12));
        }
        assert_eq!(code(&scene), "ok", "beat {beat}");
    }
    assert_eq!(scene.row().beats.foreign, 6);
}

#[test]
fn a_beat_of_ours_that_is_confirmed_late_is_nobody_elses() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    for beat in 1..20_u64 {
        let sent = at(beat * 30);
        scene.link(LinkReport::Sent { at: sent }, sent);
        // The record tells first; the event of the same beat comes after it.
        scene.until(sent + Duration::from_secs(3));
        scene.record(sent + Duration::from_secs(3), sent);
        scene.beat_seen(sent + Duration::from_secs(5));
        scene.until(sent + Duration::from_secs(20));
    }
    assert_eq!((scene.row().beats.foreign, code(&scene)), (0, "ok"));
}

#[test]
fn a_link_that_is_dialled_again_and_again_is_no_second_copy() {
    let mut scene = Scene::new(BeatsBy::App);
    let active = |now| heard(Activity::BecameActive { id: id(1), at: now }, now);
    for dial in 0..10_u64 {
        let now = at(dial * 30);
        scene.link(LinkReport::Dialling { attempt: 1 }, now);
        scene.link(LinkReport::Opened, now);
        scene.link(LinkReport::Sent { at: now }, now);
        scene.link(
            LinkReport::Closed { code: 1006, failure: Some(Transient::Broken { detail: String::new() }.into()) },
            now + Duration::from_millis(1),
        );
        // The announcement and the beat are seen when the socket is gone already.
        scene.on(active(now + Duration::from_millis(40)), now + Duration::from_millis(40));
        scene.beat_seen(now + Duration::from_millis(50));
        scene.until(now + Duration::from_secs(20));
    }
    assert_eq!(scene.row().beats.foreign, 0);
}

#[test]
fn what_an_earlier_run_sent_is_not_taken_for_a_second_copy() {
    let mut scene = Scene::new(BeatsBy::App);
    let mut now = at(0);
    scene.open_and_beat(now);
    for _ in 0..5 {
        // Beatkeeper ends with a beat on its way, and begins again.
        let mut again = Scene::with_past(BeatsBy::App, scene.past(), now + Duration::from_secs(2));
        again.beat_seen(now + Duration::from_secs(3));
        again.open_and_beat(now + Duration::from_secs(4));
        again.until(now + Duration::from_secs(20));
        assert_eq!(code(&again), "ok");
        scene = again;
        now = now + Duration::from_secs(30);
    }
}

#[test]
fn a_registry_that_moves_while_it_is_paused_is_told_when_it_persists_and_ends_with_it() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(FleetEvent::AgentChanged(paused(BeatsBy::App)), at(10));
    scene.link(LinkReport::Closed { code: 1000, failure: None }, at(10));
    scene.link(LinkReport::Idle, at(10));
    for (second, expected) in [(40, "paused"), (70, "paused"), (100, "beats.foreign")] {
        somebody_beats(&mut scene, at(second));
        assert_eq!(code(&scene), expected, "after {second} s");
    }
    let row = scene.row();
    assert_eq!((row.liveness, row.verdict.severity), (Liveness::Stopped, crate::view::Severity::Warning));
    assert!(row.verdict.sentence.contains("while this one is silent"), "{}", row.verdict.sentence);
    assert!(!row.needs_attention, "a pause is asked for");
    // Two intervals of the other one without a beat.
    scene.until(at(100 + 3 + 61));
    assert_eq!(code(&scene), "paused");
}

#[test]
fn beats_that_are_minutes_apart_are_no_program_that_beats() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.on(FleetEvent::AgentChanged(paused(BeatsBy::App)), at(0));
    for beat in 1..20_u64 {
        somebody_beats(&mut scene, at(beat * 160));
        assert_eq!(code(&scene), "paused");
    }
}

#[test]
fn a_slower_copy_is_not_told_and_taken_back_between_its_beats() {
    let mut scene = Scene::new(BeatsBy::App);
    let critical = AgentSettings { interval: Duration::from_secs(10), ..settings(1, BeatsBy::App) };
    scene.on(FleetEvent::AgentChanged(critical), at(0));
    scene.open_and_beat(at(0));
    let mut codes = Vec::new();
    for second in 1..200_u64 {
        if second % 10 == 0 {
            scene.our_beat(at(second));
        }
        if second % 40 == 5 {
            scene.beat_seen(at(second));
        }
        scene.until(at(second));
        codes.push(code(&scene));
    }
    codes.dedup();
    assert_eq!(codes, ["ok", "beats.second_copy"]);
}

fn stopped(beats_by: BeatsBy) -> AgentSettings {
    let stopped = RunPolicy {
        own_command: true,
        starts_with_app: false,
        signer: false,
        restart: RestartPolicy::OnFailure,
        max_restarts: 5,
        success: vec![0],
        stop_grace: Duration::from_secs(10),
        ready_is_probed: true,
        ready_within: Duration::from_secs(60),
        failures: 3,
        depends_on: Vec::new(),
        rungs: Vec::new(),
    };
    AgentSettings { run: Some(stopped.into()), truthful: true, ..settings(1, beats_by) }
}

#[test]
fn a_registry_that_moves_while_its_process_is_stopped_or_in_a_drill_is_told() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.on(FleetEvent::AgentChanged(stopped(BeatsBy::App)), at(0));
    assert_eq!(code(&scene), "process.stopped");
    for beat in 1..=3_u64 {
        somebody_beats(&mut scene, at(beat * 30));
    }
    assert_eq!((code(&scene), scene.row().liveness), ("beats.foreign", Liveness::Active));
    // Whoever it was is gone: nobody beats, and nobody was asked to.
    scene.until(at(2000));
    assert_eq!((code(&scene), scene.row().liveness), ("process.stopped", Liveness::Stopped));
    assert_eq!(scene.told(), []);

    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(FleetEvent::Drill(id(1), true), at(5));
    for beat in 1..=3_u64 {
        somebody_beats(&mut scene, at(beat * 30));
    }
    assert_eq!(code(&scene), "beats.foreign");
}

#[test]
fn one_stray_beat_after_a_stop_is_no_outage() {
    for beats_by in [BeatsBy::App, BeatsBy::Agent, BeatsBy::Auto] {
        let mut scene = Scene::new(beats_by);
        scene.on(FleetEvent::AgentChanged(stopped(beats_by)), at(0));
        somebody_beats(&mut scene, at(100));
        scene.until(at(5000));
        let row = scene.row();
        assert_eq!((row.verdict.code, row.liveness), ("process.stopped", Liveness::Stopped), "{beats_by:?}");
        assert_eq!((scene.told(), row.needs_attention), (vec![], false), "{beats_by:?}");
    }
}

#[test]
fn beats_of_an_agent_that_beats_by_itself_and_was_stopped_here_are_somebody_elses() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.on(FleetEvent::AgentChanged(stopped(BeatsBy::Agent)), at(0));
    // What was on its way when it was stopped is its own.
    scene.beat_seen(at(1));
    for (beat, expected) in [(2_u64, "process.stopped"), (3, "process.stopped"), (4, "beats.foreign")] {
        scene.beat_seen(at(beat * 30));
        assert_eq!(code(&scene), expected, "beat {beat}");
    }
    let row = scene.row();
    assert_eq!((row.liveness, row.beats.foreign), (Liveness::Active, 3));
    assert!(row.verdict.sentence.starts_with("Not running here"), "{}", row.verdict.sentence);
    scene.until(at(5000));
    assert_eq!((code(&scene), scene.row().liveness, scene.told()), ("process.stopped", Liveness::Stopped, vec![]));

    // The same without a stream, by what its record says.
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.on(FleetEvent::AgentChanged(stopped(BeatsBy::Agent)), at(0));
    for beat in 2..=4_u64 {
        scene.record(at(beat * 60), at(beat * 60 - 5));
    }
    assert_eq!(code(&scene), "beats.foreign");
}

#[test]
fn two_copies_of_an_agent_that_beats_by_itself_are_told_by_their_rhythm() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.record(at(0), at(0) - Duration::from_secs(1000));
    for beat in 1..6_u64 {
        scene.beat_seen(at(beat * 30));
    }
    assert_eq!(code(&scene), "ok.watched");
    scene.on(heard(Activity::BecameActive { id: id(1), at: at(161) }, at(161)), at(161));
    for beat in 6..12_u64 {
        scene.beat_seen(at(beat * 30 - 19));
        scene.beat_seen(at(beat * 30));
    }
    let row = scene.row();
    assert_eq!(row.verdict.code, "beats.second_copy");
    assert!(row.verdict.sentence.contains("30 s"), "{}", row.verdict.sentence);
    // One of them ends.
    for beat in 12..18_u64 {
        scene.beat_seen(at(beat * 30));
    }
    assert_eq!(code(&scene), "ok.watched");
}
