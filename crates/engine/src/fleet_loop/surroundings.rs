//! What happens to this computer: it sleeps, somebody sets its clock, its network goes and comes back.

use beatkeeper_core::alert::NetworkReading;
use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::fleet::FleetEvent;
use tokio::sync::mpsc;
use url::Url;

use super::FleetLoop;
use crate::links::proxy::Proxy;
use crate::surroundings::network::{self, Handle, Witness};
use crate::surroundings::power::{self, PowerEvent};

/// Asked when the place in the configuration is a registry of the configuration: kept by IANA, and nobody's product.
const NEUTRAL: &str = "https://example.com";

/// What is heard of this computer.
pub(super) struct Ears {
    network: Option<Handle>,
    pub(super) readings: mpsc::Receiver<NetworkReading>,
    pub(super) power: mpsc::Receiver<PowerEvent>,
}

impl Ears {
    /// Listens from now on.
    pub(super) fn open(tls: std::sync::Arc<rustls::ClientConfig>) -> Self {
        let (outlet, readings) = mpsc::channel(8);
        let (notify, power) = mpsc::channel(8);
        power::watch(notify);
        let network = network::start(network::Config { witness: None, tls }, outlet);
        let network = network.inspect_err(|error| tracing::error!("this computer's network cannot be asked: {error}"));
        Self { network: network.ok(), readings, power }
    }
}

impl FleetLoop {
    /// Compares the clocks: after sleep, after a jump, and every now and then.
    pub(super) fn look_at_the_clock(&mut self) {
        let looked = self.clock.look();
        if let Some(slept) = looked.slept {
            tracing::info!("this computer slept for {} s", slept.as_secs());
            self.drill_was_slept_through();
            self.fold(FleetEvent::Woke { slept });
        }
        if let Some(jump) = looked.wall_jumped {
            tracing::warn!("this computer's clock was set by {jump} ms");
        }
        self.fold(FleetEvent::Wall { ahead_ms: self.clock.wall_ahead_ms() });
        if looked.slept.is_some() || looked.wall_jumped.is_some() {
            // A computer that was paused from outside has not slept by its own clocks, and its sockets are as dead.
            self.crew.woke();
            self.post.hurry();
            self.tell_zone();
            if let Some(network) = &self.ears.network {
                network.look_again();
            }
        }
    }

    /// The system says that it sleeps or woke: only a hint, since any program can say so.
    pub(super) fn power_changed(&mut self, event: PowerEvent) {
        tracing::debug!(?event, "the system");
        match event {
            PowerEvent::GoingToSleep(delay) => self.crew.hand_over(delay),
            PowerEvent::Woke => self.crew.take_back(),
        }
        self.look_at_the_clock();
    }

    pub(super) fn network_changed(&mut self, reading: NetworkReading) {
        tracing::info!(route = reading.route, witness = reading.witness, "this computer's network");
        // Who gets out through a proxy needs no way to the internet.
        let proxied = |base: &BaseUrl| Proxy::before(&base.http("")).is_some();
        let any = self.crew.settings().registries.iter().any(|registry| proxied(&registry.url));
        let reading = NetworkReading { route: reading.route.filter(|_| !any), ..reading };
        self.fold(FleetEvent::Network(reading));
    }

    /// Nothing is waited for that was put off while there was no way out.
    pub(super) fn network_is_back(&self) {
        self.crew.woke();
        self.post.hurry();
    }

    /// A second place is asked only while a registry elsewhere does not answer.
    pub(super) fn ask_for_a_witness(&self) {
        if let Some(network) = &self.ears.network {
            network.ask_witness(self.fleet.misses_a_registry());
        }
    }

    /// The configuration names the place.
    pub(super) fn set_witness(&self) {
        let settings = self.crew.settings();
        let place = settings.alerts.network_check().ok().flatten();
        let is_registry =
            |place: &Url| settings.registries.iter().any(|registry| Some(registry.url.host()) == place.host_str());
        // The registry itself is no second place.
        let place = place.map(|place| if is_registry(&place) { NEUTRAL.to_owned() } else { place.to_string() });
        let witness = place.and_then(|place| Witness::parse(&place).ok().flatten());
        if let Some(network) = &self.ears.network {
            network.set_witness(witness);
        }
    }
}
