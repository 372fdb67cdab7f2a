//! The four answers of a keychain, from the outside: what is said, what is left alone, and what happens by itself.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use beatkeeper_core::identity::EntityId;
use beatkeeper_devnet::Devnet;
use beatkeeper_tests::{App, Key, Page, alone, registry, within};
use serde_json::json;
use xtask::exec;
use xtask::rig::{Desktop, Keychain, Notifications, Parts};

const NAME: &str = "weather-agent";
const PARTS: Parts = Parts {
    keychain: Keychain::Unlocked,
    notifications: Notifications::None,
    tray_host: xtask::rig::TrayHost::Xfce4Panel,
};
/// The engine looks again every minute.
const LOOKED_AGAIN: Duration = Duration::from_secs(120);

/// An agent that has beaten once, on an app that has ended.
struct Scene {
    desktop: Desktop,
    devnet: Devnet,
    app: App,
    key: Key,
    other: Key,
}

impl Scene {
    async fn new() -> Result<Self> {
        let mut desktop = Desktop::start(PARTS)?;
        let (key, other) = (Key::of(NAME), Key::of("other-agent"));
        let devnet = registry(&[(&key, NAME), (&other, "other-agent")]).await?;
        let app = App::install(&desktop, &devnet.url())?;
        app.launch(&mut desktop, &["--hidden"])?;
        app.import(&key, NAME).await?;
        app.verdict(&key.id(), "ok").await?;
        app.quit().await?;
        App::ended(&mut desktop).await?;
        Ok(Self { desktop, devnet, app, key, other })
    }

    /// What the keychain shows of the app, by account.
    fn accounts(&self) -> Result<Vec<String>> {
        let mut search = self.desktop.command("secret-tool");
        // The attributes go to the standard error, the secrets to the standard output.
        search.args(["search", "--all", "service", "beatkeeper"]).stderr(Stdio::piped());
        let output = search.stdin(Stdio::null()).output().context("secret-tool")?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let account = |line: &str| line.strip_prefix("attribute.username = ").map(str::to_owned);
        Ok(said.lines().filter_map(account).collect())
    }

    /// The keychain's files, byte by byte.
    fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.desktop.dir().join("home/.local/share/keyrings"))? {
            let entry = entry?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        }
        Ok(files)
    }

    /// Starts the app with this keychain: the agent does not beat, and says why; no other key is taken.
    async fn refuses(&mut self, keychain: Keychain, verdict: &str, refusal: &str, remedy: &str) -> Result<()> {
        self.desktop.set_keychain(keychain)?;
        let (files, config) = (self.files()?, self.app.config()?);
        let accepted = self.devnet.accepted(&self.key.id());
        self.app.launch(&mut self.desktop, &["--hidden"])?;
        let said = self.app.verdict(&self.key.id(), verdict).await?;
        let advice = said["remedy"].as_str().unwrap_or_default();
        anyhow::ensure!(advice.contains(remedy), "the remedy of {verdict}: {advice}");

        let import = self.app.import_command(&self.other, "other-agent")?;
        let refused = self.app.refusal(import).await?;
        anyhow::ensure!(refused["code"] == refusal, "an import: {refused}");
        let generate = json!({ "command": "agent_generate", "registry": App::REGISTRY, "name": "new-agent" });
        let refused = self.app.refusal(generate).await?;
        anyhow::ensure!(refused["code"] == refusal, "a new key: {refused}");

        anyhow::ensure!(self.files()? == files, "the keychain's files have changed");
        anyhow::ensure!(self.app.config()? == config, "the configuration has changed");
        anyhow::ensure!(self.devnet.accepted(&self.key.id()) == accepted, "there was a beat without a key");
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        anyhow::ensure!(self.accounts()? == [self.key.id().to_string()], "the keychain has {:?}", self.accounts()?);
        anyhow::ensure!(stored(&self.desktop, &self.key.id())? == self.key.secret(), "the key is another one");
        self.app.quit().await?;
        App::ended(&mut self.desktop).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_keychain_is_said_and_left_alone_and_asked_again_at_once_on_request() {
    let _stage = alone().await;
    let mut scene = Box::pin(Scene::new()).await.unwrap();
    Box::pin(scene.refuses(Keychain::Locked, "key.locked", "vault.locked", "Unlock the keychain")).await.unwrap();
    scene.desktop.set_keychain(Keychain::Unlocked).unwrap();
    scene.app.ask(json!({ "command": "agent_retry", "id": scene.key.id().as_str() })).await.unwrap();
    scene.app.verdict(&scene.key.id(), "ok").await.unwrap();
    Box::pin(scene.end()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_keychain_is_said_and_once_it_is_there_the_agent_beats_by_itself() {
    let _stage = alone().await;
    let mut scene = Box::pin(Scene::new()).await.unwrap();
    Box::pin(scene.refuses(Keychain::Absent, "key.unavailable", "vault.unavailable", "--vault file")).await.unwrap();
    scene.desktop.set_keychain(Keychain::Unlocked).unwrap();
    within(LOOKED_AGAIN, "the agent to beat by itself", async || {
        Ok((scene.app.agent(&scene.key.id()).await?["verdict"]["code"] == "ok").then_some(()))
    })
    .await
    .unwrap();
    Box::pin(scene.end()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_in_an_agents_place_is_replaced_in_the_window_by_who_types_its_fingerprint() {
    const ANOTHER: &str = "abcdefghijklmnopqrstuvwxyz012345";
    let _stage = alone().await;
    let mut desktop = Desktop::start(PARTS).unwrap();
    let key = Key::of(NAME);
    let id = key.id();
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    put(&desktop, &id, ANOTHER).unwrap();
    let key_file = app.file("keypair.json");
    key.write(&key_file).unwrap();

    let page = Page::open(&mut desktop, &app).await.unwrap();
    page.click("add-agent").await.unwrap();
    page.type_into("import-path", &key_file.display().to_string()).await.unwrap();
    page.type_into("import-name", NAME).await.unwrap();
    page.click("import-submit").await.unwrap();
    let own = page.until_text("replace-own", |text| !text.is_empty()).await.unwrap();
    assert_eq!(own.replace(' ', ""), id.as_str()["zns:".len()..]);
    assert_eq!(stored(&desktop, &id).unwrap(), ANOTHER, "a refusal loses nothing");
    assert!(!app.config().unwrap().contains(id.as_str()), "a refusal adds nothing");

    let there = page.text("replace-stored").await.unwrap();
    page.type_into("replace-typed", &there).await.unwrap();
    page.click("import-submit").await.unwrap();
    page.gone("add-dialog").await.unwrap();
    app.verdict(&id, "ok").await.unwrap();
    assert_eq!(stored(&desktop, &id).unwrap(), key.secret());
    app.quit().await.unwrap();
}

/// Stores a secret under an id, as another program would.
fn put(desktop: &Desktop, id: &EntityId, secret: &str) -> Result<()> {
    let mut store = desktop.command("secret-tool");
    store.args(["store", "--label=an agent", "service", "beatkeeper", "username", id.as_str()]);
    let mut store = store.stdin(Stdio::piped()).spawn().context("secret-tool")?;
    store.stdin.take().context("its standard input")?.write_all(secret.as_bytes())?;
    anyhow::ensure!(store.wait()?.success(), "secret-tool failed");
    Ok(())
}

fn stored(desktop: &Desktop, id: &EntityId) -> Result<String> {
    let mut lookup = desktop.command("secret-tool");
    lookup.args(["lookup", "service", "beatkeeper", "username", id.as_str()]);
    exec::output(&mut lookup)
}
