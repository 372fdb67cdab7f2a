//! An ArtCafe server in a box: challenges, sockets that are opened with a signature, presence, and heartbeats that are
//! acknowledged or not (protocols.md 5).
//!
//! The real server that is mounted acknowledges nothing, and its other module everything; [`Acks`] says which one this is.

mod ledger;
mod openssh;
mod server;
mod socket;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use ledger::CafeState;
pub use openssh::rsa_public_key;

use crate::{StartError, WaitError};

/// How long [`ArtCafe::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which heartbeats are acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// All.
    #[default]
    Always,
    /// None, as the module that is mounted does.
    Never,
    /// So many of each agent, then none.
    Until(u64),
}

/// How an agent is turned away whose name or signature is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnsAway {
    /// The socket opens, and is closed with 1008 and the reason.
    #[default]
    WithClose,
    /// The handshake is answered with 403, as by a server that closes before it accepts.
    AtHandshake,
}

/// What a challenge is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChallengeAnswer {
    /// A challenge.
    #[default]
    Good,
    /// A page.
    Html,
    /// A mebibyte.
    Huge,
}

/// The settings of such a server.
#[derive(Clone, Debug)]
pub struct CafeConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whose agents it knows.
    pub organization: String,
    /// Its agents by name, with their RSA public keys in DER as PKCS#1 writes them.
    pub agents: Vec<(String, Vec<u8>)>,
    /// Which heartbeats are acknowledged.
    pub acks: Acks,
    /// How it turns agents away.
    pub turns_away: TurnsAway,
    /// What a challenge is answered with.
    pub challenge: ChallengeAnswer,
    /// Closes each agent's first socket with 1000 after so many of its heartbeats.
    pub close_after: Option<u64>,
}

impl Default for CafeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            organization: "devnet".to_owned(),
            agents: Vec::new(),
            acks: Acks::default(),
            turns_away: TurnsAway::default(),
            challenge: ChallengeAnswer::default(),
            close_after: None,
        }
    }
}

/// An ArtCafe server that runs. It stops when it is dropped.
pub struct ArtCafe {
    cafe: Arc<Cafe>,
    addr: SocketAddr,
}

/// What its parts share.
struct Cafe {
    config: CafeConfig,
    acks: Mutex<Acks>,
    state: CafeState,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl ArtCafe {
    /// Starts one.
    ///
    /// # Errors
    /// [`StartError`] when the address is taken.
    #[allow(clippy::unused_async, reason = "only an async caller has the runtime that this needs")]
    pub async fn start(config: CafeConfig) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen { listen: config.listen, source };
        let listener = crate::server::bind(config.listen).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let cafe = Arc::new(Cafe {
            acks: Mutex::new(config.acks),
            config,
            state: CafeState::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        cafe.tasks.spawn(server::serve(Arc::clone(&cafe), listener));
        Ok(Self { cafe, addr })
    }

    /// Its base URL, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What came in.
    #[must_use]
    pub fn state(&self) -> &CafeState {
        &self.cafe.state
    }

    /// Acknowledges these heartbeats from now on.
    pub fn set_acks(&self, acks: Acks) {
        *self.cafe.acks.lock().unwrap_or_else(PoisonError::into_inner) = acks;
    }

    /// Stops. Open sockets just die.
    pub async fn shutdown(self) {
        self.cafe.stop.cancel();
        self.cafe.tasks.close();
        self.cafe.tasks.wait().await;
    }

    /// Waits until `wanted` holds, for at most ten seconds.
    ///
    /// # Errors
    /// [`WaitError`] when it never did.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&CafeState) -> bool) -> Result<(), WaitError> {
        let state = self.state();
        let mut changes = state.changes();
        let waiting = async {
            while !wanted(state) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        timeout(PATIENCE, waiting).await.map_err(|_| WaitError::after(PATIENCE))
    }
}

impl Cafe {
    fn acks(&self) -> Acks {
        *self.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ArtCafe {
    fn drop(&mut self) {
        self.cafe.stop.cancel();
    }
}
