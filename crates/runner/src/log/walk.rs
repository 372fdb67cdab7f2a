//! Lines of the files, one after the other, in both directions.
//!
//! Files are opened when they are reached: `NotFound` means that one was removed since they were listed.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::segments::Segment;

/// So much is read at a time, bytes. No line is longer on the disk: one of 64 KiB of which every byte was replaced by the
/// three of U+FFFD has 192 KiB.
pub(super) const BLOCK: usize = 256 * 1024;

/// What a visitor says of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// On to the next.
    Next,
    /// This was the last.
    Last,
    /// The one before was the last.
    Before,
}

/// How far a walk came.
pub(super) struct Walk {
    /// Where its first line begins (forwards) or ends (backwards).
    pub(super) start: u64,
    /// Where the next would begin (forwards) or end (backwards).
    pub(super) position: u64,
    /// Bytes without lines on the way.
    pub(super) skipped: u64,
    /// There was nothing more.
    pub(super) finished: bool,
}

/// To newer lines, from the one that begins at the cursor. `visit` gets each line without its end and where it begins.
pub(super) fn forward(
    segments: &[Segment],
    cursor: u64,
    mut visit: impl FnMut(u64, &[u8]) -> Step,
) -> io::Result<Walk> {
    let end = segments.last().map_or(0, |segment| segment.end);
    let mut walk = Walk { start: cursor, position: cursor, skipped: 0, finished: true };
    if cursor > end {
        let end = whole_end(segments)?;
        return Ok(Walk { start: end, position: end, ..walk });
    }
    let mut first = true;
    let newest = segments.len().saturating_sub(1);
    for (index, segment) in segments.iter().enumerate() {
        if segment.end <= walk.position && index != newest {
            continue;
        }
        if walk.position < segment.begin {
            walk.skipped += segment.begin - walk.position;
            walk.position = segment.begin;
            if first {
                walk.start = segment.begin;
            }
        }
        if walk.position >= segment.end {
            continue;
        }
        let mut file = File::open(&segment.path)?;
        if first {
            walk.position = line_begin(&mut file, segment, walk.position)?;
            walk.start = walk.position;
            first = false;
        }
        while walk.position < segment.end {
            let block = read(&mut file, segment, walk.position, segment.end)?;
            let Some(last) = memchr::memrchr(b'\n', &block) else {
                if index == newest && block.len() < BLOCK {
                    // Half a line, which is being written.
                    break;
                }
                let gone = if block.len() < BLOCK { segment.end - walk.position } else { BLOCK as u64 };
                walk.skipped += gone;
                walk.position += gone;
                continue;
            };
            let mut begin = 0;
            for end in memchr::memchr_iter(b'\n', &block[..=last]) {
                let step = visit(walk.position, &block[begin..end]);
                if step != Step::Before {
                    walk.position += (end + 1 - begin) as u64;
                }
                if step != Step::Next {
                    walk.finished = false;
                    return Ok(walk);
                }
                begin = end + 1;
            }
        }
    }
    Ok(walk)
}

/// To older lines, from the one that ends before the cursor.
pub(super) fn backward(
    segments: &[Segment],
    cursor: u64,
    mut visit: impl FnMut(u64, &[u8]) -> Step,
) -> io::Result<Walk> {
    let end = segments.last().map_or(0, |segment| segment.end);
    let oldest = segments.first().map_or(0, |segment| segment.begin);
    let begin = cursor.min(end).max(oldest);
    let mut walk = Walk { start: begin, position: begin, skipped: 0, finished: true };
    let (mut first, mut aligned) = (true, false);
    for segment in segments.iter().rev() {
        if walk.position <= segment.begin {
            continue;
        }
        if walk.position > segment.end {
            walk.skipped += walk.position - segment.end;
            walk.position = segment.end;
        }
        let mut file = File::open(&segment.path)?;
        while walk.position > segment.begin {
            let begin = segment.begin.max(walk.position.saturating_sub(BLOCK as u64));
            let block = read(&mut file, segment, begin, walk.position)?;
            let whole = memchr::memrchr(b'\n', &block).map_or(0, |last| last + 1);
            // Where reading begins, half a line is no loss: it is being written, or the cursor points into it.
            if !first {
                walk.skipped += walk.position - begin - whole as u64;
            }
            if !aligned && whole > 0 {
                walk.start = begin + whole as u64;
                aligned = true;
            }
            first = false;
            let head =
                if begin == segment.begin { Some(0) } else { memchr::memchr(b'\n', &block[..whole]).map(|at| at + 1) };
            let head = head.filter(|head| *head < whole);
            let Some(head) = head else {
                walk.skipped += whole as u64;
                walk.position = begin;
                continue;
            };
            walk.position = begin + whole as u64;
            let mut end = whole;
            while end > head {
                let start = memchr::memrchr(b'\n', &block[head..end - 1]).map_or(head, |at| head + at + 1);
                let step = visit(begin + start as u64, &block[start..end - 1]);
                if step != Step::Before {
                    walk.position = begin + start as u64;
                }
                if step != Step::Next {
                    walk.finished = false;
                    return Ok(walk);
                }
                end = start;
            }
        }
    }
    if !aligned {
        walk.start = walk.position;
    }
    Ok(walk)
}

/// Where the last whole line ends.
fn whole_end(segments: &[Segment]) -> io::Result<u64> {
    let walk = backward(segments, u64::MAX, |_, _| Step::Before)?;
    Ok(walk.start)
}

/// The begin of the first line at or after the position: a cursor from outside may point into one.
fn line_begin(file: &mut File, segment: &Segment, position: u64) -> io::Result<u64> {
    if position == segment.begin {
        return Ok(position);
    }
    let block = read(file, segment, position - 1, segment.end.min(position))?;
    if block.first() == Some(&b'\n') {
        return Ok(position);
    }
    let block = read(file, segment, position, segment.end)?;
    let end = memchr::memchr(b'\n', &block).map_or(block.len(), |end| end + 1);
    Ok(position + end as u64)
}

/// At most a block from `from` on, up to `to`.
fn read(file: &mut File, segment: &Segment, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let length = (to - from).min(BLOCK as u64);
    let mut block = Vec::with_capacity(usize::try_from(length).unwrap_or(BLOCK));
    file.seek(SeekFrom::Start(from - segment.begin))?;
    file.take(length).read_to_end(&mut block)?;
    Ok(block)
}
