//! Processes that never outlive whoever started them.
//!
//! Each child leads its own process group, so that its helpers end with it. Dropping [`Children`] ends them in reverse
//! order. If this process dies without dropping anything (Ctrl+C, a kill), the janitor does it: a small shell that
//! reads the groups from a pipe and acts when the pipe closes, which the kernel does for us however we end.

use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::wait;

/// How long a process may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Started processes, by name.
#[derive(Debug)]
pub struct Children {
    running: Vec<(String, Child)>,
    janitor: Option<(Child, ChildStdin)>,
}

impl Children {
    /// No child yet. `remove` is a directory that goes away with the last of them.
    pub fn new(remove: Option<&Path>) -> Result<Self> {
        Ok(Self { running: Vec::new(), janitor: janitor(remove)? })
    }

    /// Starts a process; the caller has said where its output goes. Returns its pid.
    pub fn start(&mut self, name: &str, mut command: Command) -> Result<u32> {
        own_group(&mut command);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot start {program} ({name})"))?;
        let pid = child.id();
        self.running.push((name.to_owned(), child));
        self.tell_janitor("start", pid);
        Ok(pid)
    }

    /// The pid of a running child.
    #[must_use]
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.running.iter().find(|(known, _)| known == name).map(|(_, child)| child.id())
    }

    /// How a child ended, if it has.
    pub fn ended(&mut self, name: &str) -> Result<Option<ExitStatus>> {
        match self.running.iter_mut().find(|(known, _)| known == name) {
            Some((_, child)) => Ok(child.try_wait()?),
            None => Ok(None),
        }
    }

    /// Gives a child its input, then closes it.
    pub fn feed(&mut self, name: &str, input: &str) -> Result<()> {
        use std::io::Write;
        let mut stdin = self
            .running
            .iter_mut()
            .find(|(known, _)| known == name)
            .and_then(|(_, child)| child.stdin.take())
            .with_context(|| format!("{name} takes no input"))?;
        stdin.write_all(input.as_bytes()).with_context(|| format!("cannot write to {name}"))
    }

    /// Ends a child and its group: asks first, insists after a grace. Nothing happens if there is none.
    pub fn stop(&mut self, name: &str) {
        if let Some(at) = self.running.iter().position(|(known, _)| known == name) {
            let (_, mut child) = self.running.remove(at);
            let pid = child.id();
            end(&mut child);
            self.tell_janitor("stop", pid);
        }
    }

    /// Ends a child at once, without asking, as a crash would.
    pub fn crash(&mut self, name: &str) {
        if let Some(at) = self.running.iter().position(|(known, _)| known == name) {
            let (_, mut child) = self.running.remove(at);
            let pid = child.id();
            signal_group("KILL", &mut child);
            let _ = child.wait();
            self.tell_janitor("stop", pid);
        }
    }

    fn tell_janitor(&mut self, what: &str, pid: u32) {
        use std::io::Write;
        if let Some((_, stdin)) = &mut self.janitor {
            // Without a janitor only the orderly way remains, which is the usual one.
            let _ = writeln!(stdin, "{what} {pid}");
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        while let Some((_, mut child)) = self.running.pop() {
            let pid = child.id();
            end(&mut child);
            self.tell_janitor("stop", pid);
        }
        if let Some((mut janitor, stdin)) = self.janitor.take() {
            drop(stdin);
            let _ = janitor.wait();
        }
    }
}

/// TERM, a grace, KILL. The group is signalled before its leader is reaped: until then its number cannot be reused.
fn end(child: &mut Child) {
    signal_group("TERM", child);
    let ended = wait::until("a child to end", GRACE, || Ok(is_over(child).then_some(())));
    signal_group("KILL", child);
    if ended.is_err() {
        let _ = child.kill();
    }
    let _ = child.wait();
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

#[cfg(unix)]
fn signal_group(signal: &str, child: &mut Child) {
    let group = format!("-{}", child.id());
    // A group that is already gone is what we want.
    let _ = crate::exec::succeeds(Command::new("sh").args(["-c", "kill -s \"$0\" -- \"$1\"", signal, &group]));
}

#[cfg(not(unix))]
fn signal_group(_signal: &str, child: &mut Child) {
    let _ = child.kill();
}

/// Whether a child has ended, without reaping it where that can be told.
#[cfg(target_os = "linux")]
fn is_over(child: &mut Child) -> bool {
    match std::fs::read_to_string(format!("/proc/{}/stat", child.id())) {
        Ok(stat) => matches!(stat.rsplit(") ").next().and_then(|rest| rest.chars().next()), Some('Z' | 'X')),
        Err(_) => true,
    }
}

#[cfg(not(target_os = "linux"))]
fn is_over(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

#[cfg(unix)]
fn janitor(remove: Option<&Path>) -> Result<Option<(Child, ChildStdin)>> {
    const SCRIPT: &str = r#"
groups=
while read -r what pid; do
    case $what in
        start) groups="$pid $groups" ;;
        stop) rest=; for group in $groups; do [ "$group" = "$pid" ] || rest="$rest $group"; done; groups=$rest ;;
    esac
done
for group in $groups; do kill -s TERM -- "-$group"; done
left=50
while [ $left -gt 0 ]; do
    alive=
    for group in $groups; do kill -0 -- "-$group" && alive=yes; done
    [ -n "$alive" ] || break
    left=$((left - 1)); sleep 0.1
done
for group in $groups; do kill -s KILL -- "-$group"; done
[ -z "$1" ] || rm -rf -- "$1"
"#;
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "janitor"]).arg(remove.unwrap_or(Path::new("")));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    own_group(&mut command);
    let mut child = command.spawn().context("cannot start a shell to clean up after us")?;
    let stdin = child.stdin.take().context("the shell that cleans up takes no input")?;
    Ok(Some((child, stdin)))
}

#[cfg(not(unix))]
fn janitor(_remove: Option<&Path>) -> Result<Option<(Child, ChildStdin)>> {
    Ok(None)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn sleeper() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 300 & wait"]).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Live members of a process group; the dead that nobody has reaped yet do not count.
    fn group_members(group: u32) -> usize {
        let living = |stat: &str| {
            let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
            fields.len() > 2 && fields[2] == group.to_string() && !matches!(fields[0], "Z" | "X")
        };
        std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok())
            .filter(|stat| living(stat))
            .count()
    }

    #[test]
    fn dropping_ends_the_whole_group() {
        let mut children = Children::new(None).unwrap();
        let pid = children.start("sleeper", sleeper()).unwrap();
        wait::until("the sleeper and its helper", GRACE, || Ok((group_members(pid) == 2).then_some(()))).unwrap();
        drop(children);
        assert_eq!(group_members(pid), 0);
    }

    #[test]
    fn a_panic_ends_them_too() {
        let (send, receive) = std::sync::mpsc::channel();
        let panicked = std::thread::spawn(move || {
            let mut children = Children::new(None).unwrap();
            send.send(children.start("sleeper", sleeper()).unwrap()).unwrap();
            panic!("as a failing test would");
        })
        .join();
        assert!(panicked.is_err());
        assert_eq!(group_members(receive.recv().unwrap()), 0);
    }

    #[test]
    fn the_janitor_ends_what_a_killed_owner_left_behind() {
        let dir: PathBuf = std::env::temp_dir().join(format!("beatkeeper-janitor-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut children = Children::new(Some(&dir)).unwrap();
        let pid = children.start("sleeper", sleeper()).unwrap();
        // What the kernel does when the owner dies: its end of the pipe closes, and nobody stops anything.
        let (mut janitor, pipe) = children.janitor.take().unwrap();
        drop(pipe);
        wait::until("the janitor to act", GRACE, || Ok((group_members(pid) == 0).then_some(()))).unwrap();
        children.stop("sleeper");
        janitor.wait().unwrap();
        assert!(!dir.exists());
    }

    #[test]
    fn the_ended_are_reported() {
        let mut children = Children::new(None).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        children.start("brief", command).unwrap();
        let status = wait::until("it to exit", GRACE, || children.ended("brief")).unwrap();
        assert_eq!(status.code(), Some(3));
    }
}
