//! How long everything takes in a run of the tests: a worker's step, a message, a start. All are of one order, so that whatever can
//! come before something else does so for some seed.
use super::rng::Rng;
use crate::id::WorkerId;
use crate::link::work::At;

/// What a step takes at most, once all is calm.
const MOST_CALM_NS: u64 = 10_000_000;
/// A run of the tests has fewer workers.
const MOST_WORKERS: u64 = 8;

#[derive(Debug)]
pub(crate) struct Pace {
    rng: Rng,
    /// About what a step takes.
    unit_ns: u64,
    /// Nothing takes much longer than others of its kind.
    is_calm: bool,
    /// Nothing comes between the steps of a claim, nor between those of handing in.
    is_coarse: bool,
}

impl Pace {
    pub(crate) fn new(rng: Rng) -> Pace {
        Pace { rng, unit_ns: 1_000, is_calm: false, is_coarse: false }
    }

    /// From here on steps take about so long. What has begun is not changed by it.
    pub(crate) fn set_unit(&mut self, unit_ns: u64) {
        self.unit_ns = unit_ns;
    }

    /// Nobody is left behind any more.
    pub(crate) fn calm(&mut self) {
        (self.is_calm, self.unit_ns) = (true, self.unit_ns.min(MOST_CALM_NS));
    }

    /// Chunks are claimed at one time and handed in at one, and no two workers do something at the same.
    pub(crate) fn hand_in_at_once(&mut self) {
        (self.is_coarse, self.unit_ns) = (true, MOST_CALM_NS);
    }

    /// When a worker's next step comes, from now on.
    pub(super) fn step(&mut self, worker: WorkerId, at: At, now: u64) -> Option<u64> {
        let after = self.some();
        if !self.is_coarse {
            return Some(after);
        }
        // Each worker has times of its own.
        let own = (now + after).next_multiple_of(MOST_WORKERS) + u64::from(worker.0);
        let follows = matches!(at, At::Aims(_) | At::Claimed(_) | At::HandsIn(..) | At::Done(_));
        (!follows).then_some(own - now)
    }

    /// A number below.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.rng.below(end.max(1))
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
