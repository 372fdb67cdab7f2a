//! What hosts talk to: each command goes to whoever can answer it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::history::usage;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::reckon::reckon;
use beatkeeper_core::time::Time;
use beatkeeper_core::tray::TrayModel;
use beatkeeper_core::view::BeatStrip;
use beatkeeper_store::{Reader, StoreError, Writer};
use beatkeeper_vault::Vault;
use jiff::tz::TimeZone;
use rustls::ClientConfig;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use crate::alerts::channels::{self, Post};
use crate::blackbox::BlackBox;
use crate::clock::Clock;
use crate::command::{Added, Command};
use crate::doctor::{DoctorRun, Doctors, Orders, Patient, Tools};
use crate::fleet_loop::Ask;
use crate::incidents::{self, DrillView};
use crate::paths::Paths;
use crate::processes::{LogTask, Logs, log_place, mark_text};
use crate::refusal::{Refusal, json_of};
use crate::settings::Settings;
use crate::telling::Shown;
use crate::{export, setup};

/// Hours: the history has little more than a month.
const LONGEST_STRIP: u32 = 24 * 30;
/// How long a question for a new revision is held; shorter than any connection that is taken for dead.
const REVISION_WAIT: Duration = Duration::from_secs(30);
/// Connections that the doctor looks back on.
const CONNECTIONS: u32 = 20;

/// What hosts talk to. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) revision: watch::Receiver<u64>,
    pub(crate) tray: watch::Receiver<TrayModel>,
    pub(crate) settings: watch::Receiver<Arc<Settings>>,
}

/// What all handles share.
pub(crate) struct Shared {
    pub(crate) paths: Paths,
    pub(crate) vault: Vault,
    pub(crate) reader: Arc<Reader>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) post: Post,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) doctors: Doctors,
    /// Changes of configuration and vault, one after the other.
    pub(crate) changing: tokio::sync::Mutex<()>,
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
                let retries = self.shared.post.retries();
                let view = move |delivery| retries.view(delivery);
                self.read(move |reader| {
                    incidents::incidents(reader, &settings, &view, id.as_ref(), open_only, limit, before.as_ref())
                })
                .await
            }
            Command::Drills { limit } => {
                let view = |drills: Vec<_>| drills.into_iter().map(DrillView::from).collect::<Vec<_>>();
                self.read(move |reader| reader.drills(limit.clamp(1, 1000)).map(view)).await
            }
            Command::DoctorStart { id, symptom, hold, listen } => {
                json_of(&self.visit(id, Orders::new(symptom, hold, listen)?).await?)
            }
            Command::DoctorLook { id, started_at: None } => json_of(&self.shared.doctors.look(&id)),
            Command::DoctorLook { id, started_at: Some(began) } => json_of(&self.shared.doctors.find(&id, began)?),
            Command::DoctorStop { id } => {
                self.shared.doctors.stop(&id);
                Ok(Value::Null)
            }
            Command::BlackBox { id, opened_at } => self.black_box(id, opened_at).await,
            Command::Downtime { id, from, to } => self.downtime(id, from, to).await,
            Command::DowntimeExport { id, from, to, format } => self.downtime_export(id, from, to, format).await,
            Command::Channels => self.channels().await,
            Command::ChannelTest { name } => self.test_channel(&name).await,
            Command::ChannelPreview { channel, kind } => json_of(&channels::preview(&channel, kind)?),
            Command::DeadLetters { limit } => self.dead_letters(limit),
            Command::DeliveryRetry { notice, channel } => self.retry_delivery(notice, &channel),
            Command::AlertRules => json_of(&self.settings.borrow().alerts.view()),
            Command::BeatStrips { ids, hours } if hours > 24 => self.long_strips(ids, hours).await,
            Command::AgentLog { id, after, before, limit } => {
                self.logs().page(&id, after.as_deref(), before.as_deref(), limit).await
            }
            Command::AgentLogSearch { id, pattern, from, back, limit } => {
                self.logs().search(&id, &pattern, from.as_deref(), back, limit).await
            }
            Command::AgentLogStarts { id } => self.logs().starts(&id).await,
            Command::AgentUsage { id, from, to } => {
                self.read(move |reader| Ok(usage::points(&reader.usage(&id, from, to)?, from, to))).await
            }
            Command::AgentLogMark { id, text } => self.log(id, LogTask::Mark(mark_text(&text))).await,
            Command::AgentLogClear { id } => self.log(id, LogTask::Clear).await,
            Command::AgentRunSet { ref id, run: None, .. } => {
                self.must_rest(id).await?;
                self.change(command, true).await
            }
            Command::Revision { other_than } => self.other_revision(other_than).await.map(Value::from),
            Command::WritePropose { id, write } => Box::pin(self.write_propose(id, write)).await,
            Command::WriteCarryOut { id, write, seal } => Box::pin(self.write_carry_out(id, write, seal)).await,
            Command::AgentImport { .. }
            | Command::AgentGenerate { .. }
            | Command::AgentDerive { .. }
            | Command::AgentOnBus { .. }
            | Command::AgentRemove { .. }
            | Command::AgentSetPaused { .. }
            | Command::AgentSetTags { .. }
            | Command::AgentRunSet { .. }
            | Command::ProjectAdopt { .. }
            | Command::RegistryAdd { .. }
            | Command::BusAdd { .. }
            | Command::BusRemove { .. }
            | Command::AlertRulesSet { .. }
            | Command::ChannelSave { .. }
            | Command::ChannelRemove { .. }
            | Command::DemoStart
            | Command::DemoEnd => self.change(command, true).await,
            Command::AgentKey { .. }
            | Command::AgentRun { .. }
            | Command::RunPropose { .. }
            | Command::ProjectPreview { .. }
            | Command::KeysFind { .. }
            | Command::KeysLook { .. }
            | Command::BusList
            | Command::BusPassword { .. }
            | Command::BusTest { .. }
            | Command::KeyFileShred { .. } => self.change(command, false).await,
            Command::FleetDelta { .. }
            | Command::BeatStrips { .. }
            | Command::AgentRetry { .. }
            | Command::AgentRestart { .. }
            | Command::AgentUp { .. }
            | Command::AgentDown { .. }
            | Command::LadderHold { .. }
            | Command::LadderSkip { .. }
            | Command::SignerAudit { .. }
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
        let renamed = setup::renamed(&command);
        let renaming = renamed.as_ref().map(|(from, to)| self.shared.post.renaming(from, to));
        let shared = Arc::clone(&self.shared);
        let (gone, value) = blocking(move || {
            let gone = setup::gone(&shared.paths, &command);
            let done = setup::execute(&shared.paths, &shared.vault, &command).unwrap_or_else(|| Err(ended()));
            if let (Ok(_), Some(renaming)) = (&done, renaming) {
                renaming.stands();
            }
            done.map(|value| (gone, value))
        })
        .await?;
        if reload {
            let (done, reloaded) = oneshot::channel();
            self.asks.send(Ask::Reload(done)).await.map_err(|_| ended())?;
            reloaded.await.map_err(|_| ended())?;
        }
        if let Some((from, _)) = renamed {
            self.shared.post.renamed(&from);
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

    fn logs(&self) -> Logs {
        Logs::new(self.shared.paths.data.clone())
    }

    /// Has whoever writes an agent's log do something with it.
    async fn log(&self, id: EntityId, task: LogTask) -> Result<Value, Refusal> {
        let (reply, done) = oneshot::channel();
        self.asks.send(Ask::Log(id, task, reply)).await.map_err(|_| ended())?;
        done.await.map_err(|_| ended())?.map(|()| Value::Null).map_err(|error| {
            Refusal::new("log.unwritable", format!("The log cannot be written: {error}"), "Is the disk full?")
        })
    }

    /// Who loses its entry while it runs would be watched by nobody.
    pub(crate) async fn must_rest(&self, id: &EntityId) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Row(id.clone(), reply)).await.map_err(|_| ended())?;
        match answer.await.map_err(|_| ended())? {
            Some(row) if row.process.run.as_ref().is_some_and(|run| run.pid.is_some()) => {
                let sentence = format!("{} runs, and was started here", row.name);
                Err(Refusal::new("run.is_up", sentence, "Stop it first, then remove how it is started."))
            }
            _ => Ok(()),
        }
    }

    /// Sends the doctor to an agent.
    async fn visit(&self, id: EntityId, orders: Orders) -> Result<DoctorRun, Refusal> {
        let settings = Arc::clone(&self.settings.borrow());
        let mut patient = Patient::new(&id, settings)?;
        patient.output = patient.entry.run.as_ref().map(|_| log_place(&self.shared.paths.data, &id));
        let shared = Arc::clone(&self.shared);
        let connections = blocking(move || {
            shared.writer.flush()?;
            Ok(shared.reader.connections(&id, CONNECTIONS, None)?)
        });
        // A history that cannot be read is no reason not to look at the rest.
        patient.connections = connections.await.ok();
        let tools = Tools {
            tls: Arc::clone(&self.shared.tls),
            clock: Arc::clone(&self.shared.clock),
            vault: Ok(self.shared.vault.clone()),
            engine: Some(self.clone()),
        };
        Ok(self.shared.doctors.start(patient, tools, orders))
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

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ended()))
}

pub(crate) fn ended() -> Refusal {
    Refusal::new("engine.ended", "Beatkeeper's engine has ended", "Start Beatkeeper again.")
}
