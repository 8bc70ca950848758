//! Chunks that are done before a run begins: their results are given, by an earlier run of the same plan. They are the first entries
//! of their stage's log, so that all that reads a board finds them as it finds others; what lies between them stands there as lost,
//! which it is, and is appended by whoever cut the plan ([`crate::plan::Plan::with_given`]).
use super::reader::{damaged, BoardReader};
use super::record::{Ending, Output};
use super::supervisor::SupervisorBoard;
use super::sync::Ordering;
use super::word::{ChunkState, Word};
use crate::error::Result;
use crate::id::{ChunkId, StageId, WorkerId};

/// A chunk whose results are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenChunk {
    /// Its first element.
    pub start: u64,
    /// The element after its last.
    pub end: u64,
    /// Where each output of its stage lies; none where nobody reads them any more.
    pub outputs: Vec<Output>,
    /// Warnings and messages of its elements.
    pub notes: Output,
}

/// Entries of a log that these chunks take, which are in the order of elements: one each, and one for what lies before each.
pub fn given_entries(chunks: &[GivenChunk]) -> u32 {
    let mut next = 0;
    let gaps = chunks.iter().filter(|chunk| std::mem::replace(&mut next, chunk.end) < chunk.start).count();
    u32::try_from(chunks.len() + gaps).unwrap_or(u32::MAX)
}

impl SupervisorBoard {
    /// Puts down chunks of a stage that are done, in the order of elements, before anybody else has the board. What lies between them must
    /// be appended. O(chunks).
    ///
    /// # Errors
    /// [`crate::error::Error::Damaged`] when these are not the chunks that the board was made for.
    pub fn give(&self, id: StageId, chunks: &[GivenChunk]) -> Result<()> {
        let stage = self.stage(id).ok_or_else(|| damaged("it has no such stage"))?;
        if given_entries(chunks) != stage.spec.given {
            return Err(damaged("it was made for other chunks"));
        }
        let (log, head) = (self.log(stage), self.head(stage));
        let (mut index, mut next) = (0, 0);
        for chunk in chunks {
            if chunk.start < next || chunk.start >= chunk.end || chunk.end > stage.spec.elements {
                return Err(damaged("chunks that are given meet each other"));
            }
            if next < chunk.start {
                let lost = Word::new(chunk.start, WorkerId(0), 0, ChunkState::Lost);
                log.records[index].word.store(lost.0, Ordering::Relaxed);
                index += 1;
            }
            self.reports(stage).put(ChunkId(index as u32), &chunk.outputs, &[]);
            let leased = Word::new(chunk.end, WorkerId(0), 0, ChunkState::Leased);
            log.records[index].word.store(leased.0, Ordering::Relaxed);
            let ending = Ending { notes: chunk.notes, ..Ending::default() };
            log.records[index].finish(leased, ChunkState::Done, &ending);
            head.stats.elements.fetch_add(chunk.end - chunk.start, Ordering::Relaxed);
            (index, next) = (index + 1, chunk.end);
        }
        log.hint.store(index as u32, Ordering::Release);
        Ok(())
    }
}

impl BoardReader {
    /// Whether a chunk of a stage stands there from before the run: one whose results were given, or what lies between such.
    pub fn is_given(&self, stage: StageId, chunk: ChunkId) -> bool {
        self.stage(stage).is_some_and(|stage| chunk.0 < stage.spec.given)
    }
}
