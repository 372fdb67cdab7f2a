//! Heartbeats are signed here for agents that do not hold their key: one JSON line a request, one JSON line an answer,
//! over a socket of the owner alone, for the processes of the agent's own run. What may be signed is decided in core.

mod place;
mod socket;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, Signature};
use beatkeeper_core::signing::{SigningDesk, SigningEntry, SigningRefusal};
use beatkeeper_runner::Member;
use beatkeeper_vault::{Signer, Vault, VaultError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use ts_rs::TS;

use crate::clock::Clock;

pub(crate) use socket::{Serving, SignerSocket};

/// The variable that tells an agent where it gets signatures.
pub(crate) const ADDRESS: &str = "BEATKEEPER_SIGNER";

/// A key that could not be had is asked for again after this.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What was signed for an agent that does not hold its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SignerAudit {
    /// Where it asks while it runs.
    pub address: PathBuf,
    /// What it asked since Beatkeeper runs, newest first.
    pub entries: Vec<SigningEntry>,
}

/// Where an agent asks.
pub(crate) fn address(run_dir: &Path, id: &EntityId) -> PathBuf {
    place::address(run_dir, id)
}

/// Signs for one agent, and remembers what was asked.
pub(crate) struct Desk {
    id: EntityId,
    vault: Vault,
    clock: Arc<Clock>,
    rules: Mutex<SigningDesk>,
    key: tokio::sync::Mutex<Key>,
}

/// The key of the present run.
#[derive(Default)]
struct Key {
    signer: Option<Signer>,
    not_before: Option<Instant>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
struct Guest {
    pid: Option<u32>,
    /// Nothing when it is none of the agent's processes.
    member: Option<Member>,
}

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    sign: String,
}

impl Desk {
    pub(crate) fn new(id: EntityId, vault: Vault, clock: Arc<Clock>) -> Self {
        let rules = Mutex::new(SigningDesk::new(id.clone()));
        Self { id, vault, clock, rules, key: tokio::sync::Mutex::default() }
    }

    /// What was asked, newest first.
    pub(crate) fn audit(&self) -> Vec<SigningEntry> {
        self.rules().audit()
    }

    /// Has the key at hand for a run that begins.
    ///
    /// # Errors
    /// The vault's.
    pub(crate) async fn fetch_key(&self) -> Result<(), VaultError> {
        let mut key = self.key.lock().await;
        *key = Key { signer: Some(self.ask_vault().await?), not_before: None };
        Ok(())
    }

    /// Forgets the key of a run that ended.
    pub(crate) async fn forget_key(&self) {
        *self.key.lock().await = Key::default();
    }

    async fn ask_vault(&self) -> Result<Signer, VaultError> {
        let (vault, id) = (self.vault.clone(), self.id.clone());
        let asked = tokio::task::spawn_blocking(move || vault.signer(&id)).await;
        let lost = |error: tokio::task::JoinError| VaultError::Unavailable {
            place: self.vault.place().clone(),
            reason: error.to_string(),
        };
        asked.unwrap_or_else(|error| Err(lost(error)))
    }

    async fn signer(&self) -> Option<Signer> {
        let mut key = self.key.lock().await;
        if key.signer.is_none() && key.not_before.is_none_or(|at| at <= Instant::now()) {
            match self.ask_vault().await {
                Ok(signer) => key.signer = Some(signer),
                Err(error) => {
                    tracing::warn!(agent = %self.id, "nothing is signed for it: {error}");
                    key.not_before = Some(Instant::now() + ASK_AGAIN);
                }
            }
        }
        key.signer.clone()
    }

    /// Answers one request.
    async fn answer(&self, line: &[u8], guest: Guest) -> Result<Signature, SigningRefusal> {
        if !guest.member.is_some_and(|member| member.lives()) {
            return Err(self.refuse(SigningRefusal::NotOfTheRun, guest));
        }
        let Ok(Request { sign }) = serde_json::from_slice(line) else {
            return Err(self.refuse(SigningRefusal::BadRequest, guest));
        };
        let Some(signer) = self.signer().await else {
            return Err(self.refuse(SigningRefusal::NoKey, guest));
        };
        self.rules().judge(&sign, guest.pid, Timestamp::now(), self.clock.now())?;
        Ok(signer.sign(sign.as_bytes()))
    }

    fn refuse(&self, refusal: SigningRefusal, guest: Guest) -> SigningRefusal {
        self.rules().refused(refusal, guest.pid, self.clock.now());
        refusal
    }

    fn rules(&self) -> MutexGuard<'_, SigningDesk> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
