//! The file that is written, and the turn to the next.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::place::LogPlace;
use super::segments::{self, Segment};
use super::{private, walk};

/// An open file, as far as a writer needs one.
pub(super) trait Sink: Send {
    /// Writes some of it at the end.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes it this long; the next write begins there.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

impl Sink for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(self, bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// Opens a file for writing, or makes it.
pub(super) type Opener = Box<dyn FnMut(&Path) -> io::Result<Box<dyn Sink>> + Send>;

/// Real files.
pub(super) fn on_disk() -> Opener {
    Box::new(|path| Ok(Box::new(private::file(path)?)))
}

/// A batch that was not written whole.
pub(super) struct Failed {
    /// So many bytes of it were: whole lines.
    pub(super) kept: usize,
    pub(super) why: io::Error,
}

/// The log's files, of which the newest is open.
pub(super) struct Files {
    folder: PathBuf,
    file_bytes: u64,
    files: usize,
    open: Opener,
    newest: Option<Newest>,
    /// The next write goes to the next file.
    full: bool,
}

pub(super) struct Newest {
    sink: Box<dyn Sink>,
    begin: u64,
    /// Bytes of whole lines in it.
    length: u64,
    /// A failed write left something behind them.
    torn: bool,
}

impl Files {
    pub(super) fn new(place: &LogPlace, open: Opener) -> Self {
        Self {
            folder: place.folder.clone(),
            file_bytes: place.limits.file_bytes.max(1),
            // While there is one file only, the turn to the next would lose everything at once.
            files: usize::try_from(place.limits.files).unwrap_or(usize::MAX).max(2),
            open,
            newest: None,
            full: false,
        }
    }

    /// Whether these further bytes fit into the file. An empty one takes anything.
    pub(super) fn fit(&self, bytes: usize) -> bool {
        let length = if self.full { 0 } else { self.newest.as_ref().map_or(0, |newest| newest.length) };
        length + bytes as u64 <= self.file_bytes
    }

    /// Whether the file that is written next has nothing in it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.full || self.newest.as_ref().is_none_or(|newest| newest.length == 0)
    }

    /// The next write goes to a new file.
    pub(super) fn turn(&mut self) {
        self.full = true;
    }

    /// Writes whole lines: all of them, or whole lines of them.
    pub(super) fn write(&mut self, batch: &[u8]) -> Result<(), Failed> {
        let newest = self.ready().map_err(|why| Failed { kept: 0, why })?;
        let mut written = 0;
        while written < batch.len() {
            let why = match newest.sink.write(&batch[written..]) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(some) => {
                    written += some;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let kept = memchr::memrchr(b'\n', &batch[..written]).map_or(0, |end| end + 1);
            newest.length += kept as u64;
            newest.torn = written > kept;
            // Else tried again before the next write.
            let _ = newest.mend();
            return Err(Failed { kept, why });
        }
        newest.length += batch.len() as u64;
        Ok(())
    }

    /// Begins anew: nothing that was written is kept, and cursors go on.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        if !self.ready()?.is_new() {
            self.full = true;
            self.ready()?;
        }
        self.remove_all_but(1)
    }

    /// The file to write to, at the end of its last whole line.
    pub(super) fn ready(&mut self) -> io::Result<&mut Newest> {
        if self.newest.is_none() {
            private::folder(&self.folder)?;
            let found = listed(&self.folder)?.pop();
            let newest = match found {
                None => self.create(0)?,
                Some(segment) => self.take_over(&segment)?,
            };
            self.newest = Some(newest);
        }
        if let (true, Some(newest)) = (self.full, &mut self.newest) {
            newest.mend()?;
            let end = newest.begin + newest.length;
            if newest.length > 0 {
                private::folder(&self.folder)?;
                self.newest = Some(self.create(end)?);
                // What cannot be removed now is removed at the next turn.
                let _ = self.remove_all_but(self.files);
            }
            self.full = false;
        }
        let newest = self.newest.as_mut().ok_or(io::ErrorKind::NotFound)?;
        newest.mend()?;
        Ok(newest)
    }

    fn create(&mut self, begin: u64) -> io::Result<Newest> {
        let mut sink = (self.open)(&segments::path(&self.folder, begin))?;
        sink.truncate(0)?;
        Ok(Newest { sink, begin, length: 0, torn: false })
    }

    /// Goes on where another writer ended, perhaps in the middle of a line.
    fn take_over(&mut self, segment: &Segment) -> io::Result<Newest> {
        let length = segment.end - segment.begin;
        let tail = length.min(walk::BLOCK as u64);
        let mut file = File::open(&segment.path)?;
        file.seek(SeekFrom::Start(length - tail))?;
        let mut bytes = Vec::new();
        file.take(tail).read_to_end(&mut bytes)?;
        let whole = match memchr::memrchr(b'\n', &bytes) {
            Some(end) => length - tail + end as u64 + 1,
            None if length == tail => 0,
            // No writer left that. It is not ours to remove.
            None => return self.create(segment.end),
        };
        let mut sink = (self.open)(&segment.path)?;
        sink.truncate(whole)?;
        Ok(Newest { sink, begin: segment.begin, length: whole, torn: false })
    }

    fn remove_all_but(&self, keep: usize) -> io::Result<()> {
        let segments = listed(&self.folder)?;
        let old = segments.len().saturating_sub(keep);
        segments[..old].iter().try_for_each(|segment| fs::remove_file(&segment.path))
    }
}

impl Newest {
    const fn is_new(&self) -> bool {
        self.length == 0
    }

    /// Takes away what a failed write left.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.sink.truncate(self.length)?;
            self.torn = false;
        }
        Ok(())
    }
}

/// The files, also while another process removes some.
fn listed(folder: &Path) -> io::Result<Vec<Segment>> {
    match segments::list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => segments::list(folder),
        listed => listed,
    }
}
