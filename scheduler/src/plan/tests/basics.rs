//! From a call to tasks, and what is refused.
use super::{chain, plan, sketch, stages};
use crate::board::MAX_WORKERS;
use crate::graph::{Scope, TaskKind};
use crate::id::{PassId, ResourceId, StageId};
use crate::plan::{compile, CallSpec, Lifetime, Plan, Source};

fn labels(plan: &Plan) -> Vec<&str> {
    let graph = plan.graph();
    graph.order().iter().map(|task| graph.tasks()[task.index()].label.as_str()).collect()
}

#[test]
fn a_chain_of_passes_becomes_tasks_in_order() {
    let plan = compile(CallSpec { fuse: false, ..chain() }).expect("a plan");
    let expected = [
        "share X",
        "map mu",
        "map s",
        "map z",
        "gather z",
        "release X",
        "release mu",
        "release s",
        "release z",
    ];
    assert_eq!(labels(&plan), expected);
    let step = |stage: usize| plan.graph().step(plan.stages()[stage].task);
    assert_eq!(step(0), step(1), "side by side");
    let life = |born, last| Lifetime { born: Some(born), last_use: Some(last) };
    assert_eq!(plan.lifetimes(), [life(0, 2), life(1, 2), life(1, 2), life(2, 3)]);
    assert_eq!(plan.peak_bytes(), 1_430);
    assert_eq!((plan.workers(), plan.stage(StageId(3))), (4, None));
}

#[test]
fn passes_over_one_collection_become_one_task() {
    let plan = compile(chain()).expect("a plan");
    let expected =
        ["share X", "map mu + s", "map z", "gather z", "release X", "release mu", "release s", "release z"];
    assert_eq!(labels(&plan), expected);
    assert_eq!(plan.peak_bytes(), 1_430);
    let first = plan.stage(StageId(0)).expect("a stage");
    assert_eq!((first.board.steps, first.board.outputs, first.board.align), (2, 2, 1));
    assert_eq!(plan.result_of(PassId(1)).and_then(|made| plan.maker_of(made)), Some((StageId(0), 1)));
    assert_eq!(plan.maker_of(ResourceId(0)), None, "X is given");
}

#[test]
fn what_stays_in_its_stage_has_no_page() {
    let plan = plan(
        "a 100: X
         b 100: .a
         c 100: .b",
    );
    assert_eq!(stages(&plan), "a+b+c");
    let made = [0, 1, 2].map(|pass| plan.result_of(PassId(pass)));
    assert_eq!(made, [None, None, Some(ResourceId(1))]);
    assert_eq!(plan.peak_bytes(), 1_800, "X and what is wanted");
    assert_eq!(labels(&plan), ["share X", "map a + b + c", "gather c", "release X", "release c"]);
}

#[test]
fn a_pass_that_nobody_reads_runs_for_what_it_does_besides() {
    let mut spec = sketch(
        "a 100: X
         b 100: .a",
    );
    spec.gather.clear();
    let plan = compile(spec).expect("a plan");
    assert_eq!((stages(&plan).as_str(), plan.stages()[0].outputs.as_slice()), ("a+b", &[PassId(1)][..]));
    assert_eq!(labels(&plan), ["share X", "map a + b", "release X", "release b"]);
}

#[test]
fn passes_may_be_named_in_any_order() {
    let reversed = sketch(
        "z 100: X / *mu *s =400
         s 100: X =20
         mu 100: X =10",
    );
    let reversed = CallSpec { gather: vec![PassId(0)], ..reversed };
    for fuse in [true, false] {
        let plan = compile(CallSpec { fuse, ..reversed.clone() }).expect("a plan");
        let step = |pass: u32| {
            let of = |stage: &&crate::plan::Stage| stage.passes.contains(&PassId(pass));
            plan.graph().step(plan.stages().iter().find(of).expect("every pass has one").task)
        };
        assert_eq!((step(0), step(1), step(2)), (2, 1, 1));
        assert_eq!(plan.peak_bytes(), 1_430);
    }
}

#[test]
fn a_pinned_variable_is_neither_shared_nor_released() {
    let mut spec = chain();
    spec.resources[0].scope = Scope::Pinned;
    let plan = compile(spec).expect("a plan");
    let about_x =
        |kind: TaskKind| matches!(kind, TaskKind::Share(r) | TaskKind::Release(r) if r == ResourceId(0));
    assert!(!plan.graph().tasks().iter().any(|task| about_x(task.kind)));
    assert_eq!(plan.lifetimes()[0], Lifetime { born: None, last_use: Some(1) });
    assert_eq!(plan.peak_bytes(), 430);
}

#[test]
fn what_cannot_run_is_refused_with_its_name() {
    let refused = |change: fn(&mut CallSpec), word: &str| {
        let mut spec = chain();
        change(&mut spec);
        let error = compile(spec).expect_err(word);
        assert_eq!(error.kind(), "plan");
        assert!(error.to_string().contains(word), "{error}");
    };
    refused(|spec| spec.workers = 0, "0 workers");
    refused(|spec| spec.workers = MAX_WORKERS + 1, "16385 workers");
    refused(|spec| spec.passes[1].elements = 1 << 40, "pass 's' has 1099511627776 elements");
    refused(|spec| spec.passes[1].inputs = vec![Source::Data(ResourceId(9))], "pass 's' reads Data");
    refused(|spec| spec.passes[1].sides = vec![Source::Whole(PassId(9))], "pass 's' reads Whole");
    refused(|spec| spec.passes[0].phase = 1, "which is of a later phase");
    refused(|spec| spec.passes[1].inputs.clear(), "pass 's' has 0 levels and 0 inputs");
    refused(|spec| spec.passes[1].levels = 16, "pass 's' has 16 levels");
    refused(|spec| spec.passes[1].sides = vec![Source::Each(PassId(0))], "pass 's' reads a single element");
    refused(
        |spec| {
            spec.passes[0].elements = 99;
            spec.passes[1].inputs = vec![Source::Each(PassId(0))];
        },
        "pass 's' goes over 100 elements, but 'mu' has 99 results",
    );
    refused(
        |spec| {
            spec.passes[0].levels = 1;
            spec.passes[1].inputs = vec![Source::Each(PassId(0))];
        },
        "pass 's' goes over 100 elements, but 'mu' has 7 results",
    );
    refused(|spec| spec.passes[0].sides = vec![Source::Whole(PassId(2))], "waits for itself: mu <-> z");
    refused(|spec| spec.passes[0].inputs = vec![Source::Each(PassId(0))], "waits for itself: mu");
    refused(|spec| spec.gather = vec![PassId(2), PassId(2)], "'z' is wanted twice");
    refused(|spec| spec.gather = vec![PassId(8)], "pass 8 is wanted, which does not exist");
    refused(|spec| spec.passes[1].bytes = u64::MAX, "2^64");
}

#[test]
fn a_variable_used_twice_by_a_pass_counts_once() {
    let mut spec = chain();
    let (x, mu, s) = (Source::Data(ResourceId(0)), Source::Whole(PassId(0)), Source::Whole(PassId(1)));
    spec.passes[2].sides = vec![mu, x, mu, s];
    assert_eq!(
        compile(spec).expect("a plan").graph().dependences(),
        compile(chain()).expect("a plan").graph().dependences()
    );
}

#[test]
fn a_plan_goes_over_the_wire_and_is_checked_on_arrival() {
    let config = bincode::config::standard();
    let plan = compile(chain()).expect("a plan");
    let bytes = bincode::serde::encode_to_vec(&plan, config).expect("bytes");
    let (back, _): (Plan, usize) = bincode::serde::decode_from_slice(&bytes, config).expect("a plan");
    assert_eq!(back, plan);
    assert_eq!(back.graph().tasks(), plan.graph().tasks());
    assert_eq!(back.graph().resources(), plan.graph().resources());
    assert_eq!(back.stages(), plan.stages());
    assert_eq!(
        back.board_spec(b"x").bytes().expect("a shape"),
        plan.board_spec(b"x").bytes().expect("a shape")
    );

    let bad = CallSpec { workers: 0, ..chain() };
    let bytes = bincode::serde::encode_to_vec(&bad, config).expect("bytes");
    let error = bincode::serde::decode_from_slice::<Plan, _>(&bytes, config).expect_err("no workers");
    assert!(error.to_string().contains("0 workers"), "{error}");
}

#[test]
fn a_million_elements_cost_a_plan_nothing() {
    let mut spec = chain();
    spec.passes.iter_mut().for_each(|pass| pass.elements = 1_000_000);
    let clock = std::time::Instant::now();
    let plan = compile(spec).expect("a plan");
    assert_eq!(plan.graph().tasks().len(), 8);
    // Generous, for machines that do other things: it takes microseconds.
    assert!(clock.elapsed().as_millis() < 100);
}

#[test]
fn a_call_without_passes_is_a_plan_that_does_nothing() {
    let spec = CallSpec::new(vec![], vec![], vec![], 1);
    let plan = compile(spec).expect("a plan");
    assert_eq!((plan.graph().order().len(), plan.peak_bytes()), (0, 0));
}
