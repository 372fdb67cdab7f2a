use super::*;
use crate::history::Turns;

/// What a run that told of a stale agent leaves behind.
fn left() -> Incident {
    let mut scene = Scene::default();
    scene.turn(1, Liveness::Stale, 0, at(0));
    scene.kept.remove(scene.kept.len() - 1)
}

fn restarted() -> Scene {
    let mut scene = Scene::default();
    scene.desk.recall(&id(1), Some(left()), None, Turns::default(), at(135));
    scene.grace_until = Some(at(135));
    scene
}

#[test]
fn what_was_told_is_not_told_again_by_the_next_run() {
    let mut scene = restarted();
    scene.look(1, Liveness::Stale, 0, at(100));
    scene.look(1, Liveness::Stale, 0, at(200));
    assert_eq!(scene.told(), []);
    scene.look(1, Liveness::Offline, 0, at(900));
    assert_eq!(scene.told(), [NoticeKind::Offline]);
    assert_eq!(scene.shown[0].supersedes, [left().notice.unwrap()]);
}

#[test]
fn what_ended_meanwhile_is_closed_without_a_word() {
    let mut scene = restarted();
    scene.turn(1, Liveness::Active, 2, at(130));
    assert_eq!((scene.told(), scene.ended()), (vec![], Some(Resolution::Meanwhile)));
    assert_eq!(scene.withdrawn, [left().notice.unwrap()]);
}

#[test]
fn a_drill_that_a_restart_cut_short_makes_no_drill_of_what_comes_after_it() {
    let mut scene = Scene::default();
    scene.desk.drill(&id(1), true);
    scene.turn(1, Liveness::Stale, 0, at(300));
    let open = scene.kept.last().cloned();
    assert!(open.as_ref().is_some_and(|incident| incident.drill));
    let mut later = Scene::default();
    later.desk.recall(&id(1), open, None, Turns::default(), at(400));
    later.look(1, Liveness::Stale, 0, at(410));
    later.turn(1, Liveness::Active, 2, at(500));
    assert_eq!(later.shown.last().map(|notice| notice.title.starts_with("Drill: ")), Some(true), "it was one");
    later.turn(1, Liveness::Stale, 0, at(900));
    assert_eq!(later.kept.last().map(|incident| incident.drill), Some(false));
}

#[test]
fn a_pause_that_is_over_does_not_come_back_with_a_clock_that_is_set_back() {
    let mut desk = Desk::default();
    desk.pause(Some(at(100)));
    assert_eq!((desk.poll_action(), desk.poll_timeout()), (Some(DeskAction::KeepPause(Some(at(100)))), Some(at(100))));
    desk.due(at(99));
    assert_eq!((desk.poll_action(), desk.paused_until(at(99))), (None, Some(at(100))));
    desk.due(at(100));
    assert_eq!((desk.poll_action(), desk.poll_timeout()), (Some(DeskAction::KeepPause(None)), None));
    assert_eq!(desk.paused_until(at(50)), None);
}

#[test]
fn no_two_notices_have_one_id_though_the_clock_was_set_back() {
    let mut scene = Scene::default();
    scene.desk.recall_alerts(None, Some(NoticeId(at(500).as_millis())));
    scene.turn(1, Liveness::Stale, 0, at(300));
    assert_eq!(scene.shown[0].id, NoticeId(at(500).as_millis() + 1));
    scene.desk.recall_alerts(None, None);
    scene.turn(2, Liveness::Offline, 0, at(320));
    assert_eq!(scene.shown[1].id, NoticeId(at(500).as_millis() + 2));
}
