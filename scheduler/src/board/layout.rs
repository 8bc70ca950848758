//! Where everything lies in the board's memory. The offsets follow from a few numbers (workers, stages, the capacities,
//! outputs and steps of each stage, the payload's length); they are computed here, once by the creator and once by whoever
//! attaches, and what the memory says must be the same.
use super::activity::Activity;
use super::sync::{AtomicU32, AtomicU64};
use super::word::{MAX_ELEMENTS, MAX_STEPS, MAX_WORKERS};
use crate::error::{Error, Result};
use crate::policy::{Policy, Schedule};

use super::record::Record;
use super::report;

/// "memshBRD" in the memory's own byte order: a board of another byte order does not match either.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"memshBRD");
/// Goes up with every change of the layout.
pub(super) const VERSION: u32 = 10;
/// Everything begins at a multiple of this.
pub(super) const LINE: u64 = 64;

/// The start of the board. Plain fields are written once, by the creator, before anybody else has the memory.
#[repr(C, align(64))]
pub(super) struct Header {
    pub(super) magic: u64,
    pub(super) version: u32,
    pub(super) workers: u32,
    pub(super) stages: u32,
    pub(super) unused: u32,
    pub(super) bytes: u64,
    pub(super) payload_len: u64,
    pub(super) control: ControlLine,
    pub(super) memory: MemoryLine,
}

/// What all workers read before each claim, alone on its line.
#[repr(C, align(64))]
#[derive(Default)]
pub(super) struct ControlLine {
    pub(super) control: AtomicU32,
    /// How often a stage was opened or a range appended.
    pub(super) offers: AtomicU32,
    /// All stages before this one are through; none from this one on was opened.
    pub(super) first: AtomicU32,
    pub(super) last: AtomicU32,
    /// When the run began, by the host's clock; 0 before, while the board may still be in the making.
    pub(super) begun: AtomicU64,
}

/// What the run's pages hold, and the most they held.
#[repr(C, align(64))]
#[derive(Default)]
pub(super) struct MemoryLine {
    pub(super) live: AtomicU64,
    pub(super) peak: AtomicU64,
}

/// What a worker is at, for whoever must name the element in which it died.
#[repr(C, align(64))]
pub(super) struct Slot {
    /// Stage and chunk of the lease, or [`super::slot::NO_LEASE`].
    pub(super) lease: AtomicU64,
    /// The step and element that FUN is at, or [`super::record::NOWHERE`].
    pub(super) position: AtomicU64,
    /// Since when FUN is at it, where that is limited: see [`super::calls`].
    pub(super) call: AtomicU64,
    /// Nanoseconds spent on each activity.
    pub(super) spent: [AtomicU64; Activity::ALL.len()],
    /// The worker's own: when it ended its last chunk, and of which stage; 0 when it has slept since.
    pub(super) ended: AtomicU64,
    pub(super) ended_stage: AtomicU32,
    /// 1 when the place is shut, see [`super::SupervisorBoard::shut_out`].
    pub(super) shut: AtomicU32,
    /// Who has the place, or had it last: process, and when it joined; 0 before there was one.
    pub(super) pid: AtomicU32,
    pub(super) joined: AtomicU64,
    /// What it is at and since when ([`super::presence`]); 0 when nobody is there.
    pub(super) at: AtomicU64,
}

/// What of a stage never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct StageFixed {
    pub(super) elements: u64,
    pub(super) log_capacity: u32,
    pub(super) appended_capacity: u32,
    pub(super) schedule: u32,
    pub(super) outputs: u32,
    pub(super) steps: u32,
    /// Whether elements are measured: 1 or 0.
    pub(super) measured: u32,
    /// Whether FUN's time for an element is limited: 1 or 0.
    pub(super) timed: u32,
    /// Entries of its log that were written before the run began.
    pub(super) given: u32,
    pub(super) align: u64,
    pub(super) chunk: u64,
    pub(super) shortest_ns: u64,
    pub(super) longest_ns: u64,
    pub(super) probe_ns: u64,
}

/// A stage, in lines by who writes them how often.
#[repr(C, align(64))]
pub(super) struct StageHead {
    pub(super) fixed: StageFixed,
    pub(super) claims: ClaimLine,
    pub(super) rare: RareLine,
    pub(super) stats: StatsLine,
}

/// Written at every claim.
#[repr(C, align(64))]
pub(super) struct ClaimLine {
    pub(super) hint: AtomicU32,
}

/// Written when a stage opens, as its data comes, and when chunks are run again.
#[repr(C, align(64))]
pub(super) struct RareLine {
    /// Elements, from the first on, whose data is there: no others are taken from the log.
    pub(super) there: AtomicU64,
    pub(super) open: AtomicU32,
    pub(super) appended_count: AtomicU32,
    pub(super) appended_hint: AtomicU32,
}

/// Written at every completion; advice for the policy, nothing else. The sums of [`crate::policy::Timed`] but for the first.
#[repr(C, align(64))]
pub(super) struct StatsLine {
    /// Elements done, timed or not.
    pub(super) elements: AtomicU64,
    pub(super) timed_chunks: AtomicU64,
    pub(super) timed_elements: AtomicU64,
    pub(super) ns: AtomicU64,
    pub(super) inverse: AtomicU64,
    pub(super) rate: AtomicU64,
    /// The bits of a double.
    pub(super) square: AtomicU64,
    /// The bits of floats, which order as the floats do.
    pub(super) least_ns: AtomicU32,
    pub(super) least_rate: AtomicU32,
}

/// An output's page: its first free byte, and how many bytes were given back; both with a mark once the page is gone.
#[repr(C, align(64))]
pub(super) struct OutputLine {
    pub(super) next: AtomicU64,
    pub(super) returned: AtomicU64,
}

/// A stage, as a board needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageSpec {
    /// Its elements; may be none.
    pub elements: u64,
    /// How chunks are sized.
    pub policy: Policy,
    /// Chunks begin at multiples of this; at least 1.
    pub align: u64,
    /// Pages that its results go to.
    pub outputs: u32,
    /// Steps that are done for each element; at least 1.
    pub steps: u32,
    /// Whether it is noted what each element costs.
    pub measured: bool,
    /// Whether FUN's time for an element is limited in some step.
    pub timed: bool,
    /// Entries of its log that are written before the run begins, see [`super::SupervisorBoard::give`].
    pub given: u32,
    /// Entries of its log, those included.
    pub log_capacity: u32,
    /// Entries for ranges that are run again.
    pub appended_capacity: u32,
}

/// Offsets of a stage's arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StagePlace {
    pub(super) head: u64,
    pub(super) log: u64,
    pub(super) appended: u64,
    pub(super) starts: u64,
    pub(super) outputs: u64,
    pub(super) reports: u64,
    pub(super) costs: u64,
    pub(super) expired: u64,
}

/// How long a stage's arrays are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) log: u32,
    pub(super) appended: u32,
    pub(super) outputs: u32,
    pub(super) steps: u32,
    /// Numbers that elements' costs take.
    pub(super) costs: u64,
    /// Words of the marks of elements whose time is over.
    pub(super) expired: u64,
}

/// All offsets, from the board's first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) slots: u64,
    pub(super) stages: Vec<StagePlace>,
    pub(super) payload: u64,
    pub(super) bytes: u64,
}

impl Layout {
    /// The layout for the capacities of each stage. Fails where a number is beyond what a board can hold.
    pub(super) fn of(workers: u32, capacities: &[Capacity], payload_len: u64) -> Result<Layout> {
        if workers == 0 || workers > MAX_WORKERS {
            return Err(Error::BadPlan(format!("{workers} workers; a board has 1 to {MAX_WORKERS}")));
        }
        let mut at = size_of::<Header>() as u64;
        let mut take = |count: u64, each: usize| -> Result<u64> {
            let here = at;
            at = count
                .checked_mul(each as u64)
                .and_then(|bytes| bytes.checked_next_multiple_of(LINE))
                .and_then(|bytes| at.checked_add(bytes))
                .filter(|&end| end <= isize::MAX as u64)
                .ok_or_else(|| Error::BadPlan("the board would be too large".into()))?;
            Ok(here)
        };
        let slots = take(u64::from(workers), size_of::<Slot>())?;
        let heads = take(capacities.len() as u64, size_of::<StageHead>())?;
        let mut stages = Vec::with_capacity(capacities.len());
        for (index, &Capacity { log, appended, outputs, steps, costs, expired }) in
            capacities.iter().enumerate()
        {
            let entries = u64::from(log) + u64::from(appended);
            stages.push(StagePlace {
                head: heads + (index * size_of::<StageHead>()) as u64,
                log: take(u64::from(log), size_of::<Record>())?,
                appended: take(u64::from(appended), size_of::<Record>())?,
                starts: take(u64::from(appended), size_of::<u64>())?,
                outputs: take(u64::from(outputs), size_of::<OutputLine>())?,
                reports: take(entries, size_of::<u64>() * report::width(outputs, steps))?,
                costs: take(costs, size_of::<u32>())?,
                expired: take(expired, size_of::<u64>())?,
            });
        }
        let payload = take(payload_len, 1)?;
        Ok(Layout { slots, stages, payload, bytes: at })
    }
}

impl StageSpec {
    /// A stage of one step and one output, with room for as many chunks as its policy can make, and for as many deaths as
    /// a run should survive.
    pub fn new(elements: u64, policy: Policy, workers: u32) -> StageSpec {
        StageSpec {
            elements,
            policy,
            align: 1,
            outputs: 1,
            steps: 1,
            measured: false,
            timed: false,
            given: 0,
            log_capacity: crate::policy::log_capacity(&policy, elements, workers),
            appended_capacity: crate::policy::appended_capacity(workers),
        }
    }

    /// As [`StageSpec::new`]; where it is cut into `pieces` that come as ranges, there is room for them, and for cutting all
    /// of them again.
    pub fn cut_into(elements: u64, policy: Policy, workers: u32, pieces: u32) -> StageSpec {
        let mut spec = StageSpec::new(elements, policy, workers);
        if pieces > 0 {
            let again = pieces.saturating_add(crate::policy::recut_capacity(elements, workers));
            spec.appended_capacity = spec.appended_capacity.saturating_add(pieces).saturating_add(again);
        }
        spec
    }

    pub(super) fn capacity(&self) -> Capacity {
        let StageSpec { log_capacity: log, appended_capacity: appended, outputs, steps, elements, .. } =
            *self;
        let costs = if self.measured { elements.saturating_mul(u64::from(steps)) } else { 0 };
        let expired = if self.timed { elements.div_ceil(64).saturating_mul(u64::from(steps)) } else { 0 };
        Capacity { log, appended, outputs, steps, costs, expired }
    }

    /// Whether a board can hold it.
    pub(super) fn check(&self) -> Result<()> {
        if self.elements > MAX_ELEMENTS {
            return Err(Error::BadPlan(format!(
                "a stage of {} elements; at most {MAX_ELEMENTS}",
                self.elements
            )));
        }
        let logged = self.policy.schedule != Schedule::Profiled;
        if self.elements > 0 && logged && self.log_capacity == 0 {
            return Err(Error::BadPlan("a stage whose log has no entries".into()));
        }
        if self.given > self.log_capacity {
            return Err(Error::BadPlan("a stage whose log is too short for what is given".into()));
        }
        if self.align == 0 || self.steps == 0 || self.steps > MAX_STEPS || self.outputs > MAX_STEPS {
            return Err(Error::BadPlan(format!("a stage of {} steps; 1 to {MAX_STEPS}", self.steps)));
        }
        Ok(())
    }
}
