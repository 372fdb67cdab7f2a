//! The activity stream, and what becomes of beats.

use std::time::Duration;

use super::{Cause, Code, Reading};
use crate::dialect::Dialect;
use crate::liveness::Liveness;
use crate::notice::duration;
use crate::view::{LinkStateName, Speaker};

/// The activity stream.
#[derive(Clone, Debug)]
pub enum ActivitySeen {
    /// It said its first word.
    Live,
    /// It opened, and said nothing.
    Mute,
    /// It did not open.
    Closed(String),
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
        /// Why a registry drops it in silence, by what the other checks saw.
        why: Dropped,
    },
}

/// Why a registry drops beats in silence (protocols.md 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Its time is too far from the registry's.
    Clock,
    /// It is signed with another key than the record's.
    Key,
    /// It has no record to count for.
    Record,
    /// None of these; it was sent in this form.
    Form(Dialect),
}

impl Dropped {
    fn told(self) -> String {
        match self {
            Self::Clock => "its time is too far from the registry's".into(),
            Self::Key => "the record's key is another than the one that signs".into(),
            Self::Record => "there is no record that it could count for".into(),
            Self::Form(form) => {
                format!("neither clock nor key nor the `ed25519:` prefix explains that; form: {}", form.label())
            }
        }
    }
}

impl FirstBeat {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::NotSent(why) => Reading::not_asked(why.clone()),
            Self::Confirmed { after_ms } => Reading::ok(format!("Sent and confirmed in {after_ms} ms")),
            Self::Unconfirmed { waited, why } => Reading::bad(
                format!(
                    "Sent, and dropped in silence: not confirmed within {:.1} s; {}",
                    waited.as_secs_f64(),
                    why.told()
                ),
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
    /// The computer that has its lease, when it is another one of a team; it may have no name.
    pub elsewhere: Option<String>,
    /// Our word.
    pub liveness: Liveness,
    /// It is paused.
    pub paused: bool,
    /// Confirmed since Beatkeeper started.
    pub confirmed: u64,
    /// Sent, and not confirmed.
    pub unconfirmed: u64,
    /// Of these, those since the last one that was, as far as records were read.
    pub unconfirmed_in_a_row: u32,
    /// Our link.
    pub link: LinkStateName,
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
        /// Between two.
        interval: Duration,
    },
    /// It runs.
    Known(Box<Beaten>),
}

/// A single beat may be lost, or be on its way; so many in a row are ignored, as the verdict says too.
const IGNORED: u32 = 2;
/// Nobody is late before so many intervals.
const FRESH: u32 = 3;
/// By a record alone nobody is called silent sooner: that is three of the usual intervals.
const FRESH_AT_LEAST: Duration = Duration::from_secs(90);

impl Taken {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::NobodyHere { last: Some(last), interval, .. } if *last <= (*interval * FRESH).max(FRESH_AT_LEAST) => {
                Reading::notice(format!(
                    "The registry took one {} ago; no Beatkeeper runs on this computer",
                    duration(*last)
                ))
            }
            Self::NobodyHere { ours: true, .. } => Reading::bad(
                "No Beatkeeper runs on this computer",
                Cause::new(
                    Code::EngineNotRunning,
                    "Nobody on this computer beats for it: Beatkeeper does not run",
                    "Start Beatkeeper, or `beatkeeper run`.",
                ),
            ),
            Self::NobodyHere { never: true, .. } => Reading::bad("Registered, has never beaten", never_beat()),
            Self::NobodyHere { last: None, .. } => Reading::unknown("Nobody here heard of its beats"),
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
                    "Resume it: `beatkeeper agent resume AGENT`, or on its page in the window.",
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
        let fresh = self.last.is_some_and(|last| last <= self.interval * FRESH);
        match (self.speaker, self.liveness) {
            (_, Liveness::Active) if fresh => Reading::ok(evidence),
            (Speaker::App, Liveness::Stopped) => Reading::not_asked("It is stopped, as was asked for"),
            (Speaker::App, _) if self.link == LinkStateName::Open && self.unconfirmed_in_a_row >= IGNORED => {
                Reading::bad(evidence, ignored("No beat of late was confirmed"))
            }
            // What else is wrong with our beats the link's own check says, or the verdict.
            (Speaker::App, _) => Reading::unknown(evidence),
            (Speaker::Team, Liveness::Inactive | Liveness::Late | Liveness::Stale | Liveness::Offline) => {
                // Who has no lease holds nothing up: then the verdict says what does.
                match &self.elsewhere {
                    Some(computer) => Reading::bad(evidence, elsewhere(computer)),
                    None => Reading::unknown(evidence),
                }
            }
            (Speaker::Agent, Liveness::Inactive) => Reading::bad(evidence, never_beat()),
            (Speaker::Agent | Speaker::Team, Liveness::Unknown | Liveness::Stopped | Liveness::Active) => {
                Reading::unknown(evidence)
            }
            (Speaker::Agent, Liveness::Late | Liveness::Stale | Liveness::Offline) => Reading::bad(evidence, silent()),
        }
    }
}

fn age(last: Option<Duration>) -> String {
    last.map_or_else(|| "No beat was ever seen".to_owned(), |last| format!("The last one was {} ago", duration(last)))
}

fn elsewhere(computer: &str) -> Cause {
    let whose = if computer.is_empty() {
        "Another computer of the team".to_owned()
    } else {
        format!("The computer {computer} of the team")
    };
    Cause::new(
        Code::AgentSilent,
        format!("{whose} has its lease, and no beat of it is confirmed"),
        "Look at Beatkeeper on that computer; if it is gone, its lease ends by itself and the next computer takes over.",
    )
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
            let evidence = format!(
                "{told}; we were silent for {}, and {heard} beats were heard meanwhile",
                super::idle::exactly(silence)
            );
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
