//! A stage's unchanging part, as each process keeps it for itself.
use super::layout::{StageFixed, StagePlace, StageSpec};
use crate::policy::{Policy, Schedule};

/// A stage's unchanging part, in this process's memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoardStage {
    pub(super) spec: StageSpec,
    pub(super) place: StagePlace,
}

impl BoardStage {
    /// A stage whose numbers a board of this version can have.
    pub(super) fn checked(fixed: &StageFixed, place: StagePlace) -> Option<BoardStage> {
        Schedule::from_u32(fixed.schedule)?;
        let spec = spec_of(fixed);
        spec.check().ok()?;
        Some(BoardStage { spec, place })
    }
}

/// The specification in a stage's unchanging part; an unknown schedule is read as the automatic one.
pub(super) fn spec_of(fixed: &StageFixed) -> StageSpec {
    let policy = Policy {
        schedule: Schedule::from_u32(fixed.schedule).unwrap_or(Schedule::Auto),
        chunk: fixed.chunk,
        shortest_ns: fixed.shortest_ns,
        longest_ns: fixed.longest_ns,
        probe_ns: fixed.probe_ns,
    };
    let StageFixed { elements, log_capacity, appended_capacity, outputs, steps, align, given, .. } = *fixed;
    let (measured, timed) = (fixed.measured != 0, fixed.timed != 0);
    StageSpec {
        elements,
        policy,
        align,
        outputs,
        steps,
        measured,
        timed,
        given,
        log_capacity,
        appended_capacity,
    }
}
