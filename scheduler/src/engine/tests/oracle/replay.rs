//! A simulation that is fed with a run's log gives that run's measurement: the chunks as the board has them (who, when, how large), and
//! when the engine did something. The log has one time for all of a chunk's handing in, so the runs here hand in at one time.
use super::{program, Pace, Rng};
use crate::board::{BoardReader, ChunkRecord, ChunkState, Lease};
use crate::engine::tests::sim::{Driver, Natures};
use crate::engine::{Event, EventKind, Outcome, Settings};
use crate::graph::TaskKind;
use crate::id::{ResourceId, StageId, WorkerId};
use crate::link::consumption::Consumption;
use crate::link::work::{At, HandInStep, Work};
use crate::plan::Plan;
use crate::simulate::conditions::{Conditions, Run};
use crate::simulate::context::Context;
use crate::simulate::modelled::Nowhere;
use crate::simulate::run::Simulation;
use std::collections::{BTreeMap, VecDeque};

/// A chunk of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    stage: StageId,
    record: ChunkRecord,
    /// The bytes of each output.
    outputs: Vec<u64>,
}

/// What a run left: its chunks in the order in which they began, and what the engine did when.
struct Log {
    chunks: Vec<Chunk>,
    done: Vec<(u64, EventKind)>,
}

/// The conditions of a run that is over: what comes next on each worker, and what it has.
struct Replay {
    coming: BTreeMap<WorkerId, VecDeque<Chunk>>,
    at: BTreeMap<WorkerId, Chunk>,
    shared_ns: BTreeMap<ResourceId, u64>,
}

/// What is not to happen.
const NEVER: u64 = u64::MAX / 2;

fn chunks(plan: &Plan, board: &BoardReader) -> Vec<Chunk> {
    let stages = (0..plan.stages().len() as u32).map(StageId);
    let mut all: Vec<Chunk> = stages
        .flat_map(|stage| board.chunks(stage).into_iter().map(move |record| (stage, record)))
        .filter(|(_, record)| record.state == ChunkState::Done)
        .map(|(stage, record)| {
            let outputs = 0..plan.stages()[stage.index()].outputs.len() as u32;
            let bytes = |nth| board.output(stage, record.chunk, nth).map_or(0, |output| output.len);
            Chunk { stage, record, outputs: outputs.map(bytes).collect() }
        })
        .collect();
    all.sort_by_key(|chunk| (chunk.record.span.started_ns, chunk.record.worker));
    all
}

impl Conditions for Replay {
    type Chunk = ();

    fn travel_ns(&mut self) -> u64 {
        NEVER
    }

    fn late_ns(&mut self) -> u64 {
        NEVER
    }

    fn join_ns(&mut self, _: WorkerId) -> u64 {
        0
    }

    fn share_ns(&mut self, resource: ResourceId) -> Option<u64> {
        Some(self.shared_ns.get(&resource).copied().unwrap_or(NEVER))
    }

    fn step_ns(&mut self, context: &Context, worker: WorkerId, at: At) -> Option<u64> {
        let time = match at {
            At::Idle => {
                self.coming.get(&worker).and_then(VecDeque::front).map(|next| next.record.span.started_ns)
            }
            At::Begun(_) => self.at.get(&worker).map(|chunk| chunk.record.span.ended_ns),
            _ => return None,
        };
        Some(time.map_or(NEVER, |time| time - context.now))
    }

    fn claim(&mut self, context: &Context, _: &mut Consumption, work: &mut Work) -> Option<Lease> {
        let chunk = self.coming.get_mut(&work.slot()).and_then(VecDeque::pop_front)?;
        let lease = work.claim_to(context.worker_board(), chunk.stage, chunk.record.end);
        self.at.insert(work.slot(), chunk);
        lease
    }

    fn run(&mut self, context: &Context, work: &mut Work, _: &mut ()) {
        work.encoded(context.worker_board(), self.at[&work.slot()].outputs.iter().copied(), 0);
    }

    fn hand_in(&mut self, run: &mut Run<'_>, work: &mut Work, _: &mut ()) -> bool {
        let now = run.context.now;
        let step = work.step(&mut run.attached(), now, &mut Nowhere).expect("nothing refuses it");
        step == (HandInStep::Completed { ends_stage: true })
    }
}

/// Runs what the log says; gives its chunks and the most bytes that were held.
fn replay(plan: &Plan, log: &Log) -> (Vec<Chunk>, u64) {
    let mut coming: BTreeMap<WorkerId, VecDeque<Chunk>> = BTreeMap::new();
    for chunk in &log.chunks {
        coming.entry(chunk.record.worker).or_default().push_back(chunk.clone());
    }
    let shared = |(time, what): &(u64, EventKind)| match what {
        EventKind::Ended(task) => match plan.graph().tasks()[task.index()].kind {
            TaskKind::Share(resource) => Some((resource, *time)),
            _ => None,
        },
        _ => None,
    };
    let shared_ns = log.done.iter().filter_map(shared).collect();
    let settings = Settings { workers: plan.workers(), ..Settings::default() };
    let mut sim =
        Simulation::new(plan, settings, Replay { coming, at: BTreeMap::new(), shared_ns }).expect("a board");
    sim.tell(Event::Started, 0);
    sim.launch();
    for (time, what) in &log.done {
        while sim.world.queue.next_ns().is_some_and(|next| next <= *time) {
            sim.next();
        }
        // The engine looks at the board in every step; at how costs mislead only when time has passed.
        let event = if matches!(what, EventKind::TakenBack(..)) { Event::Tick } else { Event::Started };
        sim.tell(event, *time);
    }
    let board = sim.world.context.board();
    (chunks(plan, board), board.peak_bytes())
}

#[test]
fn a_simulation_of_a_runs_log_holds_as_much_memory_as_the_run() {
    let mut compared = 0;
    for seed in 0..1_000 {
        let mut rng = Rng::new(seed);
        let plan = program::whole(&mut rng);
        let settings = Settings { workers: plan.workers(), ..Settings::default() };
        let mut pace = Pace::new(rng);
        pace.calm();
        pace.hand_in_at_once();
        let mut driver = Driver::new(&plan, settings, Natures::new(), pace);
        driver.feed(Event::Started);
        while driver.outcome().is_none() && driver.next() {}
        assert_eq!(driver.outcome(), Some(Outcome::Done));
        let log = Log { chunks: chunks(&plan, driver.board()), done: driver.seen().log.clone() };
        let (again, peak) = replay(&plan, &log);
        assert_eq!(again, log.chunks, "seed {seed}");
        assert_eq!(peak, driver.board().peak_bytes(), "seed {seed}");
        compared += log.chunks.len();
    }
    assert!(compared > 10_000, "{compared} chunks");
}
