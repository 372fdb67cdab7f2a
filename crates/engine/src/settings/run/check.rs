//! Whether what the file says of an agent's process can be.

use std::fmt;
use std::path::{Path, PathBuf};

use beatkeeper_core::view::{BeatsBy, RungKind};

use super::super::file::AgentEntry;
use super::{KeyUse, RunEntry};

const LONGEST_GRACE: u32 = 600;
const MOST_ARGUMENTS: usize = 256;
const MOST_STEPS: usize = 16;
/// What carries an agent's key into its process (protocols.md 2.5).
const KEY: &str = "ZYND_AGENT_PRIVATE_KEY";
const KEY_FILE: &str = "ZYND_AGENT_KEYPAIR_PATH";

/// A field that cannot be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadField {
    /// Its name, such as `run.live.every` or `recover.0.image`.
    pub field: String,
    /// The same for people.
    place: String,
    /// What is wrong with it.
    pub what: String,
}

impl BadField {
    pub(super) fn new(field: &str, what: impl Into<String>) -> Self {
        Self { field: field.to_owned(), place: field.to_owned(), what: what.into() }
    }

    pub(super) fn under(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), place: format!("{parent}.{}", self.place), what: self.what }
    }

    /// Of a step of the recovery, counted from 0.
    fn in_step(self, step: usize) -> Self {
        Self {
            field: format!("recover.{step}.{}", self.field),
            place: format!("recover, step {}: {}", step + 1, self.place),
            what: self.what,
        }
    }
}

impl fmt::Display for BadField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl AgentEntry {
    /// Whether its process can be kept so. On whom it depends is not looked at: that one of them is not there keeps it
    /// from being started, and nothing else.
    ///
    /// # Errors
    /// The first field that cannot be so.
    pub fn check_run(&self) -> Result<(), BadField> {
        if let Some(run) = &self.run {
            run.check(self.project.as_deref()).map_err(|bad| bad.under("run"))?;
        }
        self.check_key()?;
        if self.recover.len() > MOST_STEPS {
            return Err(BadField::new("recover", format!("{} steps are more than {MOST_STEPS}", self.recover.len())));
        }
        for (step, rung) in self.recover.iter().enumerate() {
            rung.check(self.interval).and_then(|()| self.check_step(rung.kind)).map_err(|bad| bad.in_step(step))?;
        }
        Ok(())
    }

    fn check_step(&self, kind: RungKind) -> Result<(), BadField> {
        match kind {
            RungKind::Restart | RungKind::Replace if self.run.is_none() => Err(BadField::new(
                "do",
                "only what Beatkeeper starts can be started again or replaced; say how in [agent.run]",
            )),
            RungKind::DockerRestart if self.beats == BeatsBy::App => Err(BadField::new(
                "do",
                "with beats = \"app\" a container that was restarted would show nothing, since Beatkeeper beats and not \
                 what runs in it; write beats = \"agent\" or \"auto\"",
            )),
            RungKind::Restart | RungKind::Replace | RungKind::DockerRestart | RungKind::DockerRun | RungKind::Alert => {
                Ok(())
            }
        }
    }
}

impl RunEntry {
    fn check(&self, project: Option<&Path>) -> Result<(), BadField> {
        check_command(&self.command).map_err(|what| BadField::new("command", what))?;
        self.folder_in(project)?;
        for (name, value) in &self.env {
            self.check_variable(name, value).map_err(|what| BadField::new("env", what))?;
        }
        if let Some(file) = &self.env_file
            && (file.as_os_str().is_empty() || has_nul(file))
        {
            return Err(BadField::new("env_file", "it is empty, or has a NUL in it"));
        }
        if self.depends_on.iter().any(|name| name.trim().is_empty()) {
            return Err(BadField::new("depends_on", "an agent in it has no name"));
        }
        if self.stop_grace > LONGEST_GRACE {
            let what = format!("{} is not within 0 to {LONGEST_GRACE} seconds", self.stop_grace);
            return Err(BadField::new("stop_grace", what));
        }
        if let Some(code) = self.success_codes.iter().find(|code| !(0..=255).contains(*code)) {
            return Err(BadField::new("success_codes", format!("{code} is not within 0 to 255")));
        }
        if let Some(ready) = &self.ready {
            ready.check().map_err(|bad| bad.under("ready"))?;
        }
        if let Some(live) = &self.live {
            live.check().and_then(|()| live.check_live()).map_err(|bad| bad.under("live"))?;
        }
        Ok(())
    }

    /// Where it runs.
    ///
    /// # Errors
    /// When nothing says where that is.
    pub fn folder_in(&self, project: Option<&Path>) -> Result<PathBuf, BadField> {
        let bad = |what: String| BadField::new("folder", what);
        let project = project.map(at_home).transpose().map_err(bad)?;
        let Some(folder) = &self.folder else {
            return project.filter(|folder| folder.is_absolute()).ok_or_else(|| {
                bad("it is missing, and the agent has no project with a full path that it could run in".into())
            });
        };
        if folder.as_os_str().is_empty() || has_nul(folder) {
            return Err(bad("it is empty, or has a NUL in it".into()));
        }
        let folder = at_home(folder).map_err(bad)?;
        match project {
            _ if folder.is_absolute() => Ok(folder),
            Some(project) if project.is_absolute() => Ok(project.join(folder)),
            _ => Err(bad(format!(
                "\"{}\" is relative, and the agent has no project with a full path; write the full path",
                folder.display()
            ))),
        }
    }

    fn check_variable(&self, name: &str, value: &str) -> Result<(), String> {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(format!(
                "\"{}\" is no name of a variable: it is empty, or has = or NUL in it",
                name.escape_debug()
            ));
        }
        if value.contains('\0') {
            return Err(format!("the value of {name} has a NUL in it"));
        }
        if name.eq_ignore_ascii_case(KEY) {
            return Err(format!(
                "{KEY} has no place in a file; the key comes from the keychain by itself with key = \"inject\""
            ));
        }
        if name.eq_ignore_ascii_case(KEY_FILE) && self.key == KeyUse::Inject {
            return Err(format!(
                "{KEY_FILE} would name another key than the one from the keychain; take it out, or write key = \"none\""
            ));
        }
        Ok(())
    }
}

/// Whether this can be a program and its arguments.
pub(super) fn check_command(command: &[String]) -> Result<(), String> {
    match command.first() {
        None => {
            return Err(
                "it is missing or empty; write the program and its arguments, such as [\"python3\", \"agent.py\"]"
                    .into(),
            );
        }
        Some(program) if program.trim().is_empty() => return Err("its program is empty".into()),
        Some(_) => {}
    }
    if command.len() > MOST_ARGUMENTS {
        return Err(format!("{} arguments are more than {MOST_ARGUMENTS}", command.len()));
    }
    if command.iter().any(|part| part.contains('\0')) {
        return Err("it has a NUL in it".into());
    }
    Ok(())
}

/// A path whose `~/` is the home folder.
fn at_home(path: &Path) -> Result<PathBuf, String> {
    let Ok(rest) = path.strip_prefix("~") else { return Ok(path.to_owned()) };
    let home = directories::BaseDirs::new()
        .ok_or("this system does not say where your home folder is; write the full path")?;
    Ok(home.home_dir().join(rest))
}

fn has_nul(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().contains(&0)
}
