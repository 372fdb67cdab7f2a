//! What cannot be started, and why, in a sentence.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use beatkeeper_runner::{Order, Reclaimed, Run, ShimProgram, StartError};

use crate::scene::{AGENT, Scene, shim};

async fn refusal(order: Order) -> StartError {
    Run::start(&shim(), order).await.unwrap_err()
}

fn file(scene: &Scene, name: &str, text: &str, mode: u32) {
    let path = scene.project().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let scene = Scene::new();
    for program in ["there-is-no-such-program", "./agent", "/nowhere/agent"] {
        let error = refusal(scene.order(program, &[])).await;
        assert!(matches!(error, StartError::NotFound(_)), "{error:?}");
        assert!(error.to_string().contains(program), "{error}");
    }
    file(&scene, "script", "#!/nowhere/python\n", 0o755);
    let error = refusal(scene.order("./script", &[])).await;
    assert!(matches!(error, StartError::NotFound(_)), "{error:?}");
    // And nothing is left behind by it.
    assert!(matches!(Run::reclaim(&scene.run_dir(), AGENT).await.unwrap(), Reclaimed::Nothing));
}

#[tokio::test]
async fn a_program_that_is_not_there_though_a_folder_in_the_path_is_closed() {
    let scene = Scene::new();
    fs::create_dir(scene.project().join("closed")).unwrap();
    file(&scene, "closed/another", "", 0o644);
    fs::set_permissions(scene.project().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut order = scene.order("there-is-no-such-program", &[]);
    let path = format!("{}:{}", scene.project().join("closed").display(), std::env::var("PATH").unwrap());
    order.env = vec![("PATH".into(), path.into())];
    assert!(matches!(refusal(order).await, StartError::NotFound(_)));
    fs::set_permissions(scene.project().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_executable() {
    let scene = Scene::new();
    file(&scene, "agent", "#!/bin/sh\n", 0o644);
    let error = refusal(scene.order("./agent", &[])).await;
    assert!(matches!(error, StartError::NotPermitted(_)), "{error:?}");
    assert!(error.to_string().contains("not executable"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_program() {
    let scene = Scene::new();
    file(&scene, "agent", "\u{1}\u{2}\u{3}", 0o755);
    let error = refusal(scene.order("./agent", &[])).await;
    assert!(matches!(error, StartError::Other(_)), "{error:?}");
    assert!(error.to_string().to_lowercase().contains("exec format"), "{error}");
}

#[tokio::test]
async fn a_program_is_found_from_its_own_folder() {
    let scene = Scene::new();
    file(&scene, "agent", "#!/bin/sh\nexit 4\n", 0o755);
    let mut run = scene.start(scene.order("./agent", &[])).await;
    assert_eq!(run.ended().await.code, Some(4));
}

#[tokio::test]
async fn a_folder_that_is_gone_or_is_none() {
    let scene = Scene::new();
    for folder in ["gone", "file"] {
        file(&scene, "file", "", 0o644);
        let mut order = scene.order("sh", &["-c", "exit"]);
        order.folder = scene.project().join(folder);
        let error = refusal(order).await;
        assert!(matches!(error, StartError::NoFolder(_)), "{error:?}");
        assert!(error.to_string().contains(folder), "{error}");
    }
}

#[tokio::test]
async fn an_agent_that_runs_is_not_started_twice() {
    let scene = Scene::new();
    let mut run = scene.sh("while [ ! -e go ]; do sleep 0.02; done").await;
    let error = refusal(scene.order("sh", &["-c", "exit"])).await;
    assert!(matches!(error, StartError::Running), "{error:?}");
    // The first one is none the worse for it.
    let Reclaimed::Running(mut again) = Run::reclaim(&scene.run_dir(), AGENT).await.unwrap() else { panic!("it runs") };
    assert_eq!(again.pid(), run.pid());
    scene.put("go");
    assert_eq!(run.ended().await, again.ended().await);
}

#[tokio::test]
async fn a_shim_that_is_none() {
    let scene = Scene::new();
    for program in ["/nowhere/shim", "/bin/true"] {
        let error = Run::start(&ShimProgram::at(program), scene.order("sh", &["-c", "exit"])).await.unwrap_err();
        assert!(matches!(error, StartError::Shim(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_run_folder_that_cannot_be_made_is_named() {
    let scene = Scene::new();
    file(&scene, "file", "", 0o644);
    let mut order = scene.order("sh", &["-c", "exit"]);
    order.run_dir = scene.project().join("file");
    let error = refusal(order).await;
    assert!(matches!(error, StartError::Shim(_)), "{error:?}");
    assert!(error.to_string().contains("project/file"), "{error}");
}
