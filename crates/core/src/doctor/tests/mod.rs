//! Each observation, and what it is called.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::dialect::Dialect;
use crate::failure::{Failure, Fatal, ProxyTrouble, Transient};
use crate::history::Connection;
use crate::identity::EntityId;
use crate::liveness::{Liveness, SWEEP_SLACK};
use crate::time::Time;
use crate::view::{LinkStateName, Severity, Speaker, VerdictView};
use crate::witness::RecordFacts;

mod observed;

use observed::*;

/// Every cause, and what it is seen by.
fn table() -> Vec<(Code, Check, Reading)> {
    let key = |seen: KeySeen| seen.read("the keychain");
    let nobody = |why: &str| AtPort::Nobody(why.to_owned());
    let process =
        OwnPort { url: None, guessed: false, seen: None, restarting: Some("restart 3 of 5".into()), down: None };
    vec![
        (Code::NetworkDown, Check::OwnNetwork, NetworkSeen { route: Some(false), near: false }.read()),
        (Code::ProxyUnreachable, Check::Proxy, proxy(Some(ProxyTrouble::Unreachable { detail: "refused".into() }))),
        (Code::ProxyRefused, Check::Proxy, proxy(Some(ProxyTrouble::Refused { words: "403".into() }))),
        (Code::ProxyLogin, Check::Proxy, proxy(Some(ProxyTrouble::Login))),
        (Code::Dns, Check::Dns, DnsSeen { host: "r".into(), literal: false, answer: Err("unknown".into()) }.read()),
        (Code::Refused, Check::Tcp, tcp(&[Some(Transient::Unreachable), Some(Transient::Refused)])),
        (Code::Timeout, Check::Tcp, tcp(&[Some(Transient::DialTimeout)])),
        (Code::Unreachable, Check::Tcp, tcp(&[Some(Transient::Unreachable)])),
        (Code::TlsExpired, Check::Tls, shown("CN=CA", Err(TlsFault::Expired))),
        (Code::TlsNotYetValid, Check::Tls, shown("CN=CA", Err(TlsFault::NotYetValid))),
        (Code::TlsWrongName, Check::Tls, shown("CN=CA", Err(TlsFault::WrongName))),
        (Code::TlsIntercepted, Check::Tls, shown("O=Zscaler Inc.", Err(TlsFault::UnknownIssuer))),
        (Code::TlsUnknownIssuer, Check::Tls, shown("CN=Company CA", Err(TlsFault::UnknownIssuer))),
        (Code::Tls, Check::Tls, Handshake::Broken("corrupt message".into()).read()),
        (Code::PlainNotAllowed, Check::Tls, Handshake::Plain { allowed: false }.read()),
        (Code::NotARegistry, Check::Http, http(Answered::Other { what: "a web page".into() })),
        (Code::NotARegistry, Check::Http, status(404)),
        (Code::Redirected, Check::Http, status(301)),
        (Code::Forbidden, Check::Http, status(401)),
        (Code::Forbidden, Check::RegistryKind, bus(&Fatal::Forbidden { status: 401 }.into(), false)),
        (Code::Silent, Check::RegistryKind, bus(&Transient::DialTimeout.into(), true)),
        (Code::ServerError, Check::Http, status(503)),
        (Code::RateLimited, Check::Http, status(429)),
        (Code::Silent, Check::Http, http(Answered::Nothing { failure: Transient::DialTimeout })),
        (Code::OtherUrl, Check::RegistryUrl, urls(Some("https://b.example"), true)),
        (Code::NotRegistered, Check::Record, record(None)),
        (Code::Tombstoned, Check::Record, record(Some(RecordFacts { tombstoned: true, ..facts(None) }))),
        (
            Code::GossipCopy,
            Check::Record,
            record(Some(RecordFacts { by_gossip: true, last_heartbeat: None, registered_at: None, ..facts(None) })),
        ),
        (Code::SweepLate, Check::Record, record(Some(facts(Some(minutes(7)))))),
        (Code::KeyMismatch, Check::RecordKey, Reading::bad("", Cause::of(&Fatal::KeyMismatch.into()))),
        (Code::KeyMissing, Check::OwnKey, key(KeySeen::Absent)),
        (Code::KeyLocked, Check::OwnKey, key(KeySeen::Locked)),
        (Code::KeyUnavailable, Check::OwnKey, key(KeySeen::Unavailable("no bus".into()))),
        (Code::KeyOfAnother, Check::OwnKey, key(KeySeen::Another)),
        (Code::UpgradeStripped, Check::Upgrade, upgrade(Fatal::UpgradeStripped, true)),
        (Code::UpgradeNotFound, Check::Upgrade, upgrade(Fatal::NotRegistered, true)),
        (Code::NotRegistered, Check::Upgrade, upgrade(Fatal::NotRegistered, false)),
        (Code::UpgradeRefused, Check::Upgrade, upgrade(Fatal::Forbidden { status: 403 }, true)),
        (Code::UpgradeRefused, Check::Upgrade, upgrade(Fatal::Redirected { to: "https://r/".into() }, true)),
        (Code::IdleCut, Check::Idle, held(Some((Some(60), None)), &[])),
        (Code::AgeCut, Check::Idle, held(Some((Some(60), Some(60))), &[])),
        (Code::AgeCut, Check::Idle, held(None, &[60_000, 61_000, 60_400])),
        (Code::Flapping, Check::Idle, held(None, &[60_000, 5_000, 20_000])),
        (Code::ClockOwn, Check::Clock, clock(-95_000, None)),
        (Code::ClockProcess, Check::Clock, clock(0, Some(300_000))),
        (
            Code::BeatsIgnored,
            Check::FirstBeat,
            FirstBeat::Unconfirmed { waited: Duration::from_secs(4), why: Dropped::Form(Dialect::Zynd) }.read(),
        ),
        (Code::BeatsIgnored, Check::Beats, taken(unconfirmed(2, LinkStateName::Open))),
        (
            Code::BeatsRefused,
            Check::Beats,
            taken(Beaten { refused: Some("signature".into()), ..beaten(Speaker::App, Liveness::Stale) }),
        ),
        (
            Code::SecondCopy,
            Check::SecondCopy,
            SecondCopy { foreign: 9, listened: Some((minutes(1), 2)), ours: true, ..SecondCopy::default() }.read(),
        ),
        (Code::EngineNotRunning, Check::Beats, unattended(None, true, 30)),
        (Code::Paused, Check::Beats, taken(Beaten { paused: true, ..beaten(Speaker::App, Liveness::Stopped) })),
        (Code::WrongAgent, Check::OwnPort, port(AtPort::Another("zns:1".into()))),
        (Code::ProcessDown, Check::OwnPort, port(nobody("refused"))),
        (Code::ProcessUnwell, Check::OwnPort, port(AtPort::Unwell("it answers 503".into()))),
        (Code::Restarting, Check::OwnPort, process.read()),
        (Code::CardMismatch, Check::Card, card(CardFacts { entity: Some("zns:other".into()), ..CardFacts::default() })),
        (Code::UrlElsewhere, Check::PublishedUrl, published(answered("zns:other", SameProcess::Unknown), None, false)),
        (Code::UrlElsewhere, Check::PublishedUrl, published(answered(ID, SameProcess::OtherCard), None, false)),
        (Code::UrlUnreachable, Check::PublishedUrl, published(Reach::Nobody("refused".into()), None, false)),
        (
            Code::UrlUnreachable,
            Check::PublishedUrl,
            published(answered(ID, SameProcess::SameCard), Some(Err("502".into())), false),
        ),
        (Code::UrlUnreachable, Check::PublishedUrl, published(answered(ID, SameProcess::SameCard), None, true)),
        (Code::NotFound, Check::Search, Searched::Missing { of: 4, status: None }.read()),
        (Code::NeverBeat, Check::Beats, taken(beaten(Speaker::Agent, Liveness::Inactive))),
        (Code::AgentSilent, Check::Beats, taken(beaten(Speaker::Agent, Liveness::Stale))),
        (
            Code::AgentSilent,
            Check::Beats,
            taken(Beaten { elsewhere: Some("attic".into()), ..beaten(Speaker::Team, Liveness::Stale) }),
        ),
    ]
}

fn alone(check: Check, reading: &Reading, symptom: Option<Symptom>) -> Diagnosis {
    diagnose(&[(check, reading.clone())], &Context { symptom, took: Duration::from_secs(1), verdict: None })
}

#[test]
fn each_observation_is_called_by_its_cause_and_by_no_other() {
    for (code, check, reading) in table() {
        let diagnosis = alone(check, &reading, None);
        assert_eq!(diagnosis.code, code.as_str(), "{reading:?}");
        assert!(matches!(reading.outcome, Outcome::Bad | Outcome::Notice), "{reading:?}");
        assert!(!diagnosis.sentence.is_empty() && !diagnosis.remedy.is_empty(), "{diagnosis:?}");
        assert!(!diagnosis.proof.is_empty(), "{diagnosis:?}");
    }
}

#[test]
fn waiting_says_for_how_long_as_the_registry_asks_or_else_a_minute() {
    let wait = |reading: &Reading| alone(Check::Http, reading, None).wait_ms;
    let asked = |seconds| {
        let retry_after = Some(Duration::from_secs(seconds));
        http(Answered::Status { status: 429, location: None, retry_after })
    };
    assert_eq!(wait(&status(429)), Some(60_000));
    assert_eq!((wait(&asked(95)), wait(&asked(0))), (Some(95_000), Some(1_000)));
    for (_, check, reading) in table() {
        let diagnosis = alone(check, &reading, None);
        assert_eq!(diagnosis.wait_ms.is_some(), diagnosis.repair == Some(RepairKind::Wait), "{diagnosis:?}");
    }
}

#[test]
fn no_cause_is_without_an_observation_or_a_symptom() {
    let seen: BTreeSet<&str> = table().iter().map(|(code, ..)| code.as_str()).collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(all.len(), Code::ALL.len(), "two causes have one name");
    for code in Code::ALL {
        assert!(Symptom::ALL.into_iter().any(|symptom| code.explains(symptom)), "{}", code.as_str());
    }
}

#[test]
fn a_symptom_is_answered_with_a_cause_that_explains_it_or_with_what_it_is_not() {
    for (code, check, reading) in table() {
        for symptom in Symptom::ALL {
            let diagnosis = alone(check, &reading, Some(symptom));
            if code.explains(symptom) {
                assert_eq!(diagnosis.code, code.as_str());
            } else {
                // It is told all the same, as what stands beside it.
                assert!(diagnosis.sentence.starts_with("Nothing explains"), "{symptom:?}: {diagnosis:?}");
                assert_eq!((&*diagnosis.code, diagnosis.remedy.is_empty()), (code.as_str(), false));
            }
        }
    }
}

#[test]
fn the_root_of_trouble_wins_over_what_follows_from_it() {
    let sick = |pairs: &[(Check, Reading)]| diagnose(pairs, &Context::default()).code;
    let table = table();
    let of = |code: Code| {
        let (_, check, reading) = table.iter().find(|(known, ..)| *known == code).unwrap();
        (*check, reading.clone())
    };
    // Without a route nothing resolves; what is reached all the same needs none.
    assert_eq!(sick(&[of(Code::NetworkDown), of(Code::Dns)]), "network.down");
    assert_eq!(sick(&[of(Code::NetworkDown), (Check::Tcp, tcp(&[None]))]), "ok");
    // Who refuses is there: the network is, too.
    assert_eq!(sick(&[of(Code::NetworkDown), of(Code::Refused)]), "link.refused");
    // A certificate before the silence that follows from it, and a clock before beats that are dropped.
    assert_eq!(sick(&[of(Code::TlsExpired), of(Code::AgentSilent)]), "tls.expired");
    assert_eq!(sick(&[of(Code::ClockOwn), of(Code::BeatsIgnored)]), "clock.own");
    // A process that is down says why; that it is silent says what.
    assert_eq!(sick(&[of(Code::AgentSilent), of(Code::ProcessDown)]), "process.not_running");
    // A status that is not true any more explains more than the silence behind it; a process that is down, more than both.
    assert_eq!(sick(&[of(Code::SweepLate), of(Code::AgentSilent)]), "registry.sweep_late");
    assert_eq!(sick(&[of(Code::SweepLate), of(Code::ProcessDown)]), "process.not_running");
    // What breaks nothing comes last.
    assert_eq!(sick(&[of(Code::UrlUnreachable), of(Code::NeverBeat)]), "agent.never_beat");
}

#[test]
fn what_is_well_is_told_and_ruled_out() {
    let well = [
        (Check::Tcp, tcp(&[None])),
        (Check::Tls, shown("CN=CA", Ok(()))),
        (Check::Record, record(Some(facts(Some(Duration::from_secs(20)))))),
        (Check::Idle, held(Some((Some(360), Some(360))), &[])),
        (Check::Idle, held(None, &[60_000, 61_000])),
        (Check::FirstBeat, FirstBeat::Confirmed { after_ms: 12 }.read()),
        (Check::PublishedUrl, published(answered(ID, SameProcess::NonceSeen), None, false)),
    ];
    for (check, reading) in &well {
        assert_eq!(reading.outcome, Outcome::Ok, "{check:?} {reading:?}");
    }
    let diagnosis = diagnose(&well, &Context::default());
    assert_eq!(diagnosis.code, "ok");
    assert_eq!(diagnosis.ruled_out.len(), well.len());
}

#[test]
fn a_bus_that_wants_a_password_is_not_blamed_while_the_vault_is_closed() {
    let wanted = bus(&Fatal::Forbidden { status: 401 }.into(), true);
    assert_eq!((wanted.outcome, wanted.cause), (Outcome::Unknown, None));
    let well = BusSeen { name: "team".into(), answer: Ok(()), vault_is_closed: true }.read();
    assert_eq!(well.outcome, Outcome::Ok);
}

#[test]
fn what_is_as_expected_is_worth_a_word_and_no_cause() {
    let dead_beside_living = tcp(&[None, Some(Transient::Unreachable)]);
    let trusted_interceptor = shown("O=Zscaler Inc.", Ok(()));
    let left_out = Searched::Missing { of: 4, status: Some("stale".into()) }.read();
    assert!(left_out.evidence.contains("it is stale"), "{}", left_out.evidence);
    for reading in [dead_beside_living, trusted_interceptor, left_out] {
        assert_eq!((reading.outcome, reading.cause), (Outcome::Notice, None));
    }
}

#[test]
fn the_place_that_applies_is_named() {
    let reading = urls(Some("https://b.example"), true);
    assert!(reading.cause.unwrap().sentence.contains("ZYND_REGISTRY_URL says https://b.example"));
    // We beat, and its program does not: that it would go elsewhere is no trouble yet.
    assert_eq!(urls(Some("https://b.example"), false).outcome, Outcome::Notice);
    assert_eq!(urls(None, true).outcome, Outcome::Ok);
}

/// The page for people has all causes, with the symptoms that they explain.
#[test]
fn the_page_lists_every_cause() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, rest) = page.split_once("lib doctor` -->\n").expect("the page has a place for causes");
    let (_, tail) = rest.split_once("<!-- end -->").expect("and an end of it");
    let mut table = String::from("| code | what it is | never connects | drops | inactive |\n|---|---|---|---|---|\n");
    for code in Code::ALL {
        let explains = Symptom::ALL.map(|symptom| if code.explains(symptom) { "●" } else { "" });
        let [never, drops, inactive] = explains;
        table += &format!("| `{}` | {} | {never} | {drops} | {inactive} |\n", code.as_str(), code.meaning());
    }
    let written = format!("{head}lib doctor` -->\n{table}<!-- end -->{tail}");
    let keep = std::env::var_os("BEATKEEPER_DOCS").is_some_and(|mode| mode == "keep");
    if keep {
        std::fs::write(path, &written).unwrap();
    }
    assert!(
        keep || page.replace("\r\n", "\n") == written,
        "docs/doctor.md is not what the code says: run with BEATKEEPER_DOCS=keep"
    );
}

#[test]
fn a_beat_that_is_dropped_in_silence_says_why() {
    let told = |why| FirstBeat::Unconfirmed { waited: Duration::from_secs(4), why }.read().evidence;
    assert!(told(Dropped::Clock).contains("time is too far"));
    assert!(told(Dropped::Key).contains("key is another"));
    assert!(told(Dropped::Record).contains("no record"));
    assert!(told(Dropped::Form(Dialect::Zynd)).contains("`ed25519:` prefix"));
}

#[test]
fn a_verdict_that_no_check_explains_is_told() {
    let verdict = VerdictView {
        code: "beats.held",
        severity: Severity::Bad,
        sentence: "Held back".into(),
        remedy: "Look at its log.".into(),
    };
    let well = [(Check::Tcp, tcp(&[None]))];
    let told = |verdict| diagnose(&well, &Context { verdict: Some(verdict), ..Context::default() });
    assert_eq!(told(verdict.clone()).code, "beats.held");
    assert_eq!(told(VerdictView { severity: Severity::Neutral, ..verdict }).code, "ok");
}

#[test]
fn beats_are_called_ignored_only_while_they_are_sent() {
    use LinkStateName::{BackingOff, Blocked, Connecting, Idle, Open};
    let open = [(0, Open), (1, Open)];
    let not_open = [Idle, Connecting, BackingOff, Blocked].map(|link| (5, link));
    for (in_a_row, link) in open.into_iter().chain(not_open) {
        let reading = taken(unconfirmed(in_a_row, link));
        assert_eq!((reading.outcome, reading.cause), (Outcome::Unknown, None), "{in_a_row} {link:?}");
    }
}

#[test]
fn who_beats_seldom_is_not_called_silent_between_two_beats() {
    let told = |last, interval| unattended(Some(last), false, interval).cause.map(|cause| cause.code);
    assert_eq!((told(119, 120), told(360, 120)), (None, None));
    assert_eq!(told(361, 120), Some(Code::AgentSilent));
    // Who beats often has the usual time, since the record is all that is known.
    assert_eq!((told(90, 1), told(91, 1)), (None, Some(Code::AgentSilent)));
    assert_eq!(unattended(Some(91), true, 30).cause.unwrap().code, Code::EngineNotRunning);
}

#[test]
fn the_address_of_a_service_is_not_updated() {
    let cause = |id: &str, reach: Reach| {
        let url = Some("https://a.example".into());
        let id = id.parse().unwrap();
        let reach = Some(reach);
        Published { url, reach, registry_says: None, id, private: false, comparable: true }.read().cause.unwrap()
    };
    let service = ID.replacen("zns:", "zns:svc:", 1);
    for reach in [Reach::Nobody("refused".into()), answered("zns:other", SameProcess::Unknown)] {
        let of_agent = cause(ID, reach.clone());
        assert!(of_agent.remedy.contains("`beatkeeper agent update`"), "{of_agent:?}");
        assert_eq!(of_agent.repair, Some(RepairKind::UpdateUrl));
        let of_service = cause(&service, reach);
        assert!(!of_service.remedy.contains("agent update"), "{of_service:?}");
        assert!(of_service.remedy.contains("`beatkeeper agent deregister`, then `beatkeeper agent register`"));
        assert_eq!(of_service.repair, None);
    }
}

#[test]
fn a_sweep_has_as_long_as_the_fleet_gives_it() {
    let called_active = |silent: Duration| record(Some(facts(Some(silent)))).cause.map(|cause| cause.code);
    assert_eq!(called_active(minutes(6) + SWEEP_SLACK), None);
    assert_eq!(called_active(minutes(6) + SWEEP_SLACK + Duration::from_secs(1)), Some(Code::SweepLate));
}

#[test]
fn a_lease_that_nobody_has_is_no_other_computers() {
    for liveness in Liveness::ALL {
        let reading = taken(beaten(Speaker::Team, liveness));
        assert_eq!((reading.outcome, reading.cause), (Outcome::Unknown, None), "{liveness:?}");
    }
    let named = |computer: &str| Beaten { elsewhere: Some(computer.into()), ..beaten(Speaker::Team, Liveness::Late) };
    let told = |computer: &str| taken(named(computer)).cause.unwrap().sentence;
    assert!(told("attic").starts_with("The computer attic of the team has its lease"));
    assert!(told("").starts_with("Another computer of the team has its lease"));
}

#[test]
fn who_only_looks_has_a_clock_that_harms_nobody() {
    let reading = clock(300_000, Some(300_000));
    assert_eq!((reading.outcome, reading.cause), (Outcome::Notice, None));
}

#[test]
fn what_the_registry_itself_ends_is_no_fault_of_what_lies_between() {
    // In use all the while, and cut at once: the beats are at fault, not the way.
    let unheard = |past: Past| Past {
        connections: past
            .connections
            .map(|all| all.into_iter().map(|one| Connection { confirmed: 0, ..one }).collect()),
        ..past
    };
    let reading = Held { hold: None, past: unheard(past(&[40, 42, 41, 40])) }.read();
    assert_eq!(reading.outcome, Outcome::Ok, "{reading:?}");
    let nobody = Held { hold: None, past: Past { connections: None, now: now() } }.read();
    assert_eq!(nobody.outcome, Outcome::Unknown);
}
