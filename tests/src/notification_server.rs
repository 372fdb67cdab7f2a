//! A notification server that writes down what it is given, and clicks on request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use xtask::rig::Desktop;
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
}

/// The only notification server of a desktop.
pub struct NotificationServer {
    bus: Connection,
    arrived: Arc<Mutex<Vec<Notification>>>,
}

impl NotificationServer {
    /// Starts it.
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        let arrived = Arc::default();
        let served = Served { arrived: Arc::clone(&arrived) };
        let bus = crate::tray_host::bus(desktop)?.name(NAME)?.serve_at(PATH, served)?.build().await?;
        Ok(Self { bus, arrived })
    }

    /// Everything that arrived so far, oldest first.
    #[must_use]
    pub fn arrived(&self) -> Vec<Notification> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    arrived: Arc<Mutex<Vec<Notification>>>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Served {
    fn get_capabilities(&self) -> Vec<&str> {
        vec!["actions", "body", "body-markup", "icon-static", "persistence"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("Written down", "Beatkeeper", "1", "1.2")
    }

    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value, reason = "the specification wants these")]
    fn notify(
        &self,
        app: String,
        replaces: u32,
        _icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = arrived.iter().map(|notice| notice.id).max().unwrap_or_default();
        let id = if replaces == 0 { newest + 1 } else { replaces };
        let urgency = hints.get("urgency").and_then(|hint| u8::try_from(hint).ok());
        arrived.push(Notification { id, replaces, app, title, body, actions, urgency });
        id
    }

    fn close_notification(&self, _id: u32) {}
}
