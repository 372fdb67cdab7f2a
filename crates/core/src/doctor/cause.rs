//! The causes of trouble that the doctor knows, each with a code, a sentence and a remedy.

use std::time::Duration;

use super::{RepairKind, Symptom};
use crate::failure::{Failure, Fatal, ProxyTrouble, Transient};
use crate::view::Severity;

/// Where a registry does not say how long: it counts requests by the minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much a cause explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing is broken by it yet.
    Aside,
    /// It says what is seen, and hardly why.
    Weak,
    /// It says why.
    Specific,
    /// Nothing that comes after it can work.
    Root,
}

macro_rules! codes {
    ($($variant:ident = $code:literal, $weight:ident, [$($symptom:ident),*], $doc:literal;)*) => {
        /// Stable names of causes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// For machines.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// In a few words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            pub(super) const fn weight(self) -> Weight {
                match self { $(Self::$variant => Weight::$weight,)* }
            }

            const fn symptoms(self) -> &'static [Symptom] {
                match self { $(Self::$variant => &[$(Symptom::$symptom),*],)* }
            }
        }
    };
}

codes! {
    NetworkDown = "network.down", Root, [NeverConnects, Drops, Inactive], "this computer has no network";
    ProxyUnreachable = "proxy.unreachable", Root, [NeverConnects, Inactive], "the proxy that is set does not answer";
    ProxyLogin = "proxy.login", Root, [NeverConnects, Inactive], "the proxy wants a login";
    ProxyRefused = "proxy.refused", Root, [NeverConnects, Inactive], "the proxy opens no tunnel to the registry";
    Dns = "link.dns", Root, [NeverConnects, Drops, Inactive], "the registry's name does not resolve";
    Refused = "link.refused", Root, [NeverConnects, Drops, Inactive], "nobody listens at the registry's address";
    Timeout = "link.timeout", Root, [NeverConnects, Drops, Inactive], "the registry's address swallows connections";
    Unreachable = "link.unreachable", Root, [NeverConnects, Drops, Inactive], "there is no route to the registry";
    TlsExpired = "tls.expired", Root, [NeverConnects, Inactive], "the certificate has expired";
    TlsNotYetValid = "tls.not_yet_valid", Root, [NeverConnects, Inactive], "the certificate is not valid yet";
    TlsWrongName = "tls.wrong_name", Root, [NeverConnects, Inactive], "the certificate is for another name";
    TlsIntercepted = "tls.intercepted", Root, [NeverConnects, Inactive], "a known proxy intercepts TLS";
    TlsUnknownIssuer = "tls.unknown_issuer", Root, [NeverConnects, Inactive], "nobody here trusts the certificate's issuer";
    Tls = "link.tls", Root, [NeverConnects, Inactive], "the port does not speak TLS";
    PlainNotAllowed = "link.plain_not_allowed", Root, [NeverConnects, Inactive], "unencrypted traffic is not allowed";
    NotARegistry = "registry.not_a_registry", Root, [NeverConnects, Inactive], "another server answers, or a login page";
    Redirected = "link.redirected", Root, [NeverConnects, Inactive], "the registry's base URL is wrong";
    Forbidden = "link.forbidden", Root, [NeverConnects, Inactive], "something asks for a login";
    ServerError = "link.server_error", Root, [NeverConnects, Drops, Inactive], "the registry is in trouble";
    RateLimited = "link.rate_limited", Specific, [NeverConnects, Inactive], "the registry asks for patience";
    Silent = "registry.silent", Root, [NeverConnects, Drops, Inactive], "the registry lets us in and does not answer";
    OtherUrl = "registry.other_url", Specific, [NeverConnects, Inactive], "the agent's program uses another registry";
    NotRegistered = "registry.not_registered", Specific, [NeverConnects, Inactive], "the registry does not know the agent";
    Tombstoned = "registry.tombstoned", Specific, [NeverConnects, Inactive], "its home registry has deleted it";
    GossipCopy = "registry.gossip_copy", Specific, [NeverConnects, Inactive], "this registry knows it by hearsay alone";
    KeyMismatch = "key.mismatch", Specific, [NeverConnects, Inactive], "the record holds another key";
    KeyMissing = "key.missing", Specific, [NeverConnects, Inactive], "the vault holds no key for it";
    KeyLocked = "key.locked", Specific, [NeverConnects, Inactive], "the vault is locked";
    KeyUnavailable = "key.unavailable", Specific, [NeverConnects, Inactive], "the vault does not answer";
    KeyOfAnother = "key.of_another", Specific, [NeverConnects, Inactive], "the vault holds another key in its place";
    UpgradeStripped = "link.upgrade_stripped", Specific, [NeverConnects, Inactive], "a proxy strips the upgrade";
    UpgradeNotFound = "link.upgrade_not_found", Specific, [NeverConnects, Inactive], "the socket's path leads nowhere";
    UpgradeRefused = "link.upgrade_refused", Specific, [NeverConnects, Inactive], "the socket alone is refused";
    IdleCut = "link.idle_cut", Specific, [Drops], "something cuts idle sockets";
    AgeCut = "link.age_cut", Specific, [Drops], "something cuts every socket at one age";
    Flapping = "link.flapping", Weak, [Drops], "its connection keeps dropping";
    ClockOwn = "clock.own", Specific, [Inactive], "this computer's clock is off";
    ClockProcess = "clock.process", Specific, [Inactive], "the clock of the agent's computer is off";
    BeatsIgnored = "beats.ignored", Weak, [Inactive], "beats are dropped in silence, for no cause that can be seen";
    BeatsRefused = "beats.refused", Specific, [Inactive], "beats are refused in words";
    SecondCopy = "beats.second_copy", Aside, [Drops, Inactive], "somebody else beats with this key";
    SweepLate = "registry.sweep_late", Weak, [Inactive], "the registry's sweep is late";
    EngineNotRunning = "engine.not_running", Weak, [NeverConnects, Inactive], "Beatkeeper does not run";
    Paused = "agent.paused", Specific, [NeverConnects, Inactive], "its beats are paused";
    WrongAgent = "process.wrong_agent", Specific, [Inactive], "another agent is at its port";
    ProcessDown = "process.not_running", Specific, [NeverConnects, Drops, Inactive], "its process does not run";
    ProcessUnwell = "process.unhealthy", Specific, [Inactive], "its process is not well";
    Restarting = "process.restarting", Specific, [NeverConnects, Drops, Inactive], "its process ends again and again";
    CardMismatch = "agent.card_mismatch", Aside, [Inactive], "its card is not that of its record";
    UrlElsewhere = "agent.url_elsewhere", Aside, [Inactive], "its published address reaches another process";
    UrlUnreachable = "agent.url_unreachable", Aside, [Inactive], "its published address leads nowhere";
    NotFound = "agent.not_found", Aside, [Inactive], "a search does not find it";
    NeverBeat = "agent.never_beat", Weak, [NeverConnects, Inactive], "it has never beaten";
    AgentSilent = "agent.silent", Weak, [NeverConnects, Drops, Inactive], "it stopped beating";
}

impl Code {
    /// Whether it can be the cause of what a person sees.
    #[must_use]
    pub fn explains(self, symptom: Symptom) -> bool {
        self.symptoms().contains(&symptom)
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.weight() {
            Weight::Aside => Severity::Warning,
            Weight::Weak | Weight::Specific | Weight::Root => Severity::Bad,
        }
    }
}

/// One cause, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Which.
    pub code: Code,
    /// For people.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
    /// What can be done here.
    pub repair: Option<RepairKind>,
    /// After how long it is worth looking again, where waiting mends it.
    pub wait: Option<Duration>,
}

impl Cause {
    /// A cause.
    #[must_use]
    pub fn new(code: Code, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "few causes can be mended from here")]
        let repair = match code {
            Code::NotRegistered | Code::Tombstoned => Some(RepairKind::Register),
            Code::UrlElsewhere | Code::UrlUnreachable => Some(RepairKind::UpdateUrl),
            Code::SecondCopy => Some(RepairKind::NextIndex),
            Code::RateLimited => Some(RepairKind::Wait),
            _ => None,
        };
        let wait = (repair == Some(RepairKind::Wait)).then_some(PATIENCE);
        Self { code, sentence: sentence.into(), remedy: remedy.into(), repair, wait }
    }

    /// What a failed dial is a sign of.
    #[must_use]
    pub fn of(failure: &Failure) -> Self {
        let cause = Self::new(code_of(failure), capital(&failure.to_string()), failure.remedy());
        match failure {
            Failure::Transient(Transient::RateLimited { retry_after: Some(asked) }) => {
                Self { wait: Some((*asked).max(Duration::from_secs(1))), ..cause }
            }
            Failure::Transient(_) | Failure::Fatal(_) => cause,
        }
    }
}

const fn code_of(failure: &Failure) -> Code {
    match failure {
        Failure::Transient(transient) => match transient {
            Transient::Dns { .. } => Code::Dns,
            Transient::Refused | Transient::NoMaster { .. } => Code::Refused,
            Transient::Unreachable => Code::Unreachable,
            Transient::DialTimeout => Code::Timeout,
            Transient::Broken { .. } | Transient::ClosedByServer { .. } | Transient::NoPong | Transient::NoAck => {
                Code::Silent
            }
            Transient::ServerError { .. } => Code::ServerError,
            Transient::RateLimited { .. } => Code::RateLimited,
            Transient::Proxy { trouble, .. } => match trouble {
                ProxyTrouble::Unreachable { .. } => Code::ProxyUnreachable,
                ProxyTrouble::Login => Code::ProxyLogin,
                ProxyTrouble::Refused { .. } => Code::ProxyRefused,
            },
            Transient::TlsHandshake { .. } => Code::Tls,
            Transient::Protocol { .. } => Code::NotARegistry,
        },
        Failure::Fatal(fatal) => match fatal {
            Fatal::NotRegistered => Code::NotRegistered,
            Fatal::UpgradeStripped => Code::UpgradeStripped,
            Fatal::Redirected { .. } => Code::Redirected,
            Fatal::Forbidden { .. } => Code::Forbidden,
            Fatal::Rejected { .. } | Fatal::UnexpectedStatus { .. } => Code::UpgradeRefused,
            Fatal::Certificate { .. } => Code::TlsUnknownIssuer,
            Fatal::PlainNotAllowed => Code::PlainNotAllowed,
            Fatal::KeyLocked => Code::KeyLocked,
            Fatal::KeyMissing => Code::KeyMissing,
            Fatal::KeyUnavailable { .. } => Code::KeyUnavailable,
            Fatal::KeyOfAnother => Code::KeyOfAnother,
            Fatal::KeyMismatch => Code::KeyMismatch,
        },
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
