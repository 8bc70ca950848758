//! What a worker does with a board: claim, say which element it is at, and end the lease.
use std::ops::Deref;
use std::sync::atomic::{AtomicU64 as Count, Ordering as CountOrdering};

use super::layout::{OutputLine, Slot};
use super::log::{Claim, Left};
use super::reader::BoardReader;
use super::record::{ElementPosition, Ending, Output, Span, NOWHERE};
use super::report::StepReport;
use super::stage::BoardStage;
use super::sync::{fence, Ordering};
use super::word::ChunkState;
use super::{Control, Lease};
use crate::error::Result;
use crate::id::{ChunkId, StageId, WorkerId};
use crate::policy::{next_chunk, Stats};

/// A finished chunk: what its worker hands in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delivered<'a> {
    /// Where each output lies.
    pub outputs: &'a [Output],
    /// Warnings and messages, in the page of the run's notes.
    pub notes: Output,
    /// When it ran.
    pub span: Span,
    /// What each step did, where there are several.
    pub steps: &'a [StepReport],
}

/// Workers spread over the stages within so many of the lowest.
const SPREAD: usize = 64;

/// A worker's hold on a board: all that [`BoardReader`] tells, and what a worker does. What only the supervisor does is not there:
///
/// ```compile_fail
/// fn open(board: &scheduler::board::WorkerBoard) {
///     board.open(scheduler::id::StageId(0));
/// }
/// ```
#[derive(Debug)]
pub struct WorkerBoard {
    reader: BoardReader,
    /// This process's own: at which offer it looked last, and before which stage there was nothing then.
    looked: Count,
}

impl Deref for WorkerBoard {
    type Target = BoardReader;

    fn deref(&self) -> &BoardReader {
        &self.reader
    }
}

impl WorkerBoard {
    /// Takes hold of a board that the supervisor made. Checks magic, version and every offset; O(stages).
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) where the memory is not a board of this version.
    ///
    /// # Safety
    /// `[base, base + len)` is readable and writable, stays mapped as long as the board lives, and meanwhile all processes change it
    /// through boards only.
    pub unsafe fn attach(base: *mut u8, len: usize) -> Result<WorkerBoard> {
        // SAFETY: by this function's contract.
        let reader = unsafe { BoardReader::attach(base, len) }?;
        Ok(WorkerBoard { reader, looked: Count::new(0) })
    }

    fn looked(&self) -> (u32, u32) {
        let word = self.looked.load(CountOrdering::Relaxed);
        ((word >> 32) as u32, word as u32)
    }

    fn note_looked(&self, offers: u32, nothing_before: u32) {
        let word = (u64::from(offers) << 32) | u64::from(nothing_before);
        self.looked.store(word, CountOrdering::Relaxed);
    }

    /// Takes a chunk of the stage that [`WorkerBoard::next_stage`] names; in a stage, what must be run again before what nobody ran.
    /// `None` when there is nothing now (more may come, see [`BoardReader::control`]). About 0.1 us without rivals.
    pub fn claim(&self, worker: WorkerId) -> Option<Lease> {
        self.slot(worker)?;
        while let Some(stage) = self.next_stage(worker) {
            if let Some(lease) = self.claim_from(worker, stage, |_, end| end) {
                return Some(lease);
            }
        }
        None
    }

    /// The stage that a worker should look at next, of those that are open and have something to claim. Workers spread over
    /// them, so that stages that do not wait for each other run side by side; the first worker, and all where there is but one
    /// such stage, take the lowest.
    pub fn next_stage(&self, worker: WorkerId) -> Option<StageId> {
        if self.control() != Control::Go || self.slot(worker).is_some_and(Slot::is_shut) {
            return None;
        }
        let lowest = self.lowest()?;
        let near = (lowest.0..self.opened()).take(SPREAD).map(StageId);
        let count = near.clone().filter(|id| self.offers(*id)).count();
        let place = worker.index() % count.max(1);
        // Some may be taken meanwhile; then the lowest will do.
        Some(near.filter(|id| self.offers(*id)).nth(place).unwrap_or(lowest))
    }

    /// The lowest stage that has something to claim. Stages that are through are passed over; and those in which a worker of
    /// this process found nothing, until something is opened or appended: nothing else puts anything there.
    fn lowest(&self) -> Option<StageId> {
        // Acquire: who sees an offer sees what was offered.
        let offers = self.control_line().offers.load(Ordering::Acquire);
        let (seen, nothing_before) = self.looked();
        let first = || self.control_line().first.load(Ordering::Relaxed);
        let from = if seen == offers { nothing_before } else { first() };
        let last = self.opened();
        let found = (from..last).map(StageId).find(|id| self.offers(*id));
        let place = found.map_or(last, |id| id.0);
        if (seen, nothing_before) != (offers, place) {
            self.note_looked(offers, place);
        }
        found
    }

    /// None from this stage on was opened.
    fn opened(&self) -> u32 {
        self.control_line().last.load(Ordering::Relaxed).min(self.stages())
    }

    /// Takes a chunk of this stage, with a say in where it ends: `fit` is given where it begins and where the policy would end
    /// it.
    pub fn claim_from(&self, worker: WorkerId, id: StageId, fit: impl Fn(u64, u64) -> u64) -> Option<Lease> {
        let slot = self.slot(worker)?;
        let stage = self.stage(id).filter(|stage| self.is_open(stage))?;
        if self.control() != Control::Go || slot.is_shut() {
            return None;
        }
        let again = self.appended(stage).claim(worker).map(|claim| (stage.spec.log_capacity, claim));
        let (first, claim) = again.or_else(|| self.claim_new(stage, worker, fit).map(|claim| (0, claim)))?;
        let chunk = ChunkId(first + claim.index as u32);
        let Claim { start, end, attempt, .. } = claim;
        let lease = Lease { stage: id, chunk, worker, start, end, attempt };
        slot.take(&lease);
        Some(lease)
    }

    fn claim_new(
        &self,
        stage: &BoardStage,
        worker: WorkerId,
        fit: impl Fn(u64, u64) -> u64,
    ) -> Option<Claim> {
        let stats = &self.head(stage).stats;
        self.log(stage).claim(worker, |start, left: Left| {
            let stats = Stats {
                remaining: left.elements,
                workers: u64::from(self.workers()),
                claimed_chunks: left.claimed,
                entries_left: left.entries,
                done_elements: stats.elements.load(Ordering::Relaxed),
                timed: stats.timed(),
                done_bytes: self.outputs(stage).iter().map(OutputLine::taken).fold(0, u64::saturating_add),
            };
            fit(start, start.saturating_add(next_chunk(&stage.spec.policy, &stats)))
        })
    }

    /// Says that the chunk's first element is about to begin: one relaxed store, so that it is known of a chunk that never ends.
    pub fn begin(&self, lease: &Lease, started_ns: u64) {
        if let Some(record) = self.record(lease) {
            record.begin(started_ns);
        }
    }

    /// Says that a step's FUN is now at this element: one relaxed store, so that a death names it.
    pub fn element(&self, worker: WorkerId, position: ElementPosition) {
        if let Some(slot) = self.slot(worker) {
            slot.position.store(position.pack(), Ordering::Relaxed);
        }
    }

    /// Says that no element is being run (results are being written): a death now is no element's fault.
    pub fn between_elements(&self, worker: WorkerId) {
        if let Some(slot) = self.slot(worker) {
            slot.position.store(NOWHERE, Ordering::Relaxed);
        }
    }

    /// Ends a lease with results. False when the lease was revoked: then the results do not count.
    #[must_use]
    pub fn complete(&self, lease: &Lease, delivered: &Delivered<'_>) -> bool {
        let Delivered { outputs, notes, span, steps } = *delivered;
        if let Some(stage) = self.stage(lease.stage) {
            self.reports(stage).put(lease.chunk, outputs, steps);
        }
        let done = self.end(lease, ChunkState::Done, &Ending { notes, span, ..Ending::default() });
        if let (true, Some(stage), Some(slot)) = (done, self.stage(lease.stage), self.slot(lease.worker)) {
            let since = slot.ended(lease.stage, span.ended_ns);
            self.head(stage).stats.add(lease.end.saturating_sub(lease.start), since);
        }
        done
    }

    /// Whether a stage is through, for the worker that has just completed a chunk of it. Of workers that complete the last chunks at the same
    /// time one sees it at least. O(1) while there is something to claim.
    pub fn is_through(&self, stage: StageId) -> bool {
        // SeqCst: each of them looks at the others' chunks after its own was published.
        fence(Ordering::SeqCst);
        !self.offers(stage) && self.is_done(stage)
    }

    /// The worker sleeps, or does something else: the time until its next chunk is not a chunk's own.
    pub fn pause(&self, worker: WorkerId) {
        if let Some(slot) = self.slot(worker) {
            slot.ended.store(0, Ordering::Relaxed);
        }
    }

    /// Ends a lease with FUN's failure at `position`; `error` says where the condition lies, in the page of the run's notes.
    /// False when the lease was revoked.
    #[must_use]
    pub fn fail(
        &self,
        lease: &Lease,
        position: ElementPosition,
        error: Output,
        notes: Output,
        span: Span,
    ) -> bool {
        self.end(lease, ChunkState::Failed, &Ending { span, notes, error, failed: Some(position) })
    }

    fn end(&self, lease: &Lease, state: ChunkState, ending: &Ending) -> bool {
        let ended = self.record(lease).is_some_and(|record| record.finish(lease.word(), state, ending));
        if let Some(slot) = self.slot(lease.worker) {
            slot.rest();
        }
        ended
    }

    /// Counts `results` more of a chunk's output as read for the last time; gives how many that makes. Whoever makes it all
    /// of them may give the output back: nobody is at it any more.
    pub fn count_read(&self, stage: StageId, chunk: ChunkId, nth: u32, results: u64) -> Option<u64> {
        self.reports(self.stage(stage)?).count_read(chunk, nth, results)
    }
}
