//! Logs of blocks made one log: stages, passes, workers, elements and instants of a block become those of the call.
use std::collections::HashMap;

use super::block_log::BlockLog;
use super::lanes::Lanes;
use crate::board::{Activity, ElementPosition};
use crate::engine::EventKind;
use crate::id::{PassId, StageId, WorkerId};
use crate::plan::{PassCall, Plan};
use crate::run::{
    Chunk, ChunkStep, Ended, Event, EventLog, PassTotal, StageTotal, State, WorkerLife, SLOWEST,
};

/// The log in the making.
pub(super) struct Merge<'a> {
    plan: &'a Plan,
    lanes: &'a Lanes,
    log: EventLog,
    /// The stage of each pass.
    stage_of: Vec<StageId>,
    /// Where the life of a worker's process stands.
    lives: HashMap<(WorkerId, Option<u32>), usize>,
    /// Bytes that came and went with the blocks of each host.
    held: Vec<Vec<(u64, i64)>>,
    /// Stages of which something was done before.
    reused: Vec<StageId>,
}

/// A block, and how to read its log.
struct Reading<'a> {
    nth: usize,
    block: &'a BlockLog,
    /// When its run began.
    begun: u64,
    /// The stage of the call that each of its stages is; `None` where there is none with just these passes.
    stages: Vec<Option<StageId>>,
}

impl Reading<'_> {
    fn pass(&self, pass: PassId) -> Option<PassId> {
        self.block.passes.get(pass.index()).copied()
    }

    fn stage(&self, stage: StageId) -> Option<StageId> {
        self.stages.get(stage.index()).copied().flatten()
    }
}

impl<'a> Merge<'a> {
    pub(super) fn new(plan: &'a Plan, lanes: &'a Lanes, mut log: EventLog) -> Merge<'a> {
        let mut stage_of = vec![StageId(0); plan.spec().passes.len()];
        for (id, stage) in plan.stages().iter().enumerate() {
            stage.passes.iter().for_each(|pass| stage_of[pass.index()] = StageId(id as u32));
        }
        let untouched = StageTotal { began_ns: u64::MAX, ..StageTotal::default() };
        log.stages = vec![untouched; plan.stages().len()];
        log.passes = vec![PassTotal::default(); stage_of.len()];
        log.activities = vec![[0; Activity::ALL.len()]; lanes.count() as usize];
        let held = vec![Vec::new(); log.hosts.len()];
        Merge { plan, lanes, log, stage_of, lives: HashMap::new(), held, reused: Vec::new() }
    }

    /// The log of a block whose run began at `begun`.
    pub(super) fn add(&mut self, nth: usize, block: &BlockLog, begun: u64) {
        // It comes from another machine.
        if !self.fits(block) {
            return;
        }
        let stages = block.plan.stages().iter().map(|stage| self.stage(block, &stage.passes)).collect();
        let reading = Reading { nth, block, begun, stages };
        if self.log.ended == Ended::Done {
            self.log.ended = block.ended();
        }
        if block.log.ended == Ended::Done {
            self.log.hosts[block.host].elements += block.elements();
        }
        let until = self.at(&reading, block.log.wall_ns);
        self.held[block.host].push((begun, block.log.peak_bytes as i64));
        self.held[block.host].push((until, -(block.log.peak_bytes as i64)));
        self.add_workers(&reading);
        self.add_totals(&reading);
        self.add_events(&reading);
        for chunk in &block.log.chunks {
            self.add_chunk(&reading, chunk);
        }
    }

    /// Whether a block is a part of the call.
    fn fits(&self, block: &BlockLog) -> bool {
        let (own, all) = (&block.plan.spec().passes, &self.plan.spec().passes);
        let part = |(own, id): (&PassCall, &PassId)| {
            let end = block.before.checked_add(own.elements);
            end.zip(all.get(id.index())).is_some_and(|(end, all)| end <= all.elements)
        };
        own.len() == block.passes.len() && own.iter().zip(&block.passes).all(part)
    }

    /// The stage that has just these passes of a block.
    fn stage(&self, block: &BlockLog, passes: &[PassId]) -> Option<StageId> {
        let of = |pass: &PassId| block.passes.get(pass.index()).copied();
        let own: Vec<PassId> = passes.iter().map(of).collect::<Option<_>>()?;
        let id = *self.stage_of.get(own.first()?.index())?;
        let theirs = &self.plan.stage(id)?.passes;
        (theirs.len() == own.len() && own.iter().all(|pass| theirs.contains(pass))).then_some(id)
    }

    /// An instant of a block's run.
    fn at(&self, reading: &Reading<'_>, ns: u64) -> u64 {
        reading.begun.saturating_add(ns).min(self.log.wall_ns)
    }

    fn worker(&self, reading: &Reading<'_>, worker: WorkerId) -> Option<WorkerId> {
        self.lanes.of_worker(reading.block.host, reading.nth, worker)
    }

    fn add_workers(&mut self, reading: &Reading<'_>) {
        for life in &reading.block.log.workers {
            let Some(worker) = self.worker(reading, life.worker) else { continue };
            let (joined_ns, left_ns) = (self.at(reading, life.joined_ns), self.at(reading, life.left_ns));
            let key = (worker, life.pid);
            let all = &mut self.log.workers;
            if let Some(known) = self.lives.get(&key).map(|&place| &mut all[place]) {
                known.joined_ns = known.joined_ns.min(joined_ns);
                known.left_ns = known.left_ns.max(left_ns);
                known.died = known.died.take().or_else(|| life.died.clone());
            } else {
                self.lives.insert(key, all.len());
                all.push(WorkerLife { worker, joined_ns, left_ns, ..life.clone() });
            }
        }
        for (place, spent) in reading.block.log.activities.iter().enumerate() {
            let Some(worker) = self.worker(reading, WorkerId(place as u32)) else { continue };
            let all = &mut self.log.activities[worker.index()];
            all.iter_mut().zip(spent).for_each(|(all, one)| *all = all.saturating_add(*one));
        }
    }

    fn add_totals(&mut self, reading: &Reading<'_>) {
        let log = &reading.block.log;
        for (id, total) in log.stages.iter().enumerate() {
            let Some(stage) = reading.stage(StageId(id as u32)) else { continue };
            let (began, ended) = (self.at(reading, total.began_ns), self.at(reading, total.ended_ns));
            let all = &mut self.log.stages[stage.index()];
            if total.chunks + total.lost == 0 {
                continue;
            }
            (all.began_ns, all.ended_ns) = (all.began_ns.min(began), all.ended_ns.max(ended));
            (all.chunks, all.lost) = (all.chunks + total.chunks, all.lost + total.lost);
            all.chunks_ns = all.chunks_ns.saturating_add(total.chunks_ns);
            all.longest_ns = all.longest_ns.max(total.longest_ns);
        }
        for (id, total) in log.passes.iter().enumerate() {
            let Some(pass) = reading.pass(PassId(id as u32)) else { continue };
            let Some(all) = self.log.passes.get_mut(pass.index()) else { continue };
            all.fun_ns = all.fun_ns.saturating_add(total.fun_ns);
            all.bytes = all.bytes.saturating_add(total.bytes);
            all.measured |= total.measured;
            let before = reading.block.before;
            all.slowest.extend(total.slowest.iter().map(|&(element, ns)| (element + before, ns)));
            all.slowest.sort_by(|a, b| b.1.total_cmp(&a.1));
            all.slowest.truncate(SLOWEST);
        }
    }

    fn add_chunk(&mut self, reading: &Reading<'_>, chunk: &Chunk) {
        let (block, log) = (reading.block, &reading.block.log);
        let Some((stage, worker)) = reading.stage(chunk.stage).zip(self.worker(reading, chunk.worker)) else {
            return;
        };
        let (own, theirs) = (&block.plan.stages()[chunk.stage.index()], &self.plan.stages()[stage.index()]);
        let (outputs_at, steps_at) = (self.log.outputs.len() as u32, self.log.steps.len() as u32);
        for pass in &theirs.outputs {
            let nth = own.outputs.iter().position(|output| reading.pass(*output) == Some(*pass));
            let bytes = nth.and_then(|nth| log.outputs.get(chunk.outputs_at as usize + nth));
            self.log.outputs.push(bytes.copied().unwrap_or(0));
        }
        if chunk.state == State::Done && theirs.passes.len() > 1 {
            let steps = log.steps.get(chunk.steps_at as usize..).unwrap_or_default();
            self.add_steps(reading, chunk, &steps[..steps.len().min(own.passes.len())]);
        }
        self.log.chunks.push(Chunk {
            stage,
            start: chunk.start + block.before,
            end: chunk.end + block.before,
            worker,
            started_ns: self.at(reading, chunk.started_ns),
            ended_ns: self.at(reading, chunk.ended_ns),
            outputs_at,
            steps_at,
            ..*chunk
        });
    }

    /// The steps of a chunk, in the order of the call's stage.
    fn add_steps(&mut self, reading: &Reading<'_>, chunk: &Chunk, steps: &[ChunkStep]) {
        let Some(stage) = reading.stage(chunk.stage).and_then(|stage| self.plan.stage(stage)) else { return };
        for &pass in &stage.passes {
            let unknown =
                ChunkStep { pass, started_ns: chunk.started_ns, ended_ns: chunk.started_ns, fun_ns: 0 };
            let step = steps.iter().find(|step| reading.pass(step.pass) == Some(pass)).unwrap_or(&unknown);
            let (started_ns, ended_ns) = (self.at(reading, step.started_ns), self.at(reading, step.ended_ns));
            self.log.steps.push(ChunkStep { pass, started_ns, ended_ns, fun_ns: step.fun_ns });
        }
    }

    fn add_events(&mut self, reading: &Reading<'_>) {
        for event in &reading.block.log.events {
            if let Some(what) = self.event(reading, &event.what) {
                let at_ns = self.at(reading, event.at_ns);
                self.log.events.push(Event { at_ns, what });
            }
        }
    }

    /// What happened to workers and to elements; tasks and resources of a block are a part of the call's.
    fn event(&self, reading: &Reading<'_>, what: &EventKind) -> Option<EventKind> {
        let before = reading.block.before;
        let stage = |stage: &StageId| reading.stage(*stage);
        let worker = |worker: &WorkerId| self.worker(reading, *worker);
        let moved = |at: &ElementPosition| ElementPosition { element: at.element + before, ..*at };
        Some(match what {
            EventKind::Died(who, how) => EventKind::Died(worker(who)?, how.clone()),
            EventKind::NotStarted(who, why) => EventKind::NotStarted(worker(who)?, why.clone()),
            EventKind::Queued(of, start, end, attempt) => {
                EventKind::Queued(stage(of)?, start + before, end + before, *attempt)
            }
            EventKind::TakenBack(of, ranges) => EventKind::TakenBack(stage(of)?, *ranges),
            EventKind::Failed(of, chunk, element) => EventKind::Failed(stage(of)?, *chunk, element + before),
            EventKind::Loaded(who, of, packages, ns) => {
                let (who, of) = (who.as_ref().map(worker), of.as_ref().map(stage));
                let known = who != Some(None) && of != Some(None);
                known.then(|| EventKind::Loaded(who.flatten(), of.flatten(), packages.clone(), *ns))?
            }
            EventKind::Late(who, of, at) => EventKind::Late(worker(who)?, stage(of)?, moved(at)),
            EventKind::Killed(who, of, at) => EventKind::Killed(worker(who)?, stage(of)?, moved(at)),
            EventKind::Began(_)
            | EventKind::Ended(_)
            | EventKind::Freed(_)
            | EventKind::LetGo(_)
            | EventKind::Joined(_)
            | EventKind::Stopped
            | EventKind::Reused(..) => return None,
        })
    }

    /// So many elements of these passes were done before the call.
    pub(super) fn reuse(&mut self, passes: &[PassId], elements: u64) {
        let mut stages: Vec<StageId> =
            passes.iter().filter_map(|pass| self.stage_of.get(pass.index()).copied()).collect();
        stages.dedup();
        for stage in stages {
            self.log.events.push(Event { at_ns: 0, what: EventKind::Reused(stage, 1, elements) });
            self.reused.push(stage);
        }
    }

    /// The log, with the events that follow from all blocks together.
    pub(super) fn done(mut self) -> EventLog {
        let log = &mut self.log;
        let note = |events: &mut Vec<Event>, at_ns, what| events.push(Event { at_ns, what });
        for (id, (total, stage)) in log.stages.iter_mut().zip(self.plan.stages()).enumerate() {
            total.began_ns = total.began_ns.min(total.ended_ns);
            let reused = self.reused.contains(&StageId(id as u32));
            if reused || total.chunks + total.lost > 0 {
                note(&mut log.events, total.began_ns, EventKind::Began(stage.task));
            }
            if (reused || total.chunks > 0) && log.ended == Ended::Done {
                note(&mut log.events, total.ended_ns, EventKind::Ended(stage.task));
            }
        }
        for life in &log.workers {
            note(&mut log.events, life.joined_ns, EventKind::Joined(life.worker));
        }
        log.events.sort_by_key(|event| event.at_ns);
        log.workers.sort_by_key(|life| life.joined_ns);
        log.chunks.sort_by_key(|chunk| (chunk.stage, chunk.start, chunk.attempt, chunk.state != State::Lost));
        for (host, changes) in log.hosts.iter_mut().zip(&mut self.held) {
            // What goes at a moment goes before what comes.
            changes.sort_unstable();
            let sums = changes.iter().scan(0i64, |now, (_, change)| {
                *now += change;
                Some(*now)
            });
            host.peak_bytes = sums.max().unwrap_or(0).max(0) as u64;
        }
        log.peak_bytes = log.hosts.iter().map(|host| host.peak_bytes).max().unwrap_or(0);
        self.log
    }
}
