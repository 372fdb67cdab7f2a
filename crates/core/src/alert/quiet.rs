//! Quiet hours: local wall-clock times of a zone, so that a change of daylight saving time moves them along.

use jiff::Zoned;
use jiff::civil;
use jiff::tz::TimeZone;

use crate::time::Time;

/// A stretch of each day in which nobody is interrupted. One that ends earlier than it begins ends on the next day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Begins at this time of day.
    pub from: civil::Time,
    /// Ends at this one.
    pub to: civil::Time,
    /// On these days, by their beginning, Monday first.
    pub days: [bool; 7],
    /// Whose clock it is.
    pub zone: TimeZone,
}

/// What is wrong with quiet hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuietProblem {
    /// They begin when they end.
    #[error("quiet hours from {0} to {0} are empty; leave them out, or set another end")]
    Empty(String),
    /// They are on no day.
    #[error("quiet hours from {0} are on no day; leave them out, or name a day")]
    NoDay(String),
    /// Two of them overlap.
    #[error("quiet hours from {first} and from {second} overlap; make them one")]
    Overlap {
        /// Begin of the first.
        first: String,
        /// Begin of the second.
        second: String,
    },
}

impl QuietHours {
    /// Every day, of this zone.
    #[must_use]
    pub const fn daily(from: civil::Time, to: civil::Time, zone: TimeZone) -> Self {
        Self { from, to, days: [true; 7], zone }
    }

    /// Whether these can hold together.
    ///
    /// # Errors
    /// [`QuietProblem`] with the first that is wrong.
    pub fn check(all: &[Self]) -> Result<(), QuietProblem> {
        for (place, hours) in all.iter().enumerate() {
            let name = || clock(hours.from);
            if hours.from == hours.to {
                return Err(QuietProblem::Empty(name()));
            }
            if !hours.days.contains(&true) {
                return Err(QuietProblem::NoDay(name()));
            }
            let other = all[..place].iter().find(|other| other.zone == hours.zone && other.overlaps(hours));
            if let Some(other) = other {
                return Err(QuietProblem::Overlap { first: clock(other.from), second: name() });
            }
        }
        Ok(())
    }

    /// Until when it is quiet at `now`; nothing when it is not.
    #[must_use]
    pub fn until(&self, now: Time) -> Option<Time> {
        let at = now.to_timestamp();
        let today = at.to_zoned(self.zone.clone()).date();
        // A night that began yesterday may still go on.
        [today.yesterday().ok()?, today].into_iter().find_map(|day| {
            let (begin, end) = self.on(day)?;
            (begin.timestamp() <= at && at < end.timestamp()).then(|| Time::from_timestamp(end.timestamp()))
        })
    }

    /// The longest end of those that are quiet now. Ends that touch another's begin lead on to that one's end.
    #[must_use]
    pub fn until_of(all: &[Self], now: Time) -> Option<Time> {
        let mut end = None;
        // Each can extend the end at most once a day; a week of quiet is told as such.
        for _ in 0..all.len() * 7 {
            let at = end.unwrap_or(now);
            match all.iter().filter_map(|hours| hours.until(at)).max() {
                Some(later) => end = Some(later),
                None => break,
            }
        }
        end
    }

    fn on(&self, day: civil::Date) -> Option<(Zoned, Zoned)> {
        let begins = self.days[usize::try_from(day.weekday().to_monday_zero_offset()).ok()?];
        let last = if self.to > self.from { day } else { day.tomorrow().ok()? };
        // A time of day that a change of clocks skips is the moment after it; one that comes twice is the first.
        let begin = day.to_datetime(self.from).to_zoned(self.zone.clone()).ok()?;
        let end = last.to_datetime(self.to).to_zoned(self.zone.clone()).ok()?;
        (begins && end > begin).then_some((begin, end))
    }

    /// Both as stretches of a week's minutes, whatever the clocks do.
    fn overlaps(&self, other: &Self) -> bool {
        let theirs = other.week();
        self.week().iter().any(|(from, to)| theirs.iter().any(|(begin, end)| from < end && begin < to))
    }

    fn week(&self) -> Vec<(i32, i32)> {
        const WEEK: i32 = 7 * 86_400;
        let second = |time: civil::Time| {
            i32::from(time.hour()) * 3600 + i32::from(time.minute()) * 60 + i32::from(time.second())
        };
        let length = (second(self.to) - second(self.from)).rem_euclid(86_400);
        let mut stretches = Vec::new();
        for (day, _) in (0_i32..).zip(self.days).filter(|(_, on)| *on) {
            let from = day * 86_400 + second(self.from);
            stretches.push((from, (from + length).min(WEEK)));
            if from + length > WEEK {
                stretches.push((0, from + length - WEEK));
            }
        }
        stretches
    }
}

fn clock(time: civil::Time) -> String {
    time.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central Europe, whose clocks change on the last Sundays of March and October.
    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    fn hours(from: &str, to: &str, zone: &str) -> QuietHours {
        let zone = TimeZone::posix(zone).unwrap();
        QuietHours::daily(from.parse().unwrap(), to.parse().unwrap(), zone)
    }

    fn at(text: &str) -> Time {
        Time::from_timestamp(text.parse().unwrap())
    }

    #[test]
    fn a_night_goes_over_midnight() {
        let night = hours("22:00", "07:00", BERLIN);
        assert_eq!(night.until(at("2026-11-22T20:59:59Z")), None);
        assert_eq!(night.until(at("2026-11-22T21:00:00Z")), Some(at("2026-11-23T06:00:00Z")));
        assert_eq!(night.until(at("2026-11-23T05:59:59Z")), Some(at("2026-11-23T06:00:00Z")));
        assert_eq!(night.until(at("2026-11-23T06:00:00Z")), None);
    }

    #[test]
    fn a_change_of_clocks_moves_the_hours_along() {
        let night = hours("22:00", "07:00", BERLIN);
        // Spring: 02:00 is 03:00, and the night has one hour less.
        assert_eq!(night.until(at("2026-03-28T21:30:00Z")), Some(at("2026-03-29T05:00:00Z")));
        // Autumn: one more.
        assert_eq!(night.until(at("2026-10-24T20:30:00Z")), Some(at("2026-10-25T06:00:00Z")));
        // A begin that the clocks skip is the moment after.
        let skipped = hours("02:30", "04:00", BERLIN);
        assert_eq!(skipped.until(at("2026-03-29T01:15:00Z")), None);
        assert_eq!(skipped.until(at("2026-03-29T01:45:00Z")), Some(at("2026-03-29T02:00:00Z")));
        // An end that comes twice is its first coming.
        let twice = hours("01:00", "02:30", BERLIN);
        assert_eq!(twice.until(at("2026-10-24T23:30:00Z")), Some(at("2026-10-25T00:30:00Z")));
    }

    #[test]
    fn a_leap_day_is_a_day() {
        let night = hours("22:00", "07:00", "UTC0");
        assert_eq!(night.until(at("2028-02-28T23:00:00Z")), Some(at("2028-02-29T07:00:00Z")));
        assert_eq!(night.until(at("2028-02-29T23:00:00Z")), Some(at("2028-03-01T07:00:00Z")));
    }

    #[test]
    fn a_weekend_is_quiet_as_a_whole() {
        let mut nights = hours("18:00", "08:00", "UTC0");
        nights.days = [false, false, false, false, true, true, true];
        let mut days = hours("08:00", "18:00", "UTC0");
        days.days = [false, false, false, false, false, true, true];
        let all = [nights, days];
        QuietHours::check(&all).unwrap();
        // Friday evening to Monday morning.
        assert_eq!(QuietHours::until_of(&all, at("2026-11-27T19:00:00Z")), Some(at("2026-11-30T08:00:00Z")));
        assert_eq!(QuietHours::until_of(&all, at("2026-11-26T19:00:00Z")), None);
    }

    #[test]
    fn what_is_empty_or_overlaps_is_refused_with_a_sentence() {
        let refused = |all: &[QuietHours]| QuietHours::check(all).unwrap_err().to_string();
        assert!(refused(&[hours("22:00", "22:00", "UTC0")]).contains("empty"));
        assert!(refused(&[hours("22:00", "07:00", "UTC0"), hours("06:59", "08:00", "UTC0")]).contains("overlap"));
        let mut sunday = hours("22:00", "07:00", "UTC0");
        sunday.days = [false, false, false, false, false, false, true];
        let mut monday = hours("06:00", "07:00", "UTC0");
        monday.days = [true, false, false, false, false, false, false];
        assert!(refused(&[sunday, monday.clone()]).contains("overlap"), "Sunday's night ends on Monday");
        monday.days = [false; 7];
        assert!(refused(&[monday]).contains("no day"));
        QuietHours::check(&[hours("22:00", "07:00", "UTC0"), hours("07:00", "08:00", "UTC0")]).unwrap();
    }
}
