//! Text that may leave this computer.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::redact::redact;

/// Characters of one text; a sentence is shorter, and a log line that is longer is cut.
const MOST: usize = 500;

/// Text without secrets, without line breaks and without what could steer a terminal, at most 500 characters long.
///
/// Making one is the only way to get one, also from JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, type = "string")]
#[serde(from = "String", into = "String")]
pub struct Clean(String);

impl Clean {
    /// The text, cleaned.
    #[must_use]
    pub fn new(text: &str) -> Self {
        // Cut last: half a secret is not known as one any more.
        Self(cut(redact(&plain(text))))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Clean {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Clean> for String {
    fn from(clean: Clean) -> Self {
        clean.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if steers(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

fn cut(text: String) -> String {
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_that_steers_nothing() {
        assert_eq!(Clean::new("a\u{1b}[2J\r\nb\u{202e}c").as_str(), "a\u{fffd}[2J  b\u{fffd}c");
        assert_eq!(Clean::new("Wetter ☂ 天気").as_str(), "Wetter ☂ 天気");
    }

    #[test]
    fn a_secret_is_known_before_the_text_is_cut() {
        let text = format!("{} token=abcdefgh-and-more", "x ".repeat(245));
        let clean = Clean::new(&text);
        assert_eq!(clean.as_str().chars().count(), 500);
        assert!(!clean.as_str().contains("abc"), "{clean}");
        assert_eq!(Clean::new(clean.as_str()), clean);
    }

    #[test]
    fn what_is_read_is_cleaned_again() {
        let clean: Clean = serde_json::from_str(r#""Bearer abc123""#).unwrap();
        assert_eq!(clean.as_str(), "Bearer [redacted]");
        assert_eq!(serde_json::to_string(&clean).unwrap(), r#""Bearer [redacted]""#);
    }
}
