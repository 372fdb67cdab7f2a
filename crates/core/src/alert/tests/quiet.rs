use jiff::civil;
use jiff::tz::TimeZone;

use super::*;
use crate::alert::{Held, QuietHours};

/// From 09:00 to 10:00 UTC; [`at`] begins at 08:00.
fn scene(urgent: bool) -> Scene {
    let mut scene = Scene::with(AlertRules { urgent, ..AlertRules::default() });
    let hours = QuietHours::daily(civil::time(9, 0, 0, 0), civil::time(10, 0, 0, 0), TimeZone::UTC);
    scene.desk.set_quiet(vec![hours]);
    scene
}

const NINE: u64 = 3600;

#[test]
fn what_lasts_beyond_the_quiet_hours_is_told_at_their_end_and_what_does_not_is_only_kept() {
    let mut scene = scene(false);
    scene.turn(1, Liveness::Stale, 0, at(NINE));
    scene.turn(2, Liveness::Stale, 0, at(NINE));
    assert_eq!(scene.kept.last().and_then(|incident| incident.held), Some(Held::Quiet));
    scene.turn(2, Liveness::Active, 2, at(NINE + 600));
    assert_eq!((scene.told(), scene.ended()), (vec![], Some(Resolution::Recovered)));
    assert!(scene.due(at(NINE * 2)).contains(&id(1)));
    scene.look(1, Liveness::Stale, 0, at(NINE * 2));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
}

#[test]
fn an_urgent_agent_is_told_of_at_night() {
    let mut scene = scene(true);
    scene.turn(1, Liveness::Stale, 0, at(NINE));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
}

#[test]
fn a_recovery_in_the_minute_after_sleep_does_not_break_the_quiet() {
    let mut scene = scene(false);
    scene.turn(1, Liveness::Stale, 0, at(NINE - 600));
    scene.desk.hold(at(NINE + 660));
    scene.turn(1, Liveness::Active, 2, at(NINE + 610));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
    assert_eq!(scene.withdrawn, [scene.shown[0].id]);
    assert_eq!(scene.ended(), Some(Resolution::Recovered));
}

#[test]
fn they_are_hours_of_the_clock_on_the_wall_and_not_of_the_timeline() {
    let mut scene = scene(false);
    let hour = 3_600_000;
    assert!(scene.desk.set_wall(hour), "everyone must be looked at");
    assert!(!scene.desk.set_wall(hour + 100), "drift is no difference");
    assert_eq!(scene.desk.quiet_until(at(0)), Some(at(NINE)), "it is nine on the wall");
    assert_eq!(scene.desk.quiet_until(at(NINE)), None);
}
