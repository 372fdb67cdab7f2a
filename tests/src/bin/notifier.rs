//! The engine's alerts and nothing else, so that what they cost in threads and connections can be counted.
//!
//! Reads a line of JSON for each notice, `{"id": .., "agents": [..], "kind": .., "title": .., "body": ..,
//! "supersedes": [..]}`, for what is over, `{"withdraw": [id, ..]}`, or `"problem"`. Writes one for each click,
//! `{"clicked": id, "agents": [..], "action": .., "token": ..}`, for each try to show, `{"tried": id, "error": ..,
//! "again": ..}`, and for each answer, `{"problem": ..}`. Its argument is `call` or `nothing`, for what a click does.

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use beatkeeper_core::notice::{Notice, NoticeAgent, NoticeId, NoticeKind};
use beatkeeper_core::time::Time;
use beatkeeper_engine::alerts::{ClickAction, Desktop, OnClick};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let on_click = match std::env::args().nth(1).as_deref() {
        Some("call") => OnClick::call(|click| {
            let action = match click.action {
                ClickAction::Open => "open",
                ClickAction::Restart => "restart",
                ClickAction::Snooze => "snooze",
            };
            let (id, agents) = (click.notice.0, click.agents);
            say(&json!({ "clicked": id, "agents": agents, "action": action, "token": click.activation_token }));
        }),
        Some("nothing") => OnClick::Nothing,
        other => bail!("what should a click do: call or nothing? Not {other:?}"),
    };
    let (send, mut lines) = tokio::sync::mpsc::unbounded_channel();
    // A thread of its own from the start, as reading blocks: the count stays what it is.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            _ = send.send(line);
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let desktop = Desktop::start(on_click, |notice, outcome| {
            let (error, again) = outcome.map_or_else(|error| (Some(error.problem), error.again), |()| (None, false));
            say(&json!({ "tried": notice.0, "error": error, "again": again }));
        });
        while let Some(line) = lines.recv().await {
            let line: Value = serde_json::from_str(&line)?;
            if line == "problem" {
                say(&json!({ "problem": desktop.problem() }));
            } else if line.get("withdraw").is_some() {
                desktop.withdraw(&ids(&line["withdraw"])?);
            } else {
                desktop.show(notice(&line).with_context(|| format!("no notice: {line}"))?);
            }
        }
        Ok(())
    })
}

fn notice(line: &Value) -> Result<Notice> {
    let text = |name: &str| line[name].as_str().with_context(|| format!("without {name}"));
    let kind = text("kind")?;
    let kind = NoticeKind::from_name(kind).with_context(|| format!("unknown kind {kind}"))?;
    let agent = |id: &Value| {
        let id = id.as_str().context("an agent without id")?.parse()?;
        anyhow::Ok(NoticeAgent { id, name: String::new(), opened_at: Time::ZERO, last_beat: None })
    };
    Ok(Notice {
        id: NoticeId(line["id"].as_u64().context("without id")?),
        kind,
        agents: list(&line["agents"])?.iter().map(agent).collect::<Result<_>>()?,
        title: text("title")?.to_owned(),
        body: text("body")?.to_owned(),
        supersedes: ids(&line["supersedes"])?,
        ..Notice::test(Time::ZERO)
    })
}

fn ids(value: &Value) -> Result<Vec<NoticeId>> {
    list(value)?.iter().map(|id| id.as_u64().map(NoticeId).context("no id")).collect()
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().with_context(|| format!("no list: {value}"))
}

fn say(line: &Value) {
    _ = writeln!(std::io::stdout().lock(), "{line}");
}
