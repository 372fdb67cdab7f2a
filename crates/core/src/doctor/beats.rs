//! The open socket, and what becomes of the beats on it.

use std::time::Duration;

use super::{Cause, Code, Reading};
use crate::history::Connection;
use crate::liveness::Liveness;
use crate::notice::duration;
use crate::time::{Time, millis};
use crate::view::Speaker;

/// Sockets that live equally long differ by less than this share of it, or by [`LEAST_APART`].
const EQUALLY: f64 = 0.1;
/// Dialling and closing take a moment, whatever the length.
const LEAST_APART: Duration = Duration::from_millis(1500);
/// So many connections must have ended alike before that means anything.
const ENOUGH: usize = 3;
/// Connections that ended longer ago say nothing of today.
const LATELY: Duration = Duration::from_secs(3600);

/// How two sockets ended that were held open: one on which nothing was said, and one with pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// How long both were to be held.
    pub asked: Duration,
    /// When the silent one was cut.
    pub silent: Option<Duration>,
    /// When the one with pings was cut.
    pub pinged: Option<Duration>,
    /// After so long without a frame the registry itself drops a socket.
    pub registry_drops_after: Duration,
}

/// How the agent's own connections ended.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The newest first.
    pub connections: Vec<Connection>,
    /// Now.
    pub now: Time,
}

/// Whether a socket stays open.
#[derive(Clone, Debug)]
pub struct Held {
    /// What was measured, on request.
    pub hold: Option<Hold>,
    /// What was seen.
    pub past: Past,
}

impl Held {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let past = self.past.read();
        match self.hold {
            None => past,
            Some(hold) => {
                let held = hold.read();
                // What was measured just now is the better witness, unless it saw nothing.
                if held.cause.is_some() || past.cause.is_none() {
                    held
                } else {
                    Reading { evidence: format!("{}; {}", past.evidence, held.evidence), ..past }
                }
            }
        }
    }
}

impl Hold {
    fn read(self) -> Reading {
        let asked = duration(self.asked);
        match (self.silent, self.pinged) {
            (None, None) => Reading::ok(format!("A silent socket and one with pings both lived for {asked}")),
            (Some(silent), None) if silent + LEAST_APART >= self.registry_drops_after => Reading::ok(format!(
                "The silent socket lived for {}, until the registry itself drops it; the one with pings lives",
                exactly(silent)
            )),
            (Some(silent), None) => Reading::bad(
                format!("The silent socket was cut after {}, the one with pings lived for {asked}", exactly(silent)),
                Cause::new(
                    Code::IdleCut,
                    format!(
                        "Something between here and the registry cuts sockets that are idle for {}",
                        exactly(silent)
                    ),
                    format!(
                        "Raise that proxy's idle timeout (nginx: `proxy_read_timeout`), or ping more often than every {}: Beatkeeper pings by itself, other programs may not.",
                        exactly(silent)
                    ),
                ),
            ),
            (Some(silent), Some(pinged)) if alike(&[silent, pinged]) => Reading::bad(
                format!(
                    "The silent socket was cut after {}, the one with pings after {}",
                    exactly(silent),
                    exactly(pinged)
                ),
                age_cut(silent),
            ),
            (silent, pinged) => {
                let told = |end: Option<Duration>| {
                    end.map_or_else(|| "lived".to_owned(), |end| format!("was cut after {}", exactly(end)))
                };
                Reading::bad(
                    format!("The silent socket {}, the one with pings {}", told(silent), told(pinged)),
                    Cause::new(
                        Code::Flapping,
                        "Sockets to the registry are cut, and not after an equal time",
                        "Look at what lies between here and the registry: a load balancer that restarts, a bad network.",
                    ),
                )
            }
        }
    }
}

impl Past {
    fn read(&self) -> Reading {
        let lately = self.now - LATELY;
        let lost: Vec<&Connection> = self
            .connections
            .iter()
            .filter(|connection| {
                // What we closed ourselves, and what never opened, was not cut.
                connection.opened_at.is_some()
                    && connection.close_code.is_some_and(|code| code != 1000)
                    && connection.closed_at.is_some_and(|closed| closed >= lately)
            })
            .collect();
        let lives: Vec<Duration> =
            lost.iter().filter_map(|connection| Some(connection.closed_at?.since(connection.opened_at?))).collect();
        if lives.len() < ENOUGH {
            return match lives.len() {
                0 => Reading::ok("No connection was lost within the last hour"),
                count => Reading::ok(format!("{count} lost within the last hour, which is no pattern")),
            };
        }
        let newest = &lives[..lives.len().min(6)];
        let list: Vec<String> = newest.iter().map(|life| exactly(*life)).collect();
        let evidence = format!("{} connections lost within the last hour, after {}", lives.len(), list.join(", "));
        if alike(newest) {
            return Reading::bad(evidence, age_cut(newest[0]));
        }
        let why = lost.first().and_then(|connection| connection.cause_sentence.clone()).unwrap_or_default();
        Reading::bad(
            evidence,
            Cause::new(
                Code::Flapping,
                format!("Its connection keeps dropping, after unequal times; the last time: {why}"),
                "Look at this computer's network and at the registry's restarts; measure with `--hold 120` whether something cuts sockets.",
            ),
        )
    }
}

fn age_cut(age: Duration) -> Cause {
    Cause::new(
        Code::AgeCut,
        format!("Something between here and the registry cuts every socket after {}, in use or not", exactly(age)),
        "Raise the connection lifetime of that proxy or load balancer; Beatkeeper dials again by itself, and no beat is lost as long as that is quick.",
    )
}

fn alike(lives: &[Duration]) -> bool {
    let (Some(shortest), Some(longest)) = (lives.iter().min(), lives.iter().max()) else { return false };
    *longest - *shortest <= LEAST_APART.max(longest.mul_f64(EQUALLY))
}

/// Tenths count when a proxy is to be found by them.
fn exactly(time: Duration) -> String {
    if time < Duration::from_secs(90) { format!("{:.1} s", time.as_secs_f64()) } else { duration(time) }
}

/// The activity stream.
#[derive(Clone, Debug)]
pub enum ActivitySeen {
    /// It said its first word.
    Live,
    /// It opened, and said nothing.
    Mute,
    /// It did not open.
    Closed(String),
    /// This registry has none.
    None,
}

impl ActivitySeen {
    /// What it tells. Without it records are read instead: slower, and as true.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::Live => Reading::ok("Live: it said its first word"),
            Self::Mute => Reading::notice("It opens and says nothing: beats are confirmed by reading the record"),
            Self::Closed(why) => {
                Reading::notice(format!("Not to be had ({why}): beats are confirmed by reading the record"))
            }
            Self::None => Reading::not_asked("This kind of registry has none"),
        }
    }
}

/// A beat that was sent for the doctor, on the agent's own link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstBeat {
    /// None could be sent.
    NotSent(String),
    /// It was confirmed.
    Confirmed {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// It was not, within this time.
    Unconfirmed {
        /// How long was waited.
        waited: Duration,
    },
}

impl FirstBeat {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::NotSent(why) => Reading::not_asked(why.clone()),
            Self::Confirmed { after_ms } => Reading::ok(format!("Sent and confirmed in {after_ms} ms")),
            Self::Unconfirmed { waited } => Reading::bad(
                format!("Sent, and not confirmed within {:.1} s", waited.as_secs_f64()),
                ignored("A beat that was just sent did not move the record"),
            ),
        }
    }
}

fn ignored(proof: &str) -> Cause {
    Cause::new(
        Code::BeatsIgnored,
        format!("Connected and sending, but the registry ignores the beats. {proof}, and clock and key are right"),
        "Look at the registry's log for `heartbeat ws:` lines. If it takes another form of beat, leave `dialect` at \"auto\"; else use Retry.",
    )
}

/// What is known of the agent's beats.
#[derive(Clone, Debug)]
pub struct Beaten {
    /// Who beats.
    pub speaker: Speaker,
    /// Our word.
    pub liveness: Liveness,
    /// It is paused.
    pub paused: bool,
    /// Confirmed since Beatkeeper started.
    pub confirmed: u64,
    /// Sent, and not confirmed.
    pub unconfirmed: u64,
    /// What the other side said of one that it did not take.
    pub refused: Option<String>,
    /// How long ago the last one was confirmed.
    pub last: Option<Duration>,
    /// Between two.
    pub interval: Duration,
}

/// Whether beats are taken.
#[derive(Clone, Debug)]
pub enum Taken {
    /// Beatkeeper does not run; what the record says.
    NobodyHere {
        /// How long ago its last heartbeat was, on the registry's clock.
        last: Option<Duration>,
        /// It has never beaten.
        never: bool,
        /// We should beat for it.
        ours: bool,
    },
    /// It runs.
    Known(Box<Beaten>),
}

/// A heartbeat is fresh for so many intervals of 30 s.
const FRESH: Duration = Duration::from_secs(90);

impl Taken {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::NobodyHere { ours: true, .. } => Reading::bad(
                "No Beatkeeper runs on this computer",
                Cause::new(
                    Code::EngineNotRunning,
                    "Nobody beats for it: Beatkeeper does not run",
                    "Start Beatkeeper, or `beatkeeper run`.",
                ),
            ),
            Self::NobodyHere { never: true, .. } => Reading::bad("Registered, has never beaten", never_beat()),
            Self::NobodyHere { last: Some(last), .. } if *last <= FRESH => {
                Reading::ok(format!("The registry took one {} ago", duration(*last)))
            }
            Self::NobodyHere { last, .. } => Reading::bad(age(*last), silent()),
            Self::Known(beaten) => beaten.read(),
        }
    }
}

impl Beaten {
    fn read(&self) -> Reading {
        if self.paused {
            return Reading::bad(
                "Its beats are paused here",
                Cause::new(
                    Code::Paused,
                    "Its beats were paused by you",
                    "Resume it: `beatkeeper agent resume`, or `p` in the window.",
                ),
            );
        }
        let counts = format!("{} confirmed since Beatkeeper started, {} not", self.confirmed, self.unconfirmed);
        let evidence = format!("{counts}; {}", age(self.last).to_lowercase());
        if let Some(words) = &self.refused {
            return Reading::bad(
                format!("{evidence}; the registry says: {words}"),
                Cause::new(
                    Code::BeatsRefused,
                    format!("The registry refuses its beats: {words}"),
                    "Its clock, its key and the form of its beats are checked above: correct what is wrong there.",
                ),
            );
        }
        let fresh = self.last.is_some_and(|last| last <= self.interval * 3);
        match (self.speaker, self.liveness) {
            (_, Liveness::Active) if fresh => Reading::ok(evidence),
            (Speaker::App, Liveness::Stopped) => Reading::not_asked("It is stopped, as was asked for"),
            (Speaker::App, _) if self.unconfirmed > 0 && !fresh => {
                Reading::bad(evidence, ignored("No beat of late was confirmed"))
            }
            (Speaker::App, _) => Reading::unknown(evidence),
            (Speaker::Agent | Speaker::Team, Liveness::Inactive) => Reading::bad(evidence, never_beat()),
            (Speaker::Agent | Speaker::Team, Liveness::Unknown | Liveness::Stopped | Liveness::Active) => {
                Reading::unknown(evidence)
            }
            (Speaker::Agent | Speaker::Team, Liveness::Late | Liveness::Stale | Liveness::Offline) => {
                Reading::bad(evidence, silent())
            }
        }
    }
}

fn age(last: Option<Duration>) -> String {
    last.map_or_else(|| "No beat was ever seen".to_owned(), |last| format!("The last one was {} ago", duration(last)))
}

fn never_beat() -> Cause {
    Cause::new(
        Code::NeverBeat,
        "It is registered and has never beaten",
        "Start the agent; if it runs, its heartbeat is switched off or cannot reach the registry: look at its log (Python needs `zyndai-agent[heartbeat]`).",
    )
}

fn silent() -> Cause {
    Cause::new(
        Code::AgentSilent,
        "It stopped beating",
        "Its heartbeat loop died or hangs: look at the agent's log, then restart it.",
    )
}

/// Whether somebody else beats with this key.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecondCopy {
    /// Beats of others since Beatkeeper started.
    pub foreign: u64,
    /// The verdict calls it a second copy: they persist.
    pub persists: bool,
    /// For how long we were silent to listen, and how many beats were heard meanwhile.
    pub listened: Option<(Duration, u32)>,
    /// Why nobody listened although that was asked for.
    pub could_not: Option<&'static str>,
    /// We beat for it: what is not ours is another's.
    pub ours: bool,
}

impl SecondCopy {
    /// What it tells.
    #[must_use]
    pub fn read(self) -> Reading {
        let told = match self.foreign {
            0 => "No beat but ours was seen".to_owned(),
            count => format!("{count} beats were seen that were not ours"),
        };
        if let Some((silence, heard)) = self.listened {
            let evidence =
                format!("{told}; we were silent for {}, and {heard} beats were heard meanwhile", exactly(silence));
            return if heard == 0 {
                Reading::ok(evidence)
            } else {
                Reading::warned(evidence, copy("while we were silent"))
            };
        }
        if let Some(why) = self.could_not {
            return Reading::unknown(format!("{told}; {why}"));
        }
        if !self.ours && !self.persists {
            return Reading::not_asked("We do not beat for it, so no beat can be told from another");
        }
        if self.persists { Reading::warned(told, copy("again and again")) } else { Reading::ok(told) }
    }
}

fn copy(how: &str) -> Cause {
    Cause::new(
        Code::SecondCopy,
        format!(
            "The registry takes beats of this key {how} that are not ours: a second copy runs, or the key has leaked"
        ),
        "Find the other copy and stop it. If you know of none, the key may have leaked: give the agent the next free key of its developer, `beatkeeper agent next-index`.",
    )
}

impl Hold {
    /// For a report.
    #[must_use]
    pub fn asked_ms(self) -> u64 {
        millis(self.asked)
    }
}
