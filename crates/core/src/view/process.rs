//! The process witness, as a person sees it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::Time;

/// What is known of an agent's process: by its health endpoint, and when it was started here, by watching it.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct ProcessView {
    /// What is known.
    pub state: ProcessState,
    /// Since when.
    pub since: Option<Time>,
    /// How far its clock is ahead of ours, in milliseconds.
    #[ts(type = "number | null")]
    pub clock_ahead_ms: Option<i64>,
    /// Evidence in a few words, such as `connection refused`.
    pub detail: String,
    /// More of one that is started here; nothing when others run it.
    pub run: Option<Box<RunView>>,
}

/// What is known of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ProcessState {
    /// Neither started here nor asked: it is not ours to know.
    #[default]
    NotOurs,
    /// Asked, no answer yet.
    Unknown,
    /// To be started here, and not started; or stopped by a person.
    Stopped,
    /// Started, not ready yet.
    Starting,
    /// It answers for this entity, or runs and has no probe.
    Running,
    /// It runs, and is not well.
    Unhealthy,
    /// Another entity answers at its address.
    WrongAgent,
    /// Nobody answers at its address, and others run it.
    NotRunning,
    /// Asked to end.
    Stopping,
    /// It ended, and is started again in a while.
    Waiting,
    /// It ended by itself, and stays so.
    Exited,
    /// It ended too often; only a person or its recovery starts it again.
    GaveUp,
}

impl ProcessState {
    /// All states, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::NotOurs,
        Self::Unknown,
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Unhealthy,
        Self::WrongAgent,
        Self::NotRunning,
        Self::Stopping,
        Self::Waiting,
        Self::Exited,
        Self::GaveUp,
    ];
}

/// A process that is started here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RunView {
    /// The main process, while it runs.
    pub pid: Option<u32>,
    /// When it was started.
    pub started_at: Option<Time>,
    /// It was started by an earlier run of Beatkeeper, and taken over.
    pub reclaimed: bool,
    /// How it ended last.
    pub exit: Option<ExitView>,
    /// Starts in a row that came to nothing.
    pub restarts: u32,
    /// After so many it is given up; never for 0.
    pub max_restarts: u32,
    /// When it is started again.
    pub next_start_at: Option<Time>,
    /// What it costs.
    pub usage: Option<UsageView>,
    /// How its code differs from what was started.
    pub drift: Option<DriftView>,
    /// Its recovery, when it has one.
    pub ladder: Option<LadderView>,
    /// Whether it is started with Beatkeeper.
    pub starts_with_app: bool,
    /// It does not hold its key: its beats are signed here, at its request.
    pub signer: bool,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExitView {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When.
    pub at: Time,
    /// In words, such as `it ended with 1`.
    pub sentence: String,
}

/// What a process and all that it started cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageView {
    /// Of one core, in percent.
    pub cpu_percent: f32,
    /// Memory, in bytes.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Threads.
    pub threads: u32,
    /// Open files, where that can be told.
    pub open_files: Option<u32>,
    /// Processes.
    pub processes: u32,
    /// When that was.
    pub at: Time,
}

/// How the code in the folder differs from what was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DriftView {
    /// Such as `started 3 commits ago`.
    pub sentence: String,
    /// Commits since.
    pub commits: u32,
    /// Whether files changed that are in no commit.
    pub dirty: bool,
}

/// An agent's recovery: what is tried, one after the other, until it beats again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct LadderView {
    /// The rungs, in order.
    pub rungs: Vec<RungView>,
    /// When the next rung acts, or the present one is given up.
    pub acts_at: Option<Time>,
    /// A person holds it.
    pub held: bool,
    /// Where it stands, in a sentence; empty while nothing is wrong.
    pub sentence: String,
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RungView {
    /// What it does.
    pub kind: RungKind,
    /// In words, such as `restart` or `docker restart weather`.
    pub label: String,
    /// How far it got.
    pub state: RungState,
}

/// What a rung does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RungKind {
    /// Starts the process again.
    Restart,
    /// Starts another command in its place.
    Replace,
    /// `docker restart`.
    DockerRestart,
    /// `docker run`.
    DockerRun,
    /// Calls a person.
    Alert,
}

/// How far a rung got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RungState {
    /// Not its turn.
    #[default]
    Waiting,
    /// It acts when its countdown is over.
    Counting,
    /// It acted; a confirmed beat is awaited.
    Trying,
    /// A beat was confirmed after it.
    Worked,
    /// None was.
    Failed,
    /// A person passed over it.
    Skipped,
}
