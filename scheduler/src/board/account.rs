//! The account of a run's memory: what its pages hold now, and the most they held. Workers add what they write, whoever
//! gives memory back subtracts; both are exact to the byte that was asked for.
use super::memory::Board;
use super::reader::BoardReader;
use super::sync::Ordering;
use super::worker::reserved;
use crate::id::StageId;

/// In the count of returned bytes: the page itself is gone.
const CLOSED: u64 = 1 << 63;

impl Board {
    /// Room for `bytes` in the page of a stage's output; gives the offset from the start of the page's content, a multiple
    /// of 64. What a dead worker reserved stays unused until the page goes.
    pub fn reserve_output(&self, stage: StageId, nth: u32, bytes: u64) -> Option<u64> {
        let bytes = reserved(bytes)?;
        let line = self.outputs(self.stage(stage)?).get(nth as usize)?;
        self.take_bytes(bytes);
        Some(line.next.fetch_add(bytes, Ordering::Relaxed))
    }

    /// A piece of an output was given back before the page itself. After [`Board::close_output`] it was counted there.
    pub fn return_output(&self, stage: StageId, nth: u32, bytes: u64) {
        let (Some(bytes), Some(stage)) = (reserved(bytes), self.stage(stage)) else { return };
        if let Some(line) = self.outputs(stage).get(nth as usize) {
            let before = line.returned.fetch_add(bytes, Ordering::Relaxed);
            if before & CLOSED == 0 {
                self.give_bytes(bytes);
            }
        }
    }

    /// The page of an output goes, and with it all that was not given back piece by piece. A worker that gave back the last
    /// pieces may still be about to say so: each byte is counted by the one of the two that is first at the output's line.
    pub fn close_output(&self, stage: StageId, nth: u32) {
        let Some(line) = self.stage(stage).and_then(|stage| self.outputs(stage).get(nth as usize)) else {
            return;
        };
        let before = line.returned.fetch_or(CLOSED, Ordering::Relaxed);
        if before & CLOSED == 0 {
            self.give_bytes(line.next.load(Ordering::Relaxed).saturating_sub(before));
        }
    }

    /// The run's pages hold `bytes` more.
    pub fn take_bytes(&self, bytes: u64) {
        let memory = self.memory();
        let live = memory.live.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        memory.peak.fetch_max(live, Ordering::Relaxed);
    }

    /// The run's pages hold `bytes` less.
    pub fn give_bytes(&self, bytes: u64) {
        self.memory().live.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl BoardReader {
    /// Bytes that were written to a stage's output, those of dead workers included, and how many of them were given back.
    pub fn written(&self, stage: StageId, nth: u32) -> (u64, u64) {
        let line = self.stage(stage).and_then(|stage| self.outputs(stage).get(nth as usize));
        let load = |word: &super::sync::AtomicU64| word.load(Ordering::Relaxed) & !CLOSED;
        line.map_or((0, 0), |line| (load(&line.next), load(&line.returned)))
    }

    /// The most bytes that the run's pages held so far.
    pub fn peak_bytes(&self) -> u64 {
        self.memory().peak.load(Ordering::Relaxed)
    }

    /// The bytes that they hold.
    pub fn live_bytes(&self) -> u64 {
        self.memory().live.load(Ordering::Relaxed)
    }
}
