//! A board in numbers, as it is now. Only looks: the board may lie in memory that cannot be written to.
use scheduler::board::{Activity, BoardReader, ChunkRecord, ChunkState, Control};
use scheduler::id::{StageId, WorkerId};
use scheduler::wire::{RunSpec, RunStage};

use super::run::{LiveChunk, LiveRun, LiveStage, LiveWorker};

/// The run of a board, at `now_ns`; `None` before it has begun. `who` is the session, its process and that one's command.
pub(super) fn of(
    board: &BoardReader,
    spec: &RunSpec,
    who: (String, u32, String),
    now_ns: u64,
) -> Option<LiveRun> {
    let (session, pid, command) = who;
    let seconds = since(board.begun_ns()?, now_ns);
    let stages = stages(board, spec);
    let total = |count: fn(&LiveStage) -> u64| -> u64 {
        let each = stages.iter().map(|stage| count(stage).saturating_mul(stage.passes.len() as u64));
        each.fold(0, u64::saturating_add)
    };
    let (elements, done) = (total(|stage| stage.elements), total(|stage| stage.done));
    let rate = Some(done as f64 / seconds).filter(|rate| done > 0 && rate.is_finite());
    let state = if board.control() == Control::Go { "running" } else { "stopping" };
    Some(LiveRun {
        session,
        pid,
        command,
        title: spec.title.clone(),
        state,
        seconds,
        elements,
        done,
        rate,
        left: rate.map(|rate| elements.saturating_sub(done) as f64 / rate),
        live_bytes: board.live_bytes(),
        peak_bytes: board.peak_bytes(),
        workers: (0..board.workers()).map(|place| worker(board, spec, WorkerId(place), now_ns)).collect(),
        stages,
    })
}

fn stages(board: &BoardReader, spec: &RunSpec) -> Vec<LiveStage> {
    let none = RunStage {
        key: 0,
        outputs: Vec::new(),
        elements_per_result: Vec::new(),
        consumes: Vec::new(),
        passes: Vec::new(),
        after: Vec::new(),
    };
    let counted: Vec<(u64, u64)> = (0..board.stages())
        .map(|stage| (board.elements(StageId(stage)).unwrap_or(0), board.done_elements(StageId(stage))))
        .collect();
    let through = |stage: usize| counted.get(stage).is_none_or(|(elements, done)| done >= elements);
    let mut stages = Vec::with_capacity(counted.len());
    for (place, &(elements, done)) in counted.iter().enumerate() {
        let about = spec.stages.get(place).unwrap_or(&none);
        let state = match (through(place), board.is_opened(StageId(place as u32))) {
            (true, _) => "through",
            (false, true) => "open",
            (false, false) => "waiting",
        };
        let needs = about.after.iter().filter(|stage| state == "waiting" && !through(stage.index()));
        let names = needs.filter_map(|stage| spec.stages.get(stage.index())).flat_map(|stage| &stage.passes);
        stages.push(LiveStage {
            id: place as u32,
            passes: about.passes.clone(),
            elements,
            done: done.min(elements),
            state,
            waits_for: names.cloned().collect(),
        });
    }
    stages
}

fn worker(board: &BoardReader, spec: &RunSpec, place: WorkerId, now_ns: u64) -> LiveWorker {
    let presence = board.presence(place);
    let number = place.0 + 1;
    let pid = presence.map(|presence| presence.pid);
    let Some((joined_ns, (activity, since_ns))) = presence.and_then(|one| Some((one.joined_ns, one.at?)))
    else {
        return LiveWorker { worker: number, pid, state: "absent", seconds: None, busy: None, chunk: None };
    };
    let held = held(board, place);
    let chunk = held.as_ref().map(|(stage, record)| chunk(board, spec, place, *stage, record));
    let state = match activity {
        Activity::Wait => "asleep",
        Activity::Map => "opening",
        Activity::Load => "loading",
        Activity::Serialize => "writing",
        Activity::Run | Activity::Collect => "running",
    };
    let began_ns = held.map(|(_, record)| record.span.started_ns).filter(|&began| began > 0);
    let from_ns = began_ns.filter(|_| state == "running").unwrap_or(since_ns);
    let spent = board.spent(place).unwrap_or_default();
    let under_way = if state == "running" { now_ns.saturating_sub(since_ns) } else { 0 };
    let busy = spent[Activity::Run as usize].saturating_add(under_way) as f64 / 1e9;
    let share = Some(busy / since(joined_ns, now_ns)).filter(|share| share.is_finite());
    LiveWorker {
        worker: number,
        pid,
        state,
        seconds: Some(since(from_ns, now_ns)),
        busy: share.map(|share| share.min(1.0)),
        chunk,
    }
}

/// The chunk that a worker has: as it says, if the chunk's entry says so too.
fn held(board: &BoardReader, place: WorkerId) -> Option<(StageId, ChunkRecord)> {
    let (stage, chunk, _) = board.at_work(place)?;
    let record = board.chunk(stage, chunk)?;
    (record.state == ChunkState::Leased && record.worker == place).then_some((stage, record))
}

fn chunk(
    board: &BoardReader,
    spec: &RunSpec,
    place: WorkerId,
    stage: StageId,
    held: &ChunkRecord,
) -> LiveChunk {
    // Asked again, and only believed of the same chunk: the worker may have gone on meanwhile.
    let position = board.at_work(place).filter(|(other, chunk, _)| (*other, *chunk) == (stage, held.chunk));
    let position = position
        .and_then(|(.., position)| position)
        .filter(|position| (held.start..held.end).contains(&position.element));
    let passes = spec.stages.get(stage.index()).map(|stage| stage.passes.as_slice()).unwrap_or_default();
    LiveChunk {
        stage: stage.0,
        first: held.start + 1,
        last: held.end,
        attempt: held.attempt + 1,
        pass: position.and_then(|position| passes.get(position.step as usize)).cloned(),
        element: position.map(|position| position.element + 1),
    }
}

fn since(then_ns: u64, now_ns: u64) -> f64 {
    now_ns.saturating_sub(then_ns) as f64 / 1e9
}
