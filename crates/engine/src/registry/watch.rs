//! One task a registry: listens to its activity stream, reads records when asked and by the clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::backoff::Backoff;
use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::failure::Failure;
use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::witness::{Activity, RecordFacts};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::activity::{self, Stream};
use super::record::{Answer, Problem, RegistryClient};
use super::wishes::{Request, Wishes};
use crate::clock::{self, Clock};

/// Requests that come within this time share a list, where a developer has several of the agents.
const GATHER: Duration = Duration::from_millis(150);
/// So many requests at once.
const AT_ONCE: usize = 8;
/// What the fleet tells a watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchCommand {
    /// Watch this agent.
    Add(EntityId),
    /// No longer.
    Remove(EntityId),
    /// Read its record soon.
    Read(EntityId),
    /// The computer slept: what is open may be dead.
    Woke,
}

/// What a watcher needs.
pub struct WatchSetup {
    /// The registry's name.
    pub name: String,
    /// Where.
    pub base: BaseUrl,
    /// Whether unencrypted traffic may leave this computer.
    pub allow_plain: bool,
    /// Between two readings of every record while the stream is down.
    pub poll_every: Duration,
    /// The clock.
    pub clock: Arc<Clock>,
    /// For HTTP.
    pub client: RegistryClient,
    /// For the stream.
    pub tls: Arc<rustls::ClientConfig>,
    /// For its jitter.
    pub seed: u64,
    /// Events go here.
    pub output: mpsc::Sender<FleetEvent>,
}

/// A running watcher; dropping it ends it.
pub struct Watcher {
    commands: mpsc::UnboundedSender<WatchCommand>,
    task: tokio::task::JoinHandle<()>,
}

impl Watcher {
    /// Tells the watcher. What is asked for twice is done once, so the queue stays as short as the fleet.
    pub fn tell(&self, command: WatchCommand) {
        let _ = self.commands.send(command);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a watcher.
#[must_use]
pub fn start(setup: WatchSetup) -> Watcher {
    let (commands, inbox) = mpsc::unbounded_channel();
    let task = tokio::spawn(Task::new(setup).run(inbox));
    Watcher { commands, task }
}

type Opening = Pin<Box<dyn Future<Output = Result<Stream, Failure>> + Send>>;
type Reading = Pin<Box<dyn Future<Output = Read> + Send>>;

enum Read {
    One(EntityId, Answer<beatkeeper_core::wire::zynd::Record>),
    Many(Vec<EntityId>, Answer<beatkeeper_core::wire::zynd::DeveloperEntities>),
}

struct Task {
    setup: WatchSetup,
    wishes: Wishes,
    read_at: Option<Instant>,
    poll_at: Instant,
    reading: FuturesUnordered<Reading>,
    stream: Option<Stream>,
    opening: Option<Opening>,
    open_at: Option<Instant>,
    backoff: Backoff,
}

impl Task {
    fn new(setup: WatchSetup) -> Self {
        Self {
            backoff: Backoff::new(setup.seed),
            setup,
            wishes: Wishes::default(),
            read_at: None,
            poll_at: Instant::now(),
            reading: FuturesUnordered::new(),
            stream: None,
            opening: None,
            open_at: Some(Instant::now()),
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<WatchCommand>) {
        if !self.setup.base.is_encrypted() && !self.setup.base.is_loopback() && !self.setup.allow_plain {
            let problem = beatkeeper_core::failure::Fatal::PlainNotAllowed.to_string();
            self.say(FleetEvent::RegistryAnswer {
                registry: self.setup.name.clone(),
                problem: Some(problem),
                reached: true,
                clock_ahead_ms: None,
            })
            .await;
            // Nothing may be sent there: only wait for the end.
            while inbox.recv().await.is_some() {}
            return;
        }
        loop {
            let due = self.read_at.into_iter().chain([self.poll_at]).min().unwrap_or(self.poll_at);
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.told(command).await,
                    None => break,
                },
                Some(read) = self.reading.next() => self.read(read).await,
                happened = listen(&mut self.stream) => self.happened(happened).await,
                opened = progress(&mut self.opening) => self.opened(opened).await,
                () = clock::due(self.open_at) => {
                    self.open_at = None;
                    let (base, tls) = (self.setup.base.clone(), Arc::clone(&self.setup.tls));
                    self.opening = Some(Box::pin(open(base, tls)));
                }
                () = tokio::time::sleep_until(due), if self.wishes.watches_any() => self.clock_struck(),
            }
        }
    }

    async fn told(&mut self, command: WatchCommand) {
        match command {
            WatchCommand::Add(id) => {
                self.wishes.watch(id.clone());
                self.want(id);
            }
            WatchCommand::Remove(id) => {
                self.wishes.unwatch(&id);
            }
            WatchCommand::Read(id) => self.want(id),
            WatchCommand::Woke => {
                self.opening = None;
                self.lost_the_stream().await;
                self.open_at = Some(Instant::now());
            }
        }
    }

    fn want(&mut self, id: EntityId) {
        if self.wishes.want(id) {
            self.read_at.get_or_insert_with(|| Instant::now() + GATHER);
        }
    }

    fn clock_struck(&mut self) {
        let now = Instant::now();
        if self.poll_at <= now {
            // With a live stream this only catches what the stream dropped, and whom it is silent about.
            let slower = if self.stream.is_some() { 4 } else { 1 };
            self.poll_at = now + self.setup.poll_every * slower;
            self.wishes.want_the_silent();
            self.read_at = Some(now);
        }
        if self.read_at.is_some_and(|at| at <= now) {
            self.read_at = None;
            self.wishes.plan();
            self.read_some();
        }
    }

    /// Sends as many requests as may be under way; the rest is sent when one of them is back.
    fn read_some(&mut self) {
        while self.reading.len() < AT_ONCE {
            let Some(request) = self.wishes.next_request() else { break };
            let client = self.setup.client.clone();
            match request {
                Request::One(id) => self.reading.push(Box::pin(async move {
                    let answer = client.record(&id).await;
                    Read::One(id, answer)
                })),
                Request::Many(developer, ids) => {
                    self.reading.push(Box::pin(async move { Read::Many(ids, client.developer(&developer).await) }));
                }
            }
        }
    }

    async fn read(&mut self, read: Read) {
        match read {
            Read::One(id, answer) => {
                self.answered(&answer).await;
                if let Ok(record) = answer.body {
                    self.record(id, answer.asked_at, record.as_ref().map(RecordFacts::from)).await;
                }
            }
            Read::Many(ids, answer) => {
                self.answered(&answer).await;
                let Ok(list) = answer.body else { return };
                let records = list.map(|list| list.agents).unwrap_or_default();
                for id in ids {
                    match records.iter().find(|record| record.entity_id == id.as_str()) {
                        Some(record) => self.record(id, answer.asked_at, Some(RecordFacts::from(record))).await,
                        // Not in its developer's list any more: ask for it by name.
                        None => {
                            self.wishes.left_its_developer(&id);
                            self.want(id);
                        }
                    }
                }
            }
        }
        self.read_some();
    }

    async fn record(&mut self, id: EntityId, asked_at: beatkeeper_core::time::Time, facts: Option<RecordFacts>) {
        if let Some(developer) = facts.as_ref().and_then(|facts| facts.developer.as_deref()) {
            self.wishes.belongs_to(&id, developer);
        }
        self.say(FleetEvent::Record { id, asked_at, facts }).await;
    }

    fn answered<T>(&self, answer: &Answer<T>) -> impl Future<Output = ()> + Send + use<T> {
        let problem = answer.body.as_ref().err();
        let reached = problem.is_none_or(Problem::is_an_answer);
        let problem = problem.map(Problem::to_string);
        self.say(FleetEvent::RegistryAnswer {
            registry: self.setup.name.clone(),
            problem,
            reached,
            clock_ahead_ms: answer.clock_ahead_ms,
        })
    }

    async fn happened(&mut self, happened: Option<Activity>) {
        match happened {
            Some(Activity::Connected | Activity::Other) => {}
            Some(activity) => {
                if let Activity::Heartbeat { id, .. } = &activity {
                    self.wishes.heard(id);
                }
                if self.is_ours(&activity) {
                    let (registry, heard_at) = (self.setup.name.clone(), self.setup.clock.now());
                    self.say(FleetEvent::Activity { registry, activity, heard_at }).await;
                }
            }
            None => {
                self.lost_the_stream().await;
                self.open_at = Some(Instant::now() + self.backoff.next_wait(None));
            }
        }
    }

    /// From now on nobody hears what the registry announces.
    async fn lost_the_stream(&mut self) {
        self.stream = None;
        self.wishes.forget_what_was_heard();
        self.poll_at = Instant::now();
        self.stream_is(false).await;
    }

    fn is_ours(&self, activity: &Activity) -> bool {
        match activity {
            Activity::Heartbeat { id, .. }
            | Activity::BecameActive { id, .. }
            | Activity::BecameInactive { id, .. }
            | Activity::Registered { id }
            | Activity::Deregistered { id } => self.wishes.watches(id),
            Activity::Connected | Activity::Other => false,
        }
    }

    async fn opened(&mut self, opened: Result<Stream, Failure>) {
        self.opening = None;
        match opened {
            Ok(stream) => {
                self.stream = Some(stream);
                self.backoff.reset();
                self.stream_is(true).await;
            }
            Err(failure) => {
                tracing::debug!(registry = self.setup.name, "no activity stream: {failure}");
                let wait = match failure {
                    // A registry without a stream: look again now and then.
                    Failure::Fatal(_) => Duration::from_secs(300),
                    Failure::Transient(_) => self.backoff.next_wait(None),
                };
                self.open_at = Some(Instant::now() + wait);
            }
        }
    }

    fn stream_is(&self, live: bool) -> impl Future<Output = ()> + Send + use<> {
        self.say(FleetEvent::Stream { registry: self.setup.name.clone(), live })
    }

    fn say(&self, event: FleetEvent) -> impl Future<Output = ()> + Send + use<> {
        let output = self.setup.output.clone();
        async move {
            // The fleet is gone only when the engine ends.
            let _ = output.send(event).await;
        }
    }
}

async fn open(base: BaseUrl, tls: Arc<rustls::ClientConfig>) -> Result<Stream, Failure> {
    match tokio::time::timeout(Duration::from_secs(10), activity::open(&base, &tls)).await {
        Ok(opened) => opened,
        Err(_) => Err(beatkeeper_core::failure::Transient::DialTimeout.into()),
    }
}

async fn listen(stream: &mut Option<Stream>) -> Option<Activity> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

async fn progress(opening: &mut Option<Opening>) -> Result<Stream, Failure> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}
