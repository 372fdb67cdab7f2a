use super::*;

#[test]
fn those_who_go_for_one_reason_within_ten_seconds_are_one_notice_that_is_sent_once() {
    let mut scene = Scene::default();
    for number in 1..=3 {
        scene.turn(number, Liveness::Stale, 0, at(number.into()));
    }
    scene.due(at(11));
    scene.turn(4, Liveness::Stale, 0, at(12));
    let ids: Vec<NoticeId> = scene.shown.iter().map(|notice| notice.id).collect();
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[2], ids[3], "nobody joins what was sent");
    assert_eq!(scene.shown[2].title, "3 agents lost registry r");
    assert_eq!(scene.sent.iter().map(|notice| notice.agents.len()).collect::<Vec<_>>(), [3]);
}

#[test]
fn the_notice_of_several_stays_until_the_last_of_them_is_well() {
    let mut scene = Scene::default();
    for number in 1..=2 {
        scene.turn(number, Liveness::Stale, 0, at(0));
    }
    let told = scene.shown[1].id;
    scene.due(at(10));
    scene.turn(1, Liveness::Active, 2, at(100));
    assert_eq!(scene.shown[2].supersedes, []);
    scene.turn(2, Liveness::Active, 2, at(300));
    assert_eq!(scene.shown[3].supersedes, [told]);
}

#[test]
fn of_many_that_join_at_one_moment_only_the_last_telling_is_shown() {
    let mut scene = Scene::default();
    for number in 1..=100 {
        scene.note(number, Liveness::Stale, 0, true, at(300));
    }
    scene.take();
    assert_eq!(scene.shown.len(), 1);
    assert_eq!(scene.shown[0].agents.len(), 100);
    assert!(scene.kept.len() >= 100, "each is on record");
}

#[test]
fn another_incident_of_the_same_agent_is_another_notice() {
    let mut scene =
        Scene::with(AlertRules { level: crate::alert::Level::Late, good_beats: 1, ..AlertRules::default() });
    scene.turn(1, Liveness::Late, 0, at(0));
    scene.turn(1, Liveness::Active, 1, at(2));
    scene.turn(1, Liveness::Late, 0, at(5));
    assert_eq!(scene.told(), [NoticeKind::Late, NoticeKind::Recovered, NoticeKind::Late]);
    assert_ne!(scene.shown[0].id, scene.shown[2].id);
}

#[test]
fn who_is_stopped_or_removed_while_others_may_still_join_is_not_told_of() {
    let mut scene = Scene::default();
    for number in 1..=3 {
        scene.turn(number, Liveness::Stale, 0, at(0));
    }
    let told = scene.shown[2].id;
    scene.look(1, Liveness::Stopped, 0, at(4));
    scene.desk.forget(&id(2), at(5));
    scene.take();
    assert_eq!(scene.shown.last().unwrap().title, "agent-3 went stale");
    assert_eq!((scene.shown.last().unwrap().id, scene.withdrawn.as_slice()), (told, [].as_slice()));
    scene.due(at(10));
    let sent: Vec<_> = scene.sent.iter().flat_map(|notice| &notice.agents).map(|agent| agent.id.clone()).collect();
    assert_eq!((sent, scene.called_off.len()), (vec![id(3)], 0));
}

#[test]
fn a_notice_in_which_nobody_is_left_is_called_off() {
    let mut scene = Scene::default();
    scene.turn(1, Liveness::Stale, 0, at(0));
    scene.look(1, Liveness::Stopped, 0, at(9));
    scene.due(at(20));
    assert_eq!((scene.called_off.len(), scene.withdrawn.len(), scene.sent.len()), (1, 1, 0));
    // What was sent stays sent.
    scene.turn(2, Liveness::Stale, 0, at(30));
    scene.due(at(40));
    scene.look(2, Liveness::Stopped, 0, at(41));
    assert_eq!((scene.called_off.len(), scene.withdrawn.len(), scene.sent.len()), (1, 2, 1));
}
