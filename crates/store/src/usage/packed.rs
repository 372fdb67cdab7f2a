//! Buckets as bytes: five to six of each, since a thousand agents have 360,000 of them.
//!
//! Numbers are LEB128: seven bits a byte, the lowest first. A bucket has
//!
//! | number | unit |
//! |---|---|
//! | mean CPU, twice; and one more when there are extras | 0.1 % of a core |
//! | highest CPU, rounded up | 1 % of a core |
//! | mean memory, as zigzag difference to the bucket before | 64 KiB |
//! | how far the lowest memory is below it | 64 KiB |
//! | how far the highest is above it | 64 KiB |
//!
//! and, when anything of this is not as in the bucket before, or the first one, as extras: buckets left out before it; how
//! many sixteenths of its time were sampled; starts; threads; open files and 1, or 0. Without extras it follows at once,
//! was sampled all the time, and nothing was started.

use beatkeeper_core::history::usage::{UsageBucket, UsageStep};
use beatkeeper_core::time::{Time, millis};

const MEMORY: u64 = 64 << 10;
/// Thousandths of a core in a percent.
const PERCENT: u64 = 10;
/// All of a bucket's time was sampled.
const WHOLE: u64 = 16;

/// What a full bucket has: a sample comes every five seconds.
fn full(step: UsageStep) -> u64 {
    millis(step.length()) / 5_000
}

/// What is told only when it changes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Extras {
    left_out: u64,
    sampled: u64,
    starts: u64,
    threads: u64,
    files: u64,
}

/// What the next bucket is compared with.
struct Before {
    /// Where the next one is, in buckets since the row began.
    next: u64,
    memory: u64,
    threads: u64,
    files: u64,
}

impl Before {
    const FIRST: Self = Self { next: 0, memory: 0, threads: 0, files: 0 };

    const fn usual(&self) -> Extras {
        Extras { left_out: 0, sampled: WHOLE, starts: 0, threads: self.threads, files: self.files }
    }
}

/// Buckets of a row that begins at `row`, in order and none earlier.
pub(super) fn pack(buckets: &[UsageBucket], row: Time) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(buckets.len() * 6 + 8);
    let mut before = Before::FIRST;
    for bucket in buckets {
        let place = millis(bucket.from.since(row)) / millis(bucket.step.length());
        let extras = Extras {
            left_out: place.saturating_sub(before.next),
            sampled: (u64::from(bucket.samples) * WHOLE).div_ceil(full(bucket.step)).clamp(1, WHOLE),
            starts: bucket.starts.into(),
            threads: bucket.threads.into(),
            files: bucket.open_files.map_or(0, |files| u64::from(files) + 1),
        };
        let has_extras = extras != before.usual();
        let memory = bucket.memory_mean() / MEMORY;
        put(&mut bytes, (bucket.cpu_mean() << 1) | u64::from(has_extras));
        put(&mut bytes, bucket.cpu_max.div_ceil(PERCENT));
        put(&mut bytes, zigzag(before.memory, memory));
        put(&mut bytes, memory.saturating_sub(bucket.memory_min / MEMORY));
        put(&mut bytes, bucket.memory_max.div_ceil(MEMORY).saturating_sub(memory));
        if has_extras {
            let Extras { left_out, sampled, starts, threads, files } = extras;
            [left_out, sampled, starts, threads, files].into_iter().for_each(|number| put(&mut bytes, number));
        }
        before = Before { next: place + 1, memory, threads: extras.threads, files: extras.files };
    }
    bytes
}

/// The buckets of a row that begins at `row`; nothing when the bytes are none.
pub(super) fn unpack(mut bytes: &[u8], step: UsageStep, row: Time) -> Option<Vec<UsageBucket>> {
    let mut buckets = Vec::new();
    let mut before = Before::FIRST;
    while !bytes.is_empty() {
        let mut next = || take(&mut bytes);
        let (cpu, cpu_max, memory) = (next()?, next()?, unzigzag(before.memory, next()?)?);
        let (below, above) = (next()?, next()?);
        let extras = if cpu & 1 == 0 {
            before.usual()
        } else {
            Extras { left_out: next()?, sampled: next()?, starts: next()?, threads: next()?, files: next()? }
        };
        let place = before.next.checked_add(extras.left_out)?;
        let samples = (extras.sampled.min(WHOLE) * full(step) / WHOLE).max(1);
        let bytes_of = |units: u64| units.checked_mul(MEMORY);
        let cpu_mean = cpu >> 1;
        buckets.push(UsageBucket {
            step,
            from: Time::from_millis(row.as_millis().checked_add(place.checked_mul(millis(step.length()))?)?),
            samples: u32::try_from(samples).ok()?,
            starts: u32::try_from(extras.starts).ok()?,
            cpu_sum: cpu_mean.checked_mul(samples)?,
            cpu_max: cpu_max.checked_mul(PERCENT)?.max(cpu_mean),
            memory_sum: bytes_of(memory)?.checked_mul(samples)?,
            memory_min: bytes_of(memory.checked_sub(below)?)?,
            memory_max: bytes_of(memory.checked_add(above)?)?,
            threads: u32::try_from(extras.threads).ok()?,
            open_files: extras.files.checked_sub(1).map(u32::try_from).transpose().ok()?,
        });
        before = Before { next: place.checked_add(1)?, memory, threads: extras.threads, files: extras.files };
    }
    Some(buckets)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Small for small differences of either sign.
const fn zigzag(before: u64, now: u64) -> u64 {
    if now >= before { (now - before) << 1 } else { ((before - now) << 1) - 1 }
}

fn unzigzag(before: u64, difference: u64) -> Option<u64> {
    let half = difference >> 1;
    if difference & 1 == 0 { before.checked_add(half) } else { before.checked_sub(half + 1) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use beatkeeper_core::view::UsageView;

    use super::*;

    const MB: u64 = 1 << 20;
    const ROW: Time = Time::from_millis(21_600_000 * 80_000);

    fn bucket(place: u64, cpu: f32, memory: u64, samples: u32) -> UsageBucket {
        let at = ROW + Duration::from_secs(900 * place);
        let sample =
            UsageView { cpu_percent: cpu, memory_bytes: memory, threads: 7, open_files: Some(31), processes: 1, at };
        let mut bucket = UsageBucket::of(&sample, 0);
        for _ in 1..samples {
            bucket.join(&UsageBucket::of(&sample, 0));
        }
        bucket
    }

    fn again(buckets: &[UsageBucket]) -> Vec<UsageBucket> {
        unpack(&pack(buckets, ROW), UsageStep::Fine, ROW).unwrap()
    }

    #[test]
    fn what_is_whole_in_the_units_is_read_as_it_was_written() {
        let mut odd = bucket(3, 250.0, 3 * MB, 180);
        (odd.starts, odd.threads, odd.open_files) = (2, 400, None);
        (odd.memory_min, odd.memory_max, odd.cpu_max) = (MB, 900 * MB, 64_000);
        let all = [bucket(0, 2.0, 80 * MB, 180), bucket(1, 0.0, 92 * MB, 180), odd, bucket(23, 3.0, 0, 90)];
        assert_eq!(again(&all), all);
        assert!(again(&[]).is_empty());
    }

    #[test]
    fn between_the_units_a_highest_is_never_told_lower_nor_a_lowest_higher() {
        let one = bucket(0, 2.34, 80 * MB + 12_345, 180);
        let told = again(&[one])[0];
        assert_eq!((told.cpu_mean(), told.cpu_max), (23, 30));
        assert!(told.memory_min <= one.memory_min && one.memory_max <= told.memory_max);
        assert!(told.memory_max - told.memory_min <= MEMORY);
        // A bucket with one sample counts little, and is there.
        assert_eq!(again(&[bucket(0, 2.0, MB, 1)])[0].samples, 11);
    }

    #[test]
    fn a_usual_bucket_has_five_bytes_or_six() {
        let size = |cpu, memory| {
            let first = bucket(0, 2.0, 80 * MB, 180);
            let mut next = bucket(1, cpu, memory, 179);
            (next.memory_min, next.memory_max, next.cpu_max) = (memory - 5 * MB, memory + 7 * MB, 900);
            pack(&[first, next], ROW).len() - pack(&[first], ROW).len()
        };
        assert_eq!((size(2.4, 82 * MB), size(9.0, 79 * MB)), (5, 6));
    }

    #[test]
    fn torn_bytes_are_no_buckets() {
        let whole = pack(&[bucket(0, 2.0, 80 * MB, 180), bucket(9, 30.0, 800 * MB, 20)], ROW);
        let ends: Vec<usize> =
            (0..=whole.len()).filter(|end| unpack(&whole[..*end], UsageStep::Fine, ROW).is_some()).collect();
        assert_eq!((ends.len(), ends[0], ends[2]), (3, 0, whole.len()), "between two buckets only");
        for wrong in [&[0xff; 40][..], &[0, 0, 1, 0, 0], &[0, 0, 0, 1, 0]] {
            assert_eq!(unpack(wrong, UsageStep::Fine, ROW), None);
        }
    }
}
