//! A board as a piece of memory: making one, and checking one that somebody else made.
use std::ptr::NonNull;
use std::sync::Mutex;

use super::layout::{
    ClaimLine, ControlLine, Header, Layout, OutputLine, PassFixed, PassHead, PassPlace, RareLine, Slot,
    StatsLine, MAGIC, VERSION,
};
use super::log::{Extras, Log};
use super::record::{Record, NO_ELEMENT};
use super::spec::BoardSpec;
use super::supervisor::Progress;
use super::sync::{AtomicU32, AtomicU64};
use super::worker::NO_LEASE;
use crate::error::{Error, Result};
use crate::id::{PassId, WorkerId};
use crate::policy::{Policy, Schedule};

/// A process's hold on a board. Keeps its own copy of all that never changes, so that damage to the shared memory can
/// give wrong numbers, never a reference outside of it.
#[derive(Debug)]
pub struct Board {
    base: NonNull<u8>,
    layout: Layout,
    passes: Vec<Pass>,
    workers: u32,
    payload_len: usize,
    pub(super) progress: Mutex<Vec<Progress>>,
}

/// A pass's unchanging part, in this process's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub(super) elements: u64,
    pub(super) policy: Policy,
    pub(super) log_capacity: u32,
    pub(super) extra_capacity: u32,
    place: PassPlace,
}

// SAFETY: a board is a pointer to shared memory that stays mapped while the board lives (promised to `create` and
// `attach`); everything in it that changes is atomic, and the private part is immutable or behind a mutex.
unsafe impl Send for Board {}
// SAFETY: as for Send; all methods take `&self`, and concurrent calls meet only in atomics and the mutex.
unsafe impl Sync for Board {}

impl Board {
    /// Makes a board in fresh memory. O(passes + workers) beside the payload's copy: entries are not touched.
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
            passes: spec.passes.len() as u32,
            unused: 0,
            bytes: layout.bytes,
            payload_len: spec.payload.len() as u64,
            control: ControlLine(AtomicU32::new(0)),
        };
        // SAFETY: the memory is ours alone until we return (the caller's promise) and holds `layout.bytes` (checked);
        // all offsets come from that layout and are multiples of the types' alignment.
        unsafe {
            base.cast::<Header>().write(header);
            for worker in 0..spec.workers as usize {
                let slot = Slot { lease: AtomicU64::new(NO_LEASE), element: AtomicU64::new(NO_ELEMENT) };
                base.add(layout.slots as usize).cast::<Slot>().add(worker).write(slot);
            }
            for (pass, place) in spec.passes.iter().zip(&layout.passes) {
                base.add(place.head as usize).cast::<PassHead>().write(PassHead {
                    fixed: fixed(pass),
                    claims: ClaimLine { hint: AtomicU32::new(0) },
                    rare: RareLine {
                        open: AtomicU32::new(0),
                        extra_count: AtomicU32::new(0),
                        extra_hint: AtomicU32::new(0),
                    },
                    stats: StatsLine { elements: AtomicU64::new(0), ns: AtomicU64::new(0) },
                    outputs: OutputLine(AtomicU64::new(0)),
                });
            }
            let payload = base.add(layout.payload as usize);
            payload.copy_from_nonoverlapping(NonNull::from(spec.payload).cast(), spec.payload.len());
        }
        // SAFETY: just made, by the same layout; the caller's promise covers the board's life.
        unsafe { Board::attach(base.as_ptr(), len) }
    }

    /// Takes hold of a board that another process made. Checks magic, version and every offset; O(passes).
    /// Read-only memory will do for the methods that only look.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the memory is not a board of this version.
    ///
    /// # Safety
    /// `[base, base + len)` is readable (and writable, for a worker), stays mapped as long as the board lives, and
    /// meanwhile all processes change it through boards only.
    pub unsafe fn attach(base: *mut u8, len: usize) -> Result<Board> {
        let base = usable(base, len, size_of::<Header>() as u64)?;
        // SAFETY: aligned and long enough (just checked), mapped (the caller); any bits are a valid Header.
        let header = unsafe { base.cast::<Header>().as_ref() };
        if header.magic != MAGIC || header.version != VERSION {
            return Err(damaged("it is not a board of this version"));
        }
        let (workers, passes, payload_len) = (header.workers, header.passes as usize, header.payload_len);
        if header.bytes > len as u64 || passes > len / size_of::<PassHead>() || payload_len > len as u64 {
            return Err(damaged("it is longer than its memory"));
        }
        // The heads begin where a board without capacities would have them; they say the rest.
        let heads = Layout::of(workers, &vec![(0, 0); passes], 0).map_err(|_| damaged("its shape"))?;
        if heads.bytes > len as u64 {
            return Err(damaged("its passes lie outside of it"));
        }
        let read = |place: &PassPlace| {
            // SAFETY: inside the memory (the check above), aligned by the layout; any bits are a valid PassFixed.
            unsafe { base.add(place.head as usize).cast::<PassFixed>().read() }
        };
        let fixed: Vec<PassFixed> = heads.passes.iter().map(read).collect();
        let capacities: Vec<(u32, u32)> =
            fixed.iter().map(|pass| (pass.log_capacity, pass.extra_capacity)).collect();
        let layout = Layout::of(workers, &capacities, payload_len).map_err(|_| damaged("its shape"))?;
        if layout.bytes != header.bytes {
            return Err(damaged("its length does not fit its shape"));
        }
        let passes: Option<Vec<Pass>> =
            fixed.iter().zip(&layout.passes).map(|(fixed, place)| Pass::checked(fixed, *place)).collect();
        let passes = passes.ok_or_else(|| damaged("a pass's numbers"))?;
        let progress = Mutex::new(vec![Progress::default(); passes.len()]);
        let payload_len = payload_len as usize;
        Ok(Board { base, layout, passes, workers, payload_len, progress })
    }

    /// The bytes that the creator gave for all workers.
    pub fn payload(&self) -> &[u8] {
        // SAFETY: inside the memory (the layout was checked against its length); written by `create` before anybody
        // else had the memory, and by nobody since: no method gives out a way to.
        unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().add(self.layout.payload as usize), self.payload_len)
        }
    }

    /// How many passes it has.
    pub fn passes(&self) -> u32 {
        self.passes.len() as u32
    }

    /// How many workers it has places for.
    pub fn workers(&self) -> u32 {
        self.workers
    }

    /// A pass's number of elements; `None` where there is no such pass.
    pub fn elements(&self, pass: PassId) -> Option<u64> {
        self.pass(pass).map(|pass| pass.elements)
    }

    pub(super) fn pass(&self, pass: PassId) -> Option<&Pass> {
        self.passes.get(pass.index())
    }

    pub(super) fn control_word(&self) -> &AtomicU32 {
        // SAFETY: offset 0, checked length, see `at`.
        let header = unsafe { self.at::<Header>(0, 1) };
        &header[0].control.0
    }

    pub(super) fn slot(&self, worker: WorkerId) -> Option<&Slot> {
        // SAFETY: `workers` slots lie at this offset of the checked layout.
        unsafe { self.at::<Slot>(self.layout.slots, self.workers as usize) }.get(worker.index())
    }

    pub(super) fn head(&self, pass: &Pass) -> &PassHead {
        // SAFETY: the pass's head lies at this offset of the checked layout.
        let heads = unsafe { self.at::<PassHead>(pass.place.head, 1) };
        &heads[0]
    }

    pub(super) fn log(&self, pass: &Pass) -> Log<'_> {
        // SAFETY: `log_capacity` records lie at this offset of the checked layout.
        let records = unsafe { self.at::<Record>(pass.place.log, pass.log_capacity as usize) };
        Log { records, hint: &self.head(pass).claims.hint, elements: pass.elements }
    }

    pub(super) fn extras(&self, pass: &Pass) -> Extras<'_> {
        let capacity = pass.extra_capacity as usize;
        let RareLine { extra_count: count, extra_hint: hint, .. } = &self.head(pass).rare;
        // SAFETY: `extra_capacity` records and as many starts lie at these offsets of the checked layout.
        let (records, starts) = unsafe {
            (self.at::<Record>(pass.place.extra, capacity), self.at::<AtomicU64>(pass.place.starts, capacity))
        };
        Extras { records, starts, count, hint }
    }

    /// # Safety
    /// `count` values of `T` lie at offset `at` of the checked layout, and all of `T` that changes is atomic.
    unsafe fn at<T>(&self, at: u64, count: usize) -> &[T] {
        // SAFETY: inside the mapped memory and aligned (the caller's promise, the layout's rule); the memory outlives
        // `self` (promised to `create` and `attach`).
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(at as usize).cast::<T>(), count) }
    }
}

impl Pass {
    /// A pass whose numbers a board of this version can have.
    fn checked(fixed: &PassFixed, place: PassPlace) -> Option<Pass> {
        let policy = Policy {
            schedule: Schedule::from_u32(fixed.schedule)?,
            chunk: fixed.chunk,
            shortest_ns: fixed.shortest_ns,
            longest_ns: fixed.longest_ns,
            probe_ns: fixed.probe_ns,
        };
        let PassFixed { elements, log_capacity, extra_capacity, .. } = *fixed;
        let spec = super::PassSpec { elements, policy, log_capacity, extra_capacity };
        spec.check().ok()?;
        Some(Pass { elements, policy, log_capacity, extra_capacity, place })
    }
}

fn fixed(pass: &super::PassSpec) -> PassFixed {
    PassFixed {
        elements: pass.elements,
        log_capacity: pass.log_capacity,
        extra_capacity: pass.extra_capacity,
        schedule: pass.policy.schedule as u32,
        unused: 0,
        chunk: pass.policy.chunk,
        shortest_ns: pass.policy.shortest_ns,
        longest_ns: pass.policy.longest_ns,
        probe_ns: pass.policy.probe_ns,
    }
}

/// Memory that can hold `bytes` of a board.
fn usable(base: *mut u8, len: usize, bytes: u64) -> Result<NonNull<u8>> {
    let base = NonNull::new(base).ok_or_else(|| damaged("there is no memory"))?;
    if base.addr().get() % super::layout::LINE as usize != 0 {
        return Err(damaged("its memory is not aligned"));
    }
    if (len as u64) < bytes {
        return Err(damaged("its memory is too short"));
    }
    Ok(base)
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { segment: "of the board".into(), reason: reason.into() }
}
