//! Makespans by simulation ([`crate::simulate`]): the schedules on shapes of cost, held against a bound that no schedule beats,
//! the larger of all work shared evenly and the longest element.
//!
//! Where an expensive element stands at the end and nobody knows it, no schedule that must take elements as they come attains
//! that bound. There the measure is the best of these: an ideal list schedule, which hands out single elements in order at no
//! cost ([`online`]).
use super::{Policy, Schedule};
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::plan::{CallSpec, Costs, Origin, PassCall, Source};
use crate::simulate::{sweep, Case, Model, Simulated};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Elements of a shape on that many workers; their mean is 0.5 ms, none is below 0.1 ms.
const ELEMENTS: usize = 20_000;

/// Numbers between 0 and 1 that look random and are the same every time (SplitMix64).
fn noise(seed: u64) -> impl Iterator<Item = f64> {
    (1..).map(move |step: u64| {
        let mut word = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    })
}

/// Row D of docs/benchmarks.md: ten elements of 20 ms first, then 990 of 0.2 ms.
fn skewed() -> Vec<f32> {
    [vec![20e6; 10], vec![200e3; 990]].concat()
}

fn reversed(mut costs: Vec<f32>) -> Vec<f32> {
    costs.reverse();
    costs
}

/// Both ways, each with its name.
fn rows() -> [(&'static str, Vec<f32>); 2] {
    [("row D", skewed()), ("row D backwards", reversed(skewed()))]
}

/// Shapes of cost in nanoseconds, each with its name.
fn shapes() -> Vec<(&'static str, Vec<f32>)> {
    let n = ELEMENTS;
    let ramp = |i: usize| 0.1e6 + 0.8e6 * i as f32 / n as f32;
    let exponential = |u: f64| (0.1e6 - 0.4e6 * (1.0 - u).ln()) as f32;
    // Pareto with exponent 2, cut at a hundred times its least.
    let pareto = |u: f64| (0.25e6 / (1.0 - u).sqrt()).min(25e6) as f32;
    let pareto: Vec<f32> = noise(2).map(pareto).take(n).collect();
    let mut sorted = pareto.clone();
    sorted.sort_by(f32::total_cmp);
    let mut straggler = vec![0.5e6; n];
    straggler[n - 1] = 100e6;
    vec![
        ("constant", vec![0.5e6; n]),
        ("rising", (0..n).map(ramp).collect()),
        ("falling", (0..n).rev().map(ramp).collect()),
        ("exponential", noise(1).map(exponential).take(n).collect()),
        ("Pareto", pareto),
        ("sorted up", sorted.clone()),
        ("sorted down", reversed(sorted)),
        ("periodic", (0..n).map(|i| if i % 100 < 10 { 3.2e6 } else { 0.2e6 }).collect()),
        ("straggler at the end", straggler),
    ]
}

fn known(costs: &[f32]) -> Costs {
    Costs::new(costs.to_vec(), Origin::Known, Some(1.0)).expect("costs")
}

/// A call over as many elements, with costs if they are to be known.
fn call(elements: u64, costs: Option<Costs>) -> CallSpec {
    let pass = PassCall {
        bytes: 8 * elements,
        costs,
        ..PassCall::new("f", vec![Source::Data(ResourceId(0))], elements)
    };
    let resources = vec![Resource { name: "x".into(), bytes: 0, scope: Scope::Pinned }];
    CallSpec::new(resources, vec![pass], vec![PassId(0)], 1)
}

/// A run of `costs` by a rule; `told` are the costs that the plan is told.
fn run(costs: &[f32], told: Option<Costs>, policy: Policy, workers: u32) -> Simulated {
    let model = Model::of(known(costs));
    let case = Case { workers, policy: Some(policy) };
    sweep(&call(costs.len() as u64, told), &[case], &model).expect("a run").remove(0)
}

fn auto(costs: &[f32], workers: u32) -> Simulated {
    run(costs, None, Policy::auto(), workers)
}

fn profiled(costs: &[f32], told: &[f32], workers: u32) -> Simulated {
    run(costs, Some(known(told)), Policy::auto(), workers)
}

/// The end of the best schedule that takes elements in order and knows nothing: single elements, at no cost.
fn online(costs: &[f32], workers: u32) -> f64 {
    let mut free: BinaryHeap<Reverse<u64>> = (0..workers).map(|_| Reverse(0)).collect();
    let mut end = 0;
    for &cost in costs {
        let Reverse(now) = free.pop().expect("workers");
        end = end.max(now + cost as u64);
        free.push(Reverse(now + cost as u64));
    }
    end as f64
}

#[test]
fn auto_is_within_a_twentieth_of_what_is_possible() {
    for (name, costs) in shapes().into_iter().chain(rows()) {
        for workers in [2, 8, 64] {
            let run = auto(&costs, workers);
            let possible = (run.bound_ns as f64).max(online(&costs, workers));
            let (ratio, of) = (run.makespan_ns as f64 / possible, run.ratio());
            println!(
                "{name} on {workers}: {ratio:.3} of what is possible, {of:.3} of the bound, {} chunks",
                run.chunks
            );
            assert!(ratio <= 1.05, "{name} on {workers}: {ratio:.3}");
            // Only what nobody can know beforehand keeps it from the bound itself.
            let knowable = possible <= 1.01 * run.bound_ns as f64;
            assert!(!knowable || of <= 1.05, "{name} on {workers}: {of:.3}");
        }
    }
}

#[test]
fn known_costs_are_within_three_hundredths_of_the_bound() {
    for (name, costs) in shapes() {
        for workers in [2, 8, 64] {
            let run = profiled(&costs, &costs, workers);
            println!("{name} on {workers}: {:.3} of the bound, {} chunks", run.ratio(), run.chunks);
            assert!(run.ratio() <= 1.03, "{name} on {workers}: {:.3}", run.ratio());
            assert_eq!(run.recuts, 0, "{name}: costs that are right are followed");
        }
    }
}

#[test]
fn the_peers_skewed_row_is_within_six_hundredths() {
    for costs in [skewed(), reversed(skewed())] {
        for run in [auto(&costs, 2), profiled(&costs, &costs, 2)] {
            println!("row D: {:.3} of the bound, {} chunks", run.ratio(), run.chunks);
            assert!(run.ratio() <= 1.06, "{:.3}", run.ratio());
        }
        let halves = run(&costs, None, Policy::of(Schedule::Static), 2);
        assert!(halves.ratio() > 1.3, "static halves are worse: the row tells schedules apart");
    }
}

#[test]
fn costs_that_mislead_cost_at_most_a_tenth() {
    for (name, costs) in shapes().into_iter().chain(rows()) {
        for workers in [2, 8, 64] {
            let blind = auto(&costs, workers);
            let wrong = profiled(&costs, &reversed(costs.clone()), workers);
            let ratio = wrong.makespan_ns as f64 / blind.makespan_ns as f64;
            println!("{name} on {workers}, told backwards: {ratio:.3} of auto, {} recuts", wrong.recuts);
            // A run of less than 0.1 s is over before it is noticed.
            assert!(ratio <= 1.1 || blind.makespan_ns < 100_000_000, "{name} on {workers}: {ratio:.3}");
        }
    }
}

#[test]
fn auto_spends_little_on_chunks() {
    // A million elements of half a microsecond: the chunks' own cost stays near 5 % of the work.
    let run = auto(&vec![500.0; 1_000_000], 4);
    assert!(run.overhead < 0.07, "{} chunks, {}", run.chunks, run.overhead);
}

#[test]
fn a_slow_first_element_does_not_spoil_the_rest() {
    // The first call compiles, loads packages, touches memory: 80 ms instead of 10 us, on each worker.
    let mut costs = vec![10e3; 200_000];
    costs[..4].fill(80e6);
    let run = auto(&costs, 4);
    assert!(run.ratio() <= 1.05, "{:.3} with {} chunks", run.ratio(), run.chunks);
}

/// The table of `docs/measurements.md`.
#[test]
#[ignore = "prints a table; run with --release -- --ignored --nocapture table_of_schedules"]
fn table_of_schedules() {
    use Schedule::{Adaptive, Auto, Factoring, Guided, Profiled, Static};
    println!(
        "| cost of elements | workers | static | guided | factoring | adaptive | auto | profiled | list |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let rows = shapes().into_iter().chain(rows());
    for (name, costs) in rows {
        for workers in [2, 8, 64] {
            let model = Model::of(known(&costs));
            let cases = [Static, Guided, Factoring, Adaptive, Auto]
                .map(|schedule| Case { workers, policy: Some(Policy::of(schedule)) });
            let mut runs = sweep(&call(costs.len() as u64, None), &cases, &model).expect("runs");
            let case = [Case { workers, policy: Some(Policy::of(Profiled)) }];
            runs.extend(sweep(&call(costs.len() as u64, Some(known(&costs))), &case, &model).expect("runs"));
            let cells: Vec<String> = runs.iter().map(|run| format!("{:.3}", run.ratio())).collect();
            let list = online(&costs, workers) / runs[0].bound_ns as f64;
            println!("| {name} | {workers} | {} | {list:.3} |", cells.join(" | "));
        }
    }
}
