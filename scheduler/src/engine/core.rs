//! How the engine decides: an event goes in, actions come out. Pure: no clock, no input or output. Unknown ids
//! and late events are ignored, so that no order of messages can break it.
//!
//! One run goes `New -> Running -> (Stopping ->) Ended`. A task goes
//! `Waiting -> Running -> Finished | Failed | Aborted | Cancelled`,
//! a resource `Declared -> Building -> Sealed -> Freed`; a resource's uses drop in `tasks::Tasks::end_task` alone.
use super::event::{Action, Event, Failure, Outcome};
use super::state::{Core, Phase, StageCount};
use super::tasks::{ResourceState, TaskState};
use crate::id::{ResourceId, StageId, TaskId};

impl Core {
    /// Takes one event at time `now_ns` (any clock that does not go back) and appends what is to be done to `out`.
    /// O(1) but for what it starts, frees or requeues.
    pub(super) fn on_event(&mut self, event: Event, now_ns: u64, out: &mut Vec<Action>) {
        if self.phase == Phase::Ended {
            return;
        }
        match event {
            Event::Started => self.start(now_ns, out),
            Event::SharedTo { resource, elements } => self.arrived(resource, elements, out),
            Event::Shared { resource } => {
                self.arrived(resource, u64::MAX, out);
                self.finished(self.tasks.share_of(resource), now_ns, out);
            }
            Event::StageDone { stage } => self.finished(self.task_of(stage), now_ns, out),
            Event::ChunkFailed { stage, chunk, position } => {
                self.chunk_failed(Failure { stage, position, chunk }, now_ns, out);
            }
            Event::WorkerJoined { worker } => self.workers.join(worker, self.is_stopping()),
            Event::WorkerDry { worker } => {
                self.workers.dry(worker, self.is_stopping(), out);
                self.conclude_if_quiet(out);
            }
            Event::WorkerLost { worker, leases, reason, loss } => {
                self.worker_lost(worker, &leases, (reason, loss), now_ns, out);
            }
            Event::LaunchFailed { worker, reason } => self.launch_failed(worker, reason, now_ns, out),
            Event::Measured { stage, deviation } => self.measured(stage, &deviation, out),
            Event::Withdrawn { stage, ranges } => self.withdrawn(stage, ranges, out),
            Event::Cancel { cause } => self.cancel(cause, now_ns, out),
            Event::Tick => self.tick(now_ns, out),
        }
    }

    /// When the next [`Event::Tick`] is wanted, by the clock of `now_ns`; `None` when time alone changes nothing.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        match &self.phase {
            Phase::Running { started_ns } => {
                self.timeout(*started_ns).into_iter().chain(self.next_look()).min()
            }
            Phase::Stopping(stopping) => Some(stopping.next_ns),
            Phase::New | Phase::Ended => None,
        }
    }

    /// Whether [`Action::Finish`] was given.
    pub(super) fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// The states of all tasks, by id.
    pub(super) fn task_states(&self) -> &[TaskState] {
        self.tasks.states()
    }

    /// The states of all resources, by id.
    pub(super) fn resource_states(&self) -> Vec<ResourceState> {
        self.tasks.resource_states()
    }

    fn start(&mut self, now_ns: u64, out: &mut Vec<Action>) {
        if self.phase != Phase::New {
            return;
        }
        self.phase = Phase::Running { started_ns: now_ns };
        let ready = self.tasks.ready();
        self.run_all(ready, now_ns, out);
    }

    /// A task ended as it should: its resources are sealed and released, what waited for it runs.
    fn finished(&mut self, task: Option<TaskId>, now_ns: u64, out: &mut Vec<Action>) {
        let running = |task: &TaskId| self.tasks.states()[task.index()] == TaskState::Running;
        if let (Phase::Running { .. }, Some(task)) = (&self.phase, task.filter(running)) {
            let ready = self.tasks.end_task(task, TaskState::Finished, out);
            self.run_all(ready, now_ns, out);
        }
    }

    /// Runs tasks that wait for nothing any more, and those that become ready by it.
    fn run_all(&mut self, mut ready: Vec<TaskId>, now_ns: u64, out: &mut Vec<Action>) {
        let mut opened = false;
        // What memory held back may begin when something went; the lowest stage first.
        while let Some(task) = ready.pop().or_else(|| self.tasks.admitted()) {
            if !self.tasks.admit(task) {
                continue;
            }
            // A stage over nothing is done when it begins: the board is not asked.
            let stage = self.tasks.stage_of(task);
            let empty = stage.is_some_and(|stage| self.stages[stage.index()].elements == 0);
            if let Some((stage, there)) = stage.map(|stage| (stage, self.there(stage))) {
                if there < self.stages[stage.index()].elements {
                    out.push(Action::Advance { stage, there });
                }
            }
            out.extend(self.tasks.begin(task).filter(|_| !empty));
            opened |= stage.is_some() && !empty;
            stage.into_iter().for_each(|stage| self.watch(stage, now_ns));
            // What somebody wants stays where it is.
            if empty || self.tasks.is_gather(task) {
                ready.extend(self.tasks.end_task(task, TaskState::Finished, out));
            }
        }
        if opened {
            self.workers.offer(out);
        }
        if self.tasks.all_terminal() {
            self.finish(Outcome::Done, out);
        } else {
            self.stop_without_workers(now_ns, out);
        }
    }

    /// More of a variable is there: stages that read it as it comes go on to where all of theirs are.
    fn arrived(&mut self, resource: ResourceId, elements: u64, out: &mut Vec<Action>) {
        if !matches!(self.phase, Phase::Running { .. }) || !self.shares(resource) {
            return;
        }
        let ids = || (0..self.stages.len() as u32).map(StageId);
        let reads = |id: &StageId| {
            let StageCount { streams, task, .. } = &self.stages[id.index()];
            streams.contains(&resource) && self.tasks.states()[task.index()] == TaskState::Running
        };
        let before: Vec<(StageId, u64)> = ids().filter(reads).map(|id| (id, self.there(id))).collect();
        let known = self.there.entry(resource).or_default();
        *known = elements.max(*known);
        let had = out.len();
        for (stage, before) in before {
            let there = self.there(stage);
            if there > before {
                out.push(Action::Advance { stage, there });
            }
        }
        if out.len() > had {
            self.workers.offer(out);
        }
    }

    /// How many elements of a stage have their data there, of those that it reads as they come. The last one waits for the end of the copy, so
    /// that what a stage reads is complete, and goes, when it is through.
    fn there(&self, stage: StageId) -> u64 {
        let StageCount { streams, elements, .. } = &self.stages[stage.index()];
        let of = |resource| match self.there.get(resource) {
            Some(&u64::MAX) => *elements,
            Some(&some) => some.min(elements.saturating_sub(1)),
            None => 0,
        };
        streams.iter().map(of).min().unwrap_or(*elements)
    }
}
