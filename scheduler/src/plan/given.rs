//! A run some of whose chunks are done before it begins: an earlier run of the same plan left their results.
//!
//! They stand on the board as done ([`crate::board::GivenChunk`]). What lies between them is queued as ranges when their stage opens, and
//! what follows the last of them is claimed as ever. All else is as in a run from the beginning.
use super::{Piece, Plan, Source, Stage};
use crate::board::{given_entries, GivenChunk};
use crate::error::{Error, Result};
use crate::id::{ResourceId, StageId};
use crate::policy::{recut, Schedule};

impl Plan {
    /// The same plan for a run in which these chunks of each stage, by id and in the order of elements, are done. Nothing of it is given
    /// back before its last reader is through, and no stage that has such chunks reads a variable as it comes.
    ///
    /// # Errors
    /// [`Error::BadPlan`] for chunks that are not such of the plan's stages.
    pub fn with_given(mut self, given: Vec<Vec<GivenChunk>>) -> Result<Plan> {
        if given.len() > self.stages.len() {
            return Err(Error::BadPlan("chunks are given of stages that the plan does not have".into()));
        }
        let workers = self.workers();
        for (stage, chunks) in self.stages.iter_mut().zip(given) {
            check(stage, &chunks)?;
            stage.consumes.clear();
            if !chunks.is_empty() {
                stage.give(chunks, workers);
            }
        }
        Ok(self)
    }

    /// Whether chunks are given.
    pub fn has_given(&self) -> bool {
        self.stages.iter().any(|stage| !stage.given.is_empty())
    }

    /// Whether nothing is left to run of a stage.
    pub fn is_given(&self, stage: StageId) -> bool {
        self.stage(stage).is_some_and(|stage| stage.left().is_empty())
    }

    /// Whether a stage that has elements left to run reads a resource, or the caller wants it.
    pub fn is_needed(&self, resource: ResourceId) -> bool {
        let reads = |stage: &Stage| {
            let sources = stage.passes.iter().flat_map(|pass| self.spec.passes[pass.index()].sources());
            let mut read = sources.filter_map(|source| match source {
                Source::Data(data) => Some(data),
                Source::Each(pass) | Source::Whole(pass) if !stage.passes.contains(&pass) => {
                    self.result_of(pass)
                }
                Source::Each(_) | Source::Whole(_) => None,
            });
            read.any(|read| read == resource)
        };
        let ids = || (0..self.stages.len() as u32).map(StageId);
        self.is_wanted(resource)
            || ids().zip(&self.stages).any(|(id, stage)| !self.is_given(id) && reads(stage))
    }
}

impl Stage {
    /// How many elements are given of it.
    pub fn given_elements(&self) -> u64 {
        self.given.iter().map(|chunk| chunk.end - chunk.start).sum()
    }

    /// What is not given of it: ranges in the order of elements.
    fn left(&self) -> Vec<(u64, u64)> {
        let mut next = 0;
        let before = self.given.iter().map(|chunk| (std::mem::replace(&mut next, chunk.end), chunk.start));
        let mut left: Vec<(u64, u64)> = before.collect();
        left.push((next, self.board.elements));
        left.retain(|(start, end)| start < end);
        left
    }

    fn give(&mut self, chunks: Vec<GivenChunk>, workers: u32) {
        let entries = given_entries(&chunks);
        let frontier = chunks.last().map_or(0, |chunk| chunk.end);
        self.given = chunks.into();
        let mut left = self.left();
        let before = self.pieces.len();
        self.pieces = if self.board.policy.schedule == Schedule::Profiled {
            without(&self.pieces, &left).into()
        } else {
            left.retain(|(start, _)| *start < frontier);
            let holes = recut(&left, workers, self.board.align, 1).into_iter();
            holes.map(|(start, end)| Piece { start, end, cost: 0.0 }).collect()
        };
        let more = self.pieces.len().saturating_sub(before);
        self.streams.clear();
        self.board.given = entries;
        self.board.log_capacity = self.board.log_capacity.saturating_add(entries);
        let appended = u32::try_from(more.saturating_mul(2)).unwrap_or(u32::MAX);
        self.board.appended_capacity = self.board.appended_capacity.saturating_add(appended);
    }
}

/// What of pieces is left, in their order. The costs of a piece of which a part is left are taken to be even.
fn without(pieces: &[Piece], left: &[(u64, u64)]) -> Vec<Piece> {
    let part = |piece: &Piece| {
        let piece = *piece;
        let first = left.partition_point(|(_, end)| *end <= piece.start);
        let meeting = left[first..].iter().take_while(move |(start, _)| *start < piece.end);
        meeting.map(move |(start, end)| {
            let (start, end) = (piece.start.max(*start), piece.end.min(*end));
            let cost = piece.cost * (end - start) as f64 / (piece.end - piece.start) as f64;
            Piece { start, end, cost }
        })
    };
    pieces.iter().flat_map(part).collect()
}

fn check(stage: &Stage, chunks: &[GivenChunk]) -> Result<()> {
    let (elements, align) = (stage.board.elements, stage.board.align.max(1));
    let whole = |at: u64| at % align == 0 || at == elements;
    let mut next = 0;
    for GivenChunk { start, end, outputs, .. } in chunks {
        let fits = *start >= next && start < end && *end <= elements && whole(*start) && whole(*end);
        if !fits || !(outputs.is_empty() || outputs.len() == stage.outputs.len()) {
            return Err(Error::BadPlan(format!(
                "elements {} to {end} cannot be given as a chunk of a stage of {elements}",
                start + 1
            )));
        }
        next = *end;
    }
    Ok(())
}
