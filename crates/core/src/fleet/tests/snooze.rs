//! Snoozing, and whose fault a gap of the strip is.

use super::*;

fn snooze(scene: &mut Scene, until: Time, now: Time) {
    scene.on(FleetEvent::Snoozed(id(1), Some(until)), now);
}

#[test]
fn a_snooze_holds_interruptions_and_expires_by_itself() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    snooze(&mut scene, at(600), at(10));
    scene.until(at(599));
    assert_eq!((scene.row().liveness, scene.row().snoozed_until), (Liveness::Stale, Some(at(600))));
    assert_eq!(scene.told(), [], "snoozed");
    scene.until(at(601));
    assert_eq!(scene.row().snoozed_until, None);
    assert_eq!(scene.told(), [NoticeKind::Stale], "what still holds is told afterwards");
}

#[test]
fn a_snooze_never_stops_the_record_and_ends_on_recovery() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.until(at(400));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
    snooze(&mut scene, at(100_000), at(400));
    scene.until(at(1000));
    assert_eq!((scene.row().liveness, scene.told().len()), (Liveness::Offline, 1));
    let turns = scene.kept.iter().filter(|row| matches!(row, HistoryRow::Transition(_))).count();
    assert_eq!(turns, 3, "late, stale, offline");
    scene.our_beat(at(1001));
    assert_eq!(scene.row().snoozed_until, Some(at(100_000)), "one beat may be the last sign of a flapping agent");
    scene.our_beat(at(1031));
    assert_eq!(scene.row().snoozed_until, None);
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Recovered]);
}

#[test]
fn a_snooze_outlives_a_restart_but_not_its_time() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    snooze(&mut scene, at(5000), at(10));
    let again = Scene::with_past(BeatsBy::App, scene.past(), at(400));
    assert_eq!(again.row().snoozed_until, Some(at(5000)));
    let late = Scene::with_past(BeatsBy::App, scene.past(), at(6000));
    assert_eq!(late.row().snoozed_until, None);
}

#[test]
fn a_flapping_agent_stays_snoozed() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    snooze(&mut scene, at(50_000), at(10));
    for round in 1..20 {
        scene.our_beat(at(round * 1000));
        scene.until(at(round * 1000 + 999));
    }
    assert_eq!((scene.told(), scene.row().snoozed_until), (vec![], Some(at(50_000))));
}

#[test]
fn a_snooze_that_ends_in_sleep_or_while_nothing_ran_waits_for_the_grace() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    snooze(&mut scene, at(5000), at(10));
    scene.until(at(1000));
    let past = scene.past();
    scene.on(FleetEvent::Woke { slept: Duration::from_secs(8000) }, at(9000));
    assert_eq!(scene.told(), [], "nothing is judged right after sleep");
    scene.our_beat(at(9010));
    scene.our_beat(at(9040));
    assert_eq!(scene.told(), [], "it came back meanwhile");

    let mut again = Scene::with_past(BeatsBy::App, past.clone(), at(9000));
    assert_eq!(again.told(), []);
    again.open_and_beat(at(9005));
    again.our_beat(at(9035));
    assert_eq!(again.told(), []);
    let mut silent = Scene::with_past(BeatsBy::App, past, at(9000));
    silent.until(at(9100));
    assert_eq!(silent.told(), [NoticeKind::Offline], "and what still holds is told after the grace");
}

#[test]
fn a_gap_is_blamed_on_our_own_network_when_the_link_says_so() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    let lost = || Transient::Broken { detail: String::new() }.into();
    scene.link(LinkReport::Closed { code: 1006, failure: Some(lost()) }, at(10));
    scene.link(LinkReport::Waiting { until: at(200), failure: Transient::Unreachable.into() }, at(11));
    scene.until(at(200));
    scene.open_and_beat(at(200));
    let spans = scene.strip();
    let kinds: Vec<_> = spans.iter().map(|span| (span.kind, span.cause.as_str())).collect();
    assert_eq!(
        kinds,
        [(SpanKind::Confirmed, ""), (SpanKind::OwnNetwork, "link.unreachable"), (SpanKind::Confirmed, "")]
    );
    assert_eq!(spans[1].to, at(200), "until the next beat");
    let uptime = scene.row().uptime_24h.unwrap();
    assert!((uptime.awake - 1.0).abs() < 1e-9 && uptime.raw < 0.5, "{uptime:?}");
}
