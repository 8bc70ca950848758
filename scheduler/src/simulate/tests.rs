//! The simulator: what can be counted by hand, what must hold of all runs, and that it is the same every time.
use super::{simulate, sweep, Case, Model, Work};
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::plan::{compile, compile_sized, CallSpec, Costs, Origin, PassCall, ResultSize, Source};
use crate::policy::{Policy, Schedule};
use proptest::prelude::*;

/// Passes over x (scoped, 1,000 bytes): `(elements, inputs' pass, sides' pass)`.
fn call(passes: &[(u64, Option<u32>, Option<u32>)], workers: u32) -> CallSpec {
    let pass = |(nth, &(elements, each, whole)): (usize, &(u64, Option<u32>, Option<u32>))| PassCall {
        sides: whole.into_iter().map(|pass| Source::Whole(PassId(pass))).collect(),
        policy: Policy::fixed(1),
        bytes: 64 * elements,
        ..PassCall::new(
            format!("p{nth}"),
            vec![each.map_or(Source::Data(ResourceId(0)), |pass| Source::Each(PassId(pass)))],
            elements,
        )
    };
    CallSpec::new(
        vec![Resource { name: "x".into(), bytes: 1_000, scope: Scope::Scoped }],
        passes.iter().enumerate().map(pass).collect(),
        vec![PassId(passes.len() as u32 - 1)],
        workers,
    )
}

/// Nothing costs anything but elements.
fn bare(work: Vec<Work>) -> Model {
    Model { work, sizes: Vec::new(), chunk_ns: 0, join_ns: 0, join_each_ns: 0, message_ns: 0, event_ns: 0 }
}

#[test]
fn a_run_that_can_be_counted_by_hand() {
    let costs = Costs::new(vec![5.0, 1.0, 1.0, 1.0, 4.0], Origin::Known, Some(1e6)).expect("costs");
    let plan = compile(call(&[(5, None, None)], 2)).expect("a plan");
    // Worker 0 takes 5; worker 1 takes 1, 1, 1, then 4.
    let run = simulate(&plan, &bare(vec![Work::Each(costs.clone())])).expect("a run");
    assert_eq!((run.makespan_ns, run.bound_ns, run.chunks), (7_000_000, 6_000_000, 5));
    assert_eq!(run.busy_ns, [5_000_000, 7_000_000]);
    assert!((run.efficiency - 12.0 / 14.0).abs() < 1e-9 && (run.idle - 2.0 / 14.0).abs() < 1e-9);
    // Each chunk costs 0.5 ms more, and the second worker comes 1 ms late; the last word travels 0.1 ms.
    let model = Model {
        chunk_ns: 500_000,
        join_each_ns: 1_000_000,
        message_ns: 100_000,
        ..bare(vec![Work::Each(costs)])
    };
    let run = simulate(&plan, &model).expect("a run");
    // Worker 0 is free at 5.5, takes the 4 at 5.5 since worker 1 ends 1, 1, 1 only then (2.5, 4, 5.5; it was asked later).
    assert_eq!(run.makespan_ns, 10_100_000);
    assert!((run.overhead - 2.5 / 20.2).abs() < 1e-9);
}

#[test]
fn stages_wait_for_each_other_and_memory_is_counted() {
    // b reads all of a; both take 10 ms on 2 workers.
    let plan = compile(call(&[(20, None, None), (20, None, Some(0))], 2)).expect("a plan");
    let run = simulate(&plan, &bare(vec![Work::Uniform(1e6), Work::Uniform(1e6)])).expect("a run");
    assert_eq!((run.makespan_ns, run.bound_ns), (20_000_000, 20_000_000));
    assert_eq!(run.peak_bytes, plan.peak_bytes());
    assert_eq!(run.peak_bytes, 1_000 + 2 * 20 * 64, "x and both results");
    // An element of 30 ms in each: they wait for each other, whatever the number of workers.
    let long = |at: usize| {
        let mut each = vec![1e6; 20];
        each[at] = 30e6;
        Work::Each(Costs::new(each, Origin::Known, None).expect("costs"))
    };
    let run = simulate(&plan, &bare(vec![long(0), long(5)])).expect("a run");
    assert_eq!(run.bound_ns, 60_000_000);
    assert!(run.makespan_ns >= run.bound_ns);
}

#[test]
fn passes_over_nothing_and_work_of_others() {
    let plan = compile(call(&[(0, None, None)], 3)).expect("a plan");
    let run = simulate(&plan, &Model::default()).expect("a run");
    assert_eq!((run.makespan_ns, run.chunks, run.bound_ns), (0, 0, 0));
    let plan = compile(call(&[(5, None, None)], 3)).expect("a plan");
    let costs = Costs::new(vec![1.0; 4], Origin::Known, None).expect("costs");
    let error = simulate(&plan, &Model::of(costs)).expect_err("others").to_string();
    assert!(error.contains("pass 'p0' goes over 5 elements, but the work of 4 is known"), "{error}");
}

#[test]
fn sixty_four_cores_bring_what_there_is_to_bring() {
    let mut spec = call(&[(6_400, None, None)], 1);
    spec.passes[0].policy = Policy::auto();
    let cases = [1, 2, 8, 64].map(|workers| Case { workers, policy: None });
    let model = Model { work: vec![Work::Uniform(1e6)], ..Model::default() };
    let runs = sweep(&spec, &cases, &model).expect("runs");
    for (run, case) in runs.iter().zip(cases) {
        assert_eq!(run.workers, case.workers);
        assert_eq!(run.bound_ns, 6_400_000_000 / u64::from(case.workers));
        assert!(run.ratio() < 1.03 && run.efficiency > 0.97, "{run:?}");
    }
    assert_eq!(runs, sweep(&spec, &cases, &model).expect("runs"), "the same every time");
    let refused = sweep(&spec, &[Case { workers: 2, policy: Some(Policy::of(Schedule::Profiled)) }], &model);
    assert!(refused.expect_err("no costs").to_string().contains("none are given"));
}

#[test]
fn ten_thousand_workers_are_simulated() {
    let plan = compile(call(&[(30_000, None, None)], 10_000)).expect("a plan");
    let model = Model { work: vec![Work::Uniform(1e9)], ..Model::default() };
    let run = simulate(&plan, &model).expect("a run");
    assert_eq!((run.workers, run.chunks), (10_000, 30_000));
    assert!(run.ratio() < 1.05, "{}", run.ratio());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn all_is_run_once_and_time_adds_up(
        each in prop::collection::vec(0f32..5e6, 1..400), workers in 1u32..20, schedule in 0u32..7, chunk in 1u64..9,
    ) {
        let costs = Costs::new(each, Origin::Known, Some(1.0)).expect("costs");
        let schedule = Schedule::from_u32(schedule).expect("one of seven");
        let mut spec = call(&[(costs.each().len() as u64, None, None)], workers);
        (spec.passes[0].costs, spec.passes[0].policy) = (Some(costs.clone()), Policy { chunk, ..Policy::of(schedule) });
        let plan = compile(spec).expect("a plan");
        let run = simulate(&plan, &Model::of(costs.clone())).expect("a run");
        let busy: u64 = run.busy_ns.iter().sum();
        prop_assert!((busy as f64 - costs.total()).abs() <= f64::from(workers) + 1e-6 * costs.total());
        prop_assert!(run.makespan_ns >= run.bound_ns);
        prop_assert!((run.efficiency + run.idle + run.overhead - 1.0).abs() < 1e-6, "{:?}", run);
        prop_assert_eq!(run.peak_bytes >= 1_000 + 64 * costs.each().len() as u64, true);
    }
}

#[test]
fn what_waits_for_a_stage_begins_when_that_is_through() {
    // a over 2 elements and b over 40, of 0.1 s each; c reads a, and its one element takes 2 s.
    let passes = [(2, None, None), (40, None, None), (1, None, Some(0))];
    let plan = compile(CallSpec { gather: vec![PassId(1), PassId(2)], ..call(&passes, 2) }).expect("a plan");
    let work = vec![Work::Uniform(1e8), Work::Uniform(1e8), Work::Uniform(2e9)];
    let run = simulate(&plan, &bare(work)).expect("a run");
    assert!(run.makespan_ns <= 3_200_000_000, "c began only when b was through: {} ns", run.makespan_ns);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_plan_foretells_the_memory_of_its_run(
        passes in prop::collection::vec((1u64..300, 0u64..20_000, 0usize..5, 1u64..40), 1..5),
        workers in 1u32..9,
    ) {
        // Each pass waits for the one before, so that no two stages overlap.
        let chain = passes.iter().enumerate().map(|(nth, &(elements, ..))| (elements, None, (nth as u32).checked_sub(1)));
        let mut spec = call(&chain.collect::<Vec<_>>(), workers);
        let schedules = [Schedule::Static, Schedule::Guided, Schedule::Factoring, Schedule::Fixed, Schedule::Auto];
        for (pass, &(.., schedule, chunk)) in spec.passes.iter_mut().zip(&passes) {
            pass.policy = Policy { chunk, ..Policy::of(schedules[schedule]) };
        }
        let sizes = passes.iter().map(|&(elements, each, ..)| Some(ResultSize::of_each(elements, each)));
        let model = Model { sizes: sizes.collect(), ..Model::default() };
        let plan = compile_sized(spec, &model.sizes).expect("a plan");
        let run = simulate(&plan, &model).expect("a run");
        prop_assert!(run.peak_bytes <= plan.peak_bytes(), "{} bytes, {} foretold", run.peak_bytes, plan.peak_bytes());
        let by_time = |pass: &PassCall| pass.policy.schedule == Schedule::Auto;
        if !plan.spec().passes.iter().any(by_time) {
            prop_assert_eq!(run.peak_bytes, plan.peak_bytes());
        }
    }
}
