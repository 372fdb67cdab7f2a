//! A step of an agent's recovery, and the command that carries it out.

use std::time::Duration;

use beatkeeper_core::supervise::Rung;
use beatkeeper_core::view::RungKind;
use regex::Regex;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::KeyUse;
use super::check::{BadField, check_command};

const LONGEST: u32 = 86_400;
/// Seconds in which a beat is awaited, unless the agent beats seldom.
const WORKED_WITHIN: u32 = 120;
/// So many intervals of the agent at least: a beat may be confirmed late.
const INTERVALS: u32 = 2;

/// The grammar of image references: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
const IMAGE: &str = concat!(
    r"^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*",
    r"|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?",
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*",
    r"(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?",
    r"(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,})?$",
);
const LONGEST_IMAGE: usize = 512;

/// `[[agent.recover]]`: a step of the recovery. They are tried in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct RungEntry {
    /// What it does.
    #[serde(rename = "do")]
    pub kind: RungKind,
    /// Seconds in which a person can hold it before it acts, 0 to 86400.
    #[serde(default = "half_a_minute")]
    pub after: u32,
    /// Seconds in which a confirmed beat is awaited after it acted; else it failed. When missing 120, or two of the agent's
    /// intervals if that is more.
    #[serde(default)]
    pub worked_within: Option<u32>,
    /// `replace`: the program and its arguments. No shell reads them.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// `docker_restart` and `docker_run`: the container's name.
    #[serde(default)]
    pub container: Option<String>,
    /// `docker_run`: the image.
    #[serde(default)]
    pub image: Option<String>,
}

const fn half_a_minute() -> u32 {
    30
}

impl RungEntry {
    /// One with nothing but what every step has.
    #[must_use]
    pub const fn new(kind: RungKind) -> Self {
        Self { kind, after: half_a_minute(), worked_within: None, command: None, container: None, image: None }
    }

    /// As core takes it, for an agent that beats every `interval` seconds.
    pub(super) fn rung(&self, interval: u32) -> Rung {
        let least = WORKED_WITHIN.max(interval.saturating_mul(INTERVALS));
        Rung {
            kind: self.kind,
            label: self.label(),
            after: Duration::from_secs(self.after.into()),
            worked_within: Duration::from_secs(self.worked_within.unwrap_or(least).into()),
        }
    }

    fn label(&self) -> String {
        let container = self.container.as_deref().unwrap_or_default();
        match self.kind {
            RungKind::Restart => "restart".into(),
            RungKind::Replace => self.command.as_ref().and_then(|command| command.first()).cloned().unwrap_or_default(),
            RungKind::DockerRestart => format!("docker restart {container}"),
            RungKind::DockerRun => format!("docker run {container}"),
            RungKind::Alert => "alert".into(),
        }
    }

    /// The fields that it needs beside those that every step has.
    const fn fields(&self) -> &'static [&'static str] {
        match self.kind {
            RungKind::Restart | RungKind::Alert => &[],
            RungKind::Replace => &["command"],
            RungKind::DockerRestart => &["container"],
            RungKind::DockerRun => &["container", "image"],
        }
    }

    pub(super) fn check(&self, interval: u32) -> Result<(), BadField> {
        if self.after > LONGEST {
            return Err(BadField::new("after", format!("{} is not within 0 to {LONGEST} seconds", self.after)));
        }
        let least = interval.saturating_mul(INTERVALS);
        if let Some(within) = self.worked_within.filter(|within| !(least..=LONGEST).contains(within)) {
            let what = format!("{within} is not within {least} (two beats of the agent) to {LONGEST} seconds");
            return Err(BadField::new("worked_within", what));
        }
        for (field, there) in [
            ("command", self.command.is_some()),
            ("container", self.container.is_some()),
            ("image", self.image.is_some()),
        ] {
            let needed = self.fields().contains(&field);
            if needed != there {
                let word = if needed { "needs one" } else { "has none" };
                return Err(BadField::new(field, format!("a step that does \"{}\" {word}", name(self.kind))));
            }
        }
        if let Some(command) = &self.command {
            check_command(command).map_err(|what| BadField::new("command", what))?;
        }
        if let Some(container) = self.container.as_deref().filter(|name| !is_container(name)) {
            let what = format!(
                "\"{}\" is no container's name: 1 to 128 letters, digits, _ . and -, the first a letter or digit",
                container.escape_debug()
            );
            return Err(BadField::new("container", what));
        }
        if let Some(image) = self.image.as_deref().filter(|image| !is_image(image)) {
            let what = format!("\"{}\" is no image, such as ghcr.io/me/weather:1.2", image.escape_debug());
            return Err(BadField::new("image", what));
        }
        Ok(())
    }
}

/// The program and its arguments that carry a step out; nothing for one that takes no other program. `stop_grace` is in
/// seconds. `docker run` stays in the foreground, so that it is watched as any process; what an agent finds its key by is
/// handed on by name, and its value is on no command line.
#[must_use]
pub fn rung_command(rung: &RungEntry, stop_grace: u32, key: KeyUse) -> Option<Vec<String>> {
    let container = rung.container.clone().unwrap_or_default();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match rung.kind {
        RungKind::Restart | RungKind::Alert => None,
        RungKind::Replace => rung.command.clone(),
        RungKind::DockerRestart => Some(words(&["docker", "restart", "-t", &stop_grace.to_string(), &container])),
        RungKind::DockerRun => {
            let image = rung.image.clone().unwrap_or_default();
            let mut command = words(&["docker", "run", "--rm", "--name", &container]);
            if key == KeyUse::Inject {
                command.extend(words(&["-e", "ZYND_AGENT_PRIVATE_KEY", "-e", "ZYND_AGENT_KEYPAIR_PATH"]));
            }
            command.push(image);
            Some(command)
        }
    }
}

const fn name(kind: RungKind) -> &'static str {
    match kind {
        RungKind::Restart => "restart",
        RungKind::Replace => "replace",
        RungKind::DockerRestart => "docker_restart",
        RungKind::DockerRun => "docker_run",
        RungKind::Alert => "alert",
    }
}

fn is_container(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=128).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(rest)
}

fn is_image(image: &str) -> bool {
    image.len() <= LONGEST_IMAGE && Regex::new(IMAGE).is_ok_and(|grammar| grammar.is_match(image))
}
