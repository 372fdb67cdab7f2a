//! One agent's process: the task that starts it, watches it, and ends it.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::signing::SigningEntry;
use beatkeeper_core::supervise::{RunAction, RunEvent};
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{ExitView, UsageView};
use beatkeeper_runner::log::LogReader;
use beatkeeper_runner::{Exit, Orphans, Reclaimed, Run, StopSignal, Tree, Usage};
use tokio::sync::{mpsc, oneshot as reply};
use tokio::time::{Instant, MissedTickBehavior};

use super::drift::Drift;
use super::launch::{self, Launched, NotStarted};
use super::logs::{self, LogTask};
use super::plan::{KeyWay, Plan};
use super::probe::{Asked, Prober};
use super::{FAREWELL, Shared, log_place, oneshot};
use crate::signing_desk::{Desk, Serving, SignerSocket};

/// Between two samples of what it costs.
const SAMPLE: Duration = Duration::from_secs(5);
/// Between two looks at its code.
const LOOK_AT_CODE: Duration = Duration::from_secs(60);
/// How long a step of its recovery may take that starts no process here.
const CARRY_WITHIN: Duration = Duration::from_secs(90);

/// What a keeper is asked.
pub(super) enum Ask {
    Do(RunAction),
    Follow(Arc<Plan>),
    SayAgain,
    Log(LogTask, reply::Sender<std::io::Result<()>>),
    End { leave: bool, done: Option<reply::Sender<()>> },
}

/// The handle. Dropping it leaves the process alone.
pub(super) struct Keeper {
    asks: mpsc::UnboundedSender<Ask>,
    desk: Arc<Desk>,
}

/// A process that is watched.
enum Live {
    Watched(Run),
    /// Its shim was killed: it can be watched and ended, and nobody reads what it says.
    Orphans(Orphans),
}

/// What came of it.
enum Came {
    Ended(Exit),
    Gone,
}

struct Task {
    id: EntityId,
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    live: Option<Live>,
    /// Whether the end of the main process was told.
    told: bool,
    prober: Option<Prober>,
    drift: Drift,
    desk: Arc<Desk>,
    /// While a run lives that does not hold its key.
    signer: Option<Serving>,
}

impl Keeper {
    pub(super) fn start(id: EntityId, plan: Arc<Plan>, shared: Arc<Shared>) -> Self {
        let (asks, inbox) = mpsc::unbounded_channel();
        let drift = Drift::of(&shared.run_dir, &id);
        let desk = Arc::new(Desk::new(id.clone(), shared.vault.clone(), Arc::clone(&shared.clock)));
        let keeper = Self { asks, desk: Arc::clone(&desk) };
        let task = Task { id, plan, shared, live: None, told: false, prober: None, drift, desk, signer: None };
        tokio::spawn(task.run(inbox));
        keeper
    }

    /// What was signed for it and what was refused, newest first.
    pub(super) fn signed(&self) -> Vec<SigningEntry> {
        self.desk.audit()
    }

    pub(super) fn tell(&self, ask: Ask) {
        // One that ended has nothing left to do.
        let _ = self.asks.send(ask);
    }
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Ask>) {
        self.take_over().await;
        let mut sample = tokio::time::interval(SAMPLE);
        sample.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut code = tokio::time::interval_at(Instant::now() + LOOK_AT_CODE, LOOK_AT_CODE);
        code.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ask = inbox.recv() => match ask {
                    Some(Ask::Do(action)) => self.act(action).await,
                    Some(Ask::Follow(plan)) => self.plan = plan,
                    Some(Ask::SayAgain) => self.say_again().await,
                    Some(Ask::Log(task, done)) => self.log(task, done).await,
                    Some(Ask::End { leave, done }) => {
                        if !leave {
                            self.end().await;
                        }
                        self.close_signer().await;
                        if let Some(done) = done {
                            let _ = done.send(());
                        }
                        return;
                    }
                    None => return,
                },
                came = next(&mut self.live, self.told) => self.came(came).await,
                _ = sample.tick(), if self.live.is_some() => self.sample().await,
                _ = code.tick(), if self.live.is_some() => self.look_at_code().await,
            }
        }
    }

    async fn tell(&self, event: RunEvent) {
        // The loop outlives its keepers, but for the program's end.
        let _ = self.shared.events.send(FleetEvent::Run(self.id.clone(), event)).await;
    }

    /// What an earlier run of the program started, goes on; what was meant to run, begins.
    async fn take_over(&mut self) {
        match Run::reclaim(&self.shared.run_dir, self.id.as_str()).await {
            Ok(Reclaimed::Running(run)) => self.goes_on(run.pid(), run.started_at(), Live::Watched(run)).await,
            Ok(Reclaimed::Orphans(orphans)) => {
                tracing::warn!(agent = %self.id, "who watched it was killed; it goes on, and its output is lost");
                let pid = orphans.pid().or_else(|| orphans.pids().first().copied()).unwrap_or_default();
                self.goes_on(pid, orphans.started_at(), Live::Orphans(orphans)).await;
            }
            Ok(Reclaimed::Ended(exit)) => {
                // It ended while nobody looked: its policy decides as if somebody had.
                self.tell(RunEvent::Started { pid: 0, at: self.time_of(exit.at), reclaimed: true }).await;
                self.tell(RunEvent::Ended(self.exit_view(exit))).await;
                self.gone().await;
            }
            Ok(Reclaimed::Nothing) if self.plan.starts_with_app => self.tell(RunEvent::Start).await,
            Ok(Reclaimed::Nothing) => {}
            Err(error) => {
                tracing::error!(agent = %self.id, "what an earlier run left cannot be told: {error}");
                let sentence = format!("it cannot be told whether it still runs: {error}");
                self.tell(RunEvent::StartFailed { sentence, again: false }).await;
            }
        }
    }

    async fn goes_on(&mut self, pid: u32, since: SystemTime, live: Live) {
        let at = self.time_of(since);
        let tree = match &live {
            Live::Watched(run) => run.tree(),
            Live::Orphans(orphans) => orphans.tree(),
        };
        self.live = Some(live);
        self.told = false;
        self.reopen_signer(tree).await;
        self.tell(RunEvent::Started { pid, at, reclaimed: true }).await;
        self.probe(false);
    }

    async fn say_again(&mut self) {
        let (pid, since) = match &self.live {
            Some(Live::Watched(run)) => (run.pid(), run.started_at()),
            Some(Live::Orphans(orphans)) => (orphans.pid().unwrap_or_default(), orphans.started_at()),
            None => return,
        };
        self.tell(RunEvent::Started { pid, at: self.time_of(since), reclaimed: true }).await;
        self.probe(false);
    }

    /// A run that goes on has the address of its signer in its environment.
    async fn reopen_signer(&mut self, tree: Tree) {
        if self.plan.key != KeyWay::Signer {
            return;
        }
        self.close_signer().await;
        match SignerSocket::open(&self.shared.run_dir, &self.id) {
            Ok(socket) => self.signer = Some(socket.serve(Arc::clone(&self.desk), tree)),
            Err(error) => tracing::error!(agent = %self.id, "nothing can be signed for it: {error}"),
        }
    }

    async fn close_signer(&mut self) {
        if let Some(signer) = self.signer.take() {
            signer.end().await;
        }
        self.desk.forget_key().await;
    }

    async fn act(&mut self, action: RunAction) {
        match action {
            RunAction::Launch { rung } => self.launch(rung).await,
            RunAction::Signal => self.signal(self.plan.stop).await,
            RunAction::Kill => {
                let killed = match &self.live {
                    Some(Live::Watched(run)) => run.kill().await,
                    Some(Live::Orphans(orphans)) => orphans.kill().await,
                    None => Ok(()),
                };
                if let Err(error) = killed {
                    self.tell(RunEvent::Survives(format!("it survives being killed: {error}"))).await;
                }
            }
            RunAction::Carry { rung } => {
                let argv = self.plan.rungs.get(rung).cloned().flatten().unwrap_or_default();
                let (shared, id, folder) = (Arc::clone(&self.shared), self.id.clone(), self.plan.folder.clone());
                tokio::spawn(async move {
                    let done = oneshot::run(&argv, existing(&folder), CARRY_WITHIN, Stdio::null()).await;
                    let _ = shared.events.send(FleetEvent::Run(id, RunEvent::Done(done))).await;
                });
            }
        }
    }

    async fn launch(&mut self, rung: Option<usize>) {
        if self.live.is_some() {
            // Core never asks for two; were it wrong, an agent would beat twice.
            let sentence = "it still runs".to_owned();
            return self.tell(RunEvent::StartFailed { sentence, again: false }).await;
        }
        match launch::launch(&self.shared, &self.id, &self.plan, rung, &self.desk).await {
            Ok(Launched { run, signer }) => {
                let (pid, at) = (run.pid(), self.time_of(run.started_at()));
                self.signer = signer.map(|socket| socket.serve(Arc::clone(&self.desk), run.tree()));
                self.live = Some(Live::Watched(run));
                self.told = false;
                self.drift.started(&self.plan.folder).await;
                self.tell(RunEvent::Drift(None)).await;
                self.tell(RunEvent::Started { pid, at, reclaimed: false }).await;
                self.probe(true);
            }
            Err(NotStarted { sentence, again }) => {
                tracing::warn!(agent = %self.id, "not started: {sentence}");
                self.tell(RunEvent::StartFailed { sentence, again }).await;
            }
        }
    }

    fn probe(&mut self, fresh: bool) {
        let log = log_place(&self.shared.data, &self.id);
        // Only what it says from now on tells that it is ready; one that was taken over said so before.
        let from = fresh.then(|| LogReader::open(&log).last(0).ok().map(|page| page.to)).flatten();
        self.prober = Prober::start(Asked {
            id: self.id.clone(),
            plan: Arc::clone(&self.plan),
            asker: self.shared.asker.clone(),
            events: self.shared.events.clone(),
            log,
            from,
        });
    }

    async fn signal(&self, signal: StopSignal) {
        let sent = match &self.live {
            Some(Live::Watched(run)) => run.signal(signal).await,
            Some(Live::Orphans(orphans)) => orphans.signal(signal),
            None => Ok(()),
        };
        if let Err(error) = sent {
            // It is killed when its grace is over.
            tracing::info!(agent = %self.id, "it could not be asked to end: {error}");
        }
    }

    async fn came(&mut self, came: Came) {
        self.prober = None;
        match came {
            Came::Ended(exit) => {
                self.told = true;
                self.tell(RunEvent::Ended(self.exit_view(exit))).await;
            }
            Came::Gone => self.gone().await,
        }
    }

    /// Nothing of it is left.
    async fn gone(&mut self) {
        self.live = None;
        self.close_signer().await;
        if let Err(error) = Run::forget(&self.shared.run_dir, self.id.as_str()) {
            tracing::warn!(agent = %self.id, "the record of its run stays: {error}");
        }
        self.tell(RunEvent::TreeEnded).await;
    }

    async fn sample(&mut self) {
        let usage = match &mut self.live {
            Some(Live::Watched(run)) => run.usage(),
            Some(Live::Orphans(orphans)) => orphans.usage(),
            None => None,
        };
        if let Some(usage) = usage {
            self.tell(RunEvent::Usage(usage_view(usage, self.shared.clock.now()))).await;
        }
    }

    async fn look_at_code(&mut self) {
        let drift = self.drift.look(&self.plan.folder).await;
        self.tell(RunEvent::Drift(drift)).await;
    }

    async fn log(&self, task: LogTask, done: reply::Sender<std::io::Result<()>>) {
        match &self.live {
            Some(Live::Watched(run)) => {
                let result = match task {
                    LogTask::Mark(text) => run.mark(&text).await,
                    LogTask::Clear => run.clear_log().await,
                };
                let _ = done.send(result);
            }
            Some(Live::Orphans(_)) | None => {
                logs::without_a_run(log_place(&self.shared.data, &self.id), task, done);
            }
        }
    }

    /// Asks it to end, waits, and kills what is left.
    async fn end(&mut self) {
        self.prober = None;
        self.signal(self.plan.stop).await;
        let Some(live) = &mut self.live else { return };
        let gone = async {
            match live {
                Live::Watched(run) => run.tree_is_gone().await,
                Live::Orphans(orphans) => orphans.gone().await,
            }
        };
        if tokio::time::timeout(FAREWELL, gone).await.is_err() {
            self.act(RunAction::Kill).await;
        }
        let _ = Run::forget(&self.shared.run_dir, self.id.as_str());
    }

    /// A moment of the wall clock, on the timeline.
    fn time_of(&self, at: SystemTime) -> Time {
        let ago = SystemTime::now().duration_since(at).unwrap_or_default();
        self.shared.clock.now() - ago
    }

    fn exit_view(&self, exit: Exit) -> ExitView {
        ExitView {
            code: exit.code,
            signal: exit.signal,
            at: self.time_of(exit.at),
            sentence: format!("it ended {exit}"),
        }
    }
}

/// Waits for the end of the main process, then for that of all that it started. May be dropped and asked again.
async fn next(live: &mut Option<Live>, told: bool) -> Came {
    match live {
        Some(Live::Watched(run)) if !told => Came::Ended(run.ended().await),
        Some(Live::Watched(run)) => {
            run.tree_is_gone().await;
            Came::Gone
        }
        Some(Live::Orphans(orphans)) => {
            orphans.gone().await;
            Came::Gone
        }
        None => std::future::pending().await,
    }
}

fn usage_view(usage: Usage, at: Time) -> UsageView {
    let Usage { cpu_percent, memory_bytes, threads, open_files, processes } = usage;
    UsageView { cpu_percent, memory_bytes, threads, open_files, processes, at }
}

/// A program that only talks to Docker needs no folder of the project's.
fn existing(folder: &Path) -> &Path {
    if folder.is_dir() { folder } else { Path::new(if cfg!(windows) { "C:\\" } else { "/" }) }
}
