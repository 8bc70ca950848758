//! What the supervisor does with a board: make it, open stages, say what is wanted, take back what the dead held.
use std::ops::Deref;
use std::ptr::NonNull;

use super::entries::Recovered;
use super::layout::{
    ClaimLine, ControlLine, Header, MemoryLine, RareLine, Slot, StageFixed, StageHead, StageSpec, StatsLine,
    MAGIC, VERSION,
};
use super::reader::{usable, BoardReader};
use super::spec::BoardSpec;
use super::sync::{AtomicU32, AtomicU64, Ordering};
use super::word::ChunkState;
use super::{Control, Lease};
use crate::error::Result;
use crate::id::{ChunkId, StageId, WorkerId};
use crate::policy::Schedule;

/// The supervisor's hold on the board that it made: all that [`BoardReader`] tells, and what the supervisor does.
#[derive(Debug)]
pub struct SupervisorBoard {
    pub(super) reader: BoardReader,
}

impl Deref for SupervisorBoard {
    type Target = BoardReader;

    fn deref(&self) -> &BoardReader {
        &self.reader
    }
}

impl SupervisorBoard {
    /// Makes a board in fresh memory. O(stages + workers) beside the payload's copy: entries are not touched.
    ///
    /// # Errors
    /// A shape that no board can have, or memory that is too short or not aligned to a line.
    ///
    /// # Safety
    /// `[base, base + len)` is readable, writable and all zero; nobody else uses it before this returns; it stays
    /// mapped as long as the board lives; and meanwhile all processes change it through boards only.
    pub unsafe fn create(base: *mut u8, len: usize, spec: &BoardSpec<'_>) -> Result<SupervisorBoard> {
        let layout = spec.layout()?;
        let base = usable(base, len, layout.bytes)?;
        let header = Header {
            magic: MAGIC,
            version: VERSION,
            workers: spec.workers,
            stages: spec.stages.len() as u32,
            unused: 0,
            bytes: layout.bytes,
            payload_len: spec.payload.len() as u64,
            control: ControlLine::default(),
            memory: MemoryLine::default(),
        };
        // SAFETY: the memory is ours alone until we return (the caller's promise) and holds `layout.bytes` (checked);
        // all offsets come from that layout and are multiples of the types' alignment.
        unsafe {
            base.cast::<Header>().write(header);
            for worker in 0..spec.workers as usize {
                base.add(layout.slots as usize).cast::<Slot>().add(worker).write(Slot::new());
            }
            for (stage, place) in spec.stages.iter().zip(&layout.stages) {
                base.add(place.head as usize).cast::<StageHead>().write(StageHead {
                    fixed: fixed(stage),
                    claims: ClaimLine { hint: AtomicU32::new(0) },
                    rare: RareLine {
                        there: AtomicU64::new(stage.elements),
                        open: AtomicU32::new(0),
                        appended_count: AtomicU32::new(0),
                        appended_hint: AtomicU32::new(0),
                    },
                    stats: StatsLine::new(),
                });
            }
            let payload = base.add(layout.payload as usize);
            payload.copy_from_nonoverlapping(NonNull::from(spec.payload).cast(), spec.payload.len());
        }
        // SAFETY: just made, by the same layout; the caller's promise covers the board's life.
        let reader = unsafe { BoardReader::attach(base.as_ptr(), len) }?;
        Ok(SupervisorBoard { reader })
    }

    /// Lets workers claim from the stage.
    pub fn open(&self, id: StageId) {
        if let Some(stage) = self.stage(id) {
            self.control_line().last.fetch_max(id.0 + 1, Ordering::Relaxed);
            self.head(stage).rare.open.store(1, Ordering::Release);
            self.control_line().offers.fetch_add(1, Ordering::Release);
        }
    }

    /// Says how many elements of a stage, from the first on, have their data there: workers take no others from its log. All, unless
    /// this says otherwise before the stage is opened. Of less than all, whole multiples of the stage's alignment count, and whole chunks
    /// where their size is fixed.
    pub fn set_there(&self, id: StageId, elements: u64) {
        let Some(stage) = self.stage(id) else { return };
        let all = elements >= stage.spec.elements;
        let unit = match stage.spec.policy.schedule {
            Schedule::Fixed => stage.spec.policy.chunk.max(1).checked_next_multiple_of(stage.spec.align),
            _ => Some(stage.spec.align),
        };
        let there = if all { stage.spec.elements } else { elements - elements % unit.unwrap_or(u64::MAX) };
        // Release: the data was there before.
        self.head(stage).rare.there.store(there, Ordering::Release);
        self.control_line().offers.fetch_add(1, Ordering::Release);
    }

    /// Tells all workers what is wanted.
    pub fn set_control(&self, control: Control) {
        self.control_line().control.store(control as u32, Ordering::Release);
    }

    /// All stages before this one are through: workers need not look at them any more.
    pub(super) fn skip_to(&self, stage: StageId) {
        self.control_line().first.fetch_max(stage.0, Ordering::Relaxed);
    }

    /// Withdraws the ranges of a stage that nobody has taken; gives start, end and attempt of each. They must be appended
    /// again, in whatever pieces. O(ranges). One caller at a time: the supervisor.
    pub fn withdraw(&self, stage: StageId) -> Vec<(u64, u64, u32)> {
        self.stage(stage).map(|stage| self.appended(stage).withdraw()).unwrap_or_default()
    }

    /// Asks for `[start, end)` to be run (again), as attempt `attempt`. `None` when there is no room for more, or the
    /// range is not one of the stage. One caller at a time: the supervisor.
    pub fn append(&self, stage: StageId, start: u64, end: u64, attempt: u32) -> Option<ChunkId> {
        let stage = self.stage(stage).filter(|stage| start < end && end <= stage.spec.elements)?;
        let index = self.appended(stage).append(start, end, attempt)?;
        self.control_line().offers.fetch_add(1, Ordering::Release);
        Some(ChunkId(stage.spec.log_capacity + index as u32))
    }

    /// Takes a lease back. False when the worker ended it first: then its results (or its failure) count.
    #[must_use]
    pub fn revoke(&self, lease: &Lease) -> bool {
        self.record(lease)
            .is_some_and(|record| record.change(lease.word(), lease.word().with_state(ChunkState::Lost)))
    }

    /// Takes back all that a dead worker held, and clears its place for the one that follows.
    pub fn recover(&self, worker: WorkerId) -> Vec<Recovered> {
        let mut held = self.leases_of(worker);
        held.retain(|held| self.revoke(&held.lease));
        if let Some(slot) = self.slot(worker) {
            slot.rest();
            slot.leave();
        }
        held
    }

    /// Shuts a worker's place for good and takes back what it holds. For a worker that cannot be ended: it may go on at any time, and
    /// may just be claiming, so this is to be called again from time to time while the run lasts.
    pub fn shut_out(&self, worker: WorkerId) -> Vec<Recovered> {
        if let Some(slot) = self.slot(worker) {
            slot.shut.store(1, Ordering::Relaxed);
        }
        self.recover(worker)
    }

    /// Shuts a worker's place or opens it again, so that tests have it claim as if it had begun to before; gives what was.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn set_shut(&self, worker: WorkerId, shut: bool) -> bool {
        self.slot(worker).is_some_and(|slot| slot.shut.swap(u32::from(shut), Ordering::Relaxed) != 0)
    }
}

fn fixed(stage: &StageSpec) -> StageFixed {
    StageFixed {
        elements: stage.elements,
        log_capacity: stage.log_capacity,
        appended_capacity: stage.appended_capacity,
        schedule: stage.policy.schedule as u32,
        outputs: stage.outputs,
        steps: stage.steps,
        measured: stage.measured.into(),
        timed: stage.timed.into(),
        given: stage.given,
        align: stage.align,
        chunk: stage.policy.chunk,
        shortest_ns: stage.policy.shortest_ns,
        longest_ns: stage.policy.longest_ns,
        probe_ns: stage.policy.probe_ns,
    }
}
