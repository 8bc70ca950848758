//! The task graph: what must come before what.
//!
//! Tasks are named in program order with the resources they read and write; the edges follow from that (sequential task
//! flow, as in StarPU). petgraph holds the topology and answers questions about it; nothing in it changes during a run:
//! states and counters live in [`crate::engine`]. A task is a whole stage, never an element, so graphs are small.
mod analysis;
mod builder;
#[cfg(all(test, not(loom)))]
mod tests;

pub use builder::GraphBuilder;

use crate::id::{ResourceId, StageId, TaskId};
use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};

/// How long a resource lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// The user registered it; it is there before the run and after.
    Pinned,
    /// Born in the graph; dies after its last consumer.
    Scoped,
}

/// A variable, or what a pass gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its name, for people.
    pub name: String,
    /// Its bytes in shared memory, as far as known when the plan is made.
    pub bytes: u64,
    /// How long it lives.
    pub scope: Scope,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// Copies a variable into shared memory.
    Share(ResourceId),
    /// Runs the passes of a stage over all their elements; its chunks are on the board.
    Map(StageId),
    /// Hands a result to the caller.
    Gather(ResourceId),
    /// Gives a resource's memory back.
    Release(ResourceId),
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it does.
    pub kind: TaskKind,
    /// Its name, for people.
    pub label: String,
    /// The resources it touches, and how.
    pub accesses: Vec<(ResourceId, Access)>,
}

/// How a task touches a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Needs its content.
    Read,
    /// Makes its content.
    Write,
    /// Ends it; nothing may touch it afterwards.
    Free,
}

/// Why a task waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// It reads what the other makes.
    ReadAfterWrite,
    /// It replaces or ends what the other reads.
    WriteAfterRead,
    /// It replaces or ends what the other makes.
    WriteAfterWrite,
}

/// A checked graph: acyclic, every id known, every resource that is read is made by somebody.
#[derive(Clone, Debug)]
pub struct Graph {
    resources: Vec<Resource>,
    tasks: Vec<Task>,
    /// Node `i` is task `i`.
    topology: DiGraph<TaskId, Dependence>,
    order: Vec<TaskId>,
    steps: Vec<u32>,
}

impl Graph {
    /// The resources, by id.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The tasks, by id.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// All tasks, each after all it waits for; among those that could run at the same time, in program order.
    pub fn order(&self) -> &[TaskId] {
        &self.order
    }

    /// The number of tasks on the longest way to this one: when it runs, if all tasks took the same time.
    pub fn step(&self, task: TaskId) -> u32 {
        self.steps[task.index()]
    }

    /// The tasks that this one waits for, and why.
    pub fn predecessors(&self, task: TaskId) -> impl Iterator<Item = (TaskId, Dependence)> + '_ {
        self.around(task, petgraph::Direction::Incoming)
    }

    /// The tasks that wait for this one, and why.
    pub fn successors(&self, task: TaskId) -> impl Iterator<Item = (TaskId, Dependence)> + '_ {
        self.around(task, petgraph::Direction::Outgoing)
    }

    /// The tasks that read a resource, in program order.
    pub fn consumers(&self, resource: ResourceId) -> impl Iterator<Item = TaskId> + '_ {
        self.touching(resource, Access::Read)
    }

    /// The tasks that make a resource, in program order.
    pub fn producers(&self, resource: ResourceId) -> impl Iterator<Item = TaskId> + '_ {
        self.touching(resource, Access::Write)
    }

    /// The number of edges between tasks.
    pub fn dependences(&self) -> usize {
        self.topology.edge_count()
    }

    /// Whether `second` waits for `first`, through however many others.
    pub fn precedes(&self, first: TaskId, second: TaskId) -> bool {
        let node = |task: TaskId| NodeIndex::new(task.index());
        first != second
            && petgraph::algo::has_path_connecting(&self.topology, node(first), node(second), None)
    }

    fn touching(&self, resource: ResourceId, access: Access) -> impl Iterator<Item = TaskId> + '_ {
        let tasks = self.tasks.iter().enumerate();
        tasks
            .filter(move |(_, task)| task.accesses.contains(&(resource, access)))
            .map(|(index, _)| TaskId(index as u32))
    }

    fn around(
        &self,
        task: TaskId,
        direction: petgraph::Direction,
    ) -> impl Iterator<Item = (TaskId, Dependence)> + '_ {
        use petgraph::visit::EdgeRef;
        self.topology.edges_directed(NodeIndex::new(task.index()), direction).map(move |edge| {
            let other = match direction {
                petgraph::Direction::Incoming => edge.source(),
                petgraph::Direction::Outgoing => edge.target(),
            };
            (self.topology[other], *edge.weight())
        })
    }
}
