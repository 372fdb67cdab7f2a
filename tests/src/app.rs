//! The app as it is installed: one configuration, one data folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use beatkeeper_core::identity::EntityId;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use xtask::rig::Desktop;

use crate::{Key, program, until};

/// The app's own name among the children of the desktop.
const NAME: &str = "app";

/// One installation.
#[derive(Clone, Debug)]
pub struct App {
    dir: PathBuf,
}

impl App {
    /// The name of its only registry.
    pub const REGISTRY: &str = "devnet";

    /// An installation that knows a registry and no agent. A life passes in seconds.
    pub fn install(desktop: &Desktop, registry_url: &str) -> Result<Self> {
        let app = Self { dir: desktop.dir().join("app") };
        fs::create_dir(&app.dir)?;
        let config = format!(
            "[[registry]]\nname = \"{}\"\nurl = \"{registry_url}\"\n\
             thresholds = {{ late = 3, stale = 6, offline = 10, inactive_after = 6, sweep = 1 }}\n",
            Self::REGISTRY
        );
        fs::write(app.config_file(), config)?;
        Ok(app)
    }

    /// The configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("beatkeeper.toml")
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// A file of the developer, beside the app's own.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The options that name this installation.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let path = |path: PathBuf| path.display().to_string();
        vec!["--config".to_owned(), path(self.config_file()), "--data".to_owned(), path(self.data())]
    }

    /// Starts the app without a driver. Returns its pid.
    pub fn launch(&self, desktop: &mut Desktop, more: &[&str]) -> Result<u32> {
        self.launch_as(NAME, desktop, more)
    }

    /// Starts the app under another name among the desktop's children.
    pub fn launch_as(&self, name: &str, desktop: &mut Desktop, more: &[&str]) -> Result<u32> {
        self.launch_program(&program("beatkeeper-desktop")?, name, desktop, more)
    }

    /// As [`launch_as`](Self::launch_as), with another build of the app.
    pub fn launch_program(&self, program: &Path, name: &str, desktop: &mut Desktop, more: &[&str]) -> Result<u32> {
        let mut command = desktop.command(program);
        command.args(self.options()).args(more);
        desktop.spawn(name, command)
    }

    /// Waits until the app that was [launched](Self::launch) has ended by itself, and wants it to have succeeded.
    pub async fn ended(desktop: &mut Desktop) -> Result<()> {
        Self::ended_as(NAME, desktop).await
    }

    /// As [`ended`](Self::ended), for one with another name.
    pub async fn ended_as(name: &str, desktop: &mut Desktop) -> Result<()> {
        let status = until("the app to end", async || desktop.children().ended(name)).await?;
        if !status.success() {
            bail!("the app ended with {status}; it said:\n{}", desktop.log(name));
        }
        desktop.children().stop(name);
        Ok(())
    }

    /// Asks the running engine, as the command line does; waits for an engine that is still starting.
    pub async fn ask(&self, command: Value) -> Result<Value> {
        match self.exchange(&command).await?.as_object_mut().and_then(|reply| reply.remove("ok")) {
            Some(answer) => Ok(answer),
            None => bail!("{command} was refused"),
        }
    }

    /// Asks for what the running engine must refuse; answers the refusal.
    pub async fn refusal(&self, command: Value) -> Result<Value> {
        match self.exchange(&command).await?.as_object_mut().and_then(|reply| reply.remove("error")) {
            Some(refusal) => Ok(refusal),
            None => bail!("{command} was not refused"),
        }
    }

    async fn exchange(&self, command: &Value) -> Result<Value> {
        let mut stream = until("an engine to talk to", async || Ok(self.connect().await.ok())).await?;
        stream.write_all(format!("{command}\n").as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        serde_json::from_str(&line).with_context(|| format!("the answer to {command}: {line}"))
    }

    async fn connect(&self) -> Result<UnixStream> {
        Ok(UnixStream::connect(self.data().join("control.sock")).await?)
    }

    /// The lines of the app's own log that have this in them.
    pub fn logged(&self, what: &str) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for file in fs::read_dir(self.data().join("log"))? {
            let text = fs::read_to_string(file?.path())?;
            lines.extend(text.lines().filter(|line| line.contains(what)).map(str::to_owned));
        }
        Ok(lines)
    }

    /// Whether an engine listens.
    pub async fn answers(&self) -> bool {
        self.connect().await.is_ok()
    }

    /// Asks the running engine to end.
    pub async fn quit(&self) -> Result<()> {
        self.ask(json!({ "command": "quit" })).await.map(drop)
    }

    /// The fleet in a sentence.
    pub async fn sentence(&self) -> Result<String> {
        let status = self.ask(json!({ "command": "status" })).await?;
        let sentence = status["summary"]["sentence"].as_str().context("a status without a sentence")?;
        Ok(sentence.to_owned())
    }

    /// What `beatkeeper status` knows of an agent.
    pub async fn agent(&self, id: &EntityId) -> Result<Value> {
        let status = self.ask(json!({ "command": "status" })).await?;
        let agents = status["agents"].as_array().context("a status without agents")?;
        Ok(agents.iter().find(|agent| agent["id"] == id.as_str()).cloned().unwrap_or_default())
    }

    /// Waits until an agent's verdict has this code, and answers the verdict.
    pub async fn verdict(&self, id: &EntityId, code: &str) -> Result<Value> {
        let mut last = Value::Null;
        let found = until(&format!("the verdict {code}"), async || {
            last = self.agent(id).await?["verdict"].clone();
            Ok((last["code"] == code).then(|| last.clone()))
        })
        .await;
        found.with_context(|| format!("the last verdict was {last}"))
    }

    /// Imports a key as a person does who is quick at it, and has it beat every second.
    pub async fn import(&self, key: &Key, name: &str) -> Result<()> {
        self.ask(self.import_command(key, name)?).await?;
        self.beat_every_second()
    }

    /// Writes a key file, and the command that imports it.
    pub fn import_command(&self, key: &Key, name: &str) -> Result<Value> {
        let path = self.file(&format!("{name}.json"));
        key.write(&path)?;
        Ok(json!({ "command": "agent_import", "path": path, "registry": Self::REGISTRY, "name": name }))
    }

    /// Edits the configuration, as a person would with an editor: every agent beats every second.
    pub fn beat_every_second(&self) -> Result<()> {
        let text = self.config()?;
        let lines = text.lines().filter(|line| !line.starts_with("interval"));
        let edited: String =
            lines
                .map(|line| {
                    if line.starts_with("registry = ") {
                        format!("{line}\ninterval = 1\n")
                    } else {
                        format!("{line}\n")
                    }
                })
                .collect();
        fs::write(self.config_file(), edited)?;
        Ok(())
    }

    /// The configuration.
    pub fn config(&self) -> Result<String> {
        Ok(fs::read_to_string(self.config_file())?)
    }

    /// Fails if the seed is anywhere in what the app wrote: configuration, history, logs, the webview's data.
    pub fn keeps_secret(&self, key: &Key, except: &Path) -> Result<()> {
        let mut files = 0;
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() && path != except {
                    files += 1;
                    unseen(key, &String::from_utf8_lossy(&fs::read(&path)?), &path.display().to_string())?;
                }
            }
        }
        if files < 3 {
            bail!("only {files} files were searched; configuration, history and log should be among them");
        }
        Ok(())
    }
}

/// Fails if the seed is in this text.
fn unseen(key: &Key, text: &str, place: &str) -> Result<()> {
    match key.traces().iter().position(|trace| text.contains(trace)) {
        Some(form) => bail!("the seed is in {place}, in form {form} of raw, HEX, hex, base64"),
        None => Ok(()),
    }
}
