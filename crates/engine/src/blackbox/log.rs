//! Beatkeeper's own log: what it said of the agent, and its warnings of the last minutes.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use beatkeeper_core::view::AgentRow;
use jiff::{SignedDuration, Timestamp};

use super::{Clean, LogThen};

/// Bytes that are read of all files together.
const MOST_BYTES: u64 = 256 * 1024;
/// Lines that are kept.
const MOST_LINES: usize = 100;
/// Warnings are kept of that time, whatever they are about.
const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// The agent's last lines. `wall` is now: the log has the computer's time.
pub(super) fn of_agent(data: &Path, row: &AgentRow, wall: Timestamp) -> LogThen {
    match tail(&data.join("log")) {
        Ok(text) => pick(&text, &[row.id.as_str(), &row.short_id, &row.name], wall),
        Err(error) => LogThen {
            note: Some(Clean::new(&format!("There is no log in the data folder: {error}"))),
            ..LogThen::default()
        },
    }
}

/// The end of the newest files, in the order of time.
fn tail(folder: &Path) -> io::Result<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_ours))
        // A pipe would be waited for.
        .filter(|path| path.is_file())
        .collect();
    // Their names have the day in them.
    files.sort_unstable();
    let mut room = MOST_BYTES;
    let mut parts = Vec::new();
    for path in files.iter().rev() {
        let part = end_of(path, room)?;
        room = room.saturating_sub(part.len() as u64);
        parts.push(part);
        if room == 0 {
            break;
        }
    }
    if parts.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no file is called beatkeeper.*.log"));
    }
    parts.reverse();
    Ok(parts.iter().map(|part| String::from_utf8_lossy(part)).collect())
}

fn is_ours(name: &str) -> bool {
    name.starts_with("beatkeeper.") && name.ends_with(".log")
}

/// At most `room` bytes. A line whose beginning is not read is left out: half a secret is not known as one.
fn end_of(path: &Path, room: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(room);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(room).read_to_end(&mut bytes)?;
    if skipped > 0 {
        let whole = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.drain(..whole);
    }
    Ok(bytes)
}

/// The lines that say one of the words, and recent warnings; lines without a time of their own go with the one before.
fn pick(text: &str, words: &[&str], wall: Timestamp) -> LogThen {
    let mut picked: Vec<&str> = Vec::new();
    let mut goes_along = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let says = words.iter().any(|word| says(line, word));
        let (at, level) = head(line);
        if let Some(at) = at {
            let warns = matches!(level, "WARN" | "ERROR") && wall.duration_since(at) <= LATELY;
            goes_along = says || warns;
        }
        if goes_along || says {
            picked.push(line);
        }
    }
    let left_out = picked.len().saturating_sub(MOST_LINES);
    LogThen {
        lines: picked[left_out..].iter().map(|line| Clean::new(line)).collect(),
        left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        note: None,
    }
}

/// When it was said, and how loud.
fn head(line: &str) -> (Option<Timestamp>, &str) {
    let mut words = line.split_whitespace();
    let at = words.next().and_then(|word| word.parse().ok());
    (at, words.next().unwrap_or_default())
}

/// As a word of its own: an agent may be called `a`.
fn says(line: &str, word: &str) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    !word.trim().is_empty()
        && line
            .match_indices(word)
            .any(|(at, found)| apart(line[..at].chars().next_back()) && apart(line[at + found.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: &str = "2026-11-22T14:00:00Z";
    const WORDS: [&str; 3] = ["zns:56475aa75463474c0285df5dbf2bcab7", "zns:5647…cab7", "weather"];

    fn picked(text: &str) -> Vec<String> {
        pick(text, &WORDS, WALL.parse().unwrap()).lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_of_the_agent_and_recent_warnings_are_picked() {
        let text = "\
2026-11-22T13:00:00.000001Z  INFO beatkeeper_engine: the engine runs
2026-11-22T13:00:01.000001Z  INFO beatkeeper_engine: dialled agent=zns:56475aa75463474c0285df5dbf2bcab7
2026-11-22T13:00:02.000001Z  INFO beatkeeper_engine: dialled agent=zns:5647…cab7
2026-11-22T13:00:03.000001Z  INFO beatkeeper_engine: weather: lost
  with a second line
2026-11-22T13:49:59.000001Z  WARN beatkeeper_store: too long ago
2026-11-22T13:50:01.000001Z  WARN beatkeeper_store: the disk is slow
2026-11-22T13:59:59.000001Z ERROR beatkeeper_store: the disk is full
   its second line
2026-11-22T13:59:59.500001Z  INFO beatkeeper_engine: weathercock: lost
";
        let lines = picked(text);
        let said: Vec<&str> = lines.iter().filter_map(|line| line.split(": ").last()).collect();
        assert_eq!(
            said,
            [
                "dialled agent=zns:56475aa75463474c0285df5dbf2bcab7",
                "dialled agent=zns:5647…cab7",
                "lost",
                "  with a second line",
                "the disk is slow",
                "the disk is full",
                "   its second line",
            ]
        );
        assert!(!lines.iter().any(|line| line.contains("weathercock")));
    }

    #[test]
    fn the_newest_hundred_lines_are_kept_and_the_others_counted() {
        let text: String = (0..250).map(|n| format!("2026-11-22T13:00:00Z  INFO x: weather {n}\n")).collect();
        let log = pick(&text, &WORDS, WALL.parse().unwrap());
        assert_eq!((log.lines.len(), log.left_out), (100, 150));
        assert!(log.lines[99].as_str().ends_with("weather 249"));
    }

    #[test]
    fn an_agent_without_a_name_is_not_in_every_line() {
        assert!(!says("anything", "") && !says("any thing", " "));
        assert!(says("a: lost", "a") && !says("lost again", "a"));
    }

    #[test]
    fn no_more_is_read_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let line = |n: usize| format!("{n:08} {}\n", "x".repeat(990));
        write("beatkeeper.2026-11-20.log", &(0..200).map(line).collect::<String>());
        write("beatkeeper.2026-11-21.log", &(200..400).map(line).collect::<String>());
        write("beatkeeper.2026-11-22.log", &(400..410).map(line).collect::<String>());
        write("another.2026-11-23.log", "not ours\n");
        let text = tail(folder.path()).unwrap();
        assert!(text.len() <= 256 * 1024, "{}", text.len());
        let numbers: Vec<usize> = text.lines().map(|line| line[..8].parse().unwrap()).collect();
        assert_eq!(numbers.last(), Some(&409));
        assert!(numbers.len() > 250 && numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
        assert!(text.lines().all(|line| line.len() == 999), "a line is whole or left out");
    }

    #[test]
    fn a_folder_without_a_log_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(tail(&folder.path().join("log")).is_err());
        assert!(tail(folder.path()).unwrap_err().to_string().contains("beatkeeper.*.log"));
    }
}
