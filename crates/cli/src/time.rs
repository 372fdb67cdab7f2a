//! Times and lengths as a person reads them.

use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use jiff::tz::TimeZone;

/// What stands for nothing.
pub(crate) const NONE: &str = "—";

/// `4 s ago`, `18 min ago`, `never`.
pub(crate) fn ago(at: Option<Time>, now: Time) -> String {
    match at {
        None => "never".into(),
        Some(at) if now.since(at).as_secs() == 0 => "now".into(),
        Some(at) => format!("{} ago", duration(now.since(at))),
    }
}

/// What is left until `at`: `4:51`, `1:04:05`, `passed`.
pub(crate) fn countdown(at: Option<Time>, now: Time) -> String {
    let Some(at) = at else { return NONE.into() };
    let seconds = at.since(now).as_millis().div_ceil(1000);
    match seconds {
        0 => "passed".into(),
        1..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60),
    }
}

/// `14:02:11` in this zone, with the day in front when that is not today.
pub(crate) fn clock(at: Time, now: Time, zone: &TimeZone) -> String {
    let (at, now) = (at.to_timestamp().to_zoned(zone.clone()), now.to_timestamp().to_zoned(zone.clone()));
    if at.date() == now.date() { at.strftime("%H:%M:%S").to_string() } else { at.strftime("%F %H:%M:%S").to_string() }
}

/// RFC 3339 in UTC, for programs.
pub(crate) fn rfc3339(at: Option<Time>) -> Option<String> {
    at.map(|at| at.to_timestamp().to_string())
}

/// How far a clock is ahead: `+0.1 s`, `-74 s`.
pub(crate) fn offset(millis: i64) -> String {
    let seconds = millis as f64 / 1000.0;
    if seconds.abs() < 10.0 { format!("{seconds:+.1} s") } else { format!("{seconds:+.0} s") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: Time = Time::from_millis(1_767_268_800_000); // 2026-01-01T12:00:00Z

    #[test]
    fn ages_are_said_as_people_say_them() {
        let ago = |seconds| ago(Some(NOON - Duration::from_secs(seconds)), NOON);
        assert_eq!([ago(0), ago(4), ago(125), ago(12_000)], ["now", "4 s ago", "2 min ago", "3 h 20 min ago"]);
        assert_eq!(super::ago(None, NOON), "never");
        // A registry's clock may be ahead of ours.
        assert_eq!(super::ago(Some(NOON + Duration::from_secs(9)), NOON), "now");
    }

    #[test]
    fn deadlines_count_down() {
        let left = |millis| countdown(Some(NOON + Duration::from_millis(millis)), NOON);
        assert_eq!([left(1), left(59_000), left(291_000), left(3_845_000)], ["0:01", "0:59", "4:51", "1:04:05"]);
        assert_eq!(countdown(Some(NOON), NOON), "passed");
        assert_eq!(countdown(Some(NOON - Duration::from_secs(1)), NOON), "passed");
        assert_eq!(countdown(None, NOON), "—");
    }

    #[test]
    fn the_day_is_named_when_it_is_not_today() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(clock(NOON - Duration::from_secs(61), NOON, &zone), "13:58:59");
        // Still the first of January in UTC, and the second here.
        assert_eq!(clock(NOON + Duration::from_secs(11 * 3600), NOON, &zone), "2026-01-02 01:00:00");
    }

    #[test]
    fn clocks_are_ahead_or_behind() {
        assert_eq!(
            [offset(90), offset(-1_250), offset(-74_000), offset(90_400)],
            ["+0.1 s", "-1.2 s", "-74 s", "+90 s"]
        );
    }
}
