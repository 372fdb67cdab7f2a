//! What a disk that takes nothing costs: lines, never time, and never a line that is half there.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use super::super::files::Sink;
use super::super::{Cursor, LogLimits, LogReader};
use super::*;

/// A disk with so many bytes free.
#[derive(Clone)]
struct Disk {
    free: Arc<AtomicI64>,
    /// Also nothing can be taken away from a file.
    stuck: Arc<Mutex<bool>>,
}

impl Disk {
    fn with(free: i64) -> Self {
        Self { free: Arc::new(AtomicI64::new(free)), stuck: Arc::default() }
    }

    fn set(&self, free: i64) {
        self.free.store(free, Ordering::Relaxed);
    }

    fn opener(&self) -> Opener {
        let disk = self.clone();
        let mut real = files::on_disk();
        Box::new(move |path: &Path| Ok(Box::new(OnIt { disk: disk.clone(), file: real(path)? })))
    }
}

struct OnIt {
    disk: Disk,
    file: Box<dyn Sink>,
}

impl Sink for OnIt {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let free = usize::try_from(self.disk.free.load(Ordering::Relaxed)).unwrap();
        if free == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(free)])?;
        self.disk.free.fetch_sub(written as i64, Ordering::Relaxed);
        Ok(written)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        if *self.disk.stuck.lock().unwrap() {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        self.file.truncate(length)
    }
}

fn at(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_795_359_845_000 + millis)
}

/// Each line of a test has 30 bytes of head, 9 of text and its end.
const LINE: i64 = 40;

fn line(number: u32) -> String {
    format!("line {number:04}\n")
}

fn open(disk: &Disk) -> (tempfile::TempDir, LogWriter, LogReader) {
    let folder = tempfile::tempdir().unwrap();
    let place = LogPlace { folder: folder.path().join("log"), limits: LogLimits { file_bytes: 4000, files: 3 } };
    let writer = LogWriter::with(&place, disk.opener()).unwrap();
    (folder, writer, LogReader::open(&place))
}

fn texts(reader: &LogReader) -> Vec<String> {
    reader.after(Cursor::BEGIN, 1000).unwrap().lines.into_iter().map(|line| line.text).collect()
}

#[test]
fn a_full_disk_costs_lines_and_says_how_many_when_it_takes_some_again() {
    // Room for two lines and a half.
    let disk = Disk::with(LINE * 5 / 2);
    let (_folder, mut writer, reader) = open(&disk);
    for number in 0..5 {
        writer.append(Stream::Out, line(number).as_bytes(), at(0));
    }
    writer.tick(at(50));
    assert_eq!(texts(&reader), ["line 0000", "line 0001"], "the half line is not shown");
    writer.append(Stream::Out, line(5).as_bytes(), at(60));
    let due = writer.due().unwrap();
    disk.set(0);
    writer.tick(due);
    disk.set(1000);
    writer.append(Stream::Out, line(6).as_bytes(), at(5000));
    writer.tick(at(5050));
    assert_eq!(
        texts(&reader),
        ["line 0000", "line 0001", "lost 4 lines: no storage space", "line 0006"],
        "lines 2, 3, 4 and 5 were lost"
    );
}

#[test]
fn a_loss_is_told_also_when_the_agent_says_nothing_more() {
    let disk = Disk::with(0);
    let (_folder, mut writer, reader) = open(&disk);
    writer.append(Stream::Out, line(0).as_bytes(), at(0));
    let mut now = writer.due().unwrap();
    for _ in 0..10 {
        writer.tick(now);
        let next = writer.due().expect("tried again");
        assert!(next >= now + Duration::from_secs(1), "not in a hurry");
        now = next;
    }
    disk.set(1000);
    writer.tick(now);
    assert_eq!(texts(&reader), ["lost 1 line: no storage space"]);
    assert_eq!(writer.due(), None);
}

#[test]
fn what_a_failed_write_left_is_taken_away_before_anything_else_is_written() {
    let disk = Disk::with(LINE / 2);
    let (_folder, mut writer, reader) = open(&disk);
    *disk.stuck.lock().unwrap() = true;
    writer.append(Stream::Out, line(0).as_bytes(), at(0));
    writer.tick(at(50));
    disk.set(1000);
    writer.append(Stream::Out, line(1).as_bytes(), at(100));
    let due = writer.due().unwrap();
    writer.tick(due);
    assert_eq!(texts(&reader), [""; 0], "behind half a line nothing is written");
    *disk.stuck.lock().unwrap() = false;
    writer.append(Stream::Out, line(2).as_bytes(), at(2000));
    writer.end(at(2050));
    let page = reader.after(Cursor::BEGIN, 10).unwrap();
    assert_eq!(page.skipped, 0, "no torn line is left");
    assert_eq!(texts(&reader), ["lost 2 lines: read-only filesystem or storage medium", "line 0002"]);
}

#[test]
fn a_disk_that_fails_again_and_again_loses_no_count() {
    let disk = Disk::with(0);
    let (_folder, mut writer, reader) = open(&disk);
    let mut seed = scattered(7);
    let total = 3000;
    for number in 0..total {
        // Enough for some lines and a part of one, or for nothing.
        if number % 7 == 0 {
            disk.set((seed() % 400) as i64);
        }
        writer.append(Stream::Out, line(number).as_bytes(), at(u64::from(number) * 20));
        writer.tick(at(u64::from(number) * 20));
        if number % 50 == 0 {
            let page = reader.last(3).unwrap();
            assert_eq!(page.skipped, 0, "no torn line at {number}");
        }
    }
    disk.set(1_000_000);
    writer.end(at(10_000_000));
    // Rotation keeps the newest files only; among what is kept, numbers and losses must add up.
    let page = reader.after(Cursor::BEGIN, 10_000).unwrap();
    let mut expected: Option<u32> = None;
    for line in &page.lines {
        if let Some(lost) = line.text.strip_prefix("lost ") {
            let lost: u32 = lost.split(' ').next().unwrap().parse().unwrap();
            expected = expected.map(|number| number + lost);
        } else {
            let number = line.text.strip_prefix("line ").unwrap().parse().unwrap();
            assert_eq!(*expected.get_or_insert(number), number);
            expected = Some(number + 1);
        }
    }
    assert_eq!(expected, Some(total), "up to the last line");
}

/// Numbers that only look random, the same in every run.
fn scattered(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

#[test]
fn only_one_writes_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let place = LogPlace { folder: folder.path().into(), limits: LogLimits::default() };
    let first = LogWriter::open(&place).unwrap();
    let error = LogWriter::open(&place).err().expect("refused");
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    drop(first);
    LogWriter::open(&place).expect("free again");
}
