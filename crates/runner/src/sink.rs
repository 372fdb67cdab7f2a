//! Where output goes.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

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

/// First words of notes.
pub(crate) mod note {
    pub(crate) const START: &str = "start";
    pub(crate) const EXIT: &str = "exit";
    pub(crate) const LOST: &str = "lost";
}

/// What takes output in. It may take its time; what it cannot keep it counts itself.
pub(crate) trait Sink: Send {
    /// Bytes as they came, with lines begun and not ended.
    fn append(&mut self, stream: Stream, bytes: &[u8]);
    /// A line of our own, whose first word is one of [`note`].
    fn note(&mut self, text: &str);
    /// A line of a person's.
    fn mark(&mut self, text: &str);
    /// Removes what is kept.
    fn clear(&mut self) -> io::Result<()>;
    /// When [`Sink::tick`] is wanted; `None` while nothing waits.
    fn due(&self) -> Option<SystemTime>;
    /// Shows what has waited long enough.
    fn tick(&mut self);
    /// Shows everything, lines without an end too.
    fn end(&mut self);
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
    fn append(&mut self, _: Stream, bytes: &[u8]) {
        let _ = std::io::Write::write_all(&mut self.0, bytes);
    }

    fn note(&mut self, text: &str) {
        let _ = std::io::Write::write_all(&mut self.0, format!("-- {text}\n").as_bytes());
    }

    fn mark(&mut self, text: &str) {
        self.note(&format!("mark {text}"));
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.set_len(0)
    }

    fn due(&self) -> Option<SystemTime> {
        None
    }

    fn tick(&mut self) {}

    fn end(&mut self) {}
}
