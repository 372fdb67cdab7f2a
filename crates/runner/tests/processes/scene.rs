//! A folder for a run, and the end of everything that was started in it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use beatkeeper_runner::log::{LogLimits, LogPlace};
use beatkeeper_runner::{Order, Run, ShimProgram, StopSignal};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const AGENT: &str = "zns:0123456789abcdef";

pub(crate) struct Scene {
    dir: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("project")).unwrap();
        Self { dir }
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    /// Where the agent runs, and leaves files that tests wait for.
    pub(crate) fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub(crate) fn order(&self, program: &str, args: &[&str]) -> Order {
        order(self.dir.path(), program, args)
    }

    pub(crate) async fn sh(&self, script: &str) -> Run {
        self.start(self.order("sh", &["-c", script])).await
    }

    pub(crate) async fn python(&self, script: &str) -> Run {
        self.start(self.order("python3", &["-c", script])).await
    }

    pub(crate) async fn start(&self, order: Order) -> Run {
        Run::start(&shim(), order).await.unwrap()
    }

    /// All that is in the log.
    pub(crate) fn log(&self) -> String {
        let Ok(entries) = fs::read_dir(self.dir.path().join("log")) else { return String::new() };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()).collect()
    }

    pub(crate) async fn logged(&self, text: &str) {
        until(&format!("{text} in the log"), || self.log().contains(text)).await;
    }

    /// Waits for a file that the agent writes with a process number in it.
    pub(crate) async fn pid(&self, name: &str) -> u32 {
        let file = self.project().join(name);
        let read = || fs::read_to_string(&file).ok()?.strip_suffix('\n')?.parse().ok();
        until(name, || read().is_some()).await;
        read().unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.project().join(name).exists()
    }

    pub(crate) async fn appears(&self, name: &str) {
        until(name, || self.has(name)).await;
    }

    pub(crate) fn put(&self, name: &str) {
        fs::write(self.project().join(name), "").unwrap();
    }

    /// The run's record, as a shim wrote it.
    pub(crate) fn record(&self) -> PathBuf {
        let files = fs::read_dir(self.run_dir()).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|file| file.extension().is_some_and(|ending| ending == "json")).unwrap()
    }
}

impl Drop for Scene {
    /// Whatever a test came to, nothing that it started stays: the shim first, which would be busy with the others.
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(self.run_dir()) else { return };
        for file in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let Ok(record) = fs::read_to_string(&file) else { continue };
            let Ok(record) = serde_json::from_str::<serde_json::Value>(&record) else { continue };
            let Some(marker) = record["marker"].as_str() else { continue };
            for _ in 0..50 {
                let left = bearers(marker);
                left.iter().for_each(|pid| kill(*pid));
                if left.is_empty() {
                    break;
                }
            }
        }
    }
}

pub(crate) fn order(dir: &Path, program: &str, args: &[&str]) -> Order {
    Order {
        agent: AGENT.to_owned(),
        program: program.into(),
        args: args.iter().map(OsString::from).collect(),
        folder: dir.join("project"),
        env: Vec::new(),
        env_remove: Vec::new(),
        secret_env: Vec::new(),
        stop: StopSignal::Term,
        log: LogPlace { folder: dir.join("log"), limits: LogLimits::default() },
        run_dir: dir.join("run"),
    }
}

pub(crate) fn shim() -> ShimProgram {
    ShimProgram::at(env!("CARGO_BIN_EXE_beatkeeper-shim"))
}

/// Every process with this marker in its environment.
pub(crate) fn bearers(marker: &str) -> Vec<u32> {
    let wanted = format!("BEATKEEPER_RUN={marker}");
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
    })
    .collect()
}

pub(crate) fn send(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid as i32).unwrap(), signal);
}

pub(crate) fn kill(pid: u32) {
    send(pid, Signal::KILL);
}

/// Whether a process runs; one that has ended and was not awaited does not.
pub(crate) fn lives(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit_once(") ").unwrap().1.starts_with(['Z', 'X'])
}

pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
