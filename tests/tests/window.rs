//! The story of a first day, in the real window: import, beat, lose the registry, get it back.
#![cfg(target_os = "linux")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use beatkeeper_tests::{App, Key, Page, Screen, WindowState, alive, program, registry, until};
use xtask::rig::{Desktop, Parts};
use xtask::{exec, paths};

const NAME: &str = "weather-agent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_imported_beats_is_lost_and_comes_back() {
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let key = Key::of(NAME);
    let id = key.id();
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let key_file = app.file("keypair.json");
    key.write(&key_file).unwrap();

    // An empty window, and the way out of it.
    let page = Page::open(&mut desktop, &app).await.unwrap();
    page.element("empty-fleet").await.unwrap();
    assert_eq!(page.text("fleet-sentence").await.unwrap(), "No agents yet");
    picture(&desktop, "1-empty").unwrap();
    page.click("add-agent").await.unwrap();
    page.element("add-dialog").await.unwrap();

    // What cannot be imported is said in the dialog, and what was typed stays.
    page.type_into("import-path", &app.file("absent.json").display().to_string()).await.unwrap();
    page.click("import-submit").await.unwrap();
    let said = page.until_text("dialog-error", |text| !text.is_empty()).await.unwrap();
    assert!(said.contains("absent.json"), "{said}");
    retype(&page, "import-path", &key_file.display().to_string()).await.unwrap();
    page.type_into("import-name", NAME).await.unwrap();
    picture(&desktop, "2-import").unwrap();
    page.click("import-submit").await.unwrap();
    page.gone("add-dialog").await.unwrap();
    page.until_row(&id, "the agent's row", |_| true).await.unwrap();
    app.beat_every_second().unwrap();
    let confirmed = |row: &beatkeeper_tests::Row| {
        row.liveness == "active" && row.verdict == "Beating, confirmed" && row.registry == "active"
    };
    page.until_row(&id, "the agent to beat", confirmed).await.unwrap();
    let accepted = devnet.accepted(&id);
    devnet.wait_for(|state| state.accepted(&id) > accepted + 1).await.unwrap();
    page.until_row(&id, "the agent to beat on", confirmed).await.unwrap();
    assert_eq!(page.text("fleet-sentence").await.unwrap(), "1 active");
    assert_eq!(page.opened().await.unwrap().as_deref(), Some(id.as_str()), "what was added is opened");
    assert!(!page.focus_ring().await.unwrap(), "a ring is not for who clicks");
    assert!(page.fits("page-about").await.unwrap(), "the state of an agent is read without scrolling");
    picture(&desktop, "3-beating").unwrap();

    // The key is where it belongs, and nowhere else.
    let mut lookup = desktop.command("secret-tool");
    lookup.args(["lookup", "service", "beatkeeper", "username", id.as_str()]);
    assert_eq!(exec::output(&mut lookup).unwrap(), key.secret());
    assert_eq!(desktop.notices(), [], "nothing has happened that is worth an interruption");

    // The registry dies. Its socket does not say goodbye.
    let before = until("the connection in the history", async || {
        let connections = page.connections().await?;
        Ok((connections.first().is_some_and(|end| end == "open")).then_some(connections))
    })
    .await
    .unwrap();
    let stopped = devnet.shutdown().await;
    let mut seen = vec!["active".to_owned()];
    until("the agent to be offline", async || {
        let row = page.row(&id).await?.context("the row is gone")?;
        if seen.last() != Some(&row.liveness) {
            picture(&desktop, &format!("{}-{}", seen.len() + 3, row.liveness))?;
            seen.push(row.liveness.clone());
        }
        Ok((row.liveness == "offline").then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(seen, ["active", "late", "stale", "offline"]);
    let stale = notice(&desktop, "went stale").await.unwrap();
    assert!(stale.body.contains("last beat"), "it says since when: {}", stale.body);
    let offline = notice(&desktop, "is offline").await.unwrap();
    assert_eq!((offline.app.as_str(), offline.urgency.as_str()), ("Beatkeeper", "CRITICAL"));
    let verdict = page.text("page-verdict").await.unwrap();
    assert!(verdict.to_lowercase().contains("refused"), "the verdict names the cause: {verdict}");
    picture(&desktop, "7-notices").unwrap();

    // It comes back where it was.
    let accepted = stopped.state().accepted(&id);
    let devnet = stopped.start().await.unwrap();
    page.until_row(&id, "the agent to recover", confirmed).await.unwrap();
    notice(&desktop, "recovered").await.unwrap();
    assert!(devnet.accepted(&id) >= accepted + 2, "one good beat is not yet a recovery");
    let after = until("the new connection in the history", async || {
        let connections = page.connections().await?;
        Ok((connections.first().is_some_and(|end| end == "open") && connections.len() > before.len())
            .then_some(connections))
    })
    .await
    .unwrap();
    assert_eq!(after.len(), before.len() + 1, "one more than {before:?}: {after:?}");
    assert_eq!(after[1], "1006, no close frame");
    let notices: Vec<String> = desktop.notices().into_iter().map(|notice| notice.summary).collect();
    assert_eq!(notices, ["went stale", "is offline", "recovered"].map(|what| format!("{NAME} {what}")));
    picture(&desktop, "8-recovered").unwrap();
    page.click("tab-timeline").await.unwrap();
    let timeline = page.until_text("timeline", |text| text.contains("offline")).await.unwrap();
    assert!(timeline.contains("late") && timeline.contains("stale") && timeline.contains("active"), "{timeline}");
    picture(&desktop, "9-timeline").unwrap();

    // Closing the window hides it; quitting ends the app, which says goodbye to the registry.
    page.keeps_secret(&key).await.unwrap();
    let pid = Screen::pid(&desktop).unwrap();
    Screen::close(&desktop).await.unwrap();
    Screen::until(&desktop, WindowState::Gone).await.unwrap();
    let accepted = devnet.accepted(&id);
    devnet.wait_for(|state| state.accepted(&id) > accepted).await.unwrap();
    assert!(alive(pid), "the agents go on beating");
    let mut quit = desktop.command(program("beatkeeper").unwrap());
    exec::output(quit.args(app.options()).arg("quit")).unwrap();
    until("the app to end", async || Ok((!alive(pid)).then_some(()))).await.unwrap();
    devnet.wait_for(|state| state.open_sockets() == 0).await.unwrap();
    app.keeps_secret(&key, &key_file).unwrap();
    assert!(!key.traces().iter().any(|trace| desktop.log("tauri-driver").contains(trace)), "the seed was printed");
}

/// The notice that says this of the agent.
async fn notice(desktop: &Desktop, what: &str) -> Result<xtask::rig::Notice> {
    let title = format!("{NAME} {what}");
    until(&format!("the notice \"{title}\""), async || {
        Ok(desktop.notices().into_iter().find(|notice| notice.summary == title))
    })
    .await
}

async fn retype(page: &Page, testid: &str, text: &str) -> Result<()> {
    page.element(testid).await?.clear().await?;
    page.type_into(testid, text).await
}

/// A picture of the screen under `target/e2e`, for people.
fn picture(desktop: &Desktop, name: &str) -> Result<()> {
    let dir: PathBuf = paths::target().join("e2e");
    std::fs::create_dir_all(&dir)?;
    desktop.screenshot(&dir.join(format!("{name}.png")))
}
