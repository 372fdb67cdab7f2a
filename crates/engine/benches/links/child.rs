//! This program, started once more for a part of its own: asked on standard input, answering on standard output.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};

use super::Outcome;

/// A part that runs.
pub(crate) struct Child {
    part: String,
    process: process::Child,
    /// Gone when the child was asked to end.
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Child {
    /// Starts a part that may open so many files.
    pub(crate) fn start(files: u64, args: &[&str]) -> Outcome<Self> {
        let mut process =
            command(files)?.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let asks = process.stdin.take();
        let answers = process.stdout.take().ok_or("a child without standard output")?;
        let part = args.first().copied().unwrap_or_default().to_owned();
        Ok(Self { part, process, asks, answers: BufReader::new(answers) })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, question: &str) -> Outcome<Answer> {
        let ended = || format!("{}: ended before it answered \"{question}\"", self.part);
        let asks = self.asks.as_mut().ok_or_else(ended)?;
        writeln!(asks, "{question}").map_err(|_| ended())?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(ended().into());
        }
        Ok(Answer::parse(&line))
    }

    /// Ends it and waits until it is gone.
    pub(crate) fn end(mut self) {
        self.asks = None;
        // However it ends, it is over.
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.asks = None;
        // It has ended already, unless something failed here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The shell raises the limit, since a program cannot do that for itself without unsafe code.
#[cfg(unix)]
fn command(files: u64) -> Outcome<Command> {
    let mut command = Command::new("/bin/sh");
    let script = format!(
        "[ \"$(ulimit -n)\" = unlimited ] || [ \"$(ulimit -n)\" -ge {files} ] || ulimit -n {files}; exec \"$0\" \"$@\""
    );
    command.arg("-c").arg(script).arg(std::env::current_exe()?);
    Ok(command)
}

#[cfg(not(unix))]
fn command(_files: u64) -> Outcome<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// How many files a process may have open after it raised its limit; nothing when there is no limit.
pub(crate) fn most_files() -> Option<u64> {
    if cfg!(not(unix)) {
        return None;
    }
    let output = Command::new("/bin/sh").args(["-c", "ulimit -Hn"]).output().ok()?;
    // "unlimited" is no number.
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// `name=value`s in one line.
#[derive(Default)]
pub(crate) struct Answer(BTreeMap<String, String>);

impl Answer {
    pub(crate) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn text(&self, name: &str) -> Outcome<&str> {
        Ok(self.0.get(name).ok_or_else(|| format!("an answer without {name}"))?)
    }

    pub(crate) fn number(&self, name: &str) -> Outcome<f64> {
        self.text(name)?.parse().map_err(|_| format!("{name} is no number").into())
    }

    /// What could not be measured here was left out.
    pub(crate) fn maybe(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.parse().ok()
    }

    fn parse(line: &str) -> Self {
        let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
