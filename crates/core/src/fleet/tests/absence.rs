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

#[test]
fn a_pause_is_excused_from_its_first_moment() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    for beat in 1..20 {
        scene.our_beat(at(beat * 30));
    }
    scene.on(FleetEvent::AgentChanged(AgentSettings { paused: true, ..settings(1, BeatsBy::App) }), at(600));
    let strip = scene.fleet.strip(&id(1), STRIP, at(5000)).unwrap();
    let uptime = strip.uptime.unwrap();
    assert!((uptime.awake - 1.0).abs() < 1e-9 && uptime.raw < 0.2, "{uptime:?}");
    assert_eq!((strip.gaps, strip.spans.last().map(|span| span.kind)), (0, Some(SpanKind::NotRunning)));
}

#[test]
fn an_outage_stays_one_through_a_restart_and_through_sleep() {
    use SpanKind::{Asleep, Confirmed, Missed, NotRunning};
    let kinds = |scene: &Scene, now| {
        let strip = scene.fleet.strip(&id(1), STRIP, now).unwrap();
        strip.spans.iter().map(|span| (span.kind, span.to.since(span.from).as_secs())).collect::<Vec<_>>()
    };
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.until(at(4000));
    // Beatkeeper is off from 4000 to 6000, and the agent is missing still.
    let mut again = Scene::with_past(BeatsBy::App, scene.past(), at(6000));
    again.until(at(8000));
    let after = kinds(&again, at(8000));
    assert_eq!(after.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Confirmed, Missed, NotRunning, Missed]);
    assert!(after[1].1 > 3600 && after[2].1 < 2400 && after[3].1 > 1900, "{after:?}");

    scene.on(FleetEvent::Woke { slept: Duration::from_secs(2000) }, at(6000));
    scene.until(at(8000));
    let after = kinds(&scene, at(8000));
    assert_eq!(after.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Confirmed, Missed, Asleep, Missed]);
    assert!(after[1].1 > 3600 && after[2].1 <= 2000 && after[3].1 > 1900, "{after:?}");
}

#[test]
fn a_silence_is_called_by_what_is_wrong_and_never_by_what_is_well() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.until(at(400));
    let missed = scene.strip().into_iter().find(|span| span.kind == SpanKind::Missed).unwrap();
    assert_eq!((missed.cause, scene.row().verdict.code), ("agent.silent".to_owned(), "agent.silent"));
}

#[test]
fn uptime_follows_an_outage_that_goes_on() {
    let mut scene = Scene::new(BeatsBy::App);
    for beat in 0..20 {
        scene.open_and_beat(at(beat * 30));
    }
    scene.until(at(6000));
    let awake = scene.row().uptime_24h.unwrap().awake;
    assert!((awake - 0.1).abs() < 0.01, "{awake}");
}
