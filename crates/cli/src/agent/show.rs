//! One agent: the verdict and its remedy, then the three witnesses, then the key.

use beatkeeper_core::identity::Realm;
use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{BeatsBy, BusState, ConnectionHealth, LinkStateName, Severity};
use beatkeeper_engine::command::{Command, KeyFace};
use beatkeeper_engine::{Paths, setup};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::args::VaultKind;
use crate::failure::Failure;
use crate::fleet::{Holder, OnBus, Row};
use crate::out::{self, note, plain};
use crate::passphrase;
use crate::process;
use crate::remote::Remote;
use crate::shape;
use crate::style::{Screen, Tone};
use crate::time::{ago, clock, countdown};

pub(super) fn print(paths: &Paths, vault: VaultKind, wanted: &str, json: bool) -> Result<(), Failure> {
    match Remote::find(paths)? {
        Some(remote) => running(paths, remote, wanted, json),
        None => configured(paths, vault, wanted, json),
    }
}

fn running(paths: &Paths, mut remote: Remote, wanted: &str, json: bool) -> Result<(), Failure> {
    let agent = super::meant(paths, Some(&mut remote), wanted)?;
    let key: KeyFace = remote.ask(&Command::AgentKey { id: agent.id.clone() })?;
    if json {
        let mut status = remote.status()?;
        let agents = status["agents"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let mut found = agents.into_iter().find(|one| one["id"] == agent.id.as_str()).unwrap_or_default();
        found["key"] = json!(key);
        return Ok(out::json(&found)?);
    }
    let fleet = remote.fleet()?;
    let Some(row) = fleet.get(&agent.id) else {
        return Err(Failure::refused("agent.unknown", format!("{} was just removed", agent.id), ""));
    };
    Ok(out::lines(&lines(row, &key, fleet.now, Screen::of_stdout(), &TimeZone::system()))?)
}

fn configured(paths: &Paths, vault: VaultKind, wanted: &str, json: bool) -> Result<(), Failure> {
    let agent = super::configured(paths, wanted)?;
    let known = setup::configured_agents(paths)?.into_iter().find(|known| known.id == agent.id);
    let Some(known) = known else {
        return Err(Failure::refused("agent.unknown", format!("{} was just removed", agent.id), ""));
    };
    // Looking does not ask for a passphrase, nor make a vault file.
    let can_look = vault == VaultKind::Keychain || paths.vault_file().exists();
    let key = match passphrase::choose_silently(vault).filter(|_| can_look) {
        Some(choice) => {
            let value = setup::execute_offline(paths, &choice, &Command::AgentKey { id: agent.id.clone() })?;
            serde_json::from_value::<KeyFace>(value).ok()
        }
        None => None,
    };
    note("No Beatkeeper is running: the state is not known.");
    if json {
        let value: Value = json!({
            "id": known.id,
            "name": known.name,
            "liveness": null,
            "registry": {"name": known.registry, "url": known.registry_url},
            "beats_by": known.beats_by,
            "paused": known.paused,
            "key": key,
        });
        return Ok(out::json(&value)?);
    }
    let mut lines = vec![format!("{}  {}", plain(&known.name), known.id), String::new()];
    lines.push(fact("Registry", &plain(&format!("{} ({})", known.registry, known.registry_url))));
    lines.push(fact("Beats", by(known.beats_by, known.paused)));
    if let Some(key) = key.filter(|_| known.id.realm() != Realm::Bus) {
        lines.push(fact("Key", &key_words(&key)));
    }
    Ok(out::lines(&lines)?)
}

fn lines(row: &Row, key: &KeyFace, now: Time, screen: Screen, zone: &TimeZone) -> Vec<String> {
    let (glyph, tone) = shape::of(row.liveness);
    let paint = |tone: Tone, text: &str| tone.paint(text, screen.colour);
    let verdict = match row.verdict.severity {
        Severity::Good | Severity::Neutral => Tone::Plain,
        Severity::Warning => Tone::Warning,
        Severity::Bad => Tone::Bad,
    };
    let since = format!(
        "{} since {} ({})",
        row.liveness,
        clock(row.liveness_since, now, zone),
        duration(now.since(row.liveness_since))
    );
    let mut lines = vec![
        format!("{} {}  {}", paint(tone, glyph), paint(Tone::Strong, &plain(&row.name)), row.id),
        format!("  {since}"),
        format!("  {}", paint(verdict, &plain(&row.verdict.sentence))),
    ];
    if !row.verdict.remedy.is_empty() {
        lines.push(format!("  What to do: {}", plain(&row.verdict.remedy)));
    }
    lines.push(String::new());
    lines.extend(process::facts(row, now, zone).iter().map(|(name, words)| fact(name, words)));
    lines.push(fact("Our link", &link_words(row, now, zone)));
    if let Some(health) = &row.connection {
        lines.push(fact("Answers", &ack_words(health, now)));
    }
    if let Some(holder) = &row.holder {
        lines.push(fact("Team", &format!("{} beats for it", holder_words(holder))));
    }
    if let Some(bus) = &row.bus {
        lines.push(fact("Bus", &bus_words(bus)));
    }
    lines.push(fact("Registry", &registry_words(row, now, zone)));
    lines.push(String::new());
    lines.push(fact("Beats", &beat_words(row)));
    lines.push(fact("Last beat", &ago(row.last_confirmed_at, now)));
    if row.flips_at.is_some() && !row.paused {
        lines.push(fact("Flips in", &countdown(row.flips_at, now)));
    }
    if let Some(trip) = row.round_trip_ms {
        lines.push(fact("Round trip", &format!("{trip} ms, from sending to seeing it taken")));
    }
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let uptime = row.uptime_24h.map_or_else(String::new, |up| {
        format!(", up {} of the time awake, {} of all", percent(up.awake), percent(up.raw))
    });
    lines.push(fact("Last 24 h", &format!("{} reconnects{uptime}", row.reconnects_24h)));
    if let Some(project) = &row.project {
        lines.push(fact("Project", &plain(project)));
    }
    if !row.tags.is_empty() {
        lines.push(fact("Tags", &plain(&row.tags.join(", "))));
    }
    if let Some(until) = row.snoozed_until {
        lines.push(fact("Snoozed", &format!("until {}, or until it recovers", clock(until, now, zone))));
    }
    // On a bus there are names and no keys.
    if row.id.realm() != Realm::Bus {
        lines.push(fact("Key", &key_words(key)));
    }
    if let Some(derived) = &key.derived {
        lines.push(fact("", &format!("agent {} of {}", derived.index, derived.developer)));
    }
    lines
}

fn fact(name: &str, words: &str) -> String {
    format!("  {name:<11} {words}")
}

fn link_words(row: &Row, now: Time, zone: &TimeZone) -> String {
    let since = clock(row.link.since, now, zone);
    let mut words = match row.link.state {
        LinkStateName::Idle if row.holder.as_ref().is_some_and(|holder| !holder.here) => "silent; we watch".to_owned(),
        LinkStateName::Idle => by(row.beats_by, row.paused).to_owned(),
        LinkStateName::Connecting => format!("dialling since {since}, attempt {}", row.link.attempt),
        LinkStateName::Open => format!("open since {since}"),
        LinkStateName::BackingOff => {
            format!("waiting, attempt {} in {}", row.link.attempt + 1, countdown(row.link.next_dial_at, now))
        }
        LinkStateName::Blocked => format!("blocked since {since}"),
    };
    if row.link.state == LinkStateName::Open && row.link.next_beat_at.is_some() {
        words.push_str(&format!(", next beat in {}", countdown(row.link.next_beat_at, now)));
    }
    match &row.link.reason {
        Some(reason) => format!("{words}: {}", plain(&reason.sentence)),
        None => words,
    }
}

fn holder_words(holder: &Holder) -> String {
    match (holder.here, holder.computer.as_str()) {
        (true, _) => "this computer".to_owned(),
        (false, "") => "another computer".to_owned(),
        (false, computer) => plain(computer),
    }
}

/// What the bus says, and what the agent says there.
fn bus_words(bus: &OnBus) -> String {
    let state = match bus.state {
        BusState::Starting => "starting",
        BusState::Healthy => "healthy",
        BusState::Missing => "missing",
        BusState::Failed => "failed",
        BusState::Stopped => "stopped",
    };
    let said = [
        bus.sequence.map(|number| format!("no. {number}")),
        bus.status.as_ref().map(|status| format!("says {}", plain(status))),
        bus.task.as_ref().map(|task| format!("works on {}", plain(task))),
        bus.host.as_ref().filter(|host| !host.is_empty()).map(|host| format!("at {}", plain(host))),
    ];
    std::iter::once(state.to_owned()).chain(said.into_iter().flatten()).collect::<Vec<_>>().join(", ")
}

fn ack_words(health: &ConnectionHealth, now: Time) -> String {
    let last = match health.last_heartbeat_ack {
        Some(at) => format!("last acknowledged {}", ago(Some(at), now)),
        None => "no heartbeat was acknowledged yet".into(),
    };
    match (health.healthy, health.reconnect_attempts) {
        (true, _) => format!("healthy, {last}"),
        (false, 0) => format!("not healthy, {last}"),
        (false, attempts) => format!("not healthy, {last}, dialled {attempts} times since"),
    }
}

fn registry_words(row: &Row, now: Time, zone: &TimeZone) -> String {
    let witness = &row.registry;
    let says = match (&witness.status, witness.registered) {
        (Some(status), _) => {
            let beat = witness.last_heartbeat.map_or_else(|| "never".into(), |at| clock(at, now, zone));
            format!("{}, last_heartbeat {beat}, seen {}", plain(status), ago(witness.seen_at, now))
        }
        (None, Some(true) | None) if row.connection.is_some() => "has no records; it answers heartbeats instead".into(),
        (None, Some(false)) => "does not know this agent".into(),
        (None, Some(true) | None) => "not seen yet".into(),
    };
    format!("{says}  ({}, {})", plain(&witness.name), plain(&witness.url))
}

fn beat_words(row: &Row) -> String {
    let beats = row.beats;
    format!(
        "{} sent, {} confirmed, {} unconfirmed, {} foreign since Beatkeeper started; every {} s",
        beats.sent,
        beats.confirmed,
        beats.unconfirmed,
        beats.foreign,
        row.interval_ms / 1000
    )
}

const fn by(beats_by: BeatsBy, paused: bool) -> &'static str {
    match (paused, beats_by) {
        (true, _) => "paused",
        (false, BeatsBy::App) => "by Beatkeeper",
        (false, BeatsBy::Auto) => "by whoever does: Beatkeeper, until the agent itself is seen to",
        (false, BeatsBy::Agent) => "by the agent itself; Beatkeeper watches",
    }
}

fn key_words(key: &KeyFace) -> String {
    let place = plain(&key.place);
    match (&key.fingerprint, &key.reason) {
        (Some(fingerprint), _) => format!("{fingerprint} in {place}"),
        (None, Some(reason)) => format!("{} is {}: {}", place, key.presence, plain(reason)),
        (None, None) => format!("{} in {place}", key.presence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Fleet;
    use crate::fleet::tests::{NOON, delta, id, row};

    #[test]
    fn the_page_of_an_agent_says_what_is_wrong_and_what_to_do() {
        let mut fleet = Fleet::default();
        let more = json!({
            "verdict": {"code": "link.refused", "severity": "bad", "sentence": "Reconnecting: refused", "remedy": "Start it."},
            "link": {"state": "backing_off", "since": NOON - 3_000, "attempt": 4, "next_dial_at": NOON + 7_000,
                "next_beat_at": null, "reason": {"code": "refused", "sentence": "connection refused"}},
        });
        fleet.fold(delta(1, true, &[row(1, "one", "stale", &more)], &[]));
        let key = KeyFace {
            presence: "present".into(),
            fingerprint: Some("56475aa7".into()),
            place: "the system keychain".into(),
            public_key: None,
            reason: None,
            derived: None,
        };
        let screen = Screen { terminal: false, colour: false, width: None, height: None };
        let row = fleet.get(&id(1).parse().unwrap()).unwrap();
        assert_eq!(
            lines(row, &key, Time::from_millis(NOON), screen, &TimeZone::UTC),
            [
                "▲ one  zns:00000000000000000000000000000001",
                "  stale since 11:59:00 (60 s)",
                "  Reconnecting: refused",
                "  What to do: Start it.",
                "",
                "  Process     not watched (no health address is configured)",
                "  Our link    waiting, attempt 5 in 0:07: connection refused",
                "  Registry    active, last_heartbeat 11:59:56, seen 4 s ago  (devnet, http://127.0.0.1:1)",
                "",
                "  Beats       3 sent, 3 confirmed, 0 unconfirmed, 0 foreign since Beatkeeper started; every 30 s",
                "  Last beat   4 s ago",
                "  Flips in    4:56",
                "  Round trip  38 ms, from sending to seeing it taken",
                "  Last 24 h   0 reconnects, up 100.0 % of the time awake, 50.0 % of all",
                "  Tags        nightly",
                "  Key         56475aa7 in the system keychain",
            ]
        );
    }

    #[test]
    fn where_heartbeats_are_answered_the_last_answer_is_shown() {
        let words = |ack: Option<u64>, healthy, reconnect_attempts| {
            let last_heartbeat_ack = ack.map(|before| Time::from_millis(NOON - before));
            let health = ConnectionHealth { healthy, connected: healthy, last_heartbeat_ack, reconnect_attempts };
            ack_words(&health, Time::from_millis(NOON))
        };
        assert_eq!(words(Some(12_000), true, 0), "healthy, last acknowledged 12 s ago");
        assert_eq!(words(None, false, 3), "not healthy, no heartbeat was acknowledged yet, dialled 3 times since");
    }

    #[test]
    fn an_agent_of_a_bus_shows_what_the_bus_says_and_who_beats() {
        let mut fleet = Fleet::default();
        let more = json!({
            "bus": {"state": "healthy", "sequence": 7, "status": "busy", "task": "report", "host": "build-server"},
            "holder": {"computer": "mac-7", "here": false},
            "link": {"state": "idle", "since": NOON, "attempt": 0, "next_dial_at": null, "next_beat_at": null, "reason": null},
        });
        fleet.fold(delta(1, true, &[row(1, "one", "active", &more)], &[]));
        let row = fleet.get(&id(1).parse().unwrap()).unwrap();
        assert_eq!(bus_words(row.bus.as_ref().unwrap()), "healthy, no. 7, says busy, works on report, at build-server");
        assert_eq!(holder_words(row.holder.as_ref().unwrap()), "mac-7");
        assert_eq!(link_words(row, Time::from_millis(NOON), &TimeZone::UTC), "silent; we watch");
        assert_eq!(holder_words(&Holder { computer: "desk".into(), here: true }), "this computer");
    }
}
