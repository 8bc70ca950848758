//! What the supervisor saw of a run, moment by moment, while it goes on. A few entries a stage and worker, none a chunk: chunks
//! write themselves down on the board.
use crate::board::Board;
use crate::engine::What;
use crate::id::WorkerId;
use crate::inspect::{Moment, WorkerLife};
use crate::os::{now_ns, unix_ns};

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
}

impl Journal {
    pub(crate) fn begin(board: &Board) -> Journal {
        let data_bytes = board.live_bytes();
        Journal { begun_ns: now_ns(), begun: unix_ns(), data_bytes, ..Journal::default() }
    }

    pub(crate) fn note(&mut self, what: What) {
        self.note_at(now_ns(), what);
    }

    pub(crate) fn note_at(&mut self, now_ns: u64, what: What) {
        self.moments.push(Moment { at_ns: now_ns.saturating_sub(self.begun_ns), what });
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
