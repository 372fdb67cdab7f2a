//! Pauses, sleep, restarts: silence that is nobody's fault.

use super::*;

#[test]
fn pausing_is_no_outage_and_resuming_starts_afresh() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    let paused = AgentSettings { paused: true, ..settings(1, BeatsBy::App) };
    scene.on(FleetEvent::AgentChanged(paused), at(10));
    scene.until(at(5000));
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Stopped, "paused"));
    scene.on(FleetEvent::AgentChanged(settings(1, BeatsBy::App)), at(5000));
    assert_eq!(scene.row().liveness, Liveness::Active);
    assert_eq!(scene.told(), []);
}

#[test]
fn waking_up_judges_after_a_grace_and_once() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    let woke = at(20_000);
    scene.on(FleetEvent::Woke { slept: Duration::from_secs(19_990) }, woke);
    scene.until(woke + Duration::from_secs(30));
    assert_eq!(scene.row().liveness, Liveness::Active, "held");
    scene.our_beat(woke + Duration::from_secs(31));
    scene.until(woke + Duration::from_secs(80));
    assert_eq!((scene.row().liveness, scene.told().len()), (Liveness::Active, 0));
    let kinds: Vec<SpanKind> = scene.strip().iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [SpanKind::Confirmed, SpanKind::Asleep, SpanKind::Confirmed]);
    // And when nothing comes back, it is said after the grace.
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(FleetEvent::Woke { slept: Duration::from_secs(19_990) }, woke);
    scene.until(woke + WAKE_GRACE + Duration::from_secs(1));
    assert_eq!(scene.told(), [NoticeKind::Offline]);
}

#[test]
fn a_restart_continues_the_record_and_does_not_tell_the_same_outage_again() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.until(at(400));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
    let mut scene = Scene::with_past(BeatsBy::App, scene.past(), at(500));
    assert_eq!(scene.row().liveness, Liveness::Stale);
    scene.until(at(899));
    assert_eq!(scene.told(), []);
    scene.until(at(900));
    assert_eq!(scene.told(), [NoticeKind::Offline]);
}

#[test]
fn what_was_off_with_the_computer_gets_a_beat_before_it_is_judged() {
    let past = || Past {
        strip: vec![StripSpan { kind: SpanKind::Confirmed, cause: String::new(), from: at(0), to: at(60), beats: 3 }],
        ..Past::default()
    };
    let begin = || Scene::with_past(BeatsBy::App, past(), at(50_000));
    let mut scene = begin();
    scene.until(at(50_010));
    scene.open_and_beat(at(50_010));
    scene.until(at(50_040));
    assert_eq!((scene.row().liveness, scene.told().len()), (Liveness::Active, 0));
    let mut scene = begin();
    scene.until(at(50_040));
    assert_eq!(scene.told(), [NoticeKind::Offline]);
}
