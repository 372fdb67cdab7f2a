//! The first witness at that moment: the agent's process.

use beatkeeper_core::supervise::Probed;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{
    ExitView, LadderView, ProcessState, ProcessView, RunView, RungKind, RungState, RungView, UsageView,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Clean;

/// The process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessThen {
    /// What was known.
    pub state: ProcessState,
    /// Since when.
    pub since: Option<Time>,
    /// Evidence in a few words.
    pub detail: Clean,
    /// More of one that is started here; nothing when others run it, and in boxes that were kept before it was.
    #[serde(default)]
    pub run: Option<RunThen>,
}

/// A process that is started here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunThen {
    /// The main process, while it ran.
    pub pid: Option<u32>,
    /// When it was started last.
    pub started_at: Option<Time>,
    /// It was started by an earlier run of Beatkeeper, and taken over.
    pub reclaimed: bool,
    /// Starts in a row that came to nothing.
    pub restarts: u32,
    /// After so many it is given up; never for 0.
    pub max_restarts: u32,
    /// When it was to be started again.
    pub next_start_at: Option<Time>,
    /// How it ended last.
    pub exit: Option<ExitThen>,
    /// What it cost, when that was looked at last.
    pub usage: Option<UsageThen>,
    /// What its probe was answered last.
    pub probe: Option<ProbeThen>,
    /// How its code differed from what was started.
    pub drift: Option<Clean>,
    /// Its recovery.
    pub ladder: Option<LadderThen>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExitThen {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When.
    pub at: Time,
    /// In words.
    pub sentence: Clean,
}

/// What a process and all that it started cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageThen {
    /// When.
    pub at: Time,
    /// Of one core, in thousandths.
    pub cpu_permille: u32,
    /// Memory, in bytes.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Threads.
    pub threads: u32,
    /// Open files, where that can be told.
    pub open_files: Option<u32>,
    /// Processes.
    pub processes: u32,
}

/// A probe's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProbeThen {
    /// When.
    pub at: Time,
    /// Whether it was well.
    pub well: bool,
    /// In words.
    pub sentence: Clean,
}

/// A recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LadderThen {
    /// Its steps, in order.
    pub rungs: Vec<RungThen>,
    /// When the next one was to act, or the present one to be given up.
    pub acts_at: Option<Time>,
    /// A person held it.
    pub held: bool,
    /// Where it stood; empty while nothing was wrong.
    pub sentence: Clean,
}

/// A step of a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RungThen {
    /// What it does.
    pub kind: RungKind,
    /// In words.
    pub label: Clean,
    /// How far it got.
    pub state: RungState,
}

impl ProcessThen {
    pub(super) fn of(process: &ProcessView, probe: Option<&(Time, Probed)>) -> Self {
        Self {
            state: process.state,
            since: process.since,
            detail: Clean::new(&process.detail),
            run: process.run.as_ref().map(|run| RunThen::of(run, probe)),
        }
    }
}

impl RunThen {
    fn of(run: &RunView, probe: Option<&(Time, Probed)>) -> Self {
        Self {
            pid: run.pid,
            started_at: run.started_at,
            reclaimed: run.reclaimed,
            restarts: run.restarts,
            max_restarts: run.max_restarts,
            next_start_at: run.next_start_at,
            exit: run.exit.as_ref().map(ExitThen::of),
            usage: run.usage.as_ref().map(UsageThen::of),
            probe: probe.map(|(at, probed)| ProbeThen::of(*at, probed)),
            drift: run.drift.as_ref().map(|drift| Clean::new(&drift.sentence)),
            ladder: run.ladder.as_ref().map(LadderThen::of),
        }
    }
}

impl ExitThen {
    fn of(exit: &ExitView) -> Self {
        Self { code: exit.code, signal: exit.signal, at: exit.at, sentence: Clean::new(&exit.sentence) }
    }
}

impl UsageThen {
    fn of(usage: &UsageView) -> Self {
        Self {
            at: usage.at,
            // As many cores as there are fit.
            cpu_permille: (usage.cpu_percent * 10.0).round() as u32,
            memory_bytes: usage.memory_bytes,
            threads: usage.threads,
            open_files: usage.open_files,
            processes: usage.processes,
        }
    }
}

impl ProbeThen {
    fn of(at: Time, probed: &Probed) -> Self {
        let (well, sentence) = match probed {
            Probed::Well(_) => (true, "it is well"),
            Probed::Refused(sentence)
            | Probed::Silent(sentence)
            | Probed::Unwell(sentence)
            | Probed::WrongAgent(sentence) => (false, sentence.as_str()),
        };
        Self { at, well, sentence: Clean::new(sentence) }
    }
}

impl LadderThen {
    fn of(ladder: &LadderView) -> Self {
        let rung = |rung: &RungView| RungThen { kind: rung.kind, label: Clean::new(&rung.label), state: rung.state };
        Self {
            rungs: ladder.rungs.iter().map(rung).collect(),
            acts_at: ladder.acts_at,
            held: ladder.held,
            sentence: Clean::new(&ladder.sentence),
        }
    }
}
