//! The signal `PrepareForSleep` of `org.freedesktop.login1.Manager` (systemd-logind, elogind) on the system bus.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use zbus::connection::Builder;
use zbus::{MatchRule, MessageStream};

use super::PowerEvent;

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
    while let Some(signals) = found {
        hear(signals, notify).await;
        tracing::debug!("the system bus is gone");
        found = find_again(address).await;
    }
}

async fn find_again(address: Option<&str>) -> Option<MessageStream> {
    for wait in AGAIN_AFTER {
        sleep(wait).await;
        if let Some(signals) = find(address).await {
            return Some(signals);
        }
    }
    None
}

async fn find(address: Option<&str>) -> Option<MessageStream> {
    match timeout(PATIENCE, Box::pin(subscribe(address))).await {
        Ok(Ok(signals)) => Some(signals),
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

async fn subscribe(address: Option<&str>) -> zbus::Result<MessageStream> {
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
    MessageStream::for_match_rule(rule, &bus, None).await
}

/// Ends with the connection.
async fn hear(mut signals: MessageStream, notify: &mpsc::Sender<PowerEvent>) {
    while let Some(Ok(signal)) = signals.next().await {
        let Ok(begins) = signal.body().deserialize::<bool>() else { continue };
        let event = if begins { PowerEvent::GoingToSleep } else { PowerEvent::Woke };
        // A receiver that is gone ends the task itself.
        let _ = notify.send(event).await;
    }
}

#[cfg(test)]
mod tests;
