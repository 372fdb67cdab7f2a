//! Three witnesses, one verdict: a code, a sentence and a remedy. Every verdict is in `docs/verdicts.md`.

mod codes;
mod copies;
mod dialect;
mod link;
mod process;
mod record;
mod team;
mod watched;

use std::time::Duration;

use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::liveness::Liveness;
use crate::notice::duration;
use crate::view::{LinkStateName, ProcessState, Severity, Speaker, VerdictView};
use crate::witness::{Absence, BeatRefusal};

pub use codes::{KnownVerdict, Subject, VERDICTS, known};
pub use team::TeamEvidence;

/// Clocks are compared through a header with whole seconds, so the limit is met a little earlier.
pub(crate) const CLOCK_LIMIT_MS: i64 = 58_000;
/// This many reconnects within five minutes are a connection that keeps dropping.
const FLAPPING: u32 = 3;

/// The code of a verdict that nobody can give: this computer has no network.
pub const NETWORK_DOWN: &str = "network.down";

/// Everything a verdict is made of.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// Our word.
    pub liveness: Liveness,
    /// This computer has no network, and the registry is elsewhere.
    pub network_down: bool,
    /// Its silence is asked for: a fire drill.
    pub drilled: bool,
    /// It is silent for a moment, to hear whether somebody else beats.
    pub listening: bool,
    /// Paused by the user.
    pub paused: bool,
    /// Who beats at the moment.
    pub speaker: Speaker,
    /// Between two beats.
    pub pace: Duration,
    /// What is known of its lease, where a team has one.
    pub team: Option<TeamEvidence<'a>>,
    /// The process.
    pub process: ProcessState,
    /// In a few words.
    pub process_detail: &'a str,
    /// Since when, as a time of day.
    pub process_since: Option<String>,
    /// Starts in a row that came to nothing, and after how many it is given up; never for 0.
    pub restarts: (u32, u32),
    /// How often it was started within five minutes, while that is a loop; 0 while it is none.
    pub restart_loop: u32,
    /// Nobody asked it to run.
    pub rests: bool,
    /// It said goodbye on its bus.
    pub said_goodbye: bool,
    /// Our beats are held back until its process is well.
    pub held: bool,
    /// Nobody here beats, and somebody wants it so: a person, its process, or a drill.
    pub hushed: bool,
    /// How far the process's clock is ahead of ours.
    pub process_clock_ahead_ms: Option<i64>,
    /// Our link.
    pub link: LinkStateName,
    /// Why it is not open.
    pub link_failure: Option<&'a Failure>,
    /// Dials since the last confirmed beat.
    pub attempt: u32,
    /// Why the registry has no record of it, when it is known to have none.
    pub absence: Option<&'a Absence>,
    /// Whether the record's key belongs to the id.
    pub key_matches: Option<bool>,
    /// Why the registry cannot be asked.
    pub registry_problem: Option<&'a str>,
    /// Whether it answered when it was asked last, whatever.
    pub registry_answers: bool,
    /// How far the registry's clock is ahead of ours.
    pub registry_clock_ahead_ms: Option<i64>,
    /// By how much its sweep is late: it still calls the agent active.
    pub sweep_late_by: Option<Duration>,
    /// Our beats that the record did not show, in a row.
    pub unconfirmed_in_a_row: u32,
    /// Whether one of our beats was confirmed on this connection.
    pub confirmed_here: bool,
    /// Beats that are not ours keep coming.
    pub foreign: bool,
    /// The beats of an agent that beats by itself are those of two copies.
    pub two_rhythms: bool,
    /// The registry called it inactive, its beats count again, and the registry announced nothing.
    pub not_announced: bool,
    /// Reconnects within five minutes.
    pub reconnects_5min: u32,
    /// What we beat in.
    pub dialect: Dialect,
    /// Another dialect than the usual one is being tried.
    pub trying: bool,
    /// What the other side said of a beat that it did not take.
    pub beat_refused: Option<&'a BeatRefusal>,
    /// Connections in a row that were given up because nothing was acknowledged, where that is done.
    pub unacked: u32,
    /// Whether a beat was ever acknowledged.
    pub ever_acked: bool,
}

/// Joins the witnesses.
#[must_use]
pub fn judge(evidence: &Evidence<'_>) -> VerdictView {
    let verdict =
        copies::while_silent(evidence).or_else(|| silent_by_will(evidence)).unwrap_or_else(|| of_witnesses(evidence));
    record::with_late_sweep(evidence, verdict)
}

/// It does not beat, and somebody wants it so.
fn silent_by_will(e: &Evidence<'_>) -> Option<VerdictView> {
    if e.paused {
        return Some(verdict("paused", Severity::Neutral, "Paused by you", "Resume it when it should beat again."));
    }
    if e.rests {
        return Some(process::at_rest(e));
    }
    if e.drilled {
        let remedy = "Nothing to do: it beats again by itself.";
        return Some(verdict("drill", Severity::Neutral, "Silent for a fire drill", remedy));
    }
    if e.listening {
        let remedy = "Nothing to do: it beats again by itself, before anybody calls it late.";
        let sentence = "Silent for a moment: the doctor listens whether somebody else beats";
        return Some(verdict("listening", Severity::Neutral, sentence, remedy));
    }
    e.said_goodbye.then(|| {
        verdict("bus.stopped", Severity::Neutral, "It said goodbye on its bus", "Start it when it should beat again.")
    })
}

/// It should beat.
fn of_witnesses(e: &Evidence<'_>) -> VerdictView {
    if e.network_down {
        return verdict(
            NETWORK_DOWN,
            Severity::Neutral,
            "This computer is offline, so nobody can tell how it is",
            "Check this computer's network connection; all goes on by itself when it is back.",
        );
    }
    process::of_ours(e).or_else(|| record::alone(e)).unwrap_or_else(|| match e.speaker {
        Speaker::App => link::ours(e),
        Speaker::Agent => watched::its_own(e),
        Speaker::Team => team::elsewhere(e).unwrap_or_else(|| watched::its_own(e)),
    })
}

fn ahead_or_behind(ahead_ms: i64) -> String {
    let seconds = (ahead_ms.unsigned_abs() + 500) / 1000;
    // Near the limit it is the seconds that count.
    let off = if seconds < 600 { format!("{seconds} s") } else { duration(Duration::from_secs(seconds)) };
    format!("{off} {}", if ahead_ms >= 0 { "ahead" } else { "behind" })
}

fn sentence(text: &impl ToString) -> String {
    let text = text.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn verdict(
    code: &'static str,
    severity: Severity,
    sentence: impl Into<String>,
    remedy: impl Into<String>,
) -> VerdictView {
    VerdictView { code, severity, sentence: sentence.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests;
