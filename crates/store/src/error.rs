//! What can be wrong with the history: a code for machines, a sentence and a remedy for people.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why the history could not be opened, read or written. Nothing was changed or lost where it says so.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer Beatkeeper wrote the file; it was left as it is.
    #[error("{} is in format {found}, made by a newer Beatkeeper; this one knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// Only for reading: an older Beatkeeper wrote the file and it was not brought up to date yet.
    #[error("{} is in the older format {found}; this Beatkeeper reads format {known}", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format that this program reads.
        known: i64,
    },
    /// The file is damaged, or no database at all; it was left as it is.
    #[error("{} is damaged or no history at all: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// A sound database, but of another program; it was left as it is.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file or its directory cannot be created or written.
    #[error("{} is not accessible: {detail}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// Only for reading: there is no file yet.
    #[error("There is no history at {} yet", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another program held the file for longer than we wait.
    #[error("{} is held by another program", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("{} cannot grow: the disk is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite says.
    #[error("{} failed: {source}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
    /// The system gave us no thread to write from.
    #[error("No thread could be started to write the history: {source}")]
    NoThread {
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The writer was closed.
    #[error("The history is closed")]
    Closed,
}

impl StoreError {
    /// Stable, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "store.newer",
            Self::Older { .. } => "store.older",
            Self::Corrupt { .. } => "store.corrupt",
            Self::Foreign { .. } => "store.foreign",
            Self::Unwritable { .. } => "store.unwritable",
            Self::Missing { .. } => "store.missing",
            Self::Busy { .. } => "store.busy",
            Self::Full { .. } => "store.full",
            Self::Failed { .. } => "store.failed",
            Self::NoThread { .. } => "store.no_thread",
            Self::Closed => "store.closed",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Newer { .. } => {
                "Start the newer Beatkeeper, or give this one a data directory of its own with --data. The file was not \
                 touched."
            }
            Self::Older { .. } => "Start Beatkeeper once: it brings the file up to date.",
            Self::Corrupt { .. } => {
                "Move the file away or restore a backup; Beatkeeper then begins a new history. The file was not touched."
            }
            Self::Foreign { .. } => {
                "Give Beatkeeper a data directory of its own with --data, or move the file away. The file was not touched."
            }
            Self::Unwritable { .. } => "Make the directory writable for your user, or choose another one with --data.",
            Self::Missing { .. } => "Start Beatkeeper: it begins the history with the first agent.",
            Self::Busy { .. } => "End the other program that uses this file; only one Beatkeeper may write it.",
            Self::Full { .. } => "Free some space on the disk; rows are kept in memory and written when there is room.",
            Self::Failed { .. } => {
                "Look at the disk and at the log; rows are kept in memory and written when it works."
            }
            Self::NoThread { .. } => {
                "End other programs of your user, or raise the limit of processes, and start again."
            }
            Self::Closed => "Start Beatkeeper again.",
        }
    }

    /// Sorts what SQLite says about the file at `path`.
    pub(crate) fn sort(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { path, detail },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Unwritable { path, detail }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Failed { path, source: Arc::new(error) },
        }
    }
}
