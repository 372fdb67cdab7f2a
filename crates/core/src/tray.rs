//! The tray as a plain value: built here, compared before anything is drawn, and asserted in tests without a desktop.

use serde::Serialize;

use crate::fleet::Fleet;
use crate::identity::EntityId;
use crate::time::Time;
use crate::view::Glyph;

/// More agents than this that need attention are summed up.
const MOST: usize = 20;

/// What the tray shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrayModel {
    /// State by shape.
    pub glyph: Glyph,
    /// The fleet in a sentence: the menu's first line, and the tooltip.
    pub sentence: String,
    /// Those that need a person, worst first.
    pub attention: Vec<TrayAgent>,
    /// How many more need one.
    pub and_more: usize,
    /// Those with an open incident that nobody said to know of, for "Acknowledge all"; also those that are only counted.
    pub unacknowledged: Vec<EntityId>,
    /// Until when alerts are paused.
    pub alerts_paused_until: Option<Time>,
    /// Those whose processes are started here, by name.
    pub local: Vec<TrayProcess>,
    /// How many of them run.
    pub running: usize,
    /// Whether they go on when the program ends.
    pub left_running: bool,
}

/// An agent that is started here, in the tray's menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrayProcess {
    /// Whose.
    pub id: EntityId,
    /// Its name, short enough for a menu.
    pub name: String,
    /// Whether it runs, or is to.
    pub up: bool,
}

/// An agent in the tray's menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrayAgent {
    /// Whose.
    pub id: EntityId,
    /// Name, state and what is wrong, short enough for a menu.
    pub line: String,
    /// Until when nobody is interrupted because of it.
    pub snoozed_until: Option<Time>,
}

impl TrayModel {
    /// The tray for this fleet.
    #[must_use]
    pub fn of(fleet: &Fleet, alerts_paused_until: Option<Time>, left_running: bool) -> Self {
        let summary = fleet.summary();
        let attention = fleet.attention();
        let lines = attention.iter().take(MOST).map(|agent| TrayAgent {
            id: agent.settings.id.clone(),
            line: line(&agent.settings.name, agent.liveness.as_str(), agent.verdict_sentence()),
            snoozed_until: fleet.desk().snoozed_until(&agent.settings.id),
        });
        let unknown = fleet.desk().open().filter(|incident| incident.acknowledged_until.is_none());
        let mut unacknowledged: Vec<EntityId> = unknown.map(|incident| incident.agent.clone()).collect();
        // The desk keeps no order, and equal trays must be equal.
        unacknowledged.sort();
        let mut local: Vec<TrayProcess> = fleet
            .runs()
            .map(|(id, name, run)| TrayProcess {
                id: id.clone(),
                name: short(name),
                up: !run.rests() && !run.gave_up(),
            })
            .collect();
        local.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| one.id.cmp(&other.id)));
        let running = fleet.runs().filter(|(_, _, run)| run.is_up()).count();
        local.truncate(MOST);
        Self {
            local,
            running,
            left_running,
            glyph: summary.glyph,
            sentence: summary.sentence,
            attention: lines.collect(),
            and_more: attention.len().saturating_sub(MOST),
            unacknowledged,
            alerts_paused_until,
        }
    }
}

fn short(name: &str) -> String {
    if name.chars().count() > 32 { name.chars().take(31).chain(['…']).collect() } else { name.into() }
}

fn line(name: &str, state: &str, sentence: &str) -> String {
    let name = short(name);
    let text = format!("{name}: {state}, {}", lower_first(sentence));
    if text.chars().count() > 90 { text.chars().take(89).chain(['…']).collect() } else { text }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dialect::DialectChoice;
    use crate::fleet::{AgentSettings, FleetEvent, RegistrySettings};
    use crate::identity::{EntityKind, PublicKey};
    use crate::link::LinkReport;
    use crate::liveness::Thresholds;
    use crate::supervise::{RestartPolicy, RunEvent, RunPolicy};
    use crate::view::BeatsBy;
    use crate::witness::Activity;

    fn at(seconds: u64) -> Time {
        Time::from_millis(1_800_000_000_000 + seconds * 1000)
    }

    fn id(number: u8) -> EntityId {
        EntityId::from_key(&PublicKey::from_bytes([number; 32]), EntityKind::Agent)
    }

    fn settings(number: u8) -> AgentSettings {
        AgentSettings {
            id: id(number),
            name: format!("agent-{number:02}"),
            registry: "r".into(),
            interval: Duration::from_secs(30),
            beats_by: BeatsBy::App,
            paused: false,
            probed: false,
            run: None,
            truthful: false,
            tags: Vec::new(),
            project: None,
            only_seen: false,
            team: None,
            alerts: std::sync::Arc::default(),
        }
    }

    /// So many agents, each of which beat once.
    fn fleet(agents: u8) -> Fleet {
        let mut fleet = Fleet::default();
        let registry = RegistrySettings {
            name: "r".into(),
            url: "https://r.example".into(),
            dialect: DialectChoice::Zynd,
            known_dialect: None,
            thresholds: Thresholds::default().into(),
            bus: None,
            demo: false,
            remote: true,
        };
        fleet.handle(FleetEvent::RegistrySet(registry), at(0));
        for number in 1..=agents {
            fleet.handle(FleetEvent::AgentAdded(settings(number), Box::default()), at(0));
            for report in [LinkReport::Dialling { attempt: 1 }, LinkReport::Opened, LinkReport::Sent { at: at(0) }] {
                fleet.handle(FleetEvent::Link(id(number), report), at(0));
            }
            let activity = Activity::Heartbeat { id: id(number), at: at(0) };
            fleet.handle(FleetEvent::Activity { registry: "r".into(), activity, heard_at: at(0) }, at(0));
        }
        fleet
    }

    /// Lets time pass.
    fn wait(fleet: &mut Fleet, until: Time) {
        while let Some(due) = fleet.poll_timeout().filter(|due| *due <= until) {
            fleet.handle(FleetEvent::Timeout, due);
        }
    }

    #[test]
    fn a_fleet_that_is_well_asks_for_nobody() {
        let tray = TrayModel::of(&fleet(2), None, false);
        assert_eq!((tray.glyph, tray.sentence.as_str()), (Glyph::Ok, "2 active"));
        assert_eq!((tray.attention, tray.and_more, tray.unacknowledged), (vec![], 0, vec![]));
    }

    #[test]
    fn twenty_are_listed_the_others_counted_and_all_can_be_acknowledged() {
        let mut fleet = fleet(23);
        wait(&mut fleet, at(400));
        let tray = TrayModel::of(&fleet, Some(at(900)), false);
        assert_eq!((tray.glyph, tray.sentence.as_str()), (Glyph::Attention, "23 stale"));
        assert_eq!((tray.attention.len(), tray.and_more), (MOST, 3));
        assert_eq!(tray.alerts_paused_until, Some(at(900)));
        let first = &tray.attention[0];
        assert_eq!((&first.id, first.snoozed_until), (&id(1), None));
        assert!(first.line.starts_with("agent-01: stale, "), "{}", first.line);
        assert!(tray.unacknowledged.is_sorted());
        assert_eq!(tray.unacknowledged.len(), 23);
        for agent in tray.unacknowledged {
            fleet.handle(FleetEvent::Acknowledged(agent, Some(at(5000))), at(401));
        }
        let known = TrayModel::of(&fleet, None, false);
        assert_eq!((known.glyph, known.unacknowledged), (Glyph::Acknowledged, vec![]));
        assert_eq!(known.attention.len(), MOST, "they are still not well");
    }

    #[test]
    fn a_snooze_is_in_its_agents_line() {
        let mut fleet = fleet(2);
        wait(&mut fleet, at(400));
        fleet.handle(FleetEvent::Snoozed(id(2), Some(at(4000))), at(401));
        let snoozed: Vec<_> =
            TrayModel::of(&fleet, None, false).attention.into_iter().map(|agent| agent.snoozed_until).collect();
        assert_eq!(snoozed, [None, Some(at(4000))]);
    }

    #[test]
    fn a_line_fits_a_menu() {
        let text = line(&"n".repeat(50), "stale", &"Reason ".repeat(40));
        assert_eq!(text.chars().count(), 90);
        assert!(text.starts_with(&format!("{}…: stale, reason ", "n".repeat(31))), "{text}");
    }

    #[test]
    fn those_that_are_started_here_are_listed_by_name_and_counted_while_they_run() {
        let mut fleet = fleet(3);
        let policy = RunPolicy {
            own_command: true,
            starts_with_app: false,
            signer: false,
            restart: RestartPolicy::Never,
            max_restarts: 0,
            success: vec![0],
            stop_grace: Duration::from_secs(1),
            ready_is_probed: false,
            ready_within: Duration::from_secs(1),
            failures: 1,
            depends_on: Vec::new(),
            rungs: Vec::new(),
        };
        for number in [3, 1] {
            let here = AgentSettings { run: Some(policy.clone().into()), ..settings(number) };
            fleet.handle(FleetEvent::AgentChanged(here), at(1));
        }
        let starts = [RunEvent::Start, RunEvent::Started { pid: 7, at: at(2), reclaimed: false }];
        for event in starts {
            fleet.handle(FleetEvent::Run(id(3), event), at(2));
        }
        let tray = TrayModel::of(&fleet, None, true);
        let local: Vec<_> = tray.local.iter().map(|agent| (agent.name.as_str(), agent.up)).collect();
        assert_eq!((local, tray.running, tray.left_running), (vec![("agent-01", false), ("agent-03", true)], 1, true));
    }
}
