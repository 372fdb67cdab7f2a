//! Downtime by whose fault, of one agent or all, for people and for other programs.
//!
//! In the CSV every line is one share of one agent's time: `up`, or the fault by which it was not up. `counted` says as
//! what uptime counts it: `up`, `down`, or `excused` when this computer slept, had no network, or nobody was meant to beat.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::alert::Fault;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::reckon::{self, downtime as reckon_downtime};
use beatkeeper_core::time::{Time, millis};
use beatkeeper_store::Reader;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use ts_rs::TS;

use crate::export::{ExportFormat, Exported, harmless, rfc3339};
use crate::fleet_loop::Ask;
use crate::handle::{Handle, blocking, ended};
use crate::refusal::{Refusal, json_of};

/// Downtime of some agents in some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Downtime {
    /// From.
    pub from: Time,
    /// To; not after now.
    pub to: Time,
    /// Each agent's, those that were down for longest first.
    pub agents: Vec<AgentDowntime>,
    /// The sum of all agents.
    pub total: Shares,
}

/// One agent's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AgentDowntime {
    /// Whose.
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// Its time.
    #[serde(flatten)]
    pub shares: Shares,
}

/// Some known time, shared out; what is not known is in none of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Shares {
    /// Beats were confirmed, in milliseconds.
    #[ts(type = "number")]
    pub up_ms: u64,
    /// Beats were due and could be sent, and were not confirmed, in milliseconds.
    #[ts(type = "number")]
    pub down_ms: u64,
    /// By whose fault it was not up, longest first: what counts as down, and what is excused.
    pub by_fault: Vec<FaultTime>,
}

/// Time without confirmed beats by one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultTime {
    /// Whose fault it was.
    pub fault: Fault,
    /// For how long, in milliseconds.
    #[ts(type = "number")]
    pub ms: u64,
}

impl From<&reckon::Downtime> for Shares {
    fn from(all: &reckon::Downtime) -> Self {
        let mut by_fault: Vec<FaultTime> =
            all.by_fault.iter().map(|(fault, length)| FaultTime { fault: *fault, ms: millis(*length) }).collect();
        by_fault.sort_by_key(|one| Reverse(one.ms));
        Self { up_ms: millis(all.up), down_ms: millis(all.down), by_fault }
    }
}

/// Who is asked about.
#[derive(Clone, Debug)]
struct Watched {
    id: EntityId,
    name: String,
    /// The time that a beat of it covers.
    interval: Duration,
}

impl Handle {
    /// Answers a [`Downtime`].
    pub(crate) async fn downtime(&self, id: Option<EntityId>, from: Time, to: Time) -> Result<Value, Refusal> {
        self.reckon_downtime(id, from, to, |downtime| json_of(&downtime)).await
    }

    /// Answers an [`Exported`].
    pub(crate) async fn downtime_export(
        &self,
        id: Option<EntityId>,
        from: Time,
        to: Time,
        format: ExportFormat,
    ) -> Result<Value, Refusal> {
        self.reckon_downtime(id, from, to, move |downtime| json_of(&export(&downtime, format)?)).await
    }

    async fn reckon_downtime(
        &self,
        id: Option<EntityId>,
        from: Time,
        to: Time,
        answer: impl FnOnce(Downtime) -> Result<Value, Refusal> + Send + 'static,
    ) -> Result<Value, Refusal> {
        let (agents, now) = self.watched(id).await?;
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            // What happened a moment ago belongs to the answer.
            shared.writer.flush()?;
            answer(reckon(&shared.reader, &agents, from, to, now)?)
        })
        .await
    }

    /// One agent or all, and now.
    async fn watched(&self, id: Option<EntityId>) -> Result<(Vec<Watched>, Time), Refusal> {
        let settings = Arc::clone(&self.settings.borrow());
        let ids: Vec<EntityId> = match &id {
            Some(id) => vec![id.clone()],
            None => settings.agents.iter().map(|agent| agent.entity.clone()).collect(),
        };
        let (reply, intervals) = oneshot::channel();
        self.asks.send(Ask::Intervals(ids, reply)).await.map_err(|_| ended())?;
        let (intervals, now) = intervals.await.map_err(|_| ended())?;
        let watched: Vec<Watched> = settings
            .agents
            .iter()
            .filter_map(|agent| {
                let interval = *intervals.get(&agent.entity)?;
                Some(Watched { id: agent.entity.clone(), name: agent.name.clone(), interval })
            })
            .collect();
        match id {
            Some(id) if watched.is_empty() => Err(Refusal::new(
                "agent.unknown",
                format!("{id} is not in the configuration"),
                "See `beatkeeper agent list`.",
            )),
            _ => Ok((watched, now)),
        }
    }
}

/// Of time that has not come yet nothing is known.
fn reckon(reader: &Reader, agents: &[Watched], from: Time, to: Time, now: Time) -> Result<Downtime, Refusal> {
    let to = to.min(now);
    if to <= from {
        return Err(Refusal::new(
            "downtime.range",
            "The range is empty: it ends before it begins, or has not begun yet",
            "Name a time that has passed, its beginning first.",
        ));
    }
    let ids: Vec<EntityId> = agents.iter().map(|agent| agent.id.clone()).collect();
    // A silence that began long before is known by its beginning.
    let strips = reader.strips_and_before(&ids, from, to)?;
    let mut total = reckon::Downtime::default();
    let mut each = Vec::new();
    for Watched { id, name, interval } in agents {
        let spans = strips.get(id).map(Vec::as_slice).unwrap_or_default();
        let all = reckon_downtime(spans, *interval, from, to);
        total.add(&all);
        each.push(AgentDowntime { id: id.clone(), name: name.clone(), shares: Shares::from(&all) });
    }
    each.sort_by(|a, b| (b.shares.down_ms, &a.name).cmp(&(a.shares.down_ms, &b.name)));
    Ok(Downtime { from, to, agents: each, total: Shares::from(&total) })
}

/// One line of the CSV.
#[derive(Debug, Serialize)]
struct Line<'a> {
    id: &'a str,
    name: &'a str,
    from: &'a str,
    to: &'a str,
    share: &'static str,
    counted: &'static str,
    seconds: f64,
}

fn export(downtime: &Downtime, format: ExportFormat) -> Result<Exported, Refusal> {
    let (from, to) = (rfc3339(downtime.from), rfc3339(downtime.to));
    let rows = downtime.agents.iter().map(|agent| 1 + agent.shares.by_fault.len()).sum();
    let text = match format {
        ExportFormat::Csv => csv(&downtime.agents, &from, &to)
            .map_err(|error| Refusal::new("export.csv", error.to_string(), "This is a defect; please report it."))?,
        ExportFormat::Json => {
            let of_agent = |agent: &AgentDowntime| {
                let mut one = in_seconds(&agent.shares);
                one["id"] = json!(agent.id);
                one["name"] = json!(agent.name);
                one
            };
            let agents: Vec<Value> = downtime.agents.iter().map(of_agent).collect();
            let whole = json!({"from": from, "to": to, "agents": agents, "total": in_seconds(&downtime.total)});
            format!("{whole:#}\n")
        }
    };
    Ok(Exported { text, rows })
}

fn csv(agents: &[AgentDowntime], from: &str, to: &str) -> Result<String, csv::Error> {
    // The header is written by hand, so that a fleet without agents has one, too.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(["id", "name", "from", "to", "share", "counted", "seconds"])?;
    for agent in agents {
        let name = harmless(&agent.name);
        let line = |share, counted, ms| Line {
            id: agent.id.as_str(),
            name: &name,
            from,
            to,
            share,
            counted,
            seconds: seconds(ms),
        };
        writer.serialize(line("up", "up", agent.shares.up_ms))?;
        for FaultTime { fault, ms } in &agent.shares.by_fault {
            let counted = if reckon::Downtime::is_excused(*fault) { "excused" } else { "down" };
            writer.serialize(line(fault.as_str(), counted, *ms))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn in_seconds(shares: &Shares) -> Value {
    let by_fault: BTreeMap<&str, f64> =
        shares.by_fault.iter().map(|one| (one.fault.as_str(), seconds(one.ms))).collect();
    json!({
        "up_seconds": seconds(shares.up_ms),
        "down_seconds": seconds(shares.down_ms),
        "by_fault_seconds": by_fault,
    })
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::history::{HistoryRow, Span, SpanKind};
    use beatkeeper_store::{Store, Writer};
    use tempfile::TempDir;

    use super::*;

    fn at(second: u64) -> Time {
        Time::from_millis(1_800_000_000_000 + second * 1000)
    }

    fn id(number: u8) -> EntityId {
        format!("zns:{number:032x}").parse().unwrap()
    }

    fn watched(number: u8, name: &str) -> Watched {
        Watched { id: id(number), name: name.into(), interval: Duration::from_secs(10) }
    }

    fn history(spans: &[(u8, SpanKind, &str, u64, u64)]) -> (TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::start(Store::open(folder.path().join("h.sqlite3")).unwrap(), at(0)).unwrap();
        for (of, kind, cause, from, to) in spans {
            writer.send(HistoryRow::Span(Span {
                agent: id(*of),
                kind: *kind,
                cause: (*cause).into(),
                from: at(*from),
                to: at(*to),
                beats: 4,
            }));
        }
        writer.close().unwrap();
        let reader = writer.reader().unwrap();
        (folder, reader)
    }

    /// Two agents: one is refused for 90 s and then asleep, the other has been silent since before it all.
    fn two() -> (TempDir, Reader) {
        history(&[
            (1, SpanKind::Confirmed, "", 0, 100),
            (1, SpanKind::Missed, "link.refused", 100, 200),
            (1, SpanKind::Asleep, "", 200, 250),
            (1, SpanKind::Confirmed, "", 300, 990),
            (2, SpanKind::Missed, "process.gone", 0, 30),
        ])
    }

    fn shares(up: u64, down: u64, by_fault: &[(Fault, u64)]) -> Shares {
        let by_fault =
            by_fault.iter().map(|(fault, seconds)| FaultTime { fault: *fault, ms: seconds * 1000 }).collect();
        Shares { up_ms: up * 1000, down_ms: down * 1000, by_fault }
    }

    #[test]
    fn each_agent_and_all_of_them_are_reckoned_up() {
        let (_folder, reader) = two();
        let agents = [watched(1, "one"), watched(2, "two"), watched(3, "never seen")];
        let downtime = reckon(&reader, &agents, at(50), at(1000), at(5000)).unwrap();
        let names: Vec<&str> = downtime.agents.iter().map(|agent| agent.name.as_str()).collect();
        assert_eq!(names, ["two", "one", "never seen"]);
        // It ended being written at 30, before the range, and has not ended.
        assert_eq!(downtime.agents[0].shares, shares(0, 950, &[(Fault::Process, 950)]));
        assert_eq!(downtime.agents[1].shares, shares(760, 90, &[(Fault::Asleep, 100), (Fault::Registry, 90)]));
        assert_eq!(downtime.agents[2].shares, Shares::default());
        assert_eq!(
            downtime.total,
            shares(760, 1040, &[(Fault::Process, 950), (Fault::Asleep, 100), (Fault::Registry, 90)])
        );
    }

    #[test]
    fn the_future_is_not_known_and_an_empty_range_is_refused() {
        let (_folder, reader) = two();
        let downtime = reckon(&reader, &[watched(2, "two")], at(100), at(9000), at(150)).unwrap();
        assert_eq!((downtime.to, downtime.total.down_ms), (at(150), 50_000));
        for (from, to) in [(100, 100), (100, 99), (200, 300)] {
            let refusal = reckon(&reader, &[], at(from), at(to), at(150)).unwrap_err();
            assert_eq!(refusal.code, "downtime.range", "{from} {to}");
        }
    }

    #[test]
    fn a_csv_has_a_line_for_each_share_and_reads_back() {
        let (_folder, reader) = two();
        let downtime = reckon(&reader, &[watched(1, "=one, \"1\"")], at(50), at(1000), at(5000)).unwrap();
        let exported = export(&downtime, ExportFormat::Csv).unwrap();
        let mut read = csv::Reader::from_reader(exported.text.as_bytes());
        let header: Vec<String> = read.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header, ["id", "name", "from", "to", "share", "counted", "seconds"]);
        let lines: Vec<csv::StringRecord> = read.records().map(Result::unwrap).collect();
        assert_eq!((lines.len(), exported.rows), (3, 3));
        assert_eq!(&lines[0][1], "'=one, \"1\"", "a spreadsheet runs no formula");
        assert_eq!((&lines[0][2], &lines[0][3]), (rfc3339(at(50)).as_str(), rfc3339(at(1000)).as_str()));
        let last: Vec<Vec<&str>> = lines.iter().map(|line| line.iter().skip(4).collect()).collect();
        assert_eq!(last, [["up", "up", "760.0"], ["asleep", "excused", "100.0"], ["registry", "down", "90.0"]]);
        let none = export(&reckon(&reader, &[], at(0), at(1), at(2)).unwrap(), ExportFormat::Csv).unwrap();
        assert_eq!((none.rows, none.text.lines().count()), (0, 1));
    }

    #[test]
    fn json_has_the_same_and_the_total() {
        let (_folder, reader) = two();
        let agents = [watched(1, "one"), watched(2, "two")];
        let exported =
            export(&reckon(&reader, &agents, at(50), at(1000), at(5000)).unwrap(), ExportFormat::Json).unwrap();
        let whole: Value = serde_json::from_str(&exported.text).unwrap();
        assert_eq!(whole["from"], rfc3339(at(50)));
        assert_eq!(whole["agents"][1]["name"], "one");
        assert_eq!(whole["agents"][1]["by_fault_seconds"], json!({"asleep": 100.0, "registry": 90.0}));
        assert_eq!(whole["total"]["down_seconds"], 1040.0);
    }
}
