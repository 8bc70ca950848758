//! Bites by table, and what holds for all of them.
use super::{extra_capacity, log_capacity, next_bite, Policy, Schedule, Stats, Timed};
use proptest::prelude::*;

/// Room without end, four workers.
fn stats(remaining: u64, claimed_chunks: u64) -> Stats {
    Stats { remaining, workers: 4, claimed_chunks, entries_left: u64::MAX, ..Stats::default() }
}

/// As [`stats`], with `elements` done at `each_ns` in one bite.
fn measured(remaining: u64, claimed_chunks: u64, elements: u64, each_ns: u64) -> Stats {
    let mut timed = Timed::default();
    timed.add(elements, elements * each_ns);
    Stats { done_elements: elements, timed, ..stats(remaining, claimed_chunks) }
}

#[test]
fn big_results_keep_bites_small() {
    let cheap = measured(1_000, 20, 10, 1_000);
    assert!(next_bite(&Policy::auto(), &cheap) > 100);
    let big = Stats { done_bytes: 10 << 20, ..cheap };
    assert_eq!(next_bite(&Policy::auto(), &big), 4, "four elements of a megabyte each");
}

#[test]
fn the_simple_schedules_by_table() {
    let size = |schedule, stats: Stats| next_bite(&Policy::of(schedule), &stats);
    assert_eq!(size(Schedule::Static, stats(10, 0)), 3);
    assert_eq!(size(Schedule::Static, stats(7, 1)), 3);
    assert_eq!(size(Schedule::Static, stats(4, 2)), 2);
    assert_eq!(size(Schedule::Static, stats(2, 3)), 2);
    assert_eq!(size(Schedule::Guided, stats(100, 0)), 25);
    assert_eq!(size(Schedule::Guided, stats(3, 9)), 1);
    assert_eq!(size(Schedule::Factoring, stats(100, 0)), 13);
    assert_eq!(next_bite(&Policy { chunk: 30, ..Policy::of(Schedule::Factoring) }, &stats(100, 0)), 30);
    assert_eq!(next_bite(&Policy::fixed(7), &stats(100, 3)), 7);
    assert_eq!(next_bite(&Policy::fixed(7), &stats(5, 3)), 5);
    assert_eq!(next_bite(&Policy::fixed(0), &stats(5, 0)), 1);
    for schedule in (0..7).map(|number| Schedule::from_u32(number).expect("one of seven")) {
        assert_eq!(size(schedule, stats(0, 0)), 0, "nothing is left");
        assert_eq!(Schedule::from_u32(schedule as u32), Some(schedule));
    }
    assert_eq!(Schedule::from_u32(7), None);
}

#[test]
fn auto_probes_then_grows_then_shrinks() {
    let auto = Policy::auto();
    assert_eq!(next_bite(&auto, &stats(100_000, 0)), 1, "the first of each worker");
    assert_eq!(next_bite(&auto, &stats(100_000, 3)), 1);
    assert_eq!(next_bite(&auto, &stats(100_000, 5)), 1, "nothing is known yet");
    // 1 us each: fourfold a round while that lasts less than 2 ms.
    assert_eq!(next_bite(&auto, &measured(100_000, 4, 4, 1_000)), 4);
    assert_eq!(next_bite(&auto, &measured(100_000, 8, 20, 1_000)), 16);
    assert_eq!(next_bite(&auto, &measured(100_000, 20, 3_000, 1_000)), 1_024);
    // Then R / 2P.
    assert_eq!(next_bite(&auto, &measured(96_000, 24, 4_000, 1_000)), 12_000);
    // Never less than lasts 0.3 ms (but 60 us at last), nor more than lasts 50 ms.
    assert_eq!(next_bite(&auto, &measured(8_000, 40, 99_200, 1_000)), 1_000);
    assert_eq!(next_bite(&auto, &measured(800, 40, 99_200, 1_000)), 100);
    assert_eq!(next_bite(&auto, &measured(80, 40, 99_200, 1_000)), 60);
    assert_eq!(next_bite(&auto, &measured(9_000_000, 40, 1_000_000, 1_000)), 50_000);
    // 20 ms each: two at a time are enough, and one when few are left.
    assert_eq!(next_bite(&auto, &measured(1_000, 4, 4, 20_000_000)), 2);
    assert_eq!(next_bite(&auto, &measured(8, 8, 8, 20_000_000)), 1);
    // An hour each; a clock that stands still.
    assert_eq!(next_bite(&auto, &measured(1_000, 4, 4, 3_600_000_000_000)), 1);
    assert_eq!(next_bite(&auto, &measured(1_000, 8, 8, 0)), 16);
}

#[test]
fn a_short_log_makes_bites_larger_but_not_the_probes() {
    let auto = Policy::auto();
    let short = |remaining, claimed, entries_left| Stats { entries_left, ..stats(remaining, claimed) };
    assert_eq!(next_bite(&auto, &short(1_000, 0, 100)), 1);
    assert_eq!(next_bite(&auto, &short(1_000, 4, 100)), 20);
    assert_eq!(next_bite(&auto, &short(1_000, 50, 1)), 1_000);
    assert_eq!(next_bite(&Policy::fixed(3), &short(1_000, 0, 100)), 10);
    assert_eq!(
        next_bite(&Policy::fixed(3), &short(10, 0, 4)),
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
    assert!(extra_capacity(1) >= 100 && extra_capacity(u32::MAX) > 0);
}

proptest! {
    #[test]
    fn a_bite_is_never_nothing_and_never_more_than_is_left(
        schedule in 0u32..7, chunk in any::<u64>(), times in any::<[u64; 3]>(),
        remaining in 1u64..1 << 40, workers in 0u64..2_000, claimed in any::<u64>(), entries in any::<u64>(),
        done in any::<[u64; 2]>(), sums in any::<[u64; 6]>(), square in any::<f64>(),
    ) {
        let schedule = Schedule::from_u32(schedule).expect("one of seven");
        let [shortest_ns, longest_ns, probe_ns] = times;
        let policy = Policy { schedule, chunk, shortest_ns, longest_ns, probe_ns };
        let [done_elements, done_bytes] = done;
        let [bites, elements, ns, inverse, rate, least_ns] = sums;
        let timed = Timed { bites, elements, ns, inverse, rate, square, least_ns };
        let (claimed_chunks, entries_left) = (claimed, entries);
        let stats = Stats { remaining, workers, claimed_chunks, entries_left, done_elements, done_bytes, timed };
        let bite = next_bite(&policy, &stats);
        prop_assert!((1..=remaining).contains(&bite));
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
            let bite = next_bite(&policy, &stats);
            // Uneven times, so that variances and overheads come in.
            timed.add(bite, bite * each_ns * (1 + claimed % 3) + 20_000);
            left -= bite;
            claimed += 1;
        }
    }
}
