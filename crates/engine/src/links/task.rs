//! The task of one link.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::failure::{Failure, Fatal, Transient};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::link::{Link, LinkAction, LinkEvent, LinkReport, LinkTiming};
use beatkeeper_vault::{Signer, Vault};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::artcafe::Cafe;
use super::dial::from_socket;
use super::speech::{self, Conversation, Key};
use crate::clock::{Clock, due};
use crate::leases::{Leases, Leave};

/// How long a goodbye may take.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// What the fleet tells a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Run.
    Start,
    /// Stop, with a goodbye.
    Stop,
    /// Stop in the same way, for a while: what signs is kept, since the vault may be locked by then.
    Rest,
    /// One of its beats was confirmed.
    Confirmed,
    /// Beat at another interval from now on.
    Pace(Duration),
    /// Dialling cannot help. Boxed: every link has room for a few commands.
    Block(Box<Fatal>),
    /// It can again.
    Unblock,
    /// A person wants it dialled now.
    Retry,
    /// A beat is wanted now.
    BeatNow,
    /// The computer slept.
    Woke,
}

/// What links tell the fleet.
pub type LinkOutput = (EntityId, LinkReport);

/// Where signatures come from.
#[derive(Clone)]
pub enum Signing {
    /// The vault, asked when the link dials.
    Vault(Vault),
    /// A signer at hand, for benchmarks and tests.
    Ready(Signer),
}

/// What a link needs.
pub struct LinkSetup {
    /// Whose.
    pub id: EntityId,
    /// The numbers.
    pub timing: LinkTiming,
    /// For its jitter.
    pub seed: u64,
    /// The rest.
    pub shared: Arc<LinkShared>,
}

/// What the links to one registry share.
pub struct LinkShared {
    /// Where.
    pub base: BaseUrl,
    /// What is spoken there; a link that is open goes on in its own until it is dialled anew.
    pub dialect: watch::Sender<Dialect>,
    /// What ArtCafe has to be told.
    pub cafe: Option<Cafe>,
    /// Whether unencrypted traffic may leave this computer.
    pub allow_plain: bool,
    /// Who signs.
    pub signing: Signing,
    /// The clock.
    pub clock: Arc<Clock>,
    /// TLS.
    pub tls: Arc<ClientConfig>,
    /// So many dial at once, over all links.
    pub dials: Arc<Semaphore>,
    /// So many wait for the vault at once, over all links: each holds a thread.
    pub keys: Arc<Semaphore>,
    /// Whom we may beat for, where a team settles that.
    pub(crate) leases: Arc<Leases>,
    /// Reports go here.
    pub output: mpsc::Sender<LinkOutput>,
}

impl LinkShared {
    pub(super) fn dialect(&self) -> Dialect {
        *self.dialect.borrow()
    }
}

/// A running link. Dropping the handle stops it, with a goodbye.
pub struct LinkHandle {
    commands: mpsc::Sender<LinkCommand>,
    task: tokio::task::JoinHandle<()>,
}

impl LinkHandle {
    /// Starts a task that takes commands until there is nobody left to give any.
    pub(crate) fn of<F>(task: impl FnOnce(mpsc::Receiver<LinkCommand>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (commands, inbox) = mpsc::channel(16);
        Self { commands, task: tokio::spawn(task(inbox)) }
    }

    /// Tells the link. A link that has that much unread will read the newest state of things anyway.
    pub fn tell(&self, command: LinkCommand) {
        let _ = self.commands.try_send(command);
    }

    /// Whether the task ended without having been asked to.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Stops the link and waits for its goodbye, which is bounded.
    pub async fn stop(self) {
        drop(self.commands);
        let _ = self.task.await;
    }
}

/// Starts a link's task; it idles until told to [`LinkCommand::Start`].
#[must_use]
pub fn start(setup: LinkSetup) -> LinkHandle {
    LinkHandle::of(|inbox| Task::new(setup).run(inbox))
}

type Dialling = Pin<Box<dyn Future<Output = Result<Conversation, Failure>> + Send>>;

struct Task {
    id: EntityId,
    pong_within: Duration,
    shared: Arc<LinkShared>,
    link: Link,
    conversation: Option<Conversation>,
    /// Of the last conversation, for the next.
    key: Option<Key>,
    dialling: Option<Dialling>,
}

impl Task {
    fn new(setup: LinkSetup) -> Self {
        let link = Link::new(setup.timing, setup.seed);
        Self {
            id: setup.id,
            pong_within: setup.timing.pong_within,
            shared: setup.shared,
            link,
            conversation: None,
            key: None,
            dialling: None,
        }
    }

    async fn run(mut self, mut inbox: mpsc::Receiver<LinkCommand>) {
        loop {
            // Boxed: its state is as large as the rest, and a link waits nearly all the time.
            Box::pin(self.carry_out()).await;
            let deadline = self.link.poll_timeout().map(|(due, _)| self.shared.clock.instant(due));
            let event = tokio::select! {
                biased;
                command = inbox.recv() => match command {
                    Some(LinkCommand::Stop) => {
                        self.link.handle(LinkEvent::Stop, self.shared.clock.now());
                        Box::pin(self.carry_out()).await;
                        // Whoever starts it again may have given the agent another key.
                        self.key = None;
                        continue;
                    }
                    Some(command) => command.into(),
                    None => break,
                },
                () = due(deadline) => LinkEvent::Timeout,
                dialled = progress(&mut self.dialling) => self.dialled(dialled),
                received = receive(&mut self.conversation) => self.received(received),
            };
            self.link.handle(event, self.shared.clock.now());
        }
        self.link.handle(LinkEvent::Stop, self.shared.clock.now());
        self.carry_out().await;
    }

    /// Does what the machine wants, until it wants nothing.
    async fn carry_out(&mut self) {
        loop {
            while let Some(report) = self.link.poll_report() {
                // The fleet is gone only when the engine ends.
                let _ = self.shared.output.send((self.id.clone(), report)).await;
            }
            let Some(action) = self.link.poll_action() else { break };
            let event = match action {
                LinkAction::Dial => {
                    self.hang_up();
                    let (shared, key) = (Arc::clone(&self.shared), self.key.take());
                    self.dialling = Some(Box::pin(speech::open(self.id.clone(), shared, key)));
                    None
                }
                LinkAction::Beat { ping } => self.beat(ping).await,
                LinkAction::Ping => self.send([Message::Ping(Bytes::new())]).await,
                LinkAction::Close(code) => {
                    self.close(code).await;
                    None
                }
                LinkAction::Abandon => {
                    self.hang_up();
                    self.dialling = None;
                    None
                }
            };
            if let Some(event) = event {
                self.link.handle(event, self.shared.clock.now());
            }
        }
    }

    async fn beat(&mut self, ping: bool) -> Option<LinkEvent> {
        let Some(conversation) = &self.conversation else {
            return Some(LinkEvent::CannotSign(Fatal::KeyMissing));
        };
        let at = self.shared.clock.now();
        // Whoever tells us to be silent may be slow, and the computer may have slept.
        if self.shared.leases.leave(&self.id, at) == Leave::None {
            self.hang_up();
            return Some(LinkEvent::Closed(Transient::Broken { detail: "its lease ended".into() }));
        }
        let frame = conversation.beat(&self.id, jiff::Timestamp::now());
        let failed = if ping {
            self.send([Message::text(frame), Message::Ping(Bytes::new())]).await
        } else {
            self.send([Message::text(frame)]).await
        };
        tracing::trace!(id = %self.id, late_ms = self.link.late_by(self.shared.clock.now()).map(beatkeeper_core::time::millis), "beat");
        failed.or(Some(LinkEvent::Sent { at }))
    }

    /// Sends messages in one write.
    async fn send<const N: usize>(&mut self, messages: [Message; N]) -> Option<LinkEvent> {
        let socket = &mut self.conversation.as_mut()?.socket;
        let write = async {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        // A peer that does not read fills the buffers at last; the pong's deadline is the one that counts then.
        match tokio::time::timeout(self.pong_within, write).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                let why = self.last_words().unwrap_or_else(|| from_socket(&error));
                self.hang_up();
                Some(LinkEvent::Closed(why))
            }
            Err(_) => {
                self.hang_up();
                Some(LinkEvent::Closed(Transient::NoPong))
            }
        }
    }

    async fn close(&mut self, code: u16) {
        if let Some(mut conversation) = self.conversation.take() {
            let goodbye = conversation.goodbye(&self.id).map(Message::text);
            let frame = CloseFrame { code: code.into(), reason: "".into() };
            let socket = &mut conversation.socket;
            let farewell = async {
                if let Some(goodbye) = goodbye {
                    socket.send(goodbye).await?;
                }
                socket.close(Some(frame)).await
            };
            let _ = tokio::time::timeout(CLOSE_WITHIN, farewell).await;
            self.key = Some(conversation.key);
        }
    }

    /// The peer's goodbye, where it lies unread: it says more than that nothing can be written any more.
    fn last_words(&mut self) -> Option<Transient> {
        let socket = &mut self.conversation.as_mut()?.socket;
        while let Some(Some(Ok(message))) = socket.next().now_or_never() {
            if let Message::Close(frame) = message {
                return Some(closed_by_server(frame));
            }
        }
        None
    }

    /// The socket is gone, or not wanted any more; what signs is kept for the next.
    fn hang_up(&mut self) {
        if let Some(conversation) = self.conversation.take() {
            self.key = Some(conversation.key);
        }
    }

    fn dialled(&mut self, dialled: Result<Conversation, Failure>) -> LinkEvent {
        self.dialling = None;
        match dialled {
            Ok(conversation) => {
                self.conversation = Some(conversation);
                LinkEvent::Opened
            }
            Err(failure) => {
                tracing::debug!(id = %self.id, code = failure.code(), "dial failed: {failure}");
                LinkEvent::DialFailed(failure)
            }
        }
    }

    fn received(&mut self, received: Option<Result<Message, Error>>) -> LinkEvent {
        match received {
            Some(Ok(Message::Close(frame))) => {
                self.hang_up();
                LinkEvent::Closed(closed_by_server(frame))
            }
            Some(Ok(Message::Text(text))) => {
                self.conversation.as_ref().map_or(LinkEvent::Inbound, |conversation| conversation.hear(&text))
            }
            Some(Ok(_)) => LinkEvent::Inbound,
            Some(Err(error)) => {
                self.hang_up();
                LinkEvent::Closed(from_socket(&error))
            }
            None => {
                self.hang_up();
                LinkEvent::Closed(Transient::Broken { detail: String::new() })
            }
        }
    }
}

/// A close frame without a code is 1005 by RFC 6455, 7.1.5.
fn closed_by_server(frame: Option<CloseFrame>) -> Transient {
    let Some(frame) = frame else { return Transient::ClosedByServer { code: 1005, reason: String::new() } };
    let reason = frame.reason.chars().filter(|c| !c.is_control()).collect();
    Transient::ClosedByServer { code: frame.code.into(), reason }
}

impl From<LinkCommand> for LinkEvent {
    fn from(command: LinkCommand) -> Self {
        match command {
            LinkCommand::Start => Self::Start,
            LinkCommand::Stop | LinkCommand::Rest => Self::Stop,
            LinkCommand::Confirmed => Self::Confirmed,
            LinkCommand::Pace(interval) => Self::Pace(interval),
            LinkCommand::Block(fatal) => Self::Block(*fatal),
            LinkCommand::Unblock => Self::Unblock,
            LinkCommand::Retry => Self::Retry,
            LinkCommand::BeatNow => Self::BeatNow,
            LinkCommand::Woke => Self::Woke,
        }
    }
}

async fn progress(dialling: &mut Option<Dialling>) -> Result<Conversation, Failure> {
    match dialling {
        Some(dialling) => dialling.await,
        None => std::future::pending().await,
    }
}

async fn receive(conversation: &mut Option<Conversation>) -> Option<Result<Message, Error>> {
    match conversation {
        Some(conversation) => conversation.socket.next().await,
        None => std::future::pending().await,
    }
}
