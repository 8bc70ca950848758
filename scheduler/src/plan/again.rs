//! Some elements of a run that is over are to be done again, and of its results nothing is left but what the caller has. So what they read
//! of other passes is done again too, and so is what reads them; all else is given, without results.
use std::collections::BTreeSet;

use super::{Plan, Source};
use crate::board::GivenChunk;
use crate::id::{PassId, StageId};

/// Elements of each stage, by id.
type Elements = Vec<BTreeSet<u64>>;

impl Plan {
    /// The chunks of each stage that are not touched when these elements of passes are done again. O(elements done again).
    pub fn all_but(&self, again: &[(PassId, Vec<u64>)]) -> Vec<Vec<GivenChunk>> {
        let mut elements: Elements = vec![BTreeSet::new(); self.stages.len()];
        for (pass, some) in again {
            if let Some(stage) = self.home_of(*pass) {
                elements[stage.index()].extend(some);
            }
        }
        loop {
            let before: usize = elements.iter().map(BTreeSet::len).sum();
            self.spread(&mut elements);
            if elements.iter().map(BTreeSet::len).sum::<usize>() == before {
                break;
            }
        }
        let between = |(stage, elements): (&super::Stage, &BTreeSet<u64>)| {
            let mut next = 0;
            let mut given = Vec::new();
            for end in elements.iter().copied().chain([stage.board.elements]) {
                if next < end {
                    given.push(GivenChunk { start: next, end, ..GivenChunk::default() });
                }
                next = end + 1;
            }
            given
        };
        self.stages.iter().zip(&elements).map(between).collect()
    }

    /// The stage that runs a pass.
    fn home_of(&self, pass: PassId) -> Option<StageId> {
        let place = self.stages.iter().position(|stage| stage.passes.contains(&pass))?;
        Some(StageId(place as u32))
    }

    /// Along each edge between two stages, from what is done again to what it reads, and to what reads it.
    fn spread(&self, elements: &mut Elements) {
        for (reader, stage) in self.stages.iter().enumerate() {
            let (align, last) = (stage.board.align.max(1), stage.board.elements);
            let blocks: BTreeSet<u64> = elements[reader].iter().map(|element| element / align).collect();
            elements[reader]
                .extend(blocks.iter().flat_map(|block| block * align..((block + 1) * align).min(last)));
            let sources = stage.passes.iter().flat_map(|pass| self.spec.passes[pass.index()].sources());
            for source in sources {
                let Some(read) = source.pass().filter(|read| !stage.passes.contains(read)) else { continue };
                let Some(maker) = self.home_of(read) else { continue };
                self.along(elements, source, (maker.index(), read), reader);
            }
        }
    }

    fn along(&self, elements: &mut Elements, source: Source, (maker, read): (usize, PassId), reader: usize) {
        let all = |stage: usize| 0..self.stages[stage].board.elements;
        let per_result = self.spec.passes[read.index()].elements_per_result();
        match source {
            Source::Each(_) => {
                let read: Vec<u64> = elements[maker].iter().map(|element| element / per_result).collect();
                elements[reader].extend(read);
                let made = |result: &u64| result * per_result..(result + 1).saturating_mul(per_result);
                let last = all(maker).end;
                let made: Vec<u64> =
                    elements[reader].iter().flat_map(made).filter(|element| *element < last).collect();
                elements[maker].extend(made);
            }
            Source::Whole(_) if !elements[maker].is_empty() || !elements[reader].is_empty() => {
                elements[maker].extend(all(maker));
                elements[reader].extend(all(reader));
            }
            Source::Whole(_) | Source::Data(_) => {}
        }
    }
}
