//! What may be observed, each with one thing that differs from what is well.

use super::*;

pub(super) const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";

pub(super) fn id() -> EntityId {
    ID.parse().unwrap()
}

pub(super) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(super) fn now() -> Time {
    Time::ZERO + minutes(100_000)
}

pub(super) fn facts(beaten: Option<Duration>) -> RecordFacts {
    let registered = now() - minutes(1000);
    RecordFacts {
        status: Some("active".into()),
        last_heartbeat: Some(beaten.map_or(registered, |ago| now() - ago)),
        registered_at: Some(registered),
        home: Some("home.example".into()),
        ..RecordFacts::default()
    }
}

pub(super) fn record(answer: Option<RecordFacts>) -> Reading {
    RecordSeen { answer: Ok(answer), registry_now: now(), swept_after: minutes(6), known_before: false }.read()
}

pub(super) fn upgrade(failure: impl Into<Failure>, recorded: bool) -> Reading {
    Upgraded { answer: Err(failure.into()), recorded: Some(recorded), path: "/v1/entities/x/ws".into() }.read()
}

pub(super) fn shown(issuer: &str, trust: Result<(), TlsFault>) -> Reading {
    let at = |text: &str| text.parse().unwrap();
    Handshake::Shown {
        host: "r.example".into(),
        chain: vec![Certificate {
            subject: "CN=r.example".into(),
            issuer: issuer.into(),
            from: at("2026-01-01T00:00:00Z"),
            until: at("2027-01-01T00:00:00Z"),
            names: vec!["other.example".into()],
        }],
        version: "TLS 1.3".into(),
        trust,
        now: at("2026-06-01T00:00:00Z"),
    }
    .read()
}

pub(super) fn http(answered: Answered) -> Reading {
    HttpSeen { url: "http://r/v1/info".into(), answered, known_otherwise: false }.read()
}

pub(super) fn status(status: u16) -> Reading {
    let location = (status == 301).then(|| "https://r/".into());
    http(Answered::Status { status, location, retry_after: None })
}

pub(super) fn tcp(failures: &[Option<Transient>]) -> Reading {
    let address: SocketAddr = "192.0.2.1:443".parse().unwrap();
    TcpSeen { tries: failures.iter().map(|failure| (address, failure.clone().map_or(Ok(3), Err))).collect() }.read()
}

pub(super) fn bus(failure: &Failure, vault_is_closed: bool) -> Reading {
    BusSeen { name: "team".into(), answer: Err(failure.clone()), vault_is_closed }.read()
}

pub(super) fn proxy(trouble: Option<ProxyTrouble>) -> Reading {
    let proxy = "http://p:3128".to_owned();
    let set = vec![format!("HTTPS_PROXY={proxy}")];
    let tunnel = trouble.map_or(Ok(()), |trouble| Err(Transient::Proxy { proxy: proxy.clone(), trouble }.into()));
    ProxySeen { set, way: Way::Through { proxy, tunnel } }.read()
}

pub(super) fn beaten(speaker: Speaker, liveness: Liveness) -> Beaten {
    Beaten {
        speaker,
        elsewhere: None,
        liveness,
        paused: false,
        confirmed: 3,
        unconfirmed: 0,
        unconfirmed_in_a_row: 0,
        link: LinkStateName::Open,
        refused: None,
        last: Some(minutes(7)),
        interval: Duration::from_secs(30),
    }
}

/// Ours, of which so many in a row were not confirmed.
pub(super) fn unconfirmed(in_a_row: u32, link: LinkStateName) -> Beaten {
    Beaten { unconfirmed: 9, unconfirmed_in_a_row: in_a_row, link, ..beaten(Speaker::App, Liveness::Stale) }
}

pub(super) fn taken(beaten: Beaten) -> Reading {
    Taken::Known(Box::new(beaten)).read()
}

/// No Beatkeeper runs, and the record has a heartbeat of so many seconds ago.
pub(super) fn unattended(last: Option<u64>, ours: bool, interval: u64) -> Reading {
    let (last, interval) = (last.map(Duration::from_secs), Duration::from_secs(interval));
    Taken::NobodyHere { last, never: false, ours, interval }.read()
}

/// Connections that lived for so long, each a moment before the next.
pub(super) fn past(lives: &[u64]) -> Past {
    let ended = |life: u64, nth: usize| {
        let closed = now() - Duration::from_secs(30 * nth as u64);
        Connection {
            agent: id(),
            dialled_at: closed - Duration::from_millis(life),
            opened_at: Some(closed - Duration::from_millis(life)),
            closed_at: Some(closed),
            beats: 1,
            confirmed: 1,
            close_code: Some(1006),
            cause: Some("link.broken".into()),
            cause_sentence: Some("connection dropped without a close frame".into()),
            attempts: 1,
            waits_ms: Vec::new(),
        }
    };
    Past { connections: Some(lives.iter().enumerate().map(|(nth, life)| ended(*life, nth)).collect()), now: now() }
}

pub(super) fn held(hold: Option<(Option<u64>, Option<u64>)>, lives: &[u64]) -> Reading {
    let hold = hold.map(|(silent, pinged)| Hold {
        asked: Duration::from_secs(120),
        silent: silent.map(Duration::from_secs),
        pinged: pinged.map(Duration::from_secs),
        registry_drops_after: minutes(6),
    });
    Held { hold, past: past(lives) }.read()
}

pub(super) fn port(seen: AtPort) -> Reading {
    OwnPort {
        url: Some("http://127.0.0.1:5000/health".into()),
        guessed: false,
        seen: Some(seen),
        restarting: None,
        down: None,
    }
    .read()
}

pub(super) fn card(card: CardFacts) -> Reading {
    CardSeen {
        url: Some("http://127.0.0.1:5000/card".into()),
        facts: Some(Ok(card)),
        id: id(),
        recorded_key: Some("ed25519:AAAA".into()),
        registry: "r.example".into(),
    }
    .read()
}

pub(super) fn published(reach: Reach, registry_says: Option<Result<SameProcess, String>>, private: bool) -> Reading {
    let url = Some("https://a.example".into());
    Published { url, reach: Some(reach), registry_says, id: id(), private, comparable: true }.read()
}

pub(super) fn answered(entity: &str, same: SameProcess) -> Reach {
    Reach::Answered { entity: Some(entity.into()), same }
}

pub(super) fn urls(environment: Option<&str>, beats_itself: bool) -> Reading {
    RegistryUrls {
        ours: "https://a.example/".into(),
        environment: environment.map(str::to_owned),
        home: Some("https://a.example".into()),
        project: Some(("agent.config.json".into(), "https://a.example".into())),
        beats_itself,
        arrives: false,
        has_program: true,
    }
    .read()
}

pub(super) fn clock(registry: i64, process: Option<i64>) -> Reading {
    let (registry_ahead_ms, process_ahead_ms) = (Some(registry), process);
    ClockSeen { registry_ahead_ms, process_ahead_ms, beats_itself: process.is_some() }.read()
}
