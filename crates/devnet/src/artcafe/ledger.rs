//! What came in at an ArtCafe server, and the challenges that are out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// How long a challenge is good (protocols.md 5.2).
const CHALLENGE_LIVES: Duration = Duration::from_secs(300);
/// So many are out for one agent at most; the oldest goes.
const CHALLENGES_KEPT: usize = 32;

/// What came in, by the agent's name. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CafeState(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    agents: Mutex<HashMap<String, Seen>>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Seen {
    challenges: Vec<(String, Instant)>,
    beats: u64,
    acks: u64,
    openings: u64,
    sockets: u64,
    presences: Vec<String>,
}

impl CafeState {
    /// Heartbeats that came in.
    #[must_use]
    pub fn beats(&self, agent: &str) -> u64 {
        self.look(agent, |seen| seen.beats)
    }

    /// Heartbeats that were acknowledged.
    #[must_use]
    pub fn acks(&self, agent: &str) -> u64 {
        self.look(agent, |seen| seen.acks)
    }

    /// Sockets that were ever opened with a good signature.
    #[must_use]
    pub fn openings(&self, agent: &str) -> u64 {
        self.look(agent, |seen| seen.openings)
    }

    /// Those that are open now.
    #[must_use]
    pub fn sockets(&self, agent: &str) -> u64 {
        self.look(agent, |seen| seen.sockets)
    }

    /// What it said of itself, oldest first: `online`, `offline`.
    #[must_use]
    pub fn presences(&self, agent: &str) -> Vec<String> {
        self.look(agent, |seen| seen.presences.clone())
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    pub(super) fn issued(&self, agent: &str, challenge: String, now: Instant) {
        self.change(agent, |seen| {
            if seen.challenges.len() == CHALLENGES_KEPT {
                seen.challenges.remove(0);
            }
            seen.challenges.push((challenge, now));
        });
    }

    /// Whether it was issued to the agent and is good still. It is good once.
    pub(super) fn redeem(&self, agent: &str, challenge: &str, now: Instant) -> bool {
        self.change(agent, |seen| {
            seen.challenges.retain(|(_, at)| now.duration_since(*at) < CHALLENGE_LIVES);
            let place = seen.challenges.iter().position(|(issued, _)| issued == challenge);
            place.map(|place| seen.challenges.remove(place)).is_some()
        })
    }

    pub(super) fn opened(&self, agent: &str) {
        self.change(agent, |seen| {
            seen.openings += 1;
            seen.sockets += 1;
        });
    }

    pub(super) fn closed(&self, agent: &str) {
        self.change(agent, |seen| seen.sockets = seen.sockets.saturating_sub(1));
    }

    pub(super) fn beaten(&self, agent: &str) {
        self.change(agent, |seen| seen.beats += 1);
    }

    pub(super) fn acked(&self, agent: &str) {
        self.change(agent, |seen| seen.acks += 1);
    }

    pub(super) fn said(&self, agent: &str, status: String) {
        self.change(agent, |seen| seen.presences.push(status));
    }

    fn look<T: Default>(&self, agent: &str, read: impl FnOnce(&Seen) -> T) -> T {
        self.agents().get(agent).map(read).unwrap_or_default()
    }

    fn change<T>(&self, agent: &str, change: impl FnOnce(&mut Seen) -> T) -> T {
        let answer = change(self.agents().entry(agent.to_owned()).or_default());
        self.0.changed.send_replace(());
        answer
    }

    fn agents(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.0.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once_and_for_five_minutes() {
        let state = CafeState::default();
        let now = Instant::now();
        state.issued("a", "one".into(), now);
        state.issued("a", "two".into(), now);
        assert!(!state.redeem("b", "one", now), "it is another's");
        assert!(state.redeem("a", "one", now));
        assert!(!state.redeem("a", "one", now), "it was used");
        assert!(!state.redeem("a", "two", now + CHALLENGE_LIVES), "it is too old");
    }

    #[test]
    fn only_so_many_challenges_are_out() {
        let state = CafeState::default();
        let now = Instant::now();
        for number in 0..=CHALLENGES_KEPT {
            state.issued("a", number.to_string(), now);
        }
        assert!(!state.redeem("a", "0", now));
        assert!(state.redeem("a", "1", now));
    }
}
