//! The event log of a run that is over: what the supervisor saw, and what the board's entries say.
use std::collections::{HashMap, HashSet};

use super::event_log::{
    Chunk, ChunkStep, Detail, Ended, EventLog, FailedElement, PassTotal, StageTotal, State, SLOWEST,
};
use super::Finished;
use crate::board::{self, BoardReader, ChunkRecord, ChunkState};
use crate::engine::{Cause, Outcome};
use crate::id::{PassId, StageId, WorkerId};
use crate::plan::{self, Plan, Stage};

/// A longer pause between two chunks of a worker is no work on either: it slept.
const PAUSE_NS: u64 = 200_000;

impl Finished {
    /// The event log. `copied`: nanoseconds and bytes of copying data in, before the run began. With [`Detail::Totals`] it has no chunks,
    /// only their sums. O(chunks log chunks), and O(elements) where they were measured.
    pub fn log(&self, plan: &Plan, copied: (u64, u64), detail: Detail) -> EventLog {
        let board = self.board.board();
        let recorder = &self.recorder;
        let mut log = EventLog {
            begun: recorder.begun,
            wall_ns: (self.stats.seconds * 1e9).round() as u64,
            ended: ended(&self.outcome, plan),
            events: recorder.events.clone(),
            workers: recorder.workers.clone(),
            activities: (0..board.workers()).filter_map(|worker| board.spent(WorkerId(worker))).collect(),
            passes: vec![PassTotal::default(); plan.spec().passes.len()],
            data_bytes: recorder.data_bytes,
            copied,
            peak_bytes: self.stats.peak_bytes,
            ..EventLog::default()
        };
        for (id, stage) in plan.stages().iter().enumerate() {
            let id = StageId(id as u32);
            let total = Reader { board, id, stage, finished: self }.read(&mut log);
            log.stages.push(total);
        }
        if detail == Detail::Totals {
            (log.chunks, log.outputs, log.steps) = (Vec::new(), Vec::new(), Vec::new());
        }
        log
    }

    /// The entries of a stage that somebody had, by first element and attempt.
    fn chunks(&self, id: StageId) -> Vec<ChunkRecord> {
        let withdrawn = self.stats.withdrawn.iter().filter(|(stage, _)| *stage == id);
        let withdrawn: HashSet<u64> = withdrawn.flat_map(|(_, starts)| starts).copied().collect();
        let mut chunks = self.board.board().chunks(id);
        // What was taken back before anybody had it was no chunk; its elements stand in others.
        chunks.retain(|chunk| match chunk.state {
            _ if self.board.board().is_given(id, chunk.chunk) => false,
            ChunkState::Empty | ChunkState::Ready => false,
            ChunkState::Lost => chunk.span.started_ns > 0 || !withdrawn.contains(&chunk.start),
            ChunkState::Leased | ChunkState::Done | ChunkState::Failed => true,
        });
        chunks.sort_by_key(|chunk| (chunk.start, chunk.attempt, chunk.state != ChunkState::Lost));
        chunks
    }
}

/// Reads one stage off the board.
struct Reader<'a> {
    board: &'a BoardReader,
    id: StageId,
    stage: &'a Stage,
    finished: &'a Finished,
}

impl Reader<'_> {
    fn read(&self, log: &mut EventLog) -> StageTotal {
        let Reader { board, id, stage, finished } = *self;
        let costs: Vec<Option<Vec<f32>>> =
            (0..stage.passes.len() as u32).map(|step| board.costs(id, step)).collect();
        for (pass, costs) in stage.passes.iter().zip(&costs) {
            let bytes = stage.outputs.iter().position(|output| output == pass);
            let bytes = bytes.map_or(0, |nth| board.written(id, nth as u32).0);
            let slowest = costs.as_deref().map(slowest).unwrap_or_default();
            log.passes[pass.index()] = PassTotal { fun_ns: 0, bytes, measured: costs.is_some(), slowest };
        }
        let first = log.chunks.len();
        for record in finished.chunks(id) {
            let chunk = self.chunk(&record, &costs, log);
            log.chunks.push(chunk);
        }
        total(&log.chunks[first..])
    }

    /// One entry, with its outputs and steps; adds to what its passes took.
    fn chunk(&self, record: &ChunkRecord, costs: &[Option<Vec<f32>>], log: &mut EventLog) -> Chunk {
        let Reader { board, id, stage, finished } = *self;
        let since = |ns: u64| ns.saturating_sub(finished.recorder.begun_ns);
        let is_done = record.state == ChunkState::Done;
        let started_ns = since(record.span.started_ns);
        let ended_ns = match record.state {
            ChunkState::Done | ChunkState::Failed => since(record.span.ended_ns),
            _ => end_of(record.worker, started_ns, log),
        };
        // A worker says both.
        let ended_ns = ended_ns.max(started_ns);
        let (outputs_at, steps_at) = (log.outputs.len() as u32, log.steps.len() as u32);
        for nth in 0..stage.outputs.len() as u32 {
            let output = board.output(id, record.chunk, nth).filter(|_| is_done);
            log.outputs.push(output.map_or(0, |output| output.len));
        }
        let all_ns = ended_ns.saturating_sub(started_ns);
        let fun_ns = if is_done { self.steps(record, costs, all_ns, log) } else { 0 };
        let state = match record.state {
            ChunkState::Done => State::Done,
            ChunkState::Failed => State::Failed,
            ChunkState::Lost => State::Lost,
            ChunkState::Empty | ChunkState::Ready | ChunkState::Leased => State::Stopped,
        };
        let ChunkRecord { chunk, start, end, worker, attempt, .. } = *record;
        Chunk {
            stage: id,
            chunk,
            start,
            end,
            worker,
            attempt,
            state,
            started_ns,
            ended_ns,
            fun_ns,
            outputs_at,
            steps_at,
        }
    }
}

impl Reader<'_> {
    /// What the steps of a chunk did, that took `all_ns`; how long FUN ran.
    fn steps(
        &self,
        record: &ChunkRecord,
        costs: &[Option<Vec<f32>>],
        all_ns: u64,
        log: &mut EventLog,
    ) -> u64 {
        let since = |ns: u64| ns.saturating_sub(self.finished.recorder.begun_ns);
        let mut fun_ns = 0_u64;
        for (nth, &pass) in self.stage.passes.iter().enumerate() {
            let step = self.board.step(self.id, record.chunk, nth as u32);
            let range = record.start as usize..record.end as usize;
            let measured = costs[nth].as_ref().and_then(|costs| costs.get(range));
            let took = match (measured, step) {
                (Some(costs), _) => plan::sum(costs) as u64,
                (None, Some(step)) => step.busy_ns,
                (None, None) => all_ns,
            };
            fun_ns = fun_ns.saturating_add(took);
            let total = &mut log.passes[pass.index()].fun_ns;
            *total = total.saturating_add(took);
            if let Some(step) = step {
                let (started_ns, ended_ns) = (since(step.span.started_ns), since(step.span.ended_ns));
                log.steps.push(ChunkStep { pass, started_ns, ended_ns, fun_ns: took });
            }
        }
        fun_ns
    }
}

/// When a chunk ended that was never handed in: with its worker, or with the run.
fn end_of(worker: WorkerId, started_ns: u64, log: &EventLog) -> u64 {
    let mut deaths = log.workers.iter().filter(|life| life.worker == worker && life.died.is_some());
    deaths.find(|life| life.left_ns >= started_ns).map_or(log.wall_ns, |life| life.left_ns)
}

/// What the chunks of a stage come to.
fn total(chunks: &[Chunk]) -> StageTotal {
    let mut total = StageTotal { began_ns: u64::MAX, ..StageTotal::default() };
    let mut by_time: Vec<&Chunk> = chunks.iter().collect();
    by_time.sort_by_key(|chunk| chunk.started_ns);
    let mut last: HashMap<WorkerId, u64> = HashMap::new();
    for chunk in by_time {
        total.began_ns = total.began_ns.min(chunk.started_ns);
        total.ended_ns = total.ended_ns.max(chunk.ended_ns);
        if chunk.state != State::Done {
            total.lost += u64::from(chunk.state == State::Lost);
            continue;
        }
        total.chunks += 1;
        let took = chunk.ended_ns.saturating_sub(chunk.started_ns);
        total.longest_ns = total.longest_ns.max(took);
        let before = last.insert(chunk.worker, chunk.ended_ns);
        let pause = before.map_or(u64::MAX, |before| chunk.started_ns.saturating_sub(before));
        let beside = if pause <= PAUSE_NS { pause } else { 0 };
        total.chunks_ns = total.chunks_ns.saturating_add(took.saturating_add(beside));
    }
    total.began_ns = total.began_ns.min(total.ended_ns);
    total
}

/// The elements that took longest. O(n).
fn slowest(costs: &[f32]) -> Vec<(u64, f32)> {
    let mut most: Vec<(u64, f32)> = Vec::with_capacity(SLOWEST + 1);
    for (element, &cost) in costs.iter().enumerate() {
        if cost > most.last().map_or(0.0, |&(_, least)| if most.len() < SLOWEST { 0.0 } else { least }) {
            let place = most.partition_point(|&(_, other)| other >= cost);
            most.insert(place, (element as u64, cost));
            most.truncate(SLOWEST);
        }
    }
    most
}

/// How a run ended, by passes.
fn ended(outcome: &Outcome, plan: &Plan) -> Ended {
    let position = |stage: StageId, at: board::ElementPosition| {
        let passes = plan.stage(stage).map_or(&[][..], |stage| &stage.passes);
        // Workers say the step: one that is none is taken for the first.
        let pass = passes.get(at.step as usize).or(passes.first()).copied().unwrap_or(PassId(0));
        FailedElement { pass, element: at.element }
    };
    match outcome {
        Outcome::Done => Ended::Done,
        Outcome::Failed(failure) => Ended::Failed(position(failure.stage, failure.position)),
        Outcome::WorkerKilled { stage, position: at, deaths, reason } => {
            Ended::WorkerDied { position: position(*stage, *at), deaths: *deaths, reason: reason.clone() }
        }
        Outcome::ElementTimeout { stage, position: at } => Ended::ElementTimeout(position(*stage, *at)),
        Outcome::Cancelled { cause: Cause::Timeout } => Ended::Timeout,
        Outcome::Cancelled { cause: Cause::User } => Ended::Cancelled,
        Outcome::NoWorkers { reason } => Ended::NoWorkers { reason: reason.clone() },
    }
}
