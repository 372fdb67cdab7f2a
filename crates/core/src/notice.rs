//! What is worth interrupting a person for, and how it is said. What is worth recording is a separate table:
//! [`worth_recording`].

use std::time::Duration;

use serde::Serialize;
use ts_rs::TS;

use crate::identity::EntityId;
use crate::liveness::Liveness;
use crate::time::Time;

/// A message to the person, comparable, and the same for every desktop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Notice {
    /// Whose. A newer notice of the same agent replaces an older one.
    pub agent: EntityId,
    /// What happened.
    pub kind: NoticeKind,
    /// Who and what: `weather-agent went stale`.
    pub title: String,
    /// Why, since when, for how long.
    pub body: String,
    /// When.
    pub at: Time,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum NoticeKind {
    /// Stale.
    Stale,
    /// Offline.
    Offline,
    /// Beats are confirmed again.
    Recovered,
}

/// So many confirmed beats are a recovery: one may be the last sign of a flapping agent.
pub const GOOD_BEATS: u32 = 2;

/// Whether this change of state is kept in the history. Everything is, but the first naming of what was always so.
#[must_use]
pub fn worth_recording(from: Liveness, to: Liveness) -> bool {
    from != to && from != Liveness::Unknown
        || matches!((from, to), (Liveness::Unknown, Liveness::Stale | Liveness::Offline))
}

/// Whether this change of state interrupts a person, and as what. `alerted` tells whether the person was told of this
/// outage already, and `good_beats` how many beats were confirmed since.
///
/// Recovery is only told after an alert, and only when it is real: two good beats.
#[must_use]
pub const fn worth_interrupting(to: Liveness, alerted: Option<NoticeKind>, good_beats: u32) -> Option<NoticeKind> {
    match (to, alerted) {
        (Liveness::Stale, None) => Some(NoticeKind::Stale),
        (Liveness::Offline, None | Some(NoticeKind::Stale)) => Some(NoticeKind::Offline),
        (Liveness::Active, Some(NoticeKind::Stale | NoticeKind::Offline)) if good_beats >= GOOD_BEATS => {
            Some(NoticeKind::Recovered)
        }
        _ => None,
    }
}

/// What a notice says.
pub struct Story<'a> {
    /// Who.
    pub name: &'a str,
    /// Why, as the verdict's sentence.
    pub why: &'a str,
    /// The last confirmed beat, before the recovery.
    pub last_beat: Option<Time>,
    /// That beat's wall-clock time as the person writes it.
    pub last_beat_clock: Option<&'a str>,
    /// Now.
    pub now: Time,
}

impl Notice {
    /// Tells the story.
    #[must_use]
    pub fn tell(agent: EntityId, kind: NoticeKind, story: &Story<'_>) -> Self {
        let silence = story.last_beat.map(|beat| story.now.since(beat));
        let since = match (story.last_beat_clock, silence) {
            (Some(clock), Some(silence)) => format!("last beat {clock}, {} ago", duration(silence)),
            (None, Some(silence)) => format!("last beat {} ago", duration(silence)),
            (_, None) => "no beat was ever seen".to_owned(),
        };
        let (title, body) = match kind {
            NoticeKind::Stale => (format!("{} went stale", story.name), format!("{}; {since}", story.why)),
            NoticeKind::Offline => (format!("{} is offline", story.name), format!("{}; {since}", story.why)),
            NoticeKind::Recovered => (
                format!("{} recovered", story.name),
                silence.map_or_else(
                    || "Beats are confirmed again".to_owned(),
                    |silence| format!("Beats are confirmed again after {}", duration(silence)),
                ),
            ),
        };
        Self { agent, kind, title, body, at: story.now }
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
    fn an_outage_interrupts_once_for_stale_once_for_offline_and_once_for_its_end() {
        use NoticeKind::{Offline, Recovered, Stale};
        for to in Liveness::ALL {
            for alerted in [None, Some(Stale), Some(Offline)] {
                for good in 0..4 {
                    let expected = match (to, alerted) {
                        (Liveness::Stale, None) => Some(Stale),
                        (Liveness::Offline, None | Some(Stale)) => Some(Offline),
                        (Liveness::Active, Some(_)) if good >= 2 => Some(Recovered),
                        _ => None,
                    };
                    assert_eq!(worth_interrupting(to, alerted, good), expected, "{to} {alerted:?} {good}");
                }
            }
        }
    }

    #[test]
    fn a_notice_says_who_what_why_since_when_and_for_how_long() {
        let now = Time::from_millis(1_000_000_000);
        let story = Story {
            name: "weather-agent",
            why: "Reconnecting: the name r.example does not resolve (DNS), attempt 7",
            last_beat: Some(now - Duration::from_secs(302)),
            last_beat_clock: Some("14:02:11"),
            now,
        };
        let notice = Notice::tell("zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap(), NoticeKind::Stale, &story);
        assert_eq!(notice.title, "weather-agent went stale");
        assert_eq!(
            notice.body,
            "Reconnecting: the name r.example does not resolve (DNS), attempt 7; last beat 14:02:11, 5 min ago"
        );
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
