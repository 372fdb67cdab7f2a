//! Whose keys sign: the agent's, which the vault has, and the developer's, which is read from its file and never kept.

use std::path::{Path, PathBuf};

use beatkeeper_core::identity::{DeveloperId, EntityId, PublicKey};
use beatkeeper_core::wire::ownership::Owner;
use beatkeeper_vault::{KeyFile, Loose, Seed, Signer};

use super::deed::Pen;
use crate::discover::{self, Surroundings};
use crate::refusal::Refusal;
use crate::settings::AgentEntry;

/// Indexes that are tried to find out which of a developer's keys an agent has.
const TRIED: u32 = 256;

/// A developer whose key is at hand.
pub(super) struct Developer {
    pub(super) id: DeveloperId,
    pub(super) key: PublicKey,
    /// What the file calls its owner.
    name: Option<String>,
    seed: Seed,
}

impl Developer {
    /// Reads the key file that is named, or the one that the developer's tools use.
    pub(super) fn read(given: Option<&Path>, around: &Surroundings) -> Result<Self, Refusal> {
        let path: PathBuf = given.map(Path::to_owned).or_else(|| discover::developer_key(around)).ok_or_else(|| {
            Refusal::new(
                "write.no_developer_key",
                "The developer's key is needed, and is neither named nor where the tools keep it",
                "Name its file (`--developer FILE`). `zynd auth login` leaves it in ~/.zynd/developer.json.",
            )
        })?;
        let file = KeyFile::read(&path, Loose::Refuse)?;
        let (key, name) = (file.public_key, file.name.clone());
        Ok(Self { id: DeveloperId::from_key(&key), key, name, seed: file.into_seed() })
    }

    /// What the registry is to call them.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("developer {}", &self.key.fingerprint().to_hex()[..8]))
    }

    /// The developer's key of this number.
    pub(super) fn derive(&self, index: u32) -> Seed {
        self.seed.derive(index)
    }

    /// Which of the developer's keys this is.
    pub(super) fn index_of(&self, key: &PublicKey) -> Option<u32> {
        (0..TRIED).find(|index| self.derive(*index).public_key() == *key)
    }

    /// Which of the developer's keys has this id.
    pub(super) fn index_of_id(&self, id: &EntityId) -> Option<u32> {
        (0..TRIED).find(|index| EntityId::from_key(&self.derive(*index).public_key(), id.kind()) == *id)
    }

    pub(super) fn signer(&self) -> Signer {
        self.seed.signer()
    }

    /// Whether the agent is this developer's, as far as anybody has said whose it is.
    pub(super) fn must_own(&self, agent: &AgentEntry, by_record: Option<&str>) -> Result<(), Refusal> {
        let by_record = by_record.filter(|id| !id.is_empty() && *id != self.id.as_str());
        let derived = agent.derived.as_ref().filter(|from| from.developer != self.id);
        let owner = by_record.map(str::to_owned).or_else(|| Some(derived?.developer.as_str().to_owned()));
        match owner {
            None => Ok(()),
            Some(owner) => Err(Refusal::new(
                "write.wrong_developer",
                format!("{} belongs to {owner}, and this is the key of {}", agent.name, self.id),
                format!("Name the key file of {owner} (`--developer FILE`)."),
            )),
        }
    }
}

/// The keys that a plan needs, each only if it does.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) agent: Option<Signer>,
    pub(super) developer: Option<Signer>,
}

impl Pen for &Keys {
    fn sign(&mut self, by: Owner, bytes: &[u8]) -> Result<String, Refusal> {
        let signer = match by {
            Owner::Entity => self.agent.as_ref(),
            Owner::Developer => self.developer.as_ref(),
        };
        let signer = signer.ok_or_else(|| {
            Refusal::new("write.no_key", "A key that this needs is not at hand", "This is a defect; please report it.")
        })?;
        Ok(signer.sign(bytes).to_wire())
    }
}

/// Whether a record's key is this one: an id says only half of a key's digest.
pub(super) fn must_be_ours(id: &EntityId, registered: Option<&str>, ours: &PublicKey) -> Result<(), Refusal> {
    match registered.map(PublicKey::from_file) {
        Some(Ok(key)) if key == *ours => Ok(()),
        _ => Err(Refusal::new(
            "write.other_key",
            format!("{id} is registered with another key than the one in the vault"),
            "Only who has that key can change the record. Import that key, or take the next one: `beatkeeper agent next-index \
             AGENT`.",
        )),
    }
}
