//! This host as the engine's world: the run's board and pages, and the pool's workers at it.
use crate::board::{Control, SupervisorBoard};
use crate::engine::{EventKind, Outcome, World};
use crate::id::{ResourceId, WorkerId};
use crate::pool::{Processes, WorkerPool};
use crate::run::recorder::EventRecorder;
use crate::run::Job;
use crate::store::Page;
use crate::wire::ToWorker;

/// What a run has on this host, without its workers.
pub(super) struct HostRun {
    pub(super) job: Job,
    /// Places without a worker for which the engine wants one.
    pub(super) vacant: Vec<WorkerId>,
    /// Pages whose last reader is done, kept because the caller reads them: results.
    pub(super) results: Vec<(ResourceId, Page)>,
    pub(super) recorder: EventRecorder,
    pub(super) outcome: Option<Outcome>,
}

/// A run on this host, and the workers.
pub(super) struct HostWorld<'a, P> {
    pub(super) run: &'a mut HostRun,
    /// None of a run that ends without having had any.
    pub(super) pool: Option<&'a mut WorkerPool<P>>,
    pub(super) now_ns: u64,
}

impl HostRun {
    /// The page of a resource, which is no longer the run's own.
    fn take_page(&mut self, resource: ResourceId) -> Option<(ResourceId, Page)> {
        let place = self.job.pages.iter().position(|(id, _)| *id == resource)?;
        Some(self.job.pages.swap_remove(place))
    }
}

impl<P: Processes> World for HostWorld<'_, P> {
    fn board(&self) -> &SupervisorBoard {
        self.run.job.board.board()
    }

    /// The session's thread copies the data in: before it begins the run, or meanwhile.
    fn share(&mut self, resource: ResourceId) -> bool {
        self.run.job.copies.is_complete(resource)
    }

    fn wake(&mut self, worker: WorkerId) {
        let now_ns = self.now_ns;
        self.pool.iter_mut().for_each(|pool| pool.tell(worker, &ToWorker::Wake, now_ns));
    }

    /// The supervisor recruits for vacant places after every event.
    fn spawn(&mut self, worker: WorkerId) {
        self.run.vacant.push(worker);
    }

    fn interrupt(&mut self, worker: WorkerId) {
        self.pool.iter_mut().for_each(|pool| pool.interrupt(worker));
    }

    fn kill(&mut self, worker: WorkerId) {
        self.pool.iter_mut().for_each(|pool| pool.end(worker));
    }

    fn gather(&mut self, _resource: ResourceId) {}

    fn free(&mut self, resource: ResourceId) -> Option<u64> {
        if self.run.job.keep && self.board().control() != Control::Go {
            self.keep(resource);
            return None;
        }
        self.run.take_page(resource).map(|(_, page)| page.bytes())
    }

    fn keep(&mut self, resource: ResourceId) {
        let page = self.run.take_page(resource);
        self.run.results.extend(page);
    }

    fn release(&mut self, resource: ResourceId) {
        self.run.job.pins.retain(|(pinned, _)| *pinned != resource);
    }

    fn log(&mut self, now_ns: u64, what: EventKind) {
        self.run.recorder.note_at(now_ns, what);
    }

    fn dismiss(&mut self) {
        self.pool.iter_mut().for_each(|pool| pool.dismiss());
    }

    fn finish(&mut self, _now_ns: u64, outcome: Outcome) {
        self.run.outcome = Some(outcome);
    }
}
