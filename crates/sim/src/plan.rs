//! What a seed stands for: a fleet, a stretch of the calendar, a zone, and how much goes wrong.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::alert::{AlertRules, Flapping, Level, QuietHours};
use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::fleet::{AgentSettings, RegistrySettings};
use beatkeeper_core::identity::{EntityId, EntityKind, PublicKey};
use beatkeeper_core::liveness::Thresholds;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::BeatsBy;
use fastrand::Rng;
use jiff::civil;
use jiff::tz::TimeZone;

/// A minute, in milliseconds.
pub const MINUTE: u64 = 60_000;
/// An hour, in milliseconds.
pub const HOUR: u64 = 60 * MINUTE;
/// A day, in milliseconds.
pub const DAY: u64 = 24 * HOUR;
/// At the end of a run everything is healthy for this long, and everything must be over.
pub const TAIL: u64 = 4 * HOUR;

/// The zones in which people of the simulation live, as POSIX rules.
pub const ZONES: [&str; 6] = [
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    // Half an hour of daylight saving time.
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "<+0545>-5:45",
    "UTC0",
];

/// Runs begin here: before changes of clocks, before leap days, at a turn of the year, and on a day like any other.
const BEGINNINGS: [&str; 7] = [
    "2027-03-20T09:13:00Z",
    "2026-10-17T21:40:00Z",
    "2028-02-20T16:05:00Z",
    "2027-12-20T03:30:00Z",
    "2027-03-01T12:00:00Z",
    "2026-09-25T06:45:00Z",
    "2027-06-10T18:20:00Z",
];

/// How large a run is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Agents.
    pub agents: usize,
    /// Days.
    pub days: u64,
}

/// One agent of a run.
pub struct AgentPlan {
    /// As the configuration has it.
    pub settings: AgentSettings,
    /// The place of its registry.
    pub registry: usize,
    /// Whether its own program runs on this computer; nothing of those that the app beats for.
    pub here: bool,
    /// Mean time between two of its own troubles, in milliseconds.
    pub trouble_every: u64,
    /// Whether its troubles come in bouts of coming and going.
    pub flaps: bool,
}

/// One run.
pub struct Plan {
    /// The true time at which it begins, in milliseconds since the epoch.
    pub begin: u64,
    /// And ends.
    pub end: u64,
    /// The fleet.
    pub agents: Vec<AgentPlan>,
    /// Its registries.
    pub registries: Vec<RegistrySettings>,
    /// Quiet hours: begin, end, days.
    pub quiet: Vec<(civil::Time, civil::Time, [bool; 7])>,
    /// Where the person lives at first; an index into [`ZONES`].
    pub zone: usize,
    /// Whether a place beside the registries is asked for the network.
    pub witness: bool,
    /// Whether this is a laptop, which sleeps at night.
    pub laptop: bool,
}

impl Plan {
    /// The run of a seed.
    pub fn of(rng: &mut Rng, size: Size) -> Self {
        let begin = millis_of(BEGINNINGS[rng.usize(..BEGINNINGS.len())]) + rng.u64(..6 * HOUR);
        let registries = registries(rng);
        let remote = registries.iter().filter(|registry| registry.remote).count();
        let agents = (0..size.agents).map(|number| agent(rng, number, &registries)).collect();
        Self {
            begin,
            end: begin + size.days * DAY,
            agents,
            quiet: quiet(rng),
            zone: rng.usize(..ZONES.len()),
            witness: remote < 2 || rng.bool(),
            laptop: rng.u32(..10) < 7,
            registries,
        }
    }

    /// When the quiet tail begins.
    pub const fn calm_at(&self) -> u64 {
        self.end - TAIL
    }

    /// The quiet hours in a zone.
    pub fn quiet_in(&self, zone: usize) -> Vec<QuietHours> {
        let zone = zone_of(zone);
        self.quiet
            .iter()
            .map(|(from, to, days)| QuietHours { from: *from, to: *to, days: *days, zone: zone.clone() })
            .collect()
    }
}

/// The zone with this place in [`ZONES`].
pub fn zone_of(place: usize) -> TimeZone {
    TimeZone::posix(ZONES[place]).unwrap_or(TimeZone::UTC)
}

fn millis_of(text: &str) -> u64 {
    text.parse::<jiff::Timestamp>().map_or(0, |at| Time::from_timestamp(at).as_millis())
}

fn registries(rng: &mut Rng) -> Vec<RegistrySettings> {
    let registry = |name: &str, thresholds: Thresholds, remote: bool| RegistrySettings {
        name: name.to_owned(),
        url: format!("https://{name}.example"),
        dialect: DialectChoice::Zynd,
        known_dialect: None,
        thresholds: thresholds.into(),
        bus: None,
        demo: false,
        remote,
    };
    let seconds = Duration::from_secs;
    let mut all = vec![registry("main", Thresholds::default(), true)];
    if rng.bool() {
        let patient = Thresholds {
            late: Some(seconds(200)),
            stale: seconds(600),
            offline: seconds(1800),
            ..Thresholds::default()
        };
        all.push(registry("other", patient, true));
    }
    if rng.u32(..10) < 3 {
        all.push(registry("local", Thresholds::default(), false));
    }
    all
}

fn agent(rng: &mut Rng, number: usize, registries: &[RegistrySettings]) -> AgentPlan {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    let id = EntityId::from_key(&PublicKey::from_bytes(bytes), EntityKind::Agent);
    let registry = if rng.u32(..10) < 6 { 0 } else { rng.usize(..registries.len()) };
    let beats_by = if rng.u32(..10) < 4 { BeatsBy::App } else { BeatsBy::Agent };
    let interval = if rng.u32(..20) == 0 { rng.u64(60..90) } else { rng.u64(110..=120) };
    let flaps = rng.u32(..6) == 0;
    let rules = rules(rng, flaps);
    AgentPlan {
        settings: AgentSettings {
            id,
            name: format!("agent-{number:02}"),
            registry: registries[registry].name.clone(),
            interval: Duration::from_secs(interval),
            beats_by,
            paused: false,
            probed: false,
            run: None,
            truthful: false,
            tags: Vec::new(),
            project: None,
            only_seen: false,
            team: None,
            alerts: Arc::new(rules),
        },
        registry,
        here: !registries[registry].remote || rng.bool(),
        trouble_every: if rng.u32(..4) == 0 { DAY } else { 6 * DAY },
        flaps,
    }
}

fn rules(rng: &mut Rng, flaps: bool) -> AlertRules {
    let level = match rng.u32(..12) {
        0 | 1 => Level::Late,
        2 | 3 => Level::Offline,
        4 => Level::Never,
        _ => Level::Stale,
    };
    let grace = match rng.u32(..6) {
        0 => rng.u64(30..600),
        _ => 0,
    };
    let flapping = match rng.u32(..6) {
        0 => Flapping { changes: 0, within: Duration::from_secs(600) },
        1 => Flapping::default(),
        _ => Flapping { changes: rng.u32(4..=6), within: Duration::from_secs(if flaps { 3600 } else { 1800 }) },
    };
    AlertRules {
        level,
        grace: Duration::from_secs(grace),
        good_beats: rng.u32(1..=3),
        remind_every: (rng.u32(..4) == 0).then(|| Duration::from_secs(rng.u64(300..7200))),
        flapping,
        urgent: rng.u32(..4) == 0,
        channels: (rng.u32(..4) == 0).then(|| Arc::from(["team".to_owned()])),
    }
}

fn quiet(rng: &mut Rng) -> Vec<(civil::Time, civil::Time, [bool; 7])> {
    let time = |hour: i8, minute: i8| civil::Time::constant(hour, minute, 0, 0);
    match rng.u32(..5) {
        0 => Vec::new(),
        // In the middle of most changes of clocks.
        1 => vec![(time(1, 30), time(2, 45), [true; 7])],
        // Whole weekends, and weekday nights that touch them.
        2 => vec![
            (time(0, 0), time(12, 0), [false, false, false, false, false, true, true]),
            (time(12, 0), time(0, 0), [false, false, false, false, false, true, true]),
            (time(23, 0), time(6, 0), [true, true, true, true, false, false, false]),
        ],
        _ => vec![(time(rng.i8(20..24), 0), time(rng.i8(5..9), 30), [true; 7])],
    }
}
