//! Calls that compile, calls that must not, and what a plan says of them.
use super::{compile, CallSpec, Lifetime, PassCall, Plan};
use crate::board::MAX_WORKERS;
use crate::graph::{Resource, Scope, TaskKind};
use crate::id::{PassId, ResourceId};
use crate::policy::Policy;

fn resource(name: &str, bytes: u64, scope: Scope) -> Resource {
    Resource { name: name.into(), bytes, scope }
}

fn pass(name: &str, collection: u32, sides: &[u32], output: u32) -> PassCall {
    PassCall {
        name: name.into(),
        collection: ResourceId(collection),
        sides: sides.iter().copied().map(ResourceId).collect(),
        output: ResourceId(output),
        elements: 100,
        policy: Policy::auto(),
    }
}

/// Section 8 of the design: mu and s over X, z from both. X is given in the call; only z is wanted.
fn chain() -> CallSpec {
    CallSpec {
        resources: vec![
            resource("X", 1_000, Scope::Scoped),
            resource("mu", 10, Scope::Scoped),
            resource("s", 20, Scope::Scoped),
            resource("z", 400, Scope::Scoped),
        ],
        passes: vec![pass("mu", 0, &[], 1), pass("s", 0, &[], 2), pass("z", 0, &[1, 2], 3)],
        gather: vec![ResourceId(3)],
        workers: 4,
    }
}

#[test]
fn a_chain_of_passes_becomes_tasks_in_order() {
    let plan = compile(chain()).expect("a plan");
    let labels: Vec<&str> =
        plan.graph().order().iter().map(|task| plan.graph().tasks()[task.index()].label.as_str()).collect();
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
    assert_eq!(labels, expected);
    assert_eq!(
        plan.graph().step(plan.passes()[0].task),
        plan.graph().step(plan.passes()[1].task),
        "side by side"
    );
    let life = |born, last| Lifetime { born: Some(born), last_use: Some(last) };
    assert_eq!(plan.lifetimes(), [life(0, 2), life(1, 2), life(1, 2), life(2, 3)]);
    assert_eq!(plan.peak_bytes(), 1_430);
    assert_eq!((plan.workers(), plan.pass(PassId(3))), (4, None));
}

#[test]
fn passes_may_be_named_in_any_order() {
    let mut spec = chain();
    spec.passes.reverse();
    let plan = compile(spec).expect("a plan");
    let map = |pass: usize| plan.graph().step(plan.passes()[pass].task);
    assert_eq!((map(0), map(1), map(2)), (2, 1, 1));
    assert_eq!(plan.peak_bytes(), 1_430);
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
fn a_resource_dies_at_its_last_reader() {
    // a -> b -> c -> d: each of 100 bytes, never more than two at a time.
    let resources = ["x", "a", "b", "c", "d"].map(|name| resource(name, 100, Scope::Scoped)).to_vec();
    let passes = (0..4).map(|nth| pass(&nth.to_string(), nth, &[], nth + 1)).collect();
    let spec = CallSpec { resources, passes, gather: vec![ResourceId(4)], workers: 1 };
    assert_eq!(compile(spec).expect("a plan").peak_bytes(), 200);
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
    refused(|spec| spec.workers = MAX_WORKERS + 1, "1025 workers");
    refused(|spec| spec.passes[1].elements = 1 << 40, "pass 's' has 1099511627776 elements");
    refused(|spec| spec.passes[1].output = ResourceId(1), "'mu' and 's' both make 'mu'");
    refused(|spec| spec.passes[1].output = ResourceId(9), "'s' uses resource 9");
    refused(|spec| spec.passes[1].sides = vec![ResourceId(9)], "'s' uses resource 9");
    refused(|spec| spec.passes[0].sides = vec![ResourceId(3)], "waits for itself: map mu <-> map z");
    refused(|spec| spec.gather = vec![ResourceId(0)], "'X' is to be gathered, but no pass makes it");
    refused(|spec| spec.gather = vec![ResourceId(3), ResourceId(3)], "'z' is to be gathered twice");
    refused(|spec| spec.gather = vec![ResourceId(8)], "resource 8");
    refused(|spec| spec.resources[1].bytes = u64::MAX, "2^64");
}

#[test]
fn a_variable_used_twice_by_a_pass_counts_once() {
    let mut spec = chain();
    spec.passes[2].sides = vec![ResourceId(1), ResourceId(0), ResourceId(1), ResourceId(2)];
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
    assert_eq!(back.graph().dot(), plan.graph().dot());
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
    assert_eq!(plan.graph().tasks().len(), 9);
    // Generous, for machines that do other things: it takes microseconds.
    assert!(clock.elapsed().as_millis() < 100);
}

#[test]
fn a_call_without_passes_is_a_plan_that_does_nothing() {
    let spec = CallSpec { resources: vec![], passes: vec![], gather: vec![], workers: 1 };
    let plan = compile(spec).expect("a plan");
    assert_eq!((plan.graph().order().len(), plan.peak_bytes()), (0, 0));
}
