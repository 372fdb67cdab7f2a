//! The next key of a developer: the lowest number that nobody uses.

use std::collections::HashSet;

use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_vault::{Presence, Seed, Vault};

use super::client::Client;
use super::keys::Developer;
use super::records::Record;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// No developer has so many agents that this many numbers in a row are taken.
const MOST: u32 = 1000;

/// A key that is to be an agent's.
pub(super) struct NextKey {
    pub(super) index: u32,
    pub(super) id: EntityId,
    pub(super) seed: Seed,
}

/// The numbers that the registry and the configuration know of a developer's agents.
pub(super) fn used(developer: &Developer, listed: &[Record], settings: &Settings) -> HashSet<u32> {
    let there = listed.iter().filter_map(|record| u32::try_from(record.entity_index?).ok());
    let here = settings.agents.iter().filter_map(|agent| agent.derived.as_ref());
    there.chain(here.filter(|from| from.developer == developer.id).map(|from| from.index)).collect()
}

/// The lowest number that is free. A key that the vault has is none: it was kept when its agent got another one, maybe
/// because somebody else has it, too.
pub(super) async fn next(
    client: &mut Client,
    developer: &Developer,
    kind: EntityKind,
    used: &HashSet<u32>,
    settings: &Settings,
    vault: &Vault,
) -> Result<NextKey, Refusal> {
    for index in (0..MOST).filter(|index| !used.contains(index)) {
        let seed = developer.derive(index);
        let id = EntityId::from_key(&seed.public_key(), kind);
        if settings.agents.iter().any(|agent| agent.entity == id) || is_kept(vault, &id).await? {
            continue;
        }
        // A list ends at a hundred, and says nothing of those that were registered without a number.
        if client.record(&id).await?.is_none_or(|record| record.tombstoned) {
            return Ok(NextKey { index, id, seed });
        }
    }
    Err(Refusal::new(
        "write.no_index",
        format!("The first {MOST} keys of the developer are all in use"),
        "Remove agents that are not needed any more, or add one with a number of your own: `agent add --index N`.",
    ))
}

async fn is_kept(vault: &Vault, id: &EntityId) -> Result<bool, Refusal> {
    let (vault, id) = (vault.clone(), id.clone());
    let presence = crate::handle::blocking(move || Ok(vault.look(&id))).await?;
    match presence {
        Presence::Present(_) => Ok(true),
        Presence::Absent => Ok(false),
        Presence::Locked => Err(Refusal::new(
            "vault.locked",
            "The keychain is locked, so it cannot be told which keys are in it",
            "Unlock the keychain and try again.",
        )),
        Presence::Unavailable(reason) => Err(Refusal::new(
            "vault.unavailable",
            format!("It cannot be told which keys are in the vault: {reason}"),
            "See to what is wrong there and try again.",
        )),
    }
}
