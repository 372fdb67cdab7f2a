//! What is shown of an agent: its verdict and its row.

use crate::alert::Desk;
use crate::doctor::Chart;
use crate::failure::{Failure, Transient};
use crate::fleet::{Context, Registry, STRIP};
use crate::history::SpanKind;
use crate::liveness::Liveness;
use crate::notice::time_of_day;
use crate::reckon::uptime;
use crate::time::Time;
use crate::verdict::{self, Evidence, TeamEvidence};
use crate::view::{
    AgentRow, ConnectionHealth, LinkStateName, LinkView, OpenIncident, ReasonView, RegistryView, Severity, VerdictView,
    WriteKind,
};

use super::announced::Announced;
use super::{Agent, LATELY};

impl Agent {
    pub(super) fn verdict_at(&self, registry: &Registry, context: Context, now: Time) -> VerdictView {
        verdict::judge(&Evidence {
            liveness: self.liveness,
            drilled: self.drilled,
            listening: self.listening,
            network_down: registry.is_cut_off(context.network_down),
            paused: self.settings.paused,
            speaker: self.speaker(),
            pace: self.pace(),
            team: self.team_evidence(),
            process: self.process_state(),
            process_detail: &self.process_detail(),
            process_since: self.process_since().map(|since| time_of_day(since, context.zone)),
            process_clock_ahead_ms: self.process_clock(),
            restarts: self.run.as_ref().map_or((0, 0), |run| run.restarts()),
            rests: self.liveness == Liveness::Stopped && self.process_rests(now),
            said_goodbye: self.liveness == Liveness::Stopped && self.left_the_bus(),
            held: self.is_held(),
            hushed: self.is_hushed(),
            restart_loop: self.restart_loop(now).map_or(0, |(starts, _)| starts),
            link: self.link.state,
            link_failure: self.link.failure.as_ref(),
            attempt: self.link.attempt,
            absence: (self.record.registered == Some(false)).then_some(&self.record.absence),
            key_matches: self.record.key_matches,
            registry_problem: registry.problem.as_deref(),
            registry_answers: registry.reached == Some(true),
            registry_clock_ahead_ms: registry.clock_ahead_ms,
            unconfirmed_in_a_row: self.confirmation.unconfirmed_in_a_row(),
            confirmed_here: self.confirmed_here,
            foreign: self.foreign_lately(now).is_some(),
            two_rhythms: self.two_rhythms_until(now).is_some(),
            not_announced: self.announced == Announced::NotAnew,
            sweep_late_by: self.sweep_late_by(registry),
            reconnects_5min: self.connections.reconnects_since(now - LATELY),
            dialect: registry.trial.dialect(),
            trying: registry.trial.is_trying(),
            beat_refused: self.link.refused.as_ref(),
            unacked: self.link.unacked,
            ever_acked: self.link.acked_at.is_some(),
        })
    }

    fn team_evidence(&self) -> Option<TeamEvidence<'_>> {
        let bus = self.settings.team.as_deref()?;
        Some(TeamEvidence { bus, stand: self.lease_stand() })
    }

    /// As the client of such a server tells it (protocols.md 5.1).
    fn connection_health(&self, registry: &Registry) -> Option<ConnectionHealth> {
        let connected = self.link.state == LinkStateName::Open;
        registry.trial.dialect().is_acknowledged().then_some(ConnectionHealth {
            healthy: connected && self.link.unacked == 0,
            connected,
            last_heartbeat_ack: self.link.acked_at,
            reconnect_attempts: self.link.attempt,
        })
    }

    /// What a stretch without beats is called that ends now.
    pub(super) fn missing_because(&self) -> (SpanKind, &'static str) {
        if self.drilled {
            return (SpanKind::NotRunning, "drill");
        }
        if self.listening {
            return (SpanKind::NotRunning, "listening");
        }
        match &self.link.failure {
            _ if self.verdict.code == verdict::NETWORK_DOWN => (SpanKind::OwnNetwork, verdict::NETWORK_DOWN),
            Some(failure @ Failure::Transient(Transient::Unreachable)) => (SpanKind::OwnNetwork, failure.code()),
            // What is well is the cause of nothing.
            _ if self.verdict.severity == Severity::Good => (SpanKind::Missed, ""),
            _ => (SpanKind::Missed, self.verdict.code),
        }
    }

    pub(crate) fn verdict_sentence(&self) -> &str {
        &self.verdict.sentence
    }

    pub(in crate::fleet) fn needs_attention(&self) -> bool {
        !self.settings.paused && (self.liveness.is_missing() || self.verdict.severity == Severity::Bad)
    }

    /// What is of interest to the doctor alone.
    pub(in crate::fleet) fn chart(&self, registry: &Registry) -> Chart {
        Chart {
            settled: registry.trial.is_settled().then(|| registry.trial.dialect()),
            unconfirmed_in_a_row: self.confirmation.unconfirmed_in_a_row(),
        }
    }

    /// Of what was last heard, so that a row only changes when something does.
    pub(in crate::fleet) fn row(&self, registry: &Registry, desk: &Desk) -> AgentRow {
        let newest = self.last_sent.max(self.last_confirmed).unwrap_or(self.since);
        let beaten = self.last_confirmed.map_or(Time::ZERO, |beat| beat + self.settings.interval);
        let covered = self.since.max(beaten).max(self.strip.end());
        AgentRow {
            id: self.settings.id.clone(),
            short_id: self.settings.id.short(),
            name: self.settings.name.clone(),
            kind: self.settings.id.kind(),
            realm: self.settings.id.realm(),
            liveness: self.liveness,
            liveness_since: self.since,
            needs_attention: self.needs_attention(),
            paused: self.settings.paused,
            verdict: self.verdict.clone(),
            process: self.process_view(),
            link: LinkView {
                state: self.link.state,
                since: self.link.since,
                attempt: self.link.attempt,
                next_dial_at: self.link.until,
                next_beat_at: self.link.next_beat,
                reason: self
                    .link
                    .failure
                    .as_ref()
                    .map(|failure| ReasonView { code: failure.code(), sentence: failure.to_string() }),
            },
            registry: RegistryView {
                name: registry.settings.name.clone(),
                url: registry.settings.url.clone(),
                status: self.record.status.clone(),
                last_heartbeat: self.record.last_heartbeat,
                seen_at: self.record.seen_at,
                registered: self.record.registered,
                writes: WriteKind::suiting(self.settings.id.realm(), self.settings.id.kind(), self.record.registered),
            },
            connection: self.connection_health(registry),
            bus: self.bus_view(registry),
            beats: self.beats,
            beats_by: self.settings.beats_by,
            speaker: self.speaker(),
            holder: self.holder().cloned().map(Box::new),
            interval_ms: crate::time::millis(self.settings.interval),
            last_confirmed_at: self.last_confirmed,
            last_sent_at: self.last_sent,
            flips_at: self.flips_at,
            round_trip_ms: self.round_trip.map(crate::time::millis),
            reconnects_24h: self.connections.reconnects_since(newest - STRIP),
            uptime_24h: uptime(self.strip.spans(), self.settings.interval, covered - STRIP, covered),
            tags: self.settings.tags.clone(),
            project: self.settings.project.clone(),
            snoozed_until: desk.snoozed_until(&self.settings.id),
            incident: desk.incident(&self.settings.id).map(OpenIncident::of),
            strip_rev: self.strip.revision(),
        }
    }
}
