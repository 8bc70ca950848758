//! The chunk under way: element by element, step by step, what FUN is to be called on next and what it gave.
use scheduler::board::{ElementPosition, Lease};

use super::fold::{Fold, Turn};
use super::meter::{Costs, Meter};
use super::results::Results;
use super::stage::{Ready, Running, WorkerStage};
use crate::r::{self, Kind, Preserved, Result, Scope, Sexp};

/// A chunk, taken and not handed in.
pub(super) struct Chunk {
    pub(super) lease: Lease,
    /// The element and the step that FUN is at, or comes to next.
    at: u64,
    step: usize,
    /// Whether the step's value went into its fold, which may not be at rest yet.
    folding: bool,
    /// What the steps gave for this element.
    values: Preserved,
    outputs: Vec<Results>,
    folds: Vec<Option<Fold>>,
    pub(super) meter: Meter,
    /// Warnings and messages: pass, element, condition.
    pub(super) notes: Vec<(u32, u64, Preserved)>,
    pub(super) stopped: bool,
    /// Whether all calls are over: what fails now is a result that cannot be sent.
    pub(super) through: bool,
    /// Whether all results are encoded: what fails now is no element's fault.
    pub(super) encoded: bool,
    /// The result that cannot be sent.
    unsent: Option<Place>,
    /// Where the results begin that nobody tried to encode, when one of those before it could not be and was replaced.
    pub(super) untried: Option<Place>,
}

/// A result of an output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) output: usize,
    pub(super) nth: usize,
}

/// A call of FUN. Preserved by the scope: FUN may leave the run, and with it what keeps these otherwise.
pub(super) struct Call<'s> {
    pub(super) call: Sexp<'s>,
    pub(super) forced: Option<i32>,
    pub(super) frame: Sexp<'s>,
    pub(super) setter: Sexp<'s>,
    pub(super) element: u64,
    /// FUN is not to be called: the element took too long when it was tried before.
    pub(super) late: bool,
}

impl<'s> Call<'s> {
    /// The call of a step at an element of a chunk that ends at `end` and whose steps gave these `values`; the arguments are bound.
    fn at(s: &'s Scope, step: &mut Running, element: u64, (end, values): (u64, Sexp)) -> Option<Call<'s>> {
        for nth in 0..step.arity() {
            // The last element has one reference less then, by which it is seen whether FUN kept it.
            step.ready.as_ref()?.elements.get().set_item(nth, s.null());
            let argument = step.argument(s, nth, element, end, values);
            step.ready.as_ref()?.elements.get().set_item(nth, argument);
        }
        Call::of(s, step.ready.as_ref()?, element)
    }

    /// What a step made ready, kept.
    fn of(s: &'s Scope, ready: &Ready, element: u64) -> Option<Call<'s>> {
        let Ready { call, forced, frame, setter, .. } = ready;
        let [call, frame, setter] = [call, frame, setter].map(|x| s.kept(x.get()));
        Some(Call { call, forced: *forced, frame, setter, element, late: false })
    }
}

impl Chunk {
    pub(super) fn begin(
        lease: Lease,
        stage: &WorkerStage,
        elements_per_result: &[u64],
        costs: Costs,
    ) -> Result<Chunk> {
        let list = |len: usize| r::protect(|s| Ok(Preserved::new(s.vector(Kind::VECSXP, len))));
        let results = |per_result: &u64| {
            Results::new((lease.end - lease.start).div_ceil((*per_result).max(1)) as usize)
        };
        let fold = |levels: u32| if levels > 0 { Fold::new(levels).map(Some) } else { Ok(None) };
        let steps = stage.steps.len();
        Ok(Chunk {
            lease,
            at: lease.start,
            step: 0,
            folding: false,
            values: list(steps)?,
            outputs: elements_per_result.iter().map(results).collect(),
            folds: stage.steps.iter().map(|step| fold(step.levels)).collect::<Result<_>>()?,
            meter: Meter::start(steps, costs, stage.mean_ns),
            notes: Vec::new(),
            stopped: false,
            through: false,
            encoded: false,
            unsent: None,
            untried: None,
        })
    }

    /// Where FUN is.
    pub(super) fn position(&self) -> ElementPosition {
        ElementPosition { step: self.step as u32, element: self.at.min(self.lease.end.saturating_sub(1)) }
    }

    /// The next call, its element arguments bound; `None` when the chunk is through, or `go` says no.
    pub(super) fn next<'s>(
        &mut self,
        s: &'s Scope,
        stage: &mut WorkerStage,
        mut go: impl FnMut(ElementPosition) -> bool,
    ) -> Option<Call<'s>> {
        while self.at < self.lease.end {
            if self.step == stage.steps.len() {
                (self.at, self.step) = (self.at + 1, 0);
                continue;
            }
            if !go(self.position()) {
                self.stopped = true;
                return None;
            }
            if self.step == 0 && !self.folding {
                self.meter.begin_element();
            }
            let WorkerStage { steps, outputs, .. } = stage;
            let step = &mut steps[self.step];
            let (at, end, values) = (self.at, self.lease.end, self.values.get());
            let Some(fold) = &mut self.folds[self.step] else {
                return Call::at(s, step, at, (end, values));
            };
            if !self.folding {
                fold.push(step.argument(s, 0, at, end, values));
                self.folding = true;
            }
            match fold.turn(s, at + 1 == end) {
                Turn::Combine(block) => {
                    let ready = step.ready.as_ref()?;
                    ready.elements.get().set_item(0, block);
                    return Call::of(s, ready, at);
                }
                Turn::Result(value) => {
                    if let Some(output) = outputs[self.step] {
                        self.outputs[output].put(s, value);
                    }
                }
                Turn::Rest => {
                    self.folding = false;
                    self.end_step();
                }
            }
        }
        None
    }

    /// Takes what FUN gave.
    pub(super) fn took(&mut self, s: &Scope, stage: &WorkerStage, value: Sexp) {
        let output = stage.outputs[self.step];
        match &mut self.folds[self.step] {
            Some(fold) => {
                if let (Some(result), Some(output)) = (fold.combined(value), output) {
                    self.outputs[output].put(s, result);
                }
            }
            None => {
                if stage.steps.len() > 1 {
                    self.values.get().set_item(self.step, value);
                }
                if let Some(output) = output {
                    self.outputs[output].put(s, value);
                }
                self.end_step();
            }
        }
    }

    fn end_step(&mut self) {
        self.meter.end_step(self.step);
        self.step += 1;
    }

    /// The results of each output.
    pub(super) fn results(&self) -> &[Results] {
        &self.outputs
    }

    /// Takes what the step under way said.
    pub(super) fn note(&mut self, pass: u32, condition: Preserved) {
        self.notes.push((pass, self.position().element, condition));
    }

    /// A result cannot be sent: goes back to the element and step that gave it.
    pub(super) fn cannot_send(&mut self, stage: &WorkerStage, place: Place) {
        self.go_back(stage, place);
        let replaced = |untried: Place| {
            untried.output > place.output || (untried.output == place.output && untried.nth > place.nth)
        };
        // What was replaced and cannot be sent either is not replaced again.
        self.unsent = Some(place).filter(|_| !self.untried.is_some_and(replaced));
    }

    /// Whether the result that could not be sent may be replaced.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent.is_some()
    }

    /// Takes a value in place of the result that could not be sent. `false`: there is none, or all can be sent.
    pub(super) fn replace_unsent(&mut self, value: Sexp) -> bool {
        let Some(Place { output, nth }) = self.unsent.take() else { return false };
        self.outputs[output].replace(nth, value);
        self.untried = Some(Place { output, nth: nth + 1 });
        (self.at, self.step) = (self.lease.end, 0);
        true
    }

    /// Goes back to the element and step that gave a result.
    pub(super) fn go_back(&mut self, stage: &WorkerStage, Place { output, nth }: Place) {
        let per_result =
            (self.lease.end - self.lease.start).div_ceil(self.outputs[output].len().max(1) as u64);
        self.at = (self.lease.start + nth as u64 * per_result).min(self.lease.end.saturating_sub(1));
        self.step = stage.outputs.iter().position(|&at| at == Some(output)).unwrap_or(0);
    }

    /// The step under way.
    pub(super) fn step(&self) -> usize {
        self.step
    }
}
