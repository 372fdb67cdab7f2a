use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Time {
    Time::from_millis(1_800_000_000_000 + seconds * 1000)
}

fn asked(seconds: u64) -> Asked {
    Asked { at: at(seconds), goodbyes: 0 }
}

fn actions(lease: &mut Lease) -> Vec<LeaseAction> {
    std::iter::from_fn(|| lease.poll_action()).collect()
}

fn held() -> Lease {
    let mut lease = Lease::new(LeaseTiming::default());
    lease.handle(LeaseEvent::Start, at(0));
    assert_eq!(actions(&mut lease), [LeaseAction::Acquire { asked: asked(0) }]);
    lease.handle(LeaseEvent::Granted { fence: 7, asked: asked(0) }, at(1));
    lease
}

#[test]
fn it_is_renewed_in_time_and_counts_from_before_the_request() {
    let mut lease = held();
    assert_eq!((lease.fence(at(1)), lease.poll_timeout()), (Some(7), Some(at(10))));
    lease.handle(LeaseEvent::Timeout, at(10));
    assert_eq!(actions(&mut lease), [LeaseAction::Renew { fence: 7, asked: asked(10) }]);
    // The answer takes long: what it was is still ours, and what it is counts from when we asked.
    assert_eq!(lease.fence(at(24)), Some(7));
    lease.handle(LeaseEvent::Granted { fence: 7, asked: asked(10) }, at(24));
    assert_eq!((lease.fence(at(34)), lease.fence(at(35))), (Some(7), None));
}

#[test]
fn who_cannot_reach_the_bus_stops_beating_before_anybody_else_can_begin() {
    let mut lease = held();
    let mut tries = 0;
    for second in 1..=30 {
        lease.handle(LeaseEvent::Timeout, at(second));
        for action in actions(&mut lease) {
            assert!(second < 25 || matches!(action, LeaseAction::Acquire { .. }));
            tries += 1;
            lease.handle(LeaseEvent::Unreachable, at(second));
        }
        assert_eq!(lease.fence(at(second)).is_some(), second < 25, "second {second}");
    }
    assert!(tries >= 3, "{tries}");
}

#[test]
fn a_goodbye_hands_it_over_at_once() {
    let mut lease = held();
    lease.handle(LeaseEvent::Stop, at(5));
    assert_eq!((actions(&mut lease), lease.fence(at(5))), (vec![LeaseAction::Release { fence: Some(7) }], None));
    let mut other = Lease::new(LeaseTiming::default());
    other.handle(LeaseEvent::Start, at(1));
    other.handle(LeaseEvent::Refused, at(1));
    actions(&mut other);
    assert_eq!((other.fence(at(4)), other.poll_timeout()), (None, Some(at(11))));
    other.handle(LeaseEvent::Free, at(5));
    assert_eq!(actions(&mut other), [LeaseAction::Acquire { asked: asked(5) }]);
    other.handle(LeaseEvent::Granted { fence: 8, asked: asked(5) }, at(5));
    assert_eq!(other.fence(at(5)), Some(8));
}

#[test]
fn who_slept_asks_before_it_beats() {
    let mut lease = held();
    lease.handle(LeaseEvent::Woke, at(3600));
    assert_eq!((lease.fence(at(3600)), actions(&mut lease)), (None, vec![LeaseAction::Acquire { asked: asked(3600) }]));
    lease.handle(LeaseEvent::Refused, at(3600));
    assert_eq!(lease.fence(at(3601)), None);
}

#[test]
fn what_is_granted_to_who_stopped_meanwhile_is_given_back() {
    let mut lease = Lease::new(LeaseTiming::default());
    lease.handle(LeaseEvent::Start, at(0));
    actions(&mut lease);
    lease.handle(LeaseEvent::Stop, at(1));
    // The answer may be on its way, or lost.
    assert_eq!(actions(&mut lease), [LeaseAction::Release { fence: None }]);
    lease.handle(LeaseEvent::Granted { fence: 9, asked: asked(0) }, at(2));
    assert_eq!((actions(&mut lease), lease.fence(at(2))), (vec![LeaseAction::Release { fence: Some(9) }], None));
}

#[test]
fn what_was_granted_before_a_goodbye_means_nothing_after_it() {
    let mut lease = held();
    lease.handle(LeaseEvent::Timeout, at(10));
    assert_eq!(actions(&mut lease), [LeaseAction::Renew { fence: 7, asked: asked(10) }]);
    lease.handle(LeaseEvent::Stop, at(10));
    lease.handle(LeaseEvent::Start, at(10));
    let again = Asked { at: at(10), goodbyes: 1 };
    assert_eq!(actions(&mut lease), [LeaseAction::Release { fence: Some(7) }, LeaseAction::Acquire { asked: again }]);
    // Of the renewal, before it was given back: by now somebody else may have it.
    lease.handle(LeaseEvent::Granted { fence: 7, asked: asked(10) }, at(11));
    assert_eq!(lease.fence(at(11)), None);
    lease.handle(LeaseEvent::Granted { fence: 8, asked: again }, at(12));
    assert_eq!(lease.fence(at(12)), Some(8));
}

/// A bus as it is: one holder, an end by itself, a number that grows.
#[derive(Default)]
struct Bus {
    holder: Option<(usize, u64, Time)>,
    fences: u64,
}

impl Bus {
    fn answer(&mut self, who: usize, action: LeaseAction, now: Time) -> Option<LeaseEvent> {
        let lasts = LeaseTiming::default().lasts;
        self.holder = self.holder.filter(|(_, _, until)| now < *until);
        match (action, self.holder) {
            (LeaseAction::Acquire { asked }, None) => {
                self.fences += 1;
                self.holder = Some((who, self.fences, now + lasts));
                Some(LeaseEvent::Granted { fence: self.fences, asked })
            }
            (LeaseAction::Acquire { asked }, Some((holder, ..))) if holder == who => {
                self.fences += 1;
                self.holder = Some((who, self.fences, now + lasts));
                Some(LeaseEvent::Granted { fence: self.fences, asked })
            }
            (LeaseAction::Renew { fence, asked }, Some((holder, held, _))) if holder == who && held == fence => {
                self.holder = Some((who, fence, now + lasts));
                Some(LeaseEvent::Granted { fence, asked })
            }
            (LeaseAction::Release { fence }, Some((holder, held, _)))
                if holder == who && fence.is_none_or(|fence| held == fence) =>
            {
                self.holder = None;
                None
            }
            (LeaseAction::Release { .. }, _) => None,
            (LeaseAction::Acquire { .. } | LeaseAction::Renew { .. }, _) => Some(LeaseEvent::Refused),
        }
    }
}

proptest! {
    /// Two computers, an unreliable network that loses requests or answers and delays them, sleep and goodbyes: at no moment
    /// may both beat, and the fence never goes back.
    #[test]
    fn two_never_beat_at_once(steps in proptest::collection::vec((0_usize..2, 0_u8..12, 0_u64..9), 1..400)) {
        let mut bus = Bus::default();
        let mut leases = [Lease::new(LeaseTiming::default()), Lease::new(LeaseTiming::default())];
        let mut late: Vec<(u64, usize, LeaseEvent)> = Vec::new();
        let mut now = 0;
        let mut newest = 0;
        for (who, what, pause) in steps {
            now += pause;
            let arrived: Vec<_> = late.extract_if(.., |(due, ..)| *due <= now).collect();
            for (_, whose, event) in arrived {
                leases[whose].handle(event, at(now));
            }
            match what {
                0 => leases[who].handle(LeaseEvent::Stop, at(now)),
                1 => leases[who].handle(LeaseEvent::Woke, at(now)),
                11 => leases[who].handle(LeaseEvent::Free, at(now)),
                _ => leases[who].handle(LeaseEvent::Start, at(now)),
            }
            for (index, lease) in leases.iter_mut().enumerate() {
                lease.handle(LeaseEvent::Timeout, at(now));
                while let Some(action) = lease.poll_action() {
                    match what {
                        // The request is lost.
                        2 => lease.handle(LeaseEvent::Unreachable, at(now)),
                        // Its answer is.
                        3 => {
                            bus.answer(index, action, at(now));
                            lease.handle(LeaseEvent::Unreachable, at(now));
                        }
                        // The answer takes its time.
                        4 => late.extend(bus.answer(index, action, at(now)).map(|event| (now + 3, index, event))),
                        5 => late.extend(bus.answer(index, action, at(now)).map(|event| (now + 40, index, event))),
                        _ => {
                            if let Some(event) = bus.answer(index, action, at(now)) {
                                lease.handle(event, at(now));
                            }
                        }
                    }
                }
            }
            let fences: Vec<u64> = leases.iter().filter_map(|lease| lease.fence(at(now))).collect();
            prop_assert!(fences.len() < 2, "both beat under {fences:?}");
            if let Some(fence) = fences.first() {
                prop_assert!(*fence >= newest);
                newest = *fence;
            }
        }
    }
}
