use beatkeeper_core::notice::{NoticeAgent, NoticeKind};
use beatkeeper_core::time::Time;

use super::*;

fn agent(number: u64) -> EntityId {
    format!("zns:{number:032x}").parse().unwrap()
}

/// A notice about the agent of the same number.
fn notice(id: u64, supersedes: &[u64]) -> Notice {
    let about = NoticeAgent { id: agent(id), name: "weather".into(), opened_at: Time::ZERO, last_beat: None };
    Notice {
        kind: NoticeKind::Stale,
        agents: vec![about],
        supersedes: supersedes.iter().copied().map(NoticeId).collect(),
        ..Notice::test(Time::from_millis(id))
    }
}

fn invoked(id: u32, action: &str) -> Signal {
    Signal::Invoked { id, action: action.into() }
}

fn clicked(id: u32) -> Signal {
    invoked(id, "default")
}

fn click(number: u64, action: ClickAction) -> Click {
    Click { notice: NoticeId(number), agents: vec![agent(number)], action, activation_token: None }
}

fn opens(number: u64) -> Click {
    click(number, ClickAction::Open)
}

/// Each notice with its number.
fn showing(notices: &[(u64, u32)]) -> Shown {
    let mut shown = Shown::default();
    for (id, number) in notices {
        shown.send(&notice(*id, &[]));
        assert_eq!(shown.answered(*number), (vec![], vec![]));
    }
    shown
}

#[test]
fn a_click_opens_the_agent_once_and_a_closed_notice_is_forgotten() {
    let mut shown = showing(&[(1, 7)]);
    assert_eq!(shown.hear(clicked(8)), None);
    assert_eq!(shown.hear(invoked(7, "other")), None);
    assert_eq!(shown.hear(Signal::Token { id: 7, token: "front".into() }), None);
    let first = Click { activation_token: Some("front".into()), ..opens(1) };
    assert_eq!(shown.hear(clicked(7)), Some(first));
    assert_eq!(shown.hear(clicked(7)), None);
    assert_eq!(shown.hear(invoked(7, "open")), None, "the button does the same");
    assert_eq!(shown.hear(Signal::Closed { id: 7 }), None);
    assert!(shown.notices.is_empty());
    assert_eq!(shown.send(&notice(1, &[])), 0);
}

#[test]
fn each_button_works_once() {
    let mut shown = showing(&[(1, 7)]);
    assert_eq!(shown.hear(invoked(7, "restart")), Some(click(1, ClickAction::Restart)));
    assert_eq!(shown.hear(invoked(7, "snooze")), Some(click(1, ClickAction::Snooze)));
    assert_eq!(shown.hear(invoked(7, "open")), Some(opens(1)));
    assert_eq!(shown.hear(invoked(7, "restart")), None);
    assert_eq!(shown.hear(invoked(7, "snooze")), None);
}

#[test]
fn what_is_about_several_opens_all_of_them_and_does_nothing_else() {
    let mut shown = Shown::default();
    let mut both = notice(1, &[]);
    both.agents.extend(notice(2, &[]).agents);
    shown.send(&both);
    shown.answered(7);
    assert_eq!(shown.hear(invoked(7, "restart")), None);
    assert_eq!(shown.hear(clicked(7)).map(|click| click.agents), Some(vec![agent(1), agent(2)]));
}

#[test]
fn clicks_before_the_answer_wait_for_it() {
    let mut shown = showing(&[(1, 7)]);
    assert_eq!(shown.send(&notice(2, &[])), 0);
    for early in [invoked(8, "restart"), clicked(8), clicked(8), Signal::Closed { id: 8 }] {
        assert_eq!(shown.hear(early), None);
    }
    // Another notice is no reason to wait.
    assert_eq!(shown.hear(clicked(7)), Some(opens(1)));
    assert_eq!(shown.answered(8).0, [click(2, ClickAction::Restart), opens(2)]);
    assert!(!shown.notices.contains_key(&8));
    assert_eq!(shown.hear(clicked(8)), None);
}

#[test]
fn one_that_is_told_again_stays_in_its_place_and_can_be_clicked_again() {
    let mut shown = showing(&[(1, 7)]);
    assert_eq!(shown.hear(clicked(7)), Some(opens(1)));
    assert_eq!(shown.send(&notice(1, &[])), 7);
    // The old one expires while it is replaced, and the new one is clicked at once.
    assert_eq!(shown.hear(Signal::Closed { id: 7 }), None);
    assert_eq!(shown.hear(clicked(7)), None);
    assert_eq!(shown.answered(7), (vec![opens(1)], vec![]));
    assert_eq!(shown.hear(clicked(7)), None);
    assert_eq!(shown.send(&notice(1, &[])), 7);
}

#[test]
fn it_takes_the_place_of_the_first_that_it_supersedes_and_the_others_go() {
    let mut shown = showing(&[(1, 7), (2, 8), (3, 9), (4, 10)]);
    assert_eq!(shown.send(&notice(5, &[99, 2, 1, 3])), 8);
    assert_eq!(shown.answered(8), (vec![], vec![7, 9]));
    assert_eq!(shown.hear(clicked(8)), Some(opens(5)));
    assert_eq!((shown.hear(clicked(7)), shown.hear(clicked(10))), (None, Some(opens(4))));
    // Its own place comes first.
    assert_eq!(shown.send(&notice(5, &[4])), 8);
    assert_eq!(shown.answered(8), (vec![], vec![10]));
    assert_eq!(shown.notices.len(), 1);
}

#[test]
fn what_is_withdrawn_is_taken_away_once() {
    let mut shown = showing(&[(1, 7), (2, 8), (3, 9)]);
    assert_eq!(shown.withdraw(&[NoticeId(3), NoticeId(1), NoticeId(99)]), [7, 9]);
    assert_eq!(shown.withdraw(&[NoticeId(3)]), [] as [u32; 0]);
    assert_eq!((shown.hear(clicked(7)), shown.hear(clicked(8))), (None, Some(opens(2))));
}

#[test]
fn the_server_may_give_a_new_number_instead() {
    let mut shown = showing(&[(1, 7)]);
    assert_eq!(shown.send(&notice(1, &[])), 7);
    shown.answered(9);
    assert_eq!(shown.hear(clicked(9)), Some(opens(1)));
    assert_eq!((shown.notices.len(), shown.send(&notice(1, &[]))), (1, 9));
}

#[test]
fn what_was_refused_leaves_the_older_ones_where_they_were() {
    let mut shown = showing(&[(1, 7), (2, 8)]);
    shown.send(&notice(3, &[1, 2]));
    assert_eq!(shown.hear(clicked(7)), None);
    assert_eq!(shown.refused(), [opens(1)]);
    assert_eq!(shown.notices.len(), 2);
    assert_eq!(shown.send(&notice(1, &[])), 7);
    shown.hear(Signal::Closed { id: 7 });
    shown.refused();
    assert!(!shown.notices.contains_key(&7));
}

#[test]
fn an_answer_that_comes_too_late_still_makes_the_notice_known() {
    let (call, other) = (NonZeroU32::new(5).unwrap(), NonZeroU32::new(6).unwrap());
    let mut shown = Shown::default();
    shown.send(&notice(1, &[]));
    shown.unanswered(call);
    assert_eq!(shown.answered_late(other, 6), None);
    assert_eq!(shown.answered_late(call, 7), Some(Late::Wanted(NoticeId(1))));
    assert_eq!(shown.answered_late(call, 8), None);
    assert_eq!(shown.hear(clicked(7)), Some(opens(1)));
    assert_eq!((shown.hear(clicked(6)), shown.hear(clicked(8))), (None, None));
}

#[test]
fn one_that_is_shown_too_late_goes_again_if_it_is_over() {
    let call = NonZeroU32::new(5).unwrap();
    let over = |end: fn(&mut Shown)| {
        let mut shown = Shown::default();
        shown.send(&notice(1, &[]));
        shown.unanswered(call);
        end(&mut shown);
        assert_eq!(shown.answered_late(call, 7), Some(Late::Over(NoticeId(1))));
        assert_eq!(shown.withdraw(&[NoticeId(1)]), [7]);
    };
    over(|shown| assert_eq!(shown.withdraw(&[NoticeId(1)]), [] as [u32; 0]));
    over(|shown| {
        assert_eq!(shown.send(&notice(2, &[1])), 0);
        shown.answered(9);
    });
}

#[test]
fn numbers_of_a_server_that_ended_mean_nothing() {
    let mut shown = showing(&[(1, 7), (3, 8)]);
    shown.send(&notice(2, &[1, 3]));
    // It is started by the notice that is sent to it.
    shown.forget();
    assert_eq!(shown.answered(1), (vec![], vec![]));
    assert_eq!(shown.hear(clicked(7)), None);
    assert_eq!(shown.hear(clicked(1)), Some(opens(2)));
    assert_eq!(shown.send(&notice(1, &[])), 0);
}

#[test]
fn what_a_server_throws_away_shouts_or_never_closes_is_not_kept() {
    let mut shown = showing(&[(1, 0)]);
    assert!(shown.notices.is_empty());
    shown.send(&notice(1, &[]));
    for id in 100..1000 {
        shown.hear(clicked(id));
    }
    assert_eq!(shown.sending.as_ref().unwrap().early.len(), EARLY);
    for id in 0..1000 {
        shown.send(&notice(id, &[]));
        shown.answered(u32::try_from(id).unwrap() + 1);
    }
    assert_eq!(shown.notices.len(), KNOWN);
    assert_eq!(shown.hear(clicked(1000)), Some(opens(999)));
}
