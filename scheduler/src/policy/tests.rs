//! Chunks by table, and what holds for all of them.
use super::{appended_capacity, log_capacity, next_chunk, Policy, Schedule, Stats, Timed};
use proptest::prelude::*;

/// Room without end, four workers.
fn stats(remaining: u64, claimed_chunks: u64) -> Stats {
    Stats { remaining, workers: 4, claimed_chunks, entries_left: u64::MAX, ..Stats::default() }
}

/// As [`stats`], with `elements` done at `each_ns` in one chunk.
fn measured(remaining: u64, claimed_chunks: u64, elements: u64, each_ns: u64) -> Stats {
    let mut timed = Timed::default();
    timed.add(elements, elements * each_ns);
    Stats { done_elements: elements, timed, ..stats(remaining, claimed_chunks) }
}

#[test]
fn big_results_keep_bites_small() {
    let cheap = measured(1_000, 20, 10, 1_000);
    assert!(next_chunk(&Policy::auto(), &cheap) > 100);
    let big = Stats { done_bytes: 10 << 20, ..cheap };
    assert_eq!(next_chunk(&Policy::auto(), &big), 4, "four elements of a megabyte each");
}

#[test]
fn the_simple_schedules_by_table() {
    let size = |schedule, stats: Stats| next_chunk(&Policy::of(schedule), &stats);
    assert_eq!(size(Schedule::Static, stats(10, 0)), 3);
    assert_eq!(size(Schedule::Static, stats(7, 1)), 3);
    assert_eq!(size(Schedule::Static, stats(4, 2)), 2);
    assert_eq!(size(Schedule::Static, stats(2, 3)), 2);
    assert_eq!(size(Schedule::Guided, stats(100, 0)), 25);
    assert_eq!(size(Schedule::Guided, stats(3, 9)), 1);
    assert_eq!(size(Schedule::Factoring, stats(100, 0)), 13);
    assert_eq!(next_chunk(&Policy { chunk: 30, ..Policy::of(Schedule::Factoring) }, &stats(100, 0)), 30);
    assert_eq!(next_chunk(&Policy::fixed(7), &stats(100, 3)), 7);
    assert_eq!(next_chunk(&Policy::fixed(7), &stats(5, 3)), 5);
    assert_eq!(next_chunk(&Policy::fixed(0), &stats(5, 0)), 1);
    for schedule in (0..7).map(|number| Schedule::from_u32(number).expect("one of seven")) {
        assert_eq!(size(schedule, stats(0, 0)), 0, "nothing is left");
        assert_eq!(Schedule::from_u32(schedule as u32), Some(schedule));
    }
    assert_eq!(Schedule::from_u32(7), None);
}

#[test]
fn auto_probes_then_grows_then_shrinks() {
    let auto = Policy::auto();
    assert_eq!(next_chunk(&auto, &stats(100_000, 0)), 1, "the first of each worker");
    assert_eq!(next_chunk(&auto, &stats(100_000, 3)), 1);
    assert_eq!(next_chunk(&auto, &stats(100_000, 5)), 1, "nothing is known yet");
    // 1 us each: fourfold a round while that lasts less than 2 ms.
    assert_eq!(next_chunk(&auto, &measured(100_000, 4, 4, 1_000)), 4);
    assert_eq!(next_chunk(&auto, &measured(100_000, 8, 20, 1_000)), 16);
    assert_eq!(next_chunk(&auto, &measured(100_000, 20, 3_000, 1_000)), 1_024);
    // Then R / 2P.
    assert_eq!(next_chunk(&auto, &measured(96_000, 24, 4_000, 1_000)), 12_000);
    // Never less than lasts 0.3 ms (but 60 us at last), nor more than lasts 50 ms.
    assert_eq!(next_chunk(&auto, &measured(8_000, 40, 99_200, 1_000)), 1_000);
    assert_eq!(next_chunk(&auto, &measured(800, 40, 99_200, 1_000)), 100);
    assert_eq!(next_chunk(&auto, &measured(80, 40, 99_200, 1_000)), 60);
    assert_eq!(next_chunk(&auto, &measured(9_000_000, 40, 1_000_000, 1_000)), 50_000);
    // 20 ms each: two at a time are enough, and one when few are left.
    assert_eq!(next_chunk(&auto, &measured(1_000, 4, 4, 20_000_000)), 2);
    assert_eq!(next_chunk(&auto, &measured(8, 8, 8, 20_000_000)), 1);
    // An hour each; a clock that stands still.
    assert_eq!(next_chunk(&auto, &measured(1_000, 4, 4, 3_600_000_000_000)), 1);
    assert_eq!(next_chunk(&auto, &measured(1_000, 8, 8, 0)), 16);
}

#[test]
fn a_short_log_makes_bites_larger_but_not_the_probes() {
    let auto = Policy::auto();
    let short = |remaining, claimed, entries_left| Stats { entries_left, ..stats(remaining, claimed) };
    assert_eq!(next_chunk(&auto, &short(1_000, 0, 100)), 1);
    assert_eq!(next_chunk(&auto, &short(1_000, 31, 100)), 1);
    assert_eq!(next_chunk(&auto, &short(1_000, 32, 100)), 20);
    assert_eq!(next_chunk(&auto, &short(1_000, 50, 1)), 1_000);
    assert_eq!(next_chunk(&Policy::fixed(3), &short(1_000, 0, 100)), 10);
    assert_eq!(
        next_chunk(&Policy::fixed(3), &short(10, 0, 4)),
        3,
        "a log that is just long enough changes nothing"
    );
}

#[test]
fn logs_are_as_long_as_their_policy_needs() {
    assert_eq!(log_capacity(&Policy::auto(), 0, 2), 1);
    assert_eq!(log_capacity(&Policy::auto(), 2, 2), 2);
    assert_eq!(log_capacity(&Policy::auto(), 100_000, 2), 1024 + 128 + 6250);
    assert_eq!(log_capacity(&Policy::auto(), u64::MAX >> 24, 2), 1 << 16);
    assert_eq!(log_capacity(&Policy::of(Schedule::Static), 100_000, 8), 8);
    assert_eq!(log_capacity(&Policy::fixed(7), 100, 8), 15);
    assert_eq!(log_capacity(&Policy::fixed(1), 1 << 30, 8), 1 << 20);
    assert!(appended_capacity(1) >= 100 && appended_capacity(u32::MAX) > 0);
}

proptest! {
    #[test]
    fn a_bite_is_never_nothing_and_never_more_than_is_left(
        schedule in 0u32..7, chunk in any::<u64>(), times in any::<[u64; 3]>(),
        remaining in 1u64..1 << 40, workers in 0u64..2_000, claimed in any::<u64>(), entries in any::<u64>(),
        done in any::<[u64; 2]>(), sums in any::<[u64; 5]>(), square in any::<f64>(), least in any::<[f32; 2]>(),
    ) {
        let schedule = Schedule::from_u32(schedule).expect("one of seven");
        let [shortest_ns, longest_ns, probe_ns] = times;
        let policy = Policy { schedule, chunk, shortest_ns, longest_ns, probe_ns };
        let [done_elements, done_bytes] = done;
        let [chunks, elements, ns, inverse, rate] = sums;
        let [least_ns, least_rate] = least;
        let timed = Timed { chunks, elements, ns, inverse, rate, square, least_ns, least_rate };
        let (claimed_chunks, entries_left) = (claimed, entries);
        let stats = Stats { remaining, workers, claimed_chunks, entries_left, done_elements, done_bytes, timed };
        let chunk = next_chunk(&policy, &stats);
        prop_assert!((1..=remaining).contains(&chunk));
    }

    #[test]
    fn the_log_always_suffices(
        schedule in 0u32..6, chunk in 1u64..50, elements in 0u64..100_000, workers in 1u32..70, each_ns in 0u64..10_000_000,
        capacity in prop::option::of(1u64..200),
    ) {
        let policy = Policy { chunk, ..Policy::of(Schedule::from_u32(schedule).expect("one of seven")) };
        let mut left = elements;
        let room = capacity.unwrap_or_else(|| u64::from(log_capacity(&policy, elements, workers)));
        let mut claimed = 0;
        let mut timed = Timed::default();
        while left > 0 {
            prop_assert!(claimed < room, "{} elements fell out of the log", left);
            let stats = Stats {
                remaining: left, workers: u64::from(workers), claimed_chunks: claimed, entries_left: room - claimed,
                done_elements: elements - left, done_bytes: 0, timed,
            };
            let chunk = next_chunk(&policy, &stats);
            // Uneven times, so that variances and overheads come in.
            timed.add(chunk, chunk * each_ns * (1 + claimed % 3) + 20_000);
            left -= chunk;
            claimed += 1;
        }
    }
}

/// Chunks of these sizes whose elements take `each_ns`, every second one `more_ns` longer, and chunks `own_ns`.
fn timed(chunks: &[u64], own_ns: u64, each_ns: u64, more_ns: u64) -> Timed {
    let mut timed = Timed::default();
    for &n in chunks {
        timed.add(n, own_ns + n * each_ns + n / 2 * more_ns);
    }
    timed
}

#[test]
fn a_fit_tells_a_chunks_own_cost_from_its_elements() {
    let chunks = [1, 1, 4, 4, 16, 16, 64, 64, 256, 256];
    let fit = timed(&chunks, 20_000, 1_000, 0).fit().expect("a fit");
    let overhead = fit.overhead_ns.expect("enough chunks, not alike");
    assert!((overhead - 20_000.0).abs() < 200.0 && (fit.each_ns - 1_000.0).abs() < 5.0, "{fit:?}");
    assert!(fit.variance.sqrt() < 50.0, "{fit:?}");
    assert_eq!(timed(&chunks[..9], 20_000, 1_000, 0).fit().expect("a fit").overhead_ns, None, "too few");
    assert_eq!(timed(&[7; 50], 20_000, 1_000, 0).fit().expect("a fit").overhead_ns, None, "too much alike");
    assert_eq!(Timed::default().fit(), None);
    // Expensive elements in short chunks do not pass for expensive chunks: 20 us besides elements of 0.2 ms, then of 20 ms.
    let mut late = Timed::default();
    (0..500).for_each(|nth| late.add(1 + nth % 40, 20_000 + 200_000 * (1 + nth % 40)));
    (0..8).for_each(|_| late.add(1, 20_020_000));
    let overhead = late.fit().expect("a fit").overhead_ns.expect("enough chunks");
    assert!(overhead < 20_500.0, "{overhead}");
    // Elements that get cheaper look like chunks that cost much; no chunk costs more than the shortest chunk lasts.
    let mut falling = Timed::default();
    for n in 1..=20 {
        falling.add(n, 10_000_000 / n);
    }
    let overhead = falling.fit().expect("a fit").overhead_ns.expect("enough chunks");
    assert!((0.0..=500_000.0).contains(&overhead), "{overhead}");
}

#[test]
fn a_fit_finds_the_variance_of_elements() {
    // Chunks of n elements whose sums scatter as those of independent elements with standard deviation 1,000.
    let mut timed = Timed::default();
    let mut sign = 1.0;
    for n in [1u64, 4, 16, 64, 256].into_iter().cycle().take(1_000) {
        timed.add(n, (50_000.0 + 10_000.0 * n as f64 + sign * 1_000.0 * (n as f64).sqrt()) as u64);
        sign = -sign;
    }
    let deviation = timed.fit().expect("a fit").variance.sqrt();
    assert!((900.0..1_200.0).contains(&deviation), "{deviation}");
}

#[test]
fn adaptive_bites_by_the_formula() {
    use super::{factor::factor, Fit};
    let fit = |variance| Fit { overhead_ns: None, each_ns: 2.0, variance };
    assert_eq!(factor(&fit(0.0), 1_000, 4), 250, "without variance a worker's share");
    // D = 4 * 8 / 2 = 16, T = 2 / 4, TR = 500: (16 + 1000 - sqrt(256 + 32000)) / 4 = 209.1.
    assert_eq!(factor(&fit(8.0), 1_000, 4), 209);
    assert_eq!(factor(&fit(1e12), 1_000, 4), 0, "with much, single elements");
    let varied = Stats {
        timed: timed(&[1, 4, 16, 64, 256, 3, 9, 27, 81, 243], 0, 100_000, 900_000),
        ..stats(1_000, 40)
    };
    let even =
        Stats { timed: timed(&[1, 4, 16, 64, 256, 3, 9, 27, 81, 243], 0, 100_000, 0), ..stats(1_000, 40) };
    assert!(
        next_chunk(&Policy::of(Schedule::Adaptive), &varied)
            < next_chunk(&Policy::of(Schedule::Adaptive), &even)
    );
    assert_eq!(next_chunk(&Policy::of(Schedule::Adaptive), &stats(1_000, 2)), 1, "nothing is known yet");
}

#[test]
fn the_measured_cost_of_a_chunk_decides_how_short_bites_may_be() {
    let chunks = [1, 1, 4, 4, 16, 16, 64, 64, 256, 256];
    // The last 100 elements of 10 us on 4 workers: a half of a worker's share is 13.
    let chunk = |own_ns| {
        let known = Stats { timed: timed(&chunks, own_ns, 10_000, 0), ..stats(100, 400) };
        next_chunk(&Policy::auto(), &known)
    };
    assert_eq!(chunk(2_000), 13, "chunks that cost little");
    assert!(
        (30..=40).contains(&chunk(100_000)),
        "the last chunks are worth four times what a chunk costs: {}",
        chunk(100_000)
    );
}

#[test]
fn costs_mislead_when_most_of_the_time_is_elsewhere() {
    use super::{costs_deviate, CostDeviation};
    let deviation =
        CostDeviation { pieces: 20, cost: 100.0, ns: 1e6, off_ns: 5e5, elements: 100, waiting: 30 };
    assert!(costs_deviate(&deviation, 2));
    assert!(
        !costs_deviate(&CostDeviation { off_ns: 3e5, ..deviation }, 2),
        "a third off is better than nothing known"
    );
    assert!(
        !costs_deviate(&CostDeviation { pieces: 5, ..deviation }, 2) && !costs_deviate(&deviation, 64),
        "too few pieces to judge"
    );
    assert!(!costs_deviate(&CostDeviation { waiting: 0, ..deviation }, 2), "nothing is left to cut");
    assert!(!costs_deviate(&CostDeviation::default(), 1));
}

proptest! {
    #[test]
    fn what_is_cut_again_is_cut_once_and_fits(
        gaps in prop::collection::vec((0u64..500, 1u64..20_000), 1..40), workers in 1u32..70, shortest in 0u64..100,
        align in prop_oneof![Just(1u64), Just(16), Just(256)],
    ) {
        use super::{recut, recut_capacity};
        let mut at = 0;
        let mut ranges = Vec::new();
        for (gap, length) in gaps {
            let start = (at + gap).next_multiple_of(align);
            at = start + length;
            ranges.push((start, at));
        }
        let pieces = recut(&ranges, workers, align, shortest);
        let elements: u64 = ranges.iter().map(|(start, end)| end - start).sum();
        prop_assert!(pieces.len() <= recut_capacity(elements, workers) as usize + ranges.len(), "{}", pieces.len());
        prop_assert!(pieces.iter().all(|(start, end)| start < end && start % align == 0));
        // Joined again they are the ranges.
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (start, end) in pieces {
            match joined.last_mut() {
                Some((_, last)) if *last == start && !ranges.iter().any(|range| range.0 == start) => *last = end,
                _ => joined.push((start, end)),
            }
        }
        prop_assert_eq!(joined, ranges);
    }
}
