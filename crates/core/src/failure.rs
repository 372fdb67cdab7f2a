//! Why a link is not open: failures that pass by themselves, and failures that need a person.

use std::fmt;
use std::time::Duration;

/// A failure that another try may not meet again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transient {
    /// The name does not resolve.
    Dns {
        /// The host that was looked up.
        host: String,
    },
    /// Nobody listens there.
    Refused,
    /// No route, or the network is down.
    Unreachable,
    /// No answer to the dial in time.
    DialTimeout,
    /// The connection broke without a close frame: 1006.
    Broken {
        /// The operating system's words.
        detail: String,
    },
    /// The server closed with a code.
    ClosedByServer {
        /// The WebSocket close code.
        code: u16,
        /// The server's words, at most 123 bytes; often none.
        reason: String,
    },
    /// Pings went unanswered: the socket was half open.
    NoPong,
    /// Beats went unacknowledged where they should be (protocols.md 5.1).
    NoAck,
    /// Sentinels that know of no master that is one.
    NoMaster {
        /// What the master is called there.
        name: String,
    },
    /// The server is in trouble: 5xx.
    ServerError {
        /// HTTP status.
        status: u16,
    },
    /// 429.
    RateLimited {
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
    },
    /// The proxy on the way there does not let us through.
    Proxy {
        /// Its scheme, host and port, without any login.
        proxy: String,
        /// Why not.
        trouble: ProxyTrouble,
    },
    /// The TLS handshake broke off, for another reason than the certificate.
    TlsHandshake {
        /// The library's words.
        detail: String,
    },
    /// The answer was no HTTP, or no WebSocket.
    Protocol {
        /// The library's words.
        detail: String,
    },
}

/// What a proxy does instead of opening a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyTrouble {
    /// It cannot be reached itself.
    Unreachable {
        /// Why not.
        detail: String,
    },
    /// It wants a login, or another one than it was given.
    Login,
    /// It refuses.
    Refused {
        /// An HTTP status, or its words.
        words: String,
    },
}

/// A failure that the same try would meet again until something is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fatal {
    /// 404: the registry does not know the entity.
    NotRegistered,
    /// 400 to an upgrade: something between us strips the upgrade headers (protocols.md 1.10).
    UpgradeStripped,
    /// 3xx: the base URL is not the registry's own.
    Redirected {
        /// Where to.
        to: String,
    },
    /// 401 or 403: something between us asks for a login.
    Forbidden {
        /// HTTP status.
        status: u16,
    },
    /// The server turned the agent away: its policy does not allow it, or its signature is not that of the key it knows.
    Rejected {
        /// The WebSocket close code, 1008, or the HTTP status.
        code: u16,
        /// The server's words, if it had any.
        reason: String,
    },
    /// Another status, with which no try can succeed.
    UnexpectedStatus {
        /// HTTP status.
        status: u16,
    },
    /// The certificate is not trusted.
    Certificate {
        /// The library's words.
        detail: String,
    },
    /// Unencrypted traffic to another computer, which the configuration does not allow.
    PlainNotAllowed,
    /// The keychain is locked.
    KeyLocked,
    /// The keychain holds no such key.
    KeyMissing,
    /// The keychain does not answer.
    KeyUnavailable {
        /// Its words.
        detail: String,
    },
    /// The vault holds another key under the agent's id.
    KeyOfAnother,
    /// The record's key is not the one that the entity id was made of.
    KeyMismatch,
}

/// Either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Passes by itself.
    Transient(Transient),
    /// Needs a person.
    Fatal(Fatal),
}

impl From<Transient> for Failure {
    fn from(transient: Transient) -> Self {
        Self::Transient(transient)
    }
}

impl From<Fatal> for Failure {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

impl Failure {
    /// Sorts the HTTP answer to an upgrade that was not 101 (protocols.md 1.2, 1.4, 1.10).
    #[must_use]
    pub fn from_upgrade_status(status: u16, location: Option<&str>, retry_after: Option<Duration>) -> Self {
        match status {
            404 => Fatal::NotRegistered.into(),
            400 | 426 => Fatal::UpgradeStripped.into(),
            401 | 403 | 407 => Fatal::Forbidden { status }.into(),
            300..=399 => Fatal::Redirected { to: location.unwrap_or_default().chars().take(200).collect() }.into(),
            429 => Transient::RateLimited { retry_after }.into(),
            408 | 425 | 500..=599 => Transient::ServerError { status }.into(),
            status => Fatal::UnexpectedStatus { status }.into(),
        }
    }

    /// Stable, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transient(failure) => failure.code(),
            Self::Fatal(failure) => failure.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Transient(failure) => failure.remedy(),
            Self::Fatal(failure) => failure.remedy(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transient(failure) => failure.fmt(f),
            Self::Fatal(failure) => failure.fmt(f),
        }
    }
}

impl Transient {
    /// Stable, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dns { .. } => "link.dns",
            Self::Refused => "link.refused",
            Self::Unreachable => "link.unreachable",
            Self::DialTimeout => "link.timeout",
            Self::Broken { .. } => "link.broken",
            Self::ClosedByServer { .. } => "link.closed",
            Self::NoPong => "link.half_open",
            Self::NoAck => "link.unacknowledged",
            Self::NoMaster { .. } => "bus.no_master",
            Self::ServerError { .. } => "link.server_error",
            Self::RateLimited { .. } => "link.rate_limited",
            Self::Proxy { trouble, .. } => trouble.code(),
            Self::TlsHandshake { .. } => "link.tls",
            Self::Protocol { .. } => "link.protocol",
        }
    }

    /// What a person can do while we keep trying.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Dns { host } => format!("Check the network and the registry's name: try `nslookup {host}`."),
            Self::Refused => "Is the registry running at this address and port?".into(),
            Self::Unreachable => "Check this computer's network connection.".into(),
            Self::DialTimeout => "Check for a firewall or proxy between here and the registry.".into(),
            Self::Broken { .. } | Self::ClosedByServer { .. } => {
                "Nothing to do if the registry was restarted. If it repeats, look at what lies between: proxies cut idle sockets.".into()
            }
            Self::NoPong => "The network path went dead without a word, as after sleep or a change of network.".into(),
            Self::NoAck => "If no beat was ever acknowledged, this server ignores heartbeats, as ArtCafe's does: ask its operator for one that answers.".into(),
            Self::NoMaster { .. } => "Check `master` of this bus. While the Sentinels choose another master, it passes by itself.".into(),
            Self::ServerError { .. } => "The registry is in trouble; its operator has to look.".into(),
            Self::RateLimited { .. } => "Wait; another program may share this address and its limit.".into(),
            Self::Proxy { trouble, .. } => trouble.remedy().into(),
            Self::TlsHandshake { .. } => "Check that the address speaks TLS on this port.".into(),
            Self::Protocol { .. } => "Check that the address is a registry and not another program.".into(),
        }
    }
}

impl fmt::Display for Transient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns { host } => write!(f, "the name {host} does not resolve (DNS)"),
            Self::Refused => f.write_str("connection refused"),
            Self::Unreachable => f.write_str("network unreachable"),
            Self::DialTimeout => f.write_str("no answer to the dial in time"),
            Self::Broken { detail } if detail.is_empty() => f.write_str("connection dropped without a close frame"),
            Self::Broken { detail } => write!(f, "connection dropped without a close frame ({detail})"),
            Self::ClosedByServer { code, reason } if reason.is_empty() => {
                write!(f, "the registry closed the connection ({code})")
            }
            Self::ClosedByServer { code, reason } => {
                write!(f, "the registry closed the connection: {reason} ({code})")
            }
            Self::NoPong => f.write_str("no answer to pings: the socket was half open"),
            Self::NoAck => f.write_str("heartbeats were not acknowledged"),
            Self::NoMaster { name } => write!(f, "the Sentinels know of no master {} that is one", name.escape_debug()),
            Self::ServerError { status } => write!(f, "the registry answered {status}"),
            Self::RateLimited { .. } => f.write_str("the registry asks for patience (429)"),
            Self::Proxy { proxy, trouble } => match trouble {
                ProxyTrouble::Unreachable { detail } => write!(f, "the proxy {proxy} does not answer ({detail})"),
                ProxyTrouble::Login => write!(f, "the proxy {proxy} wants a login"),
                ProxyTrouble::Refused { words } => write!(f, "the proxy {proxy} does not let us through ({words})"),
            },
            Self::TlsHandshake { detail } => write!(f, "the TLS handshake failed ({detail})"),
            Self::Protocol { detail } => write!(f, "the answer is not a registry's ({detail})"),
        }
    }
}

impl ProxyTrouble {
    const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "proxy.unreachable",
            Self::Login => "proxy.login",
            Self::Refused { .. } => "proxy.refused",
        }
    }

    const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "Correct or remove the proxy setting, or except the registry with NO_PROXY; then start Beatkeeper anew."
            }
            Self::Login => {
                "Write the login into the proxy's address, or except the registry with NO_PROXY; then start Beatkeeper anew."
            }
            Self::Refused { .. } => {
                "Ask whoever runs the proxy to allow tunnels (CONNECT) to the registry, or except it with NO_PROXY; then start \
                 Beatkeeper anew."
            }
        }
    }
}

impl Fatal {
    /// Stable, for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotRegistered => "registry.not_registered",
            Self::UpgradeStripped => "link.upgrade_stripped",
            Self::Redirected { .. } => "link.redirected",
            Self::Forbidden { .. } => "link.forbidden",
            Self::Rejected { .. } => "link.rejected",
            Self::UnexpectedStatus { .. } => "link.unexpected_status",
            Self::Certificate { .. } => "link.certificate",
            Self::PlainNotAllowed => "link.plain_not_allowed",
            Self::KeyLocked => "key.locked",
            Self::KeyMissing => "key.missing",
            Self::KeyUnavailable { .. } => "key.unavailable",
            Self::KeyOfAnother => "key.of_another",
            Self::KeyMismatch => "key.mismatch",
        }
    }

    /// What a person has to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotRegistered => "Register it with `beatkeeper agent register`, or correct its registry's URL.".into(),
            Self::UpgradeStripped => {
                "A reverse proxy strips the upgrade headers: let it pass them for /v1/entities/*/ws.".into()
            }
            Self::Redirected { to } if !to.is_empty() => format!("Set the registry's URL to the base of {to}."),
            Self::Redirected { .. } => "Correct the registry's base URL.".into(),
            Self::Forbidden { .. } => "Something between here and the registry asks for a login: sign in to it, or go around it.".into(),
            Self::Rejected { .. } => {
                "Check the agent's name and organization, and that the server has the public half of the key that is in the vault here.".into()
            }
            Self::UnexpectedStatus { .. } => "Check that the URL is a registry's base.".into(),
            Self::Certificate { .. } => {
                "Check this computer's clock and date, and whether a proxy intercepts TLS; its CA must be trusted by the system.".into()
            }
            Self::PlainNotAllowed => "Use https://, or set `allow_plain = true` for this registry.".into(),
            Self::KeyLocked => "Unlock the keychain; beating starts by itself then.".into(),
            Self::KeyMissing => "Import the agent's key again: `beatkeeper agent import FILE`.".into(),
            Self::KeyUnavailable { .. } => "Start the system's keychain, or choose `--vault file`.".into(),
            Self::KeyOfAnother => {
                "Import the agent's own key again: `beatkeeper agent import FILE`; nothing is replaced without being asked for.".into()
            }
            Self::KeyMismatch => {
                "Register this key anew, or import the key that the record names: beats are refused until they agree.".into()
            }
        }
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegistered => f.write_str("the registry does not know this agent (404)"),
            Self::UpgradeStripped => f.write_str("the WebSocket upgrade was refused (400): a proxy strips it"),
            Self::Redirected { to } if to.is_empty() => f.write_str("the registry redirects: its base URL is wrong"),
            Self::Redirected { to } => write!(f, "the registry redirects to {to}: its base URL is wrong"),
            Self::Forbidden { status } => write!(f, "access was refused ({status})"),
            Self::Rejected { code, reason } if reason.is_empty() => {
                write!(f, "the server turns this agent away: it does not know it, or refuses its signature ({code})")
            }
            Self::Rejected { code, reason } => write!(f, "the server turns this agent away: {reason} ({code})"),
            Self::UnexpectedStatus { status } => write!(f, "unexpected answer to the upgrade ({status})"),
            Self::Certificate { detail } => write!(f, "the certificate is not trusted ({detail})"),
            Self::PlainNotAllowed => f.write_str("unencrypted connections to another computer are not allowed"),
            Self::KeyLocked => f.write_str("the keychain is locked"),
            Self::KeyMissing => f.write_str("the keychain holds no key for this agent"),
            Self::KeyUnavailable { detail } => write!(f, "the keychain does not answer ({detail})"),
            Self::KeyOfAnother => f.write_str("the keychain holds another key in this agent's place"),
            Self::KeyMismatch => f.write_str("the registry holds another public key for this agent"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upgrade_answers_are_sorted() {
        let code = |status| Failure::from_upgrade_status(status, Some("https://r.example/"), None);
        assert_eq!(code(404), Fatal::NotRegistered.into());
        assert_eq!(code(400), Fatal::UpgradeStripped.into());
        assert_eq!(code(301), Fatal::Redirected { to: "https://r.example/".into() }.into());
        assert_eq!(code(503), Transient::ServerError { status: 503 }.into());
        assert_eq!(code(429), Transient::RateLimited { retry_after: None }.into());
        assert_eq!(code(200), Fatal::UnexpectedStatus { status: 200 }.into());
    }
}
