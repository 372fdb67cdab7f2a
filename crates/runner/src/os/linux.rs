//! Linux: `/proc`.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, kill_process, pidfd_open, pidfd_send_signal};

use super::{MARKER, Process, Sample};
use crate::order::StopSignal;

/// What `/proc/PID/stat` says (proc_pid_stat(5)).
struct Stat {
    /// `Z` and `X` are processes that have ended.
    state: u8,
    parent: u32,
    group: u32,
    /// Clock ticks: its own, and of its ended and awaited children.
    ticks: u64,
    childrens_ticks: u64,
    threads: u32,
    /// Clock ticks since the machine started.
    start: u64,
}

impl Stat {
    fn has_ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

fn stat(pid: u32) -> Option<Stat> {
    let mut buffer = [0; 1024];
    let length = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut buffer).ok()?;
    parse(&buffer[..length])
}

/// The name is in parentheses and may hold any of them.
fn parse(text: &[u8]) -> Option<Stat> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(text.get(end + 2..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        state: *fields.first()?.as_bytes().first()?,
        parent: u32::try_from(number(1)?).ok()?,
        group: u32::try_from(number(2)?).ok()?,
        ticks: number(11)? + number(12)?,
        childrens_ticks: number(13)? + number(14)?,
        threads: u32::try_from(number(17)?).ok()?,
        start: number(19)?,
    })
}

/// Which start of the machine this is: process times count from it.
pub(crate) fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned())
}

/// When the process with this number started, whether it has ended since or not: one that nobody awaited keeps its number.
pub(crate) fn birth(pid: u32) -> Option<u64> {
    stat(pid).map(|stat| stat.start)
}

/// What the process is called.
pub(crate) fn name(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// The process with this number, unless it has ended.
pub(crate) fn find(pid: u32) -> Option<Process> {
    let stat = stat(pid)?;
    (!stat.has_ended()).then_some(Process { pid, start: stat.start })
}

/// Every process of a run whose shim lives: orphans come to the shim, so that all of them descend from it.
pub(crate) fn family(shim: Process, _child: Process, _marker: &str) -> Vec<Process> {
    descendants(shim.pid)
        .into_iter()
        .filter(|(_, stat)| !stat.has_ended())
        .map(|(pid, stat)| Process { pid, start: stat.start })
        .collect()
}

/// Every process of a run whose shim was killed: whoever bears its marker, was its main process, is of its group, or
/// descends from one of these.
pub(crate) fn orphans(child: Process, marker: &str) -> Vec<Process> {
    let all: Vec<(u32, Stat)> =
        numbers().filter_map(|pid| Some((pid, stat(pid)?))).filter(|(_, stat)| !stat.has_ended()).collect();
    let mut ours: HashSet<u32> = all
        .iter()
        .filter(|(pid, stat)| (*pid == child.pid && stat.start == child.start) || bears(*pid, marker))
        .map(|(pid, _)| *pid)
        .collect();
    // A group keeps its number as long as it has a member.
    let grouped = all.iter().any(|(pid, stat)| stat.group == child.pid && ours.contains(pid));
    loop {
        let before = ours.len();
        for (pid, stat) in &all {
            if ours.contains(&stat.parent) || (grouped && stat.group == child.pid) {
                ours.insert(*pid);
            }
        }
        if ours.len() == before {
            break;
        }
    }
    all.iter()
        .filter(|(pid, _)| ours.contains(pid))
        .map(|(pid, stat)| Process { pid: *pid, start: stat.start })
        .collect()
}

/// The process with this number, when it is one of a run's and has not ended. While the shim lives every process of the
/// run descends from it; the marker counts for nothing then, since whoever may read it could bear it.
pub(crate) fn member(pid: u32, shim: Process, child: Process, marker: &str) -> Option<Process> {
    if !shim.lives() {
        return orphans(child, marker).into_iter().find(|process| process.pid == pid);
    }
    let own = stat(pid).filter(|stat| !stat.has_ended())?;
    let member = Process { pid, start: own.start };
    let mut seen = HashSet::from([pid]);
    let mut parent = own.parent;
    // An orphan comes to the shim between two looks at worst; a number that was taken anew could make a circle.
    while parent > 1 && seen.insert(parent) {
        if parent == shim.pid {
            return member.lives().then_some(member);
        }
        parent = stat(parent)?.parent;
    }
    None
}

fn bears(pid: u32, marker: &str) -> bool {
    let wanted = format!("{MARKER}={marker}");
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
}

fn numbers() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn descendants(of: u32) -> Vec<(u32, Stat)> {
    let mut found: Vec<(u32, Stat)> = Vec::new();
    let mut seen = HashSet::from([of]);
    let mut open = vec![(of, stat(of).map_or(1, |stat| stat.threads))];
    while let Some((pid, threads)) = open.pop() {
        for child in children(pid, threads) {
            if let Some(stat) = stat(child)
                && seen.insert(child)
            {
                open.push((child, stat.threads));
                found.push((child, stat));
            }
        }
    }
    found
}

/// Children belong to the thread that made them.
fn children(pid: u32, threads: u32) -> Vec<u32> {
    static LISTED: OnceLock<bool> = OnceLock::new();
    if !*LISTED.get_or_init(|| fs::exists("/proc/thread-self/children").unwrap_or(false)) {
        // A kernel that was built without the list.
        return numbers().filter(|other| stat(*other).is_some_and(|stat| stat.parent == pid)).collect();
    }
    if threads <= 1 {
        return children_of_thread(pid, &pid.to_string());
    }
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    tasks
        .filter_map(|task| Some(task.ok()?.file_name().to_str()?.to_owned()))
        .flat_map(|task| children_of_thread(pid, &task))
        .collect()
}

fn children_of_thread(pid: u32, task: &str) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{task}/children")).unwrap_or_default();
    list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Sends a signal to this very process; one that has ended is no error.
pub(crate) fn signal(to: Process, signal: StopSignal) -> io::Result<()> {
    let Some(pid) = i32::try_from(to.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let sent = match pidfd_open(pid, PidfdFlags::empty()) {
        // What is open cannot become another process between the look and the signal.
        Ok(process) if to.lives() => pidfd_send_signal(process, signal.into()),
        Err(Errno::NOSYS) if to.lives() => kill_process(pid, signal.into()),
        Ok(_) | Err(Errno::NOSYS | Errno::SRCH) => Ok(()),
        Err(error) => Err(error),
    };
    match sent {
        Err(Errno::SRCH) => Ok(()),
        sent => Ok(sent?),
    }
}

/// What these processes use, and what the shim's ended children used. `None` when none is left.
///
/// Memory is resident and anonymous: what would be free again without them, but for pages that a fork still shares.
/// Files and shared memory do not count. It costs one read, where the exact share (`smaps_rollup`) has the kernel walk
/// every page.
pub(crate) fn sample(shim: Process, child: Process, marker: &str) -> Option<Sample> {
    let shims = stat(shim.pid).filter(|stat| stat.start == shim.start && !stat.has_ended());
    let (processes, awaited) = match shims {
        // What the shim itself uses is not the agent's.
        Some(stat) => (descendants(shim.pid), stat.childrens_ticks),
        None => (orphans(child, marker).iter().filter_map(|of| Some((of.pid, stat(of.pid)?))).collect(), 0),
    };
    let page = rustix::param::page_size() as u64;
    let mut sample = Sample::default();
    let mut ticks = awaited;
    for (pid, stat) in processes {
        ticks += stat.ticks + stat.childrens_ticks;
        if stat.has_ended() {
            continue;
        }
        sample.processes += 1;
        sample.threads += stat.threads;
        sample.memory_bytes += anonymous_pages(pid).unwrap_or(0) * page;
        if let Some(files) = open_files(pid) {
            sample.open_files = Some(sample.open_files.unwrap_or(0) + files);
        }
    }
    let second = rustix::param::clock_ticks_per_second().max(1);
    sample.cpu = Duration::from_millis(ticks * 1000 / second);
    (sample.processes > 0).then_some(sample)
}

/// `/proc/PID/statm`: size, resident, shared.
fn anonymous_pages(pid: u32) -> Option<u64> {
    let mut buffer = [0; 256];
    let length = File::open(format!("/proc/{pid}/statm")).ok()?.read(&mut buffer).ok()?;
    let mut fields = std::str::from_utf8(&buffer[..length]).ok()?.split_ascii_whitespace().skip(1);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()?.saturating_sub(next()?))
}

/// Kernels since 6.2 give the count as the folder's size; others are counted.
fn open_files(pid: u32) -> Option<u32> {
    let folder = format!("/proc/{pid}/fd");
    let size = fs::metadata(&folder).ok()?.len();
    let entries = fs::read_dir(&folder).ok()?;
    u32::try_from(if size > 0 { size } else { entries.count() as u64 }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_is_no_field() {
        let line = b"12 (a) R 1 (b c) S 7 9 9 0 -1 4 1 2 3 4 100 50 20 10 20 0 3 0 4242 0 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.state, stat.parent, stat.group), (b'S', 7, 9));
        assert_eq!((stat.ticks, stat.childrens_ticks, stat.threads, stat.start), (150, 30, 3, 4242));
        assert!(parse(b"12 (a) R 1").is_none());
    }

    #[test]
    fn this_process_is_found_and_another_start_is_another_process() {
        let this = find(std::process::id()).unwrap();
        assert!(this.lives());
        assert!(!Process { start: this.start + 1, ..this }.lives());
        assert!(signal(Process { start: this.start + 1, ..this }, StopSignal::Kill).is_ok(), "and is not signalled");
    }
}
