//! The fleet as `beatkeeper status --json` prints it. The shape is a promise to scripts: fields are added, never changed.

use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, ConnectionHealth, FleetDelta, RunView};
use serde_json::{Value, json};

pub(crate) fn status(delta: &FleetDelta) -> Value {
    json!({
        "now": time(Some(delta.now)),
        "summary": {"sentence": delta.summary.sentence, "counts": delta.summary.counts},
        "registries": delta.registries,
        "agents": delta.rows.iter().map(|row| agent(row, delta.now)).collect::<Vec<_>>(),
    })
}

fn agent(row: &AgentRow, now: Time) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "liveness": row.liveness,
        "liveness_since": time(Some(row.liveness_since)),
        "paused": row.paused,
        "beats_by": row.beats_by,
        "speaker": row.speaker,
        "holder": row.holder.as_ref().map(|holder| json!({
            "computer": holder.computer,
            "here": holder.here,
            "fence": holder.fence,
            "since": time(Some(holder.since)),
        })),
        "registry": {
            "name": row.registry.name,
            "url": row.registry.url,
            "status": row.registry.status,
            "last_heartbeat": time(row.registry.last_heartbeat),
            "seen_at": time(row.registry.seen_at),
            "registered": row.registry.registered,
        },
        "link": {
            "state": row.link.state,
            "since": time(Some(row.link.since)),
            "attempt": row.link.attempt,
            "next_dial_at": time(row.link.next_dial_at),
            "reason": row.link.reason,
        },
        "connection": row.connection.as_ref().map(|health| connection(health, now)),
        "process": {
            "state": row.process.state,
            "since": time(row.process.since),
            "clock_ahead_ms": row.process.clock_ahead_ms,
            "detail": row.process.detail,
            "run": row.process.run.as_deref().map(run),
        },
        "verdict": {"code": row.verdict.code, "sentence": row.verdict.sentence, "remedy": row.verdict.remedy},
        "bus": row.bus,
        "beats": row.beats,
        "last_confirmed_at": time(row.last_confirmed_at),
        "flips_at": time(row.flips_at),
        "round_trip_ms": row.round_trip_ms,
        "reconnects_24h": row.reconnects_24h,
        "uptime_24h": row.uptime_24h.map(|uptime| uptime.awake),
        "uptime_raw_24h": row.uptime_24h.map(|uptime| uptime.raw),
        "tags": row.tags,
        "project": row.project,
        "snoozed_until": time(row.snoozed_until),
        "incident": row.incident.as_ref().map(|incident| json!({
            "opened_at": time(Some(incident.opened_at)),
            "fault": incident.fault,
            "flapping": incident.flapping,
            "told_at": time(incident.told_at),
            "held": incident.held,
            "acknowledged_until": time(incident.acknowledged_until),
            "drill": incident.drill,
        })),
    })
}

/// With the field names of ArtCafe's own client (protocols.md 5.1).
fn connection(health: &ConnectionHealth, now: Time) -> Value {
    json!({
        "healthy": health.healthy,
        "connected": health.connected,
        "last_heartbeat_ack": time(health.last_heartbeat_ack),
        "seconds_since_ack": health.last_heartbeat_ack.map(|at| now.since(at).as_secs_f64()),
        "reconnect_attempts": health.reconnect_attempts,
    })
}

fn run(run: &RunView) -> Value {
    json!({
        "pid": run.pid,
        "started_at": time(run.started_at),
        "reclaimed": run.reclaimed,
        "exit": run.exit.as_ref().map(|exit| json!({
            "code": exit.code,
            "signal": exit.signal,
            "at": time(Some(exit.at)),
            "sentence": exit.sentence,
        })),
        "restarts": run.restarts,
        "max_restarts": run.max_restarts,
        "next_start_at": time(run.next_start_at),
        "usage": run.usage.map(|usage| json!({
            "cpu_percent": usage.cpu_percent,
            "memory_bytes": usage.memory_bytes,
            "threads": usage.threads,
            "open_files": usage.open_files,
            "processes": usage.processes,
            "at": time(Some(usage.at)),
        })),
        "drift": run.drift,
        "ladder": run.ladder.as_ref().map(|ladder| json!({
            "rungs": ladder.rungs,
            "acts_at": time(ladder.acts_at),
            "held": ladder.held,
            "sentence": ladder.sentence,
        })),
        "starts_with_app": run.starts_with_app,
        "signer": run.signer,
    })
}

fn time(at: Option<Time>) -> Option<String> {
    at.map(|at| at.to_timestamp().to_string())
}
