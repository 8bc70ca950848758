//! A worker's place on the board: what it holds and is at, for whoever must know when it dies.
use super::layout::Slot;
use super::record::NOWHERE;
use super::sync::{AtomicU32, AtomicU64, Ordering};
use super::Lease;
use crate::id::StageId;

/// "No lease" in a worker's slot.
pub(super) const NO_LEASE: u64 = u64::MAX;

impl Slot {
    /// A place that nobody has.
    pub(super) fn new() -> Slot {
        Slot {
            lease: AtomicU64::new(NO_LEASE),
            position: AtomicU64::new(NOWHERE),
            call: AtomicU64::new(0),
            spent: std::array::from_fn(|_| AtomicU64::new(0)),
            ended: AtomicU64::new(0),
            ended_stage: AtomicU32::new(0),
            shut: AtomicU32::new(0),
            pid: AtomicU32::new(0),
            joined: AtomicU64::new(0),
            at: AtomicU64::new(0),
        }
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed) != 0
    }

    /// The element is cleared before the lease is named: whoever sees the lease sees none of the one before.
    pub(super) fn take(&self, lease: &Lease) {
        self.call.store(0, Ordering::Relaxed);
        self.position.store(NOWHERE, Ordering::Relaxed);
        self.lease.store(lease.name(), Ordering::Release);
    }

    /// Notes that a chunk ended; gives the time since the one before, if that was of the same stage and the worker did not
    /// sleep in between: what the chunk took with all that belongs to it.
    pub(super) fn ended(&self, stage: StageId, now_ns: u64) -> Option<u64> {
        let before = self.ended.load(Ordering::Relaxed);
        let same = self.ended_stage.load(Ordering::Relaxed) == stage.0;
        self.ended.store(now_ns, Ordering::Relaxed);
        self.ended_stage.store(stage.0, Ordering::Relaxed);
        (before > 0 && same).then(|| now_ns.saturating_sub(before))
    }

    pub(super) fn rest(&self) {
        self.call.store(0, Ordering::Relaxed);
        self.lease.store(NO_LEASE, Ordering::Release);
        self.position.store(NOWHERE, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.at.store(0, Ordering::Relaxed);
    }
}
