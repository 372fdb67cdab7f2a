//! Where output goes: the log, as its writing thread sees it.

use std::io;
use std::time::SystemTime;

use crate::log::{LogPlace, LogWriter, Stream};

/// What takes output in. It may take its time; what it cannot keep it counts itself.
pub(crate) trait Sink: Send {
    /// Bytes as they came, with lines begun and not ended.
    fn append(&mut self, stream: Stream, bytes: &[u8]);
    /// A line of our own, whose first word is one of [`crate::log::note`].
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
    Ok(Box::new(LogWriter::open(place)?))
}

impl Sink for LogWriter {
    fn append(&mut self, stream: Stream, bytes: &[u8]) {
        self.append(stream, bytes, SystemTime::now());
    }

    fn note(&mut self, text: &str) {
        self.note(text, SystemTime::now());
    }

    fn mark(&mut self, text: &str) {
        self.mark(text, SystemTime::now());
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear()
    }

    fn due(&self) -> Option<SystemTime> {
        self.due()
    }

    fn tick(&mut self) {
        self.tick(SystemTime::now());
    }

    fn end(&mut self) {
        self.end(SystemTime::now());
    }
}
