//! Where output goes.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An agent's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// Its folder, of this agent alone.
    pub folder: PathBuf,
    /// How much is kept.
    pub limits: LogLimits,
}

/// How much of a log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLimits {
    /// The size of a file at which the next one begins.
    pub file_bytes: u64,
    /// How many files are kept.
    pub files: u32,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { file_bytes: 4 * 1024 * 1024, files: 8 }
    }
}

/// Which of a process's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// What takes output in. It may take its time, and fail.
pub(crate) trait Sink: Send {
    /// Bytes as they came, with lines begun and not ended.
    fn append(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()>;
    /// A line of our own.
    fn note(&mut self, text: &str) -> io::Result<()>;
    /// Called a moment after output came: lines that are not ended may be shown.
    fn idle(&mut self) -> io::Result<()>;
}

/// Opens the log.
pub(crate) fn open(place: &LogPlace) -> io::Result<Box<dyn Sink>> {
    std::fs::create_dir_all(&place.folder)?;
    let file = std::fs::File::options().create(true).append(true).open(place.folder.join("output.log"))?;
    Ok(Box::new(Plain(file)))
}

/// As it came.
struct Plain(std::fs::File);

impl Sink for Plain {
    fn append(&mut self, _: Stream, bytes: &[u8]) -> io::Result<()> {
        std::io::Write::write_all(&mut self.0, bytes)
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        std::io::Write::write_all(&mut self.0, format!("-- {text}\n").as_bytes())
    }

    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}
