//! Questions about the whole graph: an order, a cycle, the longest way.
use super::{Dependence, Graph, Task};
use crate::error::{Error, Result};
use crate::id::TaskId;
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::Direction;

/// A topological order and each task's step. O(tasks + edges), and the sort.
pub(super) fn order(
    topology: &DiGraph<TaskId, Dependence>,
    tasks: &[Task],
) -> Result<(Vec<TaskId>, Vec<u32>)> {
    let sorted = toposort(topology, None).map_err(|cycle| {
        Error::BadPlan(format!("it waits for itself: {}", name_cycle(topology, tasks, cycle.node_id())))
    })?;
    let mut steps = vec![0u32; tasks.len()];
    for &node in &sorted {
        let before = topology.neighbors_directed(node, Direction::Incoming);
        steps[node.index()] = before.map(|before| steps[before.index()] + 1).max().unwrap_or(0);
    }
    let mut order: Vec<TaskId> = sorted.into_iter().map(|node| topology[node]).collect();
    order.sort_unstable_by_key(|task| (steps[task.index()], *task));
    Ok((order, steps))
}

/// The tasks of the cycle that `node` is on, by label, in program order.
fn name_cycle(topology: &DiGraph<TaskId, Dependence>, tasks: &[Task], node: NodeIndex) -> String {
    let parts = tarjan_scc(topology);
    let mut part = parts.into_iter().find(|part| part.contains(&node)).unwrap_or_else(|| vec![node]);
    part.sort_unstable();
    let labels: Vec<&str> = part.iter().map(|node| tasks[node.index()].label.as_str()).collect();
    labels.join(" <-> ")
}

impl Graph {
    /// The way through the graph that takes longest, and how long it takes: no number of workers makes a run shorter.
    /// `cost` gives each task's time. O(tasks + edges).
    pub fn critical_path(&self, cost: impl Fn(TaskId) -> u64) -> (Vec<TaskId>, u64) {
        let mut best: Vec<(u64, Option<TaskId>)> = vec![(0, None); self.tasks.len()];
        for &task in &self.order {
            let longest =
                self.predecessors(task).map(|(before, _)| (best[before.index()].0, Some(before))).max();
            let (time, before) = longest.unwrap_or((0, None));
            best[task.index()] = (time.saturating_add(cost(task)), before);
        }
        // Of equally long ends the first in order: the answer depends on the graph alone.
        let end = self.order.iter().rev().max_by_key(|task| best[task.index()].0).copied();
        let way = std::iter::successors(end, |task| best[task.index()].1);
        let mut path: Vec<TaskId> = way.collect();
        path.reverse();
        (path, end.map_or(0, |task| best[task.index()].0))
    }
}
