//! The files of a log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const DIGITS: usize = 20;

/// One file, which holds the log's bytes from `begin` to `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) begin: u64,
    /// Of the newest file it may be in the middle of a line.
    pub(super) end: u64,
    pub(super) path: PathBuf,
}

/// The file whose first byte is this one of the log.
pub(super) fn path(folder: &Path, begin: u64) -> PathBuf {
    folder.join(format!("{begin:0DIGITS$}.log"))
}

fn begin_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// All of them, oldest first; none when there is no folder.
///
/// # Errors
/// The folder cannot be read. `NotFound` when the files changed meanwhile: list again.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut begins = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    for entry in entries {
        begins.extend(entry?.file_name().to_str().and_then(begin_of));
    }
    begins.sort_unstable();
    // Lengths after all names: only then is every file but the newest known to be complete.
    let mut segments: Vec<Segment> = Vec::with_capacity(begins.len());
    for begin in begins {
        let path = path(folder, begin);
        let meta = fs::metadata(&path)?;
        if !meta.is_file() {
            continue;
        }
        if let Some(before) = segments.last_mut() {
            // Of files that are made while the folder is listed, a later one may be seen without an earlier one.
            if before.end < begin && fs::exists(self::path(folder, before.end))? {
                return Err(io::ErrorKind::NotFound.into());
            }
            before.end = before.end.min(begin);
        }
        segments.push(Segment { begin, end: begin.saturating_add(meta.len()), path });
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_logs_own_names_are_its_files() {
        assert_eq!(begin_of("00000000000000000000.log"), Some(0));
        assert_eq!(begin_of("00000000000004194304.log"), Some(4_194_304));
        for foreign in
            ["0.log", "+0000000000000000001.log", "00000000000000000000.log.gz", "99999999999999999999.log", ".lock"]
        {
            assert_eq!(begin_of(foreign), None, "{foreign}");
        }
    }
}
