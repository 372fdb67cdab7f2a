//! The keys that are on this computer already.

use std::path::PathBuf;

use beatkeeper_engine::Paths;
use beatkeeper_engine::discover::{self, FoundKey, KeyOf, Surroundings};
use beatkeeper_engine::settings::Settings;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, note, plain};
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::NONE;

const COLUMNS: [Column; 6] = [
    Column::left("NAME").cut_to(12),
    Column::left("WHAT"),
    Column::left("ID").leave_out(2),
    Column::left("MODE"),
    Column::left("STATE").cut_to(24),
    Column::left("FILE"),
];

pub(super) fn print(paths: &Paths, folders: &[PathBuf], json: bool) -> Result<(), Failure> {
    let settings = Settings::load(&paths.config).map_err(beatkeeper_engine::command::Refusal::from)?;
    let here = [PathBuf::from(".")];
    let folders = if folders.is_empty() { &here[..] } else { folders };
    let folders: Vec<PathBuf> = folders.iter().map(|folder| super::absolute(folder)).collect::<Result<_, _>>()?;
    let found = discover::find(&Surroundings::of_this_process(), &folders, &settings);
    if json {
        return Ok(out::json(&json!({ "keys": found }))?);
    }
    if found.is_empty() {
        note("No keys were found. Name the folders of your projects: beatkeeper agent find FOLDER...");
        return Ok(());
    }
    let rows: Vec<Vec<Cell>> = found.iter().map(cells).collect();
    out::lines(&lay_out(&COLUMNS, &rows, Screen::of_stdout()))?;
    if let Some(new) = found.iter().find(|key| !key.known && key.problem.is_none() && key.of == KeyOf::Agent) {
        note(&format!(
            "Import one: beatkeeper agent import {} --registry {}",
            new.path.display(),
            plain(&new.registry)
        ));
    }
    Ok(())
}

fn cells(key: &FoundKey) -> Vec<Cell> {
    let what = match key.of {
        KeyOf::Agent => "agent",
        KeyOf::Service => "service",
        KeyOf::Developer => "developer",
    };
    let state = match &key.problem {
        Some(problem) => Cell::new(plain(problem), Tone::Bad),
        None if key.known => Cell::new("here already", Tone::Quiet),
        None => Cell::new("new", Tone::Strong),
    };
    let mode = key.mode.clone().unwrap_or_else(|| NONE.to_owned());
    vec![
        Cell::new(plain(&key.name), Tone::Strong),
        Cell::new(what, Tone::Quiet),
        Cell::from(key.id.clone().unwrap_or_else(|| NONE.to_owned())),
        Cell::new(mode, if key.loose { Tone::Bad } else { Tone::Quiet }),
        state,
        Cell::new(plain(&key.path.display().to_string()), Tone::Quiet),
    ]
}
