//! The app is killed: what it started goes on, and the next one takes it over.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use beatkeeper_tests::{App, Key, Leftovers, Page, alive, alone, registry, until};
use serde_json::{Value, json};
use xtask::rig::{Desktop, Parts};

const NAME: &str = "weather-agent";
/// The app that is killed, among the children of the desktop.
const FIRST: &str = "first";
/// It counts aloud, and has a child in a session of its own.
const AGENT: &str = "setsid sh -c 'echo $$ > other; while :; do sleep 0.5; done' &
    n=0; while :; do echo line $((n+=1)); sleep 0.05; done";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_goes_on_when_the_app_is_killed_and_the_next_one_takes_it_over() {
    let _alone = alone().await;
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let leftovers = Leftovers::of(&app);
    let killed = app.launch_as(FIRST, &mut desktop, &["--hidden"]).unwrap();
    app.import(&key, NAME).await.unwrap();
    describe(&app).unwrap();
    until("its process to be ours", async || Ok(running(&app, &key).await?["run"].is_object().then_some(())))
        .await
        .unwrap();
    app.ask(json!({ "command": "agent_up", "ids": [key.id()] })).await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    let pid = pid(&running(&app, &key).await.unwrap()["run"]["pid"]).unwrap();
    let written = || std::fs::read_to_string(app.file("other")).ok()?.trim().parse().ok();
    let other = until("its child", async || Ok(written()));
    let other: u32 = other.await.unwrap();
    let family = [leftovers.recorded(), vec![pid, other]].concat();
    assert!(family.len() > 3 && family.iter().all(|pid| alive(*pid)), "{family:?}");

    kill(killed).unwrap();
    let status = until("the app to end", async || desktop.children().ended(FIRST)).await.unwrap();
    assert_eq!(status.signal(), Some(9));
    desktop.children().stop(FIRST);
    // While nobody is there it goes on, and all that it says is kept.
    let said = numbers(&app).unwrap().len();
    until("more of its output", async || Ok((numbers(&app)?.len() > said + 20).then_some(()))).await.unwrap();
    assert!(family.iter().all(|pid| alive(*pid)), "{family:?}");
    let beats = devnet.accepted(&key.id());

    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.verdict(&key.id(), "ok").await.unwrap();
    assert!(devnet.accepted(&key.id()) > beats, "no beat of the next app is confirmed");
    let run = running(&app, &key).await.unwrap()["run"].clone();
    assert_eq!((run["pid"].clone(), run["reclaimed"].clone()), (json!(pid), json!(true)), "{run:#}");
    page.click("row").await.unwrap();
    page.until_text("page-verdict", |verdict| verdict == "Beating, confirmed").await.unwrap();
    page.click("tab-process").await.unwrap();
    let taken_over = format!("{pid}, taken over from an earlier run of Beatkeeper");
    page.until_text("process-pid", |text| text == taken_over).await.unwrap();
    page.click("tab-log").await.unwrap();
    page.until_text("log-lines", |lines| lines.contains("line ")).await.unwrap();
    page.click("tab-process").await.unwrap();
    page.click("process-stop").await.unwrap();
    page.until_text("page-verdict", |verdict| verdict == "Not started").await.unwrap();
    until("all of them to end", async || Ok((!family.iter().any(|pid| alive(*pid))).then_some(()))).await.unwrap();

    // From the first line to the last there is none missing, and none twice.
    let numbers = numbers(&app).unwrap();
    assert!(numbers.len() > said + 20);
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "{numbers:?}");
    let page_of_log = json!({ "command": "agent_log", "id": key.id(), "limit": 5000 });
    let shown = app.ask(page_of_log).await.unwrap();
    let shown = shown["lines"].as_array().unwrap().iter().filter_map(|line| number(line["text"].as_str()?));
    assert!(shown.eq(numbers), "what is shown is not what is kept");
    app.quit().await.unwrap();
}

/// How it is started, as a person would write it.
fn describe(app: &App) -> Result<()> {
    let folder = json!(app.file("").display().to_string());
    let run = format!("[agent.run]\ncommand = [\"sh\", \"-c\", {}]\nfolder = {folder}\n", json!(AGENT));
    let text = app.config()?;
    Ok(std::fs::write(app.config_file(), format!("{text}\n{run}"))?)
}

async fn running(app: &App, key: &Key) -> Result<Value> {
    Ok(app.agent(&key.id()).await?["process"].clone())
}

fn pid(pid: &Value) -> Result<u32> {
    Ok(u32::try_from(pid.as_u64().context("no process")?)?)
}

fn kill(pid: u32) -> Result<()> {
    ensure!(Command::new("kill").args(["-KILL", &pid.to_string()]).status()?.success(), "there is no {pid}");
    Ok(())
}

/// The lines that it said and that are kept, by their numbers.
fn numbers(app: &App) -> Result<Vec<usize>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(app.data().join("logs"))? {
        for file in std::fs::read_dir(folder?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    let mut numbers = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file)?;
        // A line that is still being written has no end yet.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        numbers.extend(whole.lines().filter_map(|line| number(line.split_once(" O ")?.1)));
    }
    Ok(numbers)
}

fn number(line: &str) -> Option<usize> {
    line.strip_prefix("line ")?.parse().ok()
}
