//! The registry, the agent's record there, the keys, and the way to its heartbeat socket.

use super::{Cause, Code, Reading};
use crate::dialect::Dialect;
use crate::failure::{Failure, Fatal};
use crate::identity::{DeveloperId, EntityId};
use crate::liveness::SWEEP_SLACK;
use crate::notice::duration;
use crate::time::Time;
use crate::verdict::CLOCK_LIMIT_MS;
use crate::wire::zynd::MAX_CLOCK_SKEW;
use crate::witness::RecordFacts;
use std::time::Duration;

/// What kind of registry it is.
#[derive(Clone, Debug, Default)]
pub struct RegistryKind {
    /// What it calls itself.
    pub name: Option<String>,
    /// Its own id.
    pub id: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// How developers come in: `open` or `restricted`.
    pub onboarding: Option<String>,
    /// How we beat there.
    pub dialect: Option<Dialect>,
}

impl RegistryKind {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut told = Vec::new();
        told.extend(self.name.as_ref().filter(|name| !name.is_empty()).cloned());
        told.extend(self.version.as_ref().map(|version| format!("version {version}")));
        told.extend(self.id.clone());
        told.extend(self.onboarding.as_ref().map(|mode| format!("developers: {mode}")));
        if told.is_empty() {
            return Reading::unknown("It does not say what it is");
        }
        told.extend(self.dialect.map(|dialect| format!("beats: {}", dialect.label())));
        Reading::ok(told.join(", "))
    }
}

/// How far the clocks are apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockSeen {
    /// How far the registry's is ahead of this computer's.
    pub registry_ahead_ms: Option<i64>,
    /// How far that of the agent's process is ahead of this computer's, when it beats itself.
    pub process_ahead_ms: Option<i64>,
    /// Whether its own program beats.
    pub beats_itself: bool,
}

impl ClockSeen {
    /// What it tells.
    #[must_use]
    pub fn read(self) -> Reading {
        let Some(registry) = self.registry_ahead_ms else {
            return Reading::unknown("No answer of the registry had a time that could be compared");
        };
        let mut evidence = format!("The registry's is {:+.1} s ahead of this computer's", registry as f64 / 1000.0);
        let limit = MAX_CLOCK_SKEW.as_secs();
        if let Some(process) = self.process_ahead_ms.filter(|_| self.beats_itself) {
            let apart = registry.saturating_sub(process);
            evidence = format!("{evidence}; {:+.1} s ahead of the agent's", apart as f64 / 1000.0);
            if apart.abs() >= CLOCK_LIMIT_MS {
                let cause = Cause::new(
                    Code::ClockProcess,
                    format!("The clock where the agent runs is {} of the registry's", off(-apart)),
                    format!(
                        "Set the clock where the agent runs: beats more than {limit} s off are dropped in silence."
                    ),
                );
                return Reading::bad(evidence, cause);
            }
            if registry.abs() >= CLOCK_LIMIT_MS {
                // Whoever beats is right; this computer only looks.
                return Reading::notice(format!("{evidence}; this computer's is off, and it does not beat"));
            }
        }
        if registry.abs() < CLOCK_LIMIT_MS {
            return Reading::ok(evidence);
        }
        let cause = Cause::new(
            Code::ClockOwn,
            format!("This computer's clock is {} of the registry's", off(-registry)),
            format!(
                "Set this computer's clock (turn network time on): beats more than {limit} s off are dropped in silence."
            ),
        );
        if self.beats_itself {
            // Whether its program shares this computer's clock is not known.
            return Reading::notice(format!("{evidence}; whether the agent's clock is off, too, is not known"));
        }
        Reading::bad(evidence, cause)
    }
}

fn off(ahead_ms: i64) -> String {
    let off = duration(Duration::from_millis(ahead_ms.unsigned_abs()));
    format!("{off} {}", if ahead_ms >= 0 { "ahead" } else { "behind" })
}

/// The agent's record.
#[derive(Clone, Debug)]
pub struct RecordSeen {
    /// The record; nothing when the registry does not know it; why it cannot be read.
    pub answer: Result<Option<RecordFacts>, String>,
    /// Now, on the registry's clock.
    pub registry_now: Time,
    /// After so long without a beat the registry should have called it inactive.
    pub swept_after: Duration,
    /// It was here before: a beat of it was confirmed.
    pub known_before: bool,
}

impl RecordSeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let facts = match &self.answer {
            Err(problem) => return Reading::unknown(format!("It cannot be read: {problem}")),
            Ok(None) => return self.unknown_there(),
            Ok(Some(facts)) => facts,
        };
        let home = facts.home.as_deref();
        if facts.tombstoned {
            return Reading::bad(
                "A copy by gossip, with a tombstone",
                Cause::new(
                    Code::Tombstoned,
                    format!("Its home registry{} has deleted it; what is here is a copy with a tombstone", at(home)),
                    "Register it anew: `beatkeeper agent register`.",
                ),
            );
        }
        if facts.by_gossip {
            return Reading::bad(
                format!("A copy by gossip{}, without last_heartbeat, registered_at and public_key", at(home)),
                Cause::new(
                    Code::GossipCopy,
                    format!(
                        "This registry knows it only by hearsay; it is at home{}",
                        home.map_or_else(|| " elsewhere".to_owned(), |home| format!(" at {home}"))
                    ),
                    "Use its home registry's URL: there it can be beaten for, here its socket is refused (404).",
                ),
            );
        }
        let status = facts.status.as_deref().unwrap_or("without a status");
        let age = facts.last_heartbeat.map(|beat| self.registry_now.since(beat));
        let evidence = match age {
            Some(_) if facts.last_real_beat().is_none() => format!("{status}; registered, has never beaten"),
            Some(age) => format!("{status}; last heartbeat {} ago on its own clock", duration(age)),
            None => format!("{status}; no heartbeat"),
        };
        if status == "active" && age.is_some_and(|age| age > self.swept_after + SWEEP_SLACK) {
            return Reading::warned(
                evidence,
                Cause::new(
                    Code::SweepLate,
                    format!(
                        "The registry still calls it active after {} of silence: its sweep is late or switched off",
                        duration(age.unwrap_or_default())
                    ),
                    "Do not trust its status; go by the last heartbeat. Its operator has to look at `[heartbeat]` in its config.",
                ),
            );
        }
        Reading::ok(evidence)
    }

    fn unknown_there(&self) -> Reading {
        let sentence = if self.known_before {
            "The registry does not know this agent any more: its record was deleted"
        } else {
            "The registry does not know this agent: it was never registered here, or was deleted"
        };
        Reading::bad(
            "404, entity not found",
            Cause::new(
                Code::NotRegistered,
                sentence,
                "Register it: `beatkeeper agent register`; or correct its registry's URL.",
            ),
        )
    }
}

fn at(home: Option<&str>) -> String {
    home.map_or_else(String::new, |home| format!(" at {home}"))
}

/// Where the agent's key is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySeen {
    /// In the vault, and it is that of the id.
    Own,
    /// In the vault, of another id.
    Another,
    /// Not in the vault.
    Absent,
    /// It cannot be told.
    Locked,
    /// It cannot be told, in the vault's words.
    Unavailable(String),
    /// It beats itself: nobody needs it here.
    NotNeeded,
}

impl KeySeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self, place: &str) -> Reading {
        let bad = |evidence: String, fatal: Fatal| Reading::bad(evidence, Cause::of(&fatal.into()));
        match self {
            Self::Own => Reading::ok(format!("In {place}, and it is that of the id")),
            Self::Another => bad(format!("In {place}: another key than that of the id"), Fatal::KeyOfAnother),
            Self::Absent => bad(format!("Not in {place}"), Fatal::KeyMissing),
            Self::Locked => bad(format!("{place} is locked"), Fatal::KeyLocked),
            Self::Unavailable(words) => {
                bad(format!("{place}: {words}"), Fatal::KeyUnavailable { detail: words.clone() })
            }
            Self::NotNeeded => Reading::not_asked("The agent beats itself, with a key of its own"),
        }
    }
}

/// Whether the record's key belongs to the agent's id.
#[must_use]
pub fn record_key(id: &EntityId, facts: Option<&RecordFacts>) -> Reading {
    let Some(facts) = facts else { return Reading::unknown("There is no record to compare with") };
    match facts.public_key {
        None => Reading::unknown("The record has no key that can be read"),
        Some(key) if id.belongs_to(&key) => Reading::ok(format!("{} makes this id", key.to_wire())),
        Some(key) => Reading::bad(format!("{} makes another id", key.to_wire()), Cause::of(&Fatal::KeyMismatch.into())),
    }
}

/// The developer of the record, and what is on this computer.
#[derive(Clone, Debug, Default)]
pub struct DeveloperKeySeen {
    /// By the record.
    pub recorded: Option<String>,
    /// Developers whose key files were found here.
    pub here: Vec<DeveloperId>,
}

impl DeveloperKeySeen {
    /// What it tells. Beating needs no developer's key, so nothing here is a cause of trouble.
    #[must_use]
    pub fn read(&self) -> Reading {
        let here: Vec<&str> = self.here.iter().map(DeveloperId::as_str).collect();
        match &self.recorded {
            None if here.is_empty() => Reading::not_asked("The record names none, and none is found here"),
            None => Reading::unknown(format!("The record names none; here is {}", here.join(", "))),
            Some(recorded) if here.contains(&recorded.as_str()) => Reading::ok(format!("{recorded}, found here")),
            Some(recorded) if here.is_empty() => {
                Reading::not_asked(format!("{recorded}, not found here: needed only to register or to derive"))
            }
            Some(recorded) => Reading::notice(format!("The record's is {recorded}; here is {}", here.join(", "))),
        }
    }
}

/// What the heartbeat socket's handshake was answered.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// The answer.
    pub answer: Result<(), Failure>,
    /// Whether the registry has a record of the agent at home there.
    pub recorded: Option<bool>,
    /// The path.
    pub path: String,
}

impl Upgraded {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let path = &self.path;
        let failure = match &self.answer {
            Ok(()) => return Reading::ok(format!("101 at {path}: anyone may open it, so it proves no beat")),
            Err(failure) => failure,
        };
        let cause = match failure {
            Failure::Fatal(Fatal::NotRegistered) if self.recorded == Some(true) => Cause::new(
                Code::UpgradeNotFound,
                "The registry has the record, but its heartbeat socket leads nowhere (404): a reverse proxy does not pass it on",
                format!("Whoever runs the proxy before the registry must pass {path} on, with its upgrade headers."),
            ),
            Failure::Fatal(fatal @ Fatal::Redirected { .. }) => {
                refused(fatal, "Correct the registry's base URL: a WebSocket does not follow redirects.".to_owned())
            }
            Failure::Fatal(fatal @ Fatal::Forbidden { .. }) => {
                refused(fatal, format!("A firewall or proxy forbids WebSockets: have {path} allowed."))
            }
            failure @ (Failure::Fatal(_) | Failure::Transient(_)) => Cause::of(failure),
        };
        let answer = match failure {
            Failure::Fatal(Fatal::NotRegistered) => "404".to_owned(),
            Failure::Fatal(Fatal::UpgradeStripped) => {
                "400, which a registry says to a request without upgrade headers".to_owned()
            }
            Failure::Fatal(Fatal::Forbidden { status } | Fatal::UnexpectedStatus { status }) => status.to_string(),
            Failure::Fatal(Fatal::Redirected { to }) => format!("301, to {to}"),
            other @ (Failure::Fatal(_) | Failure::Transient(_)) => other.to_string(),
        };
        Reading::bad(format!("{answer}, at {path}"), cause)
    }
}

/// Requests are answered, and the socket is not opened.
fn refused(fatal: &Fatal, remedy: String) -> Cause {
    let sentence = format!("The registry answers requests, but its heartbeat socket is refused: {fatal}");
    Cause::new(Code::UpgradeRefused, sentence, remedy)
}
