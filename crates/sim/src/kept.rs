//! What the history would have kept, as it would give it back: each row replaces the one with its key.

use std::collections::{BTreeMap, HashMap};

use beatkeeper_core::alert::Incident;
use beatkeeper_core::fleet::{FleetEvent, Past, STRIP};
use beatkeeper_core::history::{AgentMemory, HistoryRow, Transition, Turns};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::NoticeId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::StripSpan;

/// Changes between beating and missing of so many are enough for any rule.
const CHANGES: usize = 64;

#[derive(Default)]
struct Rows {
    memory: Option<AgentMemory>,
    spans: BTreeMap<Time, StripSpan>,
    incident: Option<Incident>,
    snoozed_until: Option<Time>,
    turns: Turns,
}

/// The rows.
#[derive(Default)]
pub struct Kept {
    agents: HashMap<EntityId, Rows>,
    paused_until: Option<Time>,
    last_notice: Option<NoticeId>,
}

impl Kept {
    /// Keeps one.
    pub fn take(&mut self, row: HistoryRow) {
        match row {
            HistoryRow::Span(span) => {
                let spans = &mut self.of(&span.agent).spans;
                let piece =
                    StripSpan { kind: span.kind, cause: span.cause, from: span.from, to: span.to, beats: span.beats };
                let new = spans.insert(piece.from, piece).is_none();
                let old = span.to - STRIP;
                if new && spans.first_key_value().is_some_and(|(_, first)| first.to < old) {
                    spans.pop_first();
                }
            }
            HistoryRow::Memory(memory) => {
                let agent = memory.agent.clone();
                self.of(&agent).memory = Some(memory);
            }
            HistoryRow::Transition(transition) => {
                let Transition { agent, at, from, to, counts, .. } = transition;
                let turns = &mut self.of(&agent).turns;
                turns.take(at, from, to, counts);
                if turns.counted.len() > CHANGES {
                    turns.counted.remove(0);
                }
            }
            HistoryRow::Incident(incident) => {
                let rows = self.of(&incident.agent);
                rows.incident = Some(*incident).filter(|incident| incident.resolved_at.is_none());
            }
            HistoryRow::Snooze(id, until) => self.of(&id).snoozed_until = until,
            HistoryRow::Pause(until) => self.paused_until = until,
            HistoryRow::Connection(_)
            | HistoryRow::Notice(_)
            | HistoryRow::Delivery(_)
            | HistoryRow::BlackBox { .. }
            | HistoryRow::Drill(_)
            | HistoryRow::Usage(_, _)
            | HistoryRow::Dialect(_, _) => {}
        }
    }

    /// Keeps a notice that was shown.
    pub fn notice(&mut self, notice: NoticeId) {
        self.last_notice = self.last_notice.max(Some(notice));
    }

    /// What is no single agent's.
    pub fn alerts(&self) -> FleetEvent {
        FleetEvent::AlertsWere { paused_until: self.paused_until, last_notice: self.last_notice }
    }

    /// Nothing is kept of an agent any more.
    pub fn forget(&mut self, id: &EntityId) {
        self.agents.remove(id);
    }

    /// What an agent brings along.
    pub fn past(&self, id: &EntityId, now: Time) -> Past {
        let Some(rows) = self.agents.get(id) else { return Past::default() };
        Past {
            memory: rows.memory.clone(),
            strip: rows.spans.values().filter(|span| span.to >= now - STRIP).cloned().collect(),
            reconnected: Vec::new(),
            incident: rows.incident.clone(),
            snoozed_until: rows.snoozed_until,
            turns: rows.turns.clone(),
            usage: None,
        }
    }

    fn of(&mut self, id: &EntityId) -> &mut Rows {
        if !self.agents.contains_key(id) {
            self.agents.insert(id.clone(), Rows::default());
        }
        self.agents.entry(id.clone()).or_default()
    }
}
