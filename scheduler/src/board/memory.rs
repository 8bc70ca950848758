//! A board as a piece of memory: making one, and taking hold of one to work on it.
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64 as Count, Ordering as CountOrdering};

use super::layout::{
    ClaimLine, ControlLine, Header, MemoryLine, RareLine, Slot, StageFixed, StageHead, StatsLine, MAGIC,
    VERSION,
};
use super::reader::{usable, BoardReader};
use super::record::NOWHERE;
use super::spec::BoardSpec;
use super::sync::{AtomicU32, AtomicU64};
use super::worker::NO_LEASE;
use crate::error::Result;

/// A process's hold on a board that it may change: all that [`BoardReader`] tells, and what workers and the supervisor do.
#[derive(Debug)]
pub struct Board {
    reader: BoardReader,
    /// This process's own: at which offer it looked last, and before which stage there was nothing then.
    looked: Count,
}

impl Deref for Board {
    type Target = BoardReader;

    fn deref(&self) -> &BoardReader {
        &self.reader
    }
}

impl Board {
    /// Makes a board in fresh memory. O(stages + workers) beside the payload's copy: entries are not touched.
    ///
    /// # Errors
    /// A shape that no board can have, or memory that is too short or not aligned to a line.
    ///
    /// # Safety
    /// `[base, base + len)` is readable, writable and all zero; nobody else uses it before this returns; it stays
    /// mapped as long as the board lives; and meanwhile all processes change it through boards only.
    pub unsafe fn create(base: *mut u8, len: usize, spec: &BoardSpec<'_>) -> Result<Board> {
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
                let slot = Slot {
                    lease: AtomicU64::new(NO_LEASE),
                    spot: AtomicU64::new(NOWHERE),
                    spent: std::array::from_fn(|_| AtomicU64::new(0)),
                    ended: AtomicU64::new(0),
                    ended_stage: AtomicU32::new(0),
                    shut: AtomicU32::new(0),
                    pid: AtomicU32::new(0),
                    joined: AtomicU64::new(0),
                    at: AtomicU64::new(0),
                };
                base.add(layout.slots as usize).cast::<Slot>().add(worker).write(slot);
            }
            for (stage, place) in spec.stages.iter().zip(&layout.stages) {
                base.add(place.head as usize).cast::<StageHead>().write(StageHead {
                    fixed: fixed(stage),
                    claims: ClaimLine { hint: AtomicU32::new(0) },
                    rare: RareLine {
                        there: AtomicU64::new(stage.elements),
                        open: AtomicU32::new(0),
                        extra_count: AtomicU32::new(0),
                        extra_hint: AtomicU32::new(0),
                    },
                    stats: StatsLine::new(),
                });
            }
            let payload = base.add(layout.payload as usize);
            payload.copy_from_nonoverlapping(NonNull::from(spec.payload).cast(), spec.payload.len());
        }
        // SAFETY: just made, by the same layout; the caller's promise covers the board's life.
        unsafe { Board::attach(base.as_ptr(), len) }
    }

    /// Takes hold of a board that another process made. Checks magic, version and every offset; O(stages).
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) where the memory is not a board of this version.
    ///
    /// # Safety
    /// `[base, base + len)` is readable and writable, stays mapped as long as the board lives, and meanwhile all processes change it
    /// through boards only.
    pub unsafe fn attach(base: *mut u8, len: usize) -> Result<Board> {
        // SAFETY: by this function's contract.
        let reader = unsafe { BoardReader::attach(base, len) }?;
        Ok(Board { reader, looked: Count::new(0) })
    }

    /// As [`BoardReader::look`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Safety
    /// As there.
    pub unsafe fn look(base: *mut u8, len: usize) -> Result<Option<BoardReader>> {
        // SAFETY: by this function's contract.
        unsafe { BoardReader::look(base, len) }
    }

    pub(super) fn looked(&self) -> (u32, u32) {
        let word = self.looked.load(CountOrdering::Relaxed);
        ((word >> 32) as u32, word as u32)
    }

    pub(super) fn note_looked(&self, offers: u32, nothing_before: u32) {
        let word = (u64::from(offers) << 32) | u64::from(nothing_before);
        self.looked.store(word, CountOrdering::Relaxed);
    }
}

fn fixed(stage: &super::StageSpec) -> StageFixed {
    StageFixed {
        elements: stage.elements,
        log_capacity: stage.log_capacity,
        extra_capacity: stage.extra_capacity,
        schedule: stage.policy.schedule as u32,
        outputs: stage.outputs,
        steps: stage.steps,
        measured: stage.measured.into(),
        align: stage.align,
        chunk: stage.policy.chunk,
        shortest_ns: stage.policy.shortest_ns,
        longest_ns: stage.policy.longest_ns,
        probe_ns: stage.policy.probe_ns,
    }
}
