//! A secret is in the child's environment, and nowhere else.

use std::fs;
use std::path::Path;

use secrecy::SecretString;

use crate::scene::Scene;

const SECRET: &str = "c2VjcmV0IHNlZWQgdGhhdCBub2JvZHkgc2VlcyBoZXJl";

fn holds(path: impl AsRef<Path>) -> bool {
    fs::read(&path).is_ok_and(|bytes| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()))
}

fn every_file(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn only_the_child_has_it() {
    let scene = Scene::new();
    let mut order = scene.order("sh", &["-c", "echo ready; while [ ! -e go ]; do sleep 0.02; done"]);
    order.secret_env = vec![("AGENT_KEY".to_owned(), SecretString::from(SECRET))];
    assert!(!format!("{order:?}").contains(SECRET));
    let mut run = scene.start(order).await;
    scene.logged("ready").await;

    assert!(holds(format!("/proc/{}/environ", run.pid())), "where it belongs");
    assert!(!holds(format!("/proc/{}/cmdline", run.pid())));
    for what in ["environ", "cmdline"] {
        let file = format!("/proc/{}/{what}", run.shim_pid());
        // A shim lets only root look.
        match fs::read(&file) {
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{file}"),
            Ok(bytes) => assert!(!bytes.is_empty() && !holds(&file), "{file}"),
        }
    }
    assert!(!format!("{run:?}").contains(SECRET));
    scene.put("go");
    run.tree_is_gone().await;
    let mut files = Vec::new();
    every_file(scene.project().parent().unwrap(), &mut files);
    assert!(files.len() > 2, "{files:?}");
    assert!(!files.iter().any(holds));
}

#[tokio::test]
async fn the_files_of_a_run_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    let _run = scene.sh("while [ ! -e go ]; do sleep 0.02; done").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.run_dir()), 0o700);
    let mut seen = 0;
    for entry in fs::read_dir(scene.run_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 3, "record, socket, lock");
    scene.put("go");
}
