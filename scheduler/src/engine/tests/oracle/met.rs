//! What seeds met, to see that all kinds are met.
use super::trouble::Trouble;
use super::Driver;
use crate::engine::{Cause, Outcome};

/// Counts: how runs ended, and how many had a fault of each kind, or a kind of plan.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Met {
    done: u64,
    failed: u64,
    killed: u64,
    late: u64,
    late_is_result: u64,
    cancelled: u64,
    timed_out: u64,
    abandoned: u64,
    lost: u64,
    cut_off: u64,
    launch_failed: u64,
    jumped: u64,
    consumed: u64,
    held_back: u64,
    recut: u64,
    early: u64,
}

impl Met {
    pub(super) fn one(driver: &Driver, trouble: &Trouble, outcome: &Outcome) -> Met {
        let stages = driver.plan().stages();
        let mut met = Met {
            late_is_result: u64::from(*outcome == Outcome::Done && driver.has_late()),
            lost: u64::from(driver.losses() > 0),
            cut_off: u64::from(trouble.cut_off),
            launch_failed: u64::from(trouble.launch_failed),
            jumped: u64::from(trouble.jumped),
            consumed: u64::from(stages.iter().any(|stage| !stage.consumes.is_empty())),
            held_back: u64::from(driver.plan().allowance().is_some()),
            recut: u64::from(!driver.engine().withdrawn().is_empty()),
            early: u64::from(driver.early() > 0),
            ..Met::default()
        };
        let kind = match outcome {
            Outcome::Done => &mut met.done,
            Outcome::Failed(_) => &mut met.failed,
            Outcome::WorkerKilled { .. } => &mut met.killed,
            Outcome::ElementTimeout { .. } => &mut met.late,
            Outcome::Cancelled { cause: Cause::User } => &mut met.cancelled,
            Outcome::Cancelled { cause: Cause::Timeout } => &mut met.timed_out,
            Outcome::NoWorkers { .. } => &mut met.abandoned,
        };
        *kind = 1;
        met
    }

    fn counts(&mut self) -> [&mut u64; 16] {
        [
            &mut self.done,
            &mut self.failed,
            &mut self.killed,
            &mut self.late,
            &mut self.late_is_result,
            &mut self.cancelled,
            &mut self.timed_out,
            &mut self.abandoned,
            &mut self.lost,
            &mut self.cut_off,
            &mut self.launch_failed,
            &mut self.jumped,
            &mut self.consumed,
            &mut self.held_back,
            &mut self.recut,
            &mut self.early,
        ]
    }

    pub(super) fn and(mut self, mut other: Met) -> Met {
        self.counts().into_iter().zip(other.counts()).for_each(|(sum, one)| *sum += *one);
        self
    }

    /// Each kind is met by one seed in a thousand at least.
    pub(super) fn check(mut self, seeds: u64) {
        let rare = self.counts().into_iter().any(|count| *count * 1_000 < seeds);
        assert!(!rare, "a kind is hardly ever met: {self:?}");
    }
}
