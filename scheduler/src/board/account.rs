//! The account of a run's memory: what its pages hold now, and the most they held. Workers add what they write, whoever
//! gives memory back subtracts; both are exact to the byte that was asked for. A worker that dies between an output's line and the sum
//! leaves the one piece that it was at too much in the sum, never too little.
use super::layout::{MemoryLine, OutputLine};
use super::reader::BoardReader;
use super::supervisor::SupervisorBoard;
use super::sync::Ordering;
use super::worker::WorkerBoard;
use crate::id::StageId;

/// In both words of an output's line: the page itself is gone.
const CLOSED: u64 = 1 << 63;

impl WorkerBoard {
    /// Room for `bytes` in the page of a stage's output; gives the offset from the start of the page's content, a multiple
    /// of 64. `None` where there is no such output, or its page is gone. What a dead worker reserved stays unused until the page goes.
    pub fn reserve_output(&self, stage: StageId, nth: u32, bytes: u64) -> Option<u64> {
        let bytes = reserved(bytes)?;
        let line = self.outputs(self.stage(stage)?).get(nth as usize)?;
        let after = |next: u64| next.checked_add(bytes).filter(|after| after & CLOSED == 0);
        after(line.next.load(Ordering::Relaxed))?;
        // Before it is there to be given back, so that the account never falls below nothing.
        self.memory().take(bytes);
        let taken = line.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        taken.map_err(|_| self.memory().give(bytes)).ok()
    }

    /// Whether the page of an output is gone.
    pub(crate) fn is_closed(&self, stage: StageId, nth: u32) -> bool {
        let line = self.stage(stage).and_then(|stage| self.outputs(stage).get(nth as usize));
        line.is_some_and(|line| line.next.load(Ordering::Relaxed) & CLOSED != 0)
    }

    /// A piece of an output was given back before the page itself. After [`SupervisorBoard::close_output`] it was counted there.
    pub fn return_output(&self, stage: StageId, nth: u32, bytes: u64) {
        let (Some(bytes), Some(stage)) = (reserved(bytes), self.stage(stage)) else { return };
        if let Some(line) = self.outputs(stage).get(nth as usize) {
            let before = line.returned.fetch_add(bytes, Ordering::Relaxed);
            if before & CLOSED == 0 {
                self.memory().give(bytes);
            }
        }
    }
}

impl SupervisorBoard {
    /// The page of an output goes, and with it all that was not given back piece by piece. Nobody takes room in it any more. A worker
    /// that gave back the last pieces may still be about to say so, and one that was cut off may be about to take room: each byte is
    /// counted by the one of the two that is first at the output's line.
    pub fn close_output(&self, stage: StageId, nth: u32) {
        let Some(line) = self.stage(stage).and_then(|stage| self.outputs(stage).get(nth as usize)) else {
            return;
        };
        let taken = line.next.fetch_or(CLOSED, Ordering::Relaxed);
        if taken & CLOSED == 0 {
            let returned = line.returned.fetch_or(CLOSED, Ordering::Relaxed);
            self.memory().give(taken.saturating_sub(returned));
        }
    }

    /// So many bytes of an output's page are taken before the run begins.
    pub fn take_output(&self, stage: StageId, nth: u32, bytes: u64) {
        let line = self.stage(stage).and_then(|stage| self.outputs(stage).get(nth as usize));
        if let (Some(line), Some(bytes)) = (line, reserved(bytes)) {
            line.next.store(bytes, Ordering::Relaxed);
            self.memory().take(bytes);
        }
    }

    /// The run's pages hold `bytes` more.
    pub fn take_bytes(&self, bytes: u64) {
        self.memory().take(bytes);
    }

    /// The run's pages hold `bytes` less.
    pub fn give_bytes(&self, bytes: u64) {
        self.memory().give(bytes);
    }
}

impl BoardReader {
    /// Bytes that were written to a stage's output, those of dead workers included, and how many of them were given back.
    pub fn written(&self, stage: StageId, nth: u32) -> (u64, u64) {
        let line = self.stage(stage).and_then(|stage| self.outputs(stage).get(nth as usize));
        line.map_or((0, 0), |line| (line.taken(), line.returned.load(Ordering::Relaxed) & !CLOSED))
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

impl MemoryLine {
    fn take(&self, bytes: u64) {
        let live = self.live.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.peak.fetch_max(live, Ordering::Relaxed);
    }

    fn give(&self, bytes: u64) {
        self.live.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl OutputLine {
    /// Bytes of the page that are taken, or were when it went.
    pub(super) fn taken(&self) -> u64 {
        self.next.load(Ordering::Relaxed) & !CLOSED
    }
}

/// The bytes that `bytes` of output take in their page: whole lines.
pub fn reserved(bytes: u64) -> Option<u64> {
    bytes.checked_next_multiple_of(super::layout::LINE)
}
