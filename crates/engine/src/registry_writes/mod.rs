//! Writing to a registry: an entity is registered, published elsewhere, deleted, or gets another key.
//!
//! In two phases. [`propose`](Desk::propose) reads and signs nothing: it shows each request, and the exact bytes that would be
//! signed by which key. [`carry_out`](Desk::carry_out) draws the same plan again, and signs only when it is the one that was
//! shown. Both ways write a request with the same function, with another [`Pen`](deed::Pen) in hand.

mod answers;
mod client;
mod deed;
mod draft;
mod facts;
mod hazards;
mod hosts;
mod keys;
mod next_index;
mod perform;
mod plan;
mod records;
#[cfg(test)]
mod tests;
mod unseen;

use std::path::PathBuf;

use beatkeeper_core::identity::EntityId;
use beatkeeper_vault::Vault;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::discover::Surroundings;
use crate::handle::{Handle, blocking};
use crate::paths::{HeldFile, Paths};
use crate::refusal::Refusal;
use client::{Asker, Pace};

pub(crate) use hosts::execute_offline;
pub use plan::{Signing, WriteDone, WriteDoneStep, WritePlan, WriteStep};

/// What is to be written to a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[ts(export)]
pub enum Write {
    /// Registers the agent, also after it was deleted. What is missing is taken from its card, its project, and the
    /// configuration.
    Register {
        /// The developer's key file; where the tools keep it when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        developer_path: Option<PathBuf>,
        /// Where it is published.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        entity_url: Option<String>,
        /// What the registry calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        name: Option<String>,
        /// Such as `general`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        category: Option<String>,
        /// What it is found by; these are public, and not the tags that it has here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        tags: Option<Vec<String>>,
        /// What it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        summary: Option<String>,
        /// Which of the developer's agents it is; found out when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        index: Option<u32>,
    },
    /// Changes where it is published.
    Update {
        /// Where it is from now on.
        entity_url: String,
    },
    /// Releases its name, if it has one, and deletes its record.
    Deregister {
        /// Its name here, typed by a person; only carrying it out asks for it.
        confirm_name: String,
        /// The developer's key file; where the tools keep it when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        developer_path: Option<PathBuf>,
    },
    /// Derives the developer's next key, registers it, and has it take the agent's place here.
    NextIndex {
        /// The developer's key file; where the tools keep it when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        developer_path: Option<PathBuf>,
        /// Where it is published.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        entity_url: Option<String>,
    },
}

/// Where registry writes are drawn up and carried out.
pub(crate) struct Desk<'a> {
    paths: &'a Paths,
    vault: &'a Vault,
    /// Held while the configuration is changed.
    changing: &'a tokio::sync::Mutex<()>,
    /// The one that runs here.
    engine: Option<&'a Handle>,
    around: Surroundings,
    pace: Pace,
    asker: Asker,
}

impl<'a> Desk<'a> {
    /// One that looks for keys where this process's tools do.
    pub(crate) fn new(paths: &'a Paths, vault: &'a Vault, changing: &'a tokio::sync::Mutex<()>) -> Self {
        let (around, pace, asker) = (Surroundings::of_this_process(), Pace::default(), Asker::default());
        Self { paths, vault, changing, engine: None, around, pace, asker }
    }

    /// What would be asked of the registry, and what would be signed. Signs nothing.
    pub(crate) async fn propose(&self, id: &EntityId, write: &Write) -> Result<WritePlan, Refusal> {
        Ok(Box::pin(self.draft(id, write)).await?.plan)
    }

    /// Does what was shown under this seal, and nothing else. One at a time, also where commands do so without an engine:
    /// two would find the same number free.
    pub(crate) async fn carry_out(&self, id: &EntityId, write: &Write, seal: &str) -> Result<WriteDone, Refusal> {
        let _turn = self.turn().await?;
        let draft = Box::pin(self.draft(id, write)).await?;
        if draft.plan.seal != seal {
            return Err(Refusal::new(
                "write.changed",
                format!("What would be sent for {} is not what was shown any more; nothing was signed", draft.name),
                "Look at it again: the registry, the agent or the configuration has changed meanwhile.",
            ));
        }
        if let Write::Deregister { confirm_name, .. } = write
            && *confirm_name != draft.name
        {
            return Err(Refusal::new(
                "agent.wrong_name",
                format!("\"{confirm_name}\" is not the agent's name"),
                format!("Type \"{}\" to deregister it.", draft.name),
            ));
        }
        Box::pin(self.perform(draft)).await
    }

    async fn turn(&self) -> Result<HeldFile, Refusal> {
        let paths = self.paths.clone();
        let held =
            blocking(move || paths.hold(&paths.writing_lock()).map_err(|error| answers::no_turn(&error))).await?;
        held.ok_or_else(answers::under_way)
    }
}
