//! The agent's own output: the last that it said before the flip.

use beatkeeper_core::time::Time;
use beatkeeper_runner::log::{LogLine, LogPlace, LogReader, Page, Stream};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Clean;
use super::pattern::REDACTED;

/// Lines that are kept.
const MOST_LINES: usize = 200;
/// Bytes of them together, as the agent wrote them.
const MOST_BYTES: usize = 64 * 1024;

/// The last lines that an agent wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OutputThen {
    /// Oldest first, at most 200 and 64 KiB.
    pub lines: Vec<OutputLine>,
    /// Whether its log had older ones.
    pub more: bool,
    /// Why there is none, or less of it.
    pub note: Option<Clean>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OutputLine {
    /// When its end arrived.
    pub at: Time,
    /// Where it comes from.
    pub stream: Stream,
    /// What it says, without colours.
    pub text: Clean,
}

/// The end of an agent's log.
pub(super) fn of_agent(place: &LogPlace) -> OutputThen {
    match LogReader::open(place).last(MOST_LINES) {
        Ok(page) => kept(&page),
        Err(error) => OutputThen {
            note: Some(Clean::new(&format!("Its output could not be read: {error}"))),
            ..OutputThen::default()
        },
    }
}

impl OutputThen {
    /// Leaves the oldest quarter out.
    pub(super) fn leave_out_some(&mut self) {
        self.lines.drain(..self.lines.len().div_ceil(4));
        self.more = true;
        self.note = Some(Clean::new("The oldest lines were left out to keep this small."));
    }
}

fn kept(page: &Page) -> OutputThen {
    let mut room = MOST_BYTES;
    let mut fits = |line: &&LogLine| match room.checked_sub(line.text.len()) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    let count = page.lines.iter().rev().take_while(|line| fits(line)).count();
    let first = page.lines.len() - count;
    // Of what is left out, too, since a key may begin in it.
    let in_key = in_keys(&page.lines);
    let line = |(line, in_key): (&LogLine, &bool)| OutputLine {
        at: line.at,
        stream: line.stream,
        text: if *in_key { Clean::new(REDACTED) } else { Clean::new(&line.plain()) },
    };
    OutputThen {
        lines: page.lines[first..].iter().zip(&in_key[first..]).map(line).collect(),
        more: first > 0 || !page.at_begin,
        note: None,
    }
}

/// Which lines belong to a private key that goes over several: the last one may be too short to be known as a secret.
fn in_keys(lines: &[LogLine]) -> Vec<bool> {
    let mut in_key = vec![false; lines.len()];
    // One whose beginning is not here any more may end first.
    let mut begin = Some(0);
    let mut began = false;
    for (place, line) in lines.iter().enumerate() {
        let says = |words: &str| line.text.contains(words) && line.text.contains("PRIVATE KEY");
        if says("-----BEGIN") {
            (begin, began) = (Some(place), true);
        }
        if says("-----END")
            && let Some(begin) = begin.take()
        {
            in_key[begin..=place].fill(true);
        }
    }
    if let Some(begin) = begin.filter(|_| began) {
        in_key[begin..].fill(true);
    }
    in_key
}
