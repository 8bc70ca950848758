//! A simulated worker: the steps are those of every worker (`link::work`), and each is a move after which a process could die.
//! What FUN gives and where results go is the simulation's.
use super::pages::{Pages, EACH};
use super::{values, Driver, Nature};
use crate::board::{Lease, Output, Span, Spot, StepReport};
use crate::engine::{Event, Loss};
use crate::error::{Error, Result, Shortage};
use crate::id::{PassId, ResourceId, WorkerId};
use crate::link::drains::Drains;
use crate::link::work::{self, Attached, Outside, Report, Step, Work};
use crate::link::Part;
use crate::plan::Source;
use crate::wire::Lost;
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
pub(super) struct At {
    /// Made with its first move.
    work: Option<Work>,
    chunk: Chunk,
}

/// What came of the chunk at hand so far.
#[derive(Debug, Default)]
struct Chunk {
    began_ns: u64,
    /// What each step gave, from the chunk's first element on.
    values: Vec<Vec<u64>>,
    /// What each output has.
    outputs: Vec<Vec<u64>>,
    /// Where a result is that does not fit anywhere, and which output that is.
    too_big: Option<(usize, Spot)>,
    steps: Vec<StepReport>,
    costs: Vec<Vec<f32>>,
}

/// The pages of the run, to a worker that hands in.
struct Paper<'a> {
    pages: &'a mut Pages,
    /// The page of each output.
    chunk: &'a Chunk,
    /// Whether the page at hand happens to be full.
    full: bool,
    gave_back: Vec<(ResourceId, Part)>,
}

impl At {
    /// What it holds, and where in it FUN is.
    pub(super) fn held(&self) -> Option<(Lease, Option<Spot>)> {
        self.work.as_ref().and_then(Work::held)
    }
}

impl Outside for Paper<'_> {
    fn write(&mut self, piece: usize, resource: ResourceId, output: Output) -> Result<()> {
        let too_big = self.chunk.too_big.is_some_and(|(output, _)| output == piece);
        if too_big || (self.full && !output.overflow) {
            return Err(Error::NoSpace { needed: output.len, free: 0, limit: 0, dir: "/full".into() });
        }
        self.pages.write(resource, output, &self.chunk.outputs[piece]);
        Ok(())
    }

    fn has_overflow(&self, _: ResourceId) -> bool {
        true
    }

    fn give_back(&mut self, resource: ResourceId, part: &Part) -> Result<()> {
        self.pages.punch(resource, part.output);
        self.gave_back.push((resource, *part));
        Ok(())
    }

    fn steps(&self) -> &[StepReport] {
        &self.chunk.steps
    }

    fn costs(&self) -> &[Vec<f32>] {
        &self.chunk.costs
    }
}

/// What an element is said to have cost.
pub(super) fn cost(step: usize, element: u64) -> f32 {
    (1 + element) as f32 + 0.25 * step as f32
}

impl Driver {
    /// A worker's next move.
    pub(crate) fn work(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        if !worker.alive || worker.asleep {
            return;
        }
        let At { work, mut chunk } = std::mem::take(&mut worker.at);
        let mut work = work.unwrap_or_else(|| Work::new(id));
        match work.at() {
            work::At::Idle => {
                if work.aim(&self.board).is_none() {
                    self.say_dry(id);
                }
            }
            work::At::Aims(_) => {
                let Driver { board, run: spec, workers, .. } = self;
                let drains = &mut workers[id.index()].drains;
                let lease = work.claim(&mut Attached { board, spec, drains });
                lease.iter().for_each(|lease| self.check_inputs(lease));
            }
            work::At::Claimed(lease) => {
                work.begin(&self.board, self.now);
                let steps = self.plan.stages()[lease.stage.index()].passes.len();
                chunk = Chunk { began_ns: self.now, values: vec![Vec::new(); steps], ..Chunk::default() };
            }
            work::At::Begun(lease) => self.enter(&mut work, lease, Spot { step: 0, element: lease.start }),
            work::At::Runs(lease, spot) => {
                if !self.step(&mut work, &mut chunk, lease, spot) {
                    self.workers[id.index()].at = At { work: Some(work), chunk };
                    let mute = self.coin();
                    return self.lose(id, mute, Loss::Died);
                }
            }
            work::At::HandsIn(lease, _) | work::At::Done(lease) => self.hand_in(&mut work, &mut chunk, lease),
            work::At::Failed(_) => {
                let Report { stage, chunk, spot, .. } = work.report().expect("it failed");
                self.workers[id.index()].said.push_back(Event::ChunkFailed { stage, chunk, spot });
            }
        }
        self.workers[id.index()].at = At { work: Some(work), chunk };
    }

    /// Enters an element, or leaves the chunk where the run was stopped.
    fn enter(&mut self, work: &mut Work, lease: Lease, spot: Spot) {
        if !work.enter(&self.board, spot) {
            self.workers[lease.worker.index()].dropped = Some(lease);
        }
    }

    /// The end of FUN at an element: with a result, or as its nature wants it. `false`: it kills its worker.
    fn step(&mut self, work: &mut Work, chunk: &mut Chunk, lease: Lease, spot: Spot) -> bool {
        let stage = &self.plan.stages()[lease.stage.index()];
        let pass = stage.passes[spot.step as usize];
        let output = stage.outputs.iter().position(|&output| output == pass);
        match self.natures.get(&(pass, spot.element)) {
            Some(Nature::Hangs | Nature::Deaf) => return true,
            Some(Nature::Kills) => return false,
            Some(Nature::Fails) => match output.filter(|_| self.coin()) {
                // Its result does not fit, which turns out later.
                Some(output) => chunk.too_big = chunk.too_big.or(Some((output, spot))),
                None => {
                    work.fail(&self.board, spot, [0, 0], None);
                    return true;
                }
            },
            None => {}
        }
        let value = self.value(pass, chunk, &lease, spot.element);
        chunk.values[spot.step as usize].push(value);
        let Spot { step, element } = spot;
        if step as usize + 1 < chunk.values.len() {
            self.enter(work, lease, Spot { step: step + 1, element });
        } else if element + 1 < lease.end {
            self.enter(work, lease, Spot { step: 0, element: element + 1 });
        } else {
            self.encode(chunk, &lease);
            work.encoded(&self.board, chunk.outputs.iter().map(|output| EACH * output.len() as u64), 0);
        }
        true
    }

    fn value(&mut self, pass: PassId, chunk: &Chunk, lease: &Lease, element: u64) -> u64 {
        let plan = Arc::clone(&self.plan);
        let inside = &plan.stages()[lease.stage.index()].passes;
        let call = &plan.spec().passes[pass.index()];
        let mut input = |source: &Source| match *source {
            Source::Data(resource) => values::data(resource, element),
            Source::Each(other) => match inside.iter().position(|&member| member == other) {
                Some(step) => chunk.values[step][(element - lease.start) as usize],
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

    /// All elements are through: what the chunk hands in.
    fn encode(&self, chunk: &mut Chunk, lease: &Lease) {
        let stage = &self.plan.stages()[lease.stage.index()];
        let span = Span { started_ns: chunk.began_ns, ended_ns: self.end_of(chunk, lease) };
        let steps = 0..stage.passes.len();
        chunk.steps = steps.clone().map(|step| StepReport { span, busy_ns: step as u64 }).collect();
        if self.board.is_measured(lease.stage) {
            let costs = |step| (lease.start..lease.end).map(|element| cost(step, element)).collect();
            chunk.costs = steps.map(costs).collect();
        }
        let output = |pass: &PassId| {
            let step = stage.passes.iter().position(|member| member == pass).expect("an output is a member");
            values::folded(chunk.values[step].clone(), self.plan.spec().passes[pass.index()].levels)
        };
        chunk.outputs = stage.outputs.iter().map(output).collect();
    }

    /// When the chunk ends, by what an element costs.
    fn end_of(&self, chunk: &Chunk, lease: &Lease) -> u64 {
        chunk.began_ns + self.cost * (lease.end - lease.start)
    }

    /// The next step of handing in.
    fn hand_in(&mut self, work: &mut Work, chunk: &mut Chunk, lease: Lease) {
        let (now, full) = (self.end_of(chunk, &lease), self.coins.once_in(4));
        let Driver { board, run: spec, workers, pages, .. } = self;
        let drains = &mut workers[lease.worker.index()].drains;
        let mut paper = Paper { pages, chunk, full, gave_back: Vec::new() };
        let step =
            work.step(&mut Attached { board, spec, drains }, now, &mut paper).expect("no page is broken");
        let gave_back = paper.gave_back;
        match step {
            Step::Reserved => {
                for (output, values) in chunk.outputs.iter().enumerate() {
                    self.pages.reserve(self.page_of(&lease, output), EACH * values.len() as u64);
                }
            }
            Step::Refused(output, shortage) => self.refused(work, chunk, &lease, output, shortage),
            Step::Completed { ends_stage } => {
                if ends_stage {
                    self.workers[lease.worker.index()].said.push_back(Event::Tick);
                }
                for element in lease.start..lease.end {
                    self.done[lease.stage.index()][element as usize] += 1;
                }
            }
            Step::GaveBack => {
                gave_back.iter().for_each(|(resource, part)| self.check_spent(lease.stage, *resource, part));
            }
            Step::Revoked => panic!("nobody took the lease from a living worker"),
            Step::Wrote | Step::Diverted | Step::Costed | Step::Failed => {}
            Step::LeftOut | Step::None => panic!("{step:?}"),
        }
    }

    /// A result does not fit: its element fails.
    fn refused(
        &mut self,
        work: &mut Work,
        chunk: &mut Chunk,
        lease: &Lease,
        output: Option<usize>,
        shortage: Shortage,
    ) {
        let (too_big, spot) = chunk.too_big.expect("all others have room in the overflow");
        assert_eq!(output, Some(too_big));
        self.pages.unreserve(self.page_of(lease, too_big), EACH * chunk.outputs[too_big].len() as u64);
        chunk.outputs.clear();
        work.fail(&self.board, spot, [0, 0], Some(Lost::Results(shortage)));
    }

    /// The page of an output.
    fn page_of(&self, lease: &Lease, output: usize) -> ResourceId {
        let pass = self.plan.stages()[lease.stage.index()].outputs[output];
        self.plan.result_of(pass).expect("an output has a page")
    }

    /// Whether a worker has a chunk and is at no element of it: before the first, or after the last.
    pub(crate) fn holds_without_running(&self, id: WorkerId) -> bool {
        self.workers[id.index()].at.held().is_some_and(|(_, spot)| spot.is_none())
    }

    fn say_dry(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        worker.asleep = true;
        worker.said.push_back(Event::WorkerDry { worker: id });
    }

    /// An interrupt: the chunk is dropped. Who is not in FUN does not hear it, nor does who is deaf.
    pub(super) fn interrupt_worker(&mut self, id: WorkerId) {
        let worker = &mut self.workers[id.index()];
        let Some(work) = worker.at.work.as_mut().filter(|_| worker.alive) else { return };
        let Some((lease, Some(spot))) = work.held() else { return };
        let pass = self.plan.stages()[lease.stage.index()].passes[spot.step as usize];
        if self.natures.get(&(pass, spot.element)) != Some(&Nature::Deaf) {
            work.drop_chunk();
            worker.dropped = Some(lease);
        }
    }
}
