use std::process::Command;

use super::*;

fn run(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
}

#[tokio::test]
async fn commits_and_edits_since_the_start_are_told() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("project");
    std::fs::create_dir(&folder).unwrap();
    let id: EntityId = "zns:00000000000000000000000000000001".parse().unwrap();
    let drift = Drift::of(place.path(), &id);
    drift.started(&folder).await;
    assert_eq!(drift.look(&folder).await, None, "no repository, no word");

    run(&folder, &["init", "-q"]);
    std::fs::write(folder.join("agent.py"), "1").unwrap();
    run(&folder, &["add", "."]);
    run(&folder, &["commit", "-qm", "1"]);
    drift.started(&folder).await;
    assert_eq!(drift.look(&folder).await, None);

    std::fs::write(folder.join("agent.py"), "changed").unwrap();
    let edited = drift.look(&folder).await.unwrap();
    assert_eq!((edited.sentence.as_str(), edited.dirty), ("files changed since it was started", true));
    run(&folder, &["commit", "-qam", "2"]);
    run(&folder, &["commit", "-q", "--allow-empty", "-m", "3"]);
    let behind = drift.look(&folder).await.unwrap();
    assert_eq!((behind.sentence.as_str(), behind.commits, behind.dirty), ("started 2 commits ago", 2, false));

    // Another one that takes the run over knows it as well.
    assert_eq!(Drift::of(place.path(), &id).look(&folder).await.map(|drift| drift.commits), Some(2));
    drift.started(&folder).await;
    assert_eq!(drift.look(&folder).await, None);
}
