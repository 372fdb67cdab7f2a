//! The engine that is asked: one that runs elsewhere, or the one in this process.

use beatkeeper_engine::Handle;
use beatkeeper_engine::command::{Command, Refusal};
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::remote::Connection;

/// An engine.
pub(super) enum Engine {
    /// Asked over its control channel.
    Elsewhere(Connection),
    /// In this process.
    Here(Handle),
}

impl Engine {
    pub(super) async fn ask<T: DeserializeOwned>(&mut self, command: Command) -> Result<T, Failure> {
        match self {
            Self::Elsewhere(connection) => connection.ask(&command).await,
            Self::Here(handle) => {
                let value = handle.execute(command).await?;
                serde_json::from_value(value).map_err(|error| {
                    Refusal::new("engine.json", error.to_string(), "This is a defect; please report it.").into()
                })
            }
        }
    }

    /// The whole fleet, now.
    pub(super) async fn fleet(&mut self) -> Result<Fleet, Failure> {
        let mut fleet = Fleet::default();
        fleet.fold(self.ask(Command::FleetDelta { since: 0 }).await?);
        Ok(fleet)
    }
}
