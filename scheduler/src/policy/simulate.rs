//! Makespans by simulation: workers with a virtual clock take bites of elements whose cost is known, and the end is held
//! against a bound that no schedule can beat: the larger of all work shared evenly and the longest element.
use super::{log_capacity, next_bite, Policy, Schedule, Stats};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a chunk costs besides its elements.
const CHUNK_NS: u64 = 20_000;

struct Simulated {
    makespan_ns: u64,
    chunks: u64,
}

/// Runs `costs` (nanoseconds an element) on `workers` workers. O(N + chunks log P).
fn simulate(policy: &Policy, costs: &[u64], workers: u32) -> Simulated {
    let room = u64::from(log_capacity(policy, costs.len() as u64, workers));
    let mut stats = Stats { workers: u64::from(workers), ..Stats::default() };
    // When each worker is free, and what it then has done.
    let mut free: BinaryHeap<Reverse<(u64, u32, u64, u64)>> =
        (0..workers).map(|id| Reverse((0, id, 0, 0))).collect();
    let mut next = 0;
    let mut makespan_ns = 0;
    while let Some(Reverse((now, id, elements, ns))) = free.pop() {
        makespan_ns = makespan_ns.max(now);
        stats.done_elements += elements;
        stats.done_ns += ns;
        stats.remaining = (costs.len() - next) as u64;
        stats.entries_left = room - stats.claimed_chunks;
        if stats.remaining > 0 {
            let bite = next_bite(policy, &stats) as usize;
            let ns: u64 = costs[next..next + bite].iter().sum();
            next += bite;
            stats.claimed_chunks += 1;
            free.push(Reverse((now + CHUNK_NS + ns, id, bite as u64, ns)));
        }
    }
    assert_eq!(stats.done_elements, costs.len() as u64);
    Simulated { makespan_ns, chunks: stats.claimed_chunks }
}

/// No schedule ends before this.
fn bound(costs: &[u64], workers: u32) -> u64 {
    let all: u64 = costs.iter().sum();
    all.div_ceil(u64::from(workers)).max(costs.iter().copied().max().unwrap_or(0))
}

/// Numbers between 0 and 1 that look random and are the same every time (SplitMix64).
fn noise(seed: u64) -> impl Iterator<Item = f64> {
    (1..).map(move |step: u64| {
        let mut word = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

/// PEERS' row D: ten elements of 20 ms first, then 990 of 0.2 ms.
fn skewed() -> Vec<u64> {
    [vec![20_000_000; 10], vec![200_000; 990]].concat()
}

/// Shapes of cost, each with its name.
fn shapes() -> Vec<(&'static str, Vec<u64>)> {
    let exponential = |mean: f64| move |u: f64| (-mean * (1.0 - u).ln()) as u64;
    // Pareto with exponent 2, cut at a hundred times its least.
    let pareto = |least: f64| move |u: f64| (least / (1.0 - u).sqrt()).min(100.0 * least) as u64;
    let mut late = skewed();
    late.reverse();
    vec![
        ("constant 1 ms", vec![1_000_000; 2_000]),
        ("constant 10 us", vec![10_000; 100_000]),
        ("constant 0.5 us", vec![500; 2_000_000]),
        ("constant 100 ms", vec![100_000_000; 480]),
        ("rising", (1..=4_000).map(|i| i * 500).collect()),
        ("falling", (1..=4_000).rev().map(|i| i * 500).collect()),
        ("exponential", noise(1).map(exponential(500_000.0)).take(4_000).collect()),
        ("Pareto", noise(2).map(pareto(100_000.0)).take(10_000).collect()),
        ("row D", skewed()),
        ("row D backwards", late),
    ]
}

#[test]
fn auto_is_within_a_tenth_of_the_bound() {
    for (name, costs) in shapes() {
        for workers in [1, 2, 4, 8] {
            let run = simulate(&Policy::auto(), &costs, workers);
            let bound = bound(&costs, workers);
            let ratio = run.makespan_ns as f64 / bound as f64;
            println!("{name}, {workers} workers: {ratio:.3} of the bound, {} chunks", run.chunks);
            // Where a worker's whole share is some elements or some bites of 50 ms, their grain shows.
            let grain = (costs.iter().max().expect("elements") + 2_000_000) as f64 / bound as f64;
            assert!(ratio <= 1.1f64.max(1.0 + grain), "{name} on {workers}: {ratio:.3} of the bound");
        }
    }
}

#[test]
fn auto_on_the_peers_skewed_row_is_within_a_tenth() {
    for costs in [skewed(), skewed().into_iter().rev().collect()] {
        let run = simulate(&Policy::auto(), &costs, 2);
        let ratio = run.makespan_ns as f64 / bound(&costs, 2) as f64;
        assert!(ratio <= 1.1, "{ratio:.3}");
        let fixed = simulate(&Policy::of(Schedule::Static), &costs, 2);
        assert!(
            fixed.makespan_ns > run.makespan_ns,
            "static halves are worse: the row tells schedules apart"
        );
    }
}

#[test]
fn auto_spends_little_on_chunks() {
    // A million elements of half a microsecond: the chunks' own cost stays below 5 % of the work.
    let costs = vec![500; 1_000_000];
    let run = simulate(&Policy::auto(), &costs, 4);
    assert!(run.chunks * CHUNK_NS < 500 * 1_000_000 / 20, "{} chunks", run.chunks);
}

#[test]
fn a_slow_first_element_does_not_spoil_the_rest() {
    // The first call compiles, loads packages, touches memory: 80 ms instead of 10 us, on each worker.
    let mut costs = vec![10_000; 200_000];
    costs[..4].fill(80_000_000);
    let run = simulate(&Policy::auto(), &costs, 4);
    let ratio = run.makespan_ns as f64 / bound(&costs, 4) as f64;
    assert!(ratio <= 1.1, "{ratio:.3} with {} chunks", run.chunks);
}
