//! Lines on their way to the disk, in batches; and what becomes of them when the disk takes none.

use std::io;
use std::time::{Duration, SystemTime};

use super::files::{Failed, Files};
use super::line::{self, Stream, note};
use super::partial::Piece;
use super::stamp::Stamper;

/// A batch that has become this large is written at once, bytes.
const BATCH: usize = 64 * 1024;

/// How long a line waits for others to be written with it.
const WAIT: Duration = Duration::from_millis(50);

/// How often a disk that takes nothing is tried, while less than a batch arrives.
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Output {
    files: Files,
    stamper: Stamper,
    batch: Vec<u8>,
    /// When the batch, or a loss that is to be told, is written at the latest.
    due: Option<SystemTime>,
    /// When `due` was set: a clock that was set back must not hold the batch.
    since: Option<SystemTime>,
    lost: u64,
    why: String,
}

impl Output {
    pub(super) fn new(files: Files) -> Self {
        Self {
            files,
            stamper: Stamper::default(),
            batch: Vec::with_capacity(BATCH * 2),
            due: None,
            since: None,
            lost: 0,
            why: String::new(),
        }
    }

    pub(super) const fn due(&self) -> Option<SystemTime> {
        self.due
    }

    /// Takes a line; it is written later.
    pub(super) fn push(&mut self, stream: Stream, piece: &Piece<'_>, now: SystemTime) {
        let before = self.batch.len();
        line::write(&mut self.batch, &mut self.stamper, piece.at, stream, piece.text, piece.cut);
        let alone = before == 0 && self.files.is_empty();
        if !alone && !self.files.fit(self.batch.len()) {
            let line = self.batch.split_off(before);
            self.flush(now);
            self.files.turn();
            self.batch = line;
        }
        if self.batch.len() >= BATCH {
            self.flush(now);
        } else if self.due.is_none() {
            self.wake(now, WAIT);
        }
    }

    /// Writes the batch when its time has come.
    pub(super) fn tick(&mut self, now: SystemTime) {
        let set_back = self.since.is_some_and(|since| now < since);
        if self.due.is_some_and(|due| set_back || now >= due) {
            self.flush(now);
        }
    }

    /// Writes what there is. What cannot be written is lost, and said when it works again.
    pub(super) fn flush(&mut self, now: SystemTime) {
        self.due = None;
        if self.batch.is_empty() && self.lost == 0 {
            return;
        }
        let told = self.lost;
        if told > 0 {
            self.put_loss_first(now);
        }
        match self.files.write(&self.batch) {
            Ok(()) => self.lost = 0,
            Err(Failed { kept, why }) => {
                let written = kept > 0;
                let lines = lines(&self.batch[kept..]) as u64;
                // The note itself is no line of the agent's, and once it is written the count begins anew.
                self.lost = if written || told == 0 { lines } else { told + lines - 1 };
                self.why = reason(&why);
                self.wake(now, RETRY);
            }
        }
        self.batch.clear();
    }

    /// Drops what is not written yet and everything that is.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.batch.clear();
        self.due = None;
        self.lost = 0;
        self.files.clear()
    }

    fn put_loss_first(&mut self, now: SystemTime) {
        let lines = if self.lost == 1 { "line" } else { "lines" };
        let text = format!("{} {} {lines}: {}", note::LOST, self.lost, self.why);
        let mut batch = Vec::with_capacity(BATCH * 2);
        line::write(&mut batch, &mut self.stamper, now, Stream::Note, text.as_bytes(), 0);
        batch.append(&mut self.batch);
        self.batch = batch;
    }

    fn wake(&mut self, now: SystemTime, after: Duration) {
        self.since = Some(now);
        self.due = Some(now + after);
    }
}

fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// On one line, whatever the system says.
fn reason(error: &io::Error) -> String {
    error.to_string().replace(['\n', '\r'], " ")
}
