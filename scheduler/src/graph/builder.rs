//! From tasks in program order to a graph: the edges follow from who reads and who writes.
use super::{Access, Dependence, Graph, Resource, Scope, Task, TaskKind};
use crate::error::{Error, Result};
use crate::id::{ResourceId, TaskId};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::HashSet;

/// Collects resources and tasks; [`GraphBuilder::build`] checks them and draws the edges.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    resources: Vec<Resource>,
    tasks: Vec<Task>,
}

/// What happened to a resource so far, in program order.
#[derive(Clone, Default)]
struct History {
    writer: Option<TaskId>,
    readers: Vec<TaskId>,
    freed: Option<TaskId>,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource.
    pub fn resource(&mut self, resource: Resource) -> ResourceId {
        self.resources.push(resource);
        ResourceId(self.resources.len() as u32 - 1)
    }

    /// Adds a task. The order of the calls is the program's order.
    pub fn task(
        &mut self,
        kind: TaskKind,
        label: impl Into<String>,
        accesses: Vec<(ResourceId, Access)>,
    ) -> TaskId {
        self.tasks.push(Task { kind, label: label.into(), accesses });
        TaskId(self.tasks.len() as u32 - 1)
    }

    /// Checks all and draws the edges. O(tasks x accesses + edges).
    ///
    /// A reader waits for the last writer before it (or, of a scoped resource that nothing wrote yet, for the first
    /// after it: passes may be named in any order); a writer waits for the last writer and for all readers since.
    ///
    /// # Errors
    /// [`Error::BadPlan`] for an unknown id, a scoped resource that is read and never made, one that is touched after
    /// its release, sizes whose sum is beyond 64 bits, and a cycle (which is named).
    pub fn build(self) -> Result<Graph> {
        self.check_sizes()?;
        let mut topology = DiGraph::with_capacity(self.tasks.len(), self.tasks.len() * 2);
        for index in 0..self.tasks.len() {
            topology.add_node(TaskId(index as u32));
        }
        let mut edges = Edges { topology, known: HashSet::new() };
        let mut histories = vec![History::default(); self.resources.len()];
        for (index, task) in self.tasks.iter().enumerate() {
            for &(resource, access) in &task.accesses {
                let Some(history) = histories.get_mut(resource.index()) else {
                    let label = &task.label;
                    let message = format!("task '{label}' uses resource {resource}, which does not exist");
                    return Err(Error::BadPlan(message));
                };
                if let Some(freed) = history.freed {
                    let (name, by) =
                        (&self.resources[resource.index()].name, &self.tasks[freed.index()].label);
                    return Err(Error::BadPlan(format!("task '{}' uses '{name}' after '{by}'", task.label)));
                }
                let scope = self.resources[resource.index()].scope;
                history.meet(TaskId(index as u32), access, scope, &mut edges);
            }
        }
        for (resource, history) in self.resources.iter().zip(&histories) {
            if resource.scope == Scope::Scoped && history.writer.is_none() && !history.readers.is_empty() {
                return Err(Error::BadPlan(format!("nothing makes '{}', which is read", resource.name)));
            }
        }
        let (order, steps) = super::analysis::order(&edges.topology, &self.tasks)?;
        Ok(Graph { resources: self.resources, tasks: self.tasks, topology: edges.topology, order, steps })
    }
}

impl GraphBuilder {
    fn check_sizes(&self) -> Result<()> {
        let total = self.resources.iter().try_fold(0u64, |sum, resource| sum.checked_add(resource.bytes));
        let too_large = || Error::BadPlan("the sizes of its resources add up to more than 2^64 bytes".into());
        total.map(|_| ()).ok_or_else(too_large)
    }
}

struct Edges {
    topology: DiGraph<TaskId, Dependence>,
    /// Pairs that have an edge: a task with many edges is not searched for each.
    known: HashSet<(TaskId, TaskId)>,
}

impl Edges {
    /// One edge a pair; the first reason stays.
    fn add(&mut self, first: TaskId, second: TaskId, why: Dependence) {
        if self.known.insert((first, second)) {
            self.topology.add_edge(NodeIndex::new(first.index()), NodeIndex::new(second.index()), why);
        }
    }
}

impl History {
    fn meet(&mut self, task: TaskId, access: Access, scope: Scope, edges: &mut Edges) {
        match access {
            Access::Read => {
                if let Some(writer) = self.writer.filter(|&writer| writer != task) {
                    edges.add(writer, task, Dependence::ReadAfterWrite);
                }
                self.readers.push(task);
            }
            // Read before anything made it: this is the task that the readers wait for.
            Access::Write if self.writer.is_none() && scope == Scope::Scoped => {
                for &reader in &self.readers {
                    edges.add(task, reader, Dependence::ReadAfterWrite);
                }
                self.writer = Some(task);
            }
            Access::Write => {
                self.follow(task, edges);
                self.readers.clear();
                self.writer = Some(task);
            }
            Access::Free => {
                self.follow(task, edges);
                self.freed = Some(task);
            }
        }
    }

    /// `task` comes after all that used the resource so far.
    fn follow(&self, task: TaskId, edges: &mut Edges) {
        for &reader in self.readers.iter().filter(|&&reader| reader != task) {
            edges.add(reader, task, Dependence::WriteAfterRead);
        }
        if let Some(writer) = self.writer.filter(|&writer| writer != task && self.readers.is_empty()) {
            edges.add(writer, task, Dependence::WriteAfterWrite);
        }
    }
}
