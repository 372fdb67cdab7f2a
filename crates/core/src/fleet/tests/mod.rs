#![expect(clippy::wildcard_enum_match_arm, reason = "a test picks out the rows it is about")]

mod absence;
mod bus;
mod causes;
mod copies;
mod dialect;
mod properties;
mod runs;
mod seen_late;
mod snooze;
mod team;

use super::*;
use crate::alert::{AlertRules, Incident};
use crate::dialect::DialectChoice;
use crate::failure::Fatal;
use crate::failure::Transient;
use crate::history::{HistoryRow, Span, Turns};
use crate::identity::{EntityKind, PublicKey};
use crate::link::LinkReport;
use crate::liveness::Liveness;
use crate::liveness::Thresholds;
use crate::notice::Notice;
use crate::notice::NoticeKind;
use crate::view::AgentRow;
use crate::view::BeatsBy;
use crate::witness::RecordFacts;

const START: u64 = 1_800_000_000_000;

fn at(seconds: u64) -> Time {
    Time::from_millis(START + seconds * 1000)
}

fn key(number: u8) -> PublicKey {
    PublicKey::from_bytes([number; 32])
}

fn id(number: u8) -> EntityId {
    EntityId::from_key(&key(number), EntityKind::Agent)
}

fn settings(number: u8, beats_by: BeatsBy) -> AgentSettings {
    AgentSettings {
        id: id(number),
        name: format!("agent-{number}"),
        registry: "r".into(),
        interval: Duration::from_secs(30),
        beats_by,
        paused: false,
        probed: false,
        run: None,
        truthful: false,
        tags: Vec::new(),
        project: None,
        only_seen: false,
        team: None,
        alerts: AlertRules::default().into(),
    }
}

fn heard(activity: Activity, now: Time) -> FleetEvent {
    FleetEvent::Activity { registry: "r".into(), activity, heard_at: now }
}

fn registry() -> RegistrySettings {
    RegistrySettings {
        name: "r".into(),
        url: "https://r.example".into(),
        dialect: DialectChoice::Zynd,
        known_dialect: None,
        thresholds: Thresholds::default().into(),
        bus: None,
        demo: false,
        remote: true,
    }
}

/// A fleet of one, with what it asked for.
struct Scene {
    fleet: Fleet,
    notices: Vec<Notice>,
    kept: Vec<HistoryRow>,
    other: Vec<FleetAction>,
    now: Time,
}

impl Scene {
    fn new(beats_by: BeatsBy) -> Self {
        Self::with_past(beats_by, Past::default(), at(0))
    }

    fn with_past(beats_by: BeatsBy, past: Past, now: Time) -> Self {
        let mut scene = Self { fleet: Fleet::default(), notices: Vec::new(), kept: Vec::new(), other: Vec::new(), now };
        scene.on(FleetEvent::RegistrySet(registry()), now);
        scene.on(FleetEvent::AgentAdded(settings(1, beats_by), Box::new(past)), now);
        scene
    }

    fn on(&mut self, event: FleetEvent, now: Time) {
        self.now = self.now.max(now);
        self.fleet.handle(event, now);
        while let Some(action) = self.fleet.poll_action() {
            match action {
                FleetAction::Show(notice) => self.notices.push(notice),
                FleetAction::Keep(row) => self.kept.push(row),
                other => self.other.push(other),
            }
        }
    }

    /// Lets time pass, serving every deadline on the way.
    fn until(&mut self, now: Time) {
        while let Some(due) = self.fleet.poll_timeout().filter(|due| *due <= now) {
            self.on(FleetEvent::Timeout, due);
        }
    }

    fn link(&mut self, report: LinkReport, now: Time) {
        self.on(FleetEvent::Link(id(1), report), now);
    }

    fn beat_seen(&mut self, now: Time) {
        self.on(heard(Activity::Heartbeat { id: id(1), at: now }, now), now);
    }

    fn open_and_beat(&mut self, now: Time) {
        self.link(LinkReport::Dialling { attempt: 1 }, now);
        self.link(LinkReport::Opened, now);
        self.our_beat(now);
    }

    fn our_beat(&mut self, now: Time) {
        self.link(LinkReport::Sent { at: now }, now);
        self.beat_seen(now + Duration::from_millis(40));
    }

    fn record(&mut self, asked: Time, heartbeat: Time) {
        let facts = RecordFacts {
            public_key: Some(key(1)),
            status: Some("active".into()),
            last_heartbeat: Some(heartbeat),
            registered_at: Some(at(0) - Duration::from_secs(1000)),
            ..RecordFacts::default()
        };
        self.on(FleetEvent::Record { id: id(1), asked_at: asked, facts: Some(facts) }, asked);
    }

    fn row(&self) -> AgentRow {
        self.fleet.row(&id(1)).unwrap()
    }

    fn chart(&self) -> Chart {
        self.fleet.chart(&id(1)).unwrap()
    }

    /// Its beats of the last 24 hours.
    fn strip(&self) -> Vec<StripSpan> {
        self.fleet.strip(&id(1), STRIP, self.now).unwrap().spans
    }

    /// What it would bring along into another run.
    fn past(&self) -> Past {
        let memory = self.kept.iter().rev().find_map(|row| match row {
            HistoryRow::Memory(memory) => Some(memory.clone()),
            _ => None,
        });
        // As the history has it: a row that is written again replaces the earlier one.
        let mut spans = BTreeMap::new();
        for row in &self.kept {
            if let HistoryRow::Span(Span { kind, cause, from, to, beats, .. }) = row {
                let span = StripSpan { kind: *kind, cause: cause.clone(), from: *from, to: *to, beats: *beats };
                spans.insert(*from, span);
            }
        }
        let incident = self.kept.iter().rev().find_map(|row| match row {
            HistoryRow::Incident(incident) => Some(Incident::clone(incident)),
            _ => None,
        });
        let snoozed_until = self.kept.iter().rev().find_map(|row| match row {
            HistoryRow::Snooze(_, until) => Some(*until),
            _ => None,
        });
        Past {
            memory,
            strip: spans.into_values().collect(),
            reconnected: vec![at(0)],
            incident: incident.filter(|incident| incident.resolved_at.is_none()),
            snoozed_until: snoozed_until.flatten(),
            turns: Turns::default(),
            usage: None,
        }
    }

    fn told(&self) -> Vec<NoticeKind> {
        self.notices.iter().map(|notice| notice.kind).collect()
    }
}

#[test]
fn a_beat_that_was_sent_and_seen_makes_it_active() {
    let mut scene = Scene::new(BeatsBy::App);
    assert_eq!(scene.row().liveness, Liveness::Unknown);
    scene.open_and_beat(at(1));
    let row = scene.row();
    assert_eq!((row.liveness, row.verdict.code), (Liveness::Active, "ok"));
    assert_eq!((row.beats.sent, row.beats.confirmed, row.beats.foreign), (1, 1, 0));
    assert_eq!(row.round_trip_ms, Some(40));
    assert_eq!(row.flips_at, Some(at(301)));
    assert!(scene.other.contains(&FleetAction::Confirmed(id(1))));
}

#[test]
fn silence_goes_late_stale_offline_and_tells_twice() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.link(LinkReport::Closed { code: 1006, failure: Some(Transient::Refused.into()) }, at(5));
    scene.link(LinkReport::Waiting { until: at(6), failure: Transient::Refused.into() }, at(5));
    for (second, expected) in [
        (89, Liveness::Active),
        (90, Liveness::Late),
        (300, Liveness::Stale),
        (899, Liveness::Stale),
        (900, Liveness::Offline),
        (90_000, Liveness::Offline),
    ] {
        scene.until(at(second));
        assert_eq!(scene.row().liveness, expected, "after {second} s");
    }
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Offline]);
    assert_eq!(scene.notices[0].title, "agent-1 went stale");
    assert!(scene.notices[0].body.contains("connection refused"), "{}", scene.notices[0].body);
    assert!(scene.notices[0].body.contains("5 min ago"), "{}", scene.notices[0].body);
}

#[test]
fn recovery_is_told_after_two_good_beats_and_only_after_an_alert() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.until(at(200));
    scene.our_beat(at(200));
    scene.our_beat(at(230));
    assert_eq!(scene.told(), [], "late was never told, so its end is not told either");
    scene.until(at(600));
    assert_eq!(scene.told(), [NoticeKind::Stale]);
    scene.our_beat(at(600));
    assert_eq!(scene.told().len(), 1, "one good beat is not yet a recovery");
    scene.our_beat(at(630));
    assert_eq!(scene.told(), [NoticeKind::Stale, NoticeKind::Recovered]);
    assert!(scene.notices[1].body.contains("after 7 min"), "{}", scene.notices[1].body);
    scene.our_beat(at(660));
    assert_eq!(scene.told().len(), 2);
}

#[test]
fn beats_that_the_record_never_shows_are_refused_and_the_clock_is_named() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.on(
        FleetEvent::RegistryAnswer {
            registry: "r".into(),
            problem: None,
            reached: true,
            clock_ahead_ms: Some(-90_000),
        },
        at(0),
    );
    scene.record(at(0), at(0) - Duration::from_secs(1000));
    scene.link(LinkReport::Dialling { attempt: 1 }, at(1));
    scene.link(LinkReport::Opened, at(1));
    for second in [1, 31] {
        scene.link(LinkReport::Sent { at: at(second) }, at(second));
        scene.until(at(second + 3));
        assert_eq!(scene.other.pop(), Some(FleetAction::ReadRecord(id(1))));
        scene.record(at(second + 3), at(0) - Duration::from_secs(1000));
    }
    let row = scene.row();
    assert_eq!(row.beats.unconfirmed, 2);
    assert_eq!(row.verdict.code, "clock.own");
    assert!(row.verdict.sentence.contains("90 s ahead"), "{}", row.verdict.sentence);
    assert_eq!(row.liveness, Liveness::Inactive);
}

#[test]
fn a_fresh_record_is_no_beat() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.record(at(5), at(0) - Duration::from_secs(1000));
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Inactive, "agent.never_beat"));
    scene.until(at(100_000));
    assert_eq!(scene.told(), []);
}

#[test]
fn a_watched_agent_is_followed_by_poll_when_there_is_no_stream() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.record(at(5), at(3));
    assert_eq!((scene.row().liveness, scene.row().verdict.code), (Liveness::Active, "ok.watched"));
    scene.record(at(100), at(93));
    assert_eq!(scene.row().last_confirmed_at, Some(at(93)));
    assert_eq!(scene.row().beats.confirmed, 2);
}

#[test]
fn a_watched_agents_connection_is_what_was_seen_of_it() {
    let mut scene = Scene::new(BeatsBy::Agent);
    let active = |now| heard(Activity::BecameActive { id: id(1), at: now }, now);
    // It was connected before anybody watched.
    scene.beat_seen(at(10));
    scene.beat_seen(at(40));
    let open = scene.fleet.current_connection(&id(1)).unwrap().clone();
    assert_eq!((open.opened_at, open.confirmed), (Some(at(10)), 2));

    // It falls silent for good, then comes back on a new one, which is a reconnection.
    scene.until(at(2000));
    assert!(scene.fleet.current_connection(&id(1)).is_none());
    scene.on(active(at(2100)), at(2100));
    scene.beat_seen(at(2100));
    assert_eq!(scene.row().reconnects_24h, 1);

    // It was only suspended: the same socket goes on, as far as anybody knows.
    scene.until(at(5000));
    scene.beat_seen(at(5000));
    assert_eq!(scene.row().reconnects_24h, 1);
    let closed: Vec<_> = scene
        .kept
        .iter()
        .filter_map(|row| match row {
            HistoryRow::Connection(connection) if connection.closed_at.is_some() => Some(connection.closed_at),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [Some(at(40)), Some(at(2100))]);
}

#[test]
fn a_deleted_record_blocks_the_link_and_its_return_frees_it() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.on(FleetEvent::Record { id: id(1), asked_at: at(9), facts: None }, at(9));
    assert!(scene.other.contains(&FleetAction::Block(id(1), Fatal::NotRegistered)));
    assert_eq!(scene.row().verdict.code, "registry.deleted");
    scene.record(at(20), at(19));
    assert!(scene.other.contains(&FleetAction::Unblock(id(1))));
}

#[test]
fn a_record_with_another_key_is_a_mismatch() {
    let mut scene = Scene::new(BeatsBy::App);
    let facts = RecordFacts { public_key: Some(key(9)), status: Some("active".into()), ..RecordFacts::default() };
    scene.on(FleetEvent::Record { id: id(1), asked_at: at(1), facts: Some(facts) }, at(1));
    assert_eq!(scene.row().verdict.code, "key.mismatch");
    assert!(scene.other.contains(&FleetAction::Block(id(1), Fatal::KeyMismatch)));
}

#[test]
fn reconnects_are_counted_with_their_attempts_and_waits() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.open_and_beat(at(0));
    scene.link(
        LinkReport::Closed { code: 1006, failure: Some(Transient::Broken { detail: String::new() }.into()) },
        at(40),
    );
    scene.link(
        LinkReport::Waiting { until: at(41), failure: Transient::Broken { detail: String::new() }.into() },
        at(40),
    );
    scene.link(LinkReport::Dialling { attempt: 1 }, at(41));
    scene.link(LinkReport::Waiting { until: at(43), failure: Transient::Refused.into() }, at(41));
    scene.link(LinkReport::Dialling { attempt: 2 }, at(43));
    scene.link(LinkReport::Opened, at(43));
    assert_eq!(scene.row().reconnects_24h, 1);
    let connection = scene.fleet.current_connection(&id(1)).unwrap();
    assert_eq!((connection.attempts, connection.waits_ms.as_slice()), (2, [1000, 2000].as_slice()));
    let closed = scene.kept.iter().find_map(|row| match row {
        HistoryRow::Connection(connection) if connection.closed_at.is_some() => Some(connection),
        _ => None,
    });
    let closed = closed.unwrap();
    assert_eq!((closed.close_code, closed.cause.as_deref(), closed.beats), (Some(1006), Some("link.broken"), 1));
}

#[test]
fn what_a_registry_cannot_be_asked_is_said_and_not_blamed_on_the_agent() {
    let mut scene = Scene::new(BeatsBy::Agent);
    scene.record(at(5), at(3));
    scene.on(
        FleetEvent::RegistryAnswer {
            registry: "r".into(),
            problem: Some("connection refused".into()),
            reached: false,
            clock_ahead_ms: None,
        },
        at(20),
    );
    scene.until(at(1000));
    assert_eq!(scene.fleet.registry_health()[0].problem_since, Some(at(20)));
    assert_eq!(scene.row().verdict.code, "registry.unreachable");
    assert!(scene.notices[0].body.contains("connection refused"));
}
