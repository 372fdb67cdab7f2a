//! A program that ends with 0 while the agent is well.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use beatkeeper_core::supervise::Probed;

use crate::processes::oneshot;

pub(super) async fn ask(argv: &[String], folder: &Path, within: Duration) -> Probed {
    match oneshot::run(argv, folder, within, Stdio::null()).await {
        Ok(()) => Probed::Well(None),
        Err(problem) => Probed::Unwell(problem),
    }
}
