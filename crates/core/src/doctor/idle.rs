//! Whether a socket stays open: what was seen of it, and what was measured.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Cause, Code, Reading};
use crate::history::Connection;
use crate::notice::duration;
use crate::time::Time;

/// Sockets that live equally long differ by less than this share of it, or by [`LEAST_APART`].
const EQUALLY: f64 = 0.1;
/// Dialling and closing take a moment, whatever the length.
const LEAST_APART: Duration = Duration::from_millis(500);
/// A registry that ends a socket does so within this time of its own limit.
const ON_TIME: Duration = Duration::from_millis(1500);
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

impl Hold {
    /// For how long sockets may be held; more is longer than any idle timeout that is worth a name.
    pub const SECONDS: RangeInclusive<u32> = 1..=900;
}

/// How the agent's own connections ended.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The newest first; nothing when nobody could look.
    pub connections: Option<Vec<Connection>>,
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
            // Pings do not extend the registry's patience (protocols.md 1.4).
            (Some(silent), Some(pinged)) if silent.min(pinged) + ON_TIME >= self.registry_drops_after => {
                Reading::ok(format!(
                    "Both sockets lived for {}, until the registry itself drops who sends no beat",
                    exactly(silent.min(pinged))
                ))
            }
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
        let Some(connections) = &self.connections else {
            return Reading::unknown("Its reconnects are known to a Beatkeeper that runs");
        };
        let lately = self.now - LATELY;
        let lost: Vec<&Connection> = connections
            .iter()
            .filter(|connection| {
                // What we closed ourselves, what never opened, and what the server turned away was not cut; a connection on
                // which no beat ever counted says more of the beats than of the way.
                connection.opened_at.is_some()
                    && connection.confirmed > 0
                    && connection.cause.as_deref() != Some("link.rejected")
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
        "Raise the connection lifetime of that proxy or load balancer; whoever dials again at once loses no beat, as Beatkeeper does.",
    )
}

fn alike(lives: &[Duration]) -> bool {
    let (Some(shortest), Some(longest)) = (lives.iter().min(), lives.iter().max()) else { return false };
    *longest - *shortest <= LEAST_APART.max(longest.mul_f64(EQUALLY))
}

/// Tenths count when a proxy is to be found by them.
pub(super) fn exactly(time: Duration) -> String {
    if time < Duration::from_secs(90) { format!("{:.1} s", time.as_secs_f64()) } else { duration(time) }
}
