//! What is worth interrupting a person for, and how it is said. What is worth recording is a separate table:
//! [`worth_recording`].

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::alert::Fault;
use crate::identity::EntityId;
use crate::liveness::Liveness;
use crate::time::Time;

/// More names than this are counted instead of listed.
const NAMED: usize = 5;

/// Tells one notice from another, over restarts too: the millisecond of its first telling, made unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(export, type = "number")]
pub struct NoticeId(pub u64);

/// A message to the person, comparable, and the same for every desktop and channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Notice {
    /// Which one. A notice that is told again with more agents in it keeps its id.
    pub id: NoticeId,
    /// What happened.
    pub kind: NoticeKind,
    /// To whom; nobody in a test.
    pub agents: Vec<NoticeAgent>,
    /// The registry of all of them.
    pub registry: String,
    /// The verdict's code; the first agent's when they differ.
    pub cause: String,
    /// Whose fault it is.
    pub fault: Fault,
    /// Who and what: `weather-agent went stale`.
    pub title: String,
    /// Why, since when, for how long.
    pub body: String,
    /// When.
    pub at: Time,
    /// Older notices that this one takes the place of.
    pub supersedes: Vec<NoticeId>,
    /// Whether quiet hours do not count.
    pub urgent: bool,
    /// The names of the channels that are told beside the desktop; all of them when missing.
    #[ts(type = "string[] | null")]
    pub channels: Option<Arc<[String]>>,
}

/// One of those whom a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct NoticeAgent {
    /// Whose.
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// The incident.
    pub opened_at: Time,
    /// The last confirmed beat; before the recovery, if it is one.
    pub last_beat: Option<Time>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum NoticeKind {
    /// Late.
    Late,
    /// Stale.
    Stale,
    /// Offline.
    Offline,
    /// It comes and goes.
    Flapping,
    /// Its process ended too often, or its recovery came to nothing.
    GaveUp,
    /// It is still not well.
    Reminder,
    /// Beats are confirmed again.
    Recovered,
    /// Nothing: a person wanted to see that notices arrive.
    Test,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Late,
        Self::Stale,
        Self::Offline,
        Self::Flapping,
        Self::GaveUp,
        Self::Reminder,
        Self::Recovered,
        Self::Test,
    ];

    /// The name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Offline => "offline",
            Self::Flapping => "flapping",
            Self::GaveUp => "gave_up",
            Self::Reminder => "reminder",
            Self::Recovered => "recovered",
            Self::Test => "test",
        }
    }

    /// From the stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Whether this change of state is kept in the history. Everything is, but the first naming of what was always so.
#[must_use]
pub fn worth_recording(from: Liveness, to: Liveness) -> bool {
    from != to && from != Liveness::Unknown
        || matches!((from, to), (Liveness::Unknown, Liveness::Stale | Liveness::Offline))
}

/// Whether a state interrupts a person, and as what, when `told` is the worst that they were told of this incident.
///
/// Recovery is only told after an alert; whether it is real is for the caller to count in good beats.
#[must_use]
pub const fn worth_interrupting(told: Option<NoticeKind>, to: Liveness) -> Option<NoticeKind> {
    match (told, to) {
        (None, Liveness::Late) => Some(NoticeKind::Late),
        (None | Some(NoticeKind::Late), Liveness::Stale) => Some(NoticeKind::Stale),
        (None | Some(NoticeKind::Late | NoticeKind::Stale), Liveness::Offline) => Some(NoticeKind::Offline),
        (
            Some(
                NoticeKind::Late | NoticeKind::Stale | NoticeKind::Offline | NoticeKind::Flapping | NoticeKind::GaveUp,
            ),
            Liveness::Active,
        ) => Some(NoticeKind::Recovered),
        _ => None,
    }
}

/// What a notice is made of.
#[derive(Clone, Debug)]
pub(crate) struct Story<'a> {
    pub(crate) kind: NoticeKind,
    pub(crate) agents: &'a [NoticeAgent],
    pub(crate) registry: &'a str,
    pub(crate) fault: Fault,
    /// Why, as the verdict's sentence.
    pub(crate) why: &'a str,
    /// Changes between beating and missing, and within how long.
    pub(crate) changes: (usize, Duration),
    pub(crate) drill: bool,
    /// Seconds east of UTC.
    pub(crate) zone: i32,
    pub(crate) now: Time,
}

impl Story<'_> {
    /// Title and body.
    pub(crate) fn tell(&self) -> (String, String) {
        let (who, plural) = match self.agents {
            [one] => (one.name.clone(), false),
            many => (format!("{} agents", many.len()), true),
        };
        let lost = plural && matches!(self.fault, Fault::Registry | Fault::Link);
        let what = match self.kind {
            NoticeKind::Late | NoticeKind::Stale | NoticeKind::Offline if lost => {
                format!("{who} lost registry {}", self.registry)
            }
            NoticeKind::Late => format!("{who} {} late", are(plural)),
            NoticeKind::Stale => format!("{who} went stale"),
            NoticeKind::Offline => format!("{who} {} offline", are(plural)),
            NoticeKind::Flapping if plural => format!("{who} are flapping"),
            NoticeKind::Flapping => {
                format!("{who} is flapping: {} changes in {}", self.changes.0, duration(self.changes.1))
            }
            NoticeKind::GaveUp => format!("{who} {} down, and needs you", are(plural)),
            NoticeKind::Reminder => format!("{who} {} still not beating", are(plural)),
            NoticeKind::Recovered => format!("{who} recovered"),
            NoticeKind::Test => "This is a test of Beatkeeper's alerts".to_owned(),
        };
        let title = if self.drill { format!("Drill: {what}") } else { what };
        (title, self.body(plural))
    }

    fn body(&self, plural: bool) -> String {
        let last = self.agents.iter().filter_map(|agent| agent.last_beat).min();
        let silence = last.map(|beat| self.now.since(beat));
        let why = match self.kind {
            NoticeKind::Test => return "When an agent goes stale or offline, it is told here.".to_owned(),
            NoticeKind::Recovered => match silence {
                Some(silence) => format!("Beats are confirmed again after {}", duration(silence)),
                None => "Beats are confirmed again".to_owned(),
            },
            NoticeKind::Late
            | NoticeKind::Stale
            | NoticeKind::Offline
            | NoticeKind::Flapping
            | NoticeKind::GaveUp
            | NoticeKind::Reminder => {
                let since = match (last, silence) {
                    (Some(beat), Some(silence)) => {
                        format!("last beat {}, {} ago", time_of_day(beat, self.zone), duration(silence))
                    }
                    _ => "no beat was ever seen".to_owned(),
                };
                format!("{}; {since}", self.why)
            }
        };
        if plural { format!("{}. {why}", self.names()) } else { why }
    }

    fn names(&self) -> String {
        let mut names: Vec<&str> = self.agents.iter().take(NAMED).map(|agent| agent.name.as_str()).collect();
        let more = self.agents.len().saturating_sub(NAMED);
        if more > 0 {
            return format!("{} and {more} more", names.join(", "));
        }
        let last = names.pop().unwrap_or_default();
        format!("{} and {last}", names.join(", "))
    }
}

const fn are(plural: bool) -> &'static str {
    if plural { "are" } else { "is" }
}

impl Notice {
    /// One that tells nothing but that notices arrive.
    #[must_use]
    pub fn test(now: Time) -> Self {
        let story = Story {
            kind: NoticeKind::Test,
            agents: &[],
            registry: "",
            fault: Fault::Unknown,
            why: "",
            changes: (0, Duration::ZERO),
            drill: false,
            zone: 0,
            now,
        };
        let (title, body) = story.tell();
        Self {
            id: NoticeId(now.as_millis()),
            kind: NoticeKind::Test,
            agents: Vec::new(),
            registry: String::new(),
            cause: String::new(),
            fault: Fault::Unknown,
            title,
            body,
            at: now,
            supersedes: Vec::new(),
            urgent: true,
            channels: None,
        }
    }
}

/// The time of day as a person's clock `zone` seconds east of UTC shows it.
#[must_use]
pub fn time_of_day(at: Time, zone: i32) -> String {
    let zone = jiff::tz::Offset::from_seconds(zone).unwrap_or(jiff::tz::Offset::UTC);
    zone.to_datetime(at.to_timestamp()).strftime("%H:%M:%S").to_string()
}

/// A duration as people say it: `45 s`, `5 min`, `3 h 20 min`, `2 d 4 h`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=89 => format!("{seconds} s"),
        90..=5399 => format!("{} min", (seconds + 30) / 60),
        5400..=86_399 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(name: &str, last_beat: Time) -> NoticeAgent {
        NoticeAgent {
            id: "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap(),
            name: name.into(),
            opened_at: Time::ZERO,
            last_beat: Some(last_beat),
        }
    }

    fn story(agents: &[NoticeAgent]) -> Story<'_> {
        Story {
            kind: NoticeKind::Stale,
            agents,
            registry: "lab",
            fault: Fault::Link,
            why: "Reconnecting: the name r.example does not resolve (DNS), attempt 7",
            changes: (9, Duration::from_secs(600)),
            drill: false,
            zone: 3600,
            now: Time::from_timestamp("2026-11-22T13:07:13Z".parse().unwrap()),
        }
    }

    #[test]
    fn every_pair_of_states_is_in_the_table_of_records() {
        for from in Liveness::ALL {
            for to in Liveness::ALL {
                let expected =
                    from != to && (from != Liveness::Unknown || matches!(to, Liveness::Stale | Liveness::Offline));
                assert_eq!(worth_recording(from, to), expected, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn every_pair_of_what_was_told_and_what_is_so_is_in_the_table_of_interruptions() {
        use NoticeKind::{Flapping, GaveUp, Late, Offline, Recovered, Stale};
        let told: Vec<_> = NoticeKind::ALL.into_iter().map(Some).chain([None]).collect();
        for told in told {
            for to in Liveness::ALL {
                let expected = match (told, to) {
                    (None, Liveness::Late) => Some(Late),
                    (None, Liveness::Stale) => Some(Stale),
                    (None, Liveness::Offline) => Some(Offline),
                    (Some(Late), Liveness::Stale) => Some(Stale),
                    (Some(Late | Stale), Liveness::Offline) => Some(Offline),
                    (Some(Late | Stale | Offline | Flapping | GaveUp), Liveness::Active) => Some(Recovered),
                    _ => None,
                };
                assert_eq!(worth_interrupting(told, to), expected, "{told:?} {to}");
            }
        }
    }

    #[test]
    fn a_notice_says_who_what_why_since_when_and_for_how_long() {
        let beat = Time::from_timestamp("2026-11-22T13:02:11Z".parse().unwrap());
        let one = [agent("weather-agent", beat)];
        let (title, body) = story(&one).tell();
        assert_eq!(title, "weather-agent went stale");
        assert_eq!(
            body,
            "Reconnecting: the name r.example does not resolve (DNS), attempt 7; last beat 14:02:11, 5 min ago"
        );
        let told = |kind| Story { kind, ..story(&one) }.tell();
        assert_eq!(told(NoticeKind::Flapping).0, "weather-agent is flapping: 9 changes in 10 min");
        assert_eq!(told(NoticeKind::Reminder).0, "weather-agent is still not beating");
        let recovered = told(NoticeKind::Recovered);
        assert_eq!(recovered.1, "Beats are confirmed again after 5 min");
        let drill = Story { drill: true, ..story(&one) }.tell();
        assert_eq!(drill.0, "Drill: weather-agent went stale");
    }

    #[test]
    fn several_of_one_cause_are_one_notice() {
        let beat = Time::from_timestamp("2026-11-22T13:02:11Z".parse().unwrap());
        let all: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].map(|name| agent(name, beat)).into();
        let (title, body) = story(&all[..3]).tell();
        assert_eq!(title, "3 agents lost registry lab");
        assert!(body.starts_with("a, b and c. Reconnecting: the name"), "{body}");
        assert!(story(&all).tell().1.starts_with("a, b, c, d, e and 2 more. "));
        let silent = Story { fault: Fault::Process, kind: NoticeKind::Offline, ..story(&all[..2]) };
        assert_eq!(silent.tell().0, "2 agents are offline");
    }

    #[test]
    fn the_time_of_day_is_the_persons() {
        let at = Time::from_timestamp("2026-11-22T23:02:11Z".parse().unwrap());
        assert_eq!(time_of_day(at, 3600), "00:02:11");
        assert_eq!(time_of_day(at, -5 * 3600), "18:02:11");
    }

    #[test]
    fn durations_read_well() {
        let say = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(
            [say(5), say(89), say(95), say(5400), say(12_000), say(187_200)],
            ["5 s", "89 s", "2 min", "1 h 30 min", "3 h 20 min", "2 d 4 h"]
        );
    }
}
