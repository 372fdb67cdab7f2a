//! The black box as a whole, and the agent that the tests freeze.

mod checks;
mod hostile;
mod output;
mod process;
mod redact;
mod whole;

use beatkeeper_core::alert::{Fault, NetworkView};
use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::identity::{EntityKind, Realm};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{
    AgentRow, AlertsView, BeatCounts, BeatsBy, DriftView, ExitView, LadderView, LinkStateName, LinkView, OpenIncident,
    ProcessState, ProcessView, ReasonView, RegistryHealth, RegistryView, RunView, RungKind, RungState, RungView,
    Severity, Speaker, UsageView, VerdictView,
};

use super::Facts;

pub(super) const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";
/// 2026-11-22T13:07:11Z
pub(super) const NOW: Time = Time::from_millis(1_795_352_831_000);

/// So many seconds before now.
pub(super) fn before(seconds: u64) -> Time {
    NOW.offset_millis(-i64::try_from(seconds * 1000).unwrap())
}

/// An agent that went stale because its registry refuses connections.
pub(super) fn row() -> AgentRow {
    let id: beatkeeper_core::identity::EntityId = ID.parse().unwrap();
    AgentRow {
        short_id: id.short(),
        id,
        name: "weather".into(),
        kind: EntityKind::Agent,
        realm: Realm::Zynd,
        liveness: Liveness::Stale,
        liveness_since: NOW,
        needs_attention: true,
        paused: false,
        verdict: VerdictView {
            code: "link.refused",
            severity: Severity::Bad,
            sentence: "Reconnecting: connection refused, attempt 7".into(),
            remedy: "Is the registry running at this address and port?".into(),
        },
        process: ProcessView {
            state: ProcessState::Running,
            since: Some(before(4000)),
            clock_ahead_ms: Some(-40),
            detail: String::new(),
            run: None,
        },
        link: LinkView {
            state: LinkStateName::BackingOff,
            since: before(20),
            attempt: 7,
            next_dial_at: Some(NOW),
            next_beat_at: None,
            reason: Some(ReasonView { code: "link.refused", sentence: "connection refused".into() }),
        },
        registry: RegistryView {
            name: "lab".into(),
            url: "https://r.example".into(),
            status: Some("active".into()),
            last_heartbeat: Some(before(301)),
            seen_at: Some(before(299)),
            registered: Some(true),
            writes: &[],
        },
        connection: None,
        bus: None,
        beats: BeatCounts { sent: 120, confirmed: 119, unconfirmed: 1, foreign: 0 },
        beats_by: BeatsBy::App,
        speaker: Speaker::App,
        holder: None,
        interval_ms: 30_000,
        last_confirmed_at: Some(before(300)),
        last_sent_at: Some(before(270)),
        flips_at: Some(NOW),
        round_trip_ms: Some(41),
        reconnects_24h: 2,
        uptime_24h: None,
        tags: vec!["production".into()],
        project: Some("forecast".into()),
        snoozed_until: None,
        incident: Some(OpenIncident {
            opened_at: NOW,
            fault: Fault::Registry,
            flapping: false,
            told_at: None,
            held: None,
            acknowledged_until: None,
            drill: false,
        }),
        strip_rev: 3,
    }
}

/// A process that was started here, ended, and is being recovered.
pub(super) fn run() -> RunView {
    let rung = |kind, label: &str, state| RungView { kind, label: label.into(), state };
    RunView {
        pid: Some(4711),
        started_at: Some(before(4000)),
        reclaimed: true,
        exit: Some(ExitView { code: Some(3), signal: None, at: before(4010), sentence: "it ended with code 3".into() }),
        restarts: 2,
        max_restarts: 5,
        next_start_at: None,
        usage: Some(UsageView {
            cpu_percent: 3.1,
            memory_bytes: 92 << 20,
            threads: 12,
            open_files: Some(40),
            processes: 3,
            at: before(4),
        }),
        drift: Some(DriftView { sentence: "started 3 commits ago".into(), commits: 3, dirty: false }),
        ladder: Some(LadderView {
            rungs: vec![
                rung(RungKind::Restart, "restart", RungState::Failed),
                rung(RungKind::DockerRestart, "docker restart weather", RungState::Trying),
                rung(RungKind::Alert, "alert", RungState::Waiting),
            ],
            acts_at: Some(NOW),
            held: true,
            sentence: "Tried: docker restart weather; a confirmed beat is awaited".into(),
        }),
        starts_with_app: false,
        signer: false,
    }
}

pub(super) fn registry() -> RegistryHealth {
    RegistryHealth {
        name: "lab".into(),
        url: "https://r.example".into(),
        dialect: Dialect::Zynd,
        dialect_settled: true,
        bus: None,
        reachable: Some(false),
        stream_live: false,
        clock_ahead_ms: Some(1200),
        problem: Some("connection refused".into()),
        problem_since: Some(before(290)),
        demo: false,
    }
}

pub(super) fn facts() -> Facts {
    Facts {
        opened_at: NOW,
        row: row(),
        registry: Some(registry()),
        alerts: AlertsView { network: NetworkView::default(), open: 1, unacknowledged: 1, ..AlertsView::default() },
        now: NOW,
        wall: NOW.offset_millis(250).to_timestamp(),
        probe: None,
        output: None,
    }
}
