//! The signal `PrepareForSleep` of `org.freedesktop.login1.Manager` (systemd-logind, elogind) on the system bus, and its lock that
//! delays a sleep until a program is ready for it.

use std::os::fd::OwnedFd;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::{Connection, MatchRule, MessageStream};

use super::{Delay, PowerEvent};

const LOGIND: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const PREPARE_FOR_SLEEP: &str = "PrepareForSleep";

/// How long the bus may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A bus that is gone may be restarting: waits before it is tried again. After the last one it is given up.
const AGAIN_AFTER: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];

pub(super) async fn watch(notify: mpsc::Sender<PowerEvent>) {
    watch_at(None, notify).await;
}

/// Listens on the system bus, or on the bus at an address.
async fn watch_at(address: Option<String>, notify: mpsc::Sender<PowerEvent>) {
    tokio::select! {
        () = listen(address.as_deref(), &notify) => notify.closed().await,
        () = notify.closed() => {}
    }
}

/// Ends when there is no bus.
async fn listen(address: Option<&str>, notify: &mpsc::Sender<PowerEvent>) {
    let mut found = find(address).await;
    while let Some(ears) = found {
        hear(ears, notify).await;
        tracing::debug!("the system bus is gone");
        found = find_again(address).await;
    }
}

async fn find_again(address: Option<&str>) -> Option<Ears> {
    for wait in AGAIN_AFTER {
        sleep(wait).await;
        if let Some(ears) = find(address).await {
            return Some(ears);
        }
    }
    None
}

/// The signals, and the bus that locks are asked for on.
struct Ears {
    bus: Connection,
    signals: MessageStream,
}

async fn find(address: Option<&str>) -> Option<Ears> {
    match timeout(PATIENCE, Box::pin(subscribe(address))).await {
        Ok(Ok(ears)) => Some(ears),
        Ok(Err(error)) => {
            tracing::debug!("no word of sleep from the system: {error}");
            None
        }
        Err(_) => {
            tracing::debug!("no word of sleep from the system: its bus does not answer");
            None
        }
    }
}

async fn subscribe(address: Option<&str>) -> zbus::Result<Ears> {
    let builder = match address {
        Some(address) => Builder::address(address)?,
        None => Builder::system()?,
    };
    let bus = builder.build().await?;
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender(LOGIND)?
        .path(PATH)?
        .interface(MANAGER)?
        .member(PREPARE_FOR_SLEEP)?
        .build();
    Ok(Ears { signals: MessageStream::for_match_rule(rule, &bus, None).await?, bus })
}

/// Ends with the connection.
async fn hear(ears: Ears, notify: &mpsc::Sender<PowerEvent>) {
    let Ears { bus, mut signals } = ears;
    let mut lock = ask_for_a_moment(&bus).await;
    while let Some(Ok(signal)) = signals.next().await {
        let Ok(begins) = signal.body().deserialize::<bool>() else { continue };
        // A receiver that is gone ends the task itself.
        if begins {
            let _ = notify.send(PowerEvent::GoingToSleep(Delay { _lock: lock.take() })).await;
        } else {
            let _ = notify.send(PowerEvent::Woke).await;
            lock = ask_for_a_moment(&bus).await;
        }
    }
}

/// Has the next sleep wait until what this answers is closed, where the system grants it.
async fn ask_for_a_moment(bus: &Connection) -> Option<OwnedFd> {
    let what = ("sleep", "Beatkeeper", "Hands its agents over to the team", "delay");
    let asked = bus.call_method(Some(LOGIND), PATH, Some(MANAGER), "Inhibit", &what);
    match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => answer.body().deserialize::<zbus::zvariant::OwnedFd>().ok().map(OwnedFd::from),
        Ok(Err(error)) => {
            tracing::debug!("the system does not wait before it sleeps: {error}");
            None
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
