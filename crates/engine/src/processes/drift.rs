//! How the code in an agent's folder differs from what was started, as git tells it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::DriftView;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// A look at a very large repository is given up.
const WITHIN: Duration = Duration::from_secs(10);

/// What was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Code {
    commit: String,
    /// Of the changes that are in no commit; empty when there are none.
    changes: String,
}

/// What was started, kept beside the record of the run: whoever takes it over asks, too.
pub(super) struct Drift {
    file: PathBuf,
}

impl Drift {
    pub(super) fn of(run_dir: &Path, id: &EntityId) -> Self {
        Self { file: run_dir.join(format!("{}.code", id.as_str().replace(':', "-"))) }
    }

    /// It is started now.
    pub(super) async fn started(&self, folder: &Path) {
        let kept = match code(folder).await {
            Some(code) => serde_json::to_vec(&code).ok(),
            None => None,
        };
        let done = match kept {
            Some(json) => tokio::fs::write(&self.file, json).await,
            None => tokio::fs::remove_file(&self.file).await,
        };
        if let Err(error) = done
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("which code was started cannot be kept: {error}");
        }
    }

    /// How it differs by now.
    pub(super) async fn look(&self, folder: &Path) -> Option<DriftView> {
        let then: Code = serde_json::from_slice(&tokio::fs::read(&self.file).await.ok()?).ok()?;
        let now = code(folder).await?;
        if then == now {
            return None;
        }
        let between = format!("{}..{}", then.commit, now.commit);
        let commits = git(folder, &["rev-list", "--count", &between]).await;
        let commits: u32 = commits.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
        Some(tell(commits, then.commit != now.commit, then.changes != now.changes))
    }
}

fn tell(commits: u32, moved: bool, edited: bool) -> DriftView {
    let since = match commits {
        0 if moved => "started from another commit".to_owned(),
        0 => String::new(),
        1 => "started 1 commit ago".to_owned(),
        many => format!("started {many} commits ago"),
    };
    let sentence = match (since.is_empty(), edited) {
        (true, _) => "files changed since it was started".to_owned(),
        (false, true) => format!("{since}, and files changed since"),
        (false, false) => since,
    };
    DriftView { sentence, commits, dirty: edited }
}

async fn code(folder: &Path) -> Option<Code> {
    let commit = git(folder, &["rev-parse", "HEAD"]).await?.trim().to_owned();
    // Only of this folder: a repository may hold many agents.
    let changes = git(folder, &["diff", "HEAD", "--no-ext-diff", "--raw", "--", "."]).await?;
    let stamps = stamps(folder, &changes).await;
    Some(Code { commit, changes: stamps })
}

/// The changed files with their sizes and times: what git shows of a changed file does not tell one change from the next.
async fn stamps(folder: &Path, raw: &str) -> String {
    let top = git(folder, &["rev-parse", "--show-toplevel"]).await.unwrap_or_default();
    let mut stamps = String::new();
    for line in raw.lines() {
        let name = line.rsplit('\t').next().unwrap_or_default();
        let meta = tokio::fs::metadata(Path::new(top.trim()).join(name)).await.ok();
        let time = meta.as_ref().and_then(|meta| meta.modified().ok());
        let millis =
            time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).map(|since| since.as_millis());
        let size = meta.map(|meta| meta.len());
        stamps.push_str(&format!("{name} {size:?} {millis:?}\n"));
    }
    stamps
}

/// Nothing where there is no git, no repository, or no answer in time.
async fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Looking takes no lock that a developer's own git would meet, and asks nobody for anything.
    command.arg("-C").arg(folder).args(arguments).env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(WITHIN, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests;
