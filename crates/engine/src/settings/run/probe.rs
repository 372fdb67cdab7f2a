//! A probe: what is asked, how often, and how long.

use std::time::Duration;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::Url;

use super::check::{BadField, check_command};

/// Bytes; a pattern is a line.
const LONGEST_PATTERN: usize = 1000;
/// Bytes of a compiled pattern: one that takes more is slow as well.
const COMPILED: usize = 1024 * 1024;
const LONGEST: u32 = 3600;
const MOST_FAILURES: u32 = 100;

/// `[agent.run.ready]` and `[agent.run.live]`: one of `http`, `tcp`, `command` and `log`, and the times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
#[ts(export)]
pub struct ProbeEntry {
    /// It answers there with 200 to 299, and as this agent if it says who it is.
    #[ts(type = "string | null")]
    pub http: Option<Url>,
    /// A connection to `HOST:PORT` is taken.
    pub tcp: Option<String>,
    /// A program and its arguments end with 0, in the agent's folder. No shell reads them.
    pub command: Option<Vec<String>>,
    /// It writes a line that this regular expression fits; only for `ready`.
    pub log: Option<String>,
    /// Seconds between two probes, 1 to 3600.
    pub every: u32,
    /// Seconds for the answer, 1 to 3600.
    pub within: u32,
    /// So many in a row that fail make it unwell, 1 to 100.
    pub failures: u32,
    /// Seconds until it must be up, 1 to 3600; only for `ready`.
    pub start_within: u32,
}

/// What a probe asks.
#[derive(Clone, Debug)]
pub enum ProbeTarget {
    /// An address.
    Http(Url),
    /// `HOST:PORT`.
    Tcp(String),
    /// A program and its arguments.
    Command(Vec<String>),
    /// The agent's own lines.
    Log(Regex),
}

impl Default for ProbeEntry {
    fn default() -> Self {
        Self { http: None, tcp: None, command: None, log: None, every: 5, within: 3, failures: 3, start_within: 60 }
    }
}

impl ProbeEntry {
    /// One that asks an address, with the usual times.
    #[must_use]
    pub fn http(url: Url) -> Self {
        Self { http: Some(url), ..Self::default() }
    }

    /// What it asks.
    ///
    /// # Errors
    /// When it is not exactly one thing, or that cannot be asked.
    pub fn target(&self) -> Result<ProbeTarget, BadField> {
        match (&self.http, &self.tcp, &self.command, &self.log) {
            (Some(url), None, None, None) => http(url).map_err(|what| BadField::new("http", what)),
            (None, Some(place), None, None) => tcp(place).map_err(|what| BadField::new("tcp", what)),
            (None, None, Some(command), None) => check_command(command)
                .map(|()| ProbeTarget::Command(command.clone()))
                .map_err(|what| BadField::new("command", what)),
            (None, None, None, Some(pattern)) => log(pattern).map_err(|what| BadField::new("log", what)),
            _ => Err(BadField::new("http", "a probe has exactly one of http, tcp, command and log")),
        }
    }

    /// Between two probes.
    #[must_use]
    pub fn every(&self) -> Duration {
        Duration::from_secs(self.every.into())
    }

    /// For the answer.
    #[must_use]
    pub fn within(&self) -> Duration {
        Duration::from_secs(self.within.into())
    }

    /// Until it must be up.
    #[must_use]
    pub fn start_within(&self) -> Duration {
        Duration::from_secs(self.start_within.into())
    }

    pub(super) fn check(&self) -> Result<(), BadField> {
        self.target()?;
        for (field, seconds) in [("every", self.every), ("within", self.within), ("start_within", self.start_within)] {
            if !(1..=LONGEST).contains(&seconds) {
                return Err(BadField::new(field, format!("{seconds} is not within 1 to {LONGEST} seconds")));
            }
        }
        if !(1..=MOST_FAILURES).contains(&self.failures) {
            return Err(BadField::new("failures", format!("{} is not within 1 to {MOST_FAILURES}", self.failures)));
        }
        Ok(())
    }

    /// What holds of `live` alone.
    pub(super) fn check_live(&self) -> Result<(), BadField> {
        if self.log.is_some() {
            return Err(BadField::new("log", "a line says that it is up, not that it still works; use it for ready"));
        }
        if self.start_within != Self::default().start_within {
            return Err(BadField::new("start_within", "it is for ready"));
        }
        Ok(())
    }
}

fn http(url: &Url) -> Result<ProbeTarget, String> {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("it must be an http:// or https:// address".into());
    }
    Ok(ProbeTarget::Http(url.clone()))
}

fn tcp(place: &str) -> Result<ProbeTarget, String> {
    let parts = place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match parts {
        Some((host, port)) if port > 0 && url::Host::parse(host).is_ok() => Ok(ProbeTarget::Tcp(place.to_owned())),
        _ => Err(format!("\"{}\" is not HOST:PORT, such as 127.0.0.1:5000", place.escape_debug())),
    }
}

fn log(pattern: &str) -> Result<ProbeTarget, String> {
    if pattern.is_empty() || pattern.len() > LONGEST_PATTERN {
        return Err(format!("the expression is empty or has more than {LONGEST_PATTERN} bytes"));
    }
    let built = RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(COMPILED).nest_limit(50).build();
    match built {
        Ok(regex) => Ok(ProbeTarget::Log(regex)),
        Err(regex::Error::CompiledTooBig(_)) => Err("the expression is too large: its repetitions multiply".into()),
        Err(error) => {
            // The last line of the library's words says what; those before draw where.
            let words = error.to_string();
            let what = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(format!("this is no regular expression: {what}"))
        }
    }
}
