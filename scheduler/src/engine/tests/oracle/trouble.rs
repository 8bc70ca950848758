//! What happens to a run: who moves when, which messages wait, and what goes wrong.
use super::program;
use crate::engine::tests::sim::rng::Rng;
use crate::engine::tests::sim::{Driver, Nature, Natures, When};
use crate::engine::{Cause, Event, Loss, Outcome, Settings};
use crate::id::{PassId, WorkerId};
use crate::plan::Plan;

/// A kind of thing that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Elements that fail, kill, hang.
    Natures,
    /// Workers that die, stall, are cut off or ended.
    Losses,
    /// Workers that cannot be started.
    Launches,
    /// The user's cancel.
    Cancel,
    /// The run's own time.
    Timeout,
    /// Time that leaps, as when a machine slept.
    Jumps,
}

impl Fault {
    pub(super) const ALL: [Fault; 6] =
        [Fault::Natures, Fault::Losses, Fault::Launches, Fault::Cancel, Fault::Timeout, Fault::Jumps];
}

/// Which faults of a seed are kept, and how many moves are random before all is fair.
#[derive(Clone, Debug)]
pub(super) struct FaultSet {
    faults: Vec<Fault>,
    pub(super) steps: u64,
}

impl FaultSet {
    pub(super) fn all() -> FaultSet {
        FaultSet { faults: Fault::ALL.to_vec(), steps: 1_560 }
    }

    pub(super) fn without(&self, fault: Fault) -> FaultSet {
        FaultSet {
            faults: self.faults.iter().copied().filter(|&kept| kept != fault).collect(),
            ..self.clone()
        }
    }

    pub(super) fn shorter(&self, steps: u64) -> FaultSet {
        FaultSet { steps: self.steps.saturating_sub(steps), ..self.clone() }
    }

    pub(super) fn keeps(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

/// What goes wrong in a run, if anything, and what did.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) natures: Natures,
    /// Workers that are lost at some time.
    losses: u64,
    launches_fail: bool,
    cancels: bool,
    jumps: bool,
    pub(super) timeout_ns: Option<u64>,
    steps: u64,
    /// A loss that waits for its time.
    armed: Option<Armed>,
    pub(super) cancelled: bool,
    pub(super) launch_failed: bool,
    pub(super) lost: bool,
    pub(super) died: bool,
    pub(super) cut_off: bool,
    pub(super) jumped: bool,
}

/// A loss that waits for its time, for so many steps yet.
#[derive(Clone, Copy, Debug)]
struct Armed {
    worker: WorkerId,
    loss: Loss,
    when: When,
    patience: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Trouble {
    /// None in two of five.
    pub(super) fn new(rng: &mut Rng, plan: &Plan, kept: &FaultSet) -> Trouble {
        let mut trouble = Trouble { steps: kept.steps, ..Trouble::default() };
        if rng.below(5) < 2 {
            return trouble;
        }
        if rng.once_in(2) && kept.keeps(Fault::Natures) {
            trouble.natures = program::natures(rng, plan);
        }
        if rng.once_in(2) && kept.keeps(Fault::Losses) {
            trouble.losses = 1 + rng.below(6);
        }
        trouble.launches_fail = rng.once_in(6) && kept.keeps(Fault::Launches);
        trouble.cancels = rng.once_in(8) && kept.keeps(Fault::Cancel);
        trouble.jumps = rng.once_in(8) && kept.keeps(Fault::Jumps);
        // Who hangs is only stopped by time.
        let hang = |nature: &Nature| matches!(nature, Nature::Hangs | Nature::Deaf);
        let limited = |(pass, _): &(PassId, u64)| plan.spec().passes[pass.index()].limit.is_some();
        let hangs = trouble.natures.iter().any(|(at, nature)| hang(nature) && !limited(at));
        let timeout = hangs || rng.once_in(10) && kept.keeps(Fault::Timeout);
        trouble.timeout_ns = timeout.then(|| SECOND + rng.below(20 * SECOND));
        trouble
    }

    /// Whether nothing can go wrong. A leap of time alone changes no outcome.
    pub(super) fn is_none(&self) -> bool {
        self.natures.is_empty()
            && self.losses == 0
            && !self.lost
            && !self.launches_fail
            && !self.cancels
            && self.timeout_ns.is_none()
    }

    pub(super) fn settings(&self, rng: &mut Rng, plan: &Plan) -> Settings {
        let (workers, retries) = (plan.workers(), rng.below(3) as u32);
        Settings { workers, retries, timeout_ns: self.timeout_ns, ..Settings::default() }
    }

    /// Something goes wrong, or whatever comes next comes.
    fn happen(&mut self, rng: &mut Rng, driver: &mut Driver) {
        match rng.below(100) {
            0..=1 if self.losses > 0 && self.armed.is_none() => self.arm(rng, driver),
            2 if self.cancels && rng.once_in(4) => {
                self.cancelled = true;
                driver.feed(Event::Cancel { cause: Cause::User });
            }
            3 if self.jumps && rng.once_in(8) => {
                self.jumped = true;
                driver.pass(rng.pick(&[3_600 * SECOND, 1 << 62]));
            }
            4 => driver.pass(rng.below(SECOND / 5)),
            5 => driver.seen().pace.set_unit(rng.pick(&[1, 100, 10_000, 1_000_000, 10_000_000])),
            6 if self.launches_fail && rng.once_in(3) => {
                self.launch_failed = true;
                driver.seen().refused = Some("no room".into());
            }
            _ => {
                driver.next();
            }
        }
        self.lose(rng, driver);
    }

    /// A worker is to be lost; or one that is cut off dies.
    fn arm(&mut self, rng: &mut Rng, driver: &Driver) {
        self.losses -= 1;
        let cut_off = driver.cut_off().filter(|_| rng.once_in(2));
        let worker =
            cut_off.unwrap_or_else(|| WorkerId(rng.below(u64::from(driver.plan().workers())) as u32));
        let loss = rng.pick(&[Loss::Died, Loss::Died, Loss::Stalled, Loss::CutOff, Loss::EndedByUs]);
        let when = rng.pick(&[When::Any, When::Any, When::Holds, When::Aims]);
        self.armed = Some(Armed { worker, loss, when, patience: 300 });
    }

    fn lose(&mut self, rng: &mut Rng, driver: &mut Driver) {
        let Some(Armed { worker, loss, when, patience }) = &mut self.armed else { return };
        if *patience > 0 && !driver.is_at(*worker, *when) {
            *patience -= 1;
            return;
        }
        let (worker, loss) = (*worker, *loss);
        self.armed = None;
        if rng.once_in(2) {
            driver.silence(worker);
        }
        if driver.lose(worker, loss) {
            self.lost = true;
            self.died |= loss == Loss::Died;
            self.cut_off |= loss == Loss::CutOff;
        }
    }

    /// Runs to the end: at random for a while, then fairly.
    pub(super) fn play(&mut self, rng: &mut Rng, driver: &mut Driver) -> Outcome {
        let start = rng.below(30);
        for nth in 0..(60 + rng.below(1_500)).min(self.steps) {
            if nth == start {
                driver.feed(Event::Started);
            }
            if let Some(outcome) = driver.outcome() {
                return outcome;
            }
            self.happen(rng, driver);
        }
        driver.finish()
    }
}
