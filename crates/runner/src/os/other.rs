//! macOS and Windows, which hand no orphans to the shim: a process of a run is told by its marker and its parents.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

use super::{MARKER, Process, Sample};
use crate::order::StopSignal;

/// Start times are seconds of the wall clock here, and need no other beginning.
pub(crate) fn boot() -> &'static str {
    ""
}

/// Fails on no system that we are built for.
fn look(at: ProcessesToUpdate<'_>, kind: ProcessRefreshKind) -> Option<System> {
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(at, true, kind);
    Some(system)
}

fn look_at(pid: u32) -> Option<System> {
    look(ProcessesToUpdate::Some(&[Pid::from_u32(pid)]), ProcessRefreshKind::nothing())
}

fn ended(process: &sysinfo::Process) -> bool {
    matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead)
}

fn identity(process: &sysinfo::Process) -> Process {
    Process { pid: process.pid().as_u32(), start: process.start_time() }
}

/// When the process with this number started, whether it has ended since or not.
pub(crate) fn birth(pid: u32) -> Option<u64> {
    look_at(pid)?.process(Pid::from_u32(pid)).map(sysinfo::Process::start_time)
}

/// What the process is called.
pub(crate) fn name(pid: u32) -> Option<String> {
    look_at(pid)?.process(Pid::from_u32(pid)).map(|process| process.name().to_string_lossy().into_owned())
}

/// The process with this number, unless it has ended.
pub(crate) fn find(pid: u32) -> Option<Process> {
    look_at(pid)?.process(Pid::from_u32(pid)).filter(|process| !ended(process)).map(identity)
}

/// Every process of a run, but for its shim.
pub(crate) fn family(shim: Process, child: Process, marker: &str) -> Vec<Process> {
    everyone(Some(shim), child, marker)
}

/// Every process of a run whose shim was killed.
pub(crate) fn orphans(child: Process, marker: &str) -> Vec<Process> {
    everyone(None, child, marker)
}

/// The process with this number, when it is one of a run's and has not ended.
pub(crate) fn member(pid: u32, shim: Process, child: Process, marker: &str) -> Option<Process> {
    everyone(Some(shim), child, marker).into_iter().find(|process| process.pid == pid)
}

fn everyone(shim: Option<Process>, child: Process, marker: &str) -> Vec<Process> {
    let kind = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    let Some(system) = look(ProcessesToUpdate::All, kind) else { return Vec::new() };
    members(&system, shim, child, marker).into_iter().map(identity).collect()
}

fn members<'a>(system: &'a System, shim: Option<Process>, child: Process, marker: &str) -> Vec<&'a sysinfo::Process> {
    let wanted = format!("{MARKER}={marker}");
    let all: Vec<&sysinfo::Process> = system.processes().values().filter(|process| !ended(process)).collect();
    let is_shim = |process: &sysinfo::Process| shim.is_some_and(|shim| identity(process) == shim);
    let mut ours: HashSet<Pid> = all
        .iter()
        .filter(|process| !is_shim(process))
        .filter(|process| identity(process) == child || process.environ().iter().any(|entry| *entry == *wanted))
        .map(|process| process.pid())
        .collect();
    loop {
        let before = ours.len();
        for process in &all {
            let from_ours = process.parent().and_then(|parent| system.process(parent)).is_some_and(|parent| {
                // On Windows a parent's number may be another's by now, who then is the younger one.
                ours.contains(&parent.pid()) && parent.start_time() <= process.start_time()
            });
            if from_ours && !is_shim(process) {
                ours.insert(process.pid());
            }
        }
        if ours.len() == before {
            break;
        }
    }
    all.into_iter().filter(|process| ours.contains(&process.pid())).collect()
}

/// Sends a signal to this very process; one that has ended is no error.
pub(crate) fn signal(to: Process, signal: StopSignal) -> io::Result<()> {
    let Some(system) = look_at(to.pid) else { return Ok(()) };
    match system.process(Pid::from_u32(to.pid)).filter(|process| !ended(process) && identity(process) == to) {
        Some(process) => send(process, signal),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn send(to: &sysinfo::Process, signal: StopSignal) -> io::Result<()> {
    use rustix::io::Errno;
    let Some(pid) = i32::try_from(to.pid().as_u32()).ok().and_then(rustix::process::Pid::from_raw) else {
        return Ok(());
    };
    match rustix::process::kill_process(pid, signal.into()) {
        Err(Errno::SRCH) => Ok(()),
        sent => Ok(sent?),
    }
}

#[cfg(windows)]
fn send(to: &sysinfo::Process, signal: StopSignal) -> io::Result<()> {
    if signal != StopSignal::Kill {
        return Err(io::ErrorKind::Unsupported.into());
    }
    if to.kill() { Ok(()) } else { Err(io::Error::other(format!("process {} cannot be ended", to.pid()))) }
}

/// What these processes use. `None` when none is left. Memory is what is resident of them.
pub(crate) fn sample(shim: Process, child: Process, marker: &str) -> Option<Sample> {
    let kind = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always).with_cpu().with_memory().with_tasks();
    let system = look(ProcessesToUpdate::All, kind)?;
    let mut sample = Sample::default();
    for process in members(&system, Some(shim), child, marker) {
        sample.processes += 1;
        sample.threads += process.tasks().map_or(1, |tasks| u32::try_from(tasks.len()).unwrap_or(u32::MAX));
        sample.memory_bytes += process.memory();
        sample.cpu += Duration::from_millis(process.accumulated_cpu_time());
        if let Some(files) = process.open_files().and_then(|files| u32::try_from(files).ok()) {
            sample.open_files = Some(sample.open_files.unwrap_or(0) + files);
        }
    }
    (sample.processes > 0).then_some(sample)
}
