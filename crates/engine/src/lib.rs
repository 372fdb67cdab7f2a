//! The world: sockets, registries, alerts, local control. It drives core, and knows nothing of windows.

pub mod alerts;
mod answers;
pub mod blackbox;
mod bus;
pub mod channels;
mod clock;
pub mod command;
pub mod control;
mod demo;
pub mod discover;
pub mod doctor;
pub mod downtime;
mod error;
pub mod export;
mod figures;
mod fleet_loop;
mod handle;
mod health;
pub mod incidents;
mod leases;
pub mod links;
mod paths;
mod processes;
pub mod project;
mod refusal;
pub mod registry;
pub mod registry_writes;
pub mod settings;
pub mod setup;
mod signing_desk;
mod status;
pub mod surroundings;
pub mod telling;
pub mod tls;

use std::sync::Arc;

use beatkeeper_core::alert::{Delivery, DeliveryState};
use beatkeeper_core::notice::Notice;
use beatkeeper_core::time::Time;
use beatkeeper_core::tray::TrayModel;
use beatkeeper_store::{Reader, Store, Writer};
use beatkeeper_vault::Vault;
use tokio::sync::{mpsc, oneshot, watch};

pub use beatkeeper_runner::ShimProgram;
pub use beatkeeper_vault::keep_memory_out_of_crash_reports;
pub use clock::Clock;
pub use error::EngineError;
pub use handle::Handle;
pub use paths::Paths;
pub use setup::VaultChoice;
pub use telling::{Shown, Telling};

use alerts::channels::{Pace, Post};
use doctor::Doctors;
use fleet_loop::{Ask, DESKTOP, FleetLoop, Inlets, Means, Outlets};
use handle::Shared;
use settings::{ChannelEntry, Settings};

/// Of earlier runs, so many can be tried again.
const DEAD_LETTERS: u32 = 1000;

/// How an engine is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where things are.
    pub paths: Paths,
    /// Where keys are.
    pub vault: VaultChoice,
    /// The program that stands beside agents' processes: its `main` begins with
    /// [`run_if_asked`](beatkeeper_runner::shim::run_if_asked). This program when missing.
    pub shim: Option<ShimProgram>,
}

/// A running engine.
pub struct Engine {
    handle: Handle,
    tellings: Option<mpsc::Receiver<Telling>>,
    quit: watch::Receiver<bool>,
    control: tokio::task::JoinHandle<()>,
    writer: Arc<Writer>,
    /// Held as long as the engine runs; the system lets go of it when the process ends, however it ends.
    _lock: paths::HeldFile,
}

impl Engine {
    /// Starts an engine: takes the data folder, opens history and vault, reads the configuration, and beats.
    ///
    /// # Errors
    /// [`EngineError`]; a broken configuration is none, it is reported by [`Command::EngineStatus`].
    pub async fn start(options: Options) -> Result<Self, EngineError> {
        let Options { paths, vault: choice, shim } = options;
        let shim = match shim {
            Some(shim) => shim,
            None => ShimProgram::this().map_err(|error| EngineError::Program(error.to_string()))?,
        };
        let clock = Arc::new(Clock::new());
        let opening = {
            let (paths, now) = (paths.clone(), clock.now());
            tokio::task::spawn_blocking(move || open(&paths, &choice, now))
        };
        let Opened { lock, vault, reader, writer, channels, earlier } = opening
            .await
            .map_err(|error| EngineError::Data { data: paths.data.clone(), reason: error.to_string() })??;
        let tls = tls::client_config().map_err(|error| EngineError::Tls(error.to_string()))?;
        let listener = control::listen(&paths.data).map_err(|error| EngineError::Control(error.to_string()))?;

        let (asks, ask_inlet) = mpsc::channel(64);
        let (links, link_inlet) = mpsc::channel(1024);
        let (events, event_inlet) = mpsc::channel(1024);
        let (revision_outlet, revision) = watch::channel(0);
        let (tray_outlet, tray) = watch::channel(TrayModel::default());
        let (telling_outlet, tellings) = mpsc::channel(256);
        let (quit_outlet, quit) = watch::channel(false);
        let (settings_outlet, settings) = watch::channel(Arc::default());

        let post = Post::start(alerts::channels::Setup {
            channels,
            earlier,
            keep: Arc::<Writer>::clone(&writer),
            secrets: Arc::new(vault.channel_secrets()),
            tls: Arc::clone(&tls),
            clock: Arc::clone(&clock),
            pace: Pace::default(),
        })
        .map_err(|error| EngineError::Tls(error.to_string()))?;
        let means = Means {
            paths: paths.clone(),
            clock: Arc::clone(&clock),
            vault: vault.clone(),
            reader: Arc::clone(&reader),
            tls: Arc::clone(&tls),
            links,
            events,
            shim,
        };
        let outlets = Outlets {
            revision: revision_outlet,
            tray: tray_outlet,
            tellings: telling_outlet,
            quit: quit_outlet,
            settings: settings_outlet,
        };
        let fleet = FleetLoop::new(means, Arc::clone(&writer), post.clone(), outlets);
        tokio::spawn(fleet.run(Inlets { asks: ask_inlet, links: link_inlet, events: event_inlet }));

        let shared = Shared {
            paths,
            vault,
            reader,
            writer: Arc::clone(&writer),
            post,
            tls,
            clock,
            doctors: Doctors::default(),
            changing: tokio::sync::Mutex::new(()),
        };
        let handle = Handle { asks, shared: Arc::new(shared), revision, tray, settings };
        let control = tokio::spawn(control::serve(listener, handle.clone()));
        Ok(Self { handle, tellings: Some(tellings), quit, control, writer, _lock: lock })
    }

    /// What hosts talk to.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// What the desktop is asked for; to be taken once. [`Handle::shown`] is told how each went.
    pub const fn tellings(&mut self) -> Option<mpsc::Receiver<Telling>> {
        self.tellings.take()
    }

    /// Waits until a client asks the engine to end.
    pub async fn quit_asked(&self) {
        let mut quit = self.quit.clone();
        // An error means that the loop is gone, which is an end, too.
        let _ = quit.wait_for(|asked| *asked).await;
    }

    /// Ends the engine: sockets are closed with 1000, the history is written. Takes about two seconds at most.
    pub async fn shutdown(self) {
        let (done, ended) = oneshot::channel();
        if self.handle.asks.send(Ask::End(done)).await.is_ok() {
            let _ = ended.await;
        }
        self.control.abort();
        // Until it is really gone, a client could still find somebody here.
        let _ = self.control.await;
        let writer = Arc::clone(&self.writer);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || writer.close()).await {
            tracing::error!("the last of the history could not be written: {error}");
        }
    }
}

struct Opened {
    lock: paths::HeldFile,
    vault: Vault,
    reader: Arc<Reader>,
    writer: Arc<Writer>,
    /// Of the configuration; none while that is broken.
    channels: Vec<ChannelEntry>,
    /// Deliveries that earlier runs left.
    earlier: Vec<(Delivery, Notice)>,
}

fn open(paths: &Paths, choice: &VaultChoice, now: Time) -> Result<Opened, EngineError> {
    let data_error = |error: std::io::Error| EngineError::Data { data: paths.data.clone(), reason: error.to_string() };
    let held = paths.hold(&paths.lock()).map_err(data_error)?;
    let lock = held.ok_or_else(|| EngineError::AlreadyRunning { data: paths.data.clone() })?;
    let vault = setup::open_vault(paths, choice)?;
    let store = Store::open(paths.history())?;
    let reader = Arc::new(store.reader()?);
    let writer = Arc::new(Writer::start(store, now)?);
    let settings = Settings::load(&paths.config);
    let mut earlier = reader.deliveries_waiting()?;
    earlier.extend(reader.dead_letters(DEAD_LETTERS)?);
    // What waits for the channels of a broken configuration waits for the next start.
    let known = |delivery: &Delivery| settings.is_ok() || delivery.state != DeliveryState::Waiting;
    earlier.retain(|(delivery, _)| delivery.channel != DESKTOP && known(delivery));
    let channels = settings.map(|settings| settings.channels).unwrap_or_default();
    Ok(Opened { lock, vault, reader, writer, channels, earlier })
}
