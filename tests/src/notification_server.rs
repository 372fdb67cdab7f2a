//! A notification server that writes down what it is given, clicks on request or by itself, and can hang.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::sync::watch;
use xtask::rig::Desktop;
use zbus::message::Header;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, interface};

use crate::until;

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";

/// A notice as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its number.
    pub id: u32,
    /// The number of the notice it replaces, or 0.
    pub replaces: u32,
    /// Who sent it.
    pub app: String,
    /// First line.
    pub title: String,
    /// The rest.
    pub body: String,
    /// Keys and labels, in turn.
    pub actions: Vec<String>,
    /// 0 low, 1 normal, 2 critical.
    pub urgency: Option<u8>,
    /// Whether it is not kept once it was seen.
    pub transient: bool,
}

/// When a notice is clicked without being asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clicks {
    /// Never.
    #[default]
    Never,
    /// Before its sender learns its number.
    BeforeTheAnswer,
    /// As the very next thing that the sender hears.
    AfterTheAnswer,
}

/// Whom a server tells what becomes of a notice. The specification leaves it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// All that listen, as many servers do.
    #[default]
    Everyone,
    /// The connection that sent it, as GNOME Shell and dunst do.
    Sender,
}

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Manners {
    /// What it says it can do.
    pub capabilities: Vec<&'static str>,
    /// Clicks by itself.
    pub clicks: Clicks,
    /// Whom it tells.
    pub audience: Audience,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            capabilities: vec!["actions", "body", "body-markup", "icon-static", "persistence"],
            clicks: Clicks::default(),
            audience: Audience::default(),
        }
    }
}

/// The only notification server of a desktop.
pub struct NotificationServer {
    bus: Connection,
    seen: Arc<Mutex<Seen>>,
    hangs: watch::Sender<bool>,
}

#[derive(Default)]
struct Seen {
    arrived: Vec<Notification>,
    /// What the program itself took away, by number.
    closed: Vec<u32>,
    /// Questions and notices, also those that it does not answer.
    calls: usize,
}

impl NotificationServer {
    /// Starts it.
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        Self::start_with(desktop, Manners::default()).await
    }

    /// Starts one with other manners.
    pub async fn start_with(desktop: &Desktop, manners: Manners) -> Result<Self> {
        let (seen, hangs) = (Arc::default(), watch::Sender::new(false));
        let served = Served { seen: Arc::clone(&seen), hangs: hangs.subscribe(), manners };
        let bus = crate::tray_host::bus(desktop)?.serve_at(PATH, served)?.name(NAME)?.build().await?;
        Ok(Self { bus, seen, hangs })
    }

    /// Ends it, as one that crashes does.
    pub async fn stop(self) -> Result<()> {
        Ok(self.bus.close().await?)
    }

    /// From now on nothing is answered, or again everything, also what was asked meanwhile.
    pub fn hang(&self, hangs: bool) {
        self.hangs.send_replace(hangs);
    }

    /// Everything that arrived so far, oldest first.
    #[must_use]
    pub fn arrived(&self) -> Vec<Notification> {
        lock(&self.seen).arrived.clone()
    }

    /// The numbers of those that the program itself took away.
    #[must_use]
    pub fn closed(&self) -> Vec<u32> {
        lock(&self.seen).closed.clone()
    }

    /// How often it was called, answered or not.
    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.seen).calls
    }

    /// How many connections the bus has.
    pub async fn connections(&self) -> Result<usize> {
        let names = zbus::fdo::DBusProxy::new(&self.bus).await?.list_names().await?;
        Ok(names.iter().filter(|name| name.starts_with(':')).count())
    }

    /// Waits for a notice with this title.
    pub async fn notice(&self, title: &str) -> Result<Notification> {
        until(&format!("the notice \"{title}\""), async || {
            Ok(self.arrived().into_iter().find(|notice| notice.title == title))
        })
        .await
    }

    /// Clicks a notice, or one of its buttons.
    pub async fn click(&self, notice: &Notification, action: &str) -> Result<()> {
        self.emit("ActionInvoked", &(notice.id, action)).await
    }

    /// Gives out what lets a window come to the front, as is done before a click.
    pub async fn give_token(&self, notice: &Notification, token: &str) -> Result<()> {
        self.emit("ActivationToken", &(notice.id, token)).await
    }

    /// Takes a notice away, as after a click.
    pub async fn dismiss(&self, notice: &Notification) -> Result<()> {
        const BY_A_PERSON: u32 = 2;
        self.emit("NotificationClosed", &(notice.id, BY_A_PERSON)).await
    }

    async fn emit(
        &self,
        signal: &str,
        body: &(impl zbus::export::serde::Serialize + zbus::zvariant::DynamicType),
    ) -> Result<()> {
        Ok(self.bus.emit_signal(None::<&str>, PATH, NAME, signal, body).await?)
    }
}

struct Served {
    seen: Arc<Mutex<Seen>>,
    hangs: watch::Receiver<bool>,
    manners: Manners,
}

impl Served {
    async fn called(&self) -> zbus::fdo::Result<()> {
        lock(&self.seen).calls += 1;
        let mut hangs = self.hangs.clone();
        match hangs.wait_for(|hangs| !hangs).await {
            Ok(_) => Ok(()),
            Err(_) => Err(zbus::fdo::Error::Disconnected("it is ending".into())),
        }
    }
}

#[interface(name = "org.freedesktop.Notifications")]
impl Served {
    async fn get_capabilities(&self) -> zbus::fdo::Result<Vec<&str>> {
        self.called().await?;
        Ok(self.manners.capabilities.clone())
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("Written down", "Beatkeeper", "1", "1.2")
    }

    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value, reason = "the specification wants these")]
    async fn notify(
        &self,
        app: String,
        replaces: u32,
        _icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _expires: i32,
        #[zbus(connection)] bus: &Connection,
        #[zbus(header)] header: Header<'_>,
    ) -> zbus::fdo::Result<u32> {
        self.called().await?;
        let urgency = hints.get("urgency").and_then(|hint| u8::try_from(hint).ok());
        let transient = hints.get("transient").and_then(|hint| bool::try_from(hint).ok()).unwrap_or_default();
        let id = {
            let mut seen = lock(&self.seen);
            let newest = seen.arrived.iter().map(|notice| notice.id).max().unwrap_or_default();
            let id = if replaces == 0 { newest + 1 } else { replaces };
            seen.arrived.push(Notification { id, replaces, app, title, body, actions, urgency, transient });
            id
        };
        let audience =
            header.sender().map(|sender| sender.to_string()).filter(|_| self.manners.audience == Audience::Sender);
        match self.manners.clicks {
            Clicks::Never => {}
            Clicks::BeforeTheAnswer => click(bus, audience.as_deref(), id).await?,
            Clicks::AfterTheAnswer => {
                // The answer is sent when this returns. To be behind it and ahead of all else, it is sent here.
                bus.reply(&header, &id).await?;
                click(bus, audience.as_deref(), id).await?;
            }
        }
        Ok(id)
    }

    fn close_notification(&self, id: u32) {
        lock(&self.seen).closed.push(id);
    }
}

async fn click(bus: &Connection, audience: Option<&str>, id: u32) -> zbus::Result<()> {
    bus.emit_signal(audience, PATH, NAME, "ActionInvoked", &(id, "default")).await?;
    bus.emit_signal(audience, PATH, NAME, "NotificationClosed", &(id, 2_u32)).await
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
