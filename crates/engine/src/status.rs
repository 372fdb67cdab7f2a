//! The fleet as `beatkeeper status --json` prints it. The shape is a promise to scripts: fields are added, never changed.

use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, FleetDelta};
use serde_json::{Value, json};

pub(crate) fn status(delta: &FleetDelta) -> Value {
    json!({
        "now": time(Some(delta.now)),
        "summary": {"sentence": delta.summary.sentence, "counts": delta.summary.counts},
        "registries": delta.registries,
        "agents": delta.rows.iter().map(agent).collect::<Vec<_>>(),
    })
}

fn agent(row: &AgentRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "liveness": row.liveness,
        "liveness_since": time(Some(row.liveness_since)),
        "paused": row.paused,
        "beats_by": row.beats_by,
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
        "process": {"state": row.process.state, "clock_ahead_ms": row.process.clock_ahead_ms, "detail": row.process.detail},
        "verdict": {"code": row.verdict.code, "sentence": row.verdict.sentence, "remedy": row.verdict.remedy},
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

fn time(at: Option<Time>) -> Option<String> {
    at.map(|at| at.to_timestamp().to_string())
}
