//! How long everything takes in a run of the tests: a worker's step, a message, a start. All are of one order, so that whatever can
//! come before something else does so for some seed.
use super::rng::Rng;

#[derive(Debug)]
pub(crate) struct Pace {
    rng: Rng,
    /// About what a step takes.
    unit_ns: u64,
    /// Nothing takes much longer than others of its kind.
    is_calm: bool,
}

impl Pace {
    pub(crate) fn new(rng: Rng) -> Pace {
        Pace { rng, unit_ns: 1_000, is_calm: false }
    }

    /// From here on steps take about so long. What has begun is not changed by it.
    pub(crate) fn turn_to(&mut self, unit_ns: u64) {
        self.unit_ns = unit_ns;
    }

    /// Nobody is left behind any more.
    pub(crate) fn calm(&mut self) {
        (self.is_calm, self.unit_ns) = (true, self.unit_ns.min(100_000));
    }

    /// How long the next thing takes: once in a while as long as a hundred others.
    pub(super) fn some(&mut self) -> u64 {
        let longest = if !self.is_calm && self.rng.once_in(20) { 100 } else { 2 };
        1 + self.rng.below(longest * self.unit_ns)
    }

    /// Heads or tails.
    pub(super) fn coin(&mut self) -> bool {
        self.rng.once_in(2)
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.rng.once_in(times)
    }
}
