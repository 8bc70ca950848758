//! What happened in a run: a row a chunk and pass, as columns.

use std::collections::HashSet;

use scheduler::board::{ChunkRecord, ChunkState, Span};
use scheduler::id::StageId;
use scheduler::plan::Plan;
use scheduler::run::Finished;

use crate::r::{self, Kept, Result};

/// Columns of the trace.
#[derive(Default)]
struct Columns {
    pass: Vec<f64>,
    start: Vec<f64>,
    end: Vec<f64>,
    worker: Vec<f64>,
    attempt: Vec<f64>,
    state: Vec<&'static str>,
    started: Vec<f64>,
    ended: Vec<f64>,
    busy: Vec<f64>,
}

/// The trace of an ended run, by stage and element. Times are in seconds from the run's begin.
pub(super) fn trace(plan: &Plan, finished: &Finished) -> Result<Kept> {
    let board = finished.board.board();
    let begun = finished.stats.begun_ns;
    let seconds = |ns: u64| ns.saturating_sub(begun) as f64 / 1e9;
    let mut columns = Columns::default();
    for (id, stage) in plan.stages().iter().enumerate() {
        let mut chunks = board.chunks(StageId(id as u32));
        // What was taken back before anybody had it was no chunk.
        let withdrawn = finished.stats.withdrawn.iter().find(|(stage, _)| stage.index() == id);
        let withdrawn: HashSet<u64> = withdrawn.into_iter().flat_map(|(_, starts)| starts).copied().collect();
        let is_untouched =
            |chunk: &ChunkRecord| chunk.state == ChunkState::Lost && withdrawn.contains(&chunk.start);
        chunks.retain(|chunk| !is_untouched(chunk));
        chunks.sort_by_key(|chunk| (chunk.start, chunk.attempt));
        for chunk in chunks {
            for (step, pass) in stage.passes.iter().enumerate() {
                let report = board.step(StageId(id as u32), chunk.chunk, step as u32);
                let report = report.filter(|_| chunk.state == ChunkState::Done);
                let Span { started_ns, ended_ns } = report.map_or(chunk.span, |report| report.span);
                let busy = report.map_or(ended_ns.saturating_sub(started_ns), |report| report.busy_ns);
                columns.pass.push(f64::from(pass.0) + 1.0);
                columns.start.push(chunk.start as f64 + 1.0);
                columns.end.push(chunk.end as f64);
                columns.worker.push(f64::from(chunk.worker.0) + 1.0);
                columns.attempt.push(f64::from(chunk.attempt) + 1.0);
                columns.state.push(state(chunk.state));
                columns.started.push(seconds(started_ns));
                columns.ended.push(seconds(ended_ns));
                columns.busy.push(busy as f64 / 1e9);
            }
        }
    }
    let columns = &columns;
    r::protect(|s| {
        let parts = [
            ("pass", r::reals(s, &columns.pass)),
            ("start", r::reals(s, &columns.start)),
            ("end", r::reals(s, &columns.end)),
            ("worker", r::reals(s, &columns.worker)),
            ("attempt", r::reals(s, &columns.attempt)),
            ("state", r::character(s, &columns.state)),
            ("started", r::reals(s, &columns.started)),
            ("ended", r::reals(s, &columns.ended)),
            ("busy", r::reals(s, &columns.busy)),
        ];
        Ok(Kept::new(r::named_list(s, &parts)))
    })
}

fn state(state: ChunkState) -> &'static str {
    match state {
        ChunkState::Empty | ChunkState::Ready => "waiting",
        ChunkState::Leased => "running",
        ChunkState::Done => "done",
        ChunkState::Failed => "failed",
        ChunkState::Lost => "lost",
    }
}
