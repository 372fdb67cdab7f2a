//! stdout for what was asked for, stderr for what a person should know besides.

use std::io::{self, Write as _};

use serde::Serialize;

/// Writes lines to stdout.
pub(crate) fn lines(lines: &[String]) -> io::Result<()> {
    let mut text = lines.join("\n");
    text.push('\n');
    raw(&text)
}

/// Writes a value to stdout, indented.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    raw(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes a value to stdout, as one line.
pub(crate) fn json_line(value: &impl Serialize) -> io::Result<()> {
    raw(&format!("{}\n", serde_json::to_string(value)?))
}

/// Writes text to stdout as it is.
pub(crate) fn raw(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// A line on stderr. Nobody may be there to read it, which is no reason to fail.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Text that may come from a server or a file, without what could steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Control characters, and those that turn the direction of writing around.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_unknown() {
        assert_eq!(plain("a\u{1b}[2J\r\nb\u{9b}c\u{202e}d"), "a\u{fffd}[2J\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(plain("Wetter ☂ 天気"), "Wetter ☂ 天気");
    }
}
