//! A log in a folder of its own, and virtual time.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use beatkeeper_runner::log::{Cursor, LogLimits, LogLine, LogPlace, LogReader, LogWriter, Page, Stream};
use tempfile::TempDir;

/// 2026-11-22 15:04:05, and so much later.
pub fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_795_359_845_000 + millis)
}

pub struct Scene {
    pub place: LogPlace,
    pub reader: LogReader,
    _folder: TempDir,
}

impl Scene {
    pub fn with(file_bytes: u64, files: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place =
            LogPlace { folder: folder.path().join("agents").join("weather"), limits: LogLimits { file_bytes, files } };
        Self { reader: LogReader::open(&place), place, _folder: folder }
    }

    pub fn new() -> Self {
        let limits = LogLimits::default();
        Self::with(limits.file_bytes, limits.files)
    }

    pub fn writer(&self) -> LogWriter {
        LogWriter::open(&self.place).expect("a writer")
    }

    /// The log's files, oldest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.place.folder).expect("the folder");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        files.sort();
        files
    }

    /// Everything that is kept.
    pub fn all(&self) -> Vec<LogLine> {
        let mut lines = Vec::new();
        let mut cursor = Cursor::BEGIN;
        loop {
            let page = self.reader.after(cursor, 10_000).expect("a page");
            lines.extend(page.lines);
            cursor = page.to;
            if page.at_end {
                return lines;
            }
        }
    }

    pub fn texts(&self) -> Vec<String> {
        self.all().into_iter().map(|line| line.text).collect()
    }
}

pub fn texts(page: &Page) -> Vec<&str> {
    page.lines.iter().map(|line| line.text.as_str()).collect()
}

/// Writes numbered lines: `line 000007`.
pub fn write_numbers(writer: &mut LogWriter, numbers: std::ops::Range<u64>) {
    for number in numbers {
        writer.append(Stream::Out, format!("line {number:06}\n").as_bytes(), at(number));
    }
}

pub fn number(line: &LogLine) -> u64 {
    line.text.strip_prefix("line ").expect("a numbered line").parse().expect("a number")
}
