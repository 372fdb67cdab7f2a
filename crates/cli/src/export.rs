//! `beatkeeper export`: an agent's history of some time, for other programs.

use std::time::Duration;

use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Command;
use beatkeeper_engine::export::{ExportFormat, Exported};
use jiff::Timestamp;

use crate::args::ExportOptions;
use crate::failure::Failure;
use crate::lookup;
use crate::out::{self, note};
use crate::remote::Remote;

/// Without a beginning.
const USUAL: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn print(paths: &Paths, options: &ExportOptions) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    let candidates = super::agent::candidates(&remote.fleet()?);
    let agent = lookup::find(&options.agent, &candidates)?;
    let to = Time::from_timestamp(options.to.unwrap_or_else(Timestamp::now));
    let from = options.from.map_or(to - USUAL, Time::from_timestamp);
    let format = if options.json { ExportFormat::Json } else { ExportFormat::Csv };
    let exported: Exported = remote.ask(&Command::AgentExport { id: agent.id, from, to, format })?;
    out::raw(&exported.text)?;
    note(&format!("{} lines", exported.rows));
    Ok(())
}
