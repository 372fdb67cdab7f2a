//! This computer, and the path from it to the registry: network, proxy, name, addresses, HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Cause, Code, Reading};
use crate::failure::{Failure, Fatal, Transient};

/// This computer's own network.
#[derive(Clone, Copy, Debug)]
pub struct NetworkSeen {
    /// Whether the system knows a way to the internet.
    pub route: Option<bool>,
    /// Whether the registry is on this computer and needs none.
    pub near: bool,
}

impl NetworkSeen {
    /// What it tells.
    #[must_use]
    pub fn read(self) -> Reading {
        match (self.near, self.route) {
            (true, Some(true)) => Reading::ok("There is a route to the internet; the registry is on this computer"),
            (true, _) => Reading::ok("The registry is on this computer and needs none"),
            (false, Some(true)) => Reading::ok("There is a route to the internet"),
            // A private network may have a route to the registry alone: that is for the dial to say.
            (false, None) => Reading::unknown("The system does not say whether there is a route"),
            (false, Some(false)) => Reading::warned(
                "The system knows no route to the internet",
                Cause::new(
                    Code::NetworkDown,
                    "This computer is offline",
                    "Check this computer's network connection; all goes on by itself when it is back.",
                ),
            ),
        }
    }
}

/// How requests to the registry leave this computer.
#[derive(Clone, Debug)]
pub struct ProxySeen {
    /// What is set, such as `HTTPS_PROXY=http://proxy:3128`, without any login.
    pub set: Vec<String>,
    /// The way that requests to this registry take.
    pub way: Way,
}

/// The way to the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Straight.
    Direct,
    /// Through this proxy, and whether it opened a tunnel.
    Through {
        /// Its scheme, host and port.
        proxy: String,
        /// Why it did not.
        tunnel: Result<(), Failure>,
    },
}

impl ProxySeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let set = if self.set.is_empty() { "None is set".to_owned() } else { format!("Set: {}", self.set.join(", ")) };
        match &self.way {
            Way::Direct if self.set.is_empty() => Reading::ok(set),
            Way::Direct => Reading::ok(format!("{set}; all goes straight to this registry")),
            Way::Through { proxy, tunnel: Ok(()) } => {
                Reading::ok(format!("{set}; {proxy} opens a tunnel to the registry"))
            }
            Way::Through { tunnel: Err(failure), .. } => Reading::bad(format!("{set}; {failure}"), Cause::of(failure)),
        }
    }
}

/// What the name of the registry led to.
#[derive(Clone, Debug)]
pub struct DnsSeen {
    /// The host.
    pub host: String,
    /// It is an address, and no name.
    pub literal: bool,
    /// The addresses, or the resolver's words.
    pub answer: Result<Vec<IpAddr>, String>,
}

impl DnsSeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match &self.answer {
            Ok(_) if self.literal => Reading::not_asked(format!("{} is an address, no name", self.host)),
            Ok(addresses) if !addresses.is_empty() => {
                let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                Reading::ok(format!("{}: {}", self.host, list.join(", ")))
            }
            Ok(_) => self.nothing("no address"),
            Err(words) => self.nothing(words),
        }
    }

    fn nothing(&self, words: &str) -> Reading {
        let failure = Transient::Dns { host: self.host.clone() };
        Reading::bad(format!("{}: {words}", self.host), Cause::of(&failure.into()))
    }
}

/// What each address did.
#[derive(Clone, Debug)]
pub struct TcpSeen {
    /// Each address, and after how many milliseconds it let us in, or why not.
    pub tries: Vec<(SocketAddr, Result<u64, Transient>)>,
}

impl TcpSeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let told: Vec<String> = self
            .tries
            .iter()
            .map(|(address, said)| match said {
                Ok(ms) => format!("{address} in {ms} ms"),
                Err(failure) => format!("{address}: {failure}"),
            })
            .collect();
        let evidence = told.join(", ");
        let failures = || self.tries.iter().filter_map(|(_, said)| said.as_ref().err());
        if failures().next().is_none() {
            return Reading::ok(evidence);
        }
        if failures().count() < self.tries.len() {
            let dead = failures().count();
            return Reading::notice(format!(
                "{evidence} ({dead} of {} addresses dead: dials may be slow)",
                self.tries.len()
            ));
        }
        // One address that was reached proves that the network is there, whatever the others say.
        let telling = failures().find(|failure| **failure != Transient::Unreachable).or_else(|| failures().next());
        telling.map_or_else(
            || Reading::unknown("No address was tried"),
            |failure| Reading::bad(evidence.clone(), Cause::of(&failure.clone().into())),
        )
    }
}

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// 200 and JSON that a registry could say.
    Registry,
    /// 200 and something else, such as a web page.
    Other {
        /// What it is.
        what: String,
    },
    /// Another status.
    Status {
        /// HTTP status.
        status: u16,
        /// `Location`, where it redirects.
        location: Option<String>,
        /// `Retry-After`, where it asks for patience.
        retry_after: Option<Duration>,
    },
    /// No answer.
    Nothing {
        /// Why.
        failure: Transient,
    },
}

/// What the registry's front door did.
#[derive(Clone, Debug)]
pub struct HttpSeen {
    /// Which URL.
    pub url: String,
    /// What it said.
    pub answered: Answered,
    /// Another path that every registry has was answered as it should be.
    pub known_otherwise: bool,
}

impl HttpSeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let url = &self.url;
        match &self.answered {
            Answered::Registry => Reading::ok(format!("{url} answers 200, JSON")),
            Answered::Other { what } => Reading::bad(
                format!("{url} answers 200, {what}"),
                Cause::new(
                    Code::NotARegistry,
                    format!("Not a registry answers there, but {what}: another server, or a login page before it"),
                    "Open the address in a browser: sign in to the network if it asks for that; else correct the registry's URL.",
                ),
            ),
            Answered::Status { status: 404 | 405, .. } if self.known_otherwise => {
                Reading::ok(format!("{url} is not there, but entities are: an older registry"))
            }
            Answered::Status { status: status @ (404 | 405), .. } => Reading::bad(
                format!("{url} answers {status}"),
                Cause::new(
                    Code::NotARegistry,
                    format!("A web server answers there, and it is no registry ({status})"),
                    "Correct the registry's URL: it must be the registry's base, such as https://zns01.zynd.ai.",
                ),
            ),
            Answered::Status { status, location, retry_after } => {
                let failure = Failure::from_upgrade_status(*status, location.as_deref(), *retry_after);
                let to = location.as_ref().map(|to| format!(", to {to}")).unwrap_or_default();
                let cause = match failure {
                    Failure::Fatal(Fatal::UpgradeStripped | Fatal::UnexpectedStatus { .. }) => Cause::new(
                        Code::NotARegistry,
                        format!("What answers there is no registry ({status})"),
                        "Correct the registry's URL.",
                    ),
                    failure @ (Failure::Fatal(_) | Failure::Transient(_)) => Cause::of(&failure),
                };
                Reading::bad(format!("{url} answers {status}{to}"), cause)
            }
            Answered::Nothing { failure } => {
                let silent = matches!(failure, Transient::DialTimeout);
                let cause = if silent {
                    Cause::new(
                        Code::Silent,
                        "The registry lets us in and does not answer in time",
                        "The registry hangs, or a firewall swallows what is said: its operator has to look.",
                    )
                } else {
                    Cause::of(&failure.clone().into())
                };
                Reading::bad(format!("{url}: {failure}"), cause)
            }
        }
    }
}
