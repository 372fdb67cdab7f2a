//! Where a log is and how large it may grow.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An agent's log: a folder that it has to itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// Made when it is missing, for its owner alone. Files in it that are not the log's are left alone.
    pub folder: PathBuf,
    /// How large it may grow.
    pub limits: LogLimits,
}

/// How large a log may grow on the disk: `file_bytes * files`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLimits {
    /// A file that would become larger is followed by the next one, bytes. A single longer line still fits.
    pub file_bytes: u64,
    /// So many are kept, at least two.
    pub files: u32,
}

impl Default for LogLimits {
    /// 8 files of 4 MiB.
    fn default() -> Self {
        Self { file_bytes: 4 * 1024 * 1024, files: 8 }
    }
}
