//! Values that are secret because of their names: `token=…`, `"password": "…"`, `Authorization: …`, `--secret …`.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::{REDACTED, pattern};

/// A name, and what stands between it and its value. `key`, `auth` and `session` are also words of sentences: they take
/// `=` or quotes.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?ix)
        (?P<name> [\w.-]*? (?:
            (?P<strong> token | passw(?:or)?d | passwd | pwd | passphrase | secret | seed | credentials? | mnemonic
                | api[_-]?key | private[_-]?key | access[_-]?key | signing[_-]?key | secret[_-]?key )
                (?: s | \d+ | [_-][\w-]{0,24} )?
            | (?: key | auth | session ) s? \d*
        ) )
        (?P<between> \\*["'`]? \s* (?: := | => | == | = | : ) \s* | \s+ )
        "#,
    )
});
/// Its value has blanks: it goes to the closing quote, or to the end.
static HEADER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)(\b(?:authorization|cookie)\\*["'`]?\s*[:=]\s*)[^"\s][^\r\n]*"#));
static QUOTED_HEADER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?i)(\b(?:authorization|cookie)\\*["'`]?\s*[:=]\s*)"(?:[^"\\]|\\.)*"#));
static BEARER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)\b(bearer)(?:\s*[:=]\s*|\s+)\\*["'`]?[^\s"'`<>]+"#));
static BASIC: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(basic|digest|negotiate)\s+[A-Za-z0-9+/_-]{8,}=*"));

pub(super) fn named(text: &str) -> String {
    let text = QUOTED_HEADER.replace_all(text, "${1}\"[redacted]");
    let text = HEADER.replace_all(&text, "${1}[redacted]");
    let text = BEARER.replace_all(&text, "${1} [redacted]");
    let text = BASIC.replace_all(&text, "${1} [redacted]");
    assignments(&text)
}

fn assignments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = NAMED.captures(rest) {
        let (Some(whole), between) = (found.get(0), &found["between"]) else { break };
        let (head, value) = rest.split_at(whole.end());
        let end = if names_a_secret(&found["name"], found.name("strong").is_some(), between, value) {
            out.push_str(head);
            let (open, length) = value_of(value);
            if length > open {
                out.push_str(&value[..open]);
                out.push_str(REDACTED);
            }
            whole.end() + length
        } else {
            // What follows may be a name itself.
            let end = whole.end() - between.len();
            out.push_str(&rest[..end]);
            end
        };
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn names_a_secret(name: &str, strong: bool, between: &str, value: &str) -> bool {
    if name.to_ascii_lowercase().contains("public") {
        return false;
    }
    let sign = between.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\\' | '"' | '\'' | '`'));
    match sign {
        // An argument of a command line.
        "" => name.starts_with('-') || name.contains("--"),
        // A path in a program, such as `vault::secret::open`.
        ":" if value.starts_with(':') => false,
        ":" if !strong => between.contains(['"', '\'']) || value.trim_start_matches('\\').starts_with(['"', '\'']),
        _ => true,
    }
}

/// Where the value begins after its opening quote, and where it ends.
fn value_of(text: &str) -> (usize, usize) {
    let slashes = text.bytes().take_while(|byte| *byte == b'\\').count();
    if let Some(quote) = text[slashes..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
        let open = slashes + quote.len_utf8();
        return (open, open + quoted(&text[open..], quote, slashes));
    }
    (0, unquoted(text))
}

/// The length up to the closing quote, which has as many backslashes before it as the opening one.
fn quoted(text: &str, quote: char, slashes: usize) -> usize {
    let mut before = 0;
    for (at, c) in text.char_indices() {
        let closes = if slashes == 0 { before % 2 == 0 } else { before <= slashes };
        if c == quote && closes {
            return at - before.min(slashes);
        }
        before = if c == '\\' { before + 1 } else { 0 };
    }
    text.len()
}

/// Up to a blank that is in no quotes and no brackets: `Some("a b")` and `[1, 2]` are values, too.
fn unquoted(text: &str) -> usize {
    let (mut depth, mut inside, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (inside, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(quote), c) if c == quote => inside = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => {
                // A quote that closes what the whole assignment stands in.
                if !text[at + 1..].contains(c) {
                    return at;
                }
                inside = Some(c);
            }
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}
