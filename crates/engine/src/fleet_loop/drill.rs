//! The fire drill: an agent's link goes silent for real, and the whole way from there to the desktop is measured.

use std::time::Duration;

use beatkeeper_core::alert::{Drill, Held, Resolution};
use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId};
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{LinkStateName, Speaker};
use serde_json::Value;

use super::FleetLoop;
use crate::command::Refusal;

/// Beyond the moment at which silence is due to be noticed, and beyond that at which beats go on.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the desktop may take, before the agent is let beat again.
const DESKTOP: Duration = Duration::from_secs(15);

const GONE: &str = "The agent was paused or removed meanwhile";

/// A drill that is under way.
pub(super) struct Running {
    drill: Drill,
    notice: Option<NoticeId>,
}

impl FleetLoop {
    pub(super) fn start_drill(&mut self, id: &EntityId) -> Result<Value, Refusal> {
        let row = self.known(id)?;
        let refuse = |code, what: &str, remedy| Err(Refusal::new(code, format!("{} {what}", row.name), remedy));
        if let Some(running) = &self.drill {
            let sentence = format!("A drill with {} is still under way", running.drill.name);
            return Err(Refusal::new("drill.running", sentence, "Wait for its end, or stop it."));
        }
        if row.speaker != Speaker::App {
            return refuse(
                "agent.not_ours",
                "is not beaten for by this computer, so nothing here can silence it",
                "Choose one that Beatkeeper beats for, such as one of the demo registry.",
            );
        }
        if row.paused
            || row.link.state != LinkStateName::Open
            || row.incident.is_some()
            || row.last_confirmed_at.is_none()
        {
            return refuse(
                "drill.not_beating",
                "does not beat now, so its silence would prove nothing",
                "Choose one that is active.",
            );
        }
        let now = self.clock.now();
        let drill = Drill {
            agent: id.clone(),
            name: row.name.clone(),
            started_at: now,
            silent_since: row.last_confirmed_at,
            due_at: self.fleet.incident_due(id),
            detected_at: None,
            told_at: None,
            resumed_at: None,
            recovered_at: None,
            ended_at: None,
            problem: None,
        };
        if drill.due_at.is_none() {
            return refuse("drill.never", "is never an incident by its rules", "Give it another `level`.");
        }
        tracing::info!(agent = %id, "a drill begins");
        self.fold(FleetEvent::Drill(id.clone(), true));
        self.keep(HistoryRow::Drill(drill.clone()));
        self.drill = Some(Running { drill, notice: None });
        Ok(Value::Null)
    }

    /// Lets the agent beat again, and ends the drill where it is.
    pub(super) fn stop_drill(&mut self) {
        self.end_drill(Some("It was stopped".to_owned()));
    }

    /// Nobody could notice anything.
    pub(super) fn drill_was_slept_through(&mut self) {
        self.end_drill(Some("This computer slept meanwhile".to_owned()));
    }

    /// Whether this agent is silent on request.
    pub(super) fn is_drilled(&self, id: &EntityId) -> bool {
        self.drill.as_ref().is_some_and(|running| running.drill.agent == *id && running.drill.resumed_at.is_none())
    }

    /// Has an agent's link be silent so that others can be heard, or beat again. A drill goes before it.
    pub(super) fn listen(&mut self, id: &EntityId, on: bool) -> bool {
        let drilled = self.drill.as_ref().is_some_and(|running| running.drill.agent == *id);
        if !drilled {
            self.fold(FleetEvent::Listen(id.clone(), on));
        }
        !drilled
    }

    /// An incident was opened: perhaps the drill's.
    pub(super) fn drill_is_noticed(&mut self, id: &EntityId, opened_at: Time) {
        if let Some(running) = &mut self.drill
            && running.drill.agent == *id
            && running.drill.detected_at.is_none()
        {
            running.drill.detected_at = Some(opened_at);
            self.keep_drill();
        }
    }

    /// An incident is told: perhaps the drill's.
    pub(super) fn drill_shows(&mut self, notice: &Notice) {
        if let Some(running) = &mut self.drill
            && running.drill.detected_at.is_some()
            && running.notice.is_none()
            && notice.agents.iter().any(|agent| agent.id == running.drill.agent)
        {
            running.notice = Some(notice.id);
        }
    }

    /// The desktop has a notice: perhaps the drill's.
    pub(super) fn drill_told(&mut self, notice: NoticeId) {
        let now = self.clock.now();
        if let Some(running) = &mut self.drill
            && running.notice == Some(notice)
            && running.drill.told_at.is_none()
        {
            running.drill.told_at = Some(now);
            self.resume_from_drill(now);
        }
    }

    /// A record is kept: perhaps of the drill's incident.
    pub(super) fn drill_sees(&mut self, row: &HistoryRow) {
        let HistoryRow::Incident(incident) = row else { return };
        let Some(running) = &mut self.drill else { return };
        if running.drill.agent != incident.agent || incident.opened_at < running.drill.started_at {
            return;
        }
        let Some(resolved) = incident.resolved_at else { return };
        if incident.resolution == Some(Resolution::Recovered) {
            running.drill.recovered_at = Some(resolved);
            self.end_drill(None);
        } else {
            self.end_drill(Some(GONE.to_owned()));
        }
    }

    /// What takes too long.
    pub(super) fn watch_drill(&mut self) {
        let now = self.clock.now();
        let Some(running) = &self.drill else { return };
        let drill = &running.drill;
        let late = |since: Option<Time>, patience| since.is_some_and(|since| now > since + patience);
        let Some(row) = self.fleet.row(&drill.agent) else {
            // Its history is gone, and this must not bring it back.
            self.drill = None;
            return;
        };
        if row.paused {
            self.end_drill(Some(GONE.to_owned()));
        } else if drill.resumed_at.is_some() {
            if late(drill.resumed_at, PATIENCE) {
                self.end_drill(Some("It does not beat again: see its verdict".to_owned()));
            }
        } else if drill.detected_at.is_some() {
            let held = self.fleet.desk().incident(&drill.agent).and_then(|incident| incident.held);
            if held.is_some() || late(drill.detected_at, DESKTOP) {
                let silent = if self.crew.settings().alerts.desktop {
                    "The desktop did not answer"
                } else {
                    "Nobody was told: the desktop is switched off"
                };
                let problem = held.map_or(silent, why_held);
                if let Some(running) = &mut self.drill {
                    running.drill.problem = Some(problem.to_owned());
                }
                self.resume_from_drill(now);
            }
        } else if self.fleet.desk().network().is_down() && late(drill.due_at, Duration::ZERO) {
            self.end_drill(Some("This computer went offline meanwhile".to_owned()));
        } else if late(drill.due_at, PATIENCE) {
            self.end_drill(Some("The silence was not noticed: this is a defect, please report it".to_owned()));
        }
    }

    fn resume_from_drill(&mut self, now: Time) {
        let Some(running) = &mut self.drill else { return };
        running.drill.resumed_at = Some(now);
        let id = running.drill.agent.clone();
        self.fold(FleetEvent::Drill(id.clone(), false));
        self.keep_drill();
    }

    fn end_drill(&mut self, problem: Option<String>) {
        let now = self.clock.now();
        let Some(running) = &mut self.drill else { return };
        let silent = running.drill.resumed_at.is_none();
        running.drill.ended_at = Some(now);
        running.drill.problem = running.drill.problem.take().or(problem);
        if silent {
            self.resume_from_drill(now);
        } else {
            self.keep_drill();
        }
        self.drill = None;
    }

    fn keep_drill(&self) {
        if let Some(running) = &self.drill {
            self.keep(HistoryRow::Drill(running.drill.clone()));
        }
    }
}

const fn why_held(held: Held) -> &'static str {
    match held {
        Held::OwnNetwork => "Nobody was told: this computer is offline",
        Held::Waking => "Nobody was told: this computer or its network has just come back",
        Held::Paused => "Nobody was told: all alerts are paused",
        Held::Quiet => "Nobody was told: these are quiet hours",
        Held::Snoozed => "Nobody was told: the agent is snoozed",
        Held::Acknowledged => "Nobody was told: the incident is acknowledged",
    }
}
