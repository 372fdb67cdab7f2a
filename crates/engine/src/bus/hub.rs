//! The task of one bus: it listens there, reads hashes, and keeps the connection that its agents' beats go over.

mod live;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::backoff::Backoff;
use beatkeeper_core::failure::Failure;
use beatkeeper_core::fleet::{BusWord, FleetEvent};
use beatkeeper_core::wire::redis_bus::Unusable;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::buffer::Buffer;
use super::listen;
use super::server::{Commands, Server, failure, in_words, is_a_refusal};
use super::team::News;
use crate::clock::Clock;

/// Where a person is needed, it is looked this often whether the reason is gone.
const RECHECK: Duration = Duration::from_secs(60);

/// What the fleet tells a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BusCommand {
    /// The agent of this name is configured here.
    Add(String),
    /// No longer.
    Remove(String),
    /// Read its hash soon.
    Read(String),
    /// Dial now, if it is not connected.
    Retry,
    /// The computer slept: what is open may be dead.
    Woke,
}

/// What a hub needs.
pub(crate) struct HubSetup {
    pub(crate) server: Server,
    pub(crate) clock: Arc<Clock>,
    /// For its jitter.
    pub(crate) seed: u64,
    /// Events go here.
    pub(crate) output: mpsc::Sender<FleetEvent>,
    /// Changes of hands go here, where a team shares the bus.
    pub(crate) team: Option<mpsc::Sender<News>>,
}

/// What a hub's links beat over.
#[derive(Clone)]
pub(super) enum Line {
    /// The first dial is under way.
    Dialling,
    /// Open; each connection has a number of its own.
    Up(u64, Commands),
    /// Not, because of this.
    Down(Failure),
}

/// A running hub; dropping it ends it. What its links hold of its connection lives on until they let go.
pub(crate) struct Hub {
    commands: mpsc::UnboundedSender<BusCommand>,
    line: watch::Receiver<Line>,
    task: tokio::task::JoinHandle<()>,
}

impl Hub {
    /// Tells the hub. What is asked for twice is done once, so the queue stays as short as the fleet.
    pub(crate) fn tell(&self, command: BusCommand) {
        let _ = self.commands.send(command);
    }

    /// What its links beat over.
    pub(super) fn line(&self) -> watch::Receiver<Line> {
        self.line.clone()
    }

    /// Whether its task ended without having been asked to.
    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a hub.
pub(crate) fn start(setup: HubSetup) -> Hub {
    let (commands, inbox) = mpsc::unbounded_channel();
    let (sender, line) = watch::channel(Line::Dialling);
    let task = tokio::spawn(Task::new(setup, sender).run(inbox));
    Hub { commands, line, task }
}

/// Why a hub is not live any more.
enum End {
    /// Nobody wants it.
    Unwanted,
    Lost(Failure),
    /// What is open may be dead.
    Slept,
}

struct Task {
    setup: HubSetup,
    line: watch::Sender<Line>,
    generation: u64,
    backoff: Backoff,
    /// Names of agents that are configured here.
    configured: HashSet<String>,
    /// Hashes to read.
    wanted: BTreeSet<String>,
    read_at: Option<Instant>,
    waiting: Buffer<FleetEvent>,
    /// Messages that nothing could be made of and that the fleet was not told of yet.
    unusable: Option<(Unusable, u64)>,
    tell_at: Option<Instant>,
}

impl Task {
    fn new(setup: HubSetup, line: watch::Sender<Line>) -> Self {
        Self {
            backoff: Backoff::new(setup.seed),
            setup,
            line,
            generation: 0,
            configured: HashSet::new(),
            wanted: BTreeSet::new(),
            read_at: None,
            waiting: Buffer::default(),
            unusable: None,
            tell_at: None,
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<BusCommand>) {
        loop {
            let failure = match self.dial().await {
                Ok((commands, ears)) => match Box::pin(self.live(commands, ears, &mut inbox)).await {
                    End::Unwanted => return,
                    End::Slept => {
                        // What is open may be dead, and nobody is to wait for an answer there.
                        self.line.send_replace(Line::Dialling);
                        continue;
                    }
                    End::Lost(failure) => failure,
                },
                Err(failure) => failure,
            };
            self.is_down(&failure).await;
            let wait = match failure {
                Failure::Fatal(_) => RECHECK,
                Failure::Transient(_) => self.backoff.next_wait(None),
            };
            if !self.pause(wait, &mut inbox).await {
                return;
            }
        }
    }

    async fn dial(&self) -> Result<(Commands, listen::Ears), Failure> {
        let server = &self.setup.server;
        let reached = server.reach().await?;
        listen::subscribe(reached, &server.entry).await.map_err(|error| failure(&error))
    }

    async fn is_down(&mut self, failure: &Failure) {
        tracing::debug!(bus = self.name(), code = failure.code(), "not connected: {failure}");
        self.line.send_replace(Line::Down(failure.clone()));
        self.say(FleetEvent::Stream { registry: self.name().to_owned(), live: false }).await;
        // A server that says no has answered.
        let reached = matches!(failure, Failure::Fatal(_));
        let problem = in_words(failure);
        self.say(FleetEvent::RegistryAnswer {
            registry: self.name().to_owned(),
            problem: Some(problem),
            reached,
            clock_ahead_ms: None,
        })
        .await;
    }

    /// Waits, unless somebody wants it dialled now; answers whether it is wanted at all.
    async fn pause(&mut self, wait: Duration, inbox: &mut mpsc::UnboundedReceiver<BusCommand>) -> bool {
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    None => return false,
                    Some(BusCommand::Retry | BusCommand::Woke) => {
                        self.backoff.reset();
                        return true;
                    }
                    Some(command) => self.told(command),
                },
                () = tokio::time::sleep_until(until) => return true,
            }
        }
    }

    fn told(&mut self, command: BusCommand) {
        match command {
            BusCommand::Add(name) => {
                self.configured.insert(name.clone());
                self.waiting.make_room(self.configured.len());
                self.want(name);
            }
            BusCommand::Remove(name) => {
                self.configured.remove(&name);
            }
            BusCommand::Read(name) => self.want(name),
            BusCommand::Retry | BusCommand::Woke => {}
        }
    }

    fn want(&mut self, name: String) {
        let limit = self.room();
        if self.wanted.len() < limit || self.configured.contains(&name) {
            self.wanted.insert(name);
            self.read_at.get_or_insert_with(|| Instant::now() + live::GATHER);
        }
    }

    /// So many agents are of interest at most.
    fn room(&self) -> usize {
        let entry = &self.setup.server.entry;
        let strangers = if entry.watch { entry.most_seen as usize } else { 0 };
        strangers + self.configured.len()
    }

    /// Puts a word where it waits for the fleet.
    fn heard(&mut self, word: BusWord) {
        let ours = match &word {
            BusWord::Beat(heard) | BusWord::Record(heard) => self.configured.contains(&heard.name),
            BusWord::Gone(name) => self.configured.contains(name),
            BusWord::Dropped(_) => true,
            BusWord::Unusable(why, count) => {
                let before = self.unusable.map_or(0, |(_, count)| count);
                self.unusable = Some((*why, before.saturating_add(*count)));
                self.tell_at.get_or_insert_with(|| Instant::now() + live::TOLD_EVERY);
                return;
            }
        };
        let event = self.event(word);
        if ours {
            self.waiting.ours(event);
        } else {
            self.waiting.others(event);
        }
        if self.waiting.has_dropped() {
            self.tell_at.get_or_insert_with(|| Instant::now() + live::TOLD_EVERY);
        }
    }

    /// Has the fleet told of what was only counted.
    fn tell_counts(&mut self) {
        self.tell_at = None;
        if let Some((why, count)) = self.unusable.take() {
            let event = self.event(BusWord::Unusable(why, count));
            self.waiting.ours(event);
        }
        let dropped = self.waiting.take_dropped();
        if dropped > 0 {
            tracing::warn!(bus = self.name(), dropped, "more came by the bus than can be taken in");
            let event = self.event(BusWord::Dropped(dropped));
            self.waiting.ours(event);
        }
    }

    fn event(&self, word: BusWord) -> FleetEvent {
        FleetEvent::Bus { bus: self.name().to_owned(), word: Box::new(word), heard_at: self.setup.clock.now() }
    }

    fn name(&self) -> &str {
        &self.setup.server.entry.name
    }

    async fn say(&self, event: FleetEvent) {
        // The fleet is gone only when the engine ends.
        let _ = self.setup.output.send(event).await;
    }

    fn lost(&self, error: &redis::RedisError) -> End {
        End::Lost(failure(error))
    }

    /// An answer that costs that question and not the connection.
    fn is_bearable(&self, error: &redis::RedisError) -> bool {
        let bearable = is_a_refusal(error) || !(error.is_io_error() || error.is_unrecoverable_error());
        if bearable {
            tracing::debug!(bus = self.name(), "not read: {error}");
        }
        bearable
    }
}
