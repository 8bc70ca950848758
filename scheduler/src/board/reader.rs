//! A board, looked at: checking one that somebody else made, and where everything in it lies for this process.
use std::ptr::NonNull;
use std::sync::Mutex;

use super::layout::{
    Capacity, ControlLine, Header, Layout, MemoryLine, OutputLine, RareLine, Slot, StageFixed, StageHead,
    StagePlace, MAGIC, VERSION,
};
use super::log::{Appended, Log};
use super::progress::Progress;
use super::record::Record;
use super::report::{self, Reports};
use super::stage::{spec_of, BoardStage};
use super::sync::{acquire32, acquire64, AtomicU32, AtomicU64};
use super::{Control, Lease};
use crate::error::{Error, Result};
use crate::id::{StageId, WorkerId};
use crate::policy::Schedule;

/// A process's hold on a board that it only looks at; read-only memory will do. Keeps its own copy of all that never changes, so that
/// damage to the shared memory can give wrong numbers, never a reference outside of it.
///
/// Its loads are relaxed and of 8 bytes at most, followed by a fence where more than the number counts (`sync.rs`). What changes a
/// board is not there:
///
/// ```compile_fail
/// fn claim(board: &scheduler::board::BoardReader) {
///     board.claim(scheduler::id::WorkerId(0));
/// }
/// ```
#[derive(Debug)]
pub struct BoardReader {
    base: NonNull<u8>,
    layout: Layout,
    stages: Vec<BoardStage>,
    workers: u32,
    payload_len: usize,
    pub(super) progress: Mutex<Vec<Progress>>,
}

// SAFETY: a board is a pointer to shared memory that stays mapped while it lives (promised to `attach`); everything in it that changes
// is atomic, and the private part is immutable or behind a mutex.
unsafe impl Send for BoardReader {}
// SAFETY: as for Send; all methods take `&self`, and concurrent calls meet only in atomics and the mutex.
unsafe impl Sync for BoardReader {}

impl BoardReader {
    /// Takes hold of a board that was made. Checks magic, version and every offset; O(stages).
    ///
    /// # Errors
    /// [`Error::Damaged`] where the memory is not a board of this version.
    ///
    /// # Safety
    /// `[base, base + len)` is readable, stays mapped as long as this lives, and meanwhile all processes change it through boards only.
    pub(super) unsafe fn attach(base: *mut u8, len: usize) -> Result<BoardReader> {
        let base = usable(base, len, size_of::<Header>() as u64)?;
        // SAFETY: aligned and long enough (just checked), mapped (the caller); any bits are a valid Header.
        let header = unsafe { base.cast::<Header>().as_ref() };
        if header.magic != MAGIC || header.version != VERSION {
            return Err(damaged("it is not a board of this version"));
        }
        let (workers, stages, payload_len) = (header.workers, header.stages as usize, header.payload_len);
        if header.bytes > len as u64 || stages > len / size_of::<StageHead>() || payload_len > len as u64 {
            return Err(damaged("it is longer than its memory"));
        }
        // The heads begin where a board without capacities would have them; they say the rest.
        let heads =
            Layout::of(workers, &vec![Capacity::default(); stages], 0).map_err(|_| damaged("its shape"))?;
        if heads.bytes > len as u64 {
            return Err(damaged("its stages lie outside of it"));
        }
        let read = |place: &StagePlace| {
            // SAFETY: inside the memory (the check above), aligned by the layout; any bits are a valid StageFixed.
            unsafe { base.add(place.head as usize).cast::<StageFixed>().read() }
        };
        let fixed: Vec<StageFixed> = heads.stages.iter().map(read).collect();
        let capacities: Vec<Capacity> = fixed.iter().map(|stage| spec_of(stage).capacity()).collect();
        let layout = Layout::of(workers, &capacities, payload_len).map_err(|_| damaged("its shape"))?;
        if layout.bytes != header.bytes {
            return Err(damaged("its length does not fit its shape"));
        }
        let stages: Option<Vec<BoardStage>> = fixed
            .iter()
            .zip(&layout.stages)
            .map(|(fixed, place)| BoardStage::checked(fixed, *place))
            .collect();
        let stages = stages.ok_or_else(|| damaged("a stage's numbers"))?;
        let progress = Mutex::new(vec![Progress::default(); stages.len()]);
        let payload_len = payload_len as usize;
        Ok(BoardReader { base, layout, stages, workers, payload_len, progress })
    }

    /// The board, for whoever was not told of it but found it: `None` while its run has not begun, for then its creator may still be at
    /// work on it. O(stages).
    ///
    /// # Errors
    /// [`Error::Damaged`] where the memory is not a board of this version.
    ///
    /// # Safety
    /// `[base, base + len)` is readable and stays mapped as long as this lives, and meanwhile all processes change it through boards
    /// only.
    pub unsafe fn look(base: *mut u8, len: usize) -> Result<Option<BoardReader>> {
        let start = usable(base, len, size_of::<Header>() as u64)?;
        // SAFETY: aligned and long enough (just checked), mapped (the caller). Only the control line is touched, which is
        // atomic throughout: the creator may be writing the rest.
        let control = unsafe { &*std::ptr::addr_of!((*start.cast::<Header>().as_ptr()).control) };
        // Acquire: the run began after the board was made.
        if acquire64(&control.begun) == 0 {
            return Ok(None);
        }
        // SAFETY: the caller's promise, and nobody is making it any more.
        unsafe { BoardReader::attach(base, len) }.map(Some)
    }

    /// The bytes that the creator gave for all workers.
    pub fn payload(&self) -> &[u8] {
        // SAFETY: inside the memory (the layout was checked against its length); written by `create` before anybody
        // else had the memory, and by nobody since: no method gives out a way to.
        unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().add(self.layout.payload as usize), self.payload_len)
        }
    }

    /// How many stages it has.
    pub fn stages(&self) -> u32 {
        self.stages.len() as u32
    }

    /// How many workers it has places for.
    pub fn workers(&self) -> u32 {
        self.workers
    }

    /// A stage's number of elements; `None` where there is no such stage.
    pub fn elements(&self, stage: StageId) -> Option<u64> {
        self.stage(stage).map(|stage| stage.spec.elements)
    }

    pub(super) fn stage(&self, stage: StageId) -> Option<&BoardStage> {
        self.stages.get(stage.index())
    }

    pub(super) fn control_line(&self) -> &ControlLine {
        // SAFETY: offset 0, checked length, see `at`.
        let header = unsafe { self.at::<Header>(0, 1) };
        &header[0].control
    }

    pub(super) fn memory(&self) -> &MemoryLine {
        // SAFETY: offset 0, checked length, see `at`.
        let header = unsafe { self.at::<Header>(0, 1) };
        &header[0].memory
    }

    pub(super) fn slot(&self, worker: WorkerId) -> Option<&Slot> {
        // SAFETY: `workers` slots lie at this offset of the checked layout.
        unsafe { self.at::<Slot>(self.layout.slots, self.workers as usize) }.get(worker.index())
    }

    pub(super) fn head(&self, stage: &BoardStage) -> &StageHead {
        // SAFETY: the stage's head lies at this offset of the checked layout.
        let heads = unsafe { self.at::<StageHead>(stage.place.head, 1) };
        &heads[0]
    }

    pub(super) fn log(&self, stage: &BoardStage) -> Log<'_> {
        // SAFETY: `log_capacity` records lie at this offset of the checked layout.
        let records = unsafe { self.at::<Record>(stage.place.log, stage.spec.log_capacity as usize) };
        let head = self.head(stage);
        // Where the plan cut the stage, all of it comes as ranges: there is nothing to take from the log.
        let cut = stage.spec.policy.schedule == Schedule::Profiled;
        let elements = if cut { 0 } else { stage.spec.elements };
        // Acquire: who sees an element as there sees its data.
        let there = acquire64(&head.rare.there).min(elements);
        Log {
            records,
            hint: &head.claims.hint,
            elements,
            there,
            align: stage.spec.align,
            given: u64::from(stage.spec.given),
        }
    }

    pub(super) fn appended(&self, stage: &BoardStage) -> Appended<'_> {
        let capacity = stage.spec.appended_capacity as usize;
        let RareLine { appended_count: count, appended_hint: hint, .. } = &self.head(stage).rare;
        // SAFETY: `appended_capacity` records and as many starts lie at these offsets of the checked layout.
        let (records, starts) = unsafe {
            (
                self.at::<Record>(stage.place.appended, capacity),
                self.at::<AtomicU64>(stage.place.starts, capacity),
            )
        };
        Appended { records, starts, count, hint }
    }

    pub(super) fn outputs(&self, stage: &BoardStage) -> &[OutputLine] {
        // SAFETY: `outputs` lines lie at this offset of the checked layout.
        unsafe { self.at::<OutputLine>(stage.place.outputs, stage.spec.outputs as usize) }
    }

    /// The stage's reports.
    pub(super) fn reports(&self, stage: &BoardStage) -> Reports<'_> {
        let entries = stage.spec.log_capacity as usize + stage.spec.appended_capacity as usize;
        let words = entries * report::width(stage.spec.outputs, stage.spec.steps);
        // SAFETY: that many words lie at this offset of the checked layout.
        let words = unsafe { self.at::<AtomicU64>(stage.place.reports, words) };
        Reports { words, outputs: stage.spec.outputs, steps: stage.spec.steps }
    }

    /// What elements cost, step by step; nothing where it is not measured.
    pub(super) fn all_costs(&self, stage: &BoardStage) -> &[AtomicU32] {
        let count =
            if stage.spec.measured { stage.spec.elements as usize * stage.spec.steps as usize } else { 0 };
        // SAFETY: that many numbers lie at this offset of the checked layout.
        unsafe { self.at::<AtomicU32>(stage.place.costs, count) }
    }

    /// A bit for each element of each step: whether its time is over; nothing where that is not limited.
    pub(super) fn all_expired(&self, stage: &BoardStage) -> &[AtomicU64] {
        let words = if stage.spec.timed {
            stage.spec.elements.div_ceil(64) as usize * stage.spec.steps as usize
        } else {
            0
        };
        // SAFETY: that many words lie at this offset of the checked layout.
        unsafe { self.at::<AtomicU64>(stage.place.expired, words) }
    }

    pub(super) fn is_open(&self, stage: &BoardStage) -> bool {
        acquire32(&self.head(stage).rare.open) != 0
    }

    /// What the supervisor wants. A value that no version wrote is read as `Ended`.
    pub fn control(&self) -> Control {
        match acquire32(&self.control_line().control) {
            0 => Control::Go,
            1 => Control::Stop,
            _ => Control::Ended,
        }
    }

    /// The entry of a lease.
    pub(super) fn record(&self, lease: &Lease) -> Option<&Record> {
        let stage = self.stage(lease.stage)?;
        match lease.chunk.0.checked_sub(stage.spec.log_capacity) {
            None => self.log(stage).records.get(lease.chunk.index()),
            Some(appended) => self.appended(stage).records.get(appended as usize),
        }
    }

    /// Whether a stage is open and has something to claim.
    pub(crate) fn offers(&self, id: StageId) -> bool {
        let open = self.stage(id).filter(|stage| self.is_open(stage));
        open.is_some_and(|stage| self.log(stage).has_more() || self.appended(stage).has_more())
    }

    /// # Safety
    /// `count` values of `T` lie at offset `at` of the checked layout, and all of `T` that changes is atomic.
    unsafe fn at<T>(&self, at: u64, count: usize) -> &[T] {
        // SAFETY: inside the mapped memory and aligned (the caller's promise, the layout's rule); the memory outlives
        // `self` (promised to `attach`).
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(at as usize).cast::<T>(), count) }
    }
}

/// Memory that can hold `bytes` of a board.
pub(super) fn usable(base: *mut u8, len: usize, bytes: u64) -> Result<NonNull<u8>> {
    let base = NonNull::new(base).ok_or_else(|| damaged("there is no memory"))?;
    if base.addr().get() % super::layout::LINE as usize != 0 {
        return Err(damaged("its memory is not aligned"));
    }
    if (len as u64) < bytes {
        return Err(damaged("its memory is too short"));
    }
    Ok(base)
}

pub(super) fn damaged(reason: &str) -> Error {
    Error::Damaged { segment: "of the board".into(), reason: reason.into() }
}
