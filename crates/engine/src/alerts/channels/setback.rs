//! What telling a channel can come to, in words that may be shown.

use std::fmt::Write as _;
use std::time::Duration;

use super::redact::Redactor;
use crate::refusal::Refusal;

/// Of a server's or a program's own words.
const LONGEST_QUOTE: usize = 200;

/// Why a channel did not take a notice, as a sentence without a secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setback {
    /// It cannot be told whether there is a secret: the keychain is locked. Nothing was sent.
    Locked(String),
    /// Nobody answered.
    Unreached(String),
    /// The answer is no, for now.
    NotNow {
        problem: String,
        /// After how long it may be tried again, where the answer says so.
        again_after: Option<Duration>,
    },
    /// The answer is no, and would be the next time.
    Refused(String),
}

impl Setback {
    pub(super) fn not_now(problem: impl Into<String>) -> Self {
        Self::NotNow { problem: problem.into(), again_after: None }
    }

    pub(super) fn problem(&self) -> &str {
        match self {
            Self::Locked(problem)
            | Self::Unreached(problem)
            | Self::NotNow { problem, .. }
            | Self::Refused(problem) => problem,
        }
    }

    /// For the person who waits for a test.
    pub(super) fn refusal(&self, channel: &str) -> Refusal {
        let (code, remedy) = match self {
            Self::Locked(_) => ("channel.locked", "Unlock the keychain, then try again."),
            Self::Unreached(_) => ("channel.unreachable", "Check the address and the network, then try again."),
            Self::NotNow { .. } => ("channel.failed", "Try again later; alerts are tried again by themselves."),
            Self::Refused(_) => ("channel.refused", "Correct the channel's settings or its secret, then try again."),
        };
        Refusal::new(code, format!("{channel}: {}", self.problem()), remedy)
    }
}

/// Somebody else's words, short, on one line, and without the secrets should they repeat them.
pub(super) fn quote(words: &str, redactor: &Redactor) -> String {
    let words: String = redactor.clean(words).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut short = String::new();
    for word in words.split_whitespace() {
        let gap = if short.is_empty() { "" } else { " " };
        if short.chars().count() + gap.len() + word.chars().count() > LONGEST_QUOTE {
            let room = LONGEST_QUOTE.saturating_sub(short.chars().count());
            short.extend(gap.chars().chain(word.chars()).take(room));
            short.push('…');
            break;
        }
        let _ = write!(short, "{gap}{word}");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_short_on_one_line_and_without_the_secret() {
        let (none, secret) = (Redactor::default(), "https://hooks.example/services/T0/hunter2".into());
        let redactor = none.clone().secret(&secret);
        assert_eq!(quote("no\r\n  such\u{7}hook", &redactor), "no such hook");
        for words in ["at https://hooks.example/services/T0/hunter2", "POST /services/T0/hunter2 is unknown"] {
            let quoted = quote(words, &redactor);
            assert!(!quoted.contains("hunter2") && quoted.contains('…'), "{quoted}");
        }
        assert_eq!(quote(&"x".repeat(500), &none).chars().count(), 201);
        assert_eq!(quote(&"word ".repeat(100), &none).chars().count(), 201);
    }
}
