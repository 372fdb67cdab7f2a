//! The task that watches the network.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::changes::Changes;
use super::witness::{Client, Witness};
use beatkeeper_core::alert::NetworkReading;

use super::{Pace, route};

/// What the handle asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wishes {
    /// The witness is to be tried.
    pub(super) asked: bool,
    pub(super) witness: Option<Witness>,
    /// How often a fresh look was asked for.
    pub(super) looks: u64,
}

pub(super) struct Task {
    pace: Pace,
    client: Client,
    wished: watch::Receiver<Wishes>,
    outlet: mpsc::Sender<NetworkReading>,
    changes: Changes,
    /// What was told last.
    told: Option<NetworkReading>,
    /// What the witness said last.
    answer: Option<bool>,
    trying: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    tried_at: Option<Instant>,
}

impl Task {
    pub(super) fn new(
        pace: Pace,
        client: Client,
        wished: watch::Receiver<Wishes>,
        changes: Changes,
        outlet: mpsc::Sender<NetworkReading>,
    ) -> Self {
        Self { pace, client, wished, outlet, changes, told: None, answer: None, trying: None, tried_at: None }
    }

    /// Ends when the handle or the outlet is dropped.
    pub(super) async fn run(mut self) {
        let outlet = self.outlet.clone();
        tokio::select! {
            () = self.watch() => {}
            () = outlet.closed() => {}
        }
    }

    async fn watch(&mut self) {
        loop {
            self.tell().await;
            let try_at = self.try_at();
            tokio::select! {
                changed = self.wished.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.answer = None;
                    self.trying = None;
                }
                said = progress(&mut self.trying) => {
                    self.trying = None;
                    self.answer = Some(said);
                }
                () = until(try_at) => self.try_witness(),
                () = self.changes.next() => sleep(self.pace.settle).await,
                () = sleep(self.pace.look) => {}
            }
        }
    }

    async fn tell(&mut self) {
        let reading = NetworkReading { route: route::exists(), witness: self.answer };
        if self.told != Some(reading) {
            self.told = Some(reading);
            // An outlet that is closed ends the task.
            let _ = self.outlet.send(reading).await;
        }
    }

    /// When the witness is due, if it is asked.
    fn try_at(&self) -> Option<Instant> {
        let wishes = self.wished.borrow();
        if !wishes.asked || wishes.witness.is_none() || self.trying.is_some() {
            return None;
        }
        Some(self.tried_at.map_or_else(Instant::now, |tried| tried + self.pace.witness))
    }

    fn try_witness(&mut self) {
        let witness = self.wished.borrow().witness.clone();
        if let Some(witness) = witness {
            self.tried_at = Some(Instant::now());
            self.trying = Some(Box::pin(self.client.clone().reaches(witness)));
        }
    }
}

/// Waits for the answer of a witness that is being tried.
async fn progress(trying: &mut Option<Pin<Box<dyn Future<Output = bool> + Send>>>) -> bool {
    match trying {
        Some(trying) => trying.await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
