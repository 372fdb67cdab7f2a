//! This computer's own network: whether it has a way out, and whether another place can be reached.

mod changes;
mod route;
mod task;
mod witness;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::alert::NetworkReading;
use rustls::ClientConfig;
use tokio::sync::{mpsc, watch};

use changes::Changes;
use task::{Task, Wishes};
pub use witness::{DEFAULT_WITNESS, Witness};

/// How the network is watched.
#[derive(Clone)]
pub struct Config {
    /// The second place, if there is one.
    pub witness: Option<Witness>,
    /// Of every connection.
    pub tls: Arc<ClientConfig>,
}

/// How often, and how long.
#[derive(Clone, Copy)]
struct Pace {
    /// From one look at the routes to the next, when the system tells of no change.
    look: Duration,
    /// What changes comes in bursts: from the first word of it to the look.
    settle: Duration,
    /// From one try of a witness to the next, at least.
    witness: Duration,
    /// A witness that takes longer is not reached.
    within: Duration,
}

const PACE: Pace = Pace {
    look: Duration::from_secs(5),
    settle: Duration::from_millis(250),
    witness: Duration::from_secs(10),
    within: Duration::from_secs(5),
};

/// Whether the system knows a way to the internet; nothing when it does not say.
pub(crate) fn has_route() -> Option<bool> {
    route::exists()
}

/// A network that is watched, until this is dropped.
#[derive(Debug)]
pub struct Handle {
    wishes: watch::Sender<Wishes>,
}

/// Starts the task that watches the network. It tells the first reading, and then each that differs from the one
/// before. Call it within a tokio runtime.
///
/// # Errors
/// When the HTTP client cannot be made.
pub fn start(config: Config, outlet: mpsc::Sender<NetworkReading>) -> Result<Handle, reqwest::Error> {
    start_at(PACE, config, Changes::open(), outlet)
}

fn start_at(
    pace: Pace,
    config: Config,
    changes: Changes,
    outlet: mpsc::Sender<NetworkReading>,
) -> Result<Handle, reqwest::Error> {
    let client = witness::Client::new(&config.tls, pace.within)?;
    let (wishes, wished) = watch::channel(Wishes { asked: false, witness: config.witness, looks: 0 });
    tokio::spawn(Task::new(pace, client, wished, changes, outlet).run());
    Ok(Handle { wishes })
}

impl Handle {
    /// Has the witness tried, at once and then every 10 s, or no more. It is never tried more often, however this is
    /// called.
    pub fn ask_witness(&self, asked: bool) {
        self.wish(|wishes| wishes.asked = asked);
    }

    /// Another witness, or none, of a configuration that changed.
    pub fn set_witness(&self, witness: Option<Witness>) {
        self.wish(|wishes| wishes.witness = witness);
    }

    /// Looks at once, and forgets what the witness said: for a computer that woke up, perhaps in another place.
    pub fn look_again(&self) {
        self.wish(|wishes| wishes.looks += 1);
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        self.wishes.send_if_modified(|wishes| {
            let before = wishes.clone();
            change(wishes);
            *wishes != before
        });
    }
}
