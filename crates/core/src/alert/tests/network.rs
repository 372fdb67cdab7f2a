use super::*;

#[test]
fn while_our_network_is_down_nobody_is_told_and_whoever_stays_away_is_told_afterwards() {
    let mut scene = Scene::default();
    scene.route(false, at(0));
    scene.turn(1, Liveness::Late, 0, at(90));
    scene.look(1, Liveness::Stale, 0, at(300));
    scene.look(1, Liveness::Offline, 0, at(900));
    assert_eq!((scene.told(), scene.kept.len()), (vec![], 0));

    // Much later, so that nothing else is known of the agent any more.
    scene.route(true, at(5000));
    scene.look(1, Liveness::Offline, 0, at(5000));
    assert_eq!(scene.told(), []);
    assert_eq!(scene.desk.poll_timeout(), Some(at(5060)), "it is looked at when the network has been back for a while");
    assert_eq!(scene.due(at(5060)), [id(1)]);
    scene.look(1, Liveness::Offline, 0, at(5060));
    assert_eq!(scene.told(), [NoticeKind::Offline]);
}

#[test]
fn a_missing_agent_of_whom_only_a_deadline_is_known_is_not_forgotten() {
    let mut scene = Scene { grace_until: Some(at(60)), ..Scene::default() };
    scene.look(1, Liveness::Offline, 0, at(0));
    assert_eq!(scene.due(at(60)), [id(1)]);
    scene.look(1, Liveness::Offline, 0, at(60));
    assert_eq!(scene.told(), [NoticeKind::Offline]);
}
