//! Whose fault it is that beats are missing.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::history::SpanKind;
use crate::verdict;

/// Who has to act, or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Fault {
    /// The agent's own process: not running, not well, or silent.
    Process,
    /// The way to the registry: name resolution, TLS, proxies, broken sockets.
    Link,
    /// The registry: it refuses, fails, or does not know the agent.
    Registry,
    /// The key: locked, missing, or another one than the record's.
    Key,
    /// A clock that is off.
    Clock,
    /// This computer has no network.
    OwnNetwork,
    /// This computer slept.
    Asleep,
    /// Nobody was meant to beat, or Beatkeeper did not run.
    NotRunning,
    /// Not known.
    Unknown,
}

impl Fault {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Process,
        Self::Link,
        Self::Registry,
        Self::Key,
        Self::Clock,
        Self::OwnNetwork,
        Self::Asleep,
        Self::NotRunning,
        Self::Unknown,
    ];

    /// The name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Link => "link",
            Self::Registry => "registry",
            Self::Key => "key",
            Self::Clock => "clock",
            Self::OwnNetwork => "own_network",
            Self::Asleep => "asleep",
            Self::NotRunning => "not_running",
            Self::Unknown => "unknown",
        }
    }

    /// From the stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == name)
    }

    /// What a verdict's code points to, or that of an earlier version.
    #[must_use]
    pub fn of_code(code: &str) -> Self {
        if let Some(verdict) = verdict::known(code) {
            return verdict.fault;
        }
        match code {
            "registry.key_mismatch" => Self::Key,
            "asleep" => Self::Asleep,
            "app.not_running" => Self::NotRunning,
            _ => match code.split_once('.').map_or(code, |(room, _)| room) {
                "process" | "agent" => Self::Process,
                "link" => Self::Link,
                "registry" => Self::Registry,
                "key" => Self::Key,
                "clock" => Self::Clock,
                _ => Self::Unknown,
            },
        }
    }

    /// Of a stretch without confirmed beats, from its kind and its cause.
    #[must_use]
    pub fn of_span(kind: SpanKind, cause: &str) -> Self {
        match kind {
            SpanKind::Asleep => Self::Asleep,
            SpanKind::OwnNetwork => Self::OwnNetwork,
            SpanKind::NotRunning => Self::NotRunning,
            SpanKind::Confirmed | SpanKind::Unconfirmed | SpanKind::Missed => Self::of_code(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_somebodys_fault_whether_a_verdict_has_it_still_or_not() {
        for (code, fault) in [
            ("link.refused", Fault::Registry),
            ("link.dns", Fault::Link),
            ("beats.held", Fault::Process),
            ("beats.signature_invalid", Fault::Key),
            ("registry.deleted", Fault::Registry),
            ("registry.unreadable", Fault::Registry),
            // Our own name server, certificate or route may be what fails.
            ("registry.unreachable", Fault::Unknown),
            ("registry.sweep_late", Fault::Process),
            ("process.restarting", Fault::Process),
            ("paused", Fault::NotRunning),
            // Of spans, and of earlier versions.
            ("app.not_running", Fault::NotRunning),
            ("asleep", Fault::Asleep),
            ("registry.key_mismatch", Fault::Key),
            ("agent.of_yesterday", Fault::Process),
            ("nonsense", Fault::Unknown),
        ] {
            assert_eq!(Fault::of_code(code), fault, "{code}");
        }
    }
}
