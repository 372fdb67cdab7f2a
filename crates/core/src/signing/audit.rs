//! What was asked of a signer, within bounds that nobody who asks can make others pay for.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{PayloadKind, SigningDesk, SigningRefusal};
use crate::time::Time;

/// So much of the past is kept.
const KEPT: usize = 200;
/// So much of that is about strangers: a program of the user's that forks and asks pushes out its own kind only.
const KEPT_OF_STRANGERS: usize = 50;

/// What was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SigningEntry {
    /// When; of several, the last.
    pub at: Time,
    /// `signed`, or the code of the refusal.
    pub outcome: String,
    /// Why nothing was signed, as a sentence.
    #[serde(default)]
    pub refusal: Option<String>,
    /// What the payload was, where it was a heartbeat.
    pub kind: Option<PayloadKind>,
    /// Which process asked, where the system tells.
    pub pid: Option<u32>,
    /// How often. What is signed is told one by one; equal refusals of one process are one entry.
    #[serde(default = "once")]
    pub count: u32,
    /// Of several, the first.
    #[serde(default)]
    pub first_at: Option<Time>,
}

const fn once() -> u32 {
    1
}

/// The last answers, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Audit {
    past: VecDeque<SigningEntry>,
}

impl Audit {
    /// Newest first.
    pub(super) fn entries(&self) -> Vec<SigningEntry> {
        self.past.iter().rev().cloned().collect()
    }

    /// What was refused, or signed when there is no refusal.
    pub(super) fn note(
        &mut self,
        refusal: Option<SigningRefusal>,
        kind: Option<PayloadKind>,
        pid: Option<u32>,
        at: Time,
    ) {
        let outcome = refusal.map_or(SigningDesk::SIGNED, SigningRefusal::code);
        let mut entry = SigningEntry {
            at,
            outcome: outcome.into(),
            refusal: refusal.map(|refusal| refusal.to_string()),
            kind,
            pid,
            count: 1,
            first_at: None,
        };
        let same = |other: &SigningEntry| other.outcome == outcome && other.kind == kind && other.pid == pid;
        let earlier = self.past.iter().position(same).filter(|_| refusal.is_some());
        if let Some(earlier) = earlier.and_then(|place| self.past.remove(place)) {
            entry.count = earlier.count.saturating_add(1);
            entry.first_at = earlier.first_at.or(Some(earlier.at));
        }
        self.past.push_back(entry);
        let strangers = self.past.iter().filter(|entry| is_of_stranger(entry)).count();
        if strangers > KEPT_OF_STRANGERS
            && let Some(oldest) = self.past.iter().position(is_of_stranger)
        {
            self.past.remove(oldest);
        }
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
    }
}

fn is_of_stranger(entry: &SigningEntry) -> bool {
    entry.outcome == SigningRefusal::NotOfTheRun.code()
}
