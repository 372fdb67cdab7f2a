use super::*;

fn scene() -> Scene {
    let mut scene = Scene::with(AlertRules { remind_every: Some(seconds(600)), ..AlertRules::default() });
    scene.turn(1, Liveness::Offline, 0, at(0));
    scene
}

#[test]
fn an_outage_that_lasts_is_told_again_and_again() {
    let mut scene = scene();
    for round in 1..=3 {
        scene.look(1, Liveness::Offline, 0, at(round * 600 - 1));
        scene.look(1, Liveness::Offline, 0, at(round * 600));
    }
    assert_eq!(scene.told()[1..], [NoticeKind::Reminder; 3]);
}

#[test]
fn an_acknowledgement_that_is_taken_back_leaves_the_reminder_where_it_was() {
    let mut scene = scene();
    assert!(scene.desk.acknowledge(&id(1), Some(at(90_000)), at(10)));
    scene.look(1, Liveness::Offline, 0, at(700));
    assert_eq!(scene.told().len(), 1);
    assert!(scene.desk.acknowledge(&id(1), None, at(800)));
    scene.look(1, Liveness::Offline, 0, at(800));
    assert_eq!(scene.told(), [NoticeKind::Offline, NoticeKind::Reminder]);
}

#[test]
fn a_reminder_that_our_own_network_holds_back_does_not_come_due_every_moment() {
    let mut scene = scene();
    scene.due(at(20));
    scene.route(false, at(100));
    scene.look(1, Liveness::Offline, 0, at(700));
    assert_eq!(scene.desk.poll_timeout(), None);
}
