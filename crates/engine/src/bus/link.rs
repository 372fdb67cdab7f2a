//! The link of an agent of a bus that we beat for: the same machine as on a WebSocket, over its hub's connection.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::bus::{Limits, status};
use beatkeeper_core::failure::{Failure, Transient};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::link::{Link, LinkAction, LinkEvent, LinkReport, LinkTiming};
use beatkeeper_core::wire::redis_bus::{BeatMessage, hash_fields, lives_for_seconds};
use redis::{Pipeline, RedisError, Value, pipe};
use tokio::sync::{mpsc, watch};

use super::figures::Figures;
use super::host;
use super::hub::{Hub, Line};
use super::server::Commands;
use crate::clock::Clock;
use crate::links::{LinkCommand, LinkHandle, LinkOutput};
use crate::settings::BusEntry;

/// What its hash is called by, in a message.
const KIND: &str = "agent";
/// How long a goodbye may take.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// What a link needs.
pub(crate) struct BeatSetup {
    pub(crate) id: EntityId,
    pub(crate) timing: LinkTiming,
    /// For its jitter.
    pub(crate) seed: u64,
    pub(crate) bus: BusEntry,
    pub(crate) figures: Arc<Figures>,
    pub(crate) clock: Arc<Clock>,
    /// Reports go here.
    pub(crate) output: mpsc::Sender<LinkOutput>,
}

/// Starts a link's task; it idles until told to [`LinkCommand::Start`].
pub(crate) fn start(setup: BeatSetup, hub: &Hub) -> LinkHandle {
    LinkHandle::of(|inbox| Task::new(setup, hub.line()).run(inbox))
}

struct Task {
    name: String,
    key: String,
    host: String,
    setup: BeatSetup,
    line: watch::Receiver<Line>,
    link: Link,
    interval: Duration,
    /// The connection that it is open on, and its number.
    open: Option<(u64, Commands)>,
    dialling: bool,
    sequence: u64,
    /// When it began, in Unix milliseconds.
    began: u64,
    /// Whether its hash says so on this connection: a server that was restarted may have forgotten it.
    registered: bool,
}

impl Task {
    fn new(setup: BeatSetup, line: watch::Receiver<Line>) -> Self {
        let name = setup.id.parts().map(|(_, name)| name.into_owned()).unwrap_or_default();
        Self {
            key: format!("{}{name}", setup.bus.prefix),
            name,
            host: host::name(),
            link: Link::new(setup.timing, setup.seed),
            interval: setup.timing.interval,
            setup,
            line,
            open: None,
            dialling: false,
            sequence: 0,
            began: now_ms(),
            registered: false,
        }
    }

    async fn run(mut self, mut inbox: mpsc::Receiver<LinkCommand>) {
        loop {
            Box::pin(self.carry_out()).await;
            let deadline = self.link.poll_timeout().map(|(due, _)| self.setup.clock.instant(due));
            let event = tokio::select! {
                biased;
                command = inbox.recv() => match command {
                    Some(command) => {
                        if let LinkCommand::Pace(interval) = &command {
                            self.interval = *interval;
                        }
                        Some(command.into())
                    }
                    None => break,
                },
                () = sleep_until(deadline) => Some(LinkEvent::Timeout),
                Ok(()) = self.line.changed() => self.line_changed(),
            };
            if let Some(event) = event {
                self.link.handle(event, self.setup.clock.now());
            }
        }
        // It stops for good, which others are told; one that only falls silent for a while is missed by them.
        self.say_goodbye().await;
        self.link.handle(LinkEvent::Stop, self.setup.clock.now());
        self.carry_out().await;
    }

    /// The hub has another connection, or none.
    fn line_changed(&mut self) -> Option<LinkEvent> {
        let line = self.line.borrow_and_update().clone();
        match (line, self.open.as_ref().map(|(number, _)| *number)) {
            (Line::Up(number, _), Some(open)) if number == open => None,
            (Line::Down(_) | Line::Dialling, None) if !self.dialling => None,
            (Line::Dialling, None) => None,
            (Line::Up(..) | Line::Dialling, Some(_)) => {
                self.open = None;
                // The next look at it finds that nobody need wait.
                self.line.mark_changed();
                Some(LinkEvent::Closed(Transient::Broken { detail: String::new() }))
            }
            (Line::Down(failure), Some(_)) => {
                self.open = None;
                Some(match failure {
                    Failure::Transient(why) => LinkEvent::Closed(why),
                    Failure::Fatal(why) => LinkEvent::Block(why),
                })
            }
            (Line::Down(failure), None) => {
                self.dialling = false;
                Some(LinkEvent::DialFailed(failure))
            }
            (Line::Up(number, commands), None) if self.dialling => {
                self.dialling = false;
                self.open = Some((number, commands));
                self.registered = false;
                Some(LinkEvent::Opened)
            }
            // Whoever waits need not wait any longer.
            (Line::Up(..), None) => Some(LinkEvent::Retry),
        }
    }

    /// Does what the machine wants, until it wants nothing.
    async fn carry_out(&mut self) {
        loop {
            while let Some(report) = self.link.poll_report() {
                self.report(report).await;
            }
            let Some(action) = self.link.poll_action() else { break };
            let event = match action {
                LinkAction::Dial => {
                    self.dialling = true;
                    self.open = None;
                    self.line_changed()
                }
                LinkAction::Beat { .. } => self.beat().await,
                LinkAction::Ping => self.ping().await,
                LinkAction::Close(_) | LinkAction::Abandon => {
                    self.open = None;
                    self.dialling = false;
                    None
                }
            };
            if let Some(event) = event {
                self.link.handle(event, self.setup.clock.now());
            }
        }
    }

    async fn report(&self, report: LinkReport) {
        // The fleet is gone only when the engine ends.
        let _ = self.setup.output.send((self.setup.id.clone(), report)).await;
    }

    async fn beat(&mut self) -> Option<LinkEvent> {
        let (_, mut commands) = self.open.clone()?;
        let at = self.setup.clock.now();
        let pipeline = match self.pipeline() {
            Ok(pipeline) => pipeline,
            Err(error) => return Some(LinkEvent::Closed(Transient::Protocol { detail: error.to_string() })),
        };
        let asked = pipeline.query_async::<Value>(&mut commands);
        match tokio::time::timeout(self.setup.timing.pong_within, asked).await {
            Ok(Ok(_)) => {
                self.registered = true;
                self.link.handle(LinkEvent::Inbound, self.setup.clock.now());
                Some(LinkEvent::Sent { at })
            }
            Ok(Err(error)) => Some(self.lost(&error)),
            Err(_) => {
                self.open = None;
                Some(LinkEvent::Closed(Transient::NoPong))
            }
        }
    }

    /// One beat: the message, the hash, and how long that lives; at the first one of a connection also that it registered.
    fn pipeline(&mut self) -> serde_json::Result<Pipeline> {
        self.sequence += 1;
        let timestamp = now_ms();
        let interval_ms = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX);
        let (pid, metrics) = self.setup.figures.of(&self.setup.id, self.setup.clock.now());
        let limits = &self.setup.bus.limits;
        let limits =
            Limits { errors: limits.errors.into(), memory_mb: limits.memory_mb.into(), queue: limits.queue.into() };
        let message = BeatMessage {
            agent_id: &self.name,
            agent_type: KIND,
            timestamp,
            sequence: self.sequence,
            status: status(&metrics, &limits),
            metrics,
            current_task: None,
            task_progress: None,
            interval_ms,
            fence: None,
        };
        let mut pipeline = pipe();
        if !self.registered {
            let registered = [("registeredAt", self.began.to_string()), ("status", "starting".to_owned())];
            pipeline.cmd("HSET").arg(&self.key).arg(&registered[..]);
            pipeline.cmd("HDEL").arg(&self.key).arg("stoppedAt");
        }
        pipeline.cmd("PUBLISH").arg(&self.setup.bus.channel).arg(serde_json::to_vec(&message)?);
        pipeline.cmd("HSET").arg(&self.key).arg(hash_fields(&message, &self.host, pid));
        pipeline.cmd("EXPIRE").arg(&self.key).arg(lives_for_seconds(interval_ms));
        Ok(pipeline)
    }

    async fn ping(&mut self) -> Option<LinkEvent> {
        let (_, mut commands) = self.open.clone()?;
        let ping = redis::cmd("PING");
        match tokio::time::timeout(self.setup.timing.pong_within, ping.query_async::<Value>(&mut commands)).await {
            Ok(Ok(_)) => Some(LinkEvent::Inbound),
            Ok(Err(error)) => Some(self.lost(&error)),
            Err(_) => {
                self.open = None;
                Some(LinkEvent::Closed(Transient::NoPong))
            }
        }
    }

    /// Its hash says that it stopped, as the how-to has it; nothing is published.
    async fn say_goodbye(&mut self) {
        let Some((_, mut commands)) = self.open.clone().filter(|_| self.sequence > 0) else { return };
        let stopped = [("status", "stopped".to_owned()), ("stoppedAt", now_ms().to_string())];
        let mut hash = redis::cmd("HSET");
        hash.arg(&self.key).arg(&stopped[..]);
        let _ = tokio::time::timeout(CLOSE_WITHIN, hash.query_async::<Value>(&mut commands)).await;
    }

    fn lost(&mut self, error: &RedisError) -> LinkEvent {
        tracing::debug!(id = %self.setup.id, "a beat was not taken: {error}");
        self.open = None;
        LinkEvent::Closed(Transient::Broken { detail: error.to_string() })
    }
}

fn now_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default()
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
