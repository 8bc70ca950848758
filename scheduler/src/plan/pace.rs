//! How a stage's pieces compare with what they should have cost, as the board has them.
use super::Stage;
use crate::board::{BoardReader, ChunkState};
use crate::id::StageId;
use crate::policy::Pace;

impl Stage {
    /// The figures of this stage, which is stage `id` of `board`. Each worker's first piece is left out: it loads and compiles
    /// for all that follow. O(entries).
    pub fn pace(&self, board: &BoardReader, id: StageId) -> Pace {
        let mut begun = vec![false; board.workers() as usize];
        let mut done: Vec<(f64, f64)> = Vec::new();
        let mut pace = Pace::default();
        for (place, chunk) in board.chunks(id).into_iter().enumerate() {
            pace.waiting += u32::from(chunk.state == ChunkState::Ready);
            let (Some(piece), ChunkState::Done) = (self.pieces.get(place), chunk.state) else { continue };
            let first = begun.get_mut(chunk.worker.index()).map(|begun| !std::mem::replace(begun, true));
            if first == Some(false) {
                done.push((piece.cost, chunk.span.ended_ns.saturating_sub(chunk.span.started_ns) as f64));
                pace.elements += piece.end - piece.start;
            }
        }
        pace.pieces = done.len() as u64;
        pace.cost = done.iter().map(|(cost, _)| cost).sum();
        pace.ns = done.iter().map(|(_, ns)| ns).sum();
        if pace.cost > 0.0 {
            let scale = pace.ns / pace.cost;
            pace.astray_ns = done.iter().map(|(cost, ns)| (ns - cost * scale).abs()).sum();
        }
        pace
    }
}
