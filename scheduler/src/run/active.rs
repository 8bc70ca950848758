//! One run in progress on this host: what workers say and how they end, told to the engine.

use std::sync::Arc;

use crate::engine::{Engine, Event, EventKind, Loss};
use crate::id::{ChunkId, StageId, WorkerId};
use crate::os::Listener;
use crate::pool::{External, PoolEvent, Processes, WorkerPool};
use crate::run::host::{HostRun, HostWorld};
use crate::run::recorder::EventRecorder;
use crate::run::{Finished, Job, RunHandle, RunStats};
use crate::trace;
use crate::wire::{FromWorker, ToWorker, Unwritten};
use tracing::Span;

/// A run in progress.
pub(crate) struct ActiveRun {
    run: u64,
    engine: Engine,
    host: HostRun,
    handle: Arc<RunHandle>,
    /// When the engine wants to be asked again.
    deadline_ns: Option<u64>,
    /// What there was no room for, of failed chunks.
    unwritten: Vec<(StageId, ChunkId, Unwritten)>,
    stats: RunStats,
    /// Carries the run's number to all that is logged within.
    span: Span,
}

impl ActiveRun {
    /// A run that workers are yet to be found for.
    pub(crate) fn begin<P: Processes>(
        (run, job, handle): (u64, Job, Arc<RunHandle>),
        now_ns: u64,
        pool: Option<&mut WorkerPool<P>>,
    ) -> Self {
        let span = tracing::error_span!(target: trace::RUN, parent: None, "run", run);
        let _within = span.clone().entered();
        tracing::info!(
            stages = job.plan.stages().len(),
            elements = job.plan.stages().iter().map(|stage| stage.board.elements).sum::<u64>(),
            workers = job.plan.workers(),
            predicted_peak = job.plan.peak_bytes(),
            "begun"
        );
        let board = job.board.board();
        let engine = Engine::new(job.plan.clone(), job.settings, board);
        let recorder = EventRecorder::begin(board, now_ns);
        board.set_begun(now_ns);
        let vacant = (0..job.plan.workers()).rev().map(WorkerId).collect();
        let host = HostRun { job, vacant, results: Vec::new(), recorder, outcome: None };
        let (unwritten, stats) = (Vec::new(), RunStats::default());
        let mut active = ActiveRun { run, engine, host, handle, deadline_ns: None, unwritten, stats, span };
        active.step(Event::Started, now_ns, pool);
        active
    }

    pub(crate) fn number(&self) -> u64 {
        self.run
    }

    /// To be entered by whoever does something for this run.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Where the user's cluster nodes come in.
    pub(crate) fn listener(&self) -> Option<&Listener> {
        self.host.job.external.as_ref()
    }

    /// When it began, while there are places for nodes of the user's cluster that none took.
    pub(crate) fn awaits_external_since(&self) -> Option<u64> {
        let awaits = self.listener().is_some() && !self.host.vacant.is_empty();
        awaits.then_some(self.host.recorder.begun_ns)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.host.outcome.is_some()
    }

    /// How many workers of our own the run wants.
    pub(crate) fn wants_own(&self) -> usize {
        if self.listener().is_some() || self.is_over() {
            0
        } else {
            self.host.job.plan.workers() as usize
        }
    }

    /// How many places have no worker.
    #[cfg(test)]
    pub(crate) fn vacant(&self) -> usize {
        self.host.vacant.len()
    }

    /// Gives a vacant slot to an idle worker; whether it did.
    pub(crate) fn recruit<P: Processes>(&mut self, now_ns: u64, pool: &mut WorkerPool<P>) -> bool {
        let whose = if self.listener().is_some() { External::Only } else { External::None };
        let (false, Some(&slot)) = (self.is_over(), self.host.vacant.last()) else { return false };
        let Some(pid) = pool.join(whose, (self.run, slot), now_ns) else { return false };
        self.host.recorder.joined(slot, pid, now_ns);
        self.host.vacant.pop();
        self.stats.workers += 1;
        // Before it can claim: what it does not find must be known as offered after it came.
        self.tell(Event::WorkerJoined { worker: slot }, now_ns, pool);
        let board = self.host.job.board.page().handle();
        pool.tell(slot, &ToWorker::Run { run: self.run, slot, board, log: trace::setting() }, now_ns);
        true
    }

    /// How far the session's thread is with what it copies in.
    pub(crate) fn look_at_copies<P: Processes>(&mut self, now_ns: u64, pool: &mut WorkerPool<P>) {
        for event in self.host.job.copies.news() {
            self.tell(event, now_ns, pool);
        }
    }

    /// Something happened in the pool.
    pub(crate) fn on_event<P: Processes>(&mut self, event: PoolEvent, now_ns: u64, pool: &mut WorkerPool<P>) {
        match event {
            PoolEvent::Said { slot, message } => self.hear(slot, message, now_ns, pool),
            PoolEvent::Lost { loss, death } => {
                let (worker, reason) = (death.worker, death.reason());
                self.host.recorder.died(&death, now_ns);
                self.stats.died.push(death);
                self.stats.deaths += 1;
                let event = Event::WorkerLost { worker, leases: Vec::new(), reason, loss };
                self.tell(event, now_ns, pool);
            }
            PoolEvent::Left { slot } => {
                let reason = "it left before it began".to_owned();
                let (worker, loss) = (slot, Loss::EndedByUs);
                self.tell(Event::WorkerLost { worker, leases: Vec::new(), reason, loss }, now_ns, pool);
            }
            PoolEvent::Note { text } => self.stats.notes.push(text),
            PoolEvent::Loaded { package, ns } => self.loaded((None, None), package, ns, now_ns),
            PoolEvent::CannotStart { reason } => self.leave_vacant(&reason, now_ns, pool),
        }
    }

    fn hear<P: Processes>(
        &mut self,
        slot: WorkerId,
        message: FromWorker,
        now_ns: u64,
        pool: &mut WorkerPool<P>,
    ) {
        match message {
            FromWorker::Dry { run } if run == self.run => {
                self.tell(Event::WorkerDry { worker: slot }, now_ns, pool);
            }
            // The engine looks for stages that are through whatever it is told.
            FromWorker::StageEnded { run } if run == self.run => self.tell(Event::Tick, now_ns, pool),
            FromWorker::Failed { run, stage, chunk, position, unwritten } if run == self.run => {
                tracing::debug!(
                    worker = slot.0 + 1,
                    stage = stage.0,
                    chunk = chunk.0,
                    element = position.element + 1,
                    "failed"
                );
                self.unwritten.extend(unwritten.map(|piece| (stage, chunk, piece)));
                self.tell(Event::ChunkFailed { stage, chunk, position }, now_ns, pool);
            }
            FromWorker::Unlogged { run, what } if run == self.run => {
                self.stats.unlogged.get_or_insert(what);
            }
            FromWorker::Loaded { packages, stage, ns } => {
                let stage = stage.filter(|stage| self.host.job.plan.stage(*stage).is_some());
                self.loaded((Some(slot), stage), packages, ns, now_ns);
            }
            stale => tracing::debug!(?stale, "about a run that is over"),
        }
    }

    /// Packages were loaded by a worker, in a stage or before, or by what forks workers.
    fn loaded(
        &mut self,
        (worker, stage): (Option<WorkerId>, Option<StageId>),
        packages: String,
        ns: u64,
        now_ns: u64,
    ) {
        tracing::debug!(worker = worker.map(|worker| worker.0 + 1), packages, ns, "loaded");
        self.host.recorder.note_at(now_ns, EventKind::Loaded(worker, stage, packages, ns));
    }

    /// No more workers can be started: what is vacant stays so.
    pub(crate) fn leave_vacant<P: Processes>(&mut self, reason: &str, now_ns: u64, pool: &mut WorkerPool<P>) {
        if self.host.vacant.is_empty() {
            return;
        }
        tracing::error!(reason, "no more workers can be made");
        for worker in std::mem::take(&mut self.host.vacant) {
            self.host.recorder.note_at(now_ns, EventKind::NotStarted(worker, reason.to_owned()));
            self.tell(Event::LaunchFailed { worker, reason: reason.to_owned() }, now_ns, pool);
        }
    }

    /// When the engine wants to be asked again, at the latest.
    pub(crate) fn deadline_ns(&self) -> Option<u64> {
        self.deadline_ns
    }

    /// The engine hears of an event.
    pub(crate) fn tell<P: Processes>(&mut self, event: Event, now_ns: u64, pool: &mut WorkerPool<P>) {
        self.step(event, now_ns, Some(pool));
    }

    /// The same; without a pool there are no workers.
    pub(crate) fn step<P: Processes>(&mut self, event: Event, now_ns: u64, pool: Option<&mut WorkerPool<P>>) {
        let mut world = HostWorld { run: &mut self.host, pool, now_ns };
        self.deadline_ns = self.engine.step(&mut world, now_ns, [event]);
    }

    /// Hands what came of the run to whoever holds its handle.
    pub(crate) fn finish(self, now_ns: u64) {
        let ActiveRun { engine, host, handle, unwritten, mut stats, span, .. } = self;
        let HostRun { job, mut results, mut recorder, outcome, .. } = host;
        stats.withdrawn = engine.withdrawn().to_vec();
        stats.retries = engine.retries();
        stats.seconds = recorder.end(now_ns) as f64 / 1e9;
        results.extend(job.pages);
        stats.peak_bytes = job.board.board().peak_bytes();
        let _within = span.entered();
        let outcome = outcome.expect("a run is finished after its outcome is known");
        tracing::info!(
            outcome = outcome.name(),
            seconds = stats.seconds,
            workers = stats.workers,
            deaths = stats.deaths,
            retries = stats.retries,
            peak_bytes = stats.peak_bytes,
            "ended"
        );
        handle.complete(Finished { outcome, board: job.board, results, unwritten, stats, recorder });
    }
}
