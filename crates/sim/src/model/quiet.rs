//! Quiet hours, as a person reads them off the clock on the wall.

use std::cell::Cell;

use jiff::civil;
use jiff::tz::TimeZone;

use super::Silence;
use crate::plan::{MINUTE, Plan, zone_of};

/// Around a change of clocks the wall's clock tells no single story.
const CHANGE: i64 = 2 * 3600;

/// The hours.
pub struct Quiet {
    hours: Vec<(civil::Time, civil::Time, [bool; 7])>,
    zone: TimeZone,
    /// The last answer: it holds for its minute, since hours begin and end with one.
    last: Cell<(u64, Silence)>,
}

impl Quiet {
    pub fn new(plan: &Plan, zone: usize) -> Self {
        Self { hours: plan.quiet.clone(), zone: zone_of(zone), last: Cell::new((0, Silence::None)) }
    }

    /// Whether it is quiet.
    pub fn at(&self, now: u64) -> Silence {
        if self.hours.is_empty() {
            return Silence::None;
        }
        let (minute, answer) = self.last.get();
        if minute == now / MINUTE {
            return answer;
        }
        let answer = self.read(now);
        self.last.set((now / MINUTE, answer));
        answer
    }

    fn read(&self, now: u64) -> Silence {
        let Ok(at) = jiff::Timestamp::from_millisecond(i64::try_from(now).unwrap_or(0)) else { return Silence::None };
        let offset = |seconds: i64| {
            let near = at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(at);
            self.zone.to_offset(near)
        };
        if offset(-CHANGE) != offset(CHANGE) {
            return Silence::Unsure;
        }
        let wall = offset(0).to_datetime(at);
        let today = usize::try_from(wall.weekday().to_monday_zero_offset()).unwrap_or(0);
        let yesterday = (today + 6) % 7;
        let quiet = self.hours.iter().any(|(from, to, days)| {
            let time = wall.time();
            if from < to {
                days[today] && *from <= time && time < *to
            } else {
                days[today] && *from <= time || days[yesterday] && time < *to
            }
        });
        if quiet { Silence::Sure } else { Silence::None }
    }
}
