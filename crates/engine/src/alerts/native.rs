//! macOS and Windows, where `notify-rust` talks to the system. They do not tell of clicks through it; the notice brings
//! the app's name.

use std::sync::Arc;

use beatkeeper_core::notice::Notice;

use super::draft::draft;
use super::queue::Queue;
use super::{OnClick, PATIENCE, Problem};

pub(super) async fn run(queue: Arc<Queue>, _on_click: OnClick, problem: Problem) {
    while let Some(notice) = queue.next().await {
        problem.set(show(notice).await);
    }
}

async fn show(notice: Notice) -> Result<(), String> {
    let shown = tokio::task::spawn_blocking(move || draft(&notice).show().map(drop));
    match tokio::time::timeout(PATIENCE, shown).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err(format!("{error}. Allow Beatkeeper's notifications in the system's settings.")),
        Ok(Err(error)) => Err(format!("{error}. Restart Beatkeeper.")),
        Err(_) => Err(format!(
            "the system did not answer within {} s. Sign out and in again if this stays.",
            PATIENCE.as_secs()
        )),
    }
}
