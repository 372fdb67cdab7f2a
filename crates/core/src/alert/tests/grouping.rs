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
