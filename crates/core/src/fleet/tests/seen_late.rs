//! Beats that are seen long after they were sent, and clocks that were set.

use super::*;

#[test]
fn a_beat_of_long_ago_is_no_sign_of_recovery() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.until(at(5000));
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Offline]);
    scene.record(at(5000), at(2000));
    scene.beat_seen(at(5010));
    assert_eq!(scene.told().len(), 2, "one good beat, and one of an hour ago");
    scene.beat_seen(at(5040));
    assert_eq!(scene.told().last(), Some(&NoticeKind::Recovered));
}

#[test]
fn whoever_was_offline_and_beat_since_is_as_late_as_that_beat() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.until(at(2000));
    assert_eq!(scene.row().liveness, Liveness::Offline);
    scene.record(at(2000), at(1600));
    assert_eq!(scene.row().liveness, Liveness::Stale);
    scene.until(at(2500));
    assert_eq!(scene.row().liveness, Liveness::Offline);
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Offline], "each was told once");
}

#[test]
fn a_beat_that_came_during_sleep_is_kept_where_it_was() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.on(FleetEvent::Woke { slept: Duration::from_secs(3600) }, at(3700));
    scene.record(at(3701), at(2000));
    let past = Scene::with_past(BeatsBy::Agent, scene.past(), at(3702));
    assert_eq!(past.row().last_confirmed_at, Some(at(2000)));
    let kinds: Vec<SpanKind> = scene.strip().iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [SpanKind::Confirmed, SpanKind::Asleep, SpanKind::Confirmed, SpanKind::Asleep]);
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_alive_until_it_has_caught_up() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(7200));
    let mut next = Scene::with_past(BeatsBy::Agent, scene.past(), at(0));
    next.until(at(299));
    assert_eq!(next.told(), []);
    next.until(at(301));
    assert_eq!(next.told(), [NoticeKind::Stale]);
}

#[test]
fn a_clock_that_was_set_back_brings_nobody_back() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(7200));
    scene.until(at(10_000));
    let mut next = Scene::with_past(BeatsBy::Agent, scene.past(), at(100));
    next.until(at(5000));
    assert_eq!(next.row().liveness, Liveness::Offline);
    assert_eq!(next.told(), []);
    next.beat_seen(at(5010));
    assert_eq!(next.row().liveness, Liveness::Active);
}

#[test]
fn nothing_comes_due_again_and_again_while_sleep_is_held_against_nobody() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.beat_seen(at(0));
    scene.until(at(1000));
    scene.on(FleetEvent::Woke { slept: Duration::from_secs(3600) }, at(4700));
    let mut deadlines = 0;
    while let Some(due) = scene.fleet.poll_timeout().filter(|due| *due < at(4760)) {
        scene.on(FleetEvent::Timeout, due);
        deadlines += 1;
    }
    assert!(deadlines < 5, "{deadlines} deadlines within a minute");
}

#[test]
fn a_beat_that_cannot_be_told_from_the_one_before_it_still_proves_life() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(10));
    // The same second as the registry has it; our clock was moved on by a sleep in between.
    let registry_clock = |ahead: i64| FleetEvent::RegistryAnswer {
        registry: "r".into(),
        problem: None,
        reached: true,
        clock_ahead_ms: Some(ahead),
    };
    scene.on(FleetEvent::Woke { slept: Duration::from_secs(3600) }, at(3610));
    scene.link(LinkReport::Sent { at: at(3610) }, at(3610));
    scene.on(registry_clock(-3_600_000), at(3613));
    scene.record(at(3613), at(10));
    assert_eq!(scene.row().last_confirmed_at, Some(at(3610)));
    scene.until(at(3671));
    assert_eq!(scene.row().liveness, Liveness::Active);
}
