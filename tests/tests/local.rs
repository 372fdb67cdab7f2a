//! An agent that is started here, in the real window: its key from the keychain, its beats true, its recovery before
//! everybody's eyes.
#![cfg(target_os = "linux")]

use std::net::TcpListener;

use anyhow::{Context, Result};
use beatkeeper_tests::{App, Key, Page, alive, alone, program, registry, until};
use serde_json::{Value, json};
use xtask::rig::{Desktop, Parts};

const NAME: &str = "weather-agent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_started_breaks_is_held_back_missed_replaced_and_recovers() {
    let _alone = alone().await;
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.import(&key, NAME).await.unwrap();
    describe(&app, &devnet.url()).unwrap();
    page.until_row(&key.id(), "a process that nobody started", |row| row.verdict == "Not started").await.unwrap();

    // Started by hand, with the key that only the keychain has.
    page.click("row").await.unwrap();
    page.click("tab-process").await.unwrap();
    page.click("process-start").await.unwrap();
    page.until_text("page-verdict", |verdict| verdict == "Beating, confirmed").await.unwrap();
    let running = app.agent(&key.id()).await.unwrap();
    let pid = pid(&running).unwrap();
    let of = |file: &str| String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/{file}")).unwrap()).into_owned();
    let [.., base64] = key.traces();
    assert!(of("environ").contains(&format!("\0ZYND_AGENT_PRIVATE_KEY={base64}")), "it has no key");
    assert!(key.traces().iter().all(|trace| !of("cmdline").contains(trace)), "the key is on the command line");
    page.click("tab-log").await.unwrap();
    page.until_text("log-lines", |lines| lines.contains(key.id().as_str())).await.unwrap();

    // Its probe fails: nothing is beaten that is not true, and a person hears of it.
    std::fs::write(unwell(&app), "").unwrap();
    let held = page.until_text("page-verdict", |verdict| verdict.starts_with("Held back")).await.unwrap();
    assert!(held.contains("it answers 500"), "{held}");
    notice(&desktop, "went stale").await.unwrap();

    // A restart does not help, another in its place does.
    page.click("tab-process").await.unwrap();
    rung(&app, &key, 0, "failed").await.unwrap();
    rung(&app, &key, 1, "worked").await.unwrap();
    page.until_text("page-verdict", |verdict| verdict == "Beating, confirmed").await.unwrap();
    notice(&desktop, "recovered").await.unwrap();
    assert!(!alive(pid), "the old one beats beside the new one");
    let replaced = self::pid(&app.agent(&key.id()).await.unwrap()).unwrap();

    // A stop is no outage, and what runs ends with the program.
    page.click("process-stop").await.unwrap();
    page.until_text("page-verdict", |verdict| verdict == "Not started").await.unwrap();
    assert!(!alive(replaced));
    std::fs::remove_file(unwell(&app)).unwrap();
    page.click("process-start").await.unwrap();
    page.until_text("page-verdict", |verdict| verdict == "Beating, confirmed").await.unwrap();
    let last = self::pid(&app.agent(&key.id()).await.unwrap()).unwrap();
    page.keeps_secret(&key).await.unwrap();
    app.quit().await.unwrap();
    until("the agent to end", async || Ok((!alive(last)).then_some(()))).await.unwrap();
}

/// While this file is there, the agent's probe fails.
fn unwell(app: &App) -> std::path::PathBuf {
    app.file("unwell")
}

/// How it is started and recovered, as a person would write it.
fn describe(app: &App, registry: &str) -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = vec![
        program("beatkeeper-demo-agent")?.display().to_string(),
        format!("--registry={registry}"),
        format!("--name={NAME}"),
        format!("--health-port={port}"),
        "--behaviour=idle".to_owned(),
    ];
    let other = json!(command);
    command.push(format!("--unwell-while={}", unwell(app).display()));
    let (command, folder) = (json!(command), json!(app.file("").display().to_string()));
    let run = format!(
        "[agent.run]\ncommand = {command}\nfolder = {folder}\n\
         [agent.run.live]\nhttp = \"http://127.0.0.1:{port}/health\"\nevery = 1\nfailures = 2\n\
         [[agent.recover]]\ndo = \"restart\"\nafter = 8\nworked_within = 3\n\
         [[agent.recover]]\ndo = \"replace\"\ncommand = {other}\nafter = 1\nworked_within = 20\n"
    );
    let text = app.config()?;
    std::fs::write(app.config_file(), format!("{text}\n{run}"))?;
    Ok(())
}

fn pid(agent: &Value) -> Result<u32> {
    let pid = agent["process"]["run"]["pid"].as_u64().with_context(|| format!("no process: {agent:#}"))?;
    Ok(u32::try_from(pid)?)
}

async fn rung(app: &App, key: &Key, place: usize, state: &str) -> Result<()> {
    until(&format!("rung {place} to have {state}"), async || {
        let agent = app.agent(&key.id()).await?;
        Ok((agent["process"]["run"]["ladder"]["rungs"][place]["state"] == state).then_some(()))
    })
    .await
}

async fn notice(desktop: &Desktop, what: &str) -> Result<()> {
    let told = until("a notice", async || {
        Ok(desktop.notices().iter().any(|notice| notice.summary.contains(what)).then_some(()))
    });
    told.await.with_context(|| format!("{what}: {:?}", desktop.notices()))
}
