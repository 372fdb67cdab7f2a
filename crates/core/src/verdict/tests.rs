use super::*;
use crate::failure::{Fatal, Transient};

fn well() -> Evidence<'static> {
    Evidence {
        network_down: false,
        drilled: false,
        liveness: Liveness::Active,
        paused: false,
        speaker: Speaker::App,
        team: None,
        process: ProcessState::NotOurs,
        process_detail: "",
        process_clock_ahead_ms: None,
        process_since: None,
        restarts: (0, 0),
        rests: false,
        held: false,
        link: LinkStateName::Open,
        link_failure: None,
        attempt: 0,
        registered: Some(true),
        key_matches: Some(true),
        registry_problem: None,
        registry_clock_ahead_ms: Some(0),
        unconfirmed_in_a_row: 0,
        confirmed_here: true,
        foreign_5min: 0,
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
    assert_eq!(code(&Evidence { registered: Some(false), ..well() }), "registry.not_registered");
    assert_eq!(code(&Evidence { key_matches: Some(false), ..well() }), "key.mismatch");
    assert_eq!(code(&Evidence { unconfirmed_in_a_row: 2, ..well() }), "beats.ignored");
    assert_eq!(code(&Evidence { foreign_5min: 3, ..well() }), "beats.second_copy");
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
    assert_eq!(
        code(&Evidence { registry_problem: Some("connection refused"), ..stale.clone() }),
        "registry.unreachable"
    );
    let skewed = Evidence { liveness: Liveness::Inactive, process_clock_ahead_ms: Some(90_200), ..stale.clone() };
    assert!(judge(&skewed).sentence.contains("90 s ahead"));
    // The computer's own clock is off, but agent and registry agree: not the clock's fault.
    let agreeing = Evidence { registry_clock_ahead_ms: Some(90_000), ..skewed };
    assert_eq!(code(&agreeing), "agent.never_beat");
}

#[test]
fn whatever_is_bad_comes_with_a_remedy() {
    for liveness in Liveness::ALL {
        for link in [
            LinkStateName::Idle,
            LinkStateName::Connecting,
            LinkStateName::Open,
            LinkStateName::BackingOff,
            LinkStateName::Blocked,
        ] {
            for speaker in [Speaker::App, Speaker::Agent] {
                for registered in [None, Some(true), Some(false)] {
                    for unconfirmed in [0, 2] {
                        let failure: Failure = Transient::Refused.into();
                        let evidence = Evidence {
                            liveness,
                            link,
                            speaker,
                            registered,
                            link_failure: Some(&failure),
                            unconfirmed_in_a_row: unconfirmed,
                            ..well()
                        };
                        let verdict = judge(&evidence);
                        assert!(!verdict.sentence.is_empty());
                        assert!(verdict.severity != Severity::Bad || !verdict.remedy.is_empty(), "{verdict:?}");
                    }
                }
            }
        }
    }
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
