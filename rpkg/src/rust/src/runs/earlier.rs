//! What a run takes over from an earlier one: the chunks that are done, and where their results come from. They are brought into the
//! run's pages before it begins, as far as something reads them.
use std::collections::HashMap;

use scheduler::board::{reserved, ChunkRecord, GivenChunk, Output};
use scheduler::checkpoint::{Checkpoint, Reusable};
use scheduler::error::Error;
use scheduler::id::{ResourceId, StageId};
use scheduler::plan::{Plan, Stage};
use scheduler::store::Page;

use super::checkpoints;
use super::kept::{self, Kept};
use super::spec::Start;
use crate::r::{self, Failure, Result};

/// How many chunks are brought between two looks for Ctrl-C.
const LOOK: usize = 64;

/// The chunks of each stage that are done before a run of this plan begins. Their results are [`bring`]'s matter.
pub(super) fn given(start: &Start, plan: &Plan) -> Result<Vec<Vec<GivenChunk>>> {
    match start {
        Start::Fresh => Ok(Vec::new()),
        Start::AllBut(again) => Ok(plan.all_but(again)),
        Start::Checkpoint(id) => checkpoints::with(*id, |checkpoint| {
            let chunks = checkpoint.reusable(plan);
            Ok(chunks.iter().map(|stage| stage.iter().map(Reusable::bare).collect()).collect())
        }),
        Start::Kept(run) => kept::with(*run, |kept| of_kept(kept, plan)),
    }
}

/// What a run left that failed, stage by stage; a stage is known by its passes.
fn of_kept(kept: &Kept, plan: &Plan) -> Result<Vec<Vec<GivenChunk>>> {
    let before = kept.plan.stages();
    let of = |stage: &Stage| {
        let same = |other: &Stage| other.passes == stage.passes && other.outputs == stage.outputs;
        before.iter().position(same).map_or(Ok(Vec::new()), |id| done(kept, StageId(id as u32)))
    };
    plan.stages().iter().map(of).collect()
}

fn done(kept: &Kept, stage: StageId) -> Result<Vec<GivenChunk>> {
    let board = kept.finished.board.board();
    let outputs = kept.plan.stages()[stage.index()].outputs.len() as u32;
    let chunk = |record: &ChunkRecord| GivenChunk {
        start: record.start,
        end: record.end,
        outputs: (0..outputs).map(|nth| board.output(stage, record.chunk, nth).unwrap_or_default()).collect(),
        notes: record.notes,
    };
    Ok(board.results(stage)?.iter().map(chunk).collect())
}

/// Where results lie in the pages of the run that begins, chunk by chunk. `pages` are its results pages.
pub(super) fn bring(
    start: &Start,
    plan: &Plan,
    notes: (StageId, u32),
    pages: &[(ResourceId, Page)],
) -> Result<Vec<Vec<GivenChunk>>> {
    match start {
        Start::Checkpoint(id) => {
            checkpoints::with(*id, |checkpoint| Restoring::new(checkpoint, plan, pages).all(notes))
        }
        // They lie there.
        _ => Ok(plan.stages().iter().map(|stage| stage.given.to_vec()).collect()),
    }
}

/// Results on their way from a checkpoint into pages.
struct Restoring<'a> {
    checkpoint: &'a Checkpoint,
    plan: &'a Plan,
    pages: HashMap<ResourceId, &'a Page>,
    /// Where the next piece goes in each.
    next: HashMap<ResourceId, u64>,
    chunks: usize,
}

impl<'a> Restoring<'a> {
    fn new(checkpoint: &'a Checkpoint, plan: &'a Plan, pages: &'a [(ResourceId, Page)]) -> Self {
        let pages = pages.iter().map(|(id, page)| (*id, page)).collect();
        Restoring { checkpoint, plan, pages, next: HashMap::new(), chunks: 0 }
    }

    fn all(mut self, (stage, nth): (StageId, u32)) -> Result<Vec<Vec<GivenChunk>>> {
        let notes = self.page_of(stage, nth as usize);
        let all = self.checkpoint.reusable(self.plan);
        let mut given = Vec::with_capacity(all.len());
        for (id, chunks) in all.iter().enumerate() {
            let mut stage = Vec::with_capacity(chunks.len());
            for chunk in chunks {
                stage.push(self.chunk(StageId(id as u32), chunk, notes)?);
            }
            given.push(stage);
        }
        Ok(given)
    }

    fn page_of(&self, stage: StageId, nth: usize) -> Option<ResourceId> {
        self.plan.result_of(*self.plan.stage(stage)?.outputs.get(nth)?)
    }

    fn chunk(&mut self, stage: StageId, chunk: &Reusable, notes: Option<ResourceId>) -> Result<GivenChunk> {
        self.chunks += 1;
        if self.chunks % LOOK == 0 {
            r::protect(|s| {
                s.check_interrupt();
                Ok(())
            })?;
        }
        let count = self.plan.stages()[stage.index()].outputs.len();
        let mut outputs = Vec::with_capacity(count);
        for nth in 0..count {
            let page = self.page_of(stage, nth).filter(|page| self.plan.is_needed(*page));
            outputs.push(self.piece(chunk, nth, page)?);
        }
        let notes = self.piece(chunk, count, notes)?;
        Ok(GivenChunk { outputs, notes, ..chunk.bare() })
    }

    fn piece(&mut self, chunk: &Reusable, piece: usize, page: Option<ResourceId>) -> Result<Output> {
        let bytes = self.checkpoint.bytes(chunk, piece);
        let Some((id, page)) = page.and_then(|id| Some((id, *self.pages.get(&id)?))).filter(|_| bytes > 0)
        else {
            return Ok(Output::default());
        };
        let next = self.next.entry(id).or_default();
        let output = self.checkpoint.restore(chunk, piece, page, *next)?;
        let end = reserved(bytes).and_then(|bytes| next.checked_add(bytes));
        *next = end.ok_or_else(|| {
            let reason = "results have no end".to_owned();
            Failure::from(Error::Damaged { segment: "of results".into(), reason })
        })?;
        Ok(output)
    }
}
