//! What processes cost over time: samples folded into buckets, buckets joined into coarser ones and into points to draw.
//!
//! A sample comes every few seconds; what is kept is one [`UsageBucket`] for each quarter of an hour, and after a day one
//! for six hours. The history of a thousand agents' bad month leaves about 3 KB for each agent
//! (`cargo bench -p beatkeeper-store`): 120 fine and 116 coarse buckets of five to six bytes each.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::time::{Time, millis};
use crate::view::UsageView;

/// For so long fine buckets are kept at least; then they are thinned to coarse ones.
pub const FINE_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How often an open bucket is kept again: what a program that is killed loses at most.
pub const SAVE_EVERY: Duration = Duration::from_secs(60);

/// As many points a range has at most, however long it is.
pub const MOST_POINTS: usize = 300;

/// What a point may stand for. Each is a part of the next, so that no bucket lies in two points.
const SPANS: [Duration; 7] = [
    Duration::from_secs(900),
    Duration::from_secs(1_800),
    Duration::from_secs(3_600),
    Duration::from_secs(3 * 3_600),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(12 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageStep {
    /// A quarter of an hour.
    Fine,
    /// Six hours.
    Coarse,
}

impl UsageStep {
    /// The length of a bucket.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Fine => SPANS[0],
            Self::Coarse => SPANS[4],
        }
    }

    /// When the bucket began in which a moment lies. Buckets lie on the epoch, so that all agents' begin together.
    #[must_use]
    pub fn begin(self, at: Time) -> Time {
        floor(at, self.length())
    }
}

/// What a process and all that it started cost in some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageBucket {
    /// How long it is.
    pub step: UsageStep,
    /// When it began.
    pub from: Time,
    /// Samples in it; never 0.
    pub samples: u32,
    /// How often the process was started in it.
    pub starts: u32,
    /// The samples' sum, in thousandths of a core.
    pub cpu_sum: u64,
    /// The highest sample, in thousandths of a core.
    pub cpu_max: u64,
    /// The samples' sum, in bytes.
    pub memory_sum: u64,
    /// The lowest sample, in bytes.
    pub memory_min: u64,
    /// The highest sample, in bytes.
    pub memory_max: u64,
    /// The most threads.
    pub threads: u32,
    /// The most open files, where that could be told.
    pub open_files: Option<u32>,
}

impl UsageBucket {
    /// A fine bucket with one sample.
    #[must_use]
    pub fn of(sample: &UsageView, starts: u32) -> Self {
        let cpu = thousandths(sample.cpu_percent);
        Self {
            step: UsageStep::Fine,
            from: UsageStep::Fine.begin(sample.at),
            samples: 1,
            starts,
            cpu_sum: cpu,
            cpu_max: cpu,
            memory_sum: sample.memory_bytes,
            memory_min: sample.memory_bytes,
            memory_max: sample.memory_bytes,
            threads: sample.threads,
            open_files: sample.open_files,
        }
    }

    /// When it ends.
    #[must_use]
    pub fn to(&self) -> Time {
        self.from + self.step.length()
    }

    /// The mean of its samples, in thousandths of a core.
    #[must_use]
    pub fn cpu_mean(&self) -> u64 {
        mean(self.cpu_sum, self.samples)
    }

    /// The mean of its samples, in bytes.
    #[must_use]
    pub fn memory_mean(&self) -> u64 {
        mean(self.memory_sum, self.samples)
    }

    /// Adds what another one has. It keeps its own beginning and length.
    pub fn join(&mut self, other: &Self) {
        self.samples = self.samples.saturating_add(other.samples);
        self.starts = self.starts.saturating_add(other.starts);
        self.cpu_sum = self.cpu_sum.saturating_add(other.cpu_sum);
        self.cpu_max = self.cpu_max.max(other.cpu_max);
        self.memory_sum = self.memory_sum.saturating_add(other.memory_sum);
        self.memory_min = self.memory_min.min(other.memory_min);
        self.memory_max = self.memory_max.max(other.memory_max);
        self.threads = self.threads.max(other.threads);
        self.open_files = self.open_files.max(other.open_files);
    }

    fn point(&self, at: Time, span: Duration) -> UsagePoint {
        UsagePoint {
            at,
            span_ms: millis(span),
            cpu_mean: percent(self.cpu_mean()),
            cpu_max: percent(self.cpu_max),
            memory_min: self.memory_min,
            memory_mean: self.memory_mean(),
            memory_max: self.memory_max,
            threads: self.threads,
            open_files: self.open_files,
            starts: self.starts,
        }
    }
}

/// What a process cost in some time, to be drawn. Where nothing ran, there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsagePoint {
    /// From.
    pub at: Time,
    /// For how long, in milliseconds.
    #[ts(type = "number")]
    pub span_ms: u64,
    /// CPU on the mean, in percent of one core.
    pub cpu_mean: f32,
    /// The highest CPU, in percent of one core.
    pub cpu_max: f32,
    /// The least memory, in bytes.
    #[ts(type = "number")]
    pub memory_min: u64,
    /// Memory on the mean, in bytes.
    #[ts(type = "number")]
    pub memory_mean: u64,
    /// The most memory, in bytes.
    #[ts(type = "number")]
    pub memory_max: u64,
    /// The most threads.
    pub threads: u32,
    /// The most open files, where that could be told.
    pub open_files: Option<u32>,
    /// How often the process was started meanwhile.
    pub starts: u32,
}

/// Folds samples into buckets, and says when one is to be kept.
#[derive(Clone, Debug, Default)]
pub struct UsageRecorder {
    open: Option<UsageBucket>,
    /// Starts that no sample has followed yet.
    starts: u32,
    /// The last sample that was kept.
    saved_at: Option<Time>,
    /// Whether a sample came after that.
    unsaved: bool,
}

impl UsageRecorder {
    /// Goes on with the bucket that an earlier run left open.
    #[must_use]
    pub const fn from_past(open: Option<UsageBucket>) -> Self {
        Self { open, starts: 0, saved_at: None, unsaved: false }
    }

    /// The process was started.
    pub const fn started(&mut self) {
        self.starts = self.starts.saturating_add(1);
    }

    /// Takes a sample. Answers the buckets that are to be kept now: one that is over, and the open one now and then.
    #[must_use]
    pub fn take(&mut self, sample: &UsageView) -> [Option<UsageBucket>; 2] {
        let mut fresh = UsageBucket::of(sample, std::mem::take(&mut self.starts));
        let over = match &self.open {
            Some(open) if open.from == fresh.from => {
                let mut joined = *open;
                joined.join(&fresh);
                fresh = joined;
                None
            }
            Some(_) => {
                self.saved_at = None;
                self.rest()
            }
            None => None,
        };
        self.open = Some(fresh);
        // A clock that was set back between two runs must not keep it from being saved.
        let saved_lately = self.saved_at.is_some_and(|saved| sample.at.since(saved) < SAVE_EVERY && saved <= sample.at);
        self.unsaved = saved_lately;
        if saved_lately {
            return [over, None];
        }
        self.saved_at = Some(sample.at);
        [over, Some(fresh)]
    }

    /// The open bucket, when some of it was not kept yet.
    #[must_use]
    pub fn rest(&mut self) -> Option<UsageBucket> {
        self.open.filter(|_| std::mem::replace(&mut self.unsaved, false))
    }
}

/// Coarse buckets of fine ones, which are in order.
#[must_use]
pub fn thin(fine: &[UsageBucket]) -> Vec<UsageBucket> {
    let mut coarse: Vec<UsageBucket> = Vec::new();
    for bucket in fine {
        let from = UsageStep::Coarse.begin(bucket.from);
        match coarse.last_mut() {
            Some(last) if last.from == from => last.join(bucket),
            _ => coarse.push(UsageBucket { step: UsageStep::Coarse, from, ..*bucket }),
        }
    }
    coarse
}

/// Points for what lies in `from..=to`, at most [`MOST_POINTS`], of buckets that are in order.
#[must_use]
pub fn points(buckets: &[UsageBucket], from: Time, to: Time) -> Vec<UsagePoint> {
    let span = span_of(to.since(from));
    let mut joined: Vec<(Time, Duration, UsageBucket)> = Vec::new();
    for bucket in buckets.iter().filter(|bucket| bucket.to() > from && bucket.from <= to) {
        let span = span.max(bucket.step.length());
        let at = floor(bucket.from, span);
        match joined.last_mut() {
            Some((last, _, all)) if *last == at => all.join(bucket),
            _ => joined.push((at, span, *bucket)),
        }
    }
    let surplus = joined.len().saturating_sub(MOST_POINTS);
    joined[surplus..].iter().map(|(at, span, bucket)| bucket.point(*at, *span)).collect()
}

/// The shortest of which few enough cover a range, both ends being touched.
fn span_of(range: Duration) -> Duration {
    let few = |span: &&Duration| millis(range) / millis(**span) + 2 <= MOST_POINTS as u64;
    SPANS.iter().find(few).copied().unwrap_or(SPANS[SPANS.len() - 1])
}

fn floor(at: Time, span: Duration) -> Time {
    Time::from_millis(at.as_millis() - at.as_millis() % millis(span))
}

fn mean(sum: u64, samples: u32) -> u64 {
    let samples = u64::from(samples.max(1));
    sum.saturating_add(samples / 2) / samples
}

fn thousandths(percent: f32) -> u64 {
    (percent.max(0.0) * 10.0).round() as u64
}

fn percent(thousandths: u64) -> f32 {
    thousandths as f32 / 10.0
}

#[cfg(test)]
mod tests;
