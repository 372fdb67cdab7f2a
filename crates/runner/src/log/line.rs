//! One line: how it is written and read back.

use std::borrow::Cow;
use std::io::Write as _;
use std::time::SystemTime;

use beatkeeper_core::time::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ansi;
use super::level::Level;
use super::page::Cursor;
use super::stamp::{self, Stamper};

/// First words of notes.
pub mod note {
    /// The agent was started. [`LogReader::starts`](super::super::LogReader::starts) finds these.
    pub const START: &str = "start";
    /// It ended.
    pub const EXIT: &str = "exit";
    /// A person marked this place; what they wrote follows.
    pub const MARK: &str = "mark";
    /// Lines that could not be written: `lost 12 lines: No space left on device`.
    pub const LOST: &str = "lost";
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "LogStream")]
pub enum Stream {
    /// The agent's standard output.
    Out,
    /// Its standard error.
    Err,
    /// Not the agent: started, exited, marked, lost. The first word is one of [`note`].
    Note,
}

impl Stream {
    const fn letter(self) -> u8 {
        match self {
            Self::Out => b'O',
            Self::Err => b'E',
            Self::Note => b'N',
        }
    }

    const fn of_letter(letter: u8) -> Option<Self> {
        match letter {
            b'O' | b'o' => Some(Self::Out),
            b'E' | b'e' => Some(Self::Err),
            b'N' | b'n' => Some(Self::Note),
            _ => None,
        }
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LogLine {
    /// Its place, which names it: two lines of one log never have the same.
    pub cursor: Cursor,
    /// When its last byte arrived, by the wall clock of the computer.
    pub at: Time,
    /// Where it comes from.
    pub stream: Stream,
    /// Without its end; escape sequences for colours are in it.
    pub text: String,
    /// So many bytes were left out at the end of it, because it was longer than
    /// [`LINE_BYTES`](super::LINE_BYTES).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub cut: Option<u64>,
    /// How grave it calls itself, where it does in one of the usual ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub level: Option<Level>,
}

impl LogLine {
    /// Its text without escape sequences.
    #[must_use]
    pub fn plain(&self) -> Cow<'_, str> {
        match ansi::strip(self.text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(&self.text),
            Cow::Owned(plain) => String::from_utf8_lossy(&plain).into_owned().into(),
        }
    }
}

/// Writes one line with its end. `cut` is 0 for a whole one; the text has no line end in it.
pub(super) fn write(out: &mut Vec<u8>, stamper: &mut Stamper, at: SystemTime, stream: Stream, text: &[u8], cut: u64) {
    stamper.write(at, out);
    out.push(b' ');
    if cut == 0 {
        out.push(stream.letter());
    } else {
        out.push(stream.letter().to_ascii_lowercase());
        let _ = write!(out, "+{cut}");
    }
    out.push(b' ');
    out.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
    out.push(b'\n');
}

/// A line as it is on the disk, without its end: taken apart, not yet read.
pub(super) struct Raw<'a> {
    stamp: &'a [u8],
    pub(super) stream: Stream,
    cut: Option<u64>,
    pub(super) text: &'a [u8],
}

impl<'a> Raw<'a> {
    /// `None` for what no writer wrote.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let (stamp, rest) = line.split_at_checked(stamp::LENGTH)?;
        let ([b' ', letter, rest @ ..], true) = (rest, stamp::looks_like(stamp)) else { return None };
        let stream = Stream::of_letter(*letter)?;
        if letter.is_ascii_uppercase() {
            return Some(Self { stamp, stream, cut: None, text: rest.strip_prefix(b" ")? });
        }
        let rest = rest.strip_prefix(b"+")?;
        let end = memchr::memchr(b' ', rest)?;
        let cut = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        Some(Self { stamp, stream, cut: Some(cut), text: &rest[end + 1..] })
    }

    /// Whether it is a note with this first word.
    pub(super) fn is_note(&self, word: &str) -> bool {
        let rest = self.text.strip_prefix(word.as_bytes());
        self.stream == Stream::Note && rest.is_some_and(|rest| rest.first().is_none_or(|byte| *byte == b' '))
    }

    /// When it was written.
    pub(super) fn at(&self) -> Option<Time> {
        stamp::parse(self.stamp)
    }

    /// Reads it. `None` when its time is none.
    pub(super) fn read(&self, cursor: Cursor) -> Option<LogLine> {
        let text = String::from_utf8_lossy(self.text).into_owned();
        let level = if self.stream == Stream::Note { None } else { Level::of(&text) };
        Some(LogLine { cursor, at: self.at()?, stream: self.stream, text, cut: self.cut, level })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn round(stream: Stream, text: &str, cut: u64) -> LogLine {
        let mut out = Vec::new();
        let at = UNIX_EPOCH + Duration::from_micros(1_795_359_845_123_456);
        write(&mut out, &mut Stamper::default(), at, stream, text.as_bytes(), cut);
        assert_eq!(out.pop(), Some(b'\n'));
        Raw::of(&out).and_then(|raw| raw.read(Cursor(7))).expect("a line that was written is one")
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for stream in [Stream::Out, Stream::Err, Stream::Note] {
            for (text, cut) in [("", 0), ("hello", 0), ("+5 x", 0), ("+5 x", 9), ("", 1), ("  O x", u64::MAX)] {
                let line = round(stream, text, cut);
                assert_eq!((line.stream, line.text.as_str(), line.cut.unwrap_or(0)), (stream, text, cut));
                assert_eq!((line.cursor, line.at), (Cursor(7), Time::from_millis(1_795_359_845_123)));
            }
        }
    }

    #[test]
    fn what_no_writer_wrote_is_no_line() {
        let bad: [&[u8]; 9] = [
            b"",
            b"hello",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"2026-11-22T15:04:05.123456Z",
            b"2026-11-22T15:04:05.123456Z O",
            b"2026-11-22T15:04:05.123456Z X text",
            b"2026-11-22T15:04:05.123456Z o text",
            b"2026-11-22T15:04:05.123456Z o+x text",
            b"2026-99-22T15:04:05.123456Z O text",
        ];
        for line in bad {
            assert!(Raw::of(line).and_then(|raw| raw.read(Cursor(0))).is_none(), "{line:?}");
        }
    }

    #[test]
    fn a_line_is_sent_with_its_cursor_as_text_and_without_what_it_has_not() {
        let line = round(Stream::Err, "hello", 0);
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(json, r#"{"cursor":"7","at":1795359845123,"stream":"err","text":"hello"}"#);
        assert_eq!(serde_json::from_str::<LogLine>(&json).unwrap(), line);
        let line = round(Stream::Out, "ERROR: no", 3);
        let json = serde_json::to_string(&line).unwrap();
        assert!(json.ends_with(r#""cut":3,"level":"error"}"#), "{json}");
        assert_eq!(serde_json::from_str::<LogLine>(&json).unwrap(), line);
    }
}
