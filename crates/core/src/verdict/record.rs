//! Verdicts of what the registry holds of an agent, whoever beats for it.

use super::{Evidence, dialect, sentence, verdict};
use crate::failure::Fatal;
use crate::liveness::Liveness;
use crate::notice::duration;
use crate::view::{ProcessState, Severity, VerdictView};
use crate::witness::Absence;

/// What the record alone settles, and who answers in the agent's place.
pub(super) fn alone(e: &Evidence<'_>) -> Option<VerdictView> {
    if e.process == ProcessState::WrongAgent {
        return Some(verdict(
            "process.wrong_agent",
            Severity::Bad,
            format!("Another agent answers at its health address: {}", e.process_detail),
            "Correct the address, or start the right agent there.",
        ));
    }
    if let Some(absence) = e.absence {
        return Some(absent(e, absence));
    }
    (e.key_matches == Some(false)).then(|| {
        let mismatch = Fatal::KeyMismatch;
        verdict(mismatch.code(), Severity::Bad, sentence(&mismatch), mismatch.remedy())
    })
}

/// The code of a record that cannot be read. Only of a registry that answers is it known whose fault that is.
pub(super) const fn unread(e: &Evidence<'_>) -> &'static str {
    if e.registry_answers { "registry.unreadable" } else { "registry.unreachable" }
}

fn absent(e: &Evidence<'_>, absence: &Absence) -> VerdictView {
    match absence {
        Absence::Unknown => verdict(
            "registry.not_registered",
            Severity::Bad,
            "The registry does not know this agent: it was never registered here, or was deleted",
            dialect::how_to_register(e.dialect),
        ),
        Absence::Deleted { while_open } => verdict(
            "registry.deleted",
            Severity::Bad,
            if *while_open {
                "Its record was deleted while we were connected: the registry drops its beats without a word"
            } else {
                "Its record was deleted: the registry knew this agent, and does not any more"
            },
            "Register it again with `beatkeeper agent register`: it beats again by itself then. If you did not delete it, somebody \
             else has its key, or its developer's.",
        ),
        Absence::ByGossip { home } => verdict(
            "registry.gossip_copy",
            Severity::Bad,
            format!("This registry knows the agent only by gossip: it is registered at {}", named(home)),
            format!("Set its registry to {}, or register it here, too, with `beatkeeper agent register`.", named(home)),
        ),
        Absence::Tombstoned { home } => verdict(
            "registry.tombstoned",
            Severity::Bad,
            format!("It was deleted at {}; this registry only remembers that", named(home)),
            "Register it again with `beatkeeper agent register`, at the registry where it should be.",
        ),
    }
}

fn named(home: &str) -> &str {
    if home.is_empty() { "another registry, which is not named" } else { home }
}

/// It is silent, nothing tells why, and the registry has not even noticed.
pub(super) fn sweep_late(e: &Evidence<'_>) -> Option<VerdictView> {
    let late = e.sweep_late_by.filter(|_| matches!(e.liveness, Liveness::Stale | Liveness::Offline))?;
    Some(verdict(
        "registry.sweep_late",
        Severity::Bad,
        format!(
            "It stopped beating, and the registry still calls it active: its sweep is late by {} or more",
            duration(late)
        ),
        "Look where the agent runs: it is silent whatever the registry says. That the registry's liveness monitor does not run \
         is for its operator to see to.",
    ))
}

/// A cause is the verdict; that the registry still calls the agent active is said beside it.
pub(super) fn with_late_sweep(e: &Evidence<'_>, mut verdict: VerdictView) -> VerdictView {
    let told = sweep_late(e).is_some_and(|late| late.code != verdict.code);
    if told && verdict.severity == Severity::Bad {
        verdict.sentence.push_str("; the registry's sweep is late, and it still says active");
    }
    verdict
}
