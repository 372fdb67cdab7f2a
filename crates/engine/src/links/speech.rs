//! What the dialects that beat on a WebSocket say there, and how what they hear is understood. Nothing else in the engine knows
//! one from the other.

use std::sync::Arc;

use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::failure::{Failure, Fatal};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::link::LinkEvent;
use beatkeeper_core::wire::{artcafe, zynd, zynd_documented};
use beatkeeper_core::witness::BeatRefusal;
use beatkeeper_vault::{RsaSigner, Signer, Vault, VaultError};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::artcafe as cafe;
use super::dial::{Socket, Traffic, dial};
use super::task::{LinkShared, Signing};

/// What a link beats with.
#[derive(Clone)]
pub(super) enum Key {
    /// At Zynd registries.
    Ed25519(Signer),
    /// At ArtCafe, where it signs a challenge and no beat.
    Rsa(RsaSigner),
}

/// An open socket, and what is spoken on it.
pub(super) struct Conversation {
    pub(super) socket: Socket,
    pub(super) key: Key,
    pub(super) dialect: Dialect,
}

/// Opens a socket and says what comes before the first beat.
///
/// No socket without a key: a link that could not beat would only look alive.
pub(super) async fn open(id: EntityId, shared: Arc<LinkShared>, key: Option<Key>) -> Result<Conversation, Failure> {
    if !shared.base.is_encrypted() && !shared.base.is_loopback() && !shared.allow_plain {
        return Err(Fatal::PlainNotAllowed.into());
    }
    let dialect = shared.dialect();
    let key = match key {
        Some(key) => key,
        None => fetch(&id, dialect, &shared.signing, &shared.keys).await?,
    };
    let _permit = shared.dials.acquire().await;
    // Boxed here, and not with the rest: thousands may wait for the permit, and dialling takes kilobytes.
    let socket = Box::pin(async {
        match (dialect, &key) {
            (Dialect::ArtCafe, Key::Rsa(signer)) => cafe::open(&id, &shared, signer).await,
            (Dialect::Zynd | Dialect::ZyndDocumented, Key::Ed25519(_)) => {
                dial(&shared.base.websocket(&zynd::heartbeat_path(&id)), &shared.tls, Traffic::Silence).await
            }
            (Dialect::ZyndDocumentedShared, Key::Ed25519(_)) => {
                dial(&shared.base.websocket(zynd_documented::SHARED_PATH), &shared.tls, Traffic::Silence).await
            }
            (Dialect::Redis, _) | (_, Key::Rsa(_) | Key::Ed25519(_)) => Err(Fatal::KeyOfAnother.into()),
        }
    })
    .await?;
    Ok(Conversation { socket, key, dialect })
}

impl Conversation {
    /// One beat, as a text frame.
    pub(super) fn beat(&self, id: &EntityId, at: Timestamp) -> String {
        match (self.dialect, &self.key) {
            (Dialect::ZyndDocumented | Dialect::ZyndDocumentedShared, Key::Ed25519(signer)) => {
                let seconds = at.as_second();
                let signature = signer.sign(&zynd_documented::signed_bytes(id, seconds));
                zynd_documented::beat_frame(id, seconds, &signature)
            }
            (Dialect::Zynd | Dialect::ArtCafe | Dialect::Redis, Key::Ed25519(signer)) => {
                let timestamp = zynd::beat_timestamp(at);
                zynd::beat_frame(&timestamp, &signer.sign(timestamp.as_bytes()))
            }
            (_, Key::Rsa(_)) => artcafe::heartbeat(at),
        }
    }

    /// What a text frame of the other side means.
    pub(super) fn hear(&self, frame: &str) -> LinkEvent {
        match self.dialect {
            // A live registry never says a word, and what is said there all the same is no proof of anything.
            Dialect::Zynd => match zynd_documented::read_answer(frame) {
                zynd_documented::Answer::Refused(why) => LinkEvent::Refused(why),
                zynd_documented::Answer::Acked | zynd_documented::Answer::Other => LinkEvent::Inbound,
            },
            Dialect::ZyndDocumented | Dialect::ZyndDocumentedShared => match zynd_documented::read_answer(frame) {
                zynd_documented::Answer::Refused(why) => LinkEvent::Refused(why),
                // Its record is read as that of any registry, and is the better witness.
                zynd_documented::Answer::Acked | zynd_documented::Answer::Other => LinkEvent::Inbound,
            },
            Dialect::ArtCafe => match artcafe::read(frame) {
                artcafe::FromServer::HeartbeatAck => LinkEvent::Acked,
                artcafe::FromServer::Error { message } => LinkEvent::Refused(BeatRefusal::Other(message)),
                artcafe::FromServer::Welcome | artcafe::FromServer::Other => LinkEvent::Inbound,
            },
            Dialect::Redis => LinkEvent::Inbound,
        }
    }

    /// What is said before the socket is closed.
    pub(super) fn goodbye(&self, id: &EntityId) -> Option<String> {
        let (_, name) = id.parts().filter(|_| self.dialect == Dialect::ArtCafe)?;
        Some(artcafe::presence(&name, false))
    }
}

async fn fetch(id: &EntityId, dialect: Dialect, signing: &Signing, keys: &Semaphore) -> Result<Key, Failure> {
    let vault = match signing {
        Signing::Ready(signer) => return Ok(Key::Ed25519(signer.clone())),
        Signing::Vault(vault) => vault.clone(),
    };
    let _turn = keys.acquire().await;
    let id = id.clone();
    let fetched = tokio::task::spawn_blocking(move || take(&vault, &id, dialect)).await;
    fetched
        .map_err(|_| Fatal::KeyUnavailable { detail: "the vault's thread ended".into() })?
        .map_err(|error| key_failure(&error).into())
}

fn take(vault: &Vault, id: &EntityId, dialect: Dialect) -> Result<Key, VaultError> {
    match dialect {
        Dialect::ArtCafe => vault.rsa_keys().signer(id).map(Key::Rsa),
        Dialect::Zynd | Dialect::ZyndDocumented | Dialect::ZyndDocumentedShared | Dialect::Redis => {
            vault.signer(id).map(Key::Ed25519)
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "for a link, the vault's other errors are one: no key for now")]
fn key_failure(error: &VaultError) -> Fatal {
    match error {
        VaultError::Locked { .. } => Fatal::KeyLocked,
        VaultError::Absent { .. } => Fatal::KeyMissing,
        VaultError::WrongId { .. } => Fatal::KeyOfAnother,
        other => Fatal::KeyUnavailable { detail: other.to_string() },
    }
}
