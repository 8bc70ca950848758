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
        name: nth.to_string(),
        inputs: vec![source(collection)],
        sides: sides.iter().copied().map(source).collect(),
        elements,
        levels: 0,
        policy: Policy::fixed(4),
        bytes: 1,
        costs: None,
    };
    let passes = stages.iter().enumerate().map(call).collect();
    let gather = (0..stages.len() as u32).map(PassId).collect();
    compile(CallSpec {
        resources,
        passes,
        gather,
        workers,
        budget: None,
        keep: false,
        fuse: false,
        measure: false,
    })
    .expect("a plan")
}

/// An element of a stage's first step.
fn at(element: u64) -> ElementPosition {
    ElementPosition { step: 0, element }
}

/// A plan of one pass over data that is pinned, so that a run has nothing to share before its stage opens.
fn one_pass(elements: u64, levels: u32, policy: Policy, costs: Option<Costs>) -> Plan {
    let pass = PassCall {
        name: "f".into(),
        inputs: vec![Source::Data(ResourceId(0))],
        sides: vec![],
        elements,
        levels,
        policy,
        bytes: 1,
        costs,
    };
    compile(CallSpec {
        resources: vec![Resource { name: "r".into(), bytes: 1, scope: Scope::Pinned }],
        passes: vec![pass],
        gather: vec![PassId(0)],
        workers: 2,
        budget: None,
        keep: false,
        fuse: true,
        measure: false,
    })
    .expect("a plan")
}
