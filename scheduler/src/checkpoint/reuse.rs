//! What a run takes over from a checkpoint: the chunks that its stages can use, and their results into its pages.
use super::directory::Checkpoint;
use super::log::{read_blocks, Logged};
use crate::board::{GivenChunk, Output, PageSegment};
use crate::error::{Error, Result};
use crate::plan::{Plan, Stage};
use crate::store::{Page, CONTENT};

/// A chunk of a checkpoint that a stage can use: which log it lies in, and which chunk it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reusable {
    log: usize,
    chunk: usize,
    start: u64,
    end: u64,
}

impl Reusable {
    /// It without its results.
    pub fn bare(&self) -> GivenChunk {
        GivenChunk { start: self.start, end: self.end, ..GivenChunk::default() }
    }
}

impl Checkpoint {
    /// The chunks that each stage of a plan can use, in the order of elements. Of those that meet, one is taken.
    pub fn reusable(&self, plan: &Plan) -> Vec<Vec<Reusable>> {
        plan.stages().iter().map(|stage| self.of_stage(stage)).collect()
    }

    fn of_stage(&self, stage: &Stage) -> Vec<Reusable> {
        let whole = |at: u64| at % stage.board.align.max(1) == 0 || at == stage.board.elements;
        let fits = |chunk: &Logged| {
            stage.key() == chunk.key
                && chunk.pieces.len() == stage.outputs.len() + 1
                && chunk.start < chunk.end
                && chunk.end <= stage.board.elements
                && whole(chunk.start)
                && whole(chunk.end)
        };
        let mut found = Vec::new();
        for (log, (_, chunks)) in self.logs.iter().enumerate() {
            let here = chunks.iter().enumerate().filter(|(_, logged)| fits(logged));
            found.extend(here.map(|(chunk, logged)| Reusable {
                log,
                chunk,
                start: logged.start,
                end: logged.end,
            }));
        }
        found.sort_by_key(|chunk| (chunk.start, std::cmp::Reverse(chunk.end)));
        let mut next = 0;
        found.retain(|chunk| {
            let takes = chunk.start >= next;
            next = if takes { chunk.end } else { next };
            takes
        });
        found
    }

    /// The bytes of a piece: an output by its number; the one after the last is what FUN said.
    pub fn bytes(&self, chunk: &Reusable, piece: usize) -> u64 {
        self.logs[chunk.log].1[chunk.chunk].pieces[piece].1
    }

    /// Writes a piece to a place in a page, or in its overflow where that has no room.
    ///
    /// # Errors
    /// [`Error::NoSpace`] where neither has room; else what the system refuses.
    pub fn restore(&self, chunk: &Reusable, piece: usize, page: &Page, at: u64) -> Result<Output> {
        let (file, chunks) = &self.logs[chunk.log];
        let (from, len) = chunks[chunk.chunk].pieces[piece];
        let copy = |page: &Page| {
            let to = page.file()?;
            read_blocks(file, from..from + len, &mut |offset, block| {
                to.write_at(CONTENT + at + offset, block)
            })
        };
        match (copy(page), page.overflow()) {
            (Ok(()), _) => Ok(Output { at, len, segment: PageSegment::Main }),
            (Err(Error::NoSpace { .. }), Some(overflow)) => {
                page.file()?.punch(CONTENT + at, len)?;
                copy(overflow)?;
                Ok(Output { at, len, segment: PageSegment::Overflow })
            }
            (Err(e), _) => Err(e),
        }
    }
}
