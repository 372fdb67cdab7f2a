//! A registry full of agents that beat by themselves.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use beatkeeper_devnet::Devnet;
use tokio::time::{Instant, MissedTickBehavior};

/// Often enough that beats come one by one, and not in bursts.
const TICK: Duration = Duration::from_millis(15);

/// Everybody.
pub(crate) struct Crowd {
    ids: Vec<EntityId>,
}

impl Crowd {
    /// Makes so many known to the registry. Nobody signs, so any bytes will do for a key.
    pub(crate) fn register(devnet: &Devnet, agents: u32) -> Self {
        let ids = (0..agents).map(|number| {
            let mut bytes = [7; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            devnet.insert_entity(PublicKey::from_bytes(bytes), &name(number), EntityKind::Agent)
        });
        Self { ids: ids.collect() }
    }

    /// Has the app watch them.
    pub(crate) fn configure(&self, config: &Path, url: &str) -> Result<()> {
        let mut text = format!("[[registry]]\nname = \"devnet\"\nurl = \"{url}\"\n");
        for (number, id) in (0..).zip(&self.ids) {
            let name = name(number);
            write!(
                text,
                "[[agent]]\nentity = \"{id}\"\nname = \"{name}\"\nregistry = \"devnet\"\nbeats = \"agent\"\n"
            )?;
        }
        Ok(fs::write(config, text)?)
    }

    /// Beats for all of them, each once an interval, evenly.
    pub(crate) async fn beat(self, devnet: Devnet, interval: Duration) {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut beaten: u64 = 0;
        let agents = self.ids.len() as u64;
        loop {
            ticks.tick().await;
            let passed = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let due = passed.saturating_mul(agents) / u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
            while beaten < due {
                let place = usize::try_from(beaten % agents).unwrap_or(0);
                devnet.count_beat(&self.ids[place]);
                beaten += 1;
            }
        }
    }
}

fn name(number: u32) -> String {
    format!("agent-{number:05}")
}
