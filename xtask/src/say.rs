//! The only place that prints.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who typed it")]

use std::io::{IsTerminal, Write};

/// Announces what happens next.
pub fn heading(text: &str) {
    if std::io::stdout().is_terminal() {
        line(&format!("\n\x1b[1m== {text}\x1b[0m"));
    } else {
        line(&format!("\n== {text}"));
    }
}

/// One line, at once: the output of child processes must not overtake it.
pub fn line(text: &str) {
    println!("{text}");
    // A closed pipe (`| head`) is not worth stopping for.
    let _ = std::io::stdout().flush();
}

/// What went wrong, and below it why: sentences, never a backtrace.
pub fn error(error: &anyhow::Error) {
    eprintln!("\nerror: {error}");
    error.chain().skip(1).for_each(|cause| eprintln!("  because: {cause}"));
}
