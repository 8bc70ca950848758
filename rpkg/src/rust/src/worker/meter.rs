//! How long a chunk's steps take, and what each of its elements costs. Elements that take microseconds are timed one by one;
//! of shorter ones every eighth is, and the others are taken to cost the mean: reading the clock must not show.
use scheduler::board::{Span, StepReport};
use scheduler::os::now_ns;

/// Elements that take at least so long on average are timed one by one: then the clock's 30 ns are at most 1.5 %, and below 0.2 %
/// where an element takes 20 us.
const FINE_NS: f64 = 2_000.0;
/// Of shorter ones, one in so many is timed.
const SAMPLE: u64 = 8;

/// What is to be known of a chunk's costs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Costs {
    /// Those of its steps.
    Steps,
    /// Those of each element too.
    Elements,
}

/// The clock of a chunk.
pub(super) struct Meter {
    pub(super) started_ns: u64,
    /// When the last step that was timed ended.
    clock_ns: u64,
    /// Whether each element is timed.
    fine: bool,
    /// Whether this one is.
    timed: bool,
    /// Elements begun, and timed.
    begun: u64,
    sampled: u64,
    /// What each step did, where there are several.
    pub(super) reports: Vec<StepReport>,
    /// What each element cost, step by step; empty where that is not asked for.
    pub(super) costs: Vec<Vec<f32>>,
}

impl Meter {
    /// `mean_ns` is what elements of this stage took so far; 0 when that is not known.
    pub(super) fn start(steps: usize, costs: Costs, mean_ns: f64) -> Meter {
        let started_ns = now_ns();
        Meter {
            started_ns,
            clock_ns: started_ns,
            fine: mean_ns == 0.0 || mean_ns >= FINE_NS,
            timed: false,
            begun: 0,
            sampled: 0,
            reports: vec![StepReport::default(); if steps > 1 { steps } else { 0 }],
            costs: vec![Vec::new(); if costs == Costs::Elements { steps } else { 0 }],
        }
    }

    /// What the longest element took, where elements were timed one by one; else the whole chunk.
    pub(super) fn longest_ns(&self) -> u64 {
        let longest = |costs: &Vec<f32>| costs.iter().copied().fold(0.0f32, f32::max);
        if self.fine && !self.costs.is_empty() {
            return self.costs.iter().map(longest).fold(0.0f32, f32::max) as u64;
        }
        now_ns().saturating_sub(self.started_ns)
    }

    /// The first step of an element begins.
    pub(super) fn begin_element(&mut self) {
        let wanted = !self.reports.is_empty() || (self.fine && !self.costs.is_empty());
        let before = std::mem::replace(&mut self.timed, wanted && (self.fine || self.begun % SAMPLE == 0));
        if self.timed {
            self.sampled += 1;
            if !before && self.begun > 0 {
                self.clock_ns = now_ns();
            }
        }
        self.begun += 1;
    }

    /// A step of the element is over.
    pub(super) fn end_step(&mut self, step: usize) {
        if !self.timed {
            return;
        }
        let now = now_ns();
        let took = now - self.clock_ns;
        if let Some(report) = self.reports.get_mut(step) {
            if report.span.started_ns == 0 {
                report.span.started_ns = self.clock_ns;
            }
            report.span = Span { ended_ns: now, ..report.span };
            report.busy_ns += took;
        }
        if let Some(costs) = self.costs.get_mut(step).filter(|_| self.fine) {
            costs.push(took as f32);
        }
        self.clock_ns = now;
    }

    /// All `elements` are done: what was sampled is scaled up. Gives the mean time of an element.
    pub(super) fn stop(&mut self, elements: u64) -> f64 {
        let now = now_ns();
        let mean = (now - self.started_ns) as f64 / elements.max(1) as f64;
        if !self.fine {
            let scale = elements as f64 / self.sampled.max(1) as f64;
            for report in &mut self.reports {
                report.busy_ns = (report.busy_ns as f64 * scale) as u64;
                report.span.ended_ns = now;
            }
            for (step, costs) in self.costs.iter_mut().enumerate() {
                let total =
                    self.reports.get(step).map_or(mean, |report| report.busy_ns as f64 / elements as f64);
                *costs = vec![total as f32; elements as usize];
            }
        }
        mean
    }
}
