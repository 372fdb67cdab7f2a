//! Finding a run again that another app started.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::link::Link;
use super::{Orphans, Reclaimed, Run};
use crate::order::Exit;
use crate::os;
use crate::place::{Place, Record};

/// A shim that ends closes its socket a moment before it is gone.
const AGAIN: Duration = Duration::from_millis(20);
/// How often it is looked again: ten seconds, the longest that a shim needs for its last words, and some.
const TRIES: u32 = 600;

impl Run {
    /// Finds an agent's last run, whoever started it. Nothing is believed of the record that is not proven: a process by
    /// its number and the moment of its start, a shim by the marker that it answers with besides.
    ///
    /// # Errors
    /// When the record cannot be read, or its shim lives and does not answer.
    pub async fn reclaim(run_dir: &Path, agent: &str) -> io::Result<Reclaimed> {
        let place = Place::of(run_dir, agent);
        let mut tries = 0;
        loop {
            let Some(record) = place.read(agent)? else { return Ok(Reclaimed::Nothing) };
            // All process numbers are of another time.
            if record.boot != os::boot() {
                return Ok(Reclaimed::Ended(record.exit.unwrap_or_else(Exit::unknown)));
            }
            if !record.shim.lives() {
                // It may have written its last words since we read.
                let record = place.read(agent)?.unwrap_or(record);
                return Ok(without_shim(&record));
            }
            match Link::open(&record.socket, &record.marker).await {
                Ok((link, status)) => return Ok(Reclaimed::Running(Run::new(place, record, link, status))),
                // One that hangs was waited for already.
                Err(error) if tries >= TRIES || error.kind() == io::ErrorKind::TimedOut => return Err(error),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl Run {
    /// Whether processes of an agent's last run go on, whoever started it. Nobody is asked: their numbers tell.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn goes_on(run_dir: &Path, agent: &str) -> io::Result<bool> {
        let Some(record) = Place::of(run_dir, agent).read(agent)? else { return Ok(false) };
        let is_of_now = record.boot == os::boot();
        Ok(is_of_now && (record.shim.lives() || matches!(without_shim(&record), Reclaimed::Orphans(_))))
    }
}

fn without_shim(record: &Record) -> Reclaimed {
    let orphans = Orphans::new(record);
    if record.gone || orphans.pids().is_empty() {
        return Reclaimed::Ended(record.exit.unwrap_or_else(Exit::unknown));
    }
    Reclaimed::Orphans(orphans)
}
