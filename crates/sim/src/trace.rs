//! What happened, line by line, when somebody wants to read it.

use std::collections::{HashMap, VecDeque};

use beatkeeper_core::fleet::{FleetAction, FleetEvent};
use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;

/// The last lines.
#[derive(Default)]
pub struct Trace {
    lines: VecDeque<String>,
    keep: usize,
    /// From this true time on.
    from: u64,
    /// Only of this agent, and of what concerns all.
    only: Option<usize>,
}

impl Trace {
    /// One that keeps the last `keep` lines from a true time on, of one agent and of what concerns all.
    pub fn last(keep: usize, from: u64, only: Option<usize>) -> Self {
        Self { lines: VecDeque::new(), keep, from, only }
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    fn wants(&self, at: u64, agent: Option<usize>) -> bool {
        self.keep > 0 && at >= self.from && (self.only.is_none() || agent.is_none() || agent == self.only)
    }

    /// The fleet is told.
    pub fn event(&mut self, now: Time, at: u64, agent: Option<usize>, event: &FleetEvent) {
        if self.wants(at, agent) {
            let text = if let FleetEvent::AgentAdded(settings, past) = event {
                format!(
                    "AgentAdded {} {:?} {:?} {:?} past: {:?} {:?} changes {:?}",
                    settings.name,
                    settings.beats_by,
                    settings.interval,
                    settings.alerts,
                    past.memory,
                    past.incident,
                    past.turns.counted
                )
            } else {
                format!("{event:?}")
            };
            self.push(now, &format!("-> {text}"));
        }
    }

    /// The fleet wants something.
    pub fn action(&mut self, now: Time, at: u64, action: &FleetAction, ids: &HashMap<EntityId, usize>) {
        let agent = match action {
            FleetAction::Confirmed(id)
            | FleetAction::Block(id, _)
            | FleetAction::Unblock(id)
            | FleetAction::ReadRecord(id)
            | FleetAction::Hush(id)
            | FleetAction::Speak(id)
            | FleetAction::Lease(id, _)
            | FleetAction::Run(id, _)
            | FleetAction::Freeze(id, _)
            | FleetAction::Keep(HistoryRow::Snooze(id, _)) => ids.get(id).copied(),
            FleetAction::Keep(HistoryRow::Incident(incident)) => ids.get(&incident.agent).copied(),
            FleetAction::Keep(HistoryRow::Transition(transition)) => ids.get(&transition.agent).copied(),
            FleetAction::Keep(_) => return,
            FleetAction::Show(notice) | FleetAction::Send(notice) | FleetAction::CallOff(notice) => {
                let only = self.only;
                notice
                    .agents
                    .iter()
                    .map(|agent| ids.get(&agent.id).copied())
                    .find(|agent| *agent == only)
                    .flatten()
                    .or(Some(usize::MAX))
            }
            FleetAction::Withdraw(_) | FleetAction::Dialect(..) => None,
        };
        if self.wants(at, agent) {
            self.push(now, &format!("   <- {action:?}"));
        }
    }

    fn push(&mut self, now: Time, text: &str) {
        if self.lines.len() == self.keep {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{now:?} {text}"));
    }
}
