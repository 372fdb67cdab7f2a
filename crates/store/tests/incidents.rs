//! Alerts are kept with everything that belongs to them, until they are over and old.

mod common;

use std::collections::HashMap;
use std::slice::from_ref;

use beatkeeper_core::alert::{DeliveryState, Drill, Fault, Held, Incident, IncidentCursor, Resolution};
use beatkeeper_core::history::{HistoryRow, Transition, Turns};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_store::{LARGEST_BLACK_BOX, Writer};
use common::{
    agent, at, black_box, delivery, drill, eventually, incident, memory, notice, notice_id, open, transition,
};

fn keep(writer: &Writer, incident: &Incident) {
    writer.send(HistoryRow::Incident(Box::new(incident.clone())));
}

fn send(writer: &Writer, of: u64, channel: &str, state: DeliveryState, when: u64) {
    writer.send(HistoryRow::Delivery(delivery(of, channel, state, when)));
}

/// One of which everything is known.
fn full(of: u32, opened: u64) -> Incident {
    Incident {
        last_beat: Some(at(0)),
        worst: Liveness::Offline,
        fault: Fault::OwnNetwork,
        flapping: true,
        told_at: Some(at(opened + 1)),
        told: Some(NoticeKind::Flapping),
        notice: Some(notice_id(opened)),
        escalated_at: Some(at(opened + 2)),
        held: Some(Held::Acknowledged),
        acknowledged_at: Some(at(opened + 3)),
        acknowledged_until: Some(at(opened + 86_400_000)),
        resolved_at: Some(at(opened + 10)),
        resolution: Some(Resolution::Meanwhile),
        drill: true,
        ..incident(of, opened)
    }
}

#[test]
fn rows_are_read_as_they_were_written_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let (bare, over) = (incident(1, 20_000), full(2, 10_000));
    keep(&writer, &bare);
    keep(&writer, &over);
    writer.send(black_box(2, 10_000));
    let told = notice(10_000, &[2, 3]);
    writer.send(HistoryRow::Notice(Box::new(told.clone())));
    send(&writer, 10_000, "team", DeliveryState::Waiting, 10_001);
    send(&writer, 10_000, "desktop", DeliveryState::Delivered, 10_002);
    writer.send(HistoryRow::Snooze(agent(1), Some(at(99))));
    writer.send(HistoryRow::Pause(Some(at(77))));
    writer.send(HistoryRow::Drill(drill(2, 9_000)));
    writer.close().unwrap();

    let reader = open(directory.path()).reader().unwrap();
    assert_eq!(reader.incidents(None, false, 9, None).unwrap(), [bare.clone(), over.clone()]);
    assert_eq!(reader.incidents(Some(&agent(2)), false, 9, None).unwrap(), from_ref(&over));
    assert_eq!(reader.incidents(Some(&agent(2)), true, 9, None).unwrap(), []);
    assert_eq!(reader.incidents(Some(&agent(3)), false, 9, None).unwrap(), []);
    assert_eq!(reader.open_incidents().unwrap(), from_ref(&bare));
    assert_eq!(reader.black_box(&agent(2), at(10_000)).unwrap().as_deref(), Some("{\"of\":2}"));
    assert_eq!(reader.black_box(&agent(2), at(10_001)).unwrap(), None);
    assert_eq!(reader.has_black_box(&[bare, over]).unwrap(), [false, true]);
    assert_eq!(reader.notices(&[notice_id(1), notice_id(10_000)]).unwrap(), from_ref(&told));
    let waiting = delivery(10_000, "team", DeliveryState::Waiting, 10_001);
    assert_eq!(
        reader.deliveries_of(&[notice_id(1), notice_id(10_000)]).unwrap(),
        [delivery(10_000, "desktop", DeliveryState::Delivered, 10_002), waiting.clone()]
    );
    assert_eq!(reader.deliveries_waiting().unwrap(), [(waiting, told)]);
    assert_eq!(reader.dead_letters(9).unwrap(), []);
    assert_eq!(reader.snoozes().unwrap(), HashMap::from([(agent(1), at(99))]));
    assert_eq!(reader.paused_until().unwrap(), Some(at(77)));
    assert_eq!(reader.last_notice().unwrap(), Some(notice_id(10_000)));
    assert_eq!(reader.drills(9).unwrap(), [drill(2, 9_000)]);
}

#[test]
fn a_row_with_the_same_key_replaces_the_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    let ended = Drill { ended_at: Some(at(50)), ..drill(1, 5) };
    for flush_between in [false, true] {
        let between = || if flush_between { writer.flush() } else { Ok(()) };
        keep(&writer, &incident(1, 5));
        writer.send(HistoryRow::Notice(Box::new(notice(5, &[1]))));
        send(&writer, 5, "team", DeliveryState::Waiting, 6);
        writer.send(HistoryRow::Snooze(agent(1), Some(at(99))));
        writer.send(HistoryRow::Pause(Some(at(99))));
        writer.send(HistoryRow::Drill(drill(1, 5)));
        between().unwrap();
        keep(&writer, &full(1, 5));
        writer.send(HistoryRow::Notice(Box::new(notice(5, &[1, 2]))));
        send(&writer, 5, "team", DeliveryState::Dead, 7);
        writer.send(HistoryRow::Snooze(agent(1), None));
        writer.send(HistoryRow::Pause(None));
        writer.send(HistoryRow::Drill(ended.clone()));
        writer.flush().unwrap();

        assert_eq!(reader.incidents(None, false, 9, None).unwrap(), [full(1, 5)]);
        assert_eq!(reader.open_incidents().unwrap(), []);
        assert_eq!(reader.deliveries_waiting().unwrap(), []);
        let dead = (delivery(5, "team", DeliveryState::Dead, 7), notice(5, &[1, 2]));
        assert_eq!(reader.dead_letters(9).unwrap(), [dead]);
        assert_eq!((reader.snoozes().unwrap(), reader.paused_until().unwrap()), (HashMap::new(), None));
        assert_eq!(reader.drills(9).unwrap(), from_ref(&ended));
    }
}

#[test]
fn pages_of_incidents_have_each_of_them_once_however_many_began_together() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    // In one millisecond: a few, more than any page has, one, and several again.
    let together = [(5, 3), (4, 9), (3, 1), (1, 4)];
    for (when, of) in together.into_iter().flat_map(|(when, agents)| (0..agents).map(move |of| (when, of))) {
        let over = Incident { resolved_at: Some(at(when + 1)), ..incident(of, when) };
        keep(&writer, &if of == 0 { incident(of, when) } else { over });
    }
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    for (agent, open_only, count) in [
        (None, false, 17),
        (None, true, 4),
        (Some(agent(0)), true, 4),
        (Some(agent(2)), false, 3),
        (Some(agent(2)), true, 0),
        (Some(agent(99)), false, 0),
    ] {
        let whole = reader.incidents(agent.as_ref(), open_only, u32::MAX, None).unwrap();
        assert_eq!(whole.len(), count, "{agent:?} {open_only}");
        assert!(
            whole.is_sorted_by(|a, b| a.opened_at > b.opened_at || (a.opened_at == b.opened_at && a.agent < b.agent))
        );
        for limit in 1..=whole.len() + 1 {
            let mut seen: Vec<Incident> = Vec::new();
            loop {
                let behind = seen.last().map(IncidentCursor::behind);
                let page = reader.incidents(agent.as_ref(), open_only, limit as u32, behind.as_ref()).unwrap();
                if page.is_empty() {
                    break;
                }
                assert!(page.len() <= limit, "{agent:?} {open_only}: {} of {limit}", page.len());
                seen.extend(page);
            }
            assert_eq!(seen, whole, "{agent:?} {open_only} by {limit}");
        }
    }
    let before = |when| reader.incidents(None, false, 99, Some(&IncidentCursor::at(at(when)))).unwrap().len();
    assert_eq!([6, 5, 4, 1].map(before), [17, 14, 5, 0], "a moment alone has nothing of that moment");
    assert_eq!(reader.incidents(None, false, 0, None).unwrap(), []);
}

#[test]
fn what_waits_and_what_is_dead_is_in_the_order_in_which_it_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    for (number, when) in [(1, 30), (2, 10), (3, 20)] {
        writer.send(HistoryRow::Notice(Box::new(notice(number, &[1]))));
        send(&writer, number, "team", DeliveryState::Waiting, when);
        send(&writer, number, "mail", DeliveryState::Dead, when);
    }
    // Its notice never came: nothing can be sent.
    send(&writer, 4, "team", DeliveryState::Waiting, 40);
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    let ids = |rows: Vec<(_, beatkeeper_core::notice::Notice)>| rows.into_iter().map(|(_, n)| n.id).collect::<Vec<_>>();
    assert_eq!(ids(reader.deliveries_waiting().unwrap()), [2, 3, 1].map(notice_id));
    assert_eq!(ids(reader.dead_letters(2).unwrap()), [1, 3].map(notice_id));
}

#[test]
fn a_problem_in_a_servers_words_is_cut_and_a_box_that_is_too_large_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let mut refused = delivery(1, "team", DeliveryState::Dead, 1);
    refused.problem = Some("ä".repeat(100_000));
    writer.send(HistoryRow::Delivery(refused));
    keep(&writer, &incident(1, 0));
    for (of, length) in [(1, LARGEST_BLACK_BOX), (2, LARGEST_BLACK_BOX + 1)] {
        writer.send(HistoryRow::BlackBox { agent: agent(of), opened_at: at(0), json: "x".repeat(length) });
    }
    assert_eq!(writer.dropped(), 1);
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    assert_eq!(reader.deliveries_of(&[notice_id(1)]).unwrap()[0].problem, Some("ä".repeat(1_000)));
    assert_eq!(reader.black_box(&agent(1), at(0)).unwrap().map(|json| json.len()), Some(LARGEST_BLACK_BOX));
    assert_eq!(reader.has_black_box(&[incident(1, 0), incident(2, 0)]).unwrap(), [true, false]);
}

#[test]
fn turns_are_changes_between_beating_and_missing() {
    use Liveness::{Active, Inactive, Late, Offline, Stale, Stopped, Unknown};
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let states = [Unknown, Active, Late, Stale, Offline, Active, Stale, Stopped, Active, Offline, Inactive];
    for (when, pair) in states.windows(2).enumerate() {
        writer.send(HistoryRow::Transition(transition(1, when as u64 * 10, pair[0], pair[1])));
    }
    writer.flush().unwrap();
    let reader = writer.reader().unwrap();
    let turns = |counted: &[u64]| Turns { counted: counted.iter().copied().map(at).collect(), gone_unseen: false };
    assert_eq!(reader.turns(&agent(1), at(0)).unwrap(), turns(&[80]), "a stop ends what was counted before");
    assert_eq!(reader.turns(&agent(1), at(90)).unwrap(), turns(&[]));
    assert_eq!(reader.turns(&agent(2), at(0)).unwrap(), turns(&[]));

    let unseen = Transition { counts: false, ..transition(1, 200, Active, Late) };
    writer.send(HistoryRow::Transition(transition(1, 150, Offline, Active)));
    writer.send(HistoryRow::Transition(unseen));
    writer.flush().unwrap();
    assert_eq!(reader.turns(&agent(1), at(0)).unwrap(), Turns { gone_unseen: true, ..turns(&[80, 150]) });
}

#[test]
fn a_forgotten_agent_leaves_no_alert_and_those_of_others_stay() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    for of in [1, 2] {
        keep(&writer, &incident(of, 10));
        writer.send(black_box(of, 10));
        writer.send(HistoryRow::Snooze(agent(of), Some(at(99))));
        writer.send(HistoryRow::Drill(drill(of, 5)));
    }
    for (number, of) in [(10, vec![1]), (11, vec![1, 2]), (12, vec![2])] {
        writer.send(HistoryRow::Notice(Box::new(notice(number, &of))));
        send(&writer, number, "team", DeliveryState::Waiting, number);
    }
    writer.flush().unwrap();
    writer.forget(&agent(1));
    // What was still being frozen comes too late.
    writer.send(black_box(1, 10));
    // What ends a snooze that nobody knows any more brings nothing back.
    writer.send(HistoryRow::Snooze(agent(1), None));
    writer.flush().unwrap();

    let reader = writer.reader().unwrap();
    assert_eq!(reader.incidents(None, false, 9, None).unwrap(), [incident(2, 10)]);
    assert_eq!(reader.has_black_box(&[incident(1, 10), incident(2, 10)]).unwrap(), [false, true]);
    assert_eq!(reader.snoozes().unwrap(), HashMap::from([(agent(2), at(99))]));
    assert_eq!(reader.drills(9).unwrap(), [drill(2, 5)]);
    assert_eq!(reader.notices(&[10, 11, 12].map(notice_id)).unwrap(), [notice(11, &[2]), notice(12, &[2])]);
    assert_eq!(reader.deliveries_waiting().unwrap().len(), 2);
    assert!(reader.deliveries_of(&[notice_id(10)]).unwrap().is_empty());
}

#[test]
fn pruning_takes_what_is_over_and_leaves_what_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    let over = |of, opened, resolved| Incident {
        sentence: format!("It was over at {resolved}."),
        resolved_at: Some(at(resolved)),
        ..incident(of, opened)
    };
    let long = Incident { notice: Some(notice_id(4)), ..incident(2, 4) };
    for incident in [over(1, 1, 500), over(1, 600, 1_000), long.clone()] {
        keep(&writer, &incident);
        writer.send(HistoryRow::BlackBox {
            agent: incident.agent.clone(),
            opened_at: incident.opened_at,
            json: "{}".into(),
        });
    }
    for number in [1, 2, 3, 4, 1_001] {
        writer.send(HistoryRow::Notice(Box::new(notice(number, &[1]))));
        send(&writer, number, "desktop", DeliveryState::Delivered, number);
    }
    send(&writer, 2, "team", DeliveryState::Waiting, 2);
    send(&writer, 3, "team", DeliveryState::Dead, 3);
    // Its notice was forgotten while it was being sent.
    send(&writer, 5, "team", DeliveryState::Waiting, 5);
    writer.send(HistoryRow::Snooze(agent(1), Some(at(1))));
    for of in 0..120 {
        writer.send(HistoryRow::Drill(drill(of, u64::from(of))));
    }
    writer.flush().unwrap();
    writer.prune(at(1_000));

    eventually("old drills are gone", || reader.drills(u32::MAX).unwrap().len() == 100);
    assert_eq!(reader.drills(1).unwrap(), [drill(119, 119)]);
    assert_eq!(reader.incidents(None, false, 9, None).unwrap(), [over(1, 600, 1_000), long.clone()]);
    assert_eq!(reader.has_black_box(&[over(1, 1, 500), over(1, 600, 1_000), long]).unwrap(), [false, true, true]);
    let kept = |number| {
        let notices = reader.notices(&[notice_id(number)]).unwrap().len();
        (notices, reader.deliveries_of(&[notice_id(number)]).unwrap().len())
    };
    // Over and old; it waits, so the notice stays, and so on.
    assert_eq!([1, 2, 3, 4, 5, 1_001].map(kept), [(0, 0), (1, 1), (0, 0), (1, 1), (0, 0), (1, 1)]);
    assert_eq!(reader.snoozes().unwrap().len(), 1);
    // Sentences go with the last incident that says them, and no sooner.
    let connection = rusqlite::Connection::open(writer.path()).unwrap();
    let says = |sentence: &str| -> bool {
        let query = "SELECT EXISTS (SELECT 1 FROM texts WHERE text = ?1)";
        connection.query_row(query, [sentence], |row| row.get(0)).unwrap()
    };
    eventually("a sentence is gone", || !says("It was over at 500."));
    assert!(says("It was over at 1000.") && says(&incident(1, 0).sentence) && says("link.refused"));
    assert_eq!(writer.problem(), None);
}

#[test]
fn what_is_too_much_is_deleted_however_new_but_never_what_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path());
    let reader = writer.reader().unwrap();
    keep(&writer, &Incident { notice: Some(notice_id(1)), ..incident(0, 0) });
    // All in one millisecond, as when a registry goes.
    for of in 0..700 {
        writer.send(black_box(of, 0));
    }
    for number in 0..10_600 {
        writer.send(HistoryRow::Notice(Box::new(notice(number, &[1]))));
    }
    send(&writer, 0, "team", DeliveryState::Waiting, 0);
    writer.send(HistoryRow::Memory(memory(1, Liveness::Active, 0)));
    writer.flush().unwrap();
    writer.prune(beatkeeper_core::time::Time::from_millis(1));

    let boxes: Vec<Incident> = (0..700).map(|of| incident(of, 0)).collect();
    let count = || reader.has_black_box(&boxes).unwrap().into_iter().filter(|has| *has).count();
    eventually("some black boxes are gone", || count() <= 501);
    assert!(reader.has_black_box(&boxes[..1]).unwrap()[0], "of the open incident");
    let ids: Vec<_> = (0..10_600).map(notice_id).collect();
    eventually("some notices are gone", || reader.notices(&ids).unwrap().len() == 10_002);
    assert_eq!(reader.notices(&ids[..3]).unwrap(), [notice(0, &[1]), notice(1, &[1])]);
    assert_eq!(reader.deliveries_waiting().unwrap().len(), 1);
}

#[test]
fn deliveries_follow_a_channel_to_its_new_name_and_not_to_a_later_one_of_the_old() {
    for flush_between in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let writer = open(directory.path());
        let between = || if flush_between { writer.flush() } else { Ok(()) };
        for number in 1..=4 {
            writer.send(HistoryRow::Notice(Box::new(notice(number, &[1]))));
        }
        send(&writer, 1, "team", DeliveryState::Waiting, 1);
        send(&writer, 2, "team", DeliveryState::Dead, 2);
        // What an earlier channel left that was called like this.
        send(&writer, 2, "crew", DeliveryState::Dead, 1);
        send(&writer, 3, "crew", DeliveryState::Dead, 3);
        between().unwrap();
        writer.rename_channel("team", "crew");
        between().unwrap();
        send(&writer, 4, "team", DeliveryState::Waiting, 4);
        send(&writer, 1, "crew", DeliveryState::Waiting, 5);
        writer.close().unwrap();

        let reader = open(directory.path()).reader().unwrap();
        let deliveries = reader.deliveries_of(&[1, 2, 3, 4].map(notice_id)).unwrap();
        assert_eq!(
            deliveries,
            [
                delivery(1, "crew", DeliveryState::Waiting, 5),
                delivery(2, "crew", DeliveryState::Dead, 2),
                delivery(3, "crew", DeliveryState::Dead, 3),
                delivery(4, "team", DeliveryState::Waiting, 4),
            ],
            "flushed between: {flush_between}"
        );
    }
}
