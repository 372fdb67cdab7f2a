//! Verdicts of dialects in which the other side says more, or less, than a live Zynd registry.

use super::{Evidence, verdict};
use crate::dialect::Dialect;
use crate::view::{LinkStateName, Severity, VerdictView};
use crate::witness::BeatRefusal;

/// A server that should acknowledge beats and does not.
pub(super) fn unacknowledged(e: &Evidence<'_>) -> Option<VerdictView> {
    if e.unacked == 0 || !e.dialect.is_acknowledged() || e.link == LinkStateName::Blocked {
        return None;
    }
    Some(if e.ever_acked {
        verdict(
            "link.unacknowledged",
            Severity::Bad,
            format!("The server stopped acknowledging heartbeats; connected anew {}", times(e.unacked)),
            "Look at the server: the connection is open, and whoever should answer on it does not.",
        )
    } else {
        verdict(
            "artcafe.ignores_heartbeats",
            Severity::Bad,
            "Connected and sending, but this server has never acknowledged a heartbeat",
            "ArtCafe's own server takes the connection and ignores heartbeats (it has no branch for them), so nothing proves \
             that this agent is seen: ask its operator for the module that answers.",
        )
    })
}

/// The other side said why it takes no beat.
pub(super) fn refused_in_words(e: &Evidence<'_>) -> Option<VerdictView> {
    let why = e.beat_refused?;
    let (sentence, remedy) = match why {
        BeatRefusal::Signature => (
            "Connected and sending, but the registry refuses the signature".to_owned(),
            "The record holds another key than ours, or the registry wants another form: look at its record, then register this key anew.",
        ),
        BeatRefusal::Timestamp => (
            "Connected and sending, but the registry refuses the time of the beats".to_owned(),
            "Compare this computer's clock with the registry's.",
        ),
        BeatRefusal::UnknownAgent => (
            "Connected and sending, but the registry does not know this agent".to_owned(),
            "Register it with `beatkeeper agent register`, or correct its registry's URL.",
        ),
        BeatRefusal::Malformed => (
            "Connected and sending, but the registry cannot read the beats".to_owned(),
            "It takes another dialect: leave `dialect` at \"auto\", or name the right one.",
        ),
        BeatRefusal::Other(words) if words.is_empty() => (
            "Connected and sending, but the other side answers with an error and no words".to_owned(),
            "Look at the log of the other side: it says more than its answer.",
        ),
        BeatRefusal::Other(words) => (
            format!("Connected and sending, but the other side answers: {words}"),
            "Look at the log of the other side: it says more than its answer.",
        ),
    };
    Some(verdict(why.code(), Severity::Bad, sentence, remedy))
}

/// Nothing moves the record, so another form of beat is tried.
pub(super) fn trying(e: &Evidence<'_>) -> Option<VerdictView> {
    let form = match e.dialect {
        Dialect::ZyndDocumentedShared => "the documented form at /v1/heartbeat is tried",
        Dialect::ZyndDocumented => "the documented form is tried",
        // The usual one again: all were tried.
        Dialect::Zynd | Dialect::ArtCafe | Dialect::Redis => return None,
    };
    e.trying.then(|| {
        verdict(
            "dialect.trying",
            Severity::Warning,
            format!("Connected and sending, but the record does not move: {form}"),
            "Nothing to do yet. If you know what the registry takes, say so with `dialect` in its entry.",
        )
    })
}

/// What is to be done for an agent that its server does not know.
pub(super) const fn how_to_register(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Zynd | Dialect::ZyndDocumented | Dialect::ZyndDocumentedShared | Dialect::Redis => {
            "Register it with `beatkeeper agent register`, or correct its registry's URL."
        }
        Dialect::ArtCafe => {
            "Register it there under this name and organization; or correct `url` or `challenge` of its registry: it gives no \
             challenge for this agent (404)."
        }
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}
