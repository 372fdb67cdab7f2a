//! Escape sequences of terminals: part of the text, never of what it says.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1B;

/// The text without them.
pub(super) fn strip(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(ESCAPE, text) else { return Cow::Borrowed(text) };
    let mut plain = text[..first].to_vec();
    let mut rest = &text[first..];
    while let Some(begin) = memchr::memchr(ESCAPE, rest) {
        plain.extend_from_slice(&rest[..begin]);
        rest = &rest[begin + length(&rest[begin..])..];
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// How long the sequence is that begins here.
fn length(text: &[u8]) -> usize {
    let end = match text.get(1) {
        // Control sequences, such as colours: up to a letter or sign.
        Some(b'[') => text[2..].iter().position(|byte| (0x40..=0x7E).contains(byte)).map(|at| at + 3),
        // Commands to the terminal, such as a title or a link: up to a bell or ESC \.
        Some(b']') => {
            let end = text[2..].iter().position(|byte| matches!(*byte, 0x07 | ESCAPE)).map(|at| at + 2);
            end.map(|at| {
                if text[at..].starts_with(b"\x1B\\") {
                    at + 2
                } else if text[at] == 0x07 {
                    at + 1
                } else {
                    at
                }
            })
        }
        Some(_) => Some(2),
        None => None,
    };
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_not_show_is_stripped() {
        for (text, plain) in [
            ("plain", "plain"),
            ("\x1B[31mred\x1B[0m!", "red!"),
            ("\x1B[1;38;5;196mERR\x1B[mOR", "ERROR"),
            ("\x1B]0;title\x07text", "text"),
            ("\x1B]8;;http://x\x1B\\link\x1B]8;;\x1B\\", "link"),
            ("\x1B(Btext", "Btext"),
            ("end\x1B", "end"),
            ("end\x1B[31", "end"),
            ("\x1B]0;no end", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&strip(text.as_bytes())), plain, "{text:?}");
        }
    }
}
