//! The parts of a result: what each chunk of the stage that made it wrote, in the order of elements.
use crate::board::{BoardReader, ChunkRecord, Output};
use crate::error::Result;
use crate::id::{ChunkId, ResourceId};
use crate::wire::RunSpec;

/// What one chunk made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first result in it.
    pub start: u64,
    /// The result after its last.
    pub end: u64,
    /// The chunk.
    pub chunk: ChunkId,
    /// Where it lies in the page.
    pub output: Output,
}

/// All parts of a result, without a gap between them where its stage is through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(Vec<Part>);

impl Parts {
    /// The parts that are done. O(chunks log chunks).
    ///
    /// # Errors
    /// As [`BoardReader::results`].
    pub fn of(board: &BoardReader, spec: &RunSpec, resource: ResourceId) -> Result<Parts> {
        let Some((stage, nth)) = spec.maker_of(resource) else { return Ok(Parts::default()) };
        let per_result =
            spec.stages[stage.index()].elements_per_result.get(nth as usize).copied().unwrap_or(1).max(1);
        let part = |chunk: &ChunkRecord| Part {
            start: chunk.start / per_result,
            end: chunk.end.div_ceil(per_result),
            chunk: chunk.chunk,
            output: board.output(stage, chunk.chunk, nth).unwrap_or_default(),
        };
        Ok(Parts(board.results(stage)?.iter().map(part).collect()))
    }

    /// All of them.
    pub fn all(&self) -> &[Part] {
        &self.0
    }

    /// The place of the part that holds a result.
    pub fn find(&self, result: u64) -> Option<usize> {
        let place = self.0.partition_point(|part| part.end <= result);
        self.0.get(place).filter(|part| part.start <= result).map(|_| place)
    }

    /// Those of which something lies in `[start, end)`.
    pub fn meeting(&self, start: u64, end: u64) -> &[Part] {
        let first = self.0.partition_point(|part| part.end <= start);
        let last = self.0.partition_point(|part| part.start < end);
        self.0.get(first..last).unwrap_or_default()
    }

    /// The end of a part that is near `end`, for a chunk that begins at `start`: the next one, unless that makes the chunk more
    /// than twice as large; else the one before, if there is one within; else `end`.
    pub fn fit(&self, start: u64, end: u64) -> u64 {
        let Some(place) = self.find(end.saturating_sub(1)) else { return end };
        let Part { start: before, end: next, .. } = self.0[place];
        if next.saturating_sub(start) <= end.saturating_sub(start).saturating_mul(2) {
            next
        } else if before > start {
            before
        } else {
            end
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts {
        let part = |start: u64, end: u64| Part {
            start,
            end,
            chunk: ChunkId(0),
            output: Output { at: 64 * start, len: end - start, ..Output::default() },
        };
        Parts(vec![part(0, 4), part(4, 5), part(5, 25)])
    }

    #[test]
    fn a_result_is_found_in_its_part() {
        let parts = parts();
        let places: Vec<_> = [0, 3, 4, 5, 24, 25].iter().map(|&result| parts.find(result)).collect();
        assert_eq!(places, [Some(0), Some(0), Some(1), Some(2), Some(2), None]);
    }

    #[test]
    fn parts_meet_a_range_in_an_element_at_least() {
        let parts = parts();
        let starts = |start: u64, end: u64| {
            parts.meeting(start, end).iter().map(|part| part.start).collect::<Vec<_>>()
        };
        assert_eq!(starts(0, 25), [0, 4, 5]);
        assert_eq!(starts(1, 3), [0]);
        assert_eq!(starts(3, 6), [0, 4, 5]);
        assert_eq!(starts(4, 5), [4]);
        assert_eq!(starts(6, 24), [5]);
        assert_eq!(starts(25, 99), [0; 0]);
    }

    #[test]
    fn bites_end_where_parts_end_if_that_is_near() {
        let parts = parts();
        assert_eq!(parts.fit(0, 3), 4, "the next end");
        assert_eq!(parts.fit(0, 5), 5, "as it is");
        assert_eq!(parts.fit(0, 7), 5, "the one before: the next is too far");
        assert_eq!(parts.fit(5, 7), 7, "none is near");
        assert_eq!(parts.fit(0, 99), 99);
    }
}
