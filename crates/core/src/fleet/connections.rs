//! Reconnect history: each connection from its first dial to its close.

use std::collections::VecDeque;
use std::time::Duration;

use crate::failure::Failure;
use crate::history::{Connection, HistoryRow};
use crate::identity::EntityId;
use crate::time::Time;

use super::STRIP;

/// The first waits of a reconnection are kept; a day without a registry would have more than a thousand.
const MOST_WAITS: usize = 64;

/// One agent's connections: the current one, and when lost ones were replaced.
#[derive(Default)]
pub(super) struct Connections {
    current: Option<Connection>,
    /// When connections were opened in place of one that was lost. A goodbye, ours or by ending, is no loss.
    reconnected: VecDeque<Time>,
    lost: bool,
    waiting_since: Option<Time>,
    closed_rows: Vec<Connection>,
    unsaved: bool,
}

impl Connections {
    pub(super) fn from_past(reconnected: &[Time]) -> Self {
        Self { reconnected: reconnected.iter().copied().collect(), ..Self::default() }
    }

    pub(super) const fn current(&self) -> Option<&Connection> {
        self.current.as_ref()
    }

    /// Connections that replaced a lost one, since `from`.
    pub(super) fn reconnects_since(&self, from: Time) -> u32 {
        let later = self.reconnected.iter().filter(|at| **at >= from).count();
        u32::try_from(later).unwrap_or(u32::MAX)
    }

    pub(super) fn dialling(&mut self, agent: &EntityId, now: Time) {
        match &mut self.current {
            Some(connection) if connection.opened_at.is_none() => {
                connection.attempts = connection.attempts.saturating_add(1);
            }
            _ => self.current = Some(fresh(agent, now)),
        }
        if let (Some(connection), Some(since)) = (&mut self.current, self.waiting_since.take())
            && connection.waits_ms.len() < MOST_WAITS
        {
            connection.waits_ms.push(crate::time::millis(now.since(since)));
        }
        self.unsaved = true;
    }

    pub(super) fn opened(&mut self, now: Time) {
        if let Some(connection) = &mut self.current {
            connection.opened_at = Some(now);
            // What kept it from opening is past.
            connection.cause = None;
            connection.cause_sentence = None;
            self.unsaved = true;
        }
        self.note_opened(now);
    }

    pub(super) const fn sent(&mut self) {
        if let Some(connection) = &mut self.current {
            connection.beats = connection.beats.saturating_add(1);
            self.unsaved = true;
        }
    }

    pub(super) const fn confirmed(&mut self) {
        if let Some(connection) = &mut self.current {
            connection.confirmed = connection.confirmed.saturating_add(1);
            self.unsaved = true;
        }
    }

    pub(super) fn closed(&mut self, code: u16, cause: Option<(&str, String)>, now: Time) {
        if let Some(mut connection) = self.current.take() {
            self.lost = code != 1000;
            connection.closed_at = Some(now);
            connection.close_code = Some(code);
            if let Some((cause, sentence)) = cause {
                connection.cause = Some(cause.to_owned());
                connection.cause_sentence = Some(sentence);
            }
            self.closed_rows.push(connection);
        }
    }

    pub(super) fn waiting(&mut self, failure: &Failure, now: Time) {
        self.waiting_since = Some(now);
        if let Some(connection) = &mut self.current {
            connection.cause = Some(failure.code().to_owned());
            connection.cause_sentence = Some(failure.to_string());
            self.unsaved = true;
        }
    }

    /// A watched agent was seen to open a connection of its own: what it had before is over. Nobody saw how it closed.
    pub(super) fn seen_opening(&mut self, agent: &EntityId, last_beat: Option<Time>, now: Time) {
        let ended = last_beat.unwrap_or(now);
        self.closed(1006, Some(("agent.reconnected", "the agent connected anew".into())), ended);
        self.current = Some(Connection { opened_at: Some(now), ..fresh(agent, now) });
        self.unsaved = true;
        self.note_opened(now);
    }

    /// A watched agent was seen to beat: it has a connection, since when nobody knows. Not called a reconnection.
    pub(super) fn seen_beating(&mut self, agent: &EntityId, at: Time) {
        if self.current.is_none() {
            self.current = Some(Connection { opened_at: Some(at), ..fresh(agent, at) });
            self.lost = false;
            self.unsaved = true;
        }
    }

    /// A watched agent is gone for long: so is its connection, though nobody saw it close.
    pub(super) fn seen_silent(&mut self, last_beat: Time) {
        self.closed(
            1006,
            Some(("agent.silent", "the agent stopped beating; nobody saw its connection close".into())),
            last_beat,
        );
    }

    /// Rows that changed since the last call.
    pub(super) fn take_rows(&mut self) -> Vec<HistoryRow> {
        let mut rows: Vec<HistoryRow> = self.closed_rows.drain(..).map(HistoryRow::Connection).collect();
        if std::mem::take(&mut self.unsaved) {
            rows.extend(self.current.clone().map(HistoryRow::Connection));
        }
        rows
    }

    fn note_opened(&mut self, now: Time) {
        if !std::mem::take(&mut self.lost) {
            return;
        }
        while self.reconnected.front().is_some_and(|first| *first + STRIP + Duration::from_secs(3600) < now) {
            self.reconnected.pop_front();
        }
        self.reconnected.push_back(now);
    }
}

fn fresh(agent: &EntityId, now: Time) -> Connection {
    Connection {
        agent: agent.clone(),
        dialled_at: now,
        opened_at: None,
        closed_at: None,
        beats: 0,
        confirmed: 0,
        close_code: None,
        cause: None,
        cause_sentence: None,
        attempts: 1,
        waits_ms: Vec::new(),
    }
}
