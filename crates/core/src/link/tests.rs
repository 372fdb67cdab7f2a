use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn link() -> Link {
    Link::new(LinkTiming::with_interval(INTERVAL), 7)
}

fn at(seconds: u64) -> Time {
    Time::from_millis(1_000_000 + seconds * 1000)
}

fn actions(link: &mut Link) -> Vec<LinkAction> {
    std::iter::from_fn(|| link.poll_action()).collect()
}

fn reports(link: &mut Link) -> Vec<LinkReport> {
    std::iter::from_fn(|| link.poll_report()).collect()
}

fn opened() -> Link {
    let mut link = link();
    link.handle(LinkEvent::Start, at(0));
    link.handle(LinkEvent::Opened, at(0));
    assert_eq!(actions(&mut link), [LinkAction::Dial, LinkAction::Beat { ping: false }]);
    reports(&mut link);
    link
}

#[test]
fn beats_follow_the_schedule_and_not_the_last_sleep() {
    let mut link = opened();
    let mut due = Vec::new();
    while due.len() < 4 {
        let (deadline, why) = link.poll_timeout().unwrap();
        // Every callback comes 400 ms late, and every ping is answered.
        let now = deadline + Duration::from_millis(400);
        link.handle(LinkEvent::Timeout, now);
        link.handle(LinkEvent::Inbound, now);
        if why == LinkDeadline::Beat {
            due.push(deadline);
        }
        actions(&mut link);
    }
    assert_eq!(due, [at(30), at(60), at(90), at(120)]);
}

#[test]
fn a_peer_that_stops_acknowledging_is_given_up_after_three_intervals_and_not_after_four() {
    let timing = LinkTiming { ack_within: Some(INTERVAL * 3), ..LinkTiming::with_interval(INTERVAL) };
    let mut link = Link::new(timing, 7);
    link.handle(LinkEvent::Start, at(0));
    link.handle(LinkEvent::Opened, at(0));
    link.handle(LinkEvent::Acked, at(0));
    let closed = loop {
        let (deadline, why) = link.poll_timeout().unwrap();
        link.handle(LinkEvent::Timeout, deadline);
        if why == LinkDeadline::Ack {
            break deadline;
        }
        // Pongs come all the while, and are no acknowledgement.
        link.handle(LinkEvent::Inbound, deadline);
    };
    assert_eq!(closed, at(90));
    assert!(actions(&mut link).contains(&LinkAction::Close(1000)));
    let failure = Some(Transient::NoAck.into());
    assert!(reports(&mut link).contains(&LinkReport::Closed { code: 1006, failure }));
}

#[test]
fn another_pace_is_another_patience_for_acknowledgements() {
    let timing = LinkTiming { ack_within: Some(INTERVAL * 3), ..LinkTiming::with_interval(INTERVAL) };
    let mut link = Link::new(timing, 7);
    link.handle(LinkEvent::Start, at(0));
    link.handle(LinkEvent::Opened, at(0));
    link.handle(LinkEvent::Pace(INTERVAL / 30), at(0));
    let closed = loop {
        let (deadline, why) = link.poll_timeout().unwrap();
        link.handle(LinkEvent::Timeout, deadline);
        if why == LinkDeadline::Ack {
            break deadline;
        }
    };
    assert_eq!(closed, at(3));
}

#[test]
fn a_policy_waits_for_a_person_and_a_goodbye_does_not() {
    let closed = |code: u16, reason: &str| {
        let mut link = Link::new(LinkTiming::with_interval(INTERVAL), 7);
        link.handle(LinkEvent::Start, at(0));
        link.handle(LinkEvent::Opened, at(0));
        link.handle(LinkEvent::Closed(Transient::ClosedByServer { code, reason: reason.into() }), at(1));
        (reports(&mut link).pop().unwrap(), link.poll_timeout().unwrap().1)
    };
    let failure = Fatal::Rejected { code: 1008, reason: "Invalid signature".into() };
    assert!(failure.to_string().contains("Invalid signature"), "{failure}");
    assert_eq!(closed(1008, "Invalid signature"), (LinkReport::Blocked { failure }, LinkDeadline::Recheck));
    let (report, why) = closed(1000, "");
    assert!(matches!(report, LinkReport::Waiting { .. }), "{report:?}");
    assert_eq!(why, LinkDeadline::Backoff);
}

#[test]
fn every_acknowledgement_counts_anew() {
    let timing = LinkTiming { ack_within: Some(INTERVAL * 3), ..LinkTiming::with_interval(INTERVAL) };
    let mut link = Link::new(timing, 7);
    link.handle(LinkEvent::Start, at(0));
    link.handle(LinkEvent::Opened, at(0));
    for second in (1..600).step_by(30) {
        link.handle(LinkEvent::Acked, at(second));
        while let Some((deadline, _)) = link.poll_timeout().filter(|(deadline, _)| *deadline < at(second + 30)) {
            link.handle(LinkEvent::Timeout, deadline);
            link.handle(LinkEvent::Inbound, deadline);
        }
    }
    assert!(link.is_open());
}

#[test]
fn another_pace_counts_from_the_last_beat_and_keeps_the_socket() {
    for (pace, looked, next) in [(10, 4, 10), (10, 17, 17), (60, 17, 60)] {
        let mut link = opened();
        link.handle(LinkEvent::Pace(Duration::from_secs(pace)), at(looked));
        assert_eq!(actions(&mut link), []);
        assert_eq!(link.next_beat(), Some(at(next)), "{pace} s, asked for at {looked}");
    }
}

#[test]
fn slots_that_were_slept_through_are_left_out() {
    let mut link = opened();
    link.handle(LinkEvent::Inbound, at(3600));
    link.handle(LinkEvent::Timeout, at(3605));
    assert_eq!(actions(&mut link), [LinkAction::Beat { ping: false }]);
    assert_eq!(link.next_beat(), Some(at(3630)));
}

#[test]
fn at_the_usual_interval_every_ping_goes_out_with_a_beat() {
    let mut link = opened();
    let mut beats = 0;
    while beats < 10 {
        let (now, why) = link.poll_timeout().unwrap();
        assert_eq!(why, LinkDeadline::Beat);
        link.handle(LinkEvent::Timeout, now);
        assert_eq!(actions(&mut link), [LinkAction::Beat { ping: true }]);
        beats += 1;
        link.handle(LinkEvent::Inbound, now + Duration::from_millis(40));
    }
}

proptest! {
    /// Whatever the interval, and whenever the peer fell silent.
    #[test]
    fn a_half_open_socket_is_noticed_within_45_seconds(interval in 1_u64..=120, silent_from in 0_u64..600) {
        let mut link = Link::new(LinkTiming::with_interval(Duration::from_secs(interval)), 7);
        link.handle(LinkEvent::Start, at(0));
        link.handle(LinkEvent::Opened, at(0));
        let mut now = at(0);
        while link.is_open() {
            now = link.poll_timeout().unwrap().0;
            link.handle(LinkEvent::Timeout, now);
            for action in actions(&mut link) {
                if let LinkAction::Beat { .. } = action {
                    link.handle(LinkEvent::Sent { at: now }, now);
                }
                if matches!(action, LinkAction::Ping | LinkAction::Beat { ping: true }) && now < at(silent_from) {
                    link.handle(LinkEvent::Inbound, now);
                }
            }
        }
        prop_assert!(now.since(at(silent_from)) <= Duration::from_secs(45), "{:?}", now.since(at(silent_from)));
        let closed = LinkReport::Closed { code: 1006, failure: Some(Transient::NoPong.into()) };
        prop_assert!(reports(&mut link).contains(&closed));
    }
}

#[test]
fn a_socket_that_never_answers_is_noticed_within_45_seconds() {
    let mut link = opened();
    let mut now = at(0);
    while link.is_open() {
        now = link.poll_timeout().unwrap().0;
        link.handle(LinkEvent::Timeout, now);
        if actions(&mut link).iter().any(|action| matches!(action, LinkAction::Beat { .. })) {
            link.handle(LinkEvent::Sent { at: now }, now);
        }
    }
    assert!(now.since(at(0)) <= Duration::from_secs(45), "{:?}", now.since(at(0)));
    let closed = LinkReport::Closed { code: 1006, failure: Some(Transient::NoPong.into()) };
    assert!(reports(&mut link).contains(&closed));
}

#[test]
fn only_a_confirmed_beat_resets_the_backoff() {
    let mut link = link();
    let mut now = at(0);
    link.handle(LinkEvent::Start, now);
    let mut wait = Duration::ZERO;
    for _ in 0..8 {
        link.handle(LinkEvent::Opened, now);
        link.handle(LinkEvent::Sent { at: now }, now);
        link.handle(LinkEvent::Closed(Transient::Broken { detail: String::new() }), now);
        let until = link.poll_timeout().unwrap().0;
        wait = until.since(now);
        now = until;
        link.handle(LinkEvent::Timeout, now);
    }
    assert!(wait >= Duration::from_secs(30), "opening and sending alone must not reset it: {wait:?}");
    link.handle(LinkEvent::Opened, now);
    link.handle(LinkEvent::Confirmed, now);
    link.handle(LinkEvent::Closed(Transient::Refused), now);
    assert!(link.poll_timeout().unwrap().0.since(now) <= Duration::from_secs(1));
}

#[test]
fn stopping_closes_with_1000_and_stays_stopped() {
    let mut link = opened();
    link.handle(LinkEvent::Stop, at(5));
    assert_eq!(actions(&mut link), [LinkAction::Close(1000)]);
    assert_eq!(reports(&mut link), [LinkReport::Closed { code: 1000, failure: None }, LinkReport::Idle]);
    assert_eq!(link.poll_timeout(), None);
    // What was still under way changes nothing.
    link.handle(LinkEvent::Closed(Transient::Refused), at(6));
    link.handle(LinkEvent::Opened, at(6));
    assert_eq!(actions(&mut link), [LinkAction::Abandon]);
    assert_eq!(link.poll_timeout(), None);
}

#[test]
fn a_fatal_failure_blocks_until_the_reason_goes() {
    let mut link = link();
    link.handle(LinkEvent::Start, at(0));
    link.handle(LinkEvent::DialFailed(Fatal::NotRegistered.into()), at(1));
    assert_eq!(link.poll_timeout(), Some((at(61), LinkDeadline::Recheck)));
    link.handle(LinkEvent::Unblock, at(3));
    assert_eq!(actions(&mut link), [LinkAction::Dial, LinkAction::Dial]);
}

#[test]
fn waking_beats_at_once_and_distrusts_the_socket() {
    let mut link = opened();
    link.handle(LinkEvent::Woke, at(7200));
    link.handle(LinkEvent::Timeout, at(7200));
    assert_eq!(actions(&mut link), [LinkAction::Ping, LinkAction::Beat { ping: false }]);
    assert_eq!(link.poll_timeout(), Some((at(7205), LinkDeadline::Pong)));
}

#[test]
fn retrying_replaces_a_connection_that_is_open_and_is_no_loss() {
    let mut link = opened();
    link.handle(LinkEvent::Retry, at(10));
    assert_eq!(actions(&mut link), [LinkAction::Close(1000), LinkAction::Dial]);
    let told = reports(&mut link);
    assert!(matches!(told[0], LinkReport::Closed { code: 1000, failure: None }), "{told:?}");
    assert!(matches!(told[1], LinkReport::Dialling { .. }), "{told:?}");
    link.handle(LinkEvent::Opened, at(10));
    assert_eq!(actions(&mut link), [LinkAction::Beat { ping: false }], "its first beat is announced");
    // Twice is once.
    link.handle(LinkEvent::Retry, at(11));
    link.handle(LinkEvent::Retry, at(11));
    assert_eq!(actions(&mut link), [LinkAction::Close(1000), LinkAction::Dial]);
}

fn any_event() -> impl Strategy<Value = LinkEvent> {
    prop_oneof![
        Just(LinkEvent::Start),
        Just(LinkEvent::Stop),
        Just(LinkEvent::Opened),
        Just(LinkEvent::DialFailed(Transient::Refused.into())),
        Just(LinkEvent::DialFailed(Fatal::NotRegistered.into())),
        Just(LinkEvent::DialFailed(Transient::RateLimited { retry_after: Some(Duration::from_secs(90)) }.into())),
        Just(LinkEvent::Sent { at: Time::ZERO }),
        (1_u64..120).prop_map(|seconds| LinkEvent::Pace(Duration::from_secs(seconds))),
        Just(LinkEvent::CannotSign(Fatal::KeyLocked)),
        Just(LinkEvent::Inbound),
        Just(LinkEvent::Closed(Transient::ClosedByServer { code: 1001, reason: String::new() })),
        Just(LinkEvent::Confirmed),
        Just(LinkEvent::Retry),
        Just(LinkEvent::Block(Fatal::KeyMismatch)),
        Just(LinkEvent::Unblock),
        Just(LinkEvent::Woke),
        Just(LinkEvent::Timeout),
    ]
}

proptest! {
    /// Whatever happens, in whatever order: deadlines lie ahead, a running link always has one, opens and closes pair
    /// up, and beats are only asked for on an open socket.
    #[test]
    fn holds_its_promises_under_any_sequence(events in prop::collection::vec((any_event(), 0_u64..50_000), 1..200)) {
        let mut link = link();
        let mut now = at(0);
        let mut open = false;
        for (event, pause) in events {
            now = now + Duration::from_millis(pause);
            link.handle(event.clone(), now);
            if event == LinkEvent::Timeout {
                // One deadline is served a call; serve what is due.
                for _ in 0..4 {
                    link.handle(LinkEvent::Timeout, now);
                }
                prop_assert!(link.poll_timeout().is_none_or(|(due, _)| due > now));
            }
            for report in reports(&mut link) {
                match report {
                    LinkReport::Opened => { prop_assert!(!open); open = true; }
                    LinkReport::Closed { .. } => { prop_assert!(open); open = false; }
                    LinkReport::Sent { .. } | LinkReport::Acked { .. } | LinkReport::Refused { .. } => prop_assert!(open),
                    LinkReport::Waiting { until, .. } => prop_assert!(until > now),
                    LinkReport::Dialling { .. } | LinkReport::Blocked { .. } | LinkReport::Idle => {}
                }
            }
            prop_assert_eq!(open, link.is_open());
            actions(&mut link);
        }
    }
}
