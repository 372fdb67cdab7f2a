//! Changing an agent's record at its registry: what would be signed is shown, and a person asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use beatkeeper_engine::command::{Command, Write, WriteDone, WritePlan, WriteStep};
use beatkeeper_engine::discover::{self, Surroundings};
use beatkeeper_engine::{Paths, VaultChoice, setup};
use serde::de::DeserializeOwned;

use super::absolute;
use crate::args::{Consent, DeregisterOptions, NextIndexOptions, RegisterOptions, UpdateOptions, VaultKind};
use crate::failure::Failure;
use crate::lookup::Candidate;
use crate::out::{self, note, plain};
use crate::passphrase;
use crate::remote::Remote;

pub(super) fn register(paths: &Paths, vault: VaultKind, options: &RegisterOptions) -> Result<(), Failure> {
    let write = Write::Register {
        developer_path: developer(options.developer.as_deref())?,
        entity_url: options.url.clone(),
        name: options.name.clone(),
        category: options.category.clone(),
        tags: (!options.tags.is_empty()).then(|| options.tags.clone()),
        summary: options.summary.clone(),
        index: options.index,
    };
    perform(paths, vault, &options.agent, write, options.consent)
}

pub(super) fn update(paths: &Paths, vault: VaultKind, options: &UpdateOptions) -> Result<(), Failure> {
    perform(paths, vault, &options.agent, Write::Update { entity_url: options.url.clone() }, options.consent)
}

pub(super) fn deregister(paths: &Paths, vault: VaultKind, options: &DeregisterOptions) -> Result<(), Failure> {
    let developer_path = developer(options.developer.as_deref())?;
    // Its name is typed when it was seen what would happen.
    let write = Write::Deregister { confirm_name: String::new(), developer_path };
    perform(paths, vault, &options.agent, write, options.consent)
}

pub(super) fn next_index(paths: &Paths, vault: VaultKind, options: &NextIndexOptions) -> Result<(), Failure> {
    let developer_path = developer(options.developer.as_deref())?;
    let write = Write::NextIndex { developer_path, entity_url: options.url.clone() };
    perform(paths, vault, &options.agent, write, options.consent)
}

/// The developer's key file that is named, or the one that the tools of this terminal use: a running engine has another
/// environment.
fn developer(given: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    match given {
        Some(path) => absolute(path).map(Some),
        None => discover::developer_key(&Surroundings::of_this_process()).as_deref().map(absolute).transpose(),
    }
}

fn perform(paths: &Paths, vault: VaultKind, wanted: &str, write: Write, consent: Consent) -> Result<(), Failure> {
    let mut remote = Remote::find(paths)?;
    let agent = super::meant(paths, remote.as_mut(), wanted)?;
    if !consent.yes && !consent.dry_run && !io::stdin().is_terminal() {
        return Err(not_confirmed(
            format!("Signing for \"{}\" ({}) was not confirmed", plain(&agent.name), agent.id),
            "Add --yes, or run the command in a terminal, which shows what is signed and asks. --dry-run only shows it.",
        ));
    }
    let mut via = match remote {
        Some(remote) => Via::Engine(Box::new(remote)),
        None => Via::Here { paths, vault: passphrase::choose(vault, paths)? },
    };
    let plan: WritePlan = via.ask(&Command::WritePropose { id: agent.id.clone(), write: write.clone() })?;
    if consent.dry_run {
        return if consent.json { Ok(out::json(&plan)?) } else { Ok(out::lines(&shown(&plan))?) };
    }
    if !consent.yes || !consent.json {
        shown(&plan).iter().for_each(|line| note(line));
    }
    let write = confirmed(write, &agent, consent)?;
    let done: WriteDone = via.ask(&Command::WriteCarryOut { id: agent.id.clone(), write, seal: plan.seal })?;
    if consent.json {
        return Ok(out::json(&done)?);
    }
    for step in &done.steps {
        note(&format!("{}: {}", plain(&step.what), plain(&step.answer)));
    }
    note(&plain(&done.sentence));
    if done.agent != agent.id {
        // Scripts keep it.
        out::raw(&format!("{}\n", done.agent))?;
    }
    Ok(())
}

/// Who carries it out. A passphrase is asked for once.
enum Via<'a> {
    Engine(Box<Remote>),
    Here { paths: &'a Paths, vault: VaultChoice },
}

impl Via<'_> {
    fn ask<T: DeserializeOwned>(&mut self, command: &Command) -> Result<T, Failure> {
        match self {
            Self::Engine(remote) => remote.ask(command),
            Self::Here { paths, vault } => {
                let value = setup::execute_offline(paths, vault, command)?;
                serde_json::from_value(value).map_err(|error| {
                    Failure::refused("engine.json", error.to_string(), "This is a defect; please report it.")
                })
            }
        }
    }
}

/// What a person agreed to: with a word, or by typing the name of what is lost.
fn confirmed(write: Write, agent: &Candidate, consent: Consent) -> Result<Write, Failure> {
    match write {
        Write::Deregister { developer_path, .. } => {
            let confirm_name = if consent.yes {
                agent.name.clone()
            } else {
                prompt(&format!("Type \"{}\" to deregister it: ", plain(&agent.name)))?
            };
            Ok(Write::Deregister { confirm_name, developer_path })
        }
        write @ (Write::Register { .. } | Write::Update { .. } | Write::NextIndex { .. }) => {
            let agrees = |answer: &str| matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
            if consent.yes || agrees(&prompt("Sign and send? [y/N] ")?) {
                return Ok(write);
            }
            Err(not_confirmed("Nothing was signed, and nothing was sent".to_owned(), "Answer y to do it."))
        }
    }
}

fn prompt(text: &str) -> Result<String, Failure> {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| not_confirmed(format!("The answer could not be read: {error}"), "Use --yes."))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn not_confirmed(sentence: String, remedy: &str) -> Failure {
    Failure::refused("write.not_confirmed", sentence, remedy)
}

/// The plan, for people.
fn shown(plan: &WritePlan) -> Vec<String> {
    let mut lines = vec![plain(&plan.sentence)];
    for (number, step) in plan.steps.iter().enumerate() {
        lines.push(String::new());
        lines.push(format!("{}. {}", number + 1, plain(&step.what)));
        lines.extend(request(step));
    }
    if !plan.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(plan.warnings.iter().map(|warning| format!("Note: {}", plain(warning))));
    }
    lines
}

fn request(step: &WriteStep) -> Vec<String> {
    let mut lines = vec![format!("   {} {}", step.method, plain(&step.url))];
    lines.extend(step.body.iter().flat_map(|body| body.lines()).map(|line| format!("   {}", plain(line))));
    let also = step.also.iter().map(|signing| (&signing.signed_by, &signing.signed));
    for (by, signed) in also.chain([(&step.signed_by, &step.signed)]) {
        lines.push(format!("   signed by {}: {}", plain(by), plain(signed)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use beatkeeper_engine::command::Signing;

    use super::*;

    #[test]
    fn a_plan_is_read_from_top_to_bottom() {
        let step = WriteStep {
            what: "Publish it".into(),
            method: "PUT".into(),
            url: "http://r/v1/entities/zns:1".into(),
            body: Some("{\n  \"a\": \"\u{1b}[2J\"\n}".into()),
            signed_by: "the agent's key".into(),
            signed: "{\"a\":1}".into(),
            also: vec![Signing { signed_by: "the developer's key".into(), signed: "hex:00".into() }],
        };
        let plan = WritePlan {
            agent: "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap(),
            seal: "s".into(),
            sentence: "It is published.".into(),
            steps: vec![step],
            warnings: vec!["Mind this.".into()],
        };
        assert_eq!(
            shown(&plan),
            [
                "It is published.",
                "",
                "1. Publish it",
                "   PUT http://r/v1/entities/zns:1",
                "   {",
                "     \"a\": \"\u{fffd}[2J\"",
                "   }",
                "   signed by the developer's key: hex:00",
                "   signed by the agent's key: {\"a\":1}",
                "",
                "Note: Mind this.",
            ]
        );
    }
}
