//! The third witness in every dialect: what a registry, or a bus, is seen to say of an agent.
//!
//! A dialect's file in [`wire`](crate::wire) reads the bytes; from here on nobody asks which dialect it was.

use crate::identity::{EntityId, PublicKey};
use crate::time::Time;

/// What was seen to happen to an agent, reduced to what we act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// The first word of whoever tells.
    Connected,
    /// An accepted beat.
    Heartbeat {
        /// Whose.
        id: EntityId,
        /// By the witness's clock.
        at: Time,
    },
    /// First accepted beat of a connection.
    BecameActive {
        /// Whose.
        id: EntityId,
        /// By the witness's clock.
        at: Time,
    },
    /// The sweep found it silent.
    BecameInactive {
        /// Whose.
        id: EntityId,
        /// By the witness's clock.
        at: Time,
    },
    /// A new record.
    Registered {
        /// Whose.
        id: EntityId,
    },
    /// A record is gone.
    Deregistered {
        /// Whose.
        id: EntityId,
    },
    /// Anything else: searches, gossip, other peoples' names.
    Other,
}

/// Why a beat was not taken, where the other side says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BeatRefusal {
    /// The signature is not that of the registered key.
    Signature,
    /// The timestamp is too far from the registry's clock.
    Timestamp,
    /// There is no such agent.
    UnknownAgent,
    /// It cannot be read: the other side speaks another dialect.
    Malformed,
    /// Anything else, in its own words.
    Other(String),
}

impl BeatRefusal {
    /// Stable, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signature => "beats.signature_invalid",
            Self::Timestamp => "beats.timestamp_refused",
            Self::UnknownAgent => "beats.unknown_agent",
            Self::Malformed => "beats.malformed",
            Self::Other(_) => "beats.refused",
        }
    }
}

/// Why a registry has no record of an agent that beats could count for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Absence {
    /// It does not know the agent, and nobody here ever saw it do so.
    #[default]
    Unknown,
    /// It had a record, which is gone.
    Deleted {
        /// Whether our socket was open meanwhile: it stays open, and beats on it are dropped in silence (protocols.md 1.4).
        while_open: bool,
    },
    /// It knows the agent by gossip alone: the agent is registered elsewhere (protocols.md 1.2).
    ByGossip {
        /// The registry where it is, as this one calls it; empty when it does not say.
        home: String,
    },
    /// It knows by gossip that the agent was deleted at home.
    Tombstoned {
        /// The registry where it was; empty when this one does not say.
        home: String,
    },
}

/// A record reduced to what the rules read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFacts {
    /// The registered key, when the record has one that can be read.
    pub public_key: Option<PublicKey>,
    /// The status word.
    pub status: Option<String>,
    /// Registry's clock.
    pub last_heartbeat: Option<Time>,
    /// Registry's clock.
    pub registered_at: Option<Time>,
    /// The developer it belongs to.
    pub developer: Option<String>,
    /// Where it is registered, as this registry calls that one.
    pub home: Option<String>,
    /// Known here by gossip alone.
    pub by_gossip: bool,
    /// Deleted at home, still known here.
    pub tombstoned: bool,
}

impl RecordFacts {
    /// Why this is no record that beats could count for, if it is none.
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        let home = || self.home.clone().unwrap_or_default();
        if self.tombstoned {
            Some(Absence::Tombstoned { home: home() })
        } else if self.by_gossip {
            Some(Absence::ByGossip { home: home() })
        } else {
            None
        }
    }

    /// Whether it has ever beaten: a fresh record shows `last_heartbeat` equal to `registered_at`, and that is not a
    /// beat (protocols.md 1.5).
    #[must_use]
    pub fn last_real_beat(&self) -> Option<Time> {
        self.last_heartbeat.filter(|beat| self.registered_at.is_none_or(|registered| *beat > registered))
    }
}
