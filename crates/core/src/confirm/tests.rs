use proptest::prelude::*;

use super::*;

const HALF_MINUTE: Duration = Duration::from_secs(30);

fn at(millis: u64) -> Time {
    Time::from_millis(1_700_000_000_000 + millis)
}

/// A reading that was answered as soon as it was asked for.
fn read(asked_at: Time, last_heartbeat: Time) -> Reading {
    let last_heartbeat = Some(last_heartbeat);
    let just_registered = last_heartbeat == Some(at(0));
    Reading { asked_at, answered_at: asked_at, last_heartbeat, just_registered, clock_ahead_ms: 0 }
}

/// The agent registered in second 0, which the record was known to say.
fn confirmation() -> Confirmation {
    let mut confirmation = Confirmation::new(HALF_MINUTE);
    confirmation.record_read(&read(at(0), at(0)));
    confirmation
}

#[test]
fn an_event_confirms_at_once_and_the_next_one_is_foreign_in_time() {
    let mut confirmation = confirmation();
    confirmation.sent(at(1000));
    let confirmed = Confirmed { sent_at: at(1000), round_trip: Duration::from_millis(12) };
    assert_eq!(confirmation.seen(at(1005), at(1012)), Seen::Confirmed(confirmed));
    assert_eq!(confirmation.seen(at(7000), at(7012)), Seen::Unclaimed);
    assert_eq!(confirmation.foreign_at(), Some(at(9012)));
    assert_eq!((confirmation.foreign(at(9011)), confirmation.foreign(at(9012))), (0, 1));
    assert_eq!(confirmation.foreign_at(), None);
}

#[test]
fn an_event_that_overtakes_the_word_of_its_beat_is_claimed_by_it() {
    let mut confirmation = confirmation();
    assert_eq!(confirmation.seen(at(1005), at(1006)), Seen::Unclaimed);
    let confirmed = confirmation.sent(at(1000));
    assert_eq!(confirmed, Some(Confirmed { sent_at: at(1000), round_trip: Duration::from_millis(6) }));
    assert_eq!(confirmation.foreign(at(60_000)), 0);
    assert!(!confirmation.is_waiting());
}

#[test]
fn an_event_from_before_the_beat_is_not_its() {
    let mut confirmation = confirmation();
    assert_eq!(confirmation.seen(at(900), at(905)), Seen::Unclaimed);
    assert_eq!(confirmation.sent(at(1000)), None);
    assert_eq!(confirmation.foreign(at(2905)), 1);
    assert!(confirmation.is_waiting());
}

#[test]
fn a_record_that_did_not_move_is_the_only_proof_of_refusal() {
    let mut confirmation = confirmation();
    confirmation.sent(at(10_000));
    assert_eq!(confirmation.ask_at(), Some(at(13_000)));
    confirmation.asked(at(13_000));
    assert_eq!(confirmation.ask_at(), None);
    let settled = confirmation.record_read(&read(at(13_000), at(0)));
    assert_eq!((settled.confirmed.len(), settled.unconfirmed.len()), (0, 1));
    assert_eq!(confirmation.unconfirmed_in_a_row(), 1);
}

#[test]
fn a_reading_that_comes_too_soon_refuses_nothing() {
    let mut confirmation = confirmation();
    confirmation.sent(at(10_000));
    assert_eq!(confirmation.record_read(&read(at(10_001), at(0))), Settled::default());
    // Being asked for on behalf of an older beat does not count for this one.
    confirmation.asked(at(10_002));
    assert_eq!(confirmation.ask_at(), Some(at(13_000)));
    assert_eq!(confirmation.record_read(&read(at(13_000), at(10_000))).confirmed, [at(10_000)]);
}

#[test]
fn a_lost_event_is_made_good_by_the_record_and_a_late_one_is_not_foreign() {
    let mut confirmation = confirmation();
    confirmation.sent(at(30_000));
    let settled = confirmation.record_read(&read(at(33_000), at(30_000)));
    assert_eq!(settled.confirmed, [at(30_000)]);
    assert_eq!(confirmation.seen(at(30_010), at(34_000)), Seen::KnownAlready);
    assert_eq!(confirmation.seen(at(50_000), at(50_010)), Seen::Unclaimed);
}

#[test]
fn an_event_that_never_came_does_not_take_the_place_of_the_next() {
    let mut confirmation = confirmation();
    confirmation.sent(at(30_000));
    confirmation.record_read(&read(at(33_000), at(30_000)));
    confirmation.sent(at(60_000));
    assert!(matches!(confirmation.seen(at(60_010), at(60_020)), Seen::Confirmed(_)));
    assert_eq!(confirmation.seen(at(61_000), at(61_010)), Seen::Unclaimed, "a second copy");
}

#[test]
fn a_beat_in_the_second_of_the_registration_is_left_open_until_the_next() {
    for taken in [true, false] {
        let mut confirmation = confirmation();
        confirmation.sent(at(500));
        assert_eq!(confirmation.record_read(&read(at(3500), at(0))), Settled::default());
        confirmation.sent(at(30_500));
        let settled = confirmation.record_read(&read(at(33_500), at(if taken { 30_000 } else { 0 })));
        let both = vec![at(500), at(30_500)];
        assert_eq!((settled.confirmed == both, settled.unconfirmed == both), (taken, !taken));
    }
}

#[test]
fn a_record_that_moved_by_what_went_down_with_the_last_link_is_no_proof_of_the_next_beat() {
    // Their clock may have been set meanwhile.
    for clock_ahead_ms in [0, -35_000, 35_000] {
        let read = |asked_at, last| Reading { clock_ahead_ms, ..read(at(asked_at), last) };
        let mut confirmation = confirmation();
        confirmation.record_read(&read(41_000, at(40_000)));
        confirmation.sent(at(70_000));
        confirmation.link_lost();
        // It arrived all the same, and nobody could see that until now.
        confirmation.sent(at(9_000_000));
        let settled = confirmation.record_read(&read(9_003_100, at(70_000)));
        assert_eq!((settled.confirmed, settled.unconfirmed), (vec![], vec![at(9_000_000)]));
        confirmation.sent(at(9_030_000));
        let settled = confirmation.record_read(&read(9_033_100, at(9_030_000).offset_millis(clock_ahead_ms)));
        assert_eq!(settled.confirmed, [at(9_030_000)]);
    }
}

#[test]
fn what_went_down_with_its_link_can_be_confirmed_but_not_refused() {
    let mut confirmation = confirmation();
    confirmation.sent(at(10_000));
    confirmation.link_lost();
    assert_eq!(confirmation.record_read(&read(at(20_000), at(0))), Settled::default());
    assert_eq!(confirmation.unconfirmed_in_a_row(), 0);

    confirmation.sent(at(30_000));
    confirmation.link_lost();
    assert!(matches!(confirmation.seen(at(30_005), at(30_040)), Seen::Confirmed(_)));

    confirmation.sent(at(50_000));
    confirmation.link_lost();
    confirmation.sent(at(51_000));
    assert!(matches!(confirmation.seen(at(50_005), at(51_001)), Seen::Confirmed(_)));
    assert_eq!(confirmation.seen(at(51_005), at(51_010)), Seen::KnownAlready, "both arrived");
}

#[test]
fn without_a_baseline_the_clock_offset_decides() {
    // The registry's clock is 40 s ahead: its record of our beat reads 40 s later.
    for (reads, confirmed) in [(at(140_000), 1), (at(120_000), 0)] {
        let mut confirmation = Confirmation::new(HALF_MINUTE);
        confirmation.sent(at(100_000));
        let settled = confirmation.record_read(&Reading { clock_ahead_ms: 40_000, ..read(at(103_000), reads) });
        assert_eq!((settled.confirmed.len(), settled.unconfirmed.len()), (confirmed, 1 - confirmed));
    }
}

#[test]
fn a_record_ahead_of_the_registrys_own_clock_does_not_hide_a_refusal() {
    // It registered just now, and then the registry's clock was set back by 90 s.
    let mut confirmation = Confirmation::new(HALF_MINUTE);
    confirmation.sent(at(1000));
    let reading = Reading { clock_ahead_ms: -90_000, ..read(at(4000), at(0)) };
    assert_eq!(confirmation.record_read(&reading).unconfirmed, [at(1000)]);
}

#[test]
fn of_several_beats_the_record_answers_for_the_newest_it_reaches() {
    let mut confirmation = confirmation();
    confirmation.sent(at(30_000));
    confirmation.sent(at(60_000));
    confirmation.sent(at(90_000));
    let settled = confirmation.record_read(&read(at(95_000), at(60_000)));
    assert_eq!(settled.confirmed, [at(30_000), at(60_000)]);
    assert_eq!(confirmation.record_read(&read(at(95_001), at(60_000))).unconfirmed, [at(90_000)]);
}

#[test]
fn a_record_that_moves_while_we_are_silent_is_foreign() {
    let mut confirmation = confirmation();
    assert!(confirmation.record_read(&read(at(40_000), at(30_000))).unclaimed);
    assert!(!confirmation.record_read(&read(at(50_000), at(30_000))).unclaimed);
    assert_eq!(confirmation.seen(at(30_000), at(51_000)), Seen::Unclaimed, "its own event, late");
    assert_eq!(confirmation.foreign(at(60_000)), 1);
}

#[test]
fn a_record_that_moves_by_our_last_beat_is_not_foreign_although_nobody_waits_for_it() {
    let mut confirmation = confirmation();
    confirmation.sent(at(30_000));
    confirmation.forget();
    assert!(!confirmation.record_read(&read(at(40_000), at(30_000))).unclaimed);
    assert!(confirmation.record_read(&read(at(80_000), at(70_000))).unclaimed);
}

/// What happens to one beat in the world outside.
#[derive(Clone, Copy, Debug)]
struct Fate {
    taken: bool,
    /// From sending to the registry's taking it.
    latency: u64,
    /// From taking to seeing the event; nothing when the stream dropped it.
    event: Option<u64>,
    /// From sending to hearing of it.
    word: u64,
    /// A reading of the record so long after sending, by somebody else's wish.
    extra_reading: Option<u64>,
}

fn fate(taken: bool) -> impl Strategy<Value = Fate> {
    let often = |range| proptest::option::weighted(0.8, range);
    (1_u64..800, often(1_u64..1500), 0_u64..1200, proptest::option::weighted(0.5, 0_u64..12_000))
        .prop_map(move |(latency, event, word, extra_reading)| Fate { taken, latency, event, word, extra_reading })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Word { sent_at: Time },
    Event { at: Time },
    Read { asked_at: Time },
}

#[derive(Debug, Default)]
struct Counts {
    confirmed: Vec<Time>,
    unconfirmed: Vec<Time>,
    foreign: usize,
}

/// Plays beats, one every half minute from `start` on; answers what was made of them.
fn play(start: u64, fates: &[Fate]) -> Counts {
    let sent = |number: usize| at(start) + HALF_MINUTE * u32::try_from(number).unwrap();
    let mut queue: Vec<(Time, Happening)> = Vec::new();
    let mut taken: Vec<Time> = vec![at(0)];
    for (number, fate) in fates.iter().enumerate() {
        let millis = Duration::from_millis;
        let sent_at = sent(number);
        queue.push((sent_at + millis(fate.word), Happening::Word { sent_at }));
        if fate.taken {
            let taken_at = sent_at + millis(fate.latency);
            taken.push(taken_at);
            queue.extend(fate.event.map(|after| (taken_at + millis(after), Happening::Event { at: taken_at })));
        }
        let extra = fate.extra_reading.map(|after| sent_at + millis(after));
        queue.extend(extra.map(|asked_at| (asked_at + millis(40), Happening::Read { asked_at })));
    }
    let mut confirmation = confirmation();
    let mut counts = Counts::default();
    queue.sort_unstable();
    let mut queue: VecDeque<(Time, Happening)> = queue.into();
    let end = sent(fates.len()) + HALF_MINUTE;
    loop {
        let next = queue.front().map_or(end, |(when, _)| *when);
        let timer = confirmation.ask_at().into_iter().chain(confirmation.foreign_at()).min();
        if let Some(now) = timer.filter(|timer| *timer <= next) {
            counts.foreign += confirmation.foreign(now) as usize;
            if confirmation.ask_at().is_some_and(|ask| ask <= now) {
                confirmation.asked(now);
                let place = queue.partition_point(|(when, _)| *when <= now + Duration::from_millis(40));
                queue.insert(place, (now + Duration::from_millis(40), Happening::Read { asked_at: now }));
            }
            continue;
        }
        let Some((now, happening)) = queue.pop_front() else { break };
        match happening {
            Happening::Word { sent_at } => {
                counts.confirmed.extend(confirmation.sent(sent_at).map(|confirmed| confirmed.sent_at));
            }
            Happening::Event { at } => {
                if let Seen::Confirmed(confirmed) = confirmation.seen(at, now) {
                    counts.confirmed.push(confirmed.sent_at);
                }
            }
            Happening::Read { asked_at } => {
                let reads = taken.iter().rev().find(|taken| **taken <= asked_at).copied().unwrap();
                let whole = Time::from_millis(reads.as_millis() / 1000 * 1000);
                let settled = confirmation.record_read(&Reading { answered_at: now, ..read(asked_at, whole) });
                counts.confirmed.extend(settled.confirmed);
                counts.unconfirmed.extend(settled.unconfirmed);
            }
        }
    }
    counts
}

proptest! {
    /// Word, event and record may overtake each other, and events may be dropped: a beat that was taken is confirmed, once,
    /// and nothing is foreign.
    #[test]
    fn what_was_taken_is_confirmed_once_in_whatever_order_the_witnesses_speak(
        start in 0_u64..5000,
        fates in prop::collection::vec(fate(true), 1..12),
    ) {
        let counts = play(start, &fates);
        // Without an event, one in the second of the registration, or one that a reading told of before its own word came,
        // waits for the next.
        let told_before = |fate: &Fate| fate.extra_reading.is_some_and(|after| after + 40 <= fate.word);
        let decided = |(number, fate): (usize, &Fate)| {
            fate.event.is_some() || !(told_before(fate) || number == 0 && start < 3000)
        };
        let decided = fates.iter().enumerate().filter(|beat| decided(*beat)).map(|(number, _)| number + 1).max();
        prop_assert!(counts.confirmed.len() >= decided.unwrap_or(0), "{:?}", counts);
        prop_assert!(counts.confirmed.len() <= fates.len(), "{:?}", counts);
        prop_assert_eq!((counts.unconfirmed.len(), counts.foreign), (0, 0), "{:?}", counts);
    }

    /// A beat that was refused is never confirmed, and all are told, whatever is read in between.
    #[test]
    fn what_was_refused_is_told_and_never_confirmed(
        start in 0_u64..5000,
        fates in prop::collection::vec(fate(false), 2..12),
    ) {
        let counts = play(start, &fates);
        prop_assert_eq!((counts.unconfirmed.len(), counts.confirmed.len(), counts.foreign), (fates.len(), 0, 0), "{:?}", counts);
    }
}

#[test]
fn an_event_that_was_lost_does_not_shift_those_that_follow() {
    let confirmed = |sent_at| Seen::Confirmed(Confirmed { sent_at: at(sent_at), round_trip: Duration::from_millis(5) });
    let mut confirmation = confirmation();
    confirmation.sent(at(0));
    // Its event never comes. The next one's comes after the word of its beat, the one after that before it.
    confirmation.sent(at(30_000));
    assert_eq!(confirmation.seen_with_its_time(at(30_001), at(30_005)), confirmed(30_000));
    confirmation.sent(at(60_000));
    assert_eq!(confirmation.seen_with_its_time(at(90_001), at(90_004)), Seen::Unclaimed);
    assert!(confirmation.sent(at(90_000)).is_some_and(|confirmed| confirmed.sent_at == at(90_000)));
    assert!(!confirmation.is_waiting());
    // A clock that was set an hour ahead makes nothing of it foreign.
    confirmation.sent(at(120_000));
    assert_eq!(confirmation.seen_with_its_time(at(3_720_000), at(120_005)), confirmed(120_000));
}
