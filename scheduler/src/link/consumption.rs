//! What a stage reads for the last time, element by element, goes as it is read: a part when all of it was.
use std::collections::HashMap;

use crate::board::{Lease, WorkerBoard};
use crate::id::{ResourceId, StageId, WorkerId};
use crate::link::parts::{Part, Parts};
use crate::wire::RunSpec;

/// A part that nobody needs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) resource: ResourceId,
    /// The stage that made it, and which of its outputs it is.
    pub(crate) maker: (StageId, u32),
    pub(crate) part: Part,
}

/// What a worker knows of the consumed results of a run: their parts, which are all there when the stage that consumes them
/// opens.
#[derive(Debug, Default)]
pub(crate) struct Consumption(HashMap<ResourceId, Parts>);

impl Consumption {
    /// Takes a chunk of a stage. Where the stage consumes something the chunk ends where a part of that ends, if that is near:
    /// then the part goes with this chunk and need not wait for others.
    pub(crate) fn claim(
        &mut self,
        board: &WorkerBoard,
        spec: &RunSpec,
        worker: WorkerId,
        stage: StageId,
    ) -> Option<Lease> {
        let consumed = spec.stages.get(stage.index()).and_then(|stage| stage.consumes.first());
        let parts = consumed.map(|&consumed| self.parts(board, spec, consumed));
        board.claim_from(worker, stage, |start, end| parts.map_or(end, |parts| parts.fit(start, end)))
    }

    /// The parts that go with a completed chunk: those of which it read what was left. A worker that dies between its
    /// completion and this leaves its parts to the end of their page.
    pub(crate) fn spent(&mut self, board: &WorkerBoard, spec: &RunSpec, lease: &Lease) -> Vec<Spent> {
        let mut spent = Vec::new();
        let Some(stage) = spec.stages.get(lease.stage.index()) else { return spent };
        for &resource in &stage.consumes {
            let Some(maker) = spec.maker_of(resource) else { continue };
            for &part in self.parts(board, spec, resource).meeting(lease.start, lease.end) {
                let read = part.end.min(lease.end) - part.start.max(lease.start);
                let all = part.end - part.start;
                if board.count_read(maker.0, part.chunk, maker.1, read) == Some(all) {
                    spent.push(Spent { resource, maker, part });
                }
            }
        }
        spent
    }

    fn parts(&mut self, board: &WorkerBoard, spec: &RunSpec, resource: ResourceId) -> &Parts {
        // Of a damaged result nothing is given back early; whoever reads it says what is wrong.
        self.0.entry(resource).or_insert_with(|| Parts::of(board, spec, resource).unwrap_or_default())
    }
}
