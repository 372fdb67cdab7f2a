//! The next key of a developer: its number is above all that are known. A lower one that is free may have been given up, and
//! somebody else may have its key.

use std::collections::HashSet;

use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_vault::{Presence, Seed, Vault};

use super::client::Client;
use super::facts::Facts;
use super::keys::Developer;
use super::records::Record;
use crate::refusal::Refusal;
use crate::settings::Settings;

/// Nobody has registered so many numbers in a row that no list tells of.
const MOST: usize = 1000;

/// A key that is to be an agent's.
pub(super) struct NextKey {
    pub(super) index: u32,
    pub(super) id: EntityId,
    pub(super) seed: Seed,
}

/// The numbers that the registry and the configuration know of a developer's agents.
pub(super) fn used(developer: &Developer, listed: &[Record], settings: &Settings) -> HashSet<u32> {
    let there = listed.iter().filter_map(Record::index);
    let here = settings.agents.iter().filter_map(|agent| agent.derived.as_ref());
    there.chain(here.filter(|from| from.developer == developer.id).map(|from| from.index)).collect()
}

/// A key that an earlier try registered, and did not come to use. Its number is above all that are in use here: a lower one
/// was given up. Its key is in the vault, and its record says what would be registered now.
pub(super) async fn left_over(
    client: &mut Client,
    developer: &Developer,
    own: (&EntityId, Option<u32>),
    listed: &[Record],
    facts: &Facts,
    settings: &Settings,
    vault: &Vault,
) -> Result<Option<NextKey>, Refusal> {
    let (old, own) = own;
    let in_use = used(developer, &[], settings).into_iter().chain(own).max();
    for record in listed {
        let says_the_same =
            record.name == facts.name && record.entity_url.as_deref() == Some(facts.entity_url.as_str());
        let Some(index) = record.index().filter(|index| says_the_same && Some(*index) > in_use) else { continue };
        let seed = developer.derive(index);
        let key = seed.public_key();
        let id = EntityId::from_key(&key, old.kind());
        let is_it = record.entity_id == id.as_str() && !settings.agents.iter().any(|agent| agent.entity == id);
        if is_it && is_kept(vault, &id).await? && client.record(&id).await?.is_some_and(|there| there.is_of(&key)) {
            return Ok(Some(NextKey { index, id, seed }));
        }
    }
    Ok(None)
}

/// The first number above all that are known. A key that the vault has is none: it was kept when its agent got another one,
/// maybe because somebody else has it, too.
pub(super) async fn next(
    client: &mut Client,
    developer: &Developer,
    kind: EntityKind,
    highest: Option<u32>,
    settings: &Settings,
    vault: &Vault,
) -> Result<NextKey, Refusal> {
    let first = highest.map_or(0, |highest| highest.saturating_add(1));
    for index in (first..u32::MAX).take(MOST) {
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
        format!("No number of the developer's is free in the {MOST} from {first} on"),
        "Add an agent with a number of your own: `beatkeeper agent add --developer FILE --index N`.",
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
