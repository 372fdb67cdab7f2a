//! The states that the three witnesses can be in, and all of their pairs.

use std::time::Duration;

use beatkeeper_core::bus::LeaseStand;
use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::failure::{Failure, Fatal, Transient};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::time::Time;
use beatkeeper_core::verdict::{Evidence, TeamEvidence};
use beatkeeper_core::view::{HolderView, LinkStateName, ProcessState, Speaker};
use beatkeeper_core::witness::{Absence, BeatRefusal};

use crate::failures;

pub const PROCESSES: [ProcessState; 12] = [
    ProcessState::NotOurs,
    ProcessState::Unknown,
    ProcessState::Stopped,
    ProcessState::Starting,
    ProcessState::Running,
    ProcessState::Unhealthy,
    ProcessState::WrongAgent,
    ProcessState::NotRunning,
    ProcessState::Stopping,
    ProcessState::Waiting,
    ProcessState::Exited,
    ProcessState::GaveUp,
];

/// Something that may hold, in words, and what it makes of the evidence.
pub struct State {
    pub name: &'static str,
    pub set: Box<dyn Fn(&mut Evidence<'static>)>,
}

fn state(name: &'static str, set: impl Fn(&mut Evidence<'static>) + 'static) -> State {
    State { name, set: Box::new(set) }
}

/// Lives as long as the tests do.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// We beat, and all is well.
pub fn well() -> Evidence<'static> {
    Evidence {
        liveness: Liveness::Active,
        network_down: false,
        drilled: false,
        listening: false,
        paused: false,
        speaker: Speaker::App,
        pace: Duration::from_secs(30),
        team: None,
        process: ProcessState::NotOurs,
        process_detail: "why",
        process_since: None,
        restarts: (2, 5),
        restart_loop: 0,
        rests: false,
        said_goodbye: false,
        held: false,
        hushed: false,
        process_clock_ahead_ms: None,
        link: LinkStateName::Open,
        link_failure: None,
        attempt: 0,
        absence: None,
        key_matches: Some(true),
        registry_problem: None,
        registry_answers: true,
        registry_clock_ahead_ms: Some(0),
        sweep_late_by: None,
        unconfirmed_in_a_row: 0,
        confirmed_here: true,
        foreign: false,
        two_rhythms: false,
        not_announced: false,
        reconnects_5min: 0,
        dialect: Dialect::Zynd,
        trying: false,
        beat_refused: None,
        unacked: 0,
        ever_acked: true,
    }
}

/// Who beats.
pub fn speakers() -> Vec<State> {
    let team = |stand: LeaseStand| Some(TeamEvidence { bus: "team", stand: kept(stand) });
    let holder = |computer: &str| {
        LeaseStand::Held(HolderView { computer: computer.into(), here: false, fence: 7, since: Time::ZERO })
    };
    let (asked, unsettled) = (team(LeaseStand::Unknown), team(LeaseStand::Unsettled("it does not answer".into())));
    let (held, nameless) = (team(holder("mac-7")), team(holder("")));
    vec![
        state("Beatkeeper", |e| e.speaker = Speaker::App),
        state("The agent itself", |e| e.speaker = Speaker::Agent),
        state("Another computer of the team", move |e| (e.speaker, e.team) = (Speaker::Team, held)),
        state("Another computer without a name", move |e| (e.speaker, e.team) = (Speaker::Team, nameless)),
        state("Nobody knows yet", move |e| (e.speaker, e.team) = (Speaker::Team, asked)),
        state("Nobody can tell", move |e| (e.speaker, e.team) = (Speaker::Team, unsettled)),
    ]
}

/// What our link is.
pub fn links() -> Vec<State> {
    let transient: &'static Failure = kept(Transient::Refused.into());
    let fatal: &'static Failure = kept(Fatal::KeyLocked.into());
    let is = |link, failure| move |e: &mut Evidence<'static>| (e.link, e.link_failure) = (link, failure);
    vec![
        state("idle", is(LinkStateName::Idle, None)),
        state("dialling for the first time", is(LinkStateName::Connecting, None)),
        state("dialling anew", is(LinkStateName::Connecting, Some(transient))),
        state("open", is(LinkStateName::Open, None)),
        state("waiting", is(LinkStateName::BackingOff, Some(transient))),
        state("blocked", is(LinkStateName::Blocked, Some(fatal))),
    ]
}

fn absent(absence: Absence) -> impl Fn(&mut Evidence<'static>) {
    let absence = kept(absence);
    move |e| e.absence = Some(absence)
}

/// What the registry says, and what is seen of it.
pub fn registries() -> Vec<State> {
    let missing = |liveness| move |e: &mut Evidence<'static>| e.liveness = liveness;
    let home = || "reg.example".to_owned();
    vec![
        state("takes its beats", |_| {}),
        state("was not heard yet", |e| (e.liveness, e.confirmed_here) = (Liveness::Unknown, false)),
        state("never took a beat", |e| (e.liveness, e.confirmed_here) = (Liveness::Inactive, false)),
        state("took none for 3 intervals", missing(Liveness::Late)),
        state("took none for 5 minutes", missing(Liveness::Stale)),
        state("took none for 15 minutes", missing(Liveness::Offline)),
        state("took none for 15 minutes, and calls it active", |e| {
            (e.liveness, e.sweep_late_by) = (Liveness::Offline, Some(Duration::from_secs(75)));
        }),
        state("ignores its beats", |e| (e.liveness, e.unconfirmed_in_a_row) = (Liveness::Stale, 2)),
        state("ignores its beats, and its clock is another", |e| {
            (e.liveness, e.unconfirmed_in_a_row) = (Liveness::Stale, 2);
            (e.registry_clock_ahead_ms, e.process_clock_ahead_ms) = (Some(-90_000), Some(0));
        }),
        state("answers, and cannot be read", |e| {
            (e.liveness, e.registry_problem) = (Liveness::Stale, Some("it answers 503"));
        }),
        state("does not answer", |e| {
            (e.liveness, e.registry_problem) = (Liveness::Stale, Some("connection refused"));
            e.registry_answers = false;
        }),
        state("takes beats of others, too", |e| (e.foreign, e.two_rhythms) = (true, true)),
        state("announced no resume", |e| e.not_announced = true),
        state("does not know it", absent(Absence::Unknown)),
        state("deleted it", absent(Absence::Deleted { while_open: true })),
        state("knows it by gossip", absent(Absence::ByGossip { home: home() })),
        state("knows that it was deleted elsewhere", absent(Absence::Tombstoned { home: home() })),
        state("has another key", |e| e.key_matches = Some(false)),
    ]
}

/// What else may be, and has no column of its own.
fn others() -> Vec<State> {
    let refused = |why| {
        let why = kept(why);
        move |e: &mut Evidence<'static>| e.beat_refused = Some(why)
    };
    vec![
        state("", |_| {}),
        state("", refused(BeatRefusal::Signature)),
        state("", refused(BeatRefusal::Timestamp)),
        state("", refused(BeatRefusal::UnknownAgent)),
        state("", refused(BeatRefusal::Malformed)),
        state("", refused(BeatRefusal::Other(String::new()))),
        state("", refused(BeatRefusal::Other("quota".into()))),
        state("", |e| (e.trying, e.dialect) = (true, Dialect::ZyndDocumented)),
        state("", |e| e.trying = true),
        state("", |e| (e.trying, e.dialect) = (true, Dialect::ZyndDocumentedShared)),
        state("", |e| (e.dialect, e.unacked) = (Dialect::ArtCafe, 2)),
        state("", |e| (e.dialect, e.unacked, e.ever_acked) = (Dialect::ArtCafe, 2, false)),
        state("", |e| e.reconnects_5min = 3),
        state("", |e| e.restart_loop = 4),
        state("", |e| e.held = true),
        state("", |e| (e.held, e.hushed) = (true, true)),
        state("", |e| (e.held, e.restart_loop) = (true, 4)),
        state("", |e| e.network_down = true),
        state("", absent(Absence::Deleted { while_open: false })),
        state("", absent(Absence::ByGossip { home: String::new() })),
    ]
}

/// Why it may be silent although nothing is wrong.
pub fn rests() -> Vec<State> {
    vec![
        state("paused", |e| (e.paused, e.hushed, e.liveness) = (true, true, Liveness::Stopped)),
        state("its process was not started", |e| {
            (e.rests, e.hushed, e.liveness, e.process) = (true, true, Liveness::Stopped, ProcessState::Stopped);
        }),
        state("its process ended, and well", |e| {
            (e.rests, e.hushed, e.liveness, e.process) = (true, true, Liveness::Stopped, ProcessState::Exited);
        }),
        state("a fire drill", |e| (e.drilled, e.hushed) = (true, true)),
        state("a silence, to listen", |e| (e.listening, e.hushed) = (true, true)),
        state("its process is not well, and beats are to be true", |e| {
            (e.held, e.hushed, e.process) = (true, true, ProcessState::Unhealthy);
        }),
        state("it said goodbye on its bus", |e| (e.said_goodbye, e.liveness) = (true, Liveness::Stopped)),
    ]
}

/// All pairs.
pub fn each(mut judge: impl FnMut(&Evidence<'static>)) {
    let (links, registries, others) = (links(), registries(), others());
    for speaker in speakers() {
        let mut evidence = well();
        (speaker.set)(&mut evidence);
        each_failure(&evidence, &mut judge);
        each_rest(&evidence, &registries, &mut judge);
        for process in PROCESSES {
            for link in &links {
                for registry in &registries {
                    for other in &others {
                        let mut evidence = Evidence { process, ..evidence.clone() };
                        for set in [&link.set, &registry.set, &other.set] {
                            set(&mut evidence);
                        }
                        judge(&evidence);
                        // Whatever liveness these are with: it is counted in times, and they come when they come.
                        for liveness in Liveness::ALL {
                            evidence.liveness = liveness;
                            judge(&evidence);
                        }
                    }
                }
            }
        }
    }
}

fn each_failure(evidence: &Evidence<'static>, judge: &mut impl FnMut(&Evidence<'static>)) {
    for failure in failures::all() {
        let failure = kept(failure);
        for link in [LinkStateName::Connecting, LinkStateName::BackingOff, LinkStateName::Blocked] {
            for liveness in Liveness::ALL {
                for attempt in [0, 4] {
                    judge(&Evidence { link, link_failure: Some(failure), liveness, attempt, ..evidence.clone() });
                }
            }
        }
    }
}

fn each_rest(evidence: &Evidence<'static>, registries: &[State], judge: &mut impl FnMut(&Evidence<'static>)) {
    for rest in rests() {
        for registry in registries {
            let mut evidence = Evidence { link: LinkStateName::Idle, ..evidence.clone() };
            (registry.set)(&mut evidence);
            (rest.set)(&mut evidence);
            judge(&evidence);
        }
    }
}
