//! The world: sockets, registries, alerts, local control. It drives core, and knows nothing of windows.

pub mod alerts;
pub mod blackbox;
pub mod channels;
mod clock;
pub mod command;
pub mod control;
mod demo;
pub mod discover;
pub mod downtime;
mod error;
pub mod export;
mod fleet_loop;
mod health;
pub mod incidents;
pub mod links;
mod paths;
mod refusal;
pub mod registry;
pub mod settings;
pub mod setup;
mod status;
pub mod surroundings;
pub mod telling;
pub mod tls;

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::alert::{Delivery, DeliveryState};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::Notice;
use beatkeeper_core::reckon::reckon;
use beatkeeper_core::time::Time;
use beatkeeper_core::tray::TrayModel;
use beatkeeper_core::view::BeatStrip;
use beatkeeper_store::{Reader, Store, StoreError, Writer};
use beatkeeper_vault::Vault;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

pub use beatkeeper_vault::keep_memory_out_of_crash_reports;
pub use clock::Clock;
pub use error::EngineError;
pub use paths::Paths;
pub use setup::VaultChoice;
pub use telling::{Shown, Telling};

use alerts::channels::{Pace, Post};
use blackbox::BlackBox;
use command::{Added, Command, Refusal};
use fleet_loop::{Ask, DESKTOP, FleetLoop, Inlets, Means, Outlets};
use incidents::DrillView;
use refusal::json_of;
use settings::{ChannelEntry, Settings};

/// Hours: the history has little more than a month.
const LONGEST_STRIP: u32 = 24 * 30;
/// Of earlier runs, so many can be tried again.
const DEAD_LETTERS: u32 = 1000;
/// How long a question for a new revision is held; shorter than any connection that is taken for dead.
const REVISION_WAIT: std::time::Duration = std::time::Duration::from_secs(30);

/// How an engine is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where things are.
    pub paths: Paths,
    /// Where keys are.
    pub vault: VaultChoice,
}

/// A running engine.
pub struct Engine {
    handle: Handle,
    tellings: Option<mpsc::Receiver<Telling>>,
    quit: watch::Receiver<bool>,
    control: tokio::task::JoinHandle<()>,
    writer: Arc<Writer>,
    /// Held as long as the engine runs; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// What hosts talk to. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    shared: Arc<Shared>,
    revision: watch::Receiver<u64>,
    tray: watch::Receiver<TrayModel>,
    settings: watch::Receiver<Arc<Settings>>,
}

struct Shared {
    paths: Paths,
    vault: Vault,
    reader: Arc<Reader>,
    writer: Arc<Writer>,
    post: Post,
    /// Changes of configuration and vault, one after the other.
    changing: tokio::sync::Mutex<()>,
}

impl Engine {
    /// Starts an engine: takes the data folder, opens history and vault, reads the configuration, and beats.
    ///
    /// # Errors
    /// [`EngineError`]; a broken configuration is none, it is reported by [`Command::EngineStatus`].
    pub async fn start(options: Options) -> Result<Self, EngineError> {
        let Options { paths, vault: choice } = options;
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

        let kept = Arc::clone(&writer);
        let post = Post::start(alerts::channels::Setup {
            channels,
            earlier,
            keep: Box::new(move |row| kept.send(row)),
            secrets: Arc::new(vault.channel_secrets()),
            tls: Arc::clone(&tls),
            clock: Arc::clone(&clock),
            pace: Pace::default(),
        })
        .map_err(|error| EngineError::Tls(error.to_string()))?;
        let means = Means {
            paths: paths.clone(),
            clock,
            vault: vault.clone(),
            reader: Arc::clone(&reader),
            tls,
            links,
            events,
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

        let shared =
            Shared { paths, vault, reader, writer: Arc::clone(&writer), post, changing: tokio::sync::Mutex::new(()) };
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
    lock: File,
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
    paths.make_data_folder().map_err(data_error)?;
    let lock = lock_file(&paths.lock()).map_err(data_error)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            return Err(EngineError::AlreadyRunning { data: paths.data.clone() });
        }
        Err(std::fs::TryLockError::Error(error)) => return Err(data_error(error)),
    }
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

/// For its owner alone: whoever may open it could hold it, and no engine would start.
fn lock_file(path: &std::path::Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Handle {
    /// Does one thing.
    ///
    /// # Errors
    /// A [`Refusal`] for people and machines.
    pub async fn execute(&self, command: Command) -> Result<Value, Refusal> {
        match command {
            Command::AgentHistory { id, limit } => self.history(id, limit).await,
            Command::AgentExport { id, from, to, format } => {
                let shared = Arc::clone(&self.shared);
                blocking(move || {
                    shared.writer.flush()?;
                    let exported = export::export(&shared.reader, &id, from, to, format)?;
                    json_of(&exported)
                })
                .await
            }
            Command::Incidents { id, open_only, limit, before } => {
                let settings = Arc::clone(&self.settings.borrow());
                self.read(move |reader| incidents::incidents(reader, &settings, id.as_ref(), open_only, limit, before))
                    .await
            }
            Command::Drills { limit } => {
                let view = |drills: Vec<_>| drills.into_iter().map(DrillView::from).collect::<Vec<_>>();
                self.read(move |reader| reader.drills(limit.clamp(1, 1000)).map(view)).await
            }
            Command::BlackBox { id, opened_at } => self.black_box(id, opened_at).await,
            Command::Downtime { id, from, to } => self.downtime(id, from, to).await,
            Command::DowntimeExport { id, from, to, format } => self.downtime_export(id, from, to, format).await,
            Command::Channels => self.channels().await,
            Command::ChannelTest { name } => self.test_channel(&name).await,
            Command::ChannelPreview { channel, kind } => json_of(&alerts::channels::preview(&channel, kind)?),
            Command::DeadLetters { limit } => self.dead_letters(limit),
            Command::DeliveryRetry { notice, channel } => self.retry_delivery(notice, &channel),
            Command::AlertRules => json_of(&self.settings.borrow().alerts.view()),
            Command::BeatStrips { ids, hours } if hours > 24 => self.long_strips(ids, hours).await,
            Command::Revision { other_than } => self.other_revision(other_than).await.map(Value::from),
            Command::AgentImport { .. }
            | Command::AgentGenerate { .. }
            | Command::AgentDerive { .. }
            | Command::AgentRemove { .. }
            | Command::AgentSetPaused { .. }
            | Command::AgentSetTags { .. }
            | Command::RegistryAdd { .. }
            | Command::AlertRulesSet { .. }
            | Command::ChannelSave { .. }
            | Command::ChannelRemove { .. }
            | Command::DemoStart
            | Command::DemoEnd => self.change(command, true).await,
            Command::AgentKey { .. }
            | Command::KeysFind { .. }
            | Command::KeysLook { .. }
            | Command::KeyFileShred { .. } => self.change(command, false).await,
            Command::FleetDelta { .. }
            | Command::BeatStrips { .. }
            | Command::AgentRetry { .. }
            | Command::AgentRestart { .. }
            | Command::AgentSnooze { .. }
            | Command::AgentAcknowledge { .. }
            | Command::DrillStart { .. }
            | Command::DrillStop
            | Command::PauseAlerts { .. }
            | Command::Registries
            | Command::EngineStatus
            | Command::Status
            | Command::Quit => {
                let (reply, answer) = oneshot::channel();
                self.asks.send(Ask::Command(Box::new(command), reply)).await.map_err(|_| ended())?;
                answer.await.map_err(|_| ended())?
            }
        }
    }

    /// The desktop has shown a notice, or not.
    pub async fn shown(&self, shown: Shown) {
        // An engine that has ended keeps nothing any more.
        let _ = self.asks.send(Ask::Shown(shown)).await;
    }

    /// The newest revision of the fleet.
    #[must_use]
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.revision.clone()
    }

    async fn other_revision(&self, known: u64) -> Result<u64, Refusal> {
        let mut revision = self.revision();
        match tokio::time::timeout(REVISION_WAIT, revision.wait_for(|now| *now != known)).await {
            Ok(Ok(other)) => Ok(*other),
            Ok(Err(_)) => Err(ended()),
            Err(_) => Ok(known),
        }
    }

    /// What the tray shows.
    #[must_use]
    pub fn tray(&self) -> watch::Receiver<TrayModel> {
        self.tray.clone()
    }

    /// The configuration that is in force; a broken file changes nothing.
    #[must_use]
    pub fn settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.clone()
    }

    /// Changes configuration or vault, then has the loop follow.
    async fn change(&self, command: Command, reload: bool) -> Result<Value, Refusal> {
        let _one_at_a_time = self.shared.changing.lock().await;
        let touched =
            if let Command::ChannelSave { channel, .. } = &command { Some(channel.name.clone()) } else { None };
        let shared = Arc::clone(&self.shared);
        let (gone, value) = blocking(move || {
            let gone = setup::gone(&shared.paths, &command);
            let done = setup::execute(&shared.paths, &shared.vault, &command).unwrap_or_else(|| Err(ended()));
            done.map(|value| (gone, value))
        })
        .await?;
        if reload {
            let (done, reloaded) = oneshot::channel();
            self.asks.send(Ask::Reload(done)).await.map_err(|_| ended())?;
            reloaded.await.map_err(|_| ended())?;
        }
        if let Some(channel) = touched {
            self.shared.post.secret_changed(&channel);
        }
        for id in gone {
            self.shared.writer.forget(&id);
        }
        if let Ok(Added { id, restored: true, .. }) = serde_json::from_value(value.clone()) {
            // Its link is told: by itself it would look for its key a minute later.
            let (reply, told) = oneshot::channel();
            self.asks.send(Ask::Command(Box::new(Command::AgentRetry { id }), reply)).await.map_err(|_| ended())?;
            told.await.map_err(|_| ended())??;
        }
        Ok(value)
    }

    async fn history(&self, id: EntityId, limit: u32) -> Result<Value, Refusal> {
        self.read(move |reader| {
            let limit = limit.clamp(1, 10_000);
            let connections = reader.connections(&id, limit, None)?;
            let transitions = reader.transitions(&id, limit, None)?;
            let incidents = reader.incidents(Some(&id), false, limit, None)?;
            Ok(json!({"connections": connections, "transitions": transitions, "incidents": incidents}))
        })
        .await
    }

    async fn black_box(&self, id: EntityId, opened_at: Time) -> Result<Value, Refusal> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            shared.writer.flush()?;
            let json = shared.reader.black_box(&id, opened_at)?;
            json_of(&json.map(|json| BlackBox::open(&json, &TimeZone::system())).transpose()?)
        })
        .await
    }

    /// Asks the history. What happened a moment ago belongs to the answer.
    async fn read<T: Serialize>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Value, Refusal> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            shared.writer.flush()?;
            json_of(&read(&shared.reader)?)
        })
        .await
    }

    /// Of a time that is longer than what the fleet remembers.
    async fn long_strips(&self, ids: Vec<EntityId>, hours: u32) -> Result<Value, Refusal> {
        let (reply, intervals) = oneshot::channel();
        self.asks.send(Ask::Intervals(ids, reply)).await.map_err(|_| ended())?;
        let (intervals, now) = intervals.await.map_err(|_| ended())?;
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            shared.writer.flush()?;
            let from = now - Duration::from_secs(u64::from(hours.min(LONGEST_STRIP)) * 3600);
            let ids: Vec<EntityId> = intervals.keys().cloned().collect();
            let spans = shared.reader.strips(&ids, from, now)?;
            let strips: HashMap<EntityId, BeatStrip> = spans
                .into_iter()
                .filter_map(|(id, spans)| {
                    let strip = reckon(&spans, *intervals.get(&id)?, from, now);
                    Some((id, strip))
                })
                .collect();
            json_of(&strips)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ended()))
}

fn ended() -> Refusal {
    Refusal::new("engine.ended", "Beatkeeper's engine has ended", "Start Beatkeeper again.")
}
