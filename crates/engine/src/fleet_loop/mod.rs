//! The one task that owns the fleet. Everything else tells it what happened; it folds that into core and carries out what
//! core wants.

mod alerts;
mod commands;
mod crew;
mod drill;
mod entries;
mod pasts;
mod processes;
mod surroundings;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use beatkeeper_core::doctor::Chart;
use beatkeeper_core::fleet::{Fleet, FleetAction, FleetEvent};
use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::tray::TrayModel;
use beatkeeper_core::view::{AgentRow, AlertsView};
use beatkeeper_store::Writer;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::alerts::channels::{ChannelView, Post};
use crate::clock::{self, Clock};
use crate::command::{Command, Refusal};
use crate::links::{LinkCommand, LinkOutput};
use crate::processes::LogTask;
use crate::registry::WatchCommand;
use crate::settings::{OnQuit, Settings, SettingsError};
use crate::telling::{Shown, Telling};
pub(crate) use alerts::DESKTOP;
use alerts::DesktopSeen;
use crew::Crew;
pub(crate) use crew::Means;
use drill::Running;
use surroundings::Ears;

/// How often sleep, the configuration file and the crew are looked after.
const HOUSEKEEPING: Duration = Duration::from_secs(2);
/// The tray and the window are told at most this often.
const PUBLISH: Duration = Duration::from_millis(250);
/// Longer than links and processes are given to end.
const FAREWELL: Duration = Duration::from_secs(6);
/// History older than this is let go.
const KEEP: Duration = Duration::from_secs(35 * 24 * 3600);

/// What the handle asks of the loop.
pub(crate) enum Ask {
    /// A command that concerns the fleet.
    Command(Box<Command>, oneshot::Sender<Result<Value, Refusal>>),
    /// What one beat of each of these agents covers, and what time it is on the engine's timeline.
    Intervals(Vec<EntityId>, oneshot::Sender<(HashMap<EntityId, Duration>, Time)>),
    /// The configuration file was changed: read it now.
    Reload(oneshot::Sender<()>),
    /// The desktop answered.
    Shown(Shown),
    /// How the desktop does.
    Desktop(oneshot::Sender<ChannelView>),
    /// Have whoever writes an agent's log put a line into it, or clear it.
    Log(EntityId, LogTask, oneshot::Sender<std::io::Result<()>>),
    /// Have an agent's link beat once more, now.
    BeatNow(EntityId),
    /// Have an agent's record read now.
    ReadNow(EntityId),
    /// Have an agent's link be silent so that others can be heard, or beat again; whether it does as it is told.
    Listen(EntityId, bool, Option<oneshot::Sender<bool>>),
    /// An agent's row.
    Row(EntityId, oneshot::Sender<Option<AgentRow>>),
    /// What the doctor wants to know of an agent beyond its row.
    Chart(EntityId, oneshot::Sender<Option<Chart>>),
    /// Have the desktop show a test, and say what came of it.
    TestDesktop(oneshot::Sender<Result<(), String>>),
    /// End, with a goodbye on every link.
    End(oneshot::Sender<()>),
}

/// Where the loop's news goes.
pub(crate) struct Outlets {
    pub(crate) revision: watch::Sender<u64>,
    pub(crate) tray: watch::Sender<TrayModel>,
    pub(crate) tellings: mpsc::Sender<Telling>,
    pub(crate) quit: watch::Sender<bool>,
    pub(crate) settings: watch::Sender<Arc<Settings>>,
}

/// What the loop listens to.
pub(crate) struct Inlets {
    pub(crate) asks: mpsc::Receiver<Ask>,
    pub(crate) links: mpsc::Receiver<LinkOutput>,
    pub(crate) events: mpsc::Receiver<FleetEvent>,
}

pub(crate) struct FleetLoop {
    fleet: Fleet,
    clock: Arc<Clock>,
    crew: Crew,
    writer: Arc<Writer>,
    outlets: Outlets,
    config: std::path::PathBuf,
    config_stamp: Option<(SystemTime, u64)>,
    config_problem: Option<SettingsError>,
    ears: Ears,
    /// The computer's own.
    zone: TimeZone,
    post: Post,
    desktop: DesktopSeen,
    drill: Option<Running>,
    alerts_shown: AlertsView,
    published: u64,
    publish_at: Option<Instant>,
    prune_at: Instant,
}

impl FleetLoop {
    pub(crate) fn new(means: Means, writer: Arc<Writer>, post: Post, outlets: Outlets) -> Self {
        let ears = Ears::open(Arc::clone(&means.tls));
        Self {
            fleet: Fleet::default(),
            clock: Arc::clone(&means.clock),
            config: means.paths.config.clone(),
            crew: Crew::new(means),
            writer,
            outlets,
            config_stamp: None,
            config_problem: None,
            ears,
            zone: TimeZone::system(),
            post,
            desktop: DesktopSeen::default(),
            drill: None,
            alerts_shown: AlertsView::default(),
            published: 0,
            publish_at: None,
            prune_at: Instant::now(),
        }
    }

    pub(crate) async fn run(mut self, mut inlets: Inlets) {
        self.tell_zone();
        self.recall().await;
        self.reload().await;
        if self.config_problem.is_none() {
            self.close_the_forgotten().await;
        }
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reports = Vec::with_capacity(256);
        loop {
            self.carry_out();
            let due = self.fleet.poll_timeout().map(|due| self.clock.instant(due));
            tokio::select! {
                ask = inlets.asks.recv() => match ask {
                    Some(Ask::Command(command, reply)) => {
                        let _ = reply.send(self.command(&command));
                    }
                    Some(Ask::Intervals(ids, reply)) => {
                        let interval = |id: EntityId| self.fleet.interval(&id).map(|interval| (id, interval));
                        let _ = reply.send((ids.into_iter().filter_map(interval).collect(), self.clock.now()));
                    }
                    Some(Ask::Reload(done)) => {
                        self.reload().await;
                        let _ = done.send(());
                    }
                    Some(Ask::Shown(shown)) => self.desktop_answered(shown),
                    Some(Ask::Desktop(reply)) => {
                        let _ = reply.send(self.desktop_view());
                    }
                    Some(Ask::Log(id, task, done)) => self.crew.processes().log(&id, task, done),
                    Some(Ask::BeatNow(id)) => self.crew.tell_link(&id, LinkCommand::BeatNow),
                    Some(Ask::ReadNow(id)) => self.crew.tell_watcher(&id, WatchCommand::Read(id.clone())),
                    Some(Ask::Listen(id, on, reply)) => {
                        let done = self.listen(&id, on);
                        let _ = reply.map(|reply| reply.send(done));
                    }
                    Some(Ask::Row(id, reply)) => {
                        let _ = reply.send(self.fleet.row(&id));
                    }
                    Some(Ask::Chart(id, reply)) => {
                        let _ = reply.send(self.fleet.chart(&id));
                    }
                    Some(Ask::TestDesktop(tester)) => self.test_desktop(tester),
                    Some(Ask::End(done)) => {
                        self.end(&mut inlets).await;
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                count = inlets.links.recv_many(&mut reports, 256) => {
                    if count == 0 {
                        return;
                    }
                    for (id, report) in reports.drain(..) {
                        self.fold(FleetEvent::Link(id, report));
                    }
                }
                Some(event) = inlets.events.recv() => self.fold(event),
                Some(reading) = self.ears.readings.recv() => self.network_changed(reading),
                Some(event) = self.ears.power.recv() => self.power_changed(event),
                () = clock::due(due) => self.fold(FleetEvent::Timeout),
                () = clock::due(self.publish_at) => self.publish(),
                _ = housekeeping.tick() => self.keep_house().await,
            }
        }
    }

    fn fold(&mut self, event: FleetEvent) {
        if let FleetEvent::Run(id, event) = &event {
            self.crew.note_process(id, event);
        }
        let was_down = self.fleet.desk().network().is_down();
        self.fleet.handle(event, self.clock.now());
        if was_down && !self.fleet.desk().network().is_down() {
            self.network_is_back();
        }
    }

    /// Carries out what core wants, and has changes published soon.
    fn carry_out(&mut self) {
        while let Some(action) = self.fleet.poll_action() {
            match action {
                FleetAction::Confirmed(id) => {
                    self.crew.tell_link(&id, LinkCommand::Confirmed);
                    self.crew.tell_team(&id);
                }
                FleetAction::Block(id, fatal) => self.crew.tell_link(&id, LinkCommand::Block(Box::new(fatal))),
                FleetAction::Unblock(id) => self.crew.tell_link(&id, LinkCommand::Unblock),
                FleetAction::ReadRecord(id) => self.crew.tell_watcher(&id, WatchCommand::Read(id.clone())),
                FleetAction::Hush(id) => self.crew.hush(id),
                FleetAction::Speak(id) => self.crew.speak(&id),
                FleetAction::Lease(id, wanted) => self.crew.lease(id, wanted),
                FleetAction::Run(id, action) => self.crew.processes().carry_out(&id, action),
                FleetAction::Show(notice) => {
                    self.drill_shows(&notice);
                    self.show(notice);
                }
                FleetAction::Send(notice) => self.send(&notice),
                FleetAction::CallOff(notice) => self.post.call_off(&notice),
                FleetAction::Withdraw(notices) => self.withdraw(notices),
                FleetAction::Freeze(id, opened_at) => {
                    self.drill_is_noticed(&id, opened_at);
                    self.freeze(&id, opened_at);
                }
                FleetAction::Dialect(registry, dialect) => self.crew.speak_dialect(&registry, dialect),
                FleetAction::Keep(row) => {
                    if let HistoryRow::Dialect(url, dialect) = &row {
                        self.crew.learn_dialect(url.clone(), *dialect);
                    }
                    self.drill_sees(&row);
                    self.keep(row);
                }
            }
        }
        if self.fleet.revision() != self.published && self.publish_at.is_none() {
            self.publish_at = Some(Instant::now() + PUBLISH);
        }
    }

    fn keep(&self, row: HistoryRow) {
        self.writer.send(row);
    }

    fn publish(&mut self) {
        self.publish_at = None;
        self.published = self.fleet.revision();
        let left_running = self.crew.settings().processes.on_quit == OnQuit::Leave;
        let paused_until = self.fleet.alerts(self.clock.now()).paused_until;
        let tray = TrayModel::of(&self.fleet, paused_until, left_running);
        self.outlets.tray.send_if_modified(|shown| {
            let changed = *shown != tray;
            if changed {
                *shown = tray;
            }
            changed
        });
        self.outlets.revision.send_replace(self.published);
    }

    async fn keep_house(&mut self) {
        self.look_at_the_clock();
        self.ask_for_a_witness();
        self.follow_the_zone();
        self.watch_drill();
        self.publish_when_alerts_change();
        if stamp(&self.config) != self.config_stamp {
            self.reload().await;
        }
        self.crew.replace_the_fallen();
        self.crew.play_again().await;
        if self.prune_at <= Instant::now() {
            self.prune_at = Instant::now() + Duration::from_secs(3600);
            self.writer.prune(self.clock.now() - KEEP);
            self.tell_zone();
        }
    }

    /// Reads the configuration and brings the crew in line with it. A broken file changes nothing.
    async fn reload(&mut self) {
        self.config_stamp = stamp(&self.config);
        let path = self.config.clone();
        let loaded = tokio::task::spawn_blocking(move || Settings::load(&path)).await;
        match loaded {
            Ok(Ok(settings)) => {
                self.config_problem = None;
                let now = self.clock.now();
                let settings = Arc::new(settings);
                self.outlets.settings.send_replace(Arc::clone(&settings));
                for event in self.crew.follow(settings, now).await {
                    self.fleet.handle(event, now);
                }
                // Whom we do not beat for is known before anybody dials.
                self.carry_out();
                self.crew.start_links();
                self.set_witness();
                self.post.reconcile(self.crew.settings().channels.clone());
            }
            Ok(Err(problem)) => {
                tracing::error!("the configuration is refused: {problem}");
                self.config_problem = Some(problem);
            }
            Err(error) => tracing::error!("the configuration could not be read: {error}"),
        }
        self.carry_out();
        self.publish();
    }

    /// Says goodbye on every link, and takes in what they still report, so that the history has their ends.
    async fn end(&mut self, inlets: &mut Inlets) {
        let mut goodbye = std::pin::pin!(self.crew.dismiss());
        let deadline = Instant::now() + FAREWELL;
        let mut last_words = Vec::new();
        loop {
            tokio::select! {
                () = &mut goodbye => break,
                Some(report) = inlets.links.recv() => last_words.push(report),
                // Nobody is to wait for room while it ends.
                Some(_) = inlets.events.recv() => {}
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        while let Ok(report) = inlets.links.try_recv() {
            last_words.push(report);
        }
        for (id, report) in last_words {
            self.fold(FleetEvent::Link(id, report));
        }
        self.stop_drill();
        self.fold(FleetEvent::Closing);
        self.carry_out();
    }

    fn tell_zone(&mut self) {
        let offset = jiff::Zoned::now().offset().seconds();
        self.fold(FleetEvent::Zone { offset });
    }

    /// The computer travels, and quiet hours without a zone with it.
    fn follow_the_zone(&mut self) {
        let zone = TimeZone::system();
        if zone != self.zone {
            self.zone = zone;
            let quiet = self.crew.settings().alerts.quiet().unwrap_or_default();
            self.fold(FleetEvent::Quiet(quiet));
        }
        // Also a change of the clocks.
        self.tell_zone();
    }
}

/// Tells one version of a file from another.
fn stamp(path: &std::path::Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}
