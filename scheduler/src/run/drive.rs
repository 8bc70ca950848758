//! One run in progress: the core decides, this applies its decisions to board and crew, and tells it what happened.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::board::{Board, ChunkRecord, Control, Opened};
use crate::core::{Action, Core, Event, Loss, LostLease, Outcome};
use crate::id::{ChunkId, ResourceId, StageId, WorkerId};
use crate::inspect::What;
use crate::os::{now_ns, Listener};
use crate::pool::logs::Death;
use crate::pool::{Crew, State};
use crate::run::journal::Journal;
use crate::run::{Finished, Job, RunStats, Ticket};
use crate::store::Page;
use crate::trace;
use crate::wire::{FromWorker, ToWorker};
use tracing::Span;

/// A run in progress.
pub(crate) struct Drive {
    run: u64,
    job: Job,
    core: Core,
    ticket: Arc<Ticket>,
    /// Slots that have no worker.
    vacant: Vec<WorkerId>,
    /// Slots whose workers were cut off and may live.
    cut_off: Vec<WorkerId>,
    /// Open stages; the core was told the end of the others.
    opened: Opened,
    /// Errors that there was no room to write.
    words: Vec<(StageId, ChunkId, String)>,
    /// Pages whose last reader is done, kept because the caller reads them: results.
    results: Vec<(ResourceId, Page)>,
    outcome: Option<Outcome>,
    stats: RunStats,
    journal: Journal,
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
        let core = Core::new(&job.plan, job.settings);
        let vacant = (0..job.plan.workers()).rev().map(WorkerId).collect();
        let opened = Opened::new(job.board.board());
        let journal = Journal::begin(&job.plan, job.board.board());
        job.board.board().set_begun(journal.begun_ns);
        let mut drive = Drive {
            run,
            job,
            core,
            ticket,
            vacant,
            cut_off: Vec::new(),
            opened,
            words: Vec::new(),
            results: Vec::new(),
            outcome: None,
            stats: RunStats::default(),
            journal,
            span,
        };
        drive.tell(Event::Started, crew);
        drive
    }

    fn board(&self) -> &Board {
        self.job.board.board()
    }

    /// To be entered by whoever does something for this run.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Where the user's cluster nodes come in.
    pub(crate) fn guests(&self) -> Option<&Listener> {
        self.job.guests.as_ref()
    }

    /// Whether there are places for nodes of the user's cluster that none took.
    pub(crate) fn lacks_guests(&self) -> bool {
        self.job.guests.is_some() && !self.vacant.is_empty()
    }

    pub(crate) fn over(&self) -> bool {
        self.outcome.is_some()
    }

    /// How many workers of our own the run still wants.
    pub(crate) fn wants_own(&self) -> usize {
        if self.job.guests.is_some() || self.over() {
            0
        } else {
            self.job.plan.workers() as usize
        }
    }

    /// Gives vacant slots to idle workers.
    pub(crate) fn recruit(&mut self, crew: &mut Crew) {
        while let (false, Some(&slot)) = (self.over(), self.vacant.last()) {
            let Some(worker) = crew.idle(self.job.guests.is_some()) else { return };
            let board = self.job.board.page().handle();
            worker.mark_log(self.run, slot);
            let log = trace::setting();
            if worker.tell(&ToWorker::Run { run: self.run, slot, board, log }).is_err() {
                return; // it is gone, which its channel will tell next
            }
            worker.state = State::Busy { slot };
            tracing::debug!(worker = slot.0 + 1, pid = worker.pid, "joined");
            self.journal.joined(slot, worker.pid);
            self.vacant.pop();
            self.stats.workers += 1;
            self.tell(Event::WorkerJoined { worker: slot }, crew);
        }
    }

    pub(crate) fn said(&mut self, slot: WorkerId, message: FromWorker, crew: &mut Crew) {
        match message {
            FromWorker::Dry { run } if run == self.run => {
                self.notice_done(crew);
                self.tell(Event::WorkerDry { worker: slot }, crew);
            }
            FromWorker::Failed { run, stage, chunk, spot, words } if run == self.run => {
                tracing::debug!(
                    worker = slot.0 + 1,
                    stage = stage.0,
                    chunk = chunk.0,
                    element = spot.element + 1,
                    "failed"
                );
                self.words.extend(words.map(|words| (stage, chunk, words)));
                self.journal.note(What::Failed(stage, chunk, spot.element));
                self.tell(Event::ChunkFailed { stage, chunk, spot }, crew);
            }
            stale => tracing::debug!(?stale, "about a run that is over"),
        }
    }

    /// A worker is lost: what it held is taken from it on the board before the core hears of it, so that nothing it may
    /// still have in flight counts.
    pub(crate) fn lost(&mut self, loss: Loss, death: Death, crew: &mut Crew) {
        let (slot, reason) = (death.worker, death.reason());
        self.stats.died.push(death);
        let held = if loss == Loss::CutOff {
            // It may live, so nobody else gets its place.
            self.cut_off.push(slot);
            self.board().shut_out(slot)
        } else {
            self.vacant.push(slot);
            self.board().recover(slot)
        };
        let leases: Vec<_> = held.into_iter().map(LostLease::from).collect();
        self.journal.died(slot, &reason);
        // It may have died between an error's record and its word about it.
        for stage in self.opened.stages().to_vec() {
            for failure in self.board().failures(stage) {
                let ChunkRecord { chunk, failed: Some(spot), .. } = failure else { continue };
                self.tell(Event::ChunkFailed { stage, chunk, spot }, crew);
            }
        }
        self.stats.deaths += 1;
        self.stats.retries += leases.len() as u32;
        tracing::debug!(worker = slot.0 + 1, chunks = leases.len(), "lost");
        self.notice_done(crew);
        self.tell(Event::WorkerLost { worker: slot, leases, reason: reason.clone(), loss }, crew);
        if loss == Loss::CutOff {
            self.tell(Event::LaunchFailed { worker: slot, reason }, crew);
        }
    }

    /// Takes back what workers claimed just when they were cut off.
    pub(crate) fn recover_cut_off(&mut self, crew: &mut Crew) {
        for worker in self.cut_off.clone() {
            let leases: Vec<_> = self.board().shut_out(worker).into_iter().map(LostLease::from).collect();
            if leases.is_empty() {
                continue;
            }
            let reason = "it claimed a chunk while it was cut off".to_owned();
            let lost = Event::WorkerLost { worker, leases, reason: reason.clone(), loss: Loss::CutOff };
            self.tell(lost, crew);
            self.tell(Event::LaunchFailed { worker, reason }, crew);
        }
    }

    /// A worker left instead of joining: the run before changed it. Nothing was lost.
    pub(crate) fn left(&mut self, slot: WorkerId, crew: &mut Crew) {
        let leases: Vec<_> = self.board().recover(slot).into_iter().map(LostLease::from).collect();
        tracing::debug!(worker = slot.0 + 1, "left before it began");
        self.vacant.push(slot);
        let reason = "it left before it began".to_owned();
        self.tell(Event::WorkerLost { worker: slot, leases, reason, loss: Loss::EndedByUs }, crew);
    }

    /// What a worker found worth telling.
    pub(crate) fn note(&mut self, text: String) {
        self.stats.notes.push(text);
    }

    /// No more workers can be made: what is vacant stays so.
    pub(crate) fn barren(&mut self, reason: &str, crew: &mut Crew) {
        tracing::error!(reason, "no more workers can be made");
        for worker in std::mem::take(&mut self.vacant) {
            self.journal.note(What::NotStarted(worker, reason.to_owned()));
            self.tell(Event::LaunchFailed { worker, reason: reason.to_owned() }, crew);
        }
    }

    /// How long until the core wants a tick.
    pub(crate) fn deadline(&self) -> Duration {
        let at = self.core.next_deadline().unwrap_or(u64::MAX);
        Duration::from_nanos(at.saturating_sub(now_ns()))
    }

    pub(crate) fn tell(&mut self, event: Event, crew: &mut Crew) {
        let mut events = VecDeque::from([event]);
        let mut actions = Vec::new();
        while let Some(event) = events.pop_front() {
            tracing::trace!(?event, "core");
            self.core.on_event(event, now_ns(), &mut actions);
            for action in actions.drain(..) {
                tracing::trace!(?action, "core");
                self.apply(action, &mut events, crew);
            }
        }
    }

    fn apply(&mut self, action: Action, events: &mut VecDeque<Event>, crew: &mut Crew) {
        self.journal.action(&action, &self.job.plan);
        match action {
            // The session's thread copied the data in before it began the run.
            Action::Share { resource } => events.push_back(Event::Shared { resource }),
            Action::Open { stage } => {
                for piece in self.job.plan.stages()[stage.index()].pieces.iter() {
                    self.append(stage, piece.start, piece.end, 0);
                }
                self.opened.open(self.job.board.board(), stage);
                tracing::debug!(stage = stage.0, elements = self.board().elements(stage), "opened");
            }
            Action::WakeDry(workers) => {
                for slot in workers {
                    // One that is gone says so by its channel.
                    let _ = crew.at(slot).map(|worker| worker.tell(&ToWorker::Wake));
                }
            }
            Action::Append { stage, start, end, attempt } => {
                if attempt > 0 {
                    tracing::debug!(stage = stage.0, start = start + 1, end, attempt, "put up again");
                }
                self.append(stage, start, end, attempt);
            }
            Action::Measure { stage } => {
                let pace = self.job.plan.stages()[stage.index()].pace(self.board(), stage);
                events.push_back(Event::Measured { stage, pace });
            }
            Action::Withdraw { stage } => {
                let ranges = self.board().withdraw(stage);
                tracing::info!(stage = stage.0, ranges = ranges.len(), "costs misled, taken back");
                if !ranges.is_empty() {
                    self.journal.note(What::TakenBack(stage, ranges.len() as u64));
                    self.stats.withdrawn.push((stage, ranges.iter().map(|(start, ..)| *start).collect()));
                }
                events.push_back(Event::Withdrawn { stage, ranges });
            }
            Action::Stop => {
                tracing::debug!("stopping");
                self.board().set_control(Control::Stop);
            }
            Action::Interrupt { worker } => {
                tracing::debug!(worker = worker.0 + 1, "interrupted");
                if let Some(worker) = crew.at(worker) {
                    worker.interrupt();
                }
            }
            Action::Kill { worker } => {
                tracing::debug!(worker = worker.0 + 1, "killed");
                if let Some(worker) = crew.at(worker) {
                    worker.end(Loss::EndedByUs);
                }
            }
            Action::Replace { .. } => {} // its slot is vacant, and the supervisor recruits after every event
            Action::Gather { resource } => events.push_back(Event::Gathered { resource }),
            Action::Free { resource } => self.free(resource),
            Action::LetGo { resource } => {
                tracing::debug!(resource = self.name_of(resource), "let go");
                self.journal.note(What::LetGo(resource));
                self.job.pins.retain(|(pinned, _)| *pinned != resource);
            }
            Action::EndRun => {
                self.board().set_control(Control::Ended);
                crew.dismiss();
            }
            Action::Finish(outcome) => self.outcome = Some(outcome),
        }
    }

    /// The last consumer is done. A page that the caller reads stays until it has; any other goes now.
    fn free(&mut self, resource: ResourceId) {
        let Some(place) = self.job.pages.iter().position(|(id, _)| *id == resource) else { return };
        let freed = self.job.pages.swap_remove(place);
        tracing::debug!(resource = self.name_of(resource), "freed");
        let wanted = self.job.plan.spec().gather.iter();
        if wanted.filter_map(|&pass| self.job.plan.result_of(pass)).any(|wanted| wanted == resource) {
            self.results.push(freed);
            return;
        }
        self.journal.note(What::Freed(resource));
        match self.job.plan.maker_of(resource) {
            None => self.board().give_bytes(freed.1.bytes()),
            Some((stage, nth)) => self.board().close_output(stage, nth),
        }
    }

    fn name_of(&self, resource: ResourceId) -> &str {
        self.job.plan.graph().resources().get(resource.index()).map_or("", |resource| &resource.name)
    }

    fn append(&self, stage: StageId, start: u64, end: u64, attempt: u32) {
        let appended = self.board().append(stage, start, end, attempt);
        appended.expect("the core counts the entries that the board has for this");
    }

    fn notice_done(&mut self, crew: &mut Crew) {
        for stage in self.opened.ended(self.job.board.board()) {
            tracing::debug!(stage = stage.0, "done");
            self.job
                .plan
                .stage(stage)
                .into_iter()
                .for_each(|stage| self.journal.note(What::Ended(stage.task)));
            self.tell(Event::StageDone { stage }, crew);
        }
    }

    /// Hands what came of the run to whoever holds its ticket.
    pub(crate) fn finish(self) {
        let Drive { job, ticket, words, mut results, outcome, mut stats, mut journal, span, .. } = self;
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
        ticket.ring(Finished { outcome, board: job.board, results, words, stats, journal });
    }
}
