//! What all rules of redaction are made of.

use regex::Regex;

/// What stands for something secret.
pub(super) const REDACTED: &str = "[redacted]";

/// The patterns are constants, and a test compiles them all.
pub(super) fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
}
