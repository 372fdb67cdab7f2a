//! The one who writes.

use std::fs::{File, TryLockError};
use std::io;
use std::time::SystemTime;

use super::files::{self, Files, Opener};
use super::line::{Stream, note};
use super::output::Output;
use super::partial::{Partial, Piece};
use super::place::LogPlace;
use super::private;

/// A longer line is cut, bytes of what the agent wrote.
pub const LINE_BYTES: usize = super::partial::LINE_BYTES;

/// Held while a log is written.
const LOCK: &str = ".lock";

/// Writes an agent's log. There is one at a time, in whichever process.
///
/// It has no clock and no thread: every call is told the time, and whoever has it calls [`tick`](Self::tick) when
/// [`due`](Self::due) says so. No call fails or waits because the disk does not take what is written: that costs lines, which
/// are counted, and a note says how many when it works again.
pub struct LogWriter {
    out: Partial,
    err: Partial,
    output: Output,
    last: Option<SystemTime>,
    // Unlocked when it is closed.
    _lock: File,
}

impl LogWriter {
    /// Goes on where the last writer ended.
    ///
    /// # Errors
    /// `WouldBlock` when somebody else writes this log. Anything else: the folder cannot be made or written to.
    pub fn open(place: &LogPlace) -> io::Result<Self> {
        Self::with(place, files::on_disk())
    }

    fn with(place: &LogPlace, open: Opener) -> io::Result<Self> {
        private::folder(&place.folder)?;
        let lock = private::file(&place.folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let sentence = format!("another process writes the log in {}", place.folder.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, sentence));
            }
            // Some network file systems have no locks, and a log there is better than none.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut files = Files::new(place, open);
        // A full disk is met again by the first line, which counts it.
        let _ = files.ready();
        Ok(Self {
            out: Partial::default(),
            err: Partial::default(),
            output: Output::new(files),
            last: None,
            _lock: lock,
        })
    }

    /// Takes what arrived on a stream, in any pieces, at `now`.
    pub fn append(&mut self, stream: Stream, bytes: &[u8], now: SystemTime) {
        self.last = Some(now);
        let partial = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
            Stream::Note => return self.note(&String::from_utf8_lossy(bytes), now),
        };
        let output = &mut self.output;
        partial.feed(bytes, now, |piece| output.push(stream, &piece, now));
    }

    /// Writes a note at once, with everything before it. Its first word is one of [`note`](super::note).
    ///
    /// Lines that the agent has begun stay begun: call [`end`](Self::end) before a note that it exited.
    pub fn note(&mut self, text: &str, now: SystemTime) {
        self.last = Some(now);
        let text = text.replace(['\n', '\r'], " ");
        let end = text.floor_char_boundary(LINE_BYTES);
        let piece = Piece { text: &text.as_bytes()[..end], cut: (text.len() - end) as u64, at: now };
        self.output.push(Stream::Note, &piece, now);
        self.output.flush(now);
    }

    /// Marks this place for a person, with what they wrote.
    pub fn mark(&mut self, text: &str, now: SystemTime) {
        self.note(format!("{} {}", note::MARK, text.trim()).trim_end(), now);
    }

    /// When [`tick`](Self::tick) is to be called next; `None` while nothing waits.
    #[must_use]
    pub fn due(&self) -> Option<SystemTime> {
        [self.out.due(), self.err.due(), self.output.due()].into_iter().flatten().min()
    }

    /// Writes what has waited long enough: batched lines after 50 ms, a line without its end after 200 ms of silence.
    pub fn tick(&mut self, now: SystemTime) {
        self.last = Some(now);
        let output = &mut self.output;
        self.out.settle(now, |piece| output.push(Stream::Out, &piece, now));
        self.err.settle(now, |piece| output.push(Stream::Err, &piece, now));
        output.tick(now);
    }

    /// Both streams have ended: writes their begun lines and everything else. More may follow, of the next run.
    pub fn end(&mut self, now: SystemTime) {
        self.last = Some(now);
        let output = &mut self.output;
        self.out.end(|piece| output.push(Stream::Out, &piece, now));
        self.err.end(|piece| output.push(Stream::Err, &piece, now));
        output.flush(now);
    }

    /// Begins anew: what was written is removed, and cursors go on growing. A line that the agent has begun stays.
    ///
    /// # Errors
    /// The new file cannot be made, or an old one not be removed.
    pub fn clear(&mut self) -> io::Result<()> {
        self.output.clear()
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        if let Some(last) = self.last {
            self.end(last);
        }
    }
}

#[cfg(test)]
mod tests;
