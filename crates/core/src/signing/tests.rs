use super::*;

const OWN: &str = "zns:7f3214872296f48d652a365c9f637f72";
const OTHER: &str = "zns:8f3214872296f48d652a365c9f637f72";
/// 2026-01-02T03:04:05Z.
const WALL: i64 = 1_767_323_045;
const NOW: Time = Time::from_millis(1_000_000);

fn wall() -> Timestamp {
    Timestamp::from_second(WALL).unwrap()
}

fn judge(payload: &str) -> Result<PayloadKind, SigningRefusal> {
    SigningDesk::new(OWN.parse().unwrap()).judge(payload, Some(7), wall(), NOW)
}

#[test]
fn a_beat_of_now_is_signed_in_every_spelling_that_the_registry_takes() {
    for payload in [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.123Z",
        "2026-01-02T03:04:05.123456789Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T08:34:05+05:30",
        "2026-01-01T22:04:05-05:00",
        // Sixty seconds are near enough, to either side.
        "2026-01-02T03:05:05Z",
        "2026-01-02T03:03:05Z",
    ] {
        assert_eq!(judge(payload), Ok(PayloadKind::Timestamp), "{payload}");
    }
    for seconds in [WALL, WALL - 60, WALL + 60] {
        assert_eq!(judge(&format!("{OWN}{seconds}")), Ok(PayloadKind::IdAndSeconds), "{seconds}");
    }
}

#[test]
fn a_beat_of_another_moment_is_not_signed() {
    for payload in [
        "2026-01-02T03:05:06Z".to_owned(),
        "2026-01-02T03:05:05.000000001Z".into(),
        "2026-01-02T03:03:04Z".into(),
        "2026-01-02T03:04:05+01:00".into(),
        "2099-01-02T03:04:05Z".into(),
        "0000-01-02T03:04:05Z".into(),
        "9999-12-30T22:00:00Z".into(),
        format!("{OWN}{}", WALL + 61),
        format!("{OWN}{}", WALL - 61),
        format!("{OWN}9999999999"),
    ] {
        assert_eq!(judge(&payload), Err(SigningRefusal::NotNow), "{payload}");
    }
}

#[test]
fn what_a_thief_would_have_signed_is_not() {
    let timestamp = "2026-01-02T03:04:05Z";
    let registration = format!("{{\"entity_id\":\"{OWN}\",\"timestamp\":\"{timestamp}\"}}");
    let payloads = [
        String::new(),
        // Around a good one.
        format!(" {timestamp}"),
        format!("{timestamp} "),
        format!("{timestamp}\n"),
        format!("\n{timestamp}"),
        format!("{timestamp}\0"),
        format!("{timestamp}{timestamp}"),
        format!("{timestamp}\n{registration}"),
        format!("{timestamp}[UTC]"),
        format!("{timestamp}[!u-ca=iso8601]"),
        format!("\"{timestamp}\""),
        format!("\u{feff}{timestamp}"),
        // What the registry does not take either.
        "2026-01-02t03:04:05Z".into(),
        "2026-01-02T03:04:05z".into(),
        "2026-01-02 03:04:05Z".into(),
        "2026-01-02T03:04:05".into(),
        "2026-01-02T03:04:05+0000".into(),
        "2026-01-02T03:04:05+00".into(),
        "2026-01-02T03:04:05+00:00:00".into(),
        "2026-01-02T03:04Z".into(),
        "2026-1-2T3:4:5Z".into(),
        "2026-01-02T03:03:60Z".into(),
        "2026-01-02T03:04:05.Z".into(),
        "2026-01-02T03:04:05.1234567890Z".into(),
        "2026-02-30T03:04:05Z".into(),
        "2026-01-02T24:00:00Z".into(),
        "+002026-01-02T03:04:05Z".into(),
        "2026-01-02T03:04:05\u{2212}00:00".into(),
        "\u{0662}026-01-02T03:04:05Z".into(),
        "20260102T030405Z".into(),
        WALL.to_string(),
        // Another's, or none.
        format!("{OTHER}{WALL}"),
        format!("zns:svc:7f3214872296f48d652a365c9f637f72{WALL}"),
        OWN.to_uppercase() + &WALL.to_string(),
        format!("{OWN}:{WALL}"),
        format!("{OWN} {WALL}"),
        format!("{OWN}+{WALL}"),
        format!("{OWN}0{WALL}"),
        format!("{OWN}{WALL}0"),
        format!("{OWN}{WALL}\n"),
        format!("{OWN}{WALL}.0"),
        format!("{WALL}{OWN}"),
        format!("{OWN}{timestamp}"),
        format!("{OWN}0000000001"),
        OWN.into(),
        // What a key is worth stealing for.
        registration,
        "{}".into(),
        format!("{{\"type\":\"heartbeat\",\"agent_id\":\"{OWN}\",\"timestamp\":{WALL}}}"),
        "\u{1}abcdefghijklmnopqrstuvwxyz01234".into(),
        "a".repeat(32),
        "0".repeat(64),
        format!("localhost wants you to sign in with your account:\n{OWN}\n\nIssued At: {timestamp}"),
    ];
    for payload in payloads {
        assert_eq!(judge(&payload), Err(SigningRefusal::NotABeat), "{payload:?}");
    }
}

#[test]
fn five_at_once_then_one_a_second() {
    let mut desk = SigningDesk::new(OWN.parse().unwrap());
    let mut ask = |millis: u64| desk.judge("2026-01-02T03:04:05Z", None, wall(), NOW + Duration::from_millis(millis));
    for _ in 0..5 {
        assert!(ask(0).is_ok());
    }
    let expected = [(0, false), (999, false), (1000, true), (1000, false), (2500, true), (2999, false), (3000, true)];
    for (millis, signed) in expected {
        assert_eq!(ask(millis), if signed { Ok(PayloadKind::Timestamp) } else { Err(SigningRefusal::TooOften) });
    }
    // A long rest saves up no more than the burst.
    let rested = (0..9).filter(|_| ask(3_600_000).is_ok()).count();
    assert_eq!(rested, 5);
}

#[test]
fn what_is_refused_costs_no_beat() {
    let mut desk = SigningDesk::new(OWN.parse().unwrap());
    for _ in 0..50 {
        assert!(desk.judge("{}", None, wall(), NOW).is_err());
    }
    assert!(desk.judge("2026-01-02T03:04:05Z", None, wall(), NOW).is_ok());
}

#[test]
fn the_last_two_hundred_answers_are_kept_newest_first() {
    let mut desk = SigningDesk::new(OWN.parse().unwrap());
    for pid in 0..300 {
        desk.refused(SigningRefusal::BadRequest, Some(pid), NOW);
    }
    assert!(desk.judge("2099-01-02T03:04:05Z", Some(300), wall(), NOW).is_err());
    assert!(desk.judge("2026-01-02T03:04:05Z", Some(301), wall(), NOW).is_ok());
    let audit = desk.audit();
    let short: Vec<_> = audit.iter().take(3).map(|entry| (&*entry.outcome, entry.kind, entry.pid)).collect();
    assert_eq!(
        short,
        [
            ("signed", Some(PayloadKind::Timestamp), Some(301)),
            ("signer.not_now", Some(PayloadKind::Timestamp), Some(300)),
            ("signer.bad_request", None, Some(299)),
        ]
    );
    let why: Vec<_> = audit.iter().take(3).map(|entry| entry.refusal.clone()).collect();
    let said = |refusal: SigningRefusal| Some(refusal.to_string());
    assert_eq!(why, [None, said(SigningRefusal::NotNow), said(SigningRefusal::BadRequest)]);
    assert_eq!((audit.len(), audit.last().unwrap().pid), (200, Some(102)));
}

#[test]
fn a_flood_of_refusals_of_one_process_is_one_entry() {
    let mut desk = SigningDesk::new(OWN.parse().unwrap());
    assert!(desk.judge("2026-01-02T03:04:05Z", Some(7), wall(), NOW).is_ok());
    let at = |millis| NOW + Duration::from_millis(millis);
    for millis in 0..10_000 {
        // It asks for one thing and another by turns.
        desk.refused(SigningRefusal::NotOfTheRun, Some(8), at(millis));
        desk.refused(SigningRefusal::BadRequest, Some(8), at(millis));
    }
    desk.refused(SigningRefusal::BadRequest, Some(9), at(10_000));
    let refusals = [SigningRefusal::BadRequest, SigningRefusal::NotOfTheRun];
    let entry = |outcome: &str, kind, pid, last: u64, count| SigningEntry {
        at: at(last),
        outcome: outcome.to_owned(),
        refusal: refusals.iter().find(|refusal| refusal.code() == outcome).map(ToString::to_string),
        kind,
        pid: Some(pid),
        count,
        first_at: (count > 1).then_some(NOW),
    };
    assert_eq!(
        desk.audit(),
        [
            entry("signer.bad_request", None, 9, 10_000, 1),
            entry("signer.bad_request", None, 8, 9_999, 10_000),
            entry("signer.not_of_the_run", None, 8, 9_999, 10_000),
            entry("signed", Some(PayloadKind::Timestamp), 7, 0, 1),
        ]
    );
}

#[test]
fn what_is_signed_is_told_one_by_one() {
    let mut desk = SigningDesk::new(OWN.parse().unwrap());
    for _ in 0..3 {
        assert!(desk.judge("2026-01-02T03:04:05Z", Some(7), wall(), NOW).is_ok());
    }
    assert_eq!(desk.audit().iter().map(|entry| entry.count).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn strangers_push_out_only_strangers() {
    let mut desk = SigningDesk::new(OWN.parse().unwrap());
    assert!(desk.judge("2026-01-02T03:04:05Z", Some(7), wall(), NOW).is_ok());
    for pid in 1000..5000 {
        desk.refused(SigningRefusal::NotOfTheRun, Some(pid), NOW);
    }
    let audit = desk.audit();
    assert_eq!((audit.len(), audit[0].pid, audit[49].pid), (51, Some(4999), Some(4950)));
    assert_eq!((&*audit[50].outcome, audit[50].pid), ("signed", Some(7)));
}
