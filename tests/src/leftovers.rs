//! What a test that failed left running.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::App;

/// Ends the agents of an app when a test fails: they outlive whoever started them, and would hold files and ports.
pub struct Leftovers {
    runs: PathBuf,
}

impl Leftovers {
    /// Of this app.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self { runs: app.data().join("runs") }
    }

    /// The processes that the records of runs name: each agent's first one, and the one that keeps its output.
    #[must_use]
    pub fn recorded(&self) -> Vec<u32> {
        let files = std::fs::read_dir(&self.runs).into_iter().flatten().flatten();
        let records = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        let records = records.filter_map(|text| serde_json::from_str::<Value>(&text).ok());
        // Numbers of what has ended may be others' by now.
        let left = records.filter(|record| record["gone"] != true);
        let pids = left.flat_map(|record| ["child", "shim"].map(|process| record[process]["pid"].as_u64()));
        pids.flatten().filter_map(|pid| u32::try_from(pid).ok()).collect()
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        for pid in self.recorded().into_iter().filter(|_| std::thread::panicking()) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}
