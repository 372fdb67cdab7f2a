//! Each check, from every kind of evidence.

use beatkeeper_core::alert::NetworkView;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::view::{AgentRow, LinkStateName, ProcessState, ReasonView, RegistryHealth, Speaker};

use super::{NOW, before, registry, row};
use crate::blackbox::{Finding, Subject, checks};

struct World {
    row: AgentRow,
    registry: Option<RegistryHealth>,
    network: NetworkView,
}

/// What a check says once `change` has happened to a world in which the registry is gone.
fn found(subject: Subject, change: impl FnOnce(&mut World)) -> (Finding, String) {
    let mut world = World { row: row(), registry: Some(registry()), network: NetworkView::default() };
    change(&mut world);
    let rows = checks(&world.row, world.registry.as_ref(), &world.network, NOW);
    let check = rows.into_iter().find(|check| check.check == subject).unwrap();
    (check.result, check.evidence.to_string())
}

#[track_caller]
fn says(found: &(Finding, String), result: Finding, evidence: &str) {
    assert_eq!((found.0, found.1.as_str()), (result, evidence));
}

fn answers(world: &mut World) {
    let registry = world.registry.as_mut().unwrap();
    (registry.reachable, registry.problem, registry.problem_since) = (Some(true), None, None);
}

#[test]
fn every_check_is_there_once_and_in_order() {
    use Subject::{Clock, Key, LastBeat, Link, OwnNetwork, Process, Record, Registry};
    let rows = checks(&row(), None, &NetworkView::default(), NOW);
    let subjects: Vec<Subject> = rows.iter().map(|check| check.check).collect();
    assert_eq!(subjects, [OwnNetwork, Registry, Record, Key, Clock, Link, Process, LastBeat]);
    assert!(rows.iter().all(|check| !check.evidence.as_str().is_empty()));
}

#[test]
fn own_network() {
    let found = |change: fn(&mut World)| found(Subject::OwnNetwork, change);
    says(&found(|_| {}), Finding::Unknown, "Nothing shows that it is down");
    says(&found(|world| world.registry = None), Finding::Unknown, "Nothing shows that it is down");
    says(&found(answers), Finding::Ok, "The registry is reached over it");
    let demo = |world: &mut World| world.registry.as_mut().unwrap().demo = true;
    says(&found(demo), Finding::Ok, "The registry runs inside Beatkeeper and needs none");
    let down = |world: &mut World| {
        world.network = NetworkView { down_since: Some(before(120)), sentence: "This computer is offline".into() };
    };
    says(&found(down), Finding::Bad, "This computer is offline, for 2 min");
}

#[test]
fn registry_answers() {
    let found = |change: fn(&mut World)| found(Subject::Registry, change);
    says(&found(|_| {}), Finding::Bad, "connection refused, for 5 min");
    says(&found(answers), Finding::Ok, "https://r.example answers; its activity stream is down");
    let silent = |world: &mut World| {
        answers(world);
        world.registry.as_mut().unwrap().reachable = Some(false);
    };
    says(&found(silent), Finding::Bad, "https://r.example does not answer");
    let not_asked = |world: &mut World| {
        answers(world);
        world.registry.as_mut().unwrap().reachable = None;
    };
    says(&found(not_asked), Finding::Unknown, "https://r.example was not asked yet");
    let in_trouble = |world: &mut World| {
        answers(world);
        world.registry.as_mut().unwrap().problem = Some("it answered 503".into());
    };
    says(&found(in_trouble), Finding::Bad, "it answered 503");
    says(&found(|world| world.registry = None), Finding::Unknown, "Its registry is not configured");
}

#[test]
fn record_exists() {
    let found = |change: fn(&mut World)| found(Subject::Record, change);
    says(&found(|_| {}), Finding::Ok, "active, last heartbeat 5 min before on its own clock; seen 5 min before");
    says(
        &found(|world| world.row.registry.registered = Some(false)),
        Finding::Bad,
        "The registry does not know this agent",
    );
    says(&found(|world| world.row.registry.registered = None), Finding::Unknown, "The record was not read yet");
    let bare = |world: &mut World| {
        (world.row.registry.status, world.row.registry.last_heartbeat, world.row.registry.seen_at) = (None, None, None);
    };
    says(&found(bare), Finding::Ok, "without a status, no heartbeat");
}

#[test]
fn key_matches() {
    says(&found(Subject::Key, |_| {}), Finding::Ok, "Beats confirmed since Beatkeeper started: 119");
    let none = |world: &mut World| world.row.beats.confirmed = 0;
    says(&found(Subject::Key, none), Finding::Unknown, "No beat was confirmed since Beatkeeper started");
    for (code, result) in [
        ("key.mismatch", Finding::Bad),
        ("registry.key_mismatch", Finding::Bad),
        ("key.of_another", Finding::Bad),
        ("key.missing", Finding::Bad),
        ("key.locked", Finding::Unknown),
        ("key.unavailable", Finding::Unknown),
    ] {
        let by_verdict = found(Subject::Key, |world| world.row.verdict.code = code);
        let by_link = found(Subject::Key, |world| {
            world.row.link.reason = Some(ReasonView { code, sentence: String::new() });
        });
        assert_eq!((by_verdict.0, by_link.0), (result, result), "{code}");
    }
}

#[test]
fn clocks_agree() {
    let ahead = |registry: Option<i64>, process: Option<i64>, speaker: Speaker| {
        found(Subject::Clock, move |world| {
            world.registry.as_mut().unwrap().clock_ahead_ms = registry;
            world.row.process.clock_ahead_ms = process;
            world.row.speaker = speaker;
        })
    };
    use Speaker::{Agent, App};
    says(&ahead(Some(1200), None, App), Finding::Ok, "The registry's is +1.2 s ahead of this computer's");
    says(&ahead(Some(-58_000), None, App), Finding::Bad, "The registry's is -58.0 s ahead of this computer's");
    assert_eq!(ahead(Some(57_999), None, App).0, Finding::Ok);
    // The process of an agent for which we beat may have any clock.
    assert_eq!(ahead(Some(0), Some(900_000), App).0, Finding::Ok);
    says(&ahead(Some(1000), Some(62_000), Agent), Finding::Bad, "The registry's is -61.0 s ahead of the process's");
    assert_eq!(ahead(Some(90_000), Some(90_000), Agent).0, Finding::Ok);
    says(&ahead(None, None, App), Finding::Unknown, "The registry's and this computer's were not compared");
    assert_eq!(ahead(Some(90_000), None, Agent).0, Finding::Unknown);
}

#[test]
fn link_is_open() {
    let link = |state: LinkStateName, reason: bool| {
        found(Subject::Link, move |world| {
            world.row.link.state = state;
            world.row.link.reason = world.row.link.reason.take().filter(|_| reason);
        })
    };
    says(&link(LinkStateName::Open, false), Finding::Ok, "Open for 20 s");
    says(&link(LinkStateName::Idle, false), Finding::Unknown, "Not asked to run");
    says(&link(LinkStateName::Connecting, false), Finding::Unknown, "Connecting, attempt 7");
    for state in [LinkStateName::Connecting, LinkStateName::BackingOff, LinkStateName::Blocked] {
        says(&link(state, true), Finding::Bad, "connection refused (link.refused), attempt 7");
    }
    says(&link(LinkStateName::Blocked, false), Finding::Bad, "Not open for 20 s, attempt 7");
    let its_own = |world: &mut World| world.row.speaker = Speaker::Agent;
    says(&found(Subject::Link, its_own), Finding::Unknown, "The agent beats by itself");
}

#[test]
fn process_is_well() {
    for (state, result) in [
        (ProcessState::NotOurs, Finding::Unknown),
        (ProcessState::Unknown, Finding::Unknown),
        (ProcessState::Running, Finding::Ok),
        (ProcessState::Unhealthy, Finding::Bad),
        (ProcessState::NotRunning, Finding::Bad),
        (ProcessState::WrongAgent, Finding::Bad),
    ] {
        assert_eq!(found(Subject::Process, |world| world.row.process.state = state).0, result, "{state:?}");
    }
    let gone = |world: &mut World| {
        (world.row.process.state, world.row.process.detail) = (ProcessState::NotRunning, "connection refused".into());
    };
    says(&found(Subject::Process, gone), Finding::Bad, "Nobody answers at its health address: connection refused");
}

#[test]
fn last_confirmed_beat() {
    for state in Liveness::ALL {
        let expected = match state {
            Liveness::Active => Finding::Ok,
            Liveness::Late | Liveness::Stale | Liveness::Offline | Liveness::Inactive => Finding::Bad,
            Liveness::Unknown | Liveness::Stopped => Finding::Unknown,
        };
        let found = found(Subject::LastBeat, |world| world.row.liveness = state);
        says(&found, expected, "5 min before; one is due every 30 s");
    }
    let never = |world: &mut World| world.row.last_confirmed_at = None;
    says(&found(Subject::LastBeat, never), Finding::Bad, "None was ever seen");
}
