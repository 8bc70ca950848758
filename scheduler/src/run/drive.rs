//! One run in progress on this host: what workers say and how they end, told to the engine.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Engine, Event, Loss, What};
use crate::id::{ChunkId, StageId, WorkerId};
use crate::os::{now_ns, Listener};
use crate::pool::logs::Death;
use crate::pool::{Crew, State};
use crate::run::host::{HostRun, HostWorld};
use crate::run::journal::Journal;
use crate::run::{Finished, Job, RunStats, Ticket};
use crate::trace;
use crate::wire::{FromWorker, Lost, ToWorker};
use tracing::Span;

/// A run in progress.
pub(crate) struct Drive {
    run: u64,
    engine: Engine,
    host: HostRun,
    ticket: Arc<Ticket>,
    /// When the engine wants to be asked again.
    deadline_ns: Option<u64>,
    /// What there was no room for, of failed chunks.
    lost: Vec<(StageId, ChunkId, Lost)>,
    stats: RunStats,
    /// Carries the run's number to all that is logged within.
    span: Span,
}

impl Drive {
    pub(crate) fn begin(run: u64, job: Job, ticket: Arc<Ticket>, crew: &mut Crew) -> Self {
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
        let journal = Journal::begin(board);
        board.set_begun(journal.begun_ns);
        let vacant = (0..job.plan.workers()).rev().map(WorkerId).collect();
        let host = HostRun { job, vacant, results: Vec::new(), journal, outcome: None };
        let (lost, stats) = (Vec::new(), RunStats::default());
        let mut drive = Drive { run, engine, host, ticket, deadline_ns: None, lost, stats, span };
        drive.tell(Event::Started, crew);
        drive
    }

    /// To be entered by whoever does something for this run.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Where the user's cluster nodes come in.
    pub(crate) fn guests(&self) -> Option<&Listener> {
        self.host.job.guests.as_ref()
    }

    /// Whether there are places for nodes of the user's cluster that none took.
    pub(crate) fn lacks_guests(&self) -> bool {
        self.host.job.guests.is_some() && !self.host.vacant.is_empty()
    }

    pub(crate) fn over(&self) -> bool {
        self.host.outcome.is_some()
    }

    /// How many workers of our own the run still wants.
    pub(crate) fn wants_own(&self) -> usize {
        if self.host.job.guests.is_some() || self.over() {
            0
        } else {
            self.host.job.plan.workers() as usize
        }
    }

    /// Gives vacant slots to idle workers.
    pub(crate) fn recruit(&mut self, crew: &mut Crew) {
        while let (false, Some(&slot)) = (self.over(), self.host.vacant.last()) {
            let Some(worker) = crew.idle(self.host.job.guests.is_some()) else { return };
            worker.mark_log(self.run, slot);
            worker.state = State::Busy { slot };
            tracing::debug!(worker = slot.0 + 1, pid = worker.pid, "joined");
            self.host.journal.joined(slot, worker.pid);
            self.host.vacant.pop();
            self.stats.workers += 1;
            // Before it can claim: what it does not find must be known as offered after it came.
            self.tell(Event::WorkerJoined { worker: slot }, crew);
            let board = self.host.job.board.page().handle();
            let run = ToWorker::Run { run: self.run, slot, board, log: trace::setting() };
            if let Some(worker) = crew.at(slot) {
                let _ = worker.tell(&run); // one that is gone says so by its channel
            }
        }
    }

    /// How far the session's thread is with what it copies in.
    pub(crate) fn look_at_copies(&mut self, crew: &mut Crew) {
        for event in self.host.job.copies.news() {
            self.tell(event, crew);
        }
    }

    pub(crate) fn said(&mut self, slot: WorkerId, message: FromWorker, crew: &mut Crew) {
        match message {
            FromWorker::Dry { run } if run == self.run => {
                self.tell(Event::WorkerDry { worker: slot }, crew);
            }
            // The engine looks for stages that are through whatever it is told.
            FromWorker::StageEnded { run } if run == self.run => self.tell(Event::Tick, crew),
            FromWorker::Failed { run, stage, chunk, position, lost } if run == self.run => {
                tracing::debug!(
                    worker = slot.0 + 1,
                    stage = stage.0,
                    chunk = chunk.0,
                    element = position.element + 1,
                    "failed"
                );
                self.lost.extend(lost.map(|lost| (stage, chunk, lost)));
                self.tell(Event::ChunkFailed { stage, chunk, position }, crew);
            }
            stale => tracing::debug!(?stale, "about a run that is over"),
        }
    }

    /// A worker in this run is lost.
    pub(crate) fn lost(&mut self, loss: Loss, death: Death, crew: &mut Crew) {
        let (worker, reason) = (death.worker, death.reason());
        self.host.journal.died(&death);
        self.stats.died.push(death);
        self.stats.deaths += 1;
        self.tell(Event::WorkerLost { worker, leases: Vec::new(), reason, loss }, crew);
    }

    /// A worker left instead of joining: the run before changed it.
    pub(crate) fn left(&mut self, worker: WorkerId, crew: &mut Crew) {
        let reason = "it left before it began".to_owned();
        self.tell(Event::WorkerLost { worker, leases: Vec::new(), reason, loss: Loss::EndedByUs }, crew);
    }

    /// What a worker found worth telling.
    pub(crate) fn note(&mut self, text: String) {
        self.stats.notes.push(text);
    }

    /// No more workers can be made: what is vacant stays so.
    pub(crate) fn barren(&mut self, reason: &str, crew: &mut Crew) {
        tracing::error!(reason, "no more workers can be made");
        for worker in std::mem::take(&mut self.host.vacant) {
            self.host.journal.note(What::NotStarted(worker, reason.to_owned()));
            self.tell(Event::LaunchFailed { worker, reason: reason.to_owned() }, crew);
        }
    }

    /// How long until the engine wants to be asked.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_nanos(self.deadline_ns.unwrap_or(u64::MAX).saturating_sub(now_ns()))
    }

    pub(crate) fn tell(&mut self, event: Event, crew: &mut Crew) {
        let mut world = HostWorld { run: &mut self.host, crew };
        self.deadline_ns = self.engine.step(&mut world, now_ns(), [event]);
    }

    /// Hands what came of the run to whoever holds its ticket.
    pub(crate) fn finish(self) {
        let Drive { engine, host, ticket, lost, mut stats, span, .. } = self;
        let HostRun { job, mut results, mut journal, outcome, .. } = host;
        stats.withdrawn = engine.withdrawn().to_vec();
        stats.retries = engine.retries();
        stats.seconds = journal.end() as f64 / 1e9;
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
        ticket.ring(Finished { outcome, board: job.board, results, lost, stats, journal });
    }
}
