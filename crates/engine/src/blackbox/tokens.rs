//! Keys and tokens that are known by their looks: long runs of letters and digits without a word in them.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::{REDACTED, pattern};

/// Characters of 32 bytes in base64, without padding: the shortest way in which a seed is written.
const SEED: usize = 43;
/// Changes between capitals, small letters and digits within that many characters. Chance makes about 27 of them, the
/// folders of a path make a few.
const RESTLESS: usize = 12;

static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9+/_%-]{43,}={0,2}"));
/// Tokens of well-known services are shorter.
static KNOWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?:gh[opsur]|github_pat)_\w{10,}|glpat-[\w-]{10,}|xox[a-z]-[\w-]{8,}|sk-[\w-]{10,}|sk_(?:live|test)_\w{8,}|tk_\w{10,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{20,}|npm_\w{20,}|(?:bot)?\d{6,}:[\w-]{20,}|nsec1\w{20,})",
    )
});
/// Bytes as a list, as programs print them, and in pairs of digits, as people compare them.
static BYTES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:\b\d{1,3}\s*,\s*){31,}\d{1,3}\b|(?:\b(?:0x)?[0-9A-Fa-f]{2}(?:\s*[:,-]\s*|\s+)){31,}(?:0x)?[0-9A-Fa-f]{2}\b",
    )
});

pub(super) fn hide(text: &str) -> String {
    let text = KNOWN.replace_all(text, REDACTED);
    let text = BYTES.replace_all(&text, REDACTED);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for run in RUN.find_iter(&text) {
        let before = &text[..run.start()];
        out.push_str(&text[done..run.start()]);
        done = run.end();
        if before.ends_with("ed25519:") && is_public_key(run.as_str()) && !text[run.end()..].starts_with('=') {
            out.push_str(run.as_str());
        } else {
            out.push_str(&without_secrets(run.as_str(), before.ends_with(':')));
        }
    }
    out.push_str(&text[done..]);
    out
}

/// With its one sign of padding, so that a longer secret key behind the same prefix is none.
fn is_public_key(run: &str) -> bool {
    run.len() == SEED + 1 && run.ends_with('=') && !run[..SEED].contains(['=', '_', '%', '-'])
}

/// Ids and fingerprints stay; they cut the run into pieces, and each is hidden or not.
fn without_secrets(run: &str, after_colon: bool) -> String {
    let (mut out, mut piece) = (String::new(), String::new());
    let mut rest = run;
    if after_colon && rest.len() >= 32 && is_half_digest(&rest[..32]) && !rest[32..].starts_with(is_hex) {
        out.push_str(&rest[..32]);
        rest = &rest[32..];
    }
    for chunk in rest.split_inclusive('/') {
        let word = chunk.trim_end_matches('/');
        if is_half_digest(word) || is_uuid(word) {
            out.push_str(&hidden(&std::mem::take(&mut piece)));
            out.push_str(chunk);
        } else {
            piece.push_str(chunk);
        }
    }
    out.push_str(&hidden(&piece));
    out
}

fn hidden(piece: &str) -> String {
    let body = piece.trim_end_matches('=');
    let looks_secret = |chunk: &str| {
        chunk.len() >= SEED && chunk.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    if body.split('/').any(looks_secret) || is_restless(body.as_bytes()) {
        REDACTED.to_owned()
    } else {
        piece.to_owned()
    }
}

/// Base64 has slashes, too, and then only chance tells it from a path.
fn is_restless(bytes: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum Class {
        Capital,
        Small,
        Digit,
        Other,
    }
    let class = |byte: u8| match byte {
        b'A'..=b'Z' => Class::Capital,
        b'a'..=b'z' => Class::Small,
        b'0'..=b'9' => Class::Digit,
        _ => Class::Other,
    };
    let changes = |pair: &&[u8]| {
        let (one, two) = (class(pair[0]), class(pair[1]));
        one != Class::Other && two != Class::Other && one != two
    };
    bytes.windows(SEED).any(|window| window.windows(2).filter(changes).count() >= RESTLESS)
}

fn is_half_digest(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

const fn is_hex(c: char) -> bool {
    c.is_ascii_hexdigit()
}

fn is_uuid(word: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    word.split('-').count() == lengths.len()
        && word.split('-').zip(lengths).all(|(part, length)| part.len() == length && part.chars().all(is_hex))
}
