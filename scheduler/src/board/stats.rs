//! A stage's statistics, by which workers size their chunks: what [`crate::policy::Timed`] sums, an atomic addition each.
//! They may lag, and a worker that dies may leave some of a chunk's sums out: they steer, nothing is counted by them.
use super::layout::StatsLine;
use super::sync::{AtomicU32, AtomicU64, Ordering};
use crate::policy::Timed;

impl StatsLine {
    pub(super) fn new() -> StatsLine {
        let zero = || AtomicU64::new(0);
        StatsLine {
            elements: zero(),
            timed_chunks: zero(),
            timed_elements: zero(),
            ns: zero(),
            inverse: zero(),
            rate: zero(),
            square: zero(),
            least_ns: AtomicU32::new(f32::INFINITY.to_bits()),
            least_rate: AtomicU32::new(f32::INFINITY.to_bits()),
        }
    }

    /// Adds a chunk, with its time where that is known.
    pub(super) fn add(&self, elements: u64, ns: Option<u64>) {
        self.elements.fetch_add(elements, Ordering::Relaxed);
        let Some(ns) = ns else { return };
        let mut one = Timed::default();
        one.add(elements, ns);
        self.timed_chunks.fetch_add(one.chunks, Ordering::Relaxed);
        self.timed_elements.fetch_add(one.elements, Ordering::Relaxed);
        self.ns.fetch_add(one.ns, Ordering::Relaxed);
        self.inverse.fetch_add(one.inverse, Ordering::Relaxed);
        self.rate.fetch_add(one.rate, Ordering::Relaxed);
        self.least_ns.fetch_min(one.least_ns.to_bits(), Ordering::Relaxed);
        self.least_rate.fetch_min(one.least_rate.to_bits(), Ordering::Relaxed);
        let add = |bits: u64| Some((f64::from_bits(bits) + one.square).to_bits());
        // Lost races are repeated: another worker's addition went through.
        let _ = self.square.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn timed(&self) -> Timed {
        let load = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Timed {
            chunks: load(&self.timed_chunks),
            elements: load(&self.timed_elements),
            ns: load(&self.ns),
            inverse: load(&self.inverse),
            rate: load(&self.rate),
            square: f64::from_bits(load(&self.square)),
            least_ns: f32::from_bits(self.least_ns.load(Ordering::Relaxed)),
            least_rate: f32::from_bits(self.least_rate.load(Ordering::Relaxed)),
        }
    }
}
