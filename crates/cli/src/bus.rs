//! `beatkeeper bus`: the Redis heartbeat buses.

use std::io::{self, BufRead as _, IsTerminal as _};

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{BusFace, Command, Secret};
use serde_json::Value;

use crate::agent::ask_either;
use crate::args::{BusCommand, VaultKind};
use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::remote::Remote;
use crate::style::Screen;
use crate::table::{Cell, Column, lay_out};

pub(crate) fn perform(paths: &Paths, vault: VaultKind, command: &BusCommand) -> Result<(), Failure> {
    match command {
        BusCommand::Add { name, url, watch: _, no_watch, team, force } => {
            let add = Command::BusAdd {
                name: name.clone(),
                url: Secret::from(url.clone()),
                password: None,
                watch: !no_watch,
                team: *team,
                force: *force,
            };
            change(paths, vault, &add)?;
            note(&format!("{} is added", plain(name)));
            Ok(())
        }
        BusCommand::List { json } => list(paths, *json),
        BusCommand::Remove { name } => {
            change(paths, vault, &Command::BusRemove { name: name.clone() })?;
            note(&format!("{} is removed, and its password", plain(name)));
            Ok(())
        }
        BusCommand::Password { name, force } => {
            let password = Secret::from(asked(name)?);
            change(paths, vault, &Command::BusPassword { name: name.clone(), password, force: *force })?;
            note(&format!("{} has another password; what waits for it dials anew within a minute", plain(name)));
            Ok(())
        }
        BusCommand::Test { name } => {
            change(paths, vault, &Command::BusTest { name: name.clone() })?;
            note(&format!("{} answers", plain(name)));
            Ok(())
        }
    }
}

/// Never an argument, which every program on this computer could read.
fn asked(name: &str) -> Result<String, Failure> {
    let unread = |error: io::Error| {
        let sentence = format!("The password could not be read: {error}");
        Failure::refused("bus.no_password", sentence, "Type it in a terminal, or write it to the command's input.")
    };
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("Password of {} (empty for none): ", plain(name))).map_err(unread);
    }
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).map_err(unread)? == 0 {
        return Err(unread(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn change(paths: &Paths, vault: VaultKind, command: &Command) -> Result<Value, Failure> {
    ask_either(paths, Remote::find(paths)?, vault, command)
}

fn list(paths: &Paths, json: bool) -> Result<(), Failure> {
    let buses = match Remote::find(paths)? {
        Some(mut remote) => remote.ask::<Vec<BusFace>>(&Command::BusList)?,
        // The file alone says it, without a vault.
        None => beatkeeper_engine::setup::configured_buses(paths)?,
    };
    if json {
        return Ok(out::json(&buses)?);
    }
    if buses.is_empty() {
        note("No buses: add one with `beatkeeper bus add NAME redis://...`.");
        return Ok(());
    }
    let columns = [
        Column::left("NAME"),
        Column::left("ADDRESS").cut_to(24),
        Column::left("WATCHED"),
        Column::left("TEAM"),
        Column::left("AGENTS"),
    ];
    let yes = |is: bool| if is { "yes" } else { "no" };
    let row = |bus: &BusFace| -> Vec<Cell> {
        vec![
            plain(&bus.name).into(),
            plain(&bus.url).into(),
            yes(bus.watch).to_owned().into(),
            yes(bus.team).to_owned().into(),
            bus.agents.to_string().into(),
        ]
    };
    let rows: Vec<_> = buses.iter().map(row).collect();
    Ok(out::lines(&lay_out(&columns, &rows, Screen::of_stdout()))?)
}
