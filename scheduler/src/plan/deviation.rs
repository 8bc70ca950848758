//! How a stage's pieces compare with what they should have cost, as the board has them.
use super::Stage;
use crate::board::{BoardReader, ChunkState};
use crate::id::StageId;
use crate::policy::CostDeviation;

impl Stage {
    /// The figures of this stage, which is stage `id` of `board`. Each worker's first piece is left out: it loads and compiles
    /// for all that follow. O(entries).
    pub fn cost_deviation(&self, board: &BoardReader, id: StageId) -> CostDeviation {
        let mut begun = vec![false; board.workers() as usize];
        let mut done: Vec<(f64, f64)> = Vec::new();
        let mut deviation = CostDeviation::default();
        let first_piece = u64::from(self.board.log_capacity);
        for chunk in board.chunks(id) {
            // Pieces are the first ranges, whatever stands in the log.
            let Some(place) = u64::from(chunk.chunk.0).checked_sub(first_piece) else { continue };
            deviation.waiting += u32::from(chunk.state == ChunkState::Ready);
            let (Some(piece), ChunkState::Done) = (self.pieces.get(place as usize), chunk.state) else {
                continue;
            };
            let first = begun.get_mut(chunk.worker.index()).map(|begun| !std::mem::replace(begun, true));
            if first == Some(false) {
                done.push((piece.cost, chunk.span.ended_ns.saturating_sub(chunk.span.started_ns) as f64));
                deviation.elements += piece.end - piece.start;
            }
        }
        deviation.pieces = done.len() as u64;
        deviation.cost = done.iter().map(|(cost, _)| cost).sum();
        deviation.ns = done.iter().map(|(_, ns)| ns).sum();
        if deviation.cost > 0.0 {
            let scale = deviation.ns / deviation.cost;
            deviation.off_ns = done.iter().map(|(cost, ns)| (ns - cost * scale).abs()).sum();
        }
        deviation
    }
}
