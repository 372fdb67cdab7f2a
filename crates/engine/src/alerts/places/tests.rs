use beatkeeper_core::time::Time;

use super::*;

fn notice(id: u64, supersedes: &[u64]) -> Notice {
    let supersedes = supersedes.iter().copied().map(NoticeId).collect();
    let test = Notice::test(Time::from_millis(id));
    Notice { kind: NoticeKind::Stale, title: format!("notice {id}"), supersedes, ..test }
}

fn take(places: &mut Places, now: Instant) -> Option<Box<Place>> {
    match places.next(now).0 {
        Some(Turn::Show(place)) => Some(place),
        Some(Turn::Withdraw(_)) | None => None,
    }
}

fn titles(places: &mut Places, now: Instant) -> Vec<String> {
    std::iter::from_fn(|| take(places, now)).map(|place| place.notice.title).collect()
}

/// Which notices were told of, and whether they are tried again.
fn told(reports: &[Report]) -> Vec<(u64, Option<bool>)> {
    reports.iter().map(|(id, result)| (id.0, result.as_ref().err().map(|not_shown| not_shown.again))).collect()
}

fn failed(places: &mut Places, how: Failure, now: Instant) -> Vec<(u64, Option<bool>)> {
    let place = take(places, now).unwrap();
    told(&places.failed(place, how, "no".to_owned(), now))
}

#[test]
fn a_newer_notice_takes_the_turn_of_what_it_is_or_supersedes() {
    let now = Instant::now();
    let mut places = Places::default();
    for id in [1, 2, 3, 4] {
        assert_eq!(places.push(notice(id, &[])), []);
    }
    assert_eq!(places.push(Notice { title: "more of 2".into(), ..notice(2, &[]) }), []);
    assert_eq!(told(&places.push(notice(5, &[1, 3]))), [(1, Some(false)), (3, Some(false))]);
    assert_eq!(titles(&mut places, now), ["notice 5", "more of 2", "notice 4"]);
}

#[test]
fn what_an_older_notice_was_to_replace_is_replaced_by_the_newer() {
    let now = Instant::now();
    let mut places = Places::default();
    places.push(notice(2, &[1]));
    places.push(notice(3, &[2]));
    let place = take(&mut places, now).unwrap();
    assert_eq!(place.notice.supersedes, [NoticeId(2), NoticeId(1)]);

    // Also when the older one was on its way at that moment.
    places.push(notice(4, &[3]));
    assert_eq!(told(&places.failed(place, Failure::Missed, "no".into(), now)), [(3, Some(false))]);
    let place = take(&mut places, now).unwrap();
    assert_eq!(place.notice.supersedes, [NoticeId(3), NoticeId(2), NoticeId(1)]);
    places.push(Notice { title: "more of 4".into(), ..notice(4, &[]) });
    assert_eq!(told(&places.failed(place, Failure::Missed, "no".into(), now)), []);
    let place = take(&mut places, now).unwrap();
    assert_eq!((place.notice.title.as_str(), place.notice.supersedes.len()), ("more of 4", 3));
}

#[test]
fn when_all_places_are_taken_the_oldest_news_goes() {
    let mut places = Places::default();
    let mut reports = Vec::new();
    for id in 0..67 {
        reports.extend(places.push(notice(id, &[])));
    }
    assert_eq!(told(&reports), [(0, Some(false)), (1, Some(false)), (2, Some(false))]);
    assert_eq!(places.len(), PLACES);
    assert_eq!(take(&mut places, Instant::now()).unwrap().notice.title, "notice 3");
}

#[test]
fn what_is_over_is_not_shown_any_more() {
    let now = Instant::now();
    let mut places = Places::default();
    for id in [1, 2, 3] {
        places.push(notice(id, &[]));
    }
    let on_its_way = take(&mut places, now).unwrap();
    assert_eq!(told(&places.withdraw(&[NoticeId(1), NoticeId(2)])), [(2, Some(false))]);
    assert_eq!(told(&places.failed(on_its_way, Failure::Missed, "no".into(), now)), [(1, Some(false))]);
    assert!(matches!(places.next(now).0, Some(Turn::Withdraw(ids)) if ids == [NoticeId(1), NoticeId(2)]));
    assert_eq!(titles(&mut places, now), ["notice 3"]);
}

#[test]
fn what_failed_is_tried_again_ever_later_and_given_up_after_an_hour() {
    let start = Instant::now();
    let mut places = Places::default();
    places.push(notice(1, &[]));
    assert_eq!(failed(&mut places, Failure::Missed, start), [(1, Some(true))]);
    let (mut pauses, mut last) = (Vec::new(), start);
    loop {
        let at = places.wake_at().unwrap();
        assert!(take(&mut places, at - Duration::from_millis(1)).is_none());
        pauses.push(at.duration_since(last).as_secs());
        last = at;
        if failed(&mut places, Failure::Refused, at) == [(1, Some(false))] {
            break;
        }
    }
    assert_eq!(pauses[..8], [5, 10, 20, 40, 80, 160, 300, 300]);
    let all = last.duration_since(start);
    assert!(all < LIFETIME && all + LAST_RETRY >= LIFETIME, "{all:?}");
    assert_eq!((places.len(), places.wake_at()), (0, None));
}

#[test]
fn another_server_gets_everything_at_once_and_in_order() {
    let now = Instant::now();
    let mut places = Places::default();
    for id in [1, 2, 3] {
        places.push(notice(id, &[]));
    }
    for how in [Failure::Unanswered, Failure::Refused, Failure::Missed] {
        failed(&mut places, how, now);
    }
    places.push(notice(4, &[]));
    assert_eq!(titles(&mut places, now), ["notice 4"]);
    places.server_came();
    assert_eq!(titles(&mut places, now), ["notice 1", "notice 2", "notice 3"]);
}

#[test]
fn one_that_is_shown_shows_that_those_that_were_missed_can_be() {
    let now = Instant::now();
    let mut places = Places::default();
    for id in [1, 2, 3] {
        places.push(notice(id, &[]));
    }
    for how in [Failure::Missed, Failure::Refused, Failure::Unanswered] {
        failed(&mut places, how, now);
    }
    assert_eq!(told(&[places.shown(NoticeId(9))]), [(9, None)]);
    assert_eq!(titles(&mut places, now), ["notice 1"]);
}

#[test]
fn an_unanswered_notice_is_not_sent_twice_to_one_server() {
    let now = Instant::now();
    let mut places = Places::default();
    places.push(notice(1, &[]));
    places.push(notice(2, &[]));
    assert_eq!(failed(&mut places, Failure::Unanswered, now), [(1, Some(true))]);
    assert_eq!(failed(&mut places, Failure::Unanswered, now), [(2, Some(true))]);
    assert!(take(&mut places, now + LIFETIME - Duration::from_secs(1)).is_none());
    assert_eq!(places.answered(NoticeId(2)).map(|report| told(&[report])), Some(vec![(2, None)]));
    assert_eq!(places.answered(NoticeId(2)), None);
    let (turn, reports) = places.next(now + LIFETIME);
    assert!(turn.is_none());
    assert_eq!(told(&reports), [(1, Some(false))]);

    places.push(notice(3, &[]));
    failed(&mut places, Failure::Unanswered, now);
    places.server_lost(now);
    assert_eq!(titles(&mut places, now + FIRST_RETRY), ["notice 3"], "nobody would tell of a new one");
}

#[test]
fn a_test_and_what_can_never_be_shown_are_not_tried_again() {
    let now = Instant::now();
    let mut places = Places::default();
    places.push(Notice { kind: NoticeKind::Test, ..notice(1, &[]) });
    assert_eq!(failed(&mut places, Failure::Missed, now), [(1, Some(false))]);
    places.push(notice(2, &[]));
    assert_eq!(failed(&mut places, Failure::Hopeless, now), [(2, Some(false))]);
    assert_eq!(places.len(), 0);
}
