//! What a worker does with a board: claim, say which element it is at, and end the lease.
use super::layout::Slot;
use super::log::{Claim, Left};
use super::memory::{Board, Pass};
use super::record::{Output, Record, Report, Span, NO_ELEMENT};
use super::sync::Ordering;
use super::word::{ChunkState, Word};
use super::{Control, Lease};
use crate::id::{ChunkId, PassId, WorkerId};
use crate::policy::{next_bite, Stats};

/// "No lease" in a worker's slot.
pub(super) const NO_LEASE: u64 = u64::MAX;

impl Board {
    /// Takes a chunk of any open pass, the lowest first; in a pass, what must be run again before what nobody ran.
    /// `None` when there is nothing now (more may come, see [`Board::control`]). About 0.1 us without rivals.
    pub fn claim(&self, worker: WorkerId) -> Option<Lease> {
        let slot = self.slot(worker)?;
        if self.control() != Control::Go {
            return None;
        }
        (0..self.passes()).map(PassId).find_map(|id| {
            let pass = self.pass(id)?;
            if self.head(pass).rare.open.load(Ordering::Acquire) == 0 {
                return None;
            }
            let again = self.extras(pass).claim(worker).map(|claim| (pass.log_capacity, claim));
            let (first, claim) = again.or_else(|| self.claim_new(pass, worker).map(|claim| (0, claim)))?;
            let chunk = ChunkId(first + claim.index as u32);
            let Claim { start, end, attempt, .. } = claim;
            let lease = Lease { pass: id, chunk, worker, start, end, attempt };
            slot.take(&lease);
            Some(lease)
        })
    }

    fn claim_new(&self, pass: &Pass, worker: WorkerId) -> Option<Claim> {
        let done = &self.head(pass).stats;
        self.log(pass).claim(worker, |left: Left| {
            let stats = Stats {
                remaining: left.elements,
                workers: u64::from(self.workers()),
                claimed_chunks: left.claimed,
                entries_left: left.entries,
                done_elements: done.elements.load(Ordering::Relaxed),
                done_ns: done.ns.load(Ordering::Relaxed),
                done_bytes: self.head(pass).outputs.0.load(Ordering::Relaxed),
            };
            next_bite(&pass.policy, &stats)
        })
    }

    /// Says that FUN is now at this element: one relaxed store, so that a death names it.
    pub fn element(&self, worker: WorkerId, index: u64) {
        if let Some(slot) = self.slot(worker) {
            slot.element.store(index, Ordering::Relaxed);
        }
    }

    /// Says that no element is being run (results are being written): a death now is no element's fault.
    pub fn between_elements(&self, worker: WorkerId) {
        self.element(worker, NO_ELEMENT);
    }

    /// Room for `bytes` in the pass's results page; gives the offset from the start of the page's content, a multiple
    /// of 64. What a dead worker reserved stays unused.
    pub fn reserve_output(&self, pass: PassId, bytes: u64) -> Option<u64> {
        let next = &self.head(self.pass(pass)?).outputs.0;
        let bytes = bytes.checked_next_multiple_of(super::layout::LINE)?;
        Some(next.fetch_add(bytes, Ordering::Relaxed))
    }

    /// Ends a lease with results. False when the lease was revoked: then the results do not count.
    #[must_use]
    pub fn complete(&self, lease: &Lease, output: Output, notes: Output, span: Span) -> bool {
        let done = self.end(lease, ChunkState::Done, &Report { output, notes, failed: NO_ELEMENT, span });
        if done {
            if let Some(pass) = self.pass(lease.pass) {
                let stats = &self.head(pass).stats;
                stats.elements.fetch_add(lease.end.saturating_sub(lease.start), Ordering::Relaxed);
                stats.ns.fetch_add(span.ended_ns.saturating_sub(span.started_ns), Ordering::Relaxed);
            }
        }
        done
    }

    /// Ends a lease with FUN's failure at `element`; `error` says where in the results page the condition lies. False
    /// when the lease was revoked.
    #[must_use]
    pub fn fail(&self, lease: &Lease, element: u64, error: Output, notes: Output, span: Span) -> bool {
        self.end(lease, ChunkState::Failed, &Report { output: error, notes, failed: element, span })
    }

    fn end(&self, lease: &Lease, state: ChunkState, report: &Report) -> bool {
        let ended = self.record(lease).is_some_and(|record| record.finish(lease.word(), state, report));
        if let Some(slot) = self.slot(lease.worker) {
            slot.rest();
        }
        ended
    }

    /// What the supervisor wants. A value that no version wrote is read as `Ended`.
    pub fn control(&self) -> Control {
        match self.control_word().load(Ordering::Acquire) {
            0 => Control::Go,
            1 => Control::Stop,
            _ => Control::Ended,
        }
    }

    /// The entry of a lease.
    pub(super) fn record(&self, lease: &Lease) -> Option<&Record> {
        let pass = self.pass(lease.pass)?;
        match lease.chunk.0.checked_sub(pass.log_capacity) {
            None => self.log(pass).records.get(lease.chunk.index()),
            Some(extra) => self.extras(pass).records.get(extra as usize),
        }
    }
}

impl Lease {
    /// The word that its entry has while the lease is good.
    pub(super) fn word(&self) -> Word {
        Word::new(self.end, self.worker, self.attempt, ChunkState::Leased)
    }

    /// The lease as a slot names it.
    pub(super) fn name(&self) -> u64 {
        (u64::from(self.pass.0) << 32) | u64::from(self.chunk.0)
    }
}

impl Slot {
    /// The element is cleared before the lease is named: whoever sees the lease sees none of the one before.
    fn take(&self, lease: &Lease) {
        self.element.store(NO_ELEMENT, Ordering::Relaxed);
        self.lease.store(lease.name(), Ordering::Release);
    }

    pub(super) fn rest(&self) {
        self.lease.store(NO_LEASE, Ordering::Release);
        self.element.store(NO_ELEMENT, Ordering::Relaxed);
    }
}
