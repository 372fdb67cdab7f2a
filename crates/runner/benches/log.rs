//! What an agent's log costs: writing against a plain buffered writer of the same bytes, and what a reader waits for.
//!
//! `cargo bench -p beatkeeper-runner --bench log`
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use beatkeeper_runner::log::{
    Case, Cursor, Direction, LogLimits, LogPlace, LogReader, LogWriter, Page, Pattern, Stream, note,
};

const LINES: usize = 50_000;
const ROUNDS: usize = 15;
/// What the pipe of a child hands over at once, bytes.
const PIPE: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    writing(folder.path())?;
    reading(folder.path())
}

/// 50,000 lines of 100 bytes, as a busy pipe hands them over and one by one, with all of the writer's ticks.
fn writing(folder: &Path) -> Result<(), Box<dyn Error>> {
    let text: Vec<u8> = (0..LINES).flat_map(|n| format!("{n:06} {:x<92}\n", "").into_bytes()).collect();
    let place = LogPlace { folder: folder.join("written"), limits: LogLimits::default() };
    let mut writer = LogWriter::open(&place)?;
    let (mut pipe, mut single, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let mut written = 0;
    for round in 0..ROUNDS {
        pipe.push(write(&mut writer, &text, PIPE));
        if round == 0 {
            written = LogReader::open(&place).after(Cursor::END, 1)?.to.bytes();
        }
        single.push(write(&mut writer, &text, text.len() / LINES));

        // The same bytes as are in the log, line by line, without any work for them.
        let line = vec![b'x'; usize::try_from(written)? / LINES];
        let started = Instant::now();
        let mut file = BufWriter::with_capacity(PIPE, File::create(folder.join("plain"))?);
        for _ in 0..LINES {
            file.write_all(black_box(&line))?;
        }
        file.flush()?;
        plain.push(started.elapsed());
    }
    let plain = median(plain);
    println!("{LINES} lines of 100 bytes, {:.1} MB on the disk", written as f64 / 1e6);
    println!("  a plain buffered writer  {plain:>9.1?}");
    for (name, took) in [("the log, 64 KiB at a time", median(pipe)), ("the log, line by line", median(single))] {
        let (times, share) = (took.as_secs_f64() / plain.as_secs_f64(), took.as_secs_f64() * 100.0);
        println!("  {name:25}{took:>9.1?}   {times:.1} times that; at {LINES} lines/s {share:.1} % of a core");
    }
    Ok(())
}

fn write(writer: &mut LogWriter, text: &[u8], piece: usize) -> Duration {
    let started = Instant::now();
    for bytes in text.chunks(piece) {
        let now = SystemTime::now();
        writer.append(Stream::Out, bytes, now);
        writer.tick(now);
    }
    writer.end(SystemTime::now());
    started.elapsed()
}

fn reading(folder: &Path) -> Result<(), Box<dyn Error>> {
    let place = LogPlace { folder: folder.join("read"), limits: LogLimits::default() };
    let mut writer = LogWriter::open(&place)?;
    let now = SystemTime::now();
    let line = format!("2026-11-22 15:04:05,123 - agent.main - INFO - {:x<53}\n", "");
    for number in 0..300_000 {
        if number % 10_000 == 0 {
            writer.note(&format!("{} pid {number}", note::START), now);
        }
        writer.append(Stream::Out, line.as_bytes(), now);
    }
    writer.end(now);
    let reader = LogReader::open(&place);
    let last = reader.last(1)?;
    let (oldest, end) = (last.oldest, last.to);
    println!("a log of {:.1} MiB", (end.bytes() - oldest.bytes()) as f64 / 1024.0 / 1024.0);

    let file = place.folder.join(".lock");
    let stat = timed(|| std::fs::metadata(&file).map(drop))?;
    println!("  one stat                 {stat:>9.1?}");
    let after = timed(|| reader.after(end, 200).map(drop))?;
    println!("  after(end)               {after:>9.1?}   {:.1} times that", after.as_secs_f64() / stat.as_secs_f64());
    println!("  last(200)                {:>9.1?}", timed(|| reader.last(200).map(drop))?);
    println!("  last(5000)               {:>9.1?}", timed(|| reader.last(5000).map(drop))?);
    println!("  starts()                 {:>9.1?}", timed(|| reader.starts().map(drop))?);

    let absent = Pattern::regex(r"time[ -]?out|refused \d+", Case::Ignore)?;
    let mut longest = Duration::ZERO;
    let mut pages = 0;
    let started = Instant::now();
    let mut page: Page = reader.search(&absent, oldest, Direction::Forward, 100)?;
    while !page.at_end {
        pages += 1;
        let started = Instant::now();
        page = reader.search(&absent, page.to, Direction::Forward, 100)?;
        longest = longest.max(started.elapsed());
    }
    println!(
        "  searching all of it      {:>9.1?}   in {} calls, the longest {longest:.1?}",
        started.elapsed(),
        pages + 1
    );
    Ok(())
}

/// The median of many calls.
fn timed<E>(mut call: impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        call()?;
        took.push(started.elapsed());
    }
    Ok(median(took))
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}
