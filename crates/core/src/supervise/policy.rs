//! What a person wants of a process, and what happens to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::identity::EntityId;
use crate::time::Time;
use crate::view::{DriftView, ExitView, RungKind, UsageView};

/// When a process that ended by itself is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RestartPolicy {
    /// Never.
    Never,
    /// Unless its exit code means success.
    #[default]
    OnFailure,
    /// Whatever its exit code.
    Always,
}

/// How a process is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPolicy {
    /// Whether there is a command to start it with; else only its recovery is ours.
    pub own_command: bool,
    /// Started with the program.
    pub starts_with_app: bool,
    /// It does not hold its key: its beats are signed here, at its request.
    pub signer: bool,
    /// When it is started again.
    pub restart: RestartPolicy,
    /// So many starts in a row may come to nothing; any number for 0.
    pub max_restarts: u32,
    /// Exit codes that mean success.
    pub success: Vec<i32>,
    /// From the request to end until it is killed.
    pub stop_grace: Duration,
    /// Whether a probe tells when it is ready; else it is as soon as it was started.
    pub ready_is_probed: bool,
    /// How long it may take to be ready.
    pub ready_within: Duration,
    /// So many probes in a row that fail make it unwell.
    pub failures: u32,
    /// These are started, and ready, before it.
    pub depends_on: Vec<EntityId>,
    /// Its recovery.
    pub rungs: Vec<Rung>,
}

/// One step of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// What it does.
    pub kind: RungKind,
    /// In words.
    pub label: String,
    /// How long a person has to hold it.
    pub after: Duration,
    /// A confirmed beat is awaited for so long.
    pub worked_within: Duration,
}

/// What happened to a process, or is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// A person wants it to run.
    Start,
    /// A person wants it to end, and to stay so.
    Stop,
    /// A person wants it to end and to run again.
    Restart,
    /// It runs.
    Started {
        /// The main process.
        pid: u32,
        /// Since when.
        at: Time,
        /// Of an earlier run of the program.
        reclaimed: bool,
    },
    /// It could not be started.
    StartFailed {
        /// Why, as a sentence.
        sentence: String,
        /// Whether another try may help.
        again: bool,
    },
    /// Its main process ended.
    Ended(ExitView),
    /// All that it started ended, too.
    TreeEnded,
    /// Something of it survives being killed.
    Survives(String),
    /// A probe's word.
    Probed(Probed),
    /// What it costs.
    Usage(UsageView),
    /// How its code differs from what was started.
    Drift(Option<DriftView>),
    /// A step of its recovery that starts no process was carried out, or failed with this sentence.
    Done(Result<(), String>),
    /// A person holds its recovery, or lets it go on.
    Hold(bool),
    /// A person passes over the present step of its recovery.
    Skip,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It is well; with how far its clock is ahead of ours, in milliseconds, where it tells.
    Well(Option<i64>),
    /// Nobody listens at its address, as a sentence.
    Refused(String),
    /// Nobody answers, as a sentence.
    Silent(String),
    /// It answers, and is not well, as a sentence.
    Unwell(String),
    /// Another entity answers.
    WrongAgent(String),
}

/// What must be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAction {
    /// Start its own command, or that of a rung. Answer with `Started` or `StartFailed`, then `Ended` and `TreeEnded`.
    Launch {
        /// Which rung's.
        rung: Option<usize>,
    },
    /// Ask all of it to end.
    Signal,
    /// End all of it.
    Kill,
    /// Carry out a rung that starts no process here. Answer with `Done`.
    Carry {
        /// Which.
        rung: usize,
    },
}
