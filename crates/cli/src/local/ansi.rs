//! Escape sequences in what agents write: colours may pass to a terminal, nothing else may steer it.

use std::iter::Peekable;
use std::str::Chars;

use crate::out::plain;

const ESCAPE: char = '\u{1b}';
const RESET: &str = "\u{1b}[0m";

/// A line for a terminal or, without colours, for whatever else reads it.
pub(super) fn shown(text: &str, colours: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut coloured = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ESCAPE => {
                if let Some(colour) = sequence(&mut chars).filter(|_| colours) {
                    coloured = true;
                    shown.push_str(&colour);
                }
            }
            '\t' => shown.push('\t'),
            // A line that was written over is shown as its last state.
            '\r' => {
                if chars.peek().is_some() {
                    shown.clear();
                }
            }
            other => shown.push_str(&plain(other.encode_utf8(&mut [0; 4]))),
        }
    }
    if coloured {
        // What a line leaves switched on is not the next one's.
        shown.push_str(RESET);
    }
    shown
}

/// Takes the sequence that follows an escape; answers it when it is a colour.
fn sequence(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    match chars.next()? {
        '[' => {
            let mut parameters = String::new();
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    let is_colour =
                        c == 'm' && parameters.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | ':'));
                    return is_colour.then(|| format!("{ESCAPE}[{parameters}m"));
                }
                parameters.push(c);
            }
            None
        }
        // Up to a bell, or to an escape and a backslash.
        ']' | 'P' | '_' | '^' | 'X' => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == ESCAPE && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
            None
        }
        '(' | ')' | '*' | '+' | '#' | '%' | ' ' => {
            chars.next();
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_pass_to_a_terminal_and_nothing_else_does() {
        for (text, terminal, file) in [
            ("plain ü\tx", "plain ü\tx", "plain ü\tx"),
            ("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m\u{1b}[0m", "red"),
            ("\u{1b}[1;38;5;196mERR\u{1b}[mOR", "\u{1b}[1;38;5;196mERR\u{1b}[mOR\u{1b}[0m", "ERROR"),
            ("a\u{1b}[2Jb\u{1b}[10;10Hc", "abc", "abc"),
            ("a\u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\c", "abc", "abc"),
            ("\u{1b}(Ba\u{1b}cb", "ab", "ab"),
            ("end\u{1b}", "end", "end"),
            ("end\u{1b}[31", "end", "end"),
            ("a\u{7}b\u{9b}2J", "a\u{fffd}b\u{fffd}2J", "a\u{fffd}b\u{fffd}2J"),
            ("10 %\r20 %\r", "20 %", "20 %"),
        ] {
            assert_eq!(shown(text, true), terminal, "{text:?}");
            assert_eq!(shown(text, false), file, "{text:?}");
        }
    }
}
