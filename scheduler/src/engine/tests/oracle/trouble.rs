//! What happens to a run: who moves when, which messages wait, and what goes wrong.
use super::program;
use crate::engine::tests::sim::rng::Rng;
use crate::engine::tests::sim::{Driver, Nature, Natures};
use crate::engine::{Cause, Event, Loss, Outcome, Settings};
use crate::id::WorkerId;
use crate::plan::Plan;

/// What goes wrong in a run, if anything.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) natures: Natures,
    /// Workers that are killed at some moment.
    kills: u64,
    launches_fail: bool,
    cancels: bool,
    pub(super) timeout_ns: Option<u64>,
    pub(super) cancelled: bool,
    pub(super) launch_failed: bool,
    pub(super) killed: bool,
}

const SECOND: u64 = 1_000_000_000;

impl Trouble {
    /// None in two of five.
    pub(super) fn new(rng: &mut Rng, plan: &Plan) -> Trouble {
        let mut trouble = Trouble::default();
        if rng.below(5) < 2 {
            return trouble;
        }
        if rng.once_in(2) {
            trouble.natures = program::natures(rng, plan);
        }
        if rng.once_in(2) {
            trouble.kills = 1 + rng.below(6);
        }
        trouble.launches_fail = rng.once_in(6);
        trouble.cancels = rng.once_in(8);
        // Who hangs is only stopped by time.
        let hang = |nature: &Nature| matches!(nature, Nature::Hangs | Nature::Deaf);
        let hangs = trouble.natures.values().any(hang);
        trouble.timeout_ns = (hangs || rng.once_in(10)).then(|| SECOND + rng.below(20 * SECOND));
        trouble
    }

    /// Whether nothing can go wrong.
    pub(super) fn is_none(&self) -> bool {
        self.natures.is_empty()
            && self.kills == 0
            && !self.killed
            && !self.launches_fail
            && !self.cancels
            && self.timeout_ns.is_none()
    }

    pub(super) fn settings(&self, rng: &mut Rng, plan: &Plan) -> Settings {
        let (workers, retries) = (plan.workers(), rng.below(3) as u32);
        Settings { workers, retries, timeout_ns: self.timeout_ns, ..Settings::default() }
    }

    /// One thing happens.
    fn happen(&mut self, rng: &mut Rng, driver: &mut Driver) {
        let worker = WorkerId(rng.below(u64::from(driver.plan.workers())) as u32);
        match rng.below(100) {
            // A worker is left alone for a while, so that the others get ahead of it.
            0..=49 => {
                for _ in 0..rng.pick(&[1, 1, 3, 10, 60]) {
                    driver.work(worker);
                }
            }
            50..=79 => driver.hear(worker),
            80..=92 => {
                let fail = self.launches_fail && rng.once_in(4);
                self.launch_failed |= fail;
                driver.settle(rng.word() as usize, fail);
            }
            93..=94 if self.kills > 0 => {
                self.kills -= 1;
                self.killed = true;
                // Half of them where no element is to blame, which chance hardly meets.
                let mut patience = if rng.once_in(2) { 300 } else { 0 };
                while patience > 0 && !driver.holds_without_running(worker) {
                    driver.work(worker);
                    patience -= 1;
                }
                let loss = rng.pick(&[Loss::Died, Loss::Died, Loss::Stalled, Loss::CutOff, Loss::EndedByUs]);
                driver.lose(worker, rng.once_in(2), loss);
            }
            95 if self.cancels && rng.once_in(4) => {
                self.cancelled = true;
                driver.feed(Event::Cancel { cause: Cause::User });
            }
            96..=97 => driver.tick(rng.below(SECOND / 5)),
            _ => driver.cost = rng.pick(&[0, 1, 1_000, 1_000_000, 100_000_000]),
        }
    }

    /// Runs to the end: at random for a while, then fairly.
    pub(super) fn play(&mut self, rng: &mut Rng, driver: &mut Driver) -> Outcome {
        let start = rng.below(30);
        for nth in 0..60 + rng.below(1_500) {
            if nth == start {
                driver.feed(Event::Started);
            }
            if let Some(outcome) = driver.outcome.clone() {
                return outcome;
            }
            self.happen(rng, driver);
        }
        driver.feed(Event::Started);
        for round in 0..20_000 {
            if let Some(outcome) = driver.outcome.clone() {
                return outcome;
            }
            driver.settle(round, false);
            for worker in (0..driver.plan.workers()).map(WorkerId) {
                (0..8).for_each(|_| driver.work(worker));
                driver.hear(worker);
            }
            if round % 200 == 199 {
                driver.tick(SECOND);
            }
        }
        panic!("the run does not end: {:?}", driver.engine());
    }
}
