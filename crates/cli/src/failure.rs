//! How a command fails, and how that is told.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use beatkeeper_engine::command::Refusal;
use serde_json::json;

use crate::out;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Refused or failed, with a sentence and a remedy.
    Refused(Refusal),
    /// The same, when stdout says so already: there is one document on it, never two.
    Shown(Refusal),
    /// There is no running engine in this data folder.
    NobodyRuns(PathBuf),
    /// The doctor could not look, which is another answer than that something was found.
    CouldNotLook(Refusal),
    /// All is said; this is how it ends.
    Ended(u8),
    /// Whoever read our output has seen enough.
    ReaderGone,
}

impl Failure {
    pub(crate) fn refused(code: &str, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, sentence, remedy))
    }

    /// The same, of a doctor.
    pub(crate) fn could_not_look(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::CouldNotLook(refusal),
            Self::NobodyRuns(data) => Self::CouldNotLook(nobody_runs(&data)),
            Self::Shown(_) | Self::CouldNotLook(_) | Self::Ended(_) | Self::ReaderGone => self,
        }
    }

    /// Tells it: a sentence and a remedy on stderr, and where a program reads stdout, an object there.
    pub(crate) fn tell(self, json: bool) -> ExitCode {
        let (refusal, exit, is_shown) = match self {
            Self::ReaderGone => return ExitCode::SUCCESS,
            Self::Ended(code) => return ExitCode::from(code),
            Self::CouldNotLook(refusal) => (refusal, 2, false),
            Self::Refused(refusal) => (refusal, 1, false),
            Self::Shown(refusal) => (refusal, 1, true),
            Self::NobodyRuns(data) => (nobody_runs(&data), 3, false),
        };
        if json && !is_shown {
            // stderr has it, too, for the person who reads along.
            let _ = out::json(&json!({"error": refusal}));
        }
        out::note(&lines(&refusal));
        ExitCode::from(exit)
    }
}

fn nobody_runs(data: &Path) -> Refusal {
    Refusal::new(
        "engine.not_running",
        format!("No Beatkeeper is running (looked in {}).", data.display()),
        "Start the app, or `beatkeeper run`.",
    )
}

fn lines(refusal: &Refusal) -> String {
    let sentence = out::plain(&refusal.sentence);
    match refusal.remedy.trim() {
        "" => format!("error: {sentence}"),
        remedy => format!("error: {sentence}\n  remedy: {}", out::plain(remedy)),
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Of writing to stdout: nothing else hands on a bare system error.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::refused("output.failed", format!("The output cannot be written: {error}"), "Check where stdout leads.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_and_a_remedy() {
        let refusal = Refusal::new("x.y", "It is \u{1b}[31mbroken", "Mend it.");
        assert_eq!(lines(&refusal), "error: It is \u{fffd}[31mbroken\n  remedy: Mend it.");
        assert_eq!(lines(&Refusal::new("x.y", "It is broken", "")), "error: It is broken");
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        assert!(matches!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)), Failure::ReaderGone));
        assert!(matches!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)), Failure::Refused(_)));
    }
}
