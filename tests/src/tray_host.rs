//! A tray host without a picture: it takes items, reads them, and clicks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use xtask::rig::Desktop;
use zbus::connection::Builder;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{Connection, Proxy, interface};

use crate::until;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const ITEM_PATH: &str = "/StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// A connection to the desktop's session bus.
pub(crate) fn bus(desktop: &Desktop) -> Result<Builder<'static>> {
    let address = desktop.envs().into_iter().find(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS");
    let (_, address) = address.context("the desktop has no session bus")?;
    Ok(Builder::address(address.as_str())?)
}

/// The only tray host of a desktop.
pub struct TrayHost {
    bus: Connection,
    items: Arc<Mutex<Vec<String>>>,
}

/// An icon in the tray.
pub struct Item {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

/// A line of an icon's menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub id: i32,
    /// What a person reads; empty for a line between.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// The lines of its own menu.
    pub below: Vec<Self>,
}

impl TrayHost {
    /// Starts it.
    pub async fn start(desktop: &Desktop) -> Result<Self> {
        let items = Arc::default();
        let served = Watcher { items: Arc::clone(&items) };
        let bus = bus(desktop)?.serve_at(WATCHER_PATH, served)?.name(WATCHER)?.build().await?;
        Ok(Self { bus, items })
    }

    /// The first item that registered, as soon as one has.
    pub async fn item(&self) -> Result<Item> {
        let service = until("an item in the tray", async || {
            Ok(self.items.lock().unwrap_or_else(PoisonError::into_inner).first().cloned())
        })
        .await?;
        let item = Proxy::new(&self.bus, service.clone(), ITEM_PATH, ITEM).await?;
        let path: zbus::zvariant::OwnedObjectPath = item.get_property("Menu").await?;
        let menu = Proxy::new(&self.bus, service, path, MENU).await?;
        Ok(Item { item, menu })
    }

    /// Ends it, as a panel that crashes does.
    pub async fn stop(self) -> Result<()> {
        Ok(self.bus.close().await?)
    }
}

impl Item {
    /// What the item says of itself, such as `Title`.
    pub async fn says(&self, property: &str) -> Result<String> {
        Ok(self.item.get_property(property).await?)
    }

    /// A left click.
    pub async fn activate(&self) -> Result<()> {
        Ok(self.item.call("Activate", &(10_i32, 10_i32)).await?)
    }

    /// The menu from top to bottom.
    pub async fn lines(&self) -> Result<Vec<Line>> {
        type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));
        let (_, (_, _, children)): Layout = self.menu.call("GetLayout", &(0_i32, -1_i32, Vec::<String>::new())).await?;
        children.into_iter().map(line).collect()
    }

    /// Waits until a line of the menu is as described, and answers it.
    pub async fn line(&self, what: &str, is: impl Fn(usize, &Line) -> bool) -> Result<Line> {
        let mut last = Vec::new();
        let found = until(&format!("{what} in the menu"), async || {
            last = self.lines().await?;
            Ok(last.iter().enumerate().find(|(at, line)| is(*at, line)).map(|(_, line)| line.clone()))
        })
        .await;
        found.with_context(|| format!("the last menu was {last:?}"))
    }

    /// Chooses the line with this label.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let line = self.line(label, |_, line| line.label == label).await?;
        self.click(&line).await
    }

    /// Chooses the line with this label in the menu of the line that begins like this.
    pub async fn choose_below(&self, start: &str, label: &str) -> Result<()> {
        let has = |line: &Line| line.label.starts_with(start) && line.below.iter().any(|line| line.label == label);
        let above = self.line(&format!("{label} below {start}"), |_, line| has(line)).await?;
        let line = above.below.iter().find(|line| line.label == label).context("it is not there")?;
        self.click(line).await
    }

    async fn click(&self, line: &Line) -> Result<()> {
        if !line.enabled {
            bail!("{} cannot be chosen", line.label);
        }
        Ok(self.menu.call("Event", &(line.id, "clicked", Value::from(0_i32), 0_u32)).await?)
    }
}

fn line(node: OwnedValue) -> Result<Line> {
    let fields = Structure::try_from(node)?.into_fields();
    let [Value::I32(id), Value::Dict(properties), Value::Array(below)] = fields.as_slice() else {
        bail!("no line: {fields:?}")
    };
    let label: Option<String> = properties.get(&"label")?;
    let enabled: Option<bool> = properties.get(&"enabled")?;
    let below = below.iter().map(|node| {
        let Value::Value(node) = node else { bail!("no line: {node:?}") };
        line(OwnedValue::try_from(&**node)?)
    });
    let below = below.collect::<Result<_>>()?;
    Ok(Line { id: *id, label: label.unwrap_or_default(), enabled: enabled.unwrap_or(true), below })
}

struct Watcher {
    items: Arc<Mutex<Vec<String>>>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(service);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
