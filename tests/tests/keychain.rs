//! The four answers of a keychain, from the outside: what is said, what is left alone, and what happens by itself.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use beatkeeper_devnet::Devnet;
use beatkeeper_tests::{App, Key, alone, registry, within};
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
        search.args(["search", "--all", "service", "beatkeeper"]).stderr(std::process::Stdio::piped());
        let output = search.stdin(std::process::Stdio::null()).output().context("secret-tool")?;
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
        let mut lookup = self.desktop.command("secret-tool");
        lookup.args(["lookup", "service", "beatkeeper", "username", self.key.id().as_str()]);
        anyhow::ensure!(exec::output(&mut lookup)? == self.key.secret(), "the key is another one");
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
