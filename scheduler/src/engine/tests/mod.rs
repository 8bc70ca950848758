//! The core's tests: each transition by table, and random runs on a real board with simulated workers.
mod deviation;
mod oracle;
mod random;
pub(crate) mod sim;
mod stream;
mod table;

use crate::board::ElementPosition;
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::plan::{compile, CallSpec, Costs, PassCall, Plan, Source};
use crate::policy::Policy;

/// A plan over `x` (scoped) and `r` (pinned), one pass a stage: stage i makes resource 2 + i from the collection and the
/// sides given, all results are wanted.
fn plan(stages: &[(u64, u32, &[u32])], workers: u32) -> Plan {
    let resource = |name: &str, scope| Resource { name: name.into(), bytes: 1, scope };
    let resources = vec![resource("x", Scope::Scoped), resource("r", Scope::Pinned)];
    let source = |id: u32| match id {
        0 | 1 => Source::Data(ResourceId(id)),
        made => Source::Whole(PassId(made - 2)),
    };
    let call = |(nth, &(elements, collection, sides)): (usize, &(u64, u32, &[u32]))| PassCall {
        sides: sides.iter().copied().map(source).collect(),
        policy: Policy::fixed(4),
        bytes: 1,
        ..PassCall::new(nth.to_string(), vec![source(collection)], elements)
    };
    let passes = stages.iter().enumerate().map(call).collect();
    let gather = (0..stages.len() as u32).map(PassId).collect();
    compile(CallSpec { fuse: false, ..CallSpec::new(resources, passes, gather, workers) }).expect("a plan")
}

/// An element of a stage's first step.
fn at(element: u64) -> ElementPosition {
    ElementPosition { step: 0, element }
}

/// A plan of one pass over data that is pinned, so that a run has nothing to share before its stage opens.
fn one_pass(elements: u64, levels: u32, policy: Policy, costs: Option<Costs>) -> Plan {
    let pass = PassCall {
        levels,
        policy,
        bytes: 1,
        costs,
        ..PassCall::new("f", vec![Source::Data(ResourceId(0))], elements)
    };
    compile(CallSpec::new(
        vec![Resource { name: "r".into(), bytes: 1, scope: Scope::Pinned }],
        vec![pass],
        vec![PassId(0)],
        2,
    ))
    .expect("a plan")
}
