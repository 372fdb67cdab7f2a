//! Those who read, while it is written.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::line::{LogLine, Raw, note};
use super::page::{Cursor, Direction, Page, Start};
use super::pattern::Pattern;
use super::place::LogPlace;
use super::segments::{self, Segment};
use super::walk::{self, Step, Walk};

/// A page has at most so many lines.
pub const MOST_LINES: usize = 10_000;

/// A page has at most about so much text, bytes; a single line always fits.
pub const PAGE_BYTES: usize = 1024 * 1024;

/// One call searches at most about so much of a log, bytes.
pub const SEARCH_BYTES: u64 = 4 * 1024 * 1024;

/// The newest so many starts are answered.
const MOST_STARTS: usize = 1000;

/// How often it is tried again when files come and go while they are read. Even a writer that fills one each millisecond leaves
/// a reader time enough to open one.
const TRIES: u32 = 100;

/// Reads an agent's log. It holds no file open, and a log that is not there yet is an empty one.
///
/// Every call blocks for as long as the disk takes; none writes.
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    /// Begins of the oldest and the newest file, when they were last listed.
    known: Mutex<Option<(u64, u64)>>,
}

impl LogReader {
    /// Nothing is read yet.
    #[must_use]
    pub fn open(place: &LogPlace) -> Self {
        Self { folder: place.folder.clone(), known: Mutex::new(None) }
    }

    /// The newest `n` lines.
    ///
    /// # Errors
    /// The files cannot be read. The same holds for every other call.
    pub fn last(&self, n: usize) -> io::Result<Page> {
        self.before(Cursor::END, n)
    }

    /// The next `n` lines from the cursor on. At the end of the log it answers an empty page, for the price of a look at the
    /// file's length.
    pub fn after(&self, cursor: Cursor, n: usize) -> io::Result<Page> {
        if let Some(page) = self.nothing_new(cursor) {
            return Ok(page);
        }
        self.listed(|segments| {
            let mut lines = Lines::new(n);
            let walk = walk::forward(segments, cursor.0, |at, line| lines.take(at, line))?;
            Ok(page(segments, cursor, Direction::Forward, &walk, lines))
        })
    }

    /// The `n` lines that end before the cursor.
    pub fn before(&self, cursor: Cursor, n: usize) -> io::Result<Page> {
        self.listed(|segments| {
            let mut lines = Lines::new(n);
            let walk = walk::backward(segments, cursor.0, |at, line| lines.take(at, line))?;
            lines.lines.reverse();
            Ok(page(segments, cursor, Direction::Back, &walk, lines))
        })
    }

    /// The next `n` lines in which the pattern is, from the cursor on or ending before it.
    ///
    /// One call searches [`SEARCH_BYTES`]. While the page is not [`at_end`](Page::at_end) (or, going back,
    /// [`at_begin`](Page::at_begin)) there may be more: go on from its `to` (`from`), also when it has no line.
    pub fn search(&self, pattern: &Pattern, cursor: Cursor, direction: Direction, n: usize) -> io::Result<Page> {
        self.listed(|segments| {
            let mut lines = Lines::new(n);
            let mut budget = SEARCH_BYTES;
            let mut visit = |at, line: &[u8]| {
                let Some(rest) = budget.checked_sub(line.len() as u64 + 1) else { return Step::Before };
                budget = rest;
                if Raw::of(line).is_some_and(|raw| pattern.is_in(raw.text)) { lines.take(at, line) } else { Step::Next }
            };
            let walk = match direction {
                Direction::Forward => walk::forward(segments, cursor.0, &mut visit)?,
                Direction::Back => walk::backward(segments, cursor.0, &mut visit)?,
            };
            if direction == Direction::Back {
                lines.lines.reverse();
            }
            Ok(page(segments, cursor, direction, &walk, lines))
        })
    }

    /// Where the agent was started, oldest first, as far as it is still kept: the newest thousand.
    ///
    /// It passes by every line that is kept: tens of milliseconds for a full log.
    pub fn starts(&self) -> io::Result<Vec<Start>> {
        self.listed(|segments| {
            let mut starts = Vec::new();
            walk::backward(segments, u64::MAX, |at, line| {
                let raw = Raw::of(line).filter(|raw| raw.is_note(note::START));
                if let Some(line) = raw.and_then(|raw| raw.read(Cursor(at))) {
                    starts.push(Start { cursor: line.cursor, at: line.at, text: line.text });
                }
                if starts.len() == MOST_STARTS { Step::Last } else { Step::Next }
            })?;
            starts.reverse();
            Ok(starts)
        })
    }

    /// The empty page when the cursor is the end of the newest file, which is what a follower asks most of the time.
    fn nothing_new(&self, cursor: Cursor) -> Option<Page> {
        let (oldest, newest) = (*self.known.lock().unwrap_or_else(PoisonError::into_inner))?;
        let length = cursor.0.checked_sub(newest).filter(|length| *length > 0)?;
        let same = fs::metadata(segments::path(&self.folder, newest)).is_ok_and(|meta| meta.len() == length);
        // The file that would follow begins right here.
        let last = same && fs::symlink_metadata(segments::path(&self.folder, cursor.0)).is_err();
        last.then_some(Page {
            lines: Vec::new(),
            from: cursor,
            to: cursor,
            oldest: Cursor(oldest),
            skipped: 0,
            at_begin: false,
            at_end: true,
        })
    }

    /// Lists the files and reads them; again, when they changed meanwhile.
    fn listed<T>(&self, mut read: impl FnMut(&[Segment]) -> io::Result<T>) -> io::Result<T> {
        let mut tries = 0;
        loop {
            tries += 1;
            let listed = segments::list(&self.folder);
            // Clearing makes the new file before it removes the old ones, and a listing may see neither.
            if tries == 1 && listed.as_ref().is_ok_and(Vec::is_empty) {
                continue;
            }
            let answer = listed.and_then(|segments| {
                let known = segments.first().zip(segments.last()).map(|(first, last)| (first.begin, last.begin));
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
                read(&segments)
            });
            match answer {
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {}
                answer => return answer,
            }
        }
    }
}

/// The lines of a page, as they are met.
struct Lines {
    lines: Vec<LogLine>,
    most: usize,
    bytes: usize,
    /// Bytes of what no writer wrote.
    damaged: u64,
}

impl Lines {
    fn new(n: usize) -> Self {
        Self { lines: Vec::new(), most: n.clamp(1, MOST_LINES), bytes: 0, damaged: 0 }
    }

    fn take(&mut self, at: u64, line: &[u8]) -> Step {
        if !self.lines.is_empty() && self.bytes + line.len() > PAGE_BYTES {
            return Step::Before;
        }
        match Raw::of(line).and_then(|raw| raw.read(Cursor(at))) {
            Some(read) => {
                self.bytes += line.len();
                self.lines.push(read);
            }
            None => self.damaged += line.len() as u64 + 1,
        }
        if self.lines.len() == self.most { Step::Last } else { Step::Next }
    }
}

fn page(segments: &[Segment], asked: Cursor, direction: Direction, walk: &Walk, lines: Lines) -> Page {
    let (from, to) = match direction {
        Direction::Forward => (walk.start, walk.position),
        Direction::Back => (walk.position, walk.start),
    };
    let oldest = segments.first().map_or(0, |segment| segment.begin);
    let end = segments.last().map_or(0, |segment| segment.end);
    Page {
        lines: lines.lines,
        from: Cursor(from),
        to: Cursor(to),
        oldest: Cursor(oldest),
        skipped: walk.skipped + lines.damaged,
        at_begin: from <= oldest,
        at_end: match direction {
            Direction::Forward => walk.finished,
            // Behind the last whole line there may be half of one.
            Direction::Back => asked.0.max(to) >= end,
        },
    }
}
