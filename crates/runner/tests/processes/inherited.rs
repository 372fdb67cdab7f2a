//! What the app was started with is not handed on.

use std::fs;
use std::time::Duration;

use rustix::pipe::pipe;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;

use crate::scene::{Scene, lives};

/// A script that stays.
const STAY: &str = "echo runs; while [ ! -e go ]; do sleep 0.02; done";

#[tokio::test]
async fn whoever_waits_for_the_end_of_the_app_does_not_wait_for_its_agents() {
    let scene = Scene::new();
    // As a shell leaves it to the app: open in every child.
    let (reader, leaked) = pipe().unwrap();
    let mut reader = Receiver::from_owned_fd(reader).unwrap();
    let run = scene.sh(STAY).await;
    scene.logged("runs").await;
    drop(leaked);
    let mut nothing = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(60), reader.read_to_end(&mut nothing)).await;
    assert_eq!(end.expect("the pipe is closed").unwrap(), 0);
    assert!(lives(run.pid()) && lives(run.shim_pid()) && run.exit().is_none());
    scene.put("go");
}

#[tokio::test]
async fn an_agent_has_its_standard_streams_and_nothing_else() {
    let scene = Scene::new();
    let (_reader, _leaked) = pipe().unwrap();
    let run = scene.sh(STAY).await;
    scene.logged("runs").await;
    let entries = fs::read_dir(format!("/proc/{}/fd", run.pid())).unwrap();
    let mut open: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
    scene.put("go");
}
