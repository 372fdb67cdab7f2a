//! The engine's alerts in a program of their own.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use xtask::rig::Desktop;

use crate::{Key, program, until};

/// Such a program; it ends with this.
pub struct Notifier {
    child: Child,
    stdin: ChildStdin,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Notifier {
    /// One whose notices open something.
    pub fn start(desktop: &Desktop) -> Result<Self> {
        Self::start_as(desktop, "open")
    }

    /// One where nothing can be opened.
    pub fn start_headless(desktop: &Desktop) -> Result<Self> {
        Self::start_as(desktop, "nothing")
    }

    fn start_as(desktop: &Desktop, on_click: &str) -> Result<Self> {
        let mut command = Command::from(desktop.command(program("notifier")?));
        command.arg(on_click).kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().context("it takes no input")?;
        let mut lines = BufReader::new(child.stdout.take().context("it gives no output")?).lines();
        let said: Arc<Mutex<Vec<Value>>> = Arc::default();
        let heard = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Ok(Self { child, stdin, said })
    }

    /// Has it show a notice.
    pub async fn show(&mut self, agent: &Key, title: &str) -> Result<()> {
        self.show_text(agent, title, "no reason").await
    }

    /// As [`show`](Self::show), with more to read.
    pub async fn show_text(&mut self, agent: &Key, title: &str, body: &str) -> Result<()> {
        let id = agent.id();
        self.tell(json!({ "agent": id.as_str(), "kind": "stale", "title": title, "body": body })).await
    }

    /// What it says of why notices cannot be shown.
    pub async fn problem(&mut self) -> Result<Option<String>> {
        let answered = self.said("problem").len();
        self.tell(json!("problem")).await?;
        let answer = until("an answer", async || Ok(self.said("problem").get(answered).cloned())).await?;
        Ok(answer["problem"].as_str().map(str::to_owned))
    }

    /// Waits for it to have a problem in which these words are, or for none.
    pub async fn until_problem(&mut self, words: Option<&str>) -> Result<()> {
        let mut last = None;
        let found = until(&format!("the problem {words:?}"), async || {
            last = self.problem().await?;
            let fits = match (&last, words) {
                (Some(problem), Some(words)) => problem.contains(words),
                (last, words) => last.is_none() && words.is_none(),
            };
            Ok(fits.then_some(()))
        })
        .await;
        found.with_context(|| format!("the last one was {last:?}"))
    }

    /// The agents that were opened so far, each with what lets a window come to the front.
    #[must_use]
    pub fn opened(&self) -> Vec<(String, Option<String>)> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let said = self.said("opened");
        said.iter().map(|line| (text(&line["opened"]).unwrap_or_default(), text(&line["token"]))).collect()
    }

    /// How many threads it has.
    pub fn threads(&self) -> Result<usize> {
        let pid = self.child.id().context("it ended")?;
        Ok(std::fs::read_dir(format!("/proc/{pid}/task"))?.count())
    }

    fn said(&self, what: &str) -> Vec<Value> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().filter(|line| line.get(what).is_some()).cloned().collect()
    }

    async fn tell(&mut self, line: Value) -> Result<()> {
        Ok(self.stdin.write_all(format!("{line}\n").as_bytes()).await?)
    }
}
