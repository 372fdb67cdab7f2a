//! Verdicts of agents that we beat for: what our link and the registry say together.

use super::{CLOCK_LIMIT_MS, Evidence, FLAPPING, ahead_or_behind, copies, dialect, process, record, sentence, verdict};
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::liveness::Liveness;
use crate::view::{LinkStateName, Severity, VerdictView};
use crate::wire::zynd::MAX_CLOCK_SKEW;

/// We beat.
pub(super) fn ours(e: &Evidence<'_>) -> VerdictView {
    if let Some(verdict) = dialect::unacknowledged(e) {
        return verdict;
    }
    match e.link {
        LinkStateName::Open => open(e),
        LinkStateName::Idle => {
            process::restarting(e).unwrap_or_else(|| verdict("link.idle", Severity::Neutral, "Not started yet", ""))
        }
        LinkStateName::Connecting | LinkStateName::BackingOff | LinkStateName::Blocked => not_open(e),
    }
}

fn not_open(e: &Evidence<'_>) -> VerdictView {
    let Some(failure) = e.link_failure else {
        return process::restarting(e)
            .unwrap_or_else(|| verdict("link.connecting", Severity::Neutral, "Connecting", ""));
    };
    match failure {
        Failure::Fatal(fatal) => verdict(fatal.code(), Severity::Bad, sentence(fatal), fatal.remedy()),
        Failure::Transient(transient) => {
            let reconnecting = match e.attempt {
                0 => format!("Reconnecting: {transient}"),
                attempt => format!("Reconnecting: {transient}, attempt {attempt}"),
            };
            // A connection that broke a moment ago is nothing to worry about while the last beat is fresh.
            let severity = if e.liveness == Liveness::Active { Severity::Neutral } else { Severity::Bad };
            verdict(transient.code(), severity, reconnecting, transient.remedy())
        }
    }
}

fn open(e: &Evidence<'_>) -> VerdictView {
    if let Some(verdict) = dialect::refused_in_words(e) {
        return verdict;
    }
    if e.unconfirmed_in_a_row >= 2 {
        return ignored(e);
    }
    if let Some(problem) = e.registry_problem.filter(|_| !e.confirmed_here || e.liveness.is_missing()) {
        return verdict(
            record::unread(e),
            Severity::Warning,
            format!("Connected and sending, but nothing confirms it: {problem}"),
            "The registry's record cannot be read, so nobody knows whether it takes the beats: look at the registry, or at what \
             lies between.",
        );
    }
    match e.liveness {
        Liveness::Active if e.confirmed_here => confirmed(e),
        Liveness::Late | Liveness::Stale | Liveness::Offline if e.confirmed_here => verdict(
            "beats.unconfirmed",
            Severity::Warning,
            "Connected and sending, but the last beats are not confirmed yet",
            "Nothing to do yet: its record is read next, and tells whether the registry takes the beats. If this stays, use Retry: \
             it connects anew.",
        ),
        Liveness::Unknown
        | Liveness::Inactive
        | Liveness::Active
        | Liveness::Late
        | Liveness::Stale
        | Liveness::Offline
        | Liveness::Stopped => {
            verdict("beats.waiting", Severity::Neutral, "Connected; waiting for the first confirmed beat", "")
        }
    }
}

/// Connected, sending, confirmed. What is not as it should be beside that, worst first.
fn confirmed(e: &Evidence<'_>) -> VerdictView {
    if let Some(verdict) = copies::beside_ours(e).or_else(|| process::restarting(e)).or_else(|| not_announced(e)) {
        return verdict;
    }
    if e.reconnects_5min >= FLAPPING {
        return verdict(
            "link.flapping",
            Severity::Warning,
            format!("Beating, confirmed, but its connection keeps dropping: {} times in 5 min", e.reconnects_5min),
            "See the close codes in its connections: 1006 at equal lengths points to a proxy that cuts sockets.",
        );
    }
    process::beside_its_beats(e).unwrap_or_else(|| verdict("ok", Severity::Good, "Beating, confirmed", ""))
}

/// Its beats count again, and only this registry knows (protocols.md 1.5).
pub(super) fn not_announced(e: &Evidence<'_>) -> Option<VerdictView> {
    if !e.not_announced || e.dialect != Dialect::Zynd {
        return None;
    }
    let ours = e.speaker == crate::view::Speaker::App;
    Some(verdict(
        "registry.resume_unannounced",
        Severity::Warning,
        "Beating again, but the registry announced nothing: other registries go on calling it inactive",
        if ours {
            "Use Retry: it connects anew, and the first beat of a connection is announced."
        } else {
            "Restart the agent, or have it connect anew: the first beat of a connection is announced."
        },
    ))
}

/// Connected, sending, and the record does not move: find out why.
fn ignored(e: &Evidence<'_>) -> VerdictView {
    match e.registry_clock_ahead_ms {
        Some(ahead) if ahead.abs() >= CLOCK_LIMIT_MS => verdict(
            "clock.own",
            Severity::Bad,
            format!(
                "Connected and sending, but the registry ignores it: this computer's clock is {} of the registry's",
                ahead_or_behind(-ahead)
            ),
            format!(
                "Set this computer's clock: beats more than {} s off are refused in silence.",
                MAX_CLOCK_SKEW.as_secs()
            ),
        ),
        _ => dialect::trying(e).unwrap_or_else(|| {
            let told = if e.trying { ", whatever their form" } else { "" };
            verdict(
                "beats.ignored",
                Severity::Bad,
                format!("Connected and sending, but the registry ignores the beats{told}, and clock and key are right"),
                "Look at the registry's log for `heartbeat ws:` lines; connecting anew may help: use Retry.",
            )
        }),
    }
}
