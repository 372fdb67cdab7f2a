//! The fleet as the engine tells it: deltas folded into rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{
    BeatCounts, BeatsBy, BusHealth, BusState, ConnectionHealth, DriftView, ExitView, Glyph, LinkStateName,
    ProcessState, Severity, Uptime, UsageView,
};
use serde::Deserialize;

/// What is known of the fleet.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    pub(crate) revision: u64,
    pub(crate) now: Time,
    pub(crate) summary: Summary,
    pub(crate) registries: Vec<Registry>,
    rows: BTreeMap<EntityId, Row>,
}

/// The engine's `FleetDelta`, as far as it is shown here.
#[derive(Debug, Deserialize)]
pub(crate) struct Delta {
    revision: u64,
    full: bool,
    now: Time,
    rows: Vec<Row>,
    removed: Vec<EntityId>,
    summary: Summary,
    registries: Vec<Registry>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: EntityId,
    pub(crate) name: String,
    pub(crate) liveness: Liveness,
    pub(crate) liveness_since: Time,
    pub(crate) needs_attention: bool,
    pub(crate) paused: bool,
    pub(crate) verdict: Verdict,
    pub(crate) process: Process,
    pub(crate) link: Link,
    pub(crate) registry: Witness,
    pub(crate) connection: Option<ConnectionHealth>,
    #[serde(default)]
    pub(crate) bus: Option<OnBus>,
    #[serde(default)]
    pub(crate) holder: Option<Holder>,
    pub(crate) beats: BeatCounts,
    pub(crate) beats_by: BeatsBy,
    pub(crate) interval_ms: u64,
    pub(crate) last_confirmed_at: Option<Time>,
    pub(crate) flips_at: Option<Time>,
    pub(crate) round_trip_ms: Option<u64>,
    pub(crate) reconnects_24h: u32,
    pub(crate) uptime_24h: Option<Uptime>,
    pub(crate) tags: Vec<String>,
    pub(crate) project: Option<String>,
    pub(crate) snoozed_until: Option<Time>,
}

/// The engine's `BusView`, as far as it is shown here.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OnBus {
    pub(crate) state: BusState,
    pub(crate) sequence: Option<u64>,
    pub(crate) status: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) host: Option<String>,
}

/// Which computer of a team beats for it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Holder {
    pub(crate) computer: String,
    pub(crate) here: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) code: String,
    pub(crate) severity: Severity,
    pub(crate) sentence: String,
    pub(crate) remedy: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Process {
    pub(crate) state: ProcessState,
    #[serde(default)]
    pub(crate) since: Option<Time>,
    pub(crate) clock_ahead_ms: Option<i64>,
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) run: Option<Box<Run>>,
}

/// The engine's `RunView`, as far as it is shown here.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) pid: Option<u32>,
    pub(crate) started_at: Option<Time>,
    pub(crate) reclaimed: bool,
    pub(crate) exit: Option<ExitView>,
    pub(crate) restarts: u32,
    pub(crate) max_restarts: u32,
    pub(crate) next_start_at: Option<Time>,
    pub(crate) usage: Option<UsageView>,
    pub(crate) drift: Option<DriftView>,
    pub(crate) ladder: Option<Ladder>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ladder {
    pub(crate) acts_at: Option<Time>,
    pub(crate) held: bool,
    pub(crate) sentence: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) state: LinkStateName,
    pub(crate) since: Time,
    pub(crate) attempt: u32,
    pub(crate) next_dial_at: Option<Time>,
    pub(crate) next_beat_at: Option<Time>,
    pub(crate) reason: Option<Reason>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Reason {
    pub(crate) sentence: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Witness {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) status: Option<String>,
    pub(crate) last_heartbeat: Option<Time>,
    pub(crate) seen_at: Option<Time>,
    pub(crate) registered: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Summary {
    pub(crate) sentence: String,
    pub(crate) glyph: Glyph,
    pub(crate) next_flip: Option<NextFlip>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NextFlip {
    pub(crate) name: String,
    pub(crate) at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Registry {
    pub(crate) name: String,
    pub(crate) stream_live: bool,
    pub(crate) clock_ahead_ms: Option<i64>,
    pub(crate) problem: Option<String>,
    /// What came by it, where it is a bus.
    pub(crate) bus: Option<BusHealth>,
    pub(crate) demo: bool,
}

impl Fleet {
    /// Takes in a delta; answers whose rows are new or changed, and the rows that are gone.
    pub(crate) fn fold(&mut self, delta: Delta) -> (Vec<EntityId>, Vec<Row>) {
        let changed: Vec<EntityId> = delta.rows.iter().map(|row| row.id.clone()).collect();
        let mut gone: Vec<Row> = delta.removed.iter().filter_map(|id| self.rows.remove(id)).collect();
        if delta.full {
            let before = std::mem::take(&mut self.rows);
            gone.extend(before.into_values().filter(|row| !changed.contains(&row.id)));
        }
        self.rows.extend(delta.rows.into_iter().map(|row| (row.id.clone(), row)));
        self.revision = delta.revision;
        self.now = delta.now;
        self.summary = delta.summary;
        self.registries = delta.registries;
        (changed, gone)
    }

    pub(crate) fn get(&self, id: &EntityId) -> Option<&Row> {
        self.rows.get(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows, those that need a person first.
    pub(crate) fn worst_first(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.values().collect();
        rows.sort_by_cached_key(|row| {
            let flips = row.flips_at.filter(|_| row.liveness.is_missing());
            (urgency(row), flips.is_none(), flips, row.name.to_lowercase(), row.id.clone())
        });
        rows
    }
}

/// Small is urgent.
fn urgency(row: &Row) -> (u8, Reverse<Severity>) {
    let by_state = match row.liveness {
        _ if row.paused => 7,
        Liveness::Offline => 0,
        Liveness::Stale => 1,
        Liveness::Late => 2,
        Liveness::Active | Liveness::Inactive | Liveness::Unknown | Liveness::Stopped if row.needs_attention => 3,
        Liveness::Active => 4,
        Liveness::Inactive | Liveness::Unknown => 5,
        Liveness::Stopped => 6,
    };
    (by_state, Reverse(row.verdict.severity))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// 2026-01-01T12:00:00Z
    pub(crate) const NOON: u64 = 1_767_268_800_000;

    pub(crate) fn id(number: u8) -> String {
        format!("zns:{number:032x}")
    }

    /// A row as the engine writes it.
    pub(crate) fn row(number: u8, name: &str, liveness: &str, more: &Value) -> Value {
        let (severity, sentence) = match liveness {
            "active" => ("good", "Beating, confirmed"),
            "offline" | "stale" => ("bad", "Reconnecting: the registry refuses connections, attempt 4"),
            _ => ("neutral", "Waiting for the first beat"),
        };
        let mut row = json!({
            "id": id(number), "short_id": "zns:0…", "name": name, "kind": "agent", "liveness": liveness,
            "liveness_since": NOON - 60_000, "needs_attention": liveness == "offline", "paused": false,
            "verdict": {"code": "x", "severity": severity, "sentence": sentence, "remedy": ""},
            "process": {"state": "not_ours", "since": null, "clock_ahead_ms": null, "detail": ""},
            "link": {"state": "open", "since": NOON - 60_000, "attempt": 1, "next_dial_at": null,
                "next_beat_at": null, "reason": null},
            "registry": {"name": "devnet", "url": "http://127.0.0.1:1", "status": "active",
                "last_heartbeat": NOON - 4_000, "seen_at": NOON - 4_000, "registered": true},
            "beats": {"sent": 3, "confirmed": 3, "unconfirmed": 0, "foreign": 0}, "beats_by": "app",
            "interval_ms": 30_000, "last_confirmed_at": NOON - 4_000, "last_sent_at": NOON - 4_000,
            "flips_at": NOON + 296_000, "round_trip_ms": 38, "reconnects_24h": 0, "uptime_24h": {"awake": 1.0, "raw": 0.5},
            "tags": ["nightly"], "project": null, "snoozed_until": null, "strip_rev": 1,
        });
        if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
            row.extend(more.clone());
        }
        row
    }

    pub(crate) fn delta(revision: u64, full: bool, rows: &[Value], removed: &[String]) -> Delta {
        serde_json::from_value(json!({
            "revision": revision, "full": full, "now": NOON, "rows": rows, "removed": removed,
            "summary": {"sentence": "1 active", "glyph": "ok", "counts": {}, "next_flip": null},
            "registries": [{"name": "devnet", "url": "http://127.0.0.1:1", "reachable": true, "stream_live": true,
                "clock_ahead_ms": 90, "problem": null, "bus": null, "demo": false}],
        }))
        .unwrap()
    }

    fn names(fleet: &Fleet) -> Vec<&str> {
        fleet.worst_first().iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn deltas_add_change_and_take_away() {
        let mut fleet = Fleet::default();
        let none = json!({});
        fleet.fold(delta(1, true, &[row(1, "one", "active", &none), row(2, "two", "active", &none)], &[]));
        assert_eq!(names(&fleet), ["one", "two"]);
        let (changed, gone) = fleet.fold(delta(2, false, &[row(2, "two", "stale", &none)], &[id(1)]));
        assert_eq!((changed.len(), gone[0].name.as_str()), (1, "one"));
        assert_eq!(names(&fleet), ["two"]);
        let (_, gone) = fleet.fold(delta(3, true, &[row(3, "three", "active", &none)], &[]));
        assert_eq!(gone[0].name, "two");
        assert_eq!(names(&fleet), ["three"]);
    }

    #[test]
    fn what_needs_a_person_comes_first() {
        let mut fleet = Fleet::default();
        let rows = [
            row(1, "paused", "stopped", &json!({"paused": true})),
            row(2, "good", "active", &json!({})),
            row(3, "never", "inactive", &json!({})),
            row(4, "later", "late", &json!({"flips_at": NOON + 90_000})),
            row(5, "sooner", "late", &json!({"flips_at": NOON + 9_000})),
            row(6, "down", "offline", &json!({})),
            row(7, "copied", "active", &json!({"needs_attention": true})),
            row(8, "quiet", "stale", &json!({})),
        ];
        fleet.fold(delta(1, true, &rows, &[]));
        assert_eq!(names(&fleet), ["down", "quiet", "sooner", "later", "copied", "good", "never", "paused"]);
    }
}
