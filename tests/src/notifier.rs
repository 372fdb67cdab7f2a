//! The engine's alerts in a program of their own.

use std::collections::HashMap;
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
    /// The newest notice of each agent, by its id.
    newest: HashMap<String, u64>,
    last: u64,
}

/// What a person chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clicked {
    /// On which notice.
    pub notice: u64,
    /// Whom it was about.
    pub agents: Vec<String>,
    /// `open`, `restart` or `snooze`.
    pub action: String,
    /// What lets a window come to the front.
    pub token: Option<String>,
}

/// What became of a try to show a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub notice: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether it is tried again.
    pub again: bool,
}

impl Notifier {
    /// One whose notices offer something.
    pub fn start(desktop: &Desktop) -> Result<Self> {
        Self::start_as(desktop, "call")
    }

    /// One where nothing can be done.
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
        Ok(Self { child, stdin, said, newest: HashMap::new(), last: 0 })
    }

    /// Has it show a new notice, which supersedes the agent's last one. Answers its id.
    pub async fn show(&mut self, agent: &Key, title: &str) -> Result<u64> {
        self.show_text(agent, title, "no reason").await
    }

    /// As [`show`](Self::show), with more to read.
    pub async fn show_text(&mut self, agent: &Key, title: &str, body: &str) -> Result<u64> {
        let id = self.last + 1;
        let older = self.newest.insert(agent.id().as_str().to_owned(), id);
        self.show_as(id, &[agent], "stale", title, body, older.as_slice()).await?;
        Ok(id)
    }

    /// Has it show a notice as described.
    pub async fn show_as(
        &mut self,
        id: u64,
        agents: &[&Key],
        kind: &str,
        title: &str,
        body: &str,
        supersedes: &[u64],
    ) -> Result<()> {
        self.last = self.last.max(id);
        let agents: Vec<_> = agents.iter().map(|agent| agent.id()).collect();
        let notice = json!({
            "id": id, "agents": agents, "kind": kind, "title": title, "body": body, "supersedes": supersedes,
        });
        self.tell(notice).await
    }

    /// Has it take notices away.
    pub async fn withdraw(&mut self, notices: &[u64]) -> Result<()> {
        self.tell(json!({ "withdraw": notices })).await
    }

    /// What became of each try so far.
    #[must_use]
    pub fn tried(&self) -> Vec<Tried> {
        let line = |line: &Value| Tried {
            notice: line["tried"].as_u64().unwrap_or_default(),
            error: line["error"].as_str().map(str::to_owned),
            again: line["again"] == true,
        };
        self.said("tried").iter().map(line).collect()
    }

    /// Waits until a notice was shown.
    pub async fn until_shown(&self, notice: u64) -> Result<()> {
        let shown = async || Ok(self.tried().into_iter().find(|tried| tried.notice == notice && tried.error.is_none()));
        let found = until(&format!("notice {notice} to be shown"), shown).await;
        found.map(drop).with_context(|| format!("it tried {:?}", self.tried()))
    }

    /// Waits until a notice could not be shown.
    pub async fn until_failed(&self, notice: u64) -> Result<Tried> {
        let failed =
            async || Ok(self.tried().into_iter().find(|tried| tried.notice == notice && tried.error.is_some()));
        until(&format!("notice {notice} to fail"), failed).await
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

    /// What was chosen so far.
    #[must_use]
    pub fn clicked(&self) -> Vec<Clicked> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let line = |line: &Value| Clicked {
            notice: line["clicked"].as_u64().unwrap_or_default(),
            agents: line["agents"].as_array().into_iter().flatten().filter_map(text).collect(),
            action: text(&line["action"]).unwrap_or_default(),
            token: text(&line["token"]),
        };
        self.said("clicked").iter().map(line).collect()
    }

    /// The agents that were opened so far, each with what lets a window come to the front.
    #[must_use]
    pub fn opened(&self) -> Vec<(String, Option<String>)> {
        let opened = self.clicked().into_iter().filter(|click| click.action == "open");
        opened.map(|click| (click.agents.join(" "), click.token)).collect()
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
