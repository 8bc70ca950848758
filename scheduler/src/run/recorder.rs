//! What the supervisor saw of a run, event by event, while it goes on. A few entries a stage and worker, none a chunk: chunks
//! write themselves down on the board.
use super::event_log::{Died, Event, WorkerLife};
use crate::board::BoardReader;
use crate::engine::EventKind;
use crate::id::WorkerId;
use crate::os::unix_ns;
use crate::pool::logs::Death;

/// The events of a run, and who took part.
#[derive(Debug, Default)]
pub(crate) struct EventRecorder {
    /// The run's begin, on the clock of [`now_ns`] and in nanoseconds since 1970.
    pub(crate) begun_ns: u64,
    pub(crate) begun: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) workers: Vec<WorkerLife>,
    /// What the run's own pages held before any worker came.
    pub(crate) data_bytes: u64,
}

impl EventRecorder {
    pub(crate) fn begin(board: &BoardReader, begun_ns: u64) -> EventRecorder {
        let data_bytes = board.live_bytes();
        EventRecorder { begun_ns, begun: unix_ns(), data_bytes, ..EventRecorder::default() }
    }

    pub(crate) fn note_at(&mut self, now_ns: u64, what: EventKind) {
        self.events.push(Event { at_ns: self.since_begin(now_ns), what });
    }

    pub(crate) fn joined(&mut self, worker: WorkerId, pid: Option<u32>, now_ns: u64) {
        let joined_ns = self.since_begin(now_ns);
        self.note_at(now_ns, EventKind::Joined(worker));
        self.workers.push(WorkerLife { worker, pid, joined_ns, left_ns: joined_ns, died: None });
    }

    pub(crate) fn died(&mut self, death: &Death, now_ns: u64) {
        let left_ns = self.since_begin(now_ns);
        self.note_at(now_ns, EventKind::Died(death.worker, death.how.clone()));
        if let Some(life) = self.workers.iter_mut().rfind(|life| life.worker == death.worker) {
            let last_words = death.last_words().into_iter().map(str::to_owned).collect();
            let died = Died { how: death.how.clone(), signal: death.signal, last_words };
            (life.left_ns, life.died) = (left_ns, Some(died));
        }
    }

    /// The run is over: all that are left leave. Gives how long it took.
    pub(crate) fn end(&mut self, now_ns: u64) -> u64 {
        let wall_ns = self.since_begin(now_ns);
        for life in self.workers.iter_mut().filter(|life| life.died.is_none()) {
            life.left_ns = wall_ns;
        }
        wall_ns
    }

    fn since_begin(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.begun_ns)
    }
}
