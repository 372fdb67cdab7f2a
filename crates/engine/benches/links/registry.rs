//! The registry: it knows everyone, and counts who has beaten.

use std::path::Path;

use beatkeeper_core::identity::EntityKind;
use beatkeeper_devnet::{Config, Devnet};

use super::child::Answer;
use super::{Outcome, crowd, obey};

pub(crate) fn run(folder: &Path, links: u32) -> Outcome<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let devnet = runtime.block_on(Devnet::start(Config::default()))?;
    let mut ids = Vec::new();
    for (number, seed) in crowd::seeds(folder, links)?.enumerate() {
        ids.push(devnet.insert_entity(seed.public_key(), &format!("agent-{number}"), EntityKind::Agent));
    }
    obey(|question| match question {
        "url" => Ok(Answer::default().with("url", devnet.url())),
        "beating" => {
            let beating = ids.iter().filter(|id| devnet.accepted(id) > 0).count();
            Ok(Answer::default().with("beating", beating).with("taken", devnet.accepted_in_all()))
        }
        other => Err(format!("the registry does not understand \"{other}\"").into()),
    })
}
