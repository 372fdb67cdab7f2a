use super::*;
use crate::alert::Held;

#[test]
fn what_gets_worse_while_a_person_knows_is_told_when_that_expires() {
    let mut scene = Scene::default();
    scene.turn(1, Liveness::Stale, 0, at(0));
    assert!(scene.desk.acknowledge(&id(1), Some(at(3600)), at(10)));
    scene.look(1, Liveness::Offline, 0, at(900));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
    assert_eq!(scene.kept.last().and_then(|incident| incident.held), Some(Held::Acknowledged));
    assert!(scene.due(at(3600)).contains(&id(1)));
    scene.look(1, Liveness::Offline, 0, at(3600));
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Offline]);
    assert_eq!(scene.kept.last().and_then(|incident| incident.acknowledged_until), None);
}

#[test]
fn a_snooze_ends_with_the_outage() {
    let mut scene = Scene::default();
    scene.turn(1, Liveness::Stale, 0, at(0));
    scene.desk.snooze(&id(1), Some(at(3600)));
    scene.turn(1, Liveness::Active, 2, at(600));
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Recovered]);
    assert_eq!(scene.desk.snoozed_until(&id(1)), None);
}
