//! The certificate that the registry shows, and who signed it.

use jiff::Timestamp;

use super::cause::capital;
use super::{Cause, Code, Reading};
use crate::failure::{Failure, Fatal, Transient};

/// One certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when it is valid.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The names that it is for.
    pub names: Vec<String>,
}

/// Why a certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Too old.
    Expired,
    /// Too young.
    NotYetValid,
    /// For another name.
    WrongName,
    /// Nobody here trusts who signed it.
    UnknownIssuer,
    /// Another reason, in the library's words.
    Other(String),
}

/// What the TLS handshake showed.
#[derive(Clone, Debug)]
pub enum Handshake {
    /// There is none: the address is `http`.
    Plain {
        /// Whether that is allowed: on this computer, or by `allow_plain`.
        allowed: bool,
    },
    /// It broke off before a certificate was seen.
    Broken(String),
    /// A chain was shown.
    Shown {
        /// Which host it should be for.
        host: String,
        /// The chain, the host's own first.
        chain: Vec<Certificate>,
        /// Such as `TLS 1.3`.
        version: String,
        /// Whether it is trusted.
        trust: Result<(), TlsFault>,
        /// By this computer's clock.
        now: Timestamp,
    },
}

/// Makers of what opens TLS on the way, by what they write into certificates.
const INTERCEPTORS: [&str; 27] = [
    "zscaler",
    "netskope",
    "mitmproxy",
    "fortinet",
    "fortigate",
    "palo alto",
    "blue coat",
    "bluecoat",
    "symantec web",
    "forcepoint",
    "websense",
    "sophos",
    "check point",
    "cisco umbrella",
    "cisco secure access",
    "barracuda",
    "squid",
    "charles proxy",
    "portswigger",
    "burp",
    "fiddler",
    "kaspersky",
    "avast",
    "eset ssl",
    "bitdefender",
    "adguard",
    "menlo security",
];
/// A certificate that ends so soon is worth a word.
const SOON_DAYS: i64 = 14;

impl Handshake {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::Plain { allowed: true } => Reading::not_asked("The registry's address is http: nothing is encrypted"),
            Self::Plain { allowed: false } => Reading::bad(
                "The registry's address is http, on another computer",
                Cause::of(&Failure::Fatal(Fatal::PlainNotAllowed)),
            ),
            Self::Broken(words) => {
                let failure = Transient::TlsHandshake { detail: words.clone() };
                Reading::bad(capital(&failure.to_string()), Cause::of(&failure.into()))
            }
            Self::Shown { host, chain, version, trust, now } => shown(host, chain, version, trust, *now),
        }
    }
}

fn shown(host: &str, chain: &[Certificate], version: &str, trust: &Result<(), TlsFault>, now: Timestamp) -> Reading {
    let Some(leaf) = chain.first() else { return Reading::unknown("No certificate was shown") };
    let evidence = format!(
        "{version}; {} signed by {}, valid {} to {}; {} in the chain",
        leaf.subject,
        leaf.issuer,
        leaf.from.strftime("%Y-%m-%d"),
        leaf.until.strftime("%Y-%m-%d"),
        chain.len()
    );
    let interceptor = interceptor(chain);
    let fault = match trust {
        Ok(()) => {
            let days = leaf.until.duration_since(now).as_hours() / 24;
            return match interceptor {
                Some(who) => Reading::notice(format!("{evidence}; trusted, but TLS is opened on the way by {who}")),
                None if days < SOON_DAYS => Reading::notice(format!("{evidence}; it expires in {days} days")),
                None => Reading::ok(evidence),
            };
        }
        Err(fault) => fault,
    };
    let cause = match (fault, interceptor) {
        (TlsFault::UnknownIssuer | TlsFault::Other(_), Some(who)) => Cause::new(
            Code::TlsIntercepted,
            format!("TLS to {host} is opened on the way by {who}, whose CA this computer does not trust"),
            "Add that CA to the system's trusted certificates, or have the registry excepted from inspection; then start Beatkeeper anew.",
        ),
        (TlsFault::Expired, _) => Cause::new(
            Code::TlsExpired,
            format!("The certificate of {host} expired on {}", leaf.until.strftime("%Y-%m-%d")),
            "The registry's operator has to renew it. If this computer's date is wrong, correct that.",
        ),
        (TlsFault::NotYetValid, _) => Cause::new(
            Code::TlsNotYetValid,
            format!("The certificate of {host} is valid from {} on", leaf.from.strftime("%Y-%m-%d")),
            "Check this computer's date; if it is right, the registry's operator has to correct the certificate.",
        ),
        (TlsFault::WrongName, _) => Cause::new(
            Code::TlsWrongName,
            format!("The certificate is for {}, not for {host}", names(leaf)),
            "Correct the registry's URL: use a name that its certificate is for.",
        ),
        (TlsFault::UnknownIssuer | TlsFault::Other(_), None) => {
            let own = leaf.issuer == leaf.subject;
            let who = if own { "signed by itself".to_owned() } else { format!("signed by {}", leaf.issuer) };
            Cause::new(
                Code::TlsUnknownIssuer,
                format!("The certificate of {host} is {who}, which this computer does not trust"),
                "If that CA is yours or your company's, add it to the system's trusted certificates and start Beatkeeper anew; if you do not know it, something intercepts TLS.",
            )
        }
    };
    let evidence = match fault {
        TlsFault::Other(words) => format!("{evidence}; {words}"),
        TlsFault::Expired | TlsFault::NotYetValid | TlsFault::WrongName | TlsFault::UnknownIssuer => evidence,
    };
    Reading::bad(evidence, cause)
}

fn names(leaf: &Certificate) -> String {
    if leaf.names.is_empty() { leaf.subject.clone() } else { leaf.names.join(", ") }
}

/// Who opens TLS on the way, by the names of the issuers.
fn interceptor(chain: &[Certificate]) -> Option<&str> {
    chain.iter().map(|certificate| certificate.issuer.as_str()).find(|issuer| {
        let lower = issuer.to_ascii_lowercase();
        INTERCEPTORS.iter().any(|maker| lower.contains(maker))
    })
}
