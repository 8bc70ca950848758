//! Counting ahead: what a run holds at most from where it stands, if what runs ends and the rest is begun one by one, in
//! order. The plan asks it before the run; the engine asks it during the run, before each stage that it begins. So a stage that
//! is begun early never takes the room that an earlier one will need.
use super::Stage;
use crate::graph::{Access, Graph, Scope};
use crate::id::{ResourceId, StageId};

/// What stages take and let go.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    resources: Vec<Held>,
    stages: Vec<Needs>,
}

/// A resource, as far as it takes memory.
#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: i128,
    /// Stages that touch it; one more where it stays to the end.
    users: u32,
    made: bool,
}

#[derive(Clone, Debug)]
struct Needs {
    /// What it reads or makes.
    touches: Vec<usize>,
    makes: Vec<usize>,
    /// What goes while it runs, as fast as what it makes comes.
    eased: i128,
}

/// Where a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not begun.
    Ahead,
    /// Begun.
    Running,
    /// Through.
    Ended,
}

impl Forecast {
    pub(super) fn new(graph: &Graph, stages: &[Stage], stays: &[ResourceId]) -> Forecast {
        let held = |(index, resource): (usize, &crate::graph::Resource)| Held {
            bytes: if resource.scope == Scope::Scoped { i128::from(resource.bytes) } else { 0 },
            users: u32::from(stays.contains(&ResourceId(index as u32))),
            made: false,
        };
        let mut resources: Vec<Held> = graph.resources().iter().enumerate().map(held).collect();
        let mut needs = Vec::with_capacity(stages.len());
        for stage in stages {
            // A stage reads a resource or makes it, and each once: so its accesses are drawn.
            let accesses = &graph.tasks()[stage.task.index()].accesses;
            let touches: Vec<usize> = accesses.iter().map(|(resource, _)| resource.index()).collect();
            let writes = accesses.iter().filter(|(_, access)| *access == Access::Write);
            let makes: Vec<usize> = writes.map(|(resource, _)| resource.index()).collect();
            touches.iter().for_each(|&resource| resources[resource].users += 1);
            makes.iter().for_each(|&resource| resources[resource].made = true);
            let made: i128 = makes.iter().map(|&resource| resources[resource].bytes).sum();
            let goes: i128 = stage.eased_by().iter().map(|resource| resources[resource.index()].bytes).sum();
            needs.push(Needs { touches, makes, eased: made.min(goes) });
        }
        Forecast { resources, stages: needs }
    }

    /// The most bytes that are held from here on. O(stages x accesses + resources).
    pub(crate) fn peak(&self, progress: impl Fn(StageId) -> Progress) -> u64 {
        let at = |stage: usize| progress(StageId(stage as u32));
        let mut users: Vec<u32> = self.resources.iter().map(|held| held.users).collect();
        let mut there: Vec<bool> = self.resources.iter().map(|held| !held.made).collect();
        let mut eased = 0;
        for (id, stage) in self.stages.iter().enumerate() {
            match at(id) {
                Progress::Ahead => continue,
                Progress::Running => eased += stage.eased,
                Progress::Ended => stage.touches.iter().for_each(|&resource| users[resource] -= 1),
            }
            stage.makes.iter().for_each(|&resource| there[resource] = true);
        }
        let all = self.resources.iter().zip(&there).zip(&users);
        let living = all.filter(|((_, there), users)| **there && **users > 0);
        let mut live: i128 = living.map(|((held, _), _)| held.bytes).sum();
        let mut peak = live - eased;
        let mut end = |stage: &Needs, live: &mut i128| {
            for &resource in &stage.touches {
                users[resource] -= 1;
                if users[resource] == 0 {
                    *live -= self.resources[resource].bytes;
                }
            }
        };
        let running = self.stages.iter().enumerate().filter(|(id, _)| at(*id) == Progress::Running);
        running.for_each(|(_, stage)| end(stage, &mut live));
        for (_, stage) in self.stages.iter().enumerate().filter(|(id, _)| at(*id) == Progress::Ahead) {
            live += stage.makes.iter().map(|&resource| self.resources[resource].bytes).sum::<i128>();
            peak = peak.max(live - stage.eased);
            end(stage, &mut live);
        }
        u64::try_from(peak).unwrap_or(u64::MAX)
    }

    /// All that is ever held, as if nothing ever went.
    pub(super) fn all(&self) -> u64 {
        let used = self.resources.iter().filter(|held| held.users > 0);
        u64::try_from(used.map(|held| held.bytes).sum::<i128>()).unwrap_or(u64::MAX)
    }
}
