//! The link of an agent of a bus that we beat for: the same machine as on a WebSocket, over its hub's connection.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::bus::{Limits, status};
use beatkeeper_core::failure::{Failure, Transient};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::link::{Link, LinkAction, LinkEvent, LinkReport, LinkTiming};
use redis::{Pipeline, RedisError, Value};
use tokio::sync::{mpsc, watch};

use super::beat::{Beats, Said};
use super::hub::{Hub, Line};
use super::server::Commands;
use crate::clock::{Clock, due};
use crate::figures::Figures;
use crate::leases::{Leases, Leave};
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
    /// What we may beat under.
    pub(crate) leases: Arc<Leases>,
    pub(crate) clock: Arc<Clock>,
    /// Reports go here.
    pub(crate) output: mpsc::Sender<LinkOutput>,
}

/// Starts a link's task; it idles until told to [`LinkCommand::Start`].
pub(crate) fn start(setup: BeatSetup, hub: &Hub) -> LinkHandle {
    LinkHandle::of(|inbox| Task::new(setup, hub.line()).run(inbox))
}

struct Task {
    beats: Beats,
    setup: BeatSetup,
    line: watch::Receiver<Line>,
    link: Link,
    interval: Duration,
    /// The connection that it is open on, and its number.
    open: Option<(u64, Commands)>,
    dialling: bool,
}

impl Task {
    fn new(setup: BeatSetup, line: watch::Receiver<Line>) -> Self {
        let name = setup.id.parts().map(|(_, name)| name.into_owned()).unwrap_or_default();
        Self {
            beats: Beats::of(name, &setup.bus),
            link: Link::new(setup.timing, setup.seed),
            interval: setup.timing.interval,
            setup,
            line,
            open: None,
            dialling: false,
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
                () = due(deadline) => Some(LinkEvent::Timeout),
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
                self.beats.connect_anew();
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
        tracing::trace!(id = %self.setup.id, late_ms = self.link.late_by(at).map(beatkeeper_core::time::millis), "beat");
        let pipeline = match self.next_beat() {
            Ok(pipeline) => pipeline,
            Err(why) => return Some(LinkEvent::Closed(why)),
        };
        let asked = pipeline.query_async::<Vec<Value>>(&mut commands);
        match tokio::time::timeout(self.setup.timing.pong_within, asked).await {
            Ok(Ok(answers)) => {
                if !self.beats.answered(&answers) {
                    self.open = None;
                    return Some(LinkEvent::Closed(lost_lease("a newer lease has written its hash")));
                }
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

    /// The next beat; nothing when its lease is over.
    fn next_beat(&mut self) -> Result<Pipeline, Transient> {
        let setup = &self.setup;
        let fence = match setup.leases.leave(&setup.id, setup.clock.now()) {
            Leave::Free => None,
            Leave::Under(fence) => Some(fence),
            Leave::None => return Err(lost_lease("its lease ended")),
        };
        let known = setup.figures.of(&setup.id, setup.clock.now());
        let limits = Limits::from(&setup.bus.limits);
        let said = Said {
            interval: self.interval,
            kind: KIND,
            label: None,
            status: status(&known.metrics, &limits),
            known: &known,
            fence,
        };
        self.beats.next(&said).map_err(|error| Transient::Protocol { detail: error.to_string() })
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
        let Some(((_, mut commands), hash)) = self.open.clone().zip(self.beats.goodbye()) else { return };
        let _ = tokio::time::timeout(CLOSE_WITHIN, hash.query_async::<Value>(&mut commands)).await;
    }

    fn lost(&mut self, error: &RedisError) -> LinkEvent {
        tracing::debug!(id = %self.setup.id, "a beat was not taken: {error}");
        self.open = None;
        LinkEvent::Closed(Transient::Broken { detail: error.to_string() })
    }
}

fn lost_lease(detail: &str) -> Transient {
    Transient::Broken { detail: detail.into() }
}
