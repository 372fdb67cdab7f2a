//! What is searched for.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::ansi;

/// The longest pattern, bytes.
const LONGEST: usize = 1000;

/// The most memory that a compiled pattern may take, bytes: one that takes more is slow as well.
const COMPILED: usize = 1024 * 1024;

/// Whether capital letters are others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// `Error` is not `error`.
    Sensitive,
    /// It is.
    Ignore,
}

/// What is searched for in the text of a line, without its escape sequences.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct PatternError {
    /// Stable: `log.pattern_empty`, `log.pattern_too_long`, `log.pattern_too_large`, `log.pattern_bad`.
    pub code: &'static str,
    /// What is wrong with it.
    pub sentence: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Pattern {
    /// A regular expression, in the syntax of the `regex` crate.
    ///
    /// # Errors
    /// It is empty, too long, not one, or would take too much memory.
    pub fn regex(text: &str, case: Case) -> Result<Self, PatternError> {
        let fail = |code, sentence, remedy| Err(PatternError { code, sentence, remedy });
        if text.is_empty() {
            return fail("log.pattern_empty", "The pattern is empty.".into(), "Write what to search for.");
        }
        if text.len() > LONGEST {
            let sentence = format!("The pattern has {} bytes; {LONGEST} are the most.", text.len());
            return fail("log.pattern_too_long", sentence, "Search for a part of it.");
        }
        let built = RegexBuilder::new(text)
            .case_insensitive(case == Case::Ignore)
            .size_limit(COMPILED)
            .dfa_size_limit(COMPILED)
            .nest_limit(50)
            .build();
        match built {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => {
                let sentence = "The pattern is too large: its repetitions multiply.".into();
                fail("log.pattern_too_large", sentence, "Repeat less, for example .* in place of .{1,1000}.")
            }
            Err(error) => {
                // The library draws an arrow under the pattern; its last line says what is wrong.
                let text = error.to_string();
                let what = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let sentence = format!("The pattern is no regular expression: {what}.");
                fail("log.pattern_bad", sentence, "Correct it, or search for plain text.")
            }
        }
    }

    /// Exactly this text.
    ///
    /// # Errors
    /// It is empty or too long.
    pub fn text(text: &str, case: Case) -> Result<Self, PatternError> {
        if text.len() > LONGEST {
            let sentence = format!("The text has {} bytes; {LONGEST} are the most.", text.len());
            return Err(PatternError { code: "log.pattern_too_long", sentence, remedy: "Search for a part of it." });
        }
        // Escaping at most doubles it, and that is no fault of whoever wrote it.
        let escaped = regex::escape(text);
        if escaped.is_empty() {
            return Self::regex(text, case);
        }
        let built = RegexBuilder::new(&escaped).case_insensitive(case == Case::Ignore).build();
        built.map(Self).map_err(|error| PatternError {
            code: "log.pattern_too_large",
            sentence: format!("The text cannot be searched for: {error}."),
            remedy: "Search for a part of it.",
        })
    }

    /// Whether it is in this text.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        self.0.is_match(&ansi::strip(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> (&'static str, String) {
        let error = Pattern::regex(text, Case::Sensitive).expect_err("refused");
        assert!(!error.sentence.contains('\n') && error.sentence.ends_with('.'), "{}", error.sentence);
        (error.code, error.sentence)
    }

    #[test]
    fn a_bad_pattern_is_refused_with_a_sentence() {
        assert_eq!(code("(a"), ("log.pattern_bad", "The pattern is no regular expression: unclosed group.".into()));
        assert_eq!(code("").0, "log.pattern_empty");
        assert_eq!(code(&"a".repeat(1001)).0, "log.pattern_too_long");
        assert_eq!(code(r"(\w{1000}){1000}").0, "log.pattern_too_large");
        assert_eq!(code(&format!("{}{}", "(".repeat(400), ")".repeat(400))).0, "log.pattern_bad");
        assert_eq!(Pattern::text("", Case::Ignore).expect_err("refused").code, "log.pattern_empty");
    }

    #[test]
    fn plain_text_means_itself_and_colours_are_in_nobodys_way() {
        let dots = Pattern::text("a.b(", Case::Sensitive).unwrap();
        assert!(dots.is_in(b"x a.b( y") && !dots.is_in(b"axb("));
        assert!(Pattern::text("ERROR", Case::Ignore).unwrap().is_in("\x1B[31mErr\x1B[0mor".as_bytes()));
        assert!(!Pattern::text("ERROR", Case::Sensitive).unwrap().is_in(b"error"));
        assert!(Pattern::regex("^(über|b+)$", Case::Ignore).unwrap().is_in("ÜBER".as_bytes()));
    }
}
