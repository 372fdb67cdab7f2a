//! Agents that several Beatkeepers could beat for, and one does.

use super::*;
use crate::bus::LeaseStand;
use crate::view::{HolderView, Speaker};
use crate::wire::redis_bus::Heard;

fn holder(computer: &str, here: bool, fence: u64) -> LeaseStand {
    LeaseStand::Held(HolderView { computer: computer.into(), here, fence, since: at(0) })
}

fn in_team(beats_by: BeatsBy) -> AgentSettings {
    AgentSettings { team: Some("team".into()), ..settings(1, beats_by) }
}

fn scene(beats_by: BeatsBy) -> Scene {
    let mut scene =
        Scene { fleet: Fleet::default(), notices: Vec::new(), kept: Vec::new(), other: Vec::new(), now: at(0) };
    scene.on(FleetEvent::RegistrySet(registry()), at(0));
    scene.on(FleetEvent::AgentAdded(in_team(beats_by), Box::default()), at(0));
    scene
}

impl Scene {
    fn stands(&mut self, stand: LeaseStand, now: Time) {
        self.on(FleetEvent::Lease(id(1), stand), now);
    }

    /// What links and leases were told since the last call.
    fn orders(&mut self) -> Vec<FleetAction> {
        let all = std::mem::take(&mut self.other);
        let of_links = |action: &FleetAction| {
            matches!(action, FleetAction::Lease(..) | FleetAction::Hush(_) | FleetAction::Speak(_))
        };
        all.into_iter().filter(of_links).collect()
    }

    fn code(&self) -> &'static str {
        self.row().verdict.code
    }
}

#[test]
fn nobody_beats_before_it_has_the_lease() {
    let mut scene = scene(BeatsBy::App);
    assert_eq!(scene.orders(), [FleetAction::Hush(id(1)), FleetAction::Lease(id(1), true)]);
    assert_eq!((scene.code(), scene.fleet.may_beat(&id(1))), ("team.asking", false));
    scene.stands(LeaseStand::Unsettled("refused".into()), at(1));
    assert_eq!((scene.code(), scene.orders()), ("team.unsettled", vec![]));
    // Somebody beats meanwhile, and is no second copy of ours.
    (0..4).for_each(|_| scene.beat_seen(at(1)));
    assert_eq!((scene.row().beats.foreign, scene.row().liveness), (0, Liveness::Active));
    scene.stands(holder("mac-7", true, 3), at(2));
    assert_eq!(scene.orders(), [FleetAction::Speak(id(1))]);
    scene.open_and_beat(at(3));
    assert_eq!((scene.code(), scene.row().speaker), ("ok", Speaker::App));
    assert_eq!(scene.row().holder.map(|holder| holder.fence), Some(3));
}

#[test]
fn beats_of_a_teammate_are_watched_and_are_no_second_copy() {
    let mut scene = scene(BeatsBy::App);
    scene.stands(holder("mac-7", false, 3), at(0));
    assert_eq!(scene.code(), "team.waiting");
    for beat in 1..10 {
        scene.beat_seen(at(beat * 30));
    }
    let row = scene.row();
    assert_eq!((row.verdict.code, row.speaker, row.beats.foreign), ("ok.team", Speaker::Team, 0));
    assert!(row.verdict.sentence.contains("mac-7"), "{}", row.verdict.sentence);
    assert!(!scene.fleet.may_beat(&id(1)));
    scene.until(at(2000));
    assert_eq!((scene.row().liveness, scene.code()), (Liveness::Offline, "team.silent"));
}

#[test]
fn a_lost_lease_silences_the_link_and_one_that_came_back_lets_it_beat() {
    let mut scene = scene(BeatsBy::App);
    scene.stands(holder("here", true, 3), at(0));
    scene.open_and_beat(at(1));
    scene.orders();
    scene.stands(holder("mac-7", false, 4), at(10));
    assert_eq!((scene.orders(), scene.row().speaker), (vec![FleetAction::Hush(id(1))], Speaker::Team));
    scene.beat_seen(at(12));
    assert_eq!((scene.code(), scene.row().beats.foreign), ("ok.team", 0));
    scene.stands(holder("here", true, 5), at(20));
    assert_eq!((scene.orders(), scene.row().speaker), (vec![FleetAction::Speak(id(1))], Speaker::App));
}

#[test]
fn whoever_would_not_beat_lets_go_of_the_lease() {
    let mut scene = scene(BeatsBy::App);
    scene.stands(holder("here", true, 3), at(0));
    scene.orders();
    let paused = AgentSettings { paused: true, ..in_team(BeatsBy::App) };
    scene.on(FleetEvent::AgentChanged(paused), at(5));
    assert_eq!(scene.orders(), [FleetAction::Lease(id(1), false)]);
    scene.on(FleetEvent::AgentChanged(in_team(BeatsBy::App)), at(6));
    assert_eq!(scene.orders(), [FleetAction::Lease(id(1), true)]);
    // Its process is not seen to be well.
    let held = AgentSettings { truthful: true, probed: true, ..in_team(BeatsBy::App) };
    scene.on(FleetEvent::AgentChanged(held), at(7));
    assert_eq!(scene.orders(), [FleetAction::Hush(id(1)), FleetAction::Lease(id(1), false)]);
    let process = |state| ProcessReading { state, detail: String::new(), clock_ahead_ms: None, refused: false };
    scene.on(FleetEvent::Process(id(1), process(crate::view::ProcessState::Running)), at(8));
    assert_eq!(scene.orders(), [FleetAction::Speak(id(1)), FleetAction::Lease(id(1), true)]);
    // Silence for a drill is ours alone.
    scene.on(FleetEvent::Drill(id(1), true), at(9));
    assert_eq!(scene.orders(), [FleetAction::Hush(id(1))]);
}

#[test]
fn a_program_that_beats_by_itself_needs_no_lease() {
    let mut scene = scene(BeatsBy::Auto);
    scene.stands(holder("here", true, 3), at(0));
    scene.orders();
    for beat in 1..20 {
        scene.beat_seen(at(beat * 15));
        scene.until(at(beat * 15 + 10));
    }
    assert_eq!(scene.row().speaker, Speaker::Agent);
    assert!(scene.orders().contains(&FleetAction::Lease(id(1), false)));
}

#[test]
fn out_of_the_team_it_beats_at_once() {
    let mut scene = scene(BeatsBy::App);
    scene.stands(LeaseStand::Unsettled(String::new()), at(0));
    scene.orders();
    scene.on(FleetEvent::AgentChanged(settings(1, BeatsBy::App)), at(1));
    assert_eq!(scene.orders(), [FleetAction::Speak(id(1)), FleetAction::Lease(id(1), false)]);
    assert_eq!(scene.row().holder, None);
}

#[test]
fn what_a_teammate_tells_of_an_agent_of_ours_gets_no_row_of_its_own() {
    let bus = RegistrySettings {
        name: "team".into(),
        bus: Some(BusSettings { most_seen: 10, alerts: AlertRules::default().into() }),
        ..registry()
    };
    let word = |number: u8, now| {
        let heard =
            Heard { name: id(number).to_string(), at: Some(now), label: Some("weather".into()), ..Heard::default() };
        FleetEvent::Bus { bus: "team".into(), word: Box::new(BusWord::Beat(heard)), heard_at: now }
    };
    let mut scene = scene(BeatsBy::App);
    scene.on(FleetEvent::RegistrySet(bus), at(0));
    scene.on(word(1, at(1)), at(1));
    scene.on(word(2, at(1)), at(1));
    let stranger = EntityId::on_bus("team", id(2).as_str()).unwrap();
    let rows = scene.fleet.delta_since(0, at(1)).rows;
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<BTreeSet<_>>(), ["agent-1", "weather"].into());
    scene.on(FleetEvent::AgentAdded(settings(2, BeatsBy::App), Box::default()), at(2));
    assert!(scene.fleet.row(&stranger).is_none() && scene.fleet.row(&id(2)).is_some());
}
