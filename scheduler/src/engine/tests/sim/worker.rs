//! A simulated worker. Each move is one that a process could die after: aim, claim, enter an element, run a step, write,
//! complete, give back, say.
use super::pages::EACH;
use super::{values, Driver, Nature};
use crate::board::{Control, Delivered, Lease, Output, Span, Spot, StepReport};
use crate::engine::{Event, Loss};
use crate::id::{PassId, StageId, WorkerId};
use crate::link::drains::{Drains, Spent};
use crate::plan::Source;
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct Worker {
    pub(super) alive: bool,
    pub(super) asleep: bool,
    pub(super) at: At,
    pub(super) said: VecDeque<Event>,
    /// What it dropped when the run was stopped; nobody asks for that any more.
    pub(super) dropped: Option<Lease>,
    pub(super) drains: Drains,
}

/// What it is at.
#[derive(Debug, Default)]
pub(super) enum At {
    #[default]
    Nothing,
    /// It saw that the stage has something to claim.
    Aims(StageId),
    Claimed(Lease),
    /// In an element.
    Works(Work),
    /// Results are in the pages.
    Wrote(Lease, Vec<Output>),
    /// The chunk is done, and what it read for the last time may go.
    Done(Lease),
    /// A chunk failed, which the board knows.
    Failed(Event),
}

#[derive(Debug)]
pub(super) struct Work {
    lease: Lease,
    spot: Spot,
    /// What each step gave, from the chunk's first element on.
    values: Vec<Vec<u64>>,
}

impl At {
    /// What it holds, and where in it FUN is.
    pub(super) fn held(&self) -> Option<(Lease, Option<Spot>)> {
        match self {
            At::Claimed(lease) | At::Wrote(lease, _) => Some((*lease, None)),
            At::Works(work) => Some((work.lease, Some(work.spot))),
            At::Nothing | At::Aims(_) | At::Done(_) | At::Failed(_) => None,
        }
    }
}

impl Driver {
    /// A worker's next move.
    pub(crate) fn work(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        if !worker.alive || worker.asleep {
            return;
        }
        let at = match std::mem::take(&mut worker.at) {
            At::Nothing => match self.board.next_stage(id) {
                Some(stage) => At::Aims(stage),
                None => return self.say_dry(id),
            },
            At::Aims(stage) => match worker.drains.claim(&self.board, &self.run, id, stage) {
                Some(lease) => {
                    self.check_inputs(&lease);
                    At::Claimed(lease)
                }
                None => At::Nothing,
            },
            At::Claimed(lease) => {
                let steps = self.plan.stages()[lease.stage.index()].passes.len();
                let spot = Spot { step: 0, element: lease.start };
                self.enter(id, Work { lease, spot, values: vec![Vec::new(); steps] })
            }
            At::Works(work) => return self.step(id, work),
            At::Wrote(lease, outputs) => self.complete(id, lease, &outputs),
            At::Done(lease) => {
                self.give_back(id, &lease);
                At::Nothing
            }
            At::Failed(event) => {
                worker.said.push_back(event);
                At::Nothing
            }
        };
        self.workers[id.index()].at = at;
    }

    /// Enters an element, or leaves the chunk where the run was stopped.
    fn enter(&mut self, id: WorkerId, work: Work) -> At {
        self.board.element(id, work.spot);
        if self.board.control() == Control::Go {
            At::Works(work)
        } else {
            self.workers[id.index()].dropped = Some(work.lease);
            At::Nothing
        }
    }

    /// The end of FUN at an element: with a result, or as its nature wants it.
    fn step(&mut self, id: WorkerId, mut work: Work) {
        let pass = self.plan.stages()[work.lease.stage.index()].passes[work.spot.step as usize];
        let at = match self.natures.get(&(pass, work.spot.element)) {
            Some(Nature::Hangs | Nature::Deaf) => At::Works(work),
            Some(Nature::Kills) => {
                self.workers[id.index()].at = At::Works(work);
                let mute = self.coin();
                return self.lose(id, mute, Loss::Died);
            }
            Some(Nature::Fails) => {
                let Work { lease, spot, .. } = work;
                let counted =
                    self.board.fail(&lease, spot, Output::default(), Output::default(), Span::default());
                assert!(counted, "nobody took the lease from a living worker");
                At::Failed(Event::ChunkFailed { stage: lease.stage, chunk: lease.chunk, spot })
            }
            None => {
                let value = self.value(pass, &work);
                work.values[work.spot.step as usize].push(value);
                let Work { lease, spot: Spot { step, element }, .. } = work;
                if step as usize + 1 < work.values.len() {
                    work.spot.step += 1;
                    self.enter(id, work)
                } else if element + 1 < lease.end {
                    work.spot = Spot { step: 0, element: element + 1 };
                    self.enter(id, work)
                } else {
                    self.board.between_elements(id);
                    let outputs = self.write(&lease, work.values);
                    At::Wrote(lease, outputs)
                }
            }
        };
        self.workers[id.index()].at = at;
    }

    fn value(&mut self, pass: PassId, work: &Work) -> u64 {
        let plan = Arc::clone(&self.plan);
        let inside = &plan.stages()[work.lease.stage.index()].passes;
        let call = &plan.spec().passes[pass.index()];
        let element = work.spot.element;
        let mut input = |source: &Source| match *source {
            Source::Data(resource) => values::data(resource, element),
            Source::Each(other) => match inside.iter().position(|&member| member == other) {
                Some(step) => work.values[step][(element - work.lease.start) as usize],
                None => self.read(other, element),
            },
            Source::Whole(other) => self.read_all(other),
        };
        let inputs: Vec<u64> = call.inputs.iter().map(&mut input).collect();
        let mut side = |source: &Source| match *source {
            Source::Data(resource) => values::all_data(resource),
            Source::Each(other) | Source::Whole(other) => self.read_all(other),
        };
        let sides: Vec<u64> = call.sides.iter().map(&mut side).collect();
        values::result(pass, inputs.into_iter(), &sides)
    }

    fn write(&mut self, lease: &Lease, mut made: Vec<Vec<u64>>) -> Vec<Output> {
        let stage = &self.plan.stages()[lease.stage.index()];
        let mut outputs = Vec::new();
        for (nth, &pass) in stage.outputs.iter().enumerate() {
            let step = stage.passes.iter().position(|&member| member == pass).expect("an output is a member");
            let levels = self.plan.spec().passes[pass.index()].levels;
            let values = values::folded(std::mem::take(&mut made[step]), levels);
            let len = EACH * values.len() as u64;
            let at = self.board.reserve_output(lease.stage, nth as u32, len).expect("room");
            let output = Output { at, len };
            self.pages.write(self.plan.result_of(pass).expect("an output has a page"), output, &values);
            outputs.push(output);
        }
        outputs
    }

    fn complete(&mut self, id: WorkerId, lease: Lease, outputs: &[Output]) -> At {
        let started_ns = self.now;
        let span = Span { started_ns, ended_ns: started_ns + self.cost * (lease.end - lease.start) };
        let steps = self.plan.stages()[lease.stage.index()].passes.len() as u64;
        let step = |step| StepReport { span, busy_ns: step };
        let steps: Vec<StepReport> = (0..steps).map(step).collect();
        let delivered = Delivered { outputs, span, steps: &steps, ..Delivered::default() };
        assert!(self.board.complete(&lease, &delivered), "nobody took the lease from a living worker");
        for element in lease.start..lease.end {
            self.done[lease.stage.index()][element as usize] += 1;
        }
        // Who ends a stage says so.
        if self.is_done(lease.stage) {
            self.workers[id.index()].said.push_back(Event::Tick);
        }
        At::Done(lease)
    }

    /// Whether a worker has a chunk and is at no element of it: before the first, or after the last.
    pub(crate) fn holds_without_running(&self, id: WorkerId) -> bool {
        self.workers[id.index()].at.held().is_some_and(|(_, spot)| spot.is_none())
    }

    /// What the chunk was the last to read goes.
    fn give_back(&mut self, id: WorkerId, lease: &Lease) {
        let spent = self.workers[id.index()].drains.spent(&self.board, &self.run, lease);
        for Spent { resource, maker, part } in spent {
            self.check_spent(lease.stage, resource, &part);
            self.pages.punch(resource, part.output);
            self.board.return_output(maker.0, maker.1, part.output.len);
        }
    }

    fn say_dry(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        worker.asleep = true;
        worker.said.push_back(Event::WorkerDry { worker: id });
    }

    /// An interrupt: the chunk is dropped. Who is not in FUN does not hear it, nor does who is deaf.
    pub(super) fn interrupt_worker(&mut self, id: WorkerId) {
        let worker = &self.workers[id.index()];
        let At::Works(Work { lease, spot, .. }) = &worker.at else { return };
        let lease = *lease;
        let pass = self.plan.stages()[lease.stage.index()].passes[spot.step as usize];
        if worker.alive && self.natures.get(&(pass, spot.element)) != Some(&Nature::Deaf) {
            let worker = &mut self.workers[id.index()];
            (worker.at, worker.dropped) = (At::Nothing, Some(lease));
        }
    }
}
