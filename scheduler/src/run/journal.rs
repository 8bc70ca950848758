//! What the supervisor saw of a run, moment by moment, while it goes on. A few entries a stage and worker, none a chunk: chunks
//! write themselves down on the board.
use crate::board::Board;
use crate::core::Action;
use crate::graph::TaskKind;
use crate::id::{TaskId, WorkerId};
use crate::inspect::{Moment, What, WorkerLife};
use crate::os::{now_ns, unix_ns};
use crate::plan::Plan;

/// The moments of a run.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The run's begin, on the clock of [`now_ns`] and in nanoseconds since 1970.
    pub(crate) begun_ns: u64,
    pub(crate) begun: u64,
    pub(crate) moments: Vec<Moment>,
    pub(crate) workers: Vec<WorkerLife>,
    /// What the run's own pages held before any worker came.
    pub(crate) data_bytes: u64,
    shares: Vec<Option<TaskId>>,
    gathers: Vec<Option<TaskId>>,
}

impl Journal {
    pub(crate) fn begin(plan: &Plan, board: &Board) -> Journal {
        let resources = plan.graph().resources().len();
        let (mut shares, mut gathers) = (vec![None; resources], vec![None; resources]);
        for (id, task) in plan.graph().tasks().iter().enumerate() {
            match task.kind {
                TaskKind::Share(resource) => shares[resource.index()] = Some(TaskId(id as u32)),
                TaskKind::Gather(resource) => gathers[resource.index()] = Some(TaskId(id as u32)),
                TaskKind::Map(_) | TaskKind::Release(_) => {}
            }
        }
        let data_bytes = board.live_bytes();
        Journal { begun_ns: now_ns(), begun: unix_ns(), data_bytes, shares, gathers, ..Journal::default() }
    }

    pub(crate) fn note(&mut self, what: What) {
        let at_ns = self.now();
        self.moments.push(Moment { at_ns, what });
    }

    /// Notes what an action of the core means for tasks and ranges; what it does to memory is noted where it is done.
    pub(crate) fn action(&mut self, action: &Action, plan: &Plan) {
        match *action {
            Action::Share { resource } => self.at_once(self.shares[resource.index()]),
            Action::Gather { resource } => self.at_once(self.gathers[resource.index()]),
            Action::Open { stage } => {
                plan.stage(stage).into_iter().for_each(|stage| self.note(What::Began(stage.task)));
            }
            Action::Append { stage, start, end, attempt } => {
                self.note(What::PutUp(stage, start, end, attempt));
            }
            Action::Stop => self.note(What::Stopped),
            _ => {}
        }
    }

    /// A task that takes no time of the supervisor's: its data is there already, or stays where it is.
    fn at_once(&mut self, task: Option<TaskId>) {
        if let Some(task) = task {
            self.note(What::Began(task));
            self.note(What::Ended(task));
        }
    }

    pub(crate) fn joined(&mut self, worker: WorkerId, pid: Option<u32>) {
        let joined_ns = self.now();
        self.note(What::Joined(worker));
        self.workers.push(WorkerLife { worker, pid, joined_ns, left_ns: joined_ns, died: None });
    }

    pub(crate) fn died(&mut self, worker: WorkerId, how: &str) {
        let left_ns = self.now();
        self.note(What::Died(worker, how.to_owned()));
        if let Some(life) = self.workers.iter_mut().rfind(|life| life.worker == worker) {
            (life.left_ns, life.died) = (left_ns, Some(how.to_owned()));
        }
    }

    /// The run is over: all that are left leave. Gives how long it took.
    pub(crate) fn end(&mut self) -> u64 {
        let wall_ns = self.now();
        for life in self.workers.iter_mut().filter(|life| life.died.is_none()) {
            life.left_ns = wall_ns;
        }
        wall_ns
    }

    fn now(&self) -> u64 {
        now_ns().saturating_sub(self.begun_ns)
    }
}
