//! What cannot run is refused before anything else is done, by name.
use super::{CallSpec, PassCall, Source, FOLD};
use crate::board::{MAX_ELEMENTS, MAX_WORKERS};
use crate::error::{Error, Result};
use crate::id::PassId;
use crate::policy::Schedule;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::HashSet;

/// Checks a call and gives its passes in an order in which each stands after all it reads; of those that could stand at the
/// same place, the first named first. O(passes x sources).
///
/// # Errors
/// [`Error::BadPlan`] for numbers that no board can hold, unknown ids, sizes that do not match, and cycles.
pub(super) fn check(spec: &CallSpec) -> Result<Vec<PassId>> {
    let bad = |text: String| Err(Error::BadPlan(text));
    if spec.workers == 0 || spec.workers > MAX_WORKERS {
        return bad(format!("{} workers; 1 to {MAX_WORKERS} are possible", spec.workers));
    }
    let mut wanted = HashSet::new();
    for pass in &spec.gather {
        let name = spec.passes.get(pass.index()).map(|pass| &pass.name);
        match name {
            None => return bad(format!("the result of pass {pass} is wanted, which does not exist")),
            Some(name) if !wanted.insert(pass) => {
                return bad(format!("the result of '{name}' is wanted twice"))
            }
            Some(_) => {}
        }
    }
    for pass in &spec.passes {
        check_pass(spec, pass)?;
    }
    order(spec)
}

fn check_pass(spec: &CallSpec, pass: &PassCall) -> Result<()> {
    let PassCall { name, elements, levels, .. } = pass;
    let bad = |text: String| Err(Error::BadPlan(text));
    if *elements > MAX_ELEMENTS {
        return bad(format!("pass '{name}' has {elements} elements; at most {MAX_ELEMENTS} are possible"));
    }
    if FOLD.checked_pow(*levels).is_none() || pass.inputs.is_empty() {
        return bad(format!("pass '{name}' has {levels} levels and {} inputs", pass.inputs.len()));
    }
    match &pass.costs {
        Some(costs) if costs.each().len() as u64 != *elements => {
            let has = costs.each().len();
            return bad(format!("pass '{name}' goes over {elements} elements, but has costs of {has}"));
        }
        None if pass.policy.schedule == Schedule::Profiled => {
            return bad(format!(
                "pass '{name}' is to be cut by the costs of its elements, but none are given"
            ));
        }
        _ => {}
    }
    check_sources(spec, pass)
}

fn check_sources(spec: &CallSpec, pass: &PassCall) -> Result<()> {
    let PassCall { name, elements, .. } = pass;
    let bad = |text: String| Err(Error::BadPlan(text));
    for source in pass.sources() {
        let known = match source {
            Source::Data(resource) => resource.index() < spec.resources.len(),
            Source::Each(other) | Source::Whole(other) => other.index() < spec.passes.len(),
        };
        if !known {
            return bad(format!("pass '{name}' reads {source:?}, which does not exist"));
        }
        let later =
            source.pass().map(|other| &spec.passes[other.index()]).filter(|other| other.phase > pass.phase);
        if let Some(PassCall { name: other, .. }) = later {
            return bad(format!("pass '{name}' reads '{other}', which is of a later phase"));
        }
    }
    for input in &pass.inputs {
        if let Source::Each(other) = input {
            let other = &spec.passes[other.index()];
            if other.results() != *elements {
                let (has, from) = (other.results(), &other.name);
                return bad(format!(
                    "pass '{name}' goes over {elements} elements, but '{from}' has {has} results"
                ));
            }
        }
    }
    if pass.sides.iter().any(|side| matches!(side, Source::Each(_))) {
        return bad(format!("pass '{name}' reads a single element as a side variable"));
    }
    Ok(())
}

fn order(spec: &CallSpec) -> Result<Vec<PassId>> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(spec.passes.len(), spec.passes.len());
    for _ in &spec.passes {
        graph.add_node(());
    }
    for (index, pass) in spec.passes.iter().enumerate() {
        for source in pass.sources().filter_map(Source::pass) {
            graph.update_edge(NodeIndex::new(source.index()), NodeIndex::new(index), ());
        }
    }
    let sorted = toposort(&graph, None).map_err(|cycle| {
        let parts = tarjan_scc(&graph);
        let node = cycle.node_id();
        let mut part = parts.into_iter().find(|part| part.contains(&node)).unwrap_or_else(|| vec![node]);
        part.sort_unstable();
        let names: Vec<&str> = part.iter().map(|node| spec.passes[node.index()].name.as_str()).collect();
        Error::BadPlan(format!("it waits for itself: {}", names.join(" <-> ")))
    })?;
    let phase = |pass: usize| spec.passes[pass].phase;
    let mut depth = vec![0usize; spec.passes.len()];
    for node in &sorted {
        let before = graph.neighbors_directed(*node, petgraph::Direction::Incoming);
        // What earlier phases give is there.
        let beside = before.filter(|before| phase(before.index()) == phase(node.index()));
        depth[node.index()] = beside.map(|before| depth[before.index()] + 1).max().unwrap_or(0);
    }
    let mut order: Vec<PassId> = (0..spec.passes.len() as u32).map(PassId).collect();
    order.sort_by_key(|pass| (phase(pass.index()), depth[pass.index()]));
    Ok(order)
}
