//! macOS and Windows give their word only to programs with an event loop of the system's own kind. Here the clock alone
//! tells of sleep, within one look.

use tokio::sync::mpsc;

use super::PowerEvent;

pub(super) async fn watch(notify: mpsc::Sender<PowerEvent>) {
    notify.closed().await;
}
