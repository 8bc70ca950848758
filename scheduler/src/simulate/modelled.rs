//! The conditions of [`super::simulate`]: times and sizes as the model has them, and nothing goes wrong. A chunk has two times, its claim
//! and its end; its elements are not entered one by one.
use super::conditions::{Conditions, Run};
use super::context::Context;
use super::load::Load;
use super::model::{Model, Simulated};
use super::run::Simulation;
use crate::board::{Lease, Output, StepReport};
use crate::engine::{Event, Settings};
use crate::error::Result;
use crate::id::{PassId, ResourceId, WorkerId};
use crate::link::work::{At, HandInStep, Outside, Work};
use crate::link::Part;
use crate::plan::Plan;

/// A model's conditions, and what is counted of the run.
struct Modelled<'a> {
    model: &'a Model,
    loads: Vec<Load>,
    /// How long FUN ran on each worker.
    busy_ns: Vec<f64>,
    chunks: u64,
}

/// Where results go: they are counted, not written.
pub(crate) struct Nowhere;

impl Outside for Nowhere {
    fn write(&mut self, _: usize, _: ResourceId, _: Output) -> Result<()> {
        Ok(())
    }

    fn has_overflow(&self, _: ResourceId) -> bool {
        false
    }

    fn give_back(&mut self, _: ResourceId, _: &Part) -> Result<()> {
        Ok(())
    }

    fn steps(&self) -> &[StepReport] {
        &[]
    }

    fn costs(&self) -> &[Vec<f32>] {
        &[]
    }
}

/// A run of `plan` as the model has it.
pub(super) fn run(plan: &Plan, model: &Model, loads: Vec<Load>, bound_ns: u64) -> Result<Simulated> {
    let busy_ns = vec![0.0; plan.workers() as usize];
    let settings = Settings { workers: plan.workers(), ..Settings::default() };
    let conditions = Modelled { model, loads, busy_ns, chunks: 0 };
    let mut simulation = Simulation::new(plan, settings, conditions)?;
    simulation.tell(Event::Started, 0);
    simulation.launch();
    while simulation.world.ended.is_none() && simulation.next().is_some() {}
    let makespan_ns = simulation.world.ended.as_ref().map_or(0, |(at, _)| *at);
    let Modelled { busy_ns, chunks, .. } = &simulation.world.conditions;
    let all = (makespan_ns as f64 * f64::from(plan.workers())).max(1.0);
    let busy: f64 = busy_ns.iter().sum();
    let own = *chunks as f64 * model.chunk_ns as f64;
    Ok(Simulated {
        workers: plan.workers(),
        makespan_ns,
        bound_ns,
        efficiency: busy / all,
        idle: (1.0 - (busy + own) / all).max(0.0),
        overhead: own / all,
        chunks: *chunks,
        recuts: simulation.engine().withdrawn().len() as u32,
        peak_bytes: simulation.world.context.board().peak_bytes(),
        busy_ns: busy_ns.iter().map(|busy| busy.round() as u64).collect(),
    })
}

impl Modelled<'_> {
    /// The bytes that a pass's results of a chunk take.
    fn piece(&self, context: &Context, pass: PassId, lease: &Lease) -> u64 {
        if let Some(size) = self.model.sizes.get(pass.index()).copied().flatten() {
            let per_result = context.plan.spec().passes[pass.index()].elements_per_result();
            return size.of_chunk((lease.end - lease.start).div_ceil(per_result));
        }
        let elements = context.plan.stages()[lease.stage.index()].board.elements.max(1);
        let bytes = context.plan.result_of(pass).map_or(0, |resource| context.bytes(resource));
        let before = |at: u64| (u128::from(bytes) * u128::from(at) / u128::from(elements)) as u64;
        before(lease.end) - before(lease.start)
    }
}

impl Conditions for Modelled<'_> {
    type Chunk = ();

    fn travel_ns(&mut self) -> u64 {
        self.model.message_ns
    }

    fn event_ns(&self) -> u64 {
        self.model.event_ns
    }

    fn join_ns(&mut self, worker: WorkerId) -> u64 {
        self.model.join_ns + u64::from(worker.0) * self.model.join_each_ns
    }

    fn chunk_ns(&self) -> u64 {
        self.model.chunk_ns
    }

    fn step_ns(&mut self, _: &Context, worker: WorkerId, at: At) -> Option<u64> {
        let At::Begun(lease) = at else { return None };
        let ns = self.loads[lease.stage.index()].of(lease.start, lease.end);
        self.busy_ns[worker.index()] += ns;
        self.chunks += 1;
        Some(self.model.chunk_ns + ns.round() as u64)
    }

    fn run(&mut self, context: &Context, work: &mut Work, _: &mut ()) {
        if let At::Begun(lease) = work.at() {
            let outputs = &context.plan.stages()[lease.stage.index()].outputs;
            work.encoded(
                context.worker_board(),
                outputs.iter().map(|&pass| self.piece(context, pass, &lease)),
                0,
            );
        }
    }

    fn hand_in(&mut self, run: &mut Run<'_>, work: &mut Work, _: &mut ()) -> bool {
        let now = run.context.now;
        let step = work.step(&mut run.attached(), now, &mut Nowhere);
        debug_assert!(
            !matches!(step, Err(_) | Ok(HandInStep::Revoked)),
            "nothing refuses a chunk here: {step:?}"
        );
        if step.is_err() {
            work.drop_chunk();
        }
        matches!(step, Ok(HandInStep::Completed { ends_stage: true }))
    }
}
