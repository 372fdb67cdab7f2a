//! Whom a change is told: the person, and the history.

use crate::history::{AgentMemory, HistoryRow, Transition};
use crate::liveness::Liveness;
use crate::notice::{self, Notice, NoticeKind, Story};
use crate::time::Time;

use super::{Agent, Change};

impl Agent {
    /// Holds interruptions back until then; the next look after it makes up for what still holds.
    pub(in crate::fleet) fn snooze(&mut self, until: Option<Time>, change: &mut Change) {
        if self.snoozed_until == until {
            return;
        }
        self.snoozed_until = until;
        change.row = true;
        change.rows.push(self.memory());
    }

    /// Interrupts the person when that is worth it.
    pub(super) fn alert(&mut self, zone: i32, now: Time, change: &mut Change) {
        if self.snoozed_until.is_some() {
            return;
        }
        let Some(kind) = notice::worth_interrupting(self.liveness, self.alerted, self.good_beats) else { return };
        let last_beat = if kind == NoticeKind::Recovered { self.outage_from } else { self.last_confirmed };
        let clock = last_beat.map(|beat| notice::time_of_day(beat, zone));
        let story = Story {
            name: &self.settings.name,
            why: &self.verdict.sentence,
            last_beat,
            last_beat_clock: clock.as_deref(),
            now,
        };
        change.notices.push(Notice::tell(self.settings.id.clone(), kind, &story));
        self.alerted = (kind != NoticeKind::Recovered).then_some(kind);
        if kind == NoticeKind::Recovered {
            self.outage_from = None;
        }
        change.rows.push(self.memory());
    }

    /// Has a change of state kept, and what a later run must know of it.
    pub(super) fn record_turn(&self, from: Liveness, now: Time, change: &mut Change) {
        if notice::worth_recording(from, self.liveness) {
            change.rows.push(HistoryRow::Transition(Transition {
                agent: self.settings.id.clone(),
                at: now,
                from,
                to: self.liveness,
                cause: self.verdict.code.to_owned(),
                sentence: self.verdict.sentence.clone(),
            }));
        }
        change.rows.push(self.memory());
    }

    fn memory(&self) -> HistoryRow {
        HistoryRow::Memory(AgentMemory {
            agent: self.settings.id.clone(),
            liveness: self.liveness,
            since: self.since,
            last_confirmed_at: self.last_confirmed,
            alerted: self.alerted.is_some(),
            snoozed_until: self.snoozed_until,
        })
    }
}
