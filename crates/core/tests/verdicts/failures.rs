//! Every failure of a link.

use beatkeeper_core::failure::{Failure, Fatal, ProxyTrouble, Transient};

/// One of each.
pub fn all() -> Vec<Failure> {
    transient().into_iter().map(Failure::from).chain(fatal().into_iter().map(Failure::from)).collect()
}

fn text() -> String {
    "detail".to_owned()
}

fn transient() -> [Transient; 16] {
    [
        Transient::Dns { host: "r.example".into() },
        Transient::Refused,
        Transient::Unreachable,
        Transient::DialTimeout,
        Transient::Broken { detail: String::new() },
        Transient::ClosedByServer { code: 1001, reason: String::new() },
        Transient::NoPong,
        Transient::NoAck,
        Transient::NoMaster { name: "mymaster".into() },
        Transient::ServerError { status: 503 },
        Transient::RateLimited { retry_after: None },
        Transient::TlsHandshake { detail: text() },
        Transient::Protocol { detail: text() },
        by_proxy(ProxyTrouble::Unreachable { detail: text() }),
        by_proxy(ProxyTrouble::Login),
        by_proxy(ProxyTrouble::Refused { words: "403".into() }),
    ]
}

fn by_proxy(trouble: ProxyTrouble) -> Transient {
    Transient::Proxy { proxy: "http://proxy.example:3128".into(), trouble }
}

fn fatal() -> [Fatal; 13] {
    [
        Fatal::NotRegistered,
        Fatal::UpgradeStripped,
        Fatal::Redirected { to: "https://r.example/".into() },
        Fatal::Forbidden { status: 403 },
        Fatal::Rejected { code: 1008, reason: String::new() },
        Fatal::UnexpectedStatus { status: 418 },
        Fatal::Certificate { detail: text() },
        Fatal::PlainNotAllowed,
        Fatal::KeyLocked,
        Fatal::KeyMissing,
        Fatal::KeyUnavailable { detail: text() },
        Fatal::KeyOfAnother,
        Fatal::KeyMismatch,
    ]
}

/// Its place among those above. A failure that is new has none before it stands there.
const fn place_of_transient(transient: &Transient) -> usize {
    match transient {
        Transient::Dns { .. } => 0,
        Transient::Refused => 1,
        Transient::Unreachable => 2,
        Transient::DialTimeout => 3,
        Transient::Broken { .. } => 4,
        Transient::ClosedByServer { .. } => 5,
        Transient::NoPong => 6,
        Transient::NoAck => 7,
        Transient::NoMaster { .. } => 8,
        Transient::ServerError { .. } => 9,
        Transient::RateLimited { .. } => 10,
        Transient::TlsHandshake { .. } => 11,
        Transient::Protocol { .. } => 12,
        Transient::Proxy { trouble: ProxyTrouble::Unreachable { .. }, .. } => 13,
        Transient::Proxy { trouble: ProxyTrouble::Login, .. } => 14,
        Transient::Proxy { trouble: ProxyTrouble::Refused { .. }, .. } => 15,
    }
}

const fn place_of_fatal(fatal: &Fatal) -> usize {
    match fatal {
        Fatal::NotRegistered => 0,
        Fatal::UpgradeStripped => 1,
        Fatal::Redirected { .. } => 2,
        Fatal::Forbidden { .. } => 3,
        Fatal::Rejected { .. } => 4,
        Fatal::UnexpectedStatus { .. } => 5,
        Fatal::Certificate { .. } => 6,
        Fatal::PlainNotAllowed => 7,
        Fatal::KeyLocked => 8,
        Fatal::KeyMissing => 9,
        Fatal::KeyUnavailable { .. } => 10,
        Fatal::KeyOfAnother => 11,
        Fatal::KeyMismatch => 12,
    }
}

#[test]
fn there_is_one_of_each() {
    assert!(transient().iter().map(place_of_transient).eq(0..16));
    assert!(fatal().iter().map(place_of_fatal).eq(0..13));
}
