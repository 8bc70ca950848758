//! What the scheduler itself costs: `cargo bench --package memshare-scheduler`. Prints a table for `docs/measurements.md`; each
//! figure is the best of some runs, since what disturbs a measurement only ever adds to it. A result that is wrong ends it.
//!
//! "Core alone" is a run whose workers finish at once, on the virtual clock: plan, core, board, policy, and the simulator's
//! own queue. What a claim costs between threads is measured beside the board (`board/tests/threads.rs`).
use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId};
use scheduler::plan::{compile, CallSpec, Costs, Origin, PassCall, Plan, Source};
use scheduler::policy::Policy;
use scheduler::simulate::{simulate, Model, Work};
use std::time::{Duration, Instant};

fn pass(nth: u32, inputs: Vec<Source>, sides: Vec<Source>, elements: u64, policy: Policy) -> PassCall {
    PassCall { sides, policy, bytes: 8 * elements, ..PassCall::new(format!("p{nth}"), inputs, elements) }
}

fn call(passes: Vec<PassCall>, workers: u32, fuse: bool) -> CallSpec {
    let resources = vec![Resource { name: "x".into(), bytes: 1_000, scope: Scope::Scoped }];
    let gather = vec![PassId(passes.len() as u32 - 1)];
    CallSpec { fuse, ..CallSpec::new(resources, passes, gather, workers) }
}

fn one_pass(elements: u64, policy: Policy, workers: u32) -> CallSpec {
    call(vec![pass(0, vec![Source::Data(ResourceId(0))], vec![], elements, policy)], workers, true)
}

/// The best time of `runs`.
fn best<T>(runs: u32, mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut best: Option<(Duration, T)> = None;
    for _ in 0..runs {
        let clock = Instant::now();
        let result = run();
        let time = clock.elapsed();
        if best.as_ref().is_none_or(|(least, _)| time < *least) {
            best = Some((time, result));
        }
    }
    best.expect("at least one run")
}

fn line(what: &str, time: Duration, each: &str, count: u64) {
    println!("{what:<58} {time:>12.3?}   {:>9.3} us {each}", time.as_secs_f64() * 1e6 / count as f64);
}

fn plans() {
    let uneven: Vec<f32> = (0..1_000_000u32).map(|i| (i % 1_000) as f32).collect();
    let spec = one_pass(1_000_000, Policy::auto(), 8);
    let (time, _) = best(20, || compile(spec.clone()).expect("a plan"));
    line("plan of 1,000,000 elements", time, "an element", 1_000_000);
    let (time, costs) = best(20, || Costs::new(uneven.clone(), Origin::Known, None).expect("costs"));
    line("costs of 1,000,000 elements, taken in", time, "an element", 1_000_000);
    let mut spec = spec;
    spec.passes[0].costs = Some(costs);
    let (time, plan) = best(20, || compile(spec.clone()).expect("a plan"));
    assert!(plan.stages()[0].pieces.len() > 100);
    line("plan of 1,000,000 elements with costs, cut into pieces", time, "an element", 1_000_000);
}

/// The wall time of a run whose workers finish at once.
fn at_once(plan: &Plan) -> (Duration, u64) {
    let model =
        Model { work: vec![Work::Uniform(0.0); plan.spec().passes.len()], chunk_ns: 0, ..Model::default() };
    let (time, run) = best(3, || simulate(plan, &model).expect("a run"));
    (time, run.chunks)
}

fn core_alone() {
    for tasks in [10_000, 100_000, 1_000_000] {
        let plan = compile(one_pass(tasks, Policy::fixed(1), 8)).expect("a plan");
        let (time, chunks) = at_once(&plan);
        assert_eq!(chunks, tasks);
        line(&format!("core alone, {tasks} tasks of one pass"), time, "a task", tasks);
    }
}

fn many_passes() {
    type Shape = (&'static str, bool, fn(u32) -> (Vec<Source>, Vec<Source>));
    let shapes: [Shape; 4] = [
        ("a chain, element by element, fused", true, |nth| match nth {
            0 => (vec![Source::Data(ResourceId(0))], vec![]),
            _ => (vec![Source::Each(PassId(nth - 1))], vec![]),
        }),
        ("a chain, element by element, apart", false, |nth| match nth {
            0 => (vec![Source::Data(ResourceId(0))], vec![]),
            _ => (vec![Source::Each(PassId(nth - 1))], vec![]),
        }),
        ("a chain of wholes", true, |nth| match nth {
            0 => (vec![Source::Data(ResourceId(0))], vec![]),
            _ => (vec![Source::Data(ResourceId(0))], vec![Source::Whole(PassId(nth - 1))]),
        }),
        ("side by side", false, |_| (vec![Source::Data(ResourceId(0))], vec![])),
    ];
    for (name, fuse, shape) in shapes {
        for count in [100u32, 1_000, 10_000] {
            let passes = (0..count)
                .map(|nth| {
                    let (inputs, sides) = shape(nth);
                    pass(nth, inputs, sides, 4, Policy::fixed(1))
                })
                .collect();
            let spec = call(passes, 2, fuse);
            let (time, plan) = best(2, || compile(spec.clone()).expect("a plan"));
            line(&format!("plan of {count} passes: {name}"), time, "a pass", u64::from(count));
            let (time, chunks) = at_once(&plan);
            line(&format!("core alone, {count} passes: {name}"), time, "a task", chunks);
        }
    }
}

fn thousands_of_workers() {
    for (workers, tasks) in [(1_000, 1_000_000), (10_000, 1_000_000)] {
        let plan = compile(one_pass(tasks, Policy::fixed(1), workers)).expect("a plan");
        let model = Model { work: vec![Work::Uniform(1e6)], ..Model::default() };
        let (time, run) = best(2, || simulate(&plan, &model).expect("a run"));
        assert_eq!(run.chunks, tasks);
        line(&format!("simulated: {tasks} tasks of 1 ms on {workers} workers"), time, "a task", tasks);
        let auto = compile(one_pass(tasks, Policy::auto(), workers)).expect("a plan");
        let (time, run) = best(2, || simulate(&auto, &model).expect("a run"));
        let ratio = run.ratio();
        line(&format!("  the same, auto: {ratio:.3} of the bound"), time, "a chunk", run.chunks);
    }
}

fn main() {
    // `cargo test --benches` asks for a list of tests; there are none.
    if std::env::args().any(|word| word == "--list" || word == "--test") {
        return;
    }
    plans();
    core_alone();
    many_passes();
    thousands_of_workers();
}
