//! The engine's alerts and nothing else, so that what they cost in threads and connections can be counted.
//!
//! Reads a line of JSON for each notice, `{"agent": .., "kind": .., "title": .., "body": ..}`, or `"problem"`; writes
//! one for each click, `{"opened": agent, "token": ..}`, and for each answer, `{"problem": ..}`. Its argument is `open`
//! or `nothing`, for what a click does.

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use beatkeeper_core::notice::{Notice, NoticeKind};
use beatkeeper_core::time::Time;
use beatkeeper_engine::alerts::{Desktop, OnClick};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let on_click = match std::env::args().nth(1).as_deref() {
        Some("open") => OnClick::open(|click| {
            say(&json!({ "opened": click.agent.as_str(), "token": click.activation_token }));
        }),
        Some("nothing") => OnClick::Nothing,
        other => bail!("what should a click do: open or nothing? Not {other:?}"),
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
        let desktop = Desktop::start(on_click);
        while let Some(line) = lines.recv().await {
            let line: Value = serde_json::from_str(&line)?;
            if line == "problem" {
                say(&json!({ "problem": desktop.problem() }));
            } else {
                desktop.show(notice(&line).with_context(|| format!("no notice: {line}"))?);
            }
        }
        Ok(())
    })
}

fn notice(line: &Value) -> Result<Notice> {
    let text = |name: &str| line[name].as_str().with_context(|| format!("without {name}"));
    let kind = match text("kind")? {
        "stale" => NoticeKind::Stale,
        "offline" => NoticeKind::Offline,
        "recovered" => NoticeKind::Recovered,
        other => bail!("unknown kind {other}"),
    };
    let (title, body) = (text("title")?.to_owned(), text("body")?.to_owned());
    Ok(Notice { agent: text("agent")?.parse()?, kind, title, body, at: Time::from_millis(0) })
}

fn say(line: &Value) {
    _ = writeln!(std::io::stdout().lock(), "{line}");
}
