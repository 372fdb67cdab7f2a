use super::*;

const MB: u64 = 1 << 20;
/// Where a coarse bucket begins.
const BEGIN: u64 = 21_600_000 * 83_000;

fn at(seconds: u64) -> Time {
    Time::from_millis(BEGIN + seconds * 1_000)
}

fn sample(seconds: u64, cpu: f32, megabytes: u64) -> UsageView {
    UsageView {
        cpu_percent: cpu,
        memory_bytes: megabytes * MB,
        threads: 4,
        open_files: None,
        processes: 1,
        at: at(seconds),
    }
}

fn bucket(seconds: u64, cpu: f32, megabytes: u64) -> UsageBucket {
    UsageBucket::of(&sample(seconds, cpu, megabytes), 0)
}

/// Everything that a recorder keeps of these samples, as the history has it: the last of equal beginnings.
fn kept(recorder: &mut UsageRecorder, samples: impl IntoIterator<Item = UsageView>) -> Vec<UsageBucket> {
    let mut kept: Vec<UsageBucket> = Vec::new();
    for bucket in samples.into_iter().flat_map(|sample| recorder.take(&sample)).flatten() {
        kept.retain(|old| old.from != bucket.from);
        kept.push(bucket);
    }
    kept
}

#[test]
fn samples_of_a_quarter_of_an_hour_are_one_bucket() {
    let mut recorder = UsageRecorder::default();
    recorder.started();
    let samples = [(0, 1.0, 80), (5, 3.0, 100), (899, 0.0, 90)].map(|(at, cpu, memory)| sample(at, cpu, memory));
    let kept = kept(&mut recorder, samples);
    let [one] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((one.from, one.to(), one.samples, one.starts), (at(0), at(900), 3, 1));
    assert_eq!((one.cpu_mean(), one.cpu_max), (13, 30));
    assert_eq!([one.memory_min, one.memory_mean(), one.memory_max], [80, 90, 100].map(|mb| mb * MB));
    assert_eq!((one.threads, one.open_files), (4, None));
}

#[test]
fn a_bucket_is_kept_with_its_first_sample_then_each_minute_and_when_it_is_over() {
    let mut recorder = UsageRecorder::default();
    let mut kept_at = |seconds| recorder.take(&sample(seconds, 1.0, 80)).map(|kept| kept.map(|one| one.samples));
    assert_eq!(kept_at(840), [None, Some(1)]);
    assert_eq!(kept_at(895), [None, None]);
    assert_eq!(kept_at(900), [Some(2), Some(1)]);
    assert_eq!(kept_at(905), [None, None]);
    assert_eq!(kept_at(960), [None, Some(3)]);
    assert_eq!(kept_at(1_800), [None, Some(1)], "what was kept whole is not kept again");
    assert_eq!(recorder.rest(), None);
    assert_eq!(recorder.take(&sample(1_805, 1.0, 80)), [None, None]);
    assert_eq!(recorder.rest().map(|rest| rest.samples), Some(2));
    assert_eq!(recorder.rest(), None);
}

#[test]
fn a_restart_in_the_middle_of_a_bucket_loses_what_was_not_kept_and_no_more() {
    let mut before = UsageRecorder::default();
    let saved = kept(&mut before, (0..100).step_by(5).map(|at| sample(at, 2.0, 80)));
    assert_eq!(saved[0].samples, 13, "a minute and its first sample");
    let mut after = UsageRecorder::from_past(saved.first().copied());
    let saved = kept(&mut after, [sample(110, 8.0, 120)]);
    assert_eq!((saved[0].samples, saved[0].cpu_max, saved[0].memory_min), (14, 80, 80 * MB));

    // One that is over is not gone on with, and neither is one of a clock that was set back since.
    for later in [2_000, 0] {
        let mut after = UsageRecorder::from_past(Some(bucket(950, 2.0, 80)));
        let saved = kept(&mut after, [sample(later, 8.0, 120)]);
        assert_eq!(saved, [bucket(later, 8.0, 120)]);
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_a_bucket_from_being_saved() {
    let mut recorder = UsageRecorder::default();
    let _first = recorder.take(&sample(800, 1.0, 80));
    assert!(recorder.take(&sample(10, 1.0, 80))[1].is_some());
}

#[test]
fn twenty_four_fine_buckets_are_one_coarse_one() {
    let fine: Vec<_> = (0..25).map(|n| bucket(n * 900, n as f32, 100 + n)).collect();
    let coarse = thin(&fine);
    let lies = |one: &UsageBucket| (one.step, one.from, one.samples);
    assert_eq!(
        coarse.iter().map(lies).collect::<Vec<_>>(),
        [(UsageStep::Coarse, at(0), 24), (UsageStep::Coarse, at(21_600), 1)]
    );
    assert_eq!((coarse[0].cpu_mean(), coarse[0].cpu_max), (115, 230));
    assert_eq!((coarse[0].memory_min, coarse[0].memory_max), (100 * MB, 123 * MB));
    assert_eq!(coarse[0].to(), coarse[1].from);
    assert!(thin(&[]).is_empty());
}

#[test]
fn a_mean_counts_each_sample_once_however_buckets_are_joined() {
    let mut busy = bucket(0, 100.0, 300);
    for at in 1..9 {
        busy.join(&bucket(at, 100.0, 300));
    }
    let coarse = thin(&[busy, bucket(900, 0.0, 100)]);
    assert_eq!((coarse[0].cpu_mean(), coarse[0].memory_mean()), (900, 280 * MB));
}

#[test]
fn where_nothing_ran_there_is_no_point() {
    let day = Duration::from_secs(24 * 3600);
    let buckets = [bucket(0, 2.0, 80), bucket(900, 4.0, 80), bucket(7_200, 6.0, 80)];
    let drawn = points(&buckets, at(0), at(0) + day);
    let places: Vec<_> = drawn.iter().map(|point| (point.at, point.span_ms, point.cpu_mean)).collect();
    assert_eq!(places, [(at(0), 900_000, 2.0), (at(900), 900_000, 4.0), (at(7_200), 900_000, 6.0)]);
    // Of a longer time, neighbours are one.
    let drawn = points(&buckets, at(0) - day * 6, at(0) + day);
    let places: Vec<_> = drawn.iter().map(|point| (point.at, point.span_ms, point.cpu_mean)).collect();
    assert_eq!(places, [(at(0), 3_600_000, 3.0), (at(7_200), 3_600_000, 6.0)]);
    // What is coarse already stays as it is.
    let drawn = points(&thin(&buckets), at(0), at(0) + day);
    assert_eq!(drawn.iter().map(|point| (point.at, point.span_ms)).collect::<Vec<_>>(), [(at(0), 21_600_000)]);
}

#[test]
fn a_range_has_what_touches_it_and_never_too_many_points() {
    let buckets: Vec<_> = (0..4_000).map(|n| bucket(n * 900, 1.0, 80)).collect();
    for hours in [1, 24, 74, 75, 7 * 24, 30 * 24, 35 * 24, 400 * 24] {
        let (from, to) = (at(100), at(100) + Duration::from_secs(hours * 3600));
        let drawn = points(&buckets, from, to);
        assert!((2..=MOST_POINTS).contains(&drawn.len()), "{hours} h: {}", drawn.len());
        assert!(drawn.windows(2).all(|pair| pair[0].at < pair[1].at));
        assert_eq!(drawn[0].at, at(0), "{hours} h");
    }
    assert_eq!(points(&buckets, at(899), at(900)).len(), 2);
    assert_eq!(points(&buckets, at(900), at(901)).len(), 1);
    assert!(points(&buckets, at(901), at(0)).is_empty());
}

#[test]
fn spans_are_parts_of_one_another() {
    for pair in SPANS.windows(2) {
        assert_eq!(millis(pair[1]) % millis(pair[0]), 0);
    }
}
