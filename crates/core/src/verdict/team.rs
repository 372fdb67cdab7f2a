//! Verdicts of agents that one Beatkeeper of a team beats for.

use super::{Evidence, verdict};
use crate::bus::LeaseStand;
use crate::liveness::Liveness;
use crate::view::{Severity, VerdictView};

/// What is known of an agent's lease.
#[derive(Clone, Copy, Debug)]
pub struct TeamEvidence<'a> {
    /// The name of the bus that keeps it.
    pub bus: &'a str,
    /// Who has it.
    pub stand: &'a LeaseStand,
}

/// We would beat, and must not before we have the lease.
fn without_leave(e: &Evidence<'_>) -> Option<VerdictView> {
    let team = e.team?;
    match team.stand {
        LeaseStand::Held(_) => None,
        LeaseStand::Unknown => Some(verdict(
            "team.asking",
            Severity::Neutral,
            format!("Asking on the bus \"{}\" who beats for it", team.bus),
            "Nothing to do. A Redis server that has just begun gives no lease before an old one would be over.",
        )),
        LeaseStand::Unsettled(why) => Some(verdict(
            "team.unsettled",
            // As long as somebody beats, nothing is missing.
            if e.liveness == Liveness::Active { Severity::Neutral } else { Severity::Bad },
            format!("Not beating: the bus \"{}\" does not say whether another computer beats for it: {why}", team.bus),
            "Bring the bus back, or give its user what the scripts need; or write `team = false` in its entry, if this is the \
             only computer that beats for it.",
        )),
    }
}

/// Another Beatkeeper beats, or may, and we watch.
pub(super) fn elsewhere(e: &Evidence<'_>) -> Option<VerdictView> {
    let LeaseStand::Held(holder) = e.team?.stand else { return without_leave(e) };
    let computer = if holder.computer.is_empty() { "Another computer" } else { holder.computer.as_str() };
    match e.liveness {
        Liveness::Active => {
            let computer = if holder.computer.is_empty() { "another computer" } else { computer };
            Some(verdict("ok.team", Severity::Good, format!("Beating, confirmed; {computer} beats for it"), ""))
        }
        Liveness::Unknown | Liveness::Inactive => Some(verdict(
            "team.waiting",
            Severity::Neutral,
            format!("{computer} beats for it; waiting for the first confirmed beat"),
            "",
        )),
        // What else is wrong is named as for an agent that beats by itself.
        Liveness::Late | Liveness::Stale | Liveness::Offline if e.registry_problem.is_none() => Some(verdict(
            "team.silent",
            Severity::Bad,
            format!("{computer} has its lease, but no beat of it is confirmed"),
            "Look at Beatkeeper on that computer. If it is gone, its lease ends by itself and the next computer takes over.",
        )),
        Liveness::Late | Liveness::Stale | Liveness::Offline | Liveness::Stopped => None,
    }
}
