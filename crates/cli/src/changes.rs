//! What happened to the fleet, in lines: for `run`, and for `status --watch` into a file.

use std::collections::BTreeMap;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use jiff::tz::TimeZone;

use crate::fleet::{Delta, Fleet, Row};
use crate::out::plain;
use crate::shape;
use crate::time::clock;

/// What was last told of each agent.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    told: BTreeMap<EntityId, Told>,
}

#[derive(Debug, PartialEq, Eq)]
struct Told {
    liveness: Liveness,
    verdict: String,
    status: Option<String>,
}

impl Changes {
    /// Folds a delta; answers a line for each agent whose state, verdict or registry status is another one. Beats alone
    /// are no news, nor is the first sight of an agent.
    pub(crate) fn fold(&mut self, fleet: &mut Fleet, delta: Delta, zone: &TimeZone) -> Vec<String> {
        let (changed, gone) = fleet.fold(delta);
        let mut lines = Vec::new();
        for row in changed.iter().filter_map(|id| fleet.get(id)) {
            let now =
                Told { liveness: row.liveness, verdict: row.verdict.code.clone(), status: row.registry.status.clone() };
            match self.told.get(&row.id) {
                Some(before) if *before != now => {
                    lines.push(format!("{} {}", clock(fleet.now, fleet.now, zone), story(row, before)));
                }
                Some(_) | None => {}
            }
            self.told.insert(row.id.clone(), now);
        }
        for row in gone {
            self.told.remove(&row.id);
            lines.push(format!("{} - {} removed", clock(fleet.now, fleet.now, zone), plain(&row.name)));
        }
        lines
    }
}

fn story(row: &Row, before: &Told) -> String {
    let (glyph, _) = shape::of(row.liveness);
    let was = if row.liveness == before.liveness { String::new() } else { format!(" (was {})", before.liveness) };
    let status = match (&before.status, &row.registry.status) {
        (Some(before), Some(now)) if before != now => format!("; the registry says {}", plain(now)),
        _ => String::new(),
    };
    format!("{glyph} {} {}{was}: {}{status}", plain(&row.name), row.liveness, plain(&row.verdict.sentence))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fleet::tests::{delta, id, row};

    #[test]
    fn a_change_is_one_line_and_a_beat_is_none() {
        let (mut changes, mut fleet) = (Changes::default(), Fleet::default());
        let mut lines = |revision, rows: &[Value], removed: &[String]| {
            changes.fold(&mut fleet, delta(revision, revision == 1, rows, removed), &TimeZone::UTC)
        };
        let verdict = json!({"code": "link.refused", "severity": "bad", "sentence": "Refused\u{7}", "remedy": ""});
        assert!(lines(1, &[row(1, "one", "active", &json!({}))], &[]).is_empty());
        assert!(lines(2, &[row(1, "one", "active", &json!({"round_trip_ms": 3}))], &[]).is_empty());
        assert_eq!(
            lines(3, &[row(1, "one", "late", &json!({"verdict": verdict}))], &[]),
            ["12:00:00 △ one late (was active): Refused\u{fffd}"]
        );
        let inactive = json!({"verdict": verdict, "registry": {"name": "r", "url": "u", "status": "inactive"}});
        assert_eq!(
            lines(4, &[row(1, "one", "late", &inactive)], &[]),
            ["12:00:00 △ one late: Refused\u{fffd}; the registry says inactive"]
        );
        assert_eq!(lines(5, &[], &[id(1)]), ["12:00:00 - one removed"]);
    }
}
