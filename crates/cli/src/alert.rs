//! `beatkeeper alert`: the channels that are told of alerts, and what they did not take.

use beatkeeper_core::notice::{Notice, NoticeId};
use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::alerts::channels::{ChannelView, DeliveryView};
use beatkeeper_engine::command::Command;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::AlertCommand;
use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::remote::Remote;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::{NONE, ago, clock};

pub(crate) fn perform(paths: &Paths, command: &AlertCommand) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    match command {
        AlertCommand::Test { channel } => test(&mut remote, channel.as_deref()),
        AlertCommand::Channels { json } => channels(&mut remote, *json),
        AlertCommand::Dead { json, limit } => dead(&mut remote, *json, *limit),
        AlertCommand::Retry { notice, channel } => retry(&mut remote, *notice, channel),
    }
}

#[derive(Deserialize)]
struct Tested {
    ms: u64,
}

#[derive(Serialize, Deserialize)]
struct DeadLetter {
    delivery: DeliveryView,
    notice: Notice,
}

/// Tests one channel, or each that is switched on; fails with what the first of them said that failed.
fn test(remote: &mut Remote, channel: Option<&str>) -> Result<(), Failure> {
    let names: Vec<String> = match channel {
        Some(name) => vec![name.to_owned()],
        None => list(remote)?.into_iter().filter(|view| view.enabled).map(|view| view.name).collect(),
    };
    let commands: Vec<_> = names.iter().map(|name| Command::ChannelTest { name: name.clone() }).collect();
    // At once: one that takes its time holds up no other.
    let answers = remote.ask_each::<Tested>(&commands);
    let mut failed = None;
    for (name, answer) in names.iter().zip(answers) {
        match answer {
            Ok(Tested { ms }) => out::lines(&[format!("{}: it arrived, after {ms} ms", plain(name))])?,
            Err(Failure::Refused(refusal)) => {
                if let Some(Failure::Refused(earlier)) = failed.replace(Failure::Refused(refusal)) {
                    // The last one is told when the command ends.
                    note(&format!("failed: {}", plain(&earlier.sentence)));
                }
            }
            Err(other) => return Err(other),
        }
    }
    failed.map_or(Ok(()), Err)
}

fn list(remote: &mut Remote) -> Result<Vec<ChannelView>, Failure> {
    remote.ask(&Command::Channels)
}

fn channels(remote: &mut Remote, json: bool) -> Result<(), Failure> {
    let views = list(remote)?;
    if json {
        return Ok(out::json(&views)?);
    }
    let now = Time::from_timestamp(Timestamp::now());
    let rows: Vec<_> = views.iter().map(|view| row(view, now)).collect();
    let columns = [
        Column::left("CHANNEL"),
        Column::left("KIND"),
        Column::left("TO").cut_to(12),
        Column::left("STATE").cut_to(16),
        Column::right("LAST").leave_out(2),
        Column::right("WAITING").leave_out(1),
        Column::right("DEAD"),
    ];
    Ok(out::lines(&lay_out(&columns, &rows, Screen::of_stdout()))?)
}

fn row(view: &ChannelView, now: Time) -> Vec<Cell> {
    let state = match view.problem.as_ref().or(view.secret_problem.as_ref()) {
        _ if !view.enabled => Cell::new("off", Tone::Quiet),
        Some(problem) => Cell::new(plain(problem), Tone::Bad),
        None => Cell::new("fine", Tone::Plain),
    };
    let count = |number: u32| Cell::from(if number == 0 { NONE.to_owned() } else { number.to_string() });
    vec![
        plain(&view.name).into(),
        view.kind.clone().into(),
        plain(&view.target).into(),
        state,
        ago(view.last_delivered_at, now).into(),
        count(view.waiting),
        count(view.dead),
    ]
}

fn dead(remote: &mut Remote, json: bool, limit: u32) -> Result<(), Failure> {
    let letters: Vec<DeadLetter> = remote.ask(&Command::DeadLetters { limit })?;
    if json {
        return Ok(out::json(&letters)?);
    }
    if letters.is_empty() {
        note("No dead letters: every channel took what it was told, or still gets it.");
        return Ok(());
    }
    let (now, zone) = (Time::from_timestamp(Timestamp::now()), TimeZone::system());
    let columns = [
        Column::left("NOTICE"),
        Column::left("CHANNEL"),
        Column::left("TOLD").leave_out(1),
        Column::left("TITLE").cut_to(16),
        Column::left("WHY").cut_to(16),
        Column::left("RETRY").cut_to(16),
    ];
    let rows: Vec<_> = letters.iter().map(|letter| dead_row(letter, now, &zone)).collect();
    Ok(out::lines(&lay_out(&columns, &rows, Screen::of_stdout()))?)
}

fn dead_row(letter: &DeadLetter, now: Time, zone: &TimeZone) -> Vec<Cell> {
    let DeadLetter { delivery: DeliveryView { delivery, can_retry, no_retry }, notice } = letter;
    let retry = match no_retry {
        _ if *can_retry => Cell::new("yes", Tone::Plain),
        Some(why) => Cell::new(format!("no: {}", plain(why)), Tone::Quiet),
        None => Cell::new(NONE, Tone::Quiet),
    };
    vec![
        delivery.notice.0.to_string().into(),
        plain(&delivery.channel).into(),
        clock(notice.at, now, zone).into(),
        plain(&notice.title).into(),
        Cell::new(plain(delivery.problem.as_deref().unwrap_or(NONE)), Tone::Bad),
        retry,
    ]
}

fn retry(remote: &mut Remote, notice: u64, channel: &str) -> Result<(), Failure> {
    let command = Command::DeliveryRetry { notice: NoticeId(notice), channel: channel.to_owned() };
    remote.ask::<Value>(&command)?;
    note(&format!("{notice} is tried again for {}", plain(channel)));
    Ok(())
}
