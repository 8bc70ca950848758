//! The core's tests: each transition by table, and random runs on a real board with simulated workers.
mod driver;
mod random;
mod table;

use crate::graph::{Resource, Scope};
use crate::id::ResourceId;
use crate::plan::{compile, CallSpec, PassCall, Plan};
use crate::policy::Policy;

/// A plan over `x` (scoped) and `r` (pinned): stage i makes resource 2 + i from the collection and the sides given, all
/// results are wanted.
fn plan(stages: &[(u64, u32, &[u32])], workers: u32) -> Plan {
    let resource = |name: String, scope| Resource { name, bytes: 1, scope };
    let mut resources = vec![resource("x".into(), Scope::Scoped), resource("r".into(), Scope::Pinned)];
    let mut calls = Vec::new();
    for (nth, &(elements, collection, sides)) in stages.iter().enumerate() {
        resources.push(resource(format!("out {nth}"), Scope::Scoped));
        calls.push(PassCall {
            name: nth.to_string(),
            collection: ResourceId(collection),
            sides: sides.iter().copied().map(ResourceId).collect(),
            output: ResourceId(2 + nth as u32),
            elements,
            policy: Policy::fixed(4),
        });
    }
    let gather = (0..stages.len() as u32).map(|nth| ResourceId(2 + nth)).collect();
    compile(CallSpec { resources, stages: calls, gather, workers }).expect("a plan")
}
