//! FUN in the tests' runs, and what a chunk hands in.
use super::pages::{Pages, EACH};
use super::{values, Checked, Nature};
use crate::board::{
    CallEnd, ChunkState, Control, ElementPosition, Lease, Output, PageSegment, Span, StepReport,
};
use crate::error::{Error, Result, Shortage};
use crate::id::{PassId, ResourceId};
use crate::link::work::{At, HandInStep, Outside, Work};
use crate::link::Part;
use crate::plan::{Source, WhenLate};
use crate::simulate::conditions::Run;
use crate::simulate::context::Context;
use crate::wire::Unwritten;

/// What came of the chunk at hand so far.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// What each step gave, from the chunk's first element on.
    values: Vec<Vec<u64>>,
    /// What each output has.
    outputs: Vec<Vec<u64>>,
    /// Where a result is that does not fit anywhere, and which output that is.
    too_big: Option<(usize, ElementPosition)>,
    steps: Vec<StepReport>,
    costs: Vec<Vec<f32>>,
}

/// The pages of the run, to a worker that hands in.
struct Paper<'a> {
    pages: &'a mut Pages,
    chunk: &'a Chunk,
    /// Whether the page at hand happens to be full.
    full: bool,
    /// Whether chunks are written down.
    has_log: bool,
    /// Whether the worker was cut off. It may have the page open that it writes to, whether that is still there or not.
    is_cut_off: bool,
    gave_back: Vec<(ResourceId, Part)>,
}

impl Outside for Paper<'_> {
    fn write(&mut self, piece: usize, resource: ResourceId, output: Output) -> Result<()> {
        if self.is_cut_off && self.pages.is_gone(resource) {
            return match self.full {
                true => {
                    Err(Error::Damaged { segment: "of results".into(), reason: "the run is over".into() })
                }
                false => Ok(()),
            };
        }
        let too_big = self.chunk.too_big.is_some_and(|(output, _)| output == piece);
        if too_big || (self.full && output.segment == PageSegment::Main) {
            return Err(Error::NoSpace { needed: output.len, free: 0, limit: 0, dir: "/full".into() });
        }
        self.pages.write(resource, output, &self.chunk.outputs[piece]);
        Ok(())
    }

    fn has_overflow(&self, _: ResourceId) -> bool {
        true
    }

    fn has_log(&self) -> bool {
        self.has_log
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

impl Checked {
    /// What the element does to its worker where FUN is at one.
    pub(super) fn nature(&self, context: &Context, work: &Work) -> Option<Nature> {
        let (lease, Some(position)) = work.held()? else { return None };
        let pass = context.plan.stages()[lease.stage.index()].passes[position.step as usize];
        // FUN is not called where its time was over.
        let expired = lease.attempt > 0 && context.board().is_expired(lease.stage, position);
        self.natures
            .get(&(pass, position.element))
            .copied()
            .filter(|_| !expired || self.is_called(work, pass))
    }

    /// Whether FUN was called at this element by this worker.
    fn is_called(&self, work: &Work, pass: PassId) -> bool {
        let (Some((_, Some(at))), Some(&(called, element, _))) = (work.held(), self.called.get(&work.slot()))
        else {
            return false;
        };
        (called, element) == (pass, at.element)
    }

    /// FUN is called at an element, unless that had its time.
    fn call(&mut self, context: &Context, work: &mut Work, position: ElementPosition) {
        self.called.remove(&work.slot());
        if !work.enter(context.worker_board(), position) {
            return;
        }
        let Some((lease, _)) = work.held() else { return };
        let pass = context.plan.stages()[lease.stage.index()].passes[position.step as usize];
        let is_timed = context.board().is_timed(lease.stage);
        if is_timed && !work.call(context.worker_board(), context.now) {
            return;
        }
        assert!(
            !self.late.contains(&(pass, position.element)) || self.cut_off.contains(&work.slot()),
            "tried again"
        );
        self.called.insert(work.slot(), (pass, position.element, context.now));
    }

    /// FUN came back: whether in time.
    fn returned(&mut self, context: &Context, work: &Work, pass: PassId) -> CallEnd {
        if !self.is_called(work, pass) {
            return CallEnd::Late;
        }
        self.called.remove(&work.slot());
        let board = context.worker_board();
        let end = if board.is_late(work.slot()) { CallEnd::Late } else { CallEnd::InTime };
        assert_eq!(work.returned(board), end);
        if end == CallEnd::Late {
            assert!(board.is_interrupted(work.slot()), "nobody says what becomes of it");
            board.call_over(work.slot());
        }
        end
    }

    /// FUN enters the first element; or ends at one, and enters the next, or it was the last.
    pub(super) fn fun(&mut self, context: &Context, work: &mut Work, chunk: &mut Chunk) {
        let (lease, position) = match work.at() {
            At::Begun(lease) => {
                chunk.values.resize_with(context.plan.stages()[lease.stage.index()].passes.len(), Vec::new);
                self.call(context, work, ElementPosition { step: 0, element: lease.start });
                return;
            }
            At::Runs(lease, position) => (lease, position),
            other => panic!("FUN runs, and its worker is at {other:?}"),
        };
        let stage = &context.plan.stages()[lease.stage.index()];
        let pass = stage.passes[position.step as usize];
        let nature = self.nature(context, work);
        let late = self.returned(context, work, pass) == CallEnd::Late;
        let limit = context.plan.spec().passes[pass.index()].limit;
        if late && limit.is_none_or(|limit| limit.then == WhenLate::Fails) {
            return work.fail(context.worker_board(), position, [0, 0], None);
        }
        if !late && nature == Some(Nature::Fails) {
            let output = stage.outputs.iter().position(|&output| output == pass);
            match output.filter(|_| self.pace.coin()) {
                // Its result does not fit, which turns out later.
                Some(output) => chunk.too_big = chunk.too_big.or(Some((output, position))),
                None => return work.fail(context.worker_board(), position, [0, 0], None),
            }
        }
        let value = if late {
            values::late(pass)
        } else {
            self.value(context, pass, chunk, &lease, position.element)
        };
        chunk.values[position.step as usize].push(value);
        let ElementPosition { step, element } = position;
        if step as usize + 1 < chunk.values.len() {
            self.call(context, work, ElementPosition { step: step + 1, element });
        } else if element + 1 < lease.end {
            self.call(context, work, ElementPosition { step: 0, element: element + 1 });
        } else {
            encode(context, work, chunk, &lease);
            let bytes = chunk.outputs.iter().map(|output| EACH * output.len() as u64);
            work.encoded(context.worker_board(), bytes, 0);
        }
    }

    fn value(&mut self, context: &Context, pass: PassId, chunk: &Chunk, lease: &Lease, element: u64) -> u64 {
        if self.cut_off.contains(&lease.worker) && !holds(context, lease) {
            // What it reads may be gone from the pages, though not from its own memory. Nobody wants to know.
            return 0;
        }
        let inside = &context.plan.stages()[lease.stage.index()].passes;
        let call = &context.plan.spec().passes[pass.index()];
        let mut input = |source: &Source| match *source {
            Source::Data(resource) => values::data(resource, element),
            Source::Each(other) => match inside.iter().position(|&member| member == other) {
                Some(step) => chunk.values[step][(element - lease.start) as usize],
                None => self.read(context, other, element),
            },
            Source::Whole(other) => self.read_all(context, other),
        };
        let inputs: Vec<u64> = call.inputs.iter().map(&mut input).collect();
        let mut side = |source: &Source| match *source {
            Source::Data(resource) => values::all_data(resource),
            Source::Each(other) | Source::Whole(other) => self.read_all(context, other),
        };
        let sides: Vec<u64> = call.sides.iter().map(&mut side).collect();
        values::result(pass, inputs.into_iter(), &sides)
    }

    /// The next step of handing in.
    pub(super) fn deliver_chunk(&mut self, run: &mut Run<'_>, work: &mut Work, chunk: &mut Chunk) -> bool {
        let context = run.context;
        let (At::HandsIn(lease, _) | At::Done(lease)) = work.at() else { panic!("{work:?} has nothing") };
        let full = self.pace.once_in(4);
        let is_cut_off = self.cut_off.contains(&lease.worker);
        let has_log = self.logged.is_some();
        let gave_back = Vec::new();
        let mut paper = Paper { pages: &mut self.pages, chunk, full, has_log, is_cut_off, gave_back };
        let step = work.step(&mut run.attached(), context.now, &mut paper);
        let gave_back = paper.gave_back;
        let step = match step {
            Ok(step) => step,
            Err(_) if is_cut_off => {
                chunk.outputs.clear();
                work.fail(
                    context.worker_board(),
                    ElementPosition { step: 0, element: lease.start },
                    [0, 0],
                    None,
                );
                return false;
            }
            Err(broken) => panic!("a page is broken: {broken}"),
        };
        let ends_stage = step == (HandInStep::Completed { ends_stage: true });
        match step {
            HandInStep::Reserved => {
                for (output, values) in chunk.outputs.iter().enumerate() {
                    self.pages.reserve(page_of(context, &lease, output), EACH * values.len() as u64);
                }
            }
            HandInStep::Refused(output, shortage) => self.refused(context, work, chunk, output, shortage),
            HandInStep::Completed { .. } => {
                for element in lease.start..lease.end {
                    self.done[lease.stage.index()][element as usize] += 1;
                }
            }
            HandInStep::GaveBack => {
                for (resource, part) in &gave_back {
                    self.check_spent(context, lease.stage, *resource, part);
                }
            }
            HandInStep::Revoked => assert!(is_cut_off, "nobody took the lease from a living worker"),
            HandInStep::Logged => {
                let written = (lease.stage, lease.start, lease.end, chunk.outputs.clone());
                self.logged.iter_mut().for_each(|log| log.push(written.clone()));
            }
            HandInStep::Wrote | HandInStep::Diverted | HandInStep::Costed | HandInStep::Failed => {}
            HandInStep::LeftOut | HandInStep::None => panic!("{step:?}"),
        }
        ends_stage
    }

    /// A result does not fit: its element fails.
    fn refused(
        &mut self,
        context: &Context,
        work: &mut Work,
        chunk: &mut Chunk,
        output: Option<usize>,
        shortage: Shortage,
    ) {
        let (lease, _) = work.held().expect("what is refused is held");
        let (too_big, position) = chunk.too_big.expect("all others have room in the overflow");
        assert_eq!(output, Some(too_big));
        let bytes = EACH * chunk.outputs[too_big].len() as u64;
        self.pages.unreserve(page_of(context, &lease, too_big), bytes);
        chunk.outputs.clear();
        work.fail(context.worker_board(), position, [0, 0], Some(Unwritten::Results(shortage)));
    }
}

/// All elements are through: what the chunk hands in.
fn encode(context: &Context, work: &Work, chunk: &mut Chunk, lease: &Lease) {
    let stage = &context.plan.stages()[lease.stage.index()];
    let span = Span { started_ns: work.started_ns(), ended_ns: context.now };
    let steps = 0..stage.passes.len();
    chunk.steps = steps.clone().map(|step| StepReport { span, busy_ns: step as u64 }).collect();
    if context.board().is_measured(lease.stage) {
        let costs = |step| (lease.start..lease.end).map(|element| cost(step, element)).collect();
        chunk.costs = steps.map(costs).collect();
    }
    let output = |pass: &PassId| {
        let step = stage.passes.iter().position(|member| member == pass).expect("an output is a member");
        values::folded(chunk.values[step].clone(), context.plan.spec().passes[pass.index()].levels)
    };
    chunk.outputs = stage.outputs.iter().map(output).collect();
}

/// Whether the board says that the lease is good. At the end nobody takes it back from who was cut off.
fn holds(context: &Context, lease: &Lease) -> bool {
    if context.board().control() == Control::Ended {
        return false;
    }
    let chunk = context.board().chunk(lease.stage, lease.chunk);
    chunk.is_some_and(|chunk| chunk.state == ChunkState::Leased)
}

/// The page of an output.
fn page_of(context: &Context, lease: &Lease, output: usize) -> ResourceId {
    let pass = context.plan.stages()[lease.stage.index()].outputs[output];
    context.plan.result_of(pass).expect("an output has a page")
}
