use super::*;
use crate::failure::{Fatal, Transient};

fn well() -> Evidence<'static> {
    Evidence {
        network_down: false,
        drilled: false,
        listening: false,
        liveness: Liveness::Active,
        paused: false,
        speaker: Speaker::App,
        pace: Duration::from_secs(30),
        team: None,
        process: ProcessState::NotOurs,
        process_detail: "",
        process_clock_ahead_ms: None,
        process_since: None,
        restarts: (0, 0),
        rests: false,
        said_goodbye: false,
        held: false,
        hushed: false,
        restart_loop: 0,
        link: LinkStateName::Open,
        link_failure: None,
        attempt: 0,
        absence: None,
        key_matches: Some(true),
        registry_problem: None,
        registry_answers: true,
        registry_clock_ahead_ms: Some(0),
        unconfirmed_in_a_row: 0,
        confirmed_here: true,
        sweep_late_by: None,
        foreign: false,
        two_rhythms: false,
        not_announced: false,
        reconnects_5min: 0,
        dialect: Dialect::Zynd,
        trying: false,
        beat_refused: None,
        unacked: 0,
        ever_acked: false,
    }
}

fn code(evidence: &Evidence<'_>) -> &'static str {
    judge(evidence).code
}

#[test]
fn each_cause_has_its_own_verdict() {
    let dns: Failure = Transient::Dns { host: "r.example".into() }.into();
    let locked: Failure = Fatal::KeyLocked.into();
    assert_eq!(code(&well()), "ok");
    assert_eq!(code(&Evidence { paused: true, ..well() }), "paused");
    assert_eq!(code(&Evidence { absence: Some(&Absence::Unknown), ..well() }), "registry.not_registered");
    assert_eq!(code(&Evidence { key_matches: Some(false), ..well() }), "key.mismatch");
    assert_eq!(code(&Evidence { unconfirmed_in_a_row: 2, ..well() }), "beats.ignored");
    assert_eq!(code(&Evidence { foreign: true, ..well() }), "beats.second_copy");
    assert_eq!(code(&Evidence { reconnects_5min: 3, ..well() }), "link.flapping");
    assert_eq!(code(&Evidence { confirmed_here: false, ..well() }), "beats.waiting");
    let waiting = Evidence { link: LinkStateName::BackingOff, link_failure: Some(&dns), attempt: 4, ..well() };
    assert_eq!(code(&waiting), "link.dns");
    assert!(judge(&waiting).sentence.contains("attempt 4"));
    assert_eq!(code(&Evidence { link: LinkStateName::Blocked, link_failure: Some(&locked), ..well() }), "key.locked");
}

#[test]
fn one_unconfirmed_beat_is_no_verdict_and_two_name_the_clock() {
    let off = Evidence { registry_clock_ahead_ms: Some(-74_300), unconfirmed_in_a_row: 1, ..well() };
    assert_eq!(code(&off), "ok");
    let verdict = judge(&Evidence { unconfirmed_in_a_row: 2, ..off });
    assert_eq!(verdict.code, "clock.own");
    assert!(verdict.sentence.contains("74 s ahead"), "{}", verdict.sentence);
}

#[test]
fn a_watched_agent_is_judged_by_its_process_and_its_record() {
    let watched = Evidence { speaker: Speaker::Agent, link: LinkStateName::Idle, ..well() };
    assert_eq!(code(&watched), "ok.watched");
    let stale = Evidence { liveness: Liveness::Stale, process: ProcessState::Running, ..watched.clone() };
    assert_eq!(code(&stale), "agent.silent");
    assert_eq!(code(&Evidence { process: ProcessState::NotRunning, ..stale.clone() }), "process.not_running");
    assert_eq!(code(&Evidence { registry_problem: Some("it answers 503"), ..stale.clone() }), "registry.unreadable");
    let unanswered = Evidence { registry_problem: Some("no answer in time"), registry_answers: false, ..stale.clone() };
    assert_eq!(code(&unanswered), "registry.unreachable");
    let skewed = Evidence { liveness: Liveness::Inactive, process_clock_ahead_ms: Some(90_200), ..stale.clone() };
    assert!(judge(&skewed).sentence.contains("90 s ahead"));
    // The computer's own clock is off, but agent and registry agree: not the clock's fault.
    let agreeing = Evidence { registry_clock_ahead_ms: Some(90_000), ..skewed };
    assert_eq!(code(&agreeing), "agent.never_beat");
}

#[test]
fn what_the_other_side_says_is_said() {
    let spoken = BeatRefusal::Signature;
    let refused = Evidence { beat_refused: Some(&spoken), unconfirmed_in_a_row: 3, ..well() };
    assert_eq!(judge(&refused).code, "beats.signature_invalid");
    let words = BeatRefusal::Other("quota".into());
    assert!(judge(&Evidence { beat_refused: Some(&words), ..well() }).sentence.ends_with(": quota"));
    let trying = Evidence { trying: true, dialect: Dialect::ZyndDocumented, unconfirmed_in_a_row: 2, ..well() };
    assert_eq!(judge(&trying).code, "dialect.trying");
    // The first form again: all were tried, and there is nothing left to wait for.
    let tried = judge(&Evidence { dialect: Dialect::Zynd, ..trying });
    assert_eq!((tried.code, tried.severity), ("beats.ignored", Severity::Bad));
    assert!(tried.sentence.contains("whatever their form"), "{}", tried.sentence);
}

#[test]
fn a_server_that_never_acknowledged_is_told_from_one_that_stopped() {
    let lost = Evidence { dialect: Dialect::ArtCafe, unacked: 2, ever_acked: true, ..well() };
    let told = judge(&lost);
    assert_eq!(told.code, "link.unacknowledged");
    assert!(told.sentence.contains("2 times"), "{}", told.sentence);
    assert_eq!(judge(&Evidence { ever_acked: false, ..lost.clone() }).code, "artcafe.ignores_heartbeats");
    assert_eq!(judge(&Evidence { unacked: 0, ..lost.clone() }).code, "ok");
    // Where nothing is acknowledged, nothing can be missed.
    assert_eq!(judge(&Evidence { dialect: Dialect::Zynd, ..lost }).code, "ok");
}

#[test]
fn who_beats_for_an_agent_that_is_silent_wins_over_why_it_is_silent() {
    let silent = Evidence { foreign: true, hushed: true, link: LinkStateName::Idle, ..well() };
    let whys = [
        (Evidence { paused: true, liveness: Liveness::Stopped, ..silent.clone() }, "Paused by you"),
        (Evidence { drilled: true, ..silent.clone() }, "Silent for a fire drill"),
        (Evidence { process: ProcessState::Stopped, ..silent.clone() }, "Not running here"),
        (Evidence { process: ProcessState::NotOurs, held: true, ..silent.clone() }, "Held back"),
        (Evidence { process: ProcessState::Stopped, speaker: Speaker::Agent, ..silent.clone() }, "Not running here"),
    ];
    for (evidence, why) in whys {
        let verdict = judge(&evidence);
        assert_eq!((verdict.code, verdict.severity), ("beats.foreign", Severity::Warning));
        assert!(verdict.sentence.starts_with(why), "{}", verdict.sentence);
    }
    // What is bad by itself is told first.
    let deleted = Absence::Deleted { while_open: false };
    for (evidence, expected) in [
        (Evidence { process: ProcessState::Unhealthy, held: true, ..silent.clone() }, "beats.held"),
        (
            Evidence { process: ProcessState::NotRunning, held: true, restart_loop: 3, ..silent.clone() },
            "process.restarting",
        ),
        (Evidence { process: ProcessState::Stopped, absence: Some(&deleted), ..silent.clone() }, "registry.deleted"),
    ] {
        let verdict = judge(&evidence);
        assert_eq!((verdict.code, verdict.severity), (expected, Severity::Bad));
        assert!(verdict.sentence.ends_with("; another program beats for it meanwhile"), "{}", verdict.sentence);
    }
    // Beats of others are no reason to be silent about a process that was given up.
    let gave_up = Evidence { process: ProcessState::GaveUp, hushed: false, ..silent };
    assert_eq!(code(&gave_up), "process.gave_up");
}

#[test]
fn two_copies_have_a_sentence_each_for_who_beats() {
    let ours = judge(&Evidence { foreign: true, ..well() });
    let its_own = judge(&Evidence { two_rhythms: true, speaker: Speaker::Agent, ..well() });
    assert_eq!((ours.code, its_own.code), ("beats.second_copy", "beats.second_copy"));
    assert!(its_own.sentence.contains("interval of 30 s"), "{}", its_own.sentence);
    assert_ne!(ours.sentence, its_own.sentence);
}

#[test]
fn a_loop_is_told_before_a_connection_that_drops() {
    let restarting = Evidence { restart_loop: 3, reconnects_5min: 3, not_announced: true, ..well() };
    assert_eq!(code(&restarting), "process.restarting");
    assert_eq!(judge(&restarting).severity, Severity::Warning, "its beats count");
    let down = Evidence { process: ProcessState::Waiting, ..restarting };
    assert_eq!((code(&down), judge(&down).severity), ("process.restarting", Severity::Bad));
}

#[test]
fn who_may_have_a_leaked_key_is_told_the_command_that_helps() {
    for evidence in
        [Evidence { foreign: true, ..well() }, Evidence { foreign: true, hushed: true, paused: true, ..well() }]
    {
        let remedy = judge(&evidence).remedy;
        assert!(remedy.contains("`beatkeeper agent next-index AGENT`"), "{remedy}");
    }
}

#[test]
fn a_late_sweep_is_the_verdict_only_where_nothing_else_is() {
    let late = Some(Duration::from_secs(75));
    let watched = Evidence {
        liveness: Liveness::Offline,
        speaker: Speaker::Agent,
        link: LinkStateName::Idle,
        sweep_late_by: late,
        ..well()
    };
    let alone = judge(&watched);
    assert_eq!(alone.code, "registry.sweep_late");
    assert!(alone.sentence.contains("75 s"), "{}", alone.sentence);
    // A cause wins, and what the registry says is said beside it.
    let refused: Failure = Transient::Refused.into();
    for (cause, wins) in [
        (Evidence { process: ProcessState::NotRunning, ..watched.clone() }, "process.not_running"),
        (Evidence { process: ProcessState::Running, ..watched.clone() }, "agent.silent"),
        (
            Evidence {
                speaker: Speaker::App,
                link: LinkStateName::BackingOff,
                link_failure: Some(&refused),
                ..watched.clone()
            },
            "link.refused",
        ),
    ] {
        let told = judge(&cause);
        assert_eq!(told.code, wins);
        assert!(told.sentence.ends_with("it still says active"), "{}", told.sentence);
    }
    assert_eq!(code(&Evidence { liveness: Liveness::Active, ..watched }), "ok.watched");
}

#[test]
fn a_record_that_is_not_there_tells_why() {
    let home = || "reg.example".to_owned();
    for (absence, expected, says) in [
        (Absence::Deleted { while_open: true }, "registry.deleted", "while we were connected"),
        (Absence::Deleted { while_open: false }, "registry.deleted", "does not any more"),
        (Absence::ByGossip { home: home() }, "registry.gossip_copy", "reg.example"),
        (Absence::ByGossip { home: String::new() }, "registry.gossip_copy", "not named"),
        (Absence::Tombstoned { home: home() }, "registry.tombstoned", "reg.example"),
    ] {
        let verdict = judge(&Evidence { absence: Some(&absence), ..well() });
        assert_eq!(verdict.code, expected);
        assert!(verdict.sentence.contains(says), "{}", verdict.sentence);
        assert!(verdict.remedy.contains("`beatkeeper agent register`"), "{}", verdict.remedy);
    }
}
