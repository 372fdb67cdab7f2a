//! Agents at ArtCafe: RSA keys from PEM files, and ids that are names.

use std::path::Path;

use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::identity::{EntityId, Realm};
use beatkeeper_core::view::BeatsBy;
use beatkeeper_vault::{Loose, Overwrite, Presence, RsaKeyFile, RsaKeys, Stored, Vault};

use super::add::check_name;
use super::{keys, remove};
use crate::command::{Added, KeyFace, Refusal};
use crate::discover::{self, name_of};
use crate::paths::Paths;
use crate::settings::{self, AgentEntry, RegistryEntry, Settings};

/// Adds an agent with the key of a PEM file; nothing where the registry is no ArtCafe server.
pub(super) fn import(
    paths: &Paths,
    vault: &Vault,
    registry: &str,
    path: &Path,
    loose: Loose,
    name: Option<&str>,
    overwrite: Overwrite,
) -> Option<Result<Added, Refusal>> {
    let settings = match Settings::load(&paths.config) {
        Ok(settings) => settings,
        Err(error) => return Some(Err(error.into())),
    };
    let cafe = settings.registry(registry).filter(|known| known.dialect == DialectChoice::ArtCafe)?;
    let name = name.map_or_else(|| name_of(path), str::to_owned);
    Some(RsaKeyFile::read(path, loose).map_err(Refusal::from).and_then(|file| {
        let new = New { settings: &settings, cafe, name: name.trim(), overwrite };
        add(paths, vault, &file, &new)
    }))
}

struct New<'a> {
    settings: &'a Settings,
    cafe: &'a RegistryEntry,
    name: &'a str,
    overwrite: Overwrite,
}

/// As for other keys, everything that can be refused is refused before the key is stored.
fn add(paths: &Paths, vault: &Vault, file: &RsaKeyFile, new: &New<'_>) -> Result<Added, Refusal> {
    let New { settings, cafe, name, overwrite } = *new;
    check_name(name)?;
    let organization = cafe.organization.as_deref().unwrap_or_default();
    let id = EntityId::artcafe(organization, name).map_err(|error| {
        Refusal::new("agent.bad_name", format!("This cannot be an agent's name: {error}"), "Choose another one.")
    })?;
    let signer = file.key.signer().map_err(|error| {
        Refusal::new("keyfile.not_rsa", format!("{} cannot be used: {error}", file.path.display()), "Make a new key.")
    })?;
    let there = settings.agents.iter().find(|agent| agent.entity == id);
    let wanted = there.is_none_or(|there| there.beats == BeatsBy::App);
    if !wanted || (vault.rsa_keys().store(&id, &file.key, overwrite)? == Stored::AlreadyThere && there.is_some()) {
        return Err(Refusal::new(
            "agent.exists",
            format!("{id} is already here, at {}", cafe.name),
            "Nothing to do. To take another key, give its file and --replace.",
        ));
    }
    let public_key = Some(signer.public_openssh());
    if let Some(there) = there {
        tracing::info!(%id, ?overwrite, "the agent has its key again");
        return Ok(Added { id, name: there.name.clone(), public_key, restored: true });
    }
    let project = discover::project_of(&file.path);
    let entry = AgentEntry { project, ..AgentEntry::new(id.clone(), name.to_owned(), cafe.name.clone()) };
    settings::add_agent(&paths.config, &entry)?;
    tracing::info!(%id, ?overwrite, "agent added");
    Ok(Added { id, name: name.to_owned(), public_key, restored: false })
}

/// What may be shown of an agent's key; nothing for an id of another realm.
pub(super) fn face(vault: &Vault, id: &EntityId) -> Option<KeyFace> {
    let keys = keys_of(vault, id)?;
    let public_key = || keys.signer(id).ok().map(|signer| signer.public_openssh());
    Some(keys::face_of(vault, keys.look(id), None, public_key))
}

/// Deletes an agent's key; nothing for an id of another realm.
pub(super) fn delete(vault: &Vault, id: &EntityId) -> Option<Result<(), Refusal>> {
    let keys = keys_of(vault, id)?;
    Some(match keys.look(id) {
        Presence::Present(fingerprint) => keys.delete(id, fingerprint).map_err(Refusal::from),
        Presence::Absent => Ok(()),
        Presence::Locked => Err(remove::locked("the agent")),
        Presence::Unavailable(reason) => Err(remove::unavailable("the agent", &reason)),
    })
}

/// Shreds a PEM file whose key some agent of the configuration has in the vault.
pub(super) fn shred(paths: &Paths, vault: &Vault, path: &Path) -> Result<(), Refusal> {
    let file = RsaKeyFile::read(path, Loose::Allow)?;
    let settings = Settings::load(&paths.config)?;
    let kept = Presence::Present(file.key.fingerprint());
    let has_it =
        |agent: &AgentEntry| keys_of(vault, &agent.entity).is_some_and(|keys| keys.look(&agent.entity) == kept);
    if !settings.agents.iter().any(has_it) {
        return Err(keys::not_kept(path));
    }
    file.shred()?;
    tracing::info!(file = %path.display(), "key file shredded");
    Ok(())
}

fn keys_of(vault: &Vault, id: &EntityId) -> Option<RsaKeys> {
    (id.realm() == Realm::ArtCafe).then(|| vault.rsa_keys())
}

#[cfg(test)]
mod tests;
