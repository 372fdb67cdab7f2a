//! Agents of a Redis bus, configured or only seen.

use super::*;
use crate::liveness::Profile;
use crate::view::{BusState, BusView};
use crate::wire::redis_bus::{Heard, Unusable};

fn bus(most_seen: u32) -> RegistrySettings {
    RegistrySettings {
        name: "team".into(),
        url: "redis://r.example".into(),
        dialect: DialectChoice::Redis,
        thresholds: Profile::InIntervals { missing: 1, failed: 3 },
        bus: Some(BusSettings { most_seen, alerts: AlertRules::default().into() }),
        ..registry()
    }
}

fn on_bus(name: &str) -> EntityId {
    EntityId::on_bus("team", name).unwrap()
}

fn beat(name: &str, sequence: u64, now: Time) -> Heard {
    Heard {
        name: name.into(),
        at: Some(now),
        sequence: Some(sequence),
        status: Some("healthy".into()),
        interval_ms: Some(30_000),
        ..Heard::default()
    }
}

struct Bus {
    scene: Scene,
}

impl Bus {
    fn with_room_for(most_seen: u32) -> Self {
        let mut scene = Scene::new(BeatsBy::Agent);
        scene.on(FleetEvent::RegistrySet(bus(most_seen)), at(0));
        Self { scene }
    }

    fn says(&mut self, word: BusWord, now: Time) {
        self.scene.on(FleetEvent::Bus { bus: "team".into(), word: Box::new(word), heard_at: now }, now);
    }

    fn beats(&mut self, name: &str, sequence: u64, now: Time) {
        self.says(BusWord::Beat(beat(name, sequence, now)), now);
    }

    fn row(&self, name: &str) -> AgentRow {
        self.scene.fleet.row(&on_bus(name)).unwrap()
    }

    fn view(&self, name: &str) -> BusView {
        *self.row(name).bus.unwrap()
    }
}

#[test]
fn whoever_beats_on_the_bus_is_seen_and_its_record_is_read() {
    let mut bus = Bus::with_room_for(10);
    bus.beats("worker-1", 7, at(1));
    let row = bus.row("worker-1");
    assert_eq!((row.name.as_str(), row.liveness, row.verdict.code), ("worker-1", Liveness::Active, "ok.watched"));
    let view = bus.view("worker-1");
    assert_eq!((view.state, view.sequence, view.only_seen), (BusState::Healthy, Some(7), true));
    assert!(bus.scene.other.contains(&FleetAction::ReadRecord(on_bus("worker-1"))));
}

#[test]
fn ninety_seconds_are_ninety_seconds() {
    let mut bus = Bus::with_room_for(10);
    bus.beats("worker-1", 1, at(0));
    bus.scene.until(at(44));
    assert_eq!(bus.view("worker-1").state, BusState::Healthy);
    bus.scene.until(at(45));
    assert_eq!((bus.view("worker-1").state, bus.view("worker-1").missed), (BusState::Missing, 1));
    bus.scene.until(at(89));
    assert_eq!(bus.view("worker-1").state, BusState::Missing);
    bus.scene.until(at(90));
    assert_eq!((bus.view("worker-1").state, bus.view("worker-1").missed), (BusState::Failed, 3));
    let told = bus.scene.told();
    bus.scene.until(at(400));
    assert_eq!(bus.scene.told().iter().filter(|kind| told.contains(kind)).count(), told.len(), "told once");
}

#[test]
fn an_agents_own_interval_counts() {
    let mut bus = Bus::with_room_for(10);
    let slow = Heard { interval_ms: Some(120_000), ..beat("slow", 1, at(0)) };
    bus.says(BusWord::Beat(slow), at(0));
    bus.says(BusWord::Beat(Heard { interval_ms: Some(1_000), ..beat("fast", 1, at(0)) }), at(0));
    bus.scene.until(at(100));
    assert_eq!((bus.view("slow").state, bus.view("fast").state), (BusState::Healthy, BusState::Failed));
}

#[test]
fn a_goodbye_is_no_outage_and_a_beat_ends_it() {
    let mut bus = Bus::with_room_for(10);
    bus.beats("worker-1", 1, at(0));
    let goodbye = Heard { status: Some("stopped".into()), sequence: Some(1), ..Heard::default() };
    bus.scene.until(at(50));
    bus.says(BusWord::Record(Heard { name: "worker-1".into(), ..goodbye }), at(50));
    assert_eq!((bus.view("worker-1").state, bus.row("worker-1").liveness), (BusState::Stopped, Liveness::Stopped));
    bus.scene.until(at(1000));
    assert_eq!(bus.scene.told(), []);
    bus.beats("worker-1", 1, at(1000));
    assert_eq!((bus.view("worker-1").state, bus.scene.told().len()), (BusState::Healthy, 0));
}

#[test]
fn a_goodbye_of_an_earlier_life_that_is_read_late_is_none() {
    let mut bus = Bus::with_room_for(10);
    bus.beats("worker-1", 1, at(100));
    let goodbye = |at| Heard { status: Some("stopped".into()), ..beat("worker-1", 9, at) };
    bus.says(BusWord::Record(goodbye(at(60))), at(101));
    assert_eq!(bus.row("worker-1").liveness, Liveness::Active);
    bus.says(BusWord::Record(goodbye(at(100))), at(102));
    assert_eq!(bus.row("worker-1").liveness, Liveness::Stopped);
}

#[test]
fn who_registered_and_never_beat_is_seen() {
    let mut bus = Bus::with_room_for(10);
    let registered =
        Heard { name: "new".into(), status: Some("starting".into()), registered_at: Some(at(0)), ..Heard::default() };
    bus.says(BusWord::Record(registered), at(1));
    assert_eq!((bus.view("new").state, bus.row("new").liveness), (BusState::Starting, Liveness::Inactive));
}

#[test]
fn gaps_restarts_and_repetitions_are_told_apart() {
    let mut bus = Bus::with_room_for(10);
    for (sequence, second) in [(1, 0), (2, 30), (5, 60), (5, 60), (1, 90), (2, 120)] {
        bus.beats("worker-1", sequence, at(second));
    }
    let view = bus.view("worker-1");
    assert_eq!((view.lost, view.restarts, view.sequence), (2, 1, Some(2)));
    assert_eq!(bus.row("worker-1").beats.confirmed, 5);
}

#[test]
fn what_was_sent_under_a_lost_lease_proves_nothing() {
    let mut bus = Bus::with_room_for(10);
    bus.says(BusWord::Beat(Heard { fence: Some(8), ..beat("worker-1", 1, at(0)) }), at(0));
    bus.says(BusWord::Beat(Heard { fence: Some(7), ..beat("worker-1", 2, at(30)) }), at(30));
    assert_eq!(bus.row("worker-1").beats.confirmed, 1);
}

#[test]
fn a_flood_of_unknown_agents_is_bounded_and_counted() {
    let mut bus = Bus::with_room_for(100);
    for number in 0..100_000_u32 {
        bus.beats(&format!("stranger-{number}"), 1, at(u64::from(number / 2000)));
    }
    let rows = bus.scene.fleet.delta_since(0, at(60)).rows;
    assert_eq!(rows.len(), 101);
    let health = bus.scene.fleet.registry_health();
    let counted = health.iter().find(|health| health.name == "team").unwrap().bus.clone().unwrap();
    assert_eq!((counted.only_seen, counted.turned_away), (100, 99_900));
    // One that left makes room.
    bus.scene.on(FleetEvent::AgentRemoved(on_bus("stranger-3")), at(61));
    bus.beats("late-comer", 1, at(62));
    assert_eq!(bus.view("late-comer").state, BusState::Healthy);
}

#[test]
fn who_is_only_seen_is_let_go_of_when_it_was_gone_for_an_hour() {
    let mut bus = Bus::with_room_for(1);
    bus.beats("worker-1", 1, at(0));
    bus.scene.until(at(3600));
    assert!(bus.scene.fleet.row(&on_bus("worker-1")).is_some());
    bus.scene.until(at(3600 + 200));
    assert!(bus.scene.fleet.row(&on_bus("worker-1")).is_none());
    bus.beats("worker-2", 1, at(3900));
    assert_eq!(bus.view("worker-2").state, BusState::Healthy);
}

#[test]
fn who_is_only_seen_goes_with_the_bus() {
    let mut bus = Bus::with_room_for(10);
    bus.beats("worker-1", 1, at(0));
    let before = bus.scene.fleet.revision();
    bus.scene.on(FleetEvent::RegistryRemoved("team".into()), at(1));
    assert_eq!(bus.scene.fleet.delta_since(before, at(1)).removed, [on_bus("worker-1")]);
    assert!(!bus.scene.fleet.ids().any(|id| *id == on_bus("worker-1")));
}

#[test]
fn what_cannot_be_used_is_counted_with_its_reason() {
    let mut bus = Bus::with_room_for(1);
    bus.says(BusWord::Unusable(Unusable::NotAnObject, 3), at(0));
    bus.says(BusWord::Unusable(Unusable::BadTime, 1), at(0));
    bus.says(BusWord::Dropped(7), at(0));
    bus.says(BusWord::Dropped(u64::MAX), at(0));
    let health = bus.scene.fleet.registry_health();
    let counted = health.iter().find_map(|health| health.bus.clone()).unwrap();
    assert_eq!((counted.unusable, counted.last_unusable.as_deref()), (4, Some("with a timestamp that cannot be")));
    assert_eq!(counted.dropped, u64::MAX, "it does not begin anew");
}

#[test]
fn what_we_publish_ourselves_is_confirmed_by_hearing_it() {
    let mut bus = Bus::with_room_for(10);
    let ours = AgentSettings { id: on_bus("ours"), registry: "team".into(), ..settings(2, BeatsBy::App) };
    bus.scene.on(FleetEvent::AgentAdded(ours, Box::default()), at(0));
    for report in [LinkReport::Dialling { attempt: 1 }, LinkReport::Opened, LinkReport::Sent { at: at(1) }] {
        bus.scene.on(FleetEvent::Link(on_bus("ours"), report), at(1));
    }
    assert_eq!(bus.row("ours").verdict.code, "beats.waiting");
    bus.beats("ours", 1, at(1));
    let row = bus.row("ours");
    assert_eq!((row.verdict.code, row.beats.confirmed, row.liveness), ("ok", 1, Liveness::Active));
    assert!(!bus.view("ours").only_seen);
}

#[test]
fn a_hash_takes_nothing_away_that_a_message_said() {
    let mut bus = Bus::with_room_for(10);
    let heard = Heard { task: Some("report".into()), progress: Some(0.5), ..beat("worker-1", 1, at(0)) };
    bus.says(BusWord::Beat(heard), at(0));
    bus.says(BusWord::Record(Heard { status: Some("busy".into()), ..beat("worker-1", 1, at(0)) }), at(1));
    let view = bus.view("worker-1");
    assert_eq!(
        (view.task.as_deref(), view.progress, view.status.as_deref()),
        (Some("report"), Some(0.5), Some("busy"))
    );
    // One that writes no hash is not without a word because of that, while it beats.
    bus.says(BusWord::Gone("worker-1".into()), at(2));
    assert_eq!(bus.row("worker-1").registry.status.as_deref(), Some("busy"));
    bus.scene.until(at(200));
    bus.says(BusWord::Gone("worker-1".into()), at(200));
    assert_eq!(bus.row("worker-1").registry.status, None);
}
