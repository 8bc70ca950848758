//! Which stages read a variable as it comes.
use super::sketch;
use crate::id::{PassId, ResourceId};
use crate::plan::{compile, CallSpec, Plan};
use crate::policy::{Policy, Schedule};

/// The plan of passes that run apart, of which X, the first variable, comes in 100 elements.
fn plan(lines: &str) -> Plan {
    let spec = CallSpec { fuse: false, ..sketch(lines) };
    compile(spec).expect("a plan").streamed(&[(ResourceId(0), 100)])
}

/// The passes whose stages do.
fn streams(plan: &Plan) -> Vec<u32> {
    let streams = plan.stages().iter().filter(|stage| !stage.streams.is_empty());
    streams.flat_map(|stage| stage.passes.iter().map(|pass| pass.0)).collect()
}

#[test]
fn those_that_go_over_it_element_by_element() {
    let plan = plan(
        "a 100: X @10
         b 50: X
         c 100: Y / X
         d 100: X / X
         e 100: .a X / *b *c *d",
    );
    // e goes over what it consumes of a, whose parts its chunks end with.
    assert_eq!(streams(&plan), [0]);
    assert_eq!(plan.streamed_elements(ResourceId(0)), Some(100));
    assert_eq!(plan.streamed_elements(ResourceId(1)), None);
    let of = |pass: u32| plan.stages().iter().find(|stage| stage.passes == [PassId(pass)]).expect("a stage");
    let share = plan.graph().order()[0];
    assert!(plan.streams_between(share, of(0).task));
    assert!(!plan.streams_between(share, of(1).task));
}

#[test]
fn not_those_whose_chunks_are_cut_by_number() {
    for (schedule, waits) in
        [(Schedule::Factoring, true), (Schedule::Static, true), (Schedule::Adaptive, false)]
    {
        let mut spec = sketch("a 100: X");
        spec.passes[0].policy = Policy::of(schedule);
        let plan = compile(spec).expect("a plan").streamed(&[(ResourceId(0), 100)]);
        assert_eq!(streams(&plan).is_empty(), waits, "{schedule:?}");
    }
}

#[test]
fn pinned_variables_are_there() {
    let mut spec = sketch("a 100: X");
    spec.resources[0].scope = crate::graph::Scope::Pinned;
    assert_eq!(streams(&compile(spec).expect("a plan").streamed(&[(ResourceId(0), 100)])), Vec::<u32>::new());
}
