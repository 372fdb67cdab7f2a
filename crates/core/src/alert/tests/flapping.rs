use super::*;
use crate::alert::{Fault, Flapping};
use crate::history::Turns;

fn scene() -> Scene {
    Scene::with(AlertRules { flapping: Flapping { changes: 4, within: seconds(600) }, ..AlertRules::default() })
}

#[test]
fn coming_and_going_is_told_once_and_its_end_when_it_has_settled() {
    let mut scene = scene();
    for second in [0, 60] {
        scene.turn(1, Liveness::Late, 0, at(second));
        scene.turn(1, Liveness::Active, 1, at(second + 30));
    }
    assert_eq!(scene.told(), [NoticeKind::Flapping]);
    scene.turn(1, Liveness::Late, 0, at(120));
    scene.turn(1, Liveness::Active, 1, at(150));
    scene.look(1, Liveness::Active, 5, at(400));
    assert_eq!(scene.told().len(), 1);
    // Two of the six are left.
    scene.look(1, Liveness::Active, 9, at(700));
    assert_eq!(scene.told(), [NoticeKind::Flapping, NoticeKind::Recovered]);
}

#[test]
fn whoever_flapped_and_stays_away_is_told_as_gone() {
    let mut scene = scene();
    for second in [0, 60] {
        scene.turn(1, Liveness::Late, 0, at(second));
        scene.turn(1, Liveness::Active, 1, at(second + 30));
    }
    scene.turn(1, Liveness::Late, 0, at(200));
    scene.look(1, Liveness::Stale, 0, at(400));
    assert_eq!(scene.told(), [NoticeKind::Flapping], "one notice stands for the single ones");
    scene.look(1, Liveness::Stale, 0, at(700));
    assert_eq!(scene.told(), [NoticeKind::Flapping, NoticeKind::Stale]);
}

#[test]
fn a_network_of_ours_that_comes_and_goes_is_no_agents_flapping() {
    let mut scene = scene();
    for round in 0..4 {
        let start = round * 120;
        scene.route(false, at(start));
        scene.turn(1, Liveness::Late, 0, at(start + 60));
        scene.route(true, at(start + 80));
        scene.turn(1, Liveness::Active, 1, at(start + 85));
    }
    scene.look(1, Liveness::Active, 9, at(560));
    assert_eq!((scene.told(), scene.kept.len()), (vec![], 0));
}

#[test]
fn changes_of_an_earlier_run_are_no_reason_to_tell_before_anybody_can() {
    let mut scene = scene();
    let turns = Turns { counted: vec![at(0), at(30), at(60), at(90)], gone_unseen: false };
    scene.desk.recall(&id(1), None, None, turns, at(135));
    scene.grace_until = Some(at(135));
    scene.look(1, Liveness::Active, 0, at(100));
    assert_eq!((scene.told(), scene.kept.len()), (vec![], 0));
    assert_eq!(scene.due(at(135)), [id(1)]);
    scene.look(1, Liveness::Active, 1, at(135));
    assert_eq!(scene.told(), [NoticeKind::Flapping]);
}

#[test]
fn flapping_is_blamed_on_what_took_it_away_and_not_on_the_verdict_of_a_good_moment() {
    let mut scene = scene();
    for second in [0, 60] {
        scene.turn(1, Liveness::Late, 0, at(second));
        scene.verdict = ("ok", "Beating, confirmed");
        scene.turn(1, Liveness::Active, 1, at(second + 30));
        scene.verdict = LOST;
    }
    let notice = &scene.shown[0];
    assert_eq!((notice.kind, notice.cause.as_str(), notice.fault), (NoticeKind::Flapping, LOST.0, Fault::Registry));
    assert!(notice.body.starts_with(LOST.1), "{}", notice.body);
    assert_eq!(scene.kept[0].fault, Fault::Registry);
}

#[test]
fn who_went_when_nobody_could_tell_returns_uncounted_over_a_restart_too() {
    let mut scene = scene();
    let turns = Turns { counted: vec![at(0), at(30), at(60)], gone_unseen: true };
    scene.desk.recall(&id(1), None, None, turns, at(70));
    scene.turn(1, Liveness::Active, 1, at(100));
    assert_eq!(scene.told(), []);
    scene.turn(1, Liveness::Late, 0, at(130));
    assert_eq!(scene.told(), [NoticeKind::Flapping], "its next going is its own");
}

#[test]
fn what_an_earlier_run_counted_ends_with_a_stop() {
    use Liveness::{Active, Late, Stopped};
    let mut turns = Turns::default();
    for (second, from, to, counts) in [(0, Active, Late, true), (10, Late, Active, true), (20, Active, Late, false)] {
        turns.take(at(second), from, to, counts);
    }
    assert_eq!(turns, Turns { counted: vec![at(0), at(10)], gone_unseen: true });
    turns.take(at(30), Late, Stopped, false);
    assert_eq!(turns, Turns::default());
}
