//! How grave a line calls itself: for its colour, nothing else depends on it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::ansi;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export, rename = "LogLevel")]
pub enum Level {
    /// Everything.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// As it should be.
    Info,
    /// It goes on.
    Warn,
    /// It does not; also fatal, critical and panic.
    Error,
}

/// So much of a plain line is looked at, bytes.
const HEAD: usize = 200;

/// So much of a JSON one.
const JSON_HEAD: usize = 2000;

/// A level stands among the first words, behind the time and the name of the logger.
const WORDS: usize = 8;

impl Level {
    /// What the text says, in one of the usual ways. A guess, and a cheap one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let head = ansi::strip(&text.as_bytes()[..text.floor_char_boundary(JSON_HEAD)]);
        let head = match head {
            Cow::Borrowed(head) => String::from_utf8_lossy(head),
            Cow::Owned(head) => Cow::Owned(String::from_utf8_lossy(&head).into_owned()),
        };
        let head = head.trim_start();
        if head.starts_with('{') {
            return of_json(head);
        }
        let head = &head[..head.floor_char_boundary(HEAD)];
        of_first_characters(head).or_else(|| of_field(head)).or_else(|| of_words(head))
    }

    /// A level's name, in any case.
    fn named(word: &str) -> Option<Self> {
        const NAMES: [(&str, Level); 27] = [
            ("ERROR", Level::Error),
            ("ERR", Level::Error),
            ("ERRO", Level::Error),
            ("EROR", Level::Error),
            ("FATAL", Level::Error),
            ("FTL", Level::Error),
            ("CRITICAL", Level::Error),
            ("CRIT", Level::Error),
            ("PANIC", Level::Error),
            ("SEVERE", Level::Error),
            ("EMERG", Level::Error),
            ("ALERT", Level::Error),
            ("WARN", Level::Warn),
            ("WARNING", Level::Warn),
            ("WRN", Level::Warn),
            ("INFO", Level::Info),
            ("INF", Level::Info),
            ("NOTICE", Level::Info),
            ("SUCCESS", Level::Info),
            ("DEBUG", Level::Debug),
            ("DEBG", Level::Debug),
            ("DBG", Level::Debug),
            ("DBUG", Level::Debug),
            ("FINE", Level::Debug),
            ("TRACE", Level::Trace),
            ("TRC", Level::Trace),
            ("VERBOSE", Level::Trace),
        ];
        NAMES.into_iter().find_map(|(name, level)| name.eq_ignore_ascii_case(word).then_some(level))
    }

    /// The tens of Bunyan and Pino.
    const fn numbered(number: u32) -> Option<Self> {
        Some(match number {
            1..=19 => Self::Trace,
            20..=29 => Self::Debug,
            30..=39 => Self::Info,
            40..=49 => Self::Warn,
            50..=69 => Self::Error,
            _ => return None,
        })
    }
}

/// `{"level":30,…}`, `{"severity": "ERROR"}`.
fn of_json(text: &str) -> Option<Level> {
    ["\"level\"", "\"severity\"", "\"levelname\"", "\"log.level\"", "\"lvl\""].iter().find_map(|key| {
        let rest = &text[text.find(key)? + key.len()..];
        let value = rest.trim_start().strip_prefix(':')?.trim_start();
        match value.strip_prefix('"') {
            Some(name) => Level::named(&name[..name.find('"')?]),
            None => {
                let end = value.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(value.len());
                Level::numbered(value[..end].parse().ok()?)
            }
        }
    })
}

/// What stands at the very front: `Traceback (most…`, `W1122 15:04:05.1 …` (klog), `E, [2026-…` (Ruby), `<3>` (systemd),
/// `thread 'main' panicked at`.
fn of_first_characters(text: &str) -> Option<Level> {
    if text.starts_with("Traceback (most recent call last)")
        || text.starts_with("panic: ")
        || (text.starts_with("thread '") && text.contains(" panicked at"))
    {
        return Some(Level::Error);
    }
    match text.as_bytes() {
        [b'<', digit @ b'0'..=b'7', b'>', ..] => Some(match digit {
            b'0'..=b'3' => Level::Error,
            b'4' => Level::Warn,
            b'5' | b'6' => Level::Info,
            _ => Level::Debug,
        }),
        [letter, b',', b' ', b'[', ..] => of_letter(*letter),
        [letter, date @ ..] if date.len() > 4 && date[..4].iter().all(u8::is_ascii_digit) && date[4] == b' ' => {
            of_letter(*letter)
        }
        _ => None,
    }
}

const fn of_letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'F' | b'E' => Level::Error,
        b'W' => Level::Warn,
        b'I' => Level::Info,
        b'D' => Level::Debug,
        _ => return None,
    })
}

/// `level=info`, `lvl="warn"`.
fn of_field(text: &str) -> Option<Level> {
    ["level=", "lvl="].iter().find_map(|key| {
        let at = text.find(key)?;
        let begins = at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric();
        let value = text[at + key.len()..].trim_start_matches('"');
        let end = value.find(|sign: char| !sign.is_ascii_alphabetic()).unwrap_or(value.len());
        begins.then(|| Level::named(&value[..end]))?
    })
}

/// A word in capitals (`… - ERROR - …`, `INFO:root:`), in brackets (`[warn]`), or before a colon at the front (`error: …`,
/// `ValueError: …`).
fn of_words(text: &str) -> Option<Level> {
    let bytes = text.as_bytes();
    let (mut position, mut words) = (0, 0);
    while words < WORDS {
        let begin = position + bytes[position..].iter().position(|byte| byte.is_ascii_alphanumeric())?;
        let end = bytes[begin..].iter().position(|byte| !is_of_word(*byte)).map_or(bytes.len(), |at| begin + at);
        position = end;
        if bytes[begin].is_ascii_digit() {
            // Parts of a time.
            continue;
        }
        words += 1;
        let word = &text[begin..end];
        let (before, after) = (begin.checked_sub(1).map(|at| bytes[at]), bytes.get(end));
        let bracketed = matches!((before, after), (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')));
        let front = words == 1 && after == Some(&b':');
        let capitals = word.bytes().all(|byte| byte.is_ascii_uppercase()) && after != Some(&b'=');
        let named = if bracketed || front || capitals { Level::named(word) } else { None };
        let thrown = front && (word.ends_with("Error") || word.ends_with("Exception"));
        if named.is_some() || thrown {
            return named.or(Some(Level::Error));
        }
    }
    None
}

/// Names of exceptions have dots, and underscores belong to a word.
const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_shapes_have_their_level_and_ordinary_text_has_none() {
        use Level::{Debug, Error, Info, Trace, Warn};
        let table: [(&str, Option<Level>); 53] = [
            // Python.
            ("INFO:root:started", Some(Info)),
            ("WARNING:urllib3.connectionpool:Retrying", Some(Warn)),
            ("2026-11-22 15:04:05,123 - agent.main - ERROR - no such file", Some(Error)),
            ("2026-11-22 15:04:05,123 CRITICAL [main] out of memory", Some(Error)),
            ("2026-11-22 15:04:05.123 | SUCCESS  | __main__:run:12 - done", Some(Info)),
            ("[2026-11-22 15:04:05 +0000] [1234] [INFO] Booting worker", Some(Info)),
            ("INFO:     127.0.0.1:50000 - \"GET /health HTTP/1.1\" 200 OK", Some(Info)),
            ("Traceback (most recent call last):", Some(Error)),
            ("ValueError: bad", Some(Error)),
            ("requests.exceptions.ConnectionError: refused", Some(Error)),
            ("java.lang.NullPointerException: x", Some(Error)),
            // Rust.
            ("2026-11-22T15:04:05.123456Z  INFO agent: started", Some(Info)),
            ("2026-11-22T15:04:05.123456Z TRACE hyper::proto: poll", Some(Trace)),
            ("[2026-11-22T15:04:05Z DEBUG agent] x", Some(Debug)),
            ("\x1B[2m2026-11-22T15:04:05Z\x1B[0m \x1B[33m WARN\x1B[0m \x1B[2magent\x1B[0m: x", Some(Warn)),
            ("thread 'main' panicked at src/main.rs:2:5:", Some(Error)),
            ("error: could not compile", Some(Error)),
            ("warning: unused variable", Some(Warn)),
            // JavaScript.
            (r#"{"level":30,"time":1795359845123,"msg":"hi"}"#, Some(Info)),
            (r#"{"level":60,"msg":"bye"}"#, Some(Error)),
            (r#"{"time":1,"level":"error","msg":"x"}"#, Some(Error)),
            (r#"{"severity": "WARNING", "message": "x"}"#, Some(Warn)),
            (r#"{"message":"ERROR in text"}"#, None),
            (r#"{"level":10,"msg":"x"}"#, Some(Trace)),
            (r#"{"level":999}"#, None),
            (r#"{"level":99999999999999}"#, None),
            (r#"{"level":"loud"}"#, None),
            (r#"{"level""#, None),
            ("TypeError: x is not a function", Some(Error)),
            ("Error: listen EADDRINUSE", Some(Error)),
            ("npm ERR! code ELIFECYCLE", Some(Error)),
            ("npm WARN deprecated", Some(Warn)),
            // Go, Ruby, servers.
            ("time=\"2026-11-22T15:04:05Z\" level=warning msg=\"x\"", Some(Warn)),
            ("level=debug ts=1 msg=x", Some(Debug)),
            ("t=2026 lvl=eror msg=x", Some(Error)),
            ("E1122 15:04:05.123456  1 server.go:12] x", Some(Error)),
            ("W, [2026-11-22T15:04:05 #1]  WARN -- : x", Some(Warn)),
            ("panic: runtime error: index out of range", Some(Error)),
            ("2026/11/22 15:04:05 [error] 12#12: *1 open() failed", Some(Error)),
            ("2026/11/22 15:04:05 [notice] 12#12: start", Some(Info)),
            ("<4>disk nearly full", Some(Warn)),
            ("[DEBUG] x", Some(Debug)),
            ("  [ warn ] x", None),
            ("FATAL: password authentication failed", Some(Error)),
            // Ordinary text.
            ("", None),
            ("hello", None),
            ("no errors found, info below", None),
            ("the error was handled", None),
            ("DEBUG=1 make", None),
            ("INFORMATION DEBUGGER ERRORS", None),
            ("sublevel=info", None),
            ("a b c d e f g h ERROR", None),
            ("日本語のテキスト", None),
        ];
        for (text, level) in table {
            assert_eq!(Level::of(text), level, "{text}");
        }
    }

    #[test]
    fn characters_of_several_bytes_at_the_limits_are_no_trouble() {
        for before in 190..210 {
            let _ = Level::of(&format!("{}{}", "x".repeat(before), "é".repeat(2000)));
            let _ = Level::of(&format!("{{{}{}", "x".repeat(before + 1790), "é".repeat(2000)));
        }
    }
}
