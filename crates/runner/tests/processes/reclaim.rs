//! An app that was killed, a shim that was killed, and records that prove nothing.

use std::fs;
use std::process::{Command, Stdio};

use beatkeeper_runner::{Reclaimed, Run, StopSignal};
use serde_json::Value;

use crate::scene::{AGENT, Scene, kill, lives, order, shim, until};

/// Tells a process of this very test program that it is the app which will be killed.
const APP: &str = "RUNNER_TEST_APP_IN";

/// In the process that is to be killed, this is the app, until it is. In the one that kills it comes straight back.
async fn the_app_that_is_killed() {
    let Some(dir) = std::env::var_os(APP).map(std::path::PathBuf::from) else { return };
    let script = "i=0; while [ ! -e go ]; do i=$((i+1)); echo line $i; sleep 0.01; done; echo last; exit 3";
    let mut run = Run::start(&shim(), order(&dir, "sh", &["-c", script])).await.unwrap();
    fs::write(dir.join("project/app-has-started-it"), "").unwrap();
    run.ended().await;
    panic!("nobody killed it");
}

async fn reclaimed(scene: &Scene) -> Reclaimed {
    Run::reclaim(&scene.run_dir(), AGENT).await.unwrap()
}

async fn running(scene: &Scene) -> Run {
    match reclaimed(scene).await {
        Reclaimed::Running(run) => run,
        other => panic!("{other:?}"),
    }
}

/// Starts an agent in another process, which comes to the app by the same test, kills that, and waits for its end.
async fn started_by_a_killed_app(scene: &Scene, test: &str) {
    let mut app = Command::new(std::env::current_exe().unwrap())
        .args([&format!("reclaim::{test}"), "--exact"])
        .env(APP, scene.project().parent().unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    scene.appears("app-has-started-it").await;
    app.kill().unwrap();
    app.wait().unwrap();
}

#[tokio::test]
async fn output_goes_on_and_the_exit_is_known_after_the_app_was_killed() {
    the_app_that_is_killed().await;
    let scene = Scene::new();
    started_by_a_killed_app(&scene, "output_goes_on_and_the_exit_is_known_after_the_app_was_killed").await;
    let lines = scene.log().lines().count();
    until("more output", || scene.log().lines().count() > lines + 5).await;
    let mut run = running(&scene).await;
    assert!(lives(run.pid()) && run.exit().is_none());
    assert_eq!(run.usage().unwrap().processes.min(1), 1);
    scene.put("go");
    let exit = run.ended().await;
    assert_eq!((exit.code, exit.known), (Some(3), true));
    assert!(scene.log().contains("last"));
}

#[tokio::test]
async fn an_exit_while_no_app_ran_is_known_too() {
    the_app_that_is_killed().await;
    let scene = Scene::new();
    started_by_a_killed_app(&scene, "an_exit_while_no_app_ran_is_known_too").await;
    let pid = running(&scene).await.pid();
    scene.put("go");
    until("its end", || !lives(pid)).await;
    // Whether its shim is still there or not.
    let exit = match reclaimed(&scene).await {
        Reclaimed::Ended(exit) => exit,
        Reclaimed::Running(mut run) => run.ended().await,
        other => panic!("{other:?}"),
    };
    assert_eq!((exit.code, exit.known), (Some(3), true));
}

#[tokio::test]
async fn every_app_that_listens_hears_of_it() {
    let scene = Scene::new();
    let mut first = scene.sh("trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done").await;
    scene.logged("ready").await;
    assert!(Run::goes_on(&scene.run_dir(), AGENT).unwrap());
    assert!(!Run::goes_on(&scene.run_dir(), "zns:another").unwrap());
    let mut second = running(&scene).await;
    let third = running(&scene).await;
    assert_eq!(first.marker(), second.marker());
    third.signal(StopSignal::Term).await.unwrap();
    drop(third);
    assert_eq!(first.ended().await.code, Some(9));
    assert_eq!(first.ended().await, second.ended().await);
    first.tree_is_gone().await;
    second.tree_is_gone().await;
    until("nothing of it", || !Run::goes_on(&scene.run_dir(), AGENT).unwrap()).await;
}

#[tokio::test]
async fn a_record_of_nonsense_is_nothing() {
    let scene = Scene::new();
    assert!(matches!(reclaimed(&scene).await, Reclaimed::Nothing), "no folder at all");
    scene.sh("exit 0").await.tree_is_gone().await;
    let good = fs::read_to_string(scene.record()).unwrap();
    let other = good.replace(AGENT, "zns:another");
    for text in ["", "{", "null", "[1, 2]", "\u{0}", &good[..good.len() / 2], &other] {
        fs::write(scene.record(), text).unwrap();
        assert!(matches!(reclaimed(&scene).await, Reclaimed::Nothing), "{text}");
    }
    // And it is in nobody's way.
    assert_eq!(scene.sh("exit 8").await.ended().await.code, Some(8));
}

/// The record of a run whose shim was killed with all the rest, changed.
async fn with_record(scene: &Scene, change: impl Fn(&mut Value)) -> Reclaimed {
    let run = scene.sh("while :; do sleep 0.02; done").await;
    kill(run.shim_pid());
    run.kill().await.unwrap();
    let mut record: Value = serde_json::from_str(&fs::read_to_string(scene.record()).unwrap()).unwrap();
    change(&mut record);
    fs::write(scene.record(), record.to_string()).unwrap();
    reclaimed(scene).await
}

#[tokio::test]
async fn numbers_that_are_others_by_now_are_not_believed() {
    let scene = Scene::new();
    let this = std::process::id();
    let ended = with_record(&scene, |record| {
        record["shim"]["pid"] = this.into();
        record["child"]["pid"] = this.into();
    });
    let ended = ended.await;
    assert!(matches!(ended, Reclaimed::Ended(exit) if !exit.known && exit.code.is_none()), "{ended:?}");
}

#[tokio::test]
async fn numbers_from_before_the_machine_started_are_not_believed() {
    let scene = Scene::new();
    let this = std::process::id();
    let start = {
        let stat = fs::read_to_string(format!("/proc/{this}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().parse::<u64>().unwrap()
    };
    let ended = with_record(&scene, |record| {
        record["boot"] = "another".into();
        for process in ["shim", "child"] {
            record[process] = serde_json::json!({ "pid": this, "start": start });
        }
    });
    let ended = ended.await;
    assert!(matches!(ended, Reclaimed::Ended(exit) if !exit.known), "{ended:?}");
}

#[tokio::test]
async fn a_killed_shim_leaves_orphans_that_can_be_watched_and_ended() {
    let scene = Scene::new();
    let script = "setsid sh -c 'echo $$ > other; while :; do sleep 0.02; done' & \
                  while [ ! -s other ]; do sleep 0.02; done; while :; do sleep 0.02; done";
    let mut run = scene.sh(script).await;
    let other = scene.pid("other").await;
    kill(run.shim_pid());
    let Reclaimed::Orphans(mut orphans) = reclaimed(&scene).await else { panic!("they live") };
    assert_eq!(orphans.pid(), Some(run.pid()));
    assert_eq!(orphans.marker(), run.marker());
    let pids = orphans.pids();
    assert!(pids.contains(&run.pid()) && pids.contains(&other), "{pids:?}");
    assert!(orphans.usage().unwrap().processes >= 2);
    orphans.kill().await.unwrap();
    orphans.gone().await;
    assert!(!lives(run.pid()) && !lives(other));
    // The handle of before knows as much.
    let exit = run.ended().await;
    assert!(!exit.known && exit.code.is_none());
    run.tree_is_gone().await;
    assert!(matches!(reclaimed(&scene).await, Reclaimed::Ended(exit) if !exit.known));
}

#[tokio::test]
async fn a_handle_ends_its_run_without_a_shim() {
    let scene = Scene::new();
    let mut run = scene.sh("trap '' TERM; echo ready; while :; do sleep 0.02; done").await;
    scene.logged("ready").await;
    kill(run.shim_pid());
    let shim = run.shim_pid();
    until("the end of the shim", || !lives(shim)).await;
    run.signal(StopSignal::Term).await.unwrap();
    run.kill().await.unwrap();
    assert!(!lives(run.pid()));
    assert!(!run.ended().await.known);
}
