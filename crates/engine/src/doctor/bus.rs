//! A visit to an agent of a Redis bus.

use std::time::Duration;

use beatkeeper_core::doctor::{BusSeen, Check, KeySeen, Reading};
use beatkeeper_core::failure::Transient;

use super::exam::Exam;
use super::examine::Need;
use super::web::Visitors;
use super::{beats, computer};
use crate::bus::is_remote;
use crate::settings::{BusEntry, BusMode};

/// Longer than a dial may take, with all that Sentinels must be asked first.
const WITHIN: Duration = Duration::from_secs(15);
/// Of what only registries have.
pub(super) const NO_BUS: &str = "A bus has none";

impl Exam {
    /// A bus has a name, an address and beats, and no records.
    pub(super) async fn bus(&self) {
        let bus = self.patient.bus.as_ref();
        self.now(Check::OwnNetwork, || computer::own_network(!bus.is_some_and(is_remote)));
        let is_one = bus.is_some_and(|bus| bus.mode == BusMode::Single);
        let is_there = match bus.and_then(BusEntry::first_host) {
            Some((host, port)) => {
                let need = if is_one { Need::Needed } else { Need::OneOfMany };
                self.address(&host, port, need).await.is_some()
            }
            None => {
                self.skip(&[Check::Dns, Check::Tcp], "It is reached by a socket file, without a network");
                true
            }
        };
        match bus.filter(|_| is_there || !is_one) {
            Some(bus) => {
                self.row(Check::RegistryKind, self.asked(bus)).await;
            }
            None => self.leave(&[Check::RegistryKind], "Not asked: no address lets us in"),
        }
        self.skip(&[Check::Proxy, Check::Tls, Check::Http, Check::Upgrade, Check::Activity, Check::OwnKey], NO_BUS);
        self.skip(&[Check::Record, Check::RecordKey, Check::DeveloperKey], NO_BUS);
        self.skip(&[Check::RegistryUrl, Check::PublishedUrl, Check::Search, Check::FirstBeat], NO_BUS);
        let visitors = Visitors::new(&self.tools.tls).ok();
        let home = self.at_home(visitors.as_ref(), None).await;
        self.clock(None, home.as_ref());
        self.now(Check::Idle, || self.held(None));
        self.taken(None, false).await;
        self.row(Check::SecondCopy, beats::second_copy(&self.patient, &self.tools, None, false)).await;
    }

    async fn asked(&self, bus: &BusEntry) -> Reading {
        let vault = self.tools.vault.as_ref().ok();
        let asked = tokio::time::timeout(WITHIN, crate::bus::answers(bus, vault)).await;
        let answer = asked.unwrap_or_else(|_| Err(Transient::DialTimeout.into()));
        // Without a vault file there is no password in it.
        let vault_is_closed = self.tools.vault.as_ref().is_err_and(|why| *why != KeySeen::Absent);
        BusSeen { name: bus.name.clone(), answer, vault_is_closed }.read()
    }
}
