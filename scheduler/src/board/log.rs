//! Claiming. Two arrays of entries: the *log*, in which each claim is the next entry and begins where the one before
//! ends, and the *appended*, ranges that the supervisor asks to be run: pieces that the plan cut, and what must be run again.
use super::record::Record;
use super::sync::{AtomicU32, AtomicU64, Ordering};
use super::word::{ChunkState, Word};
use crate::id::WorkerId;

/// A claim that succeeded: the entry, the elements, and how often they were tried before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) index: usize,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attempt: u32,
}

/// What is left of a log when a chunk is to be sized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Elements that nobody has.
    pub(super) elements: u64,
    /// Entries written in this run.
    pub(super) claimed: u64,
    /// Entries not written.
    pub(super) entries: u64,
}

/// A stage's log. `hint` is never past the first empty entry, and near it.
#[derive(Clone, Copy)]
pub(super) struct Log<'a> {
    pub(super) records: &'a [Record],
    pub(super) hint: &'a AtomicU32,
    pub(super) elements: u64,
    /// How many of them, from the first on, can be taken by now.
    pub(super) there: u64,
    /// Entries end at multiples of this, and at the end.
    pub(super) align: u64,
    /// Entries that were written before the run began.
    pub(super) given: u64,
}

impl Log<'_> {
    /// Whether there are elements that nobody took and that can be taken.
    pub(super) fn has_more(&self) -> bool {
        match self.hint.load(Ordering::Acquire) as usize {
            // The hint may lag: then a claim finds nothing, and it has caught up. A full log has no more, whatever it says.
            index if index >= self.records.len() => false,
            0 => self.until(0) > 0,
            index => self.records[index - 1].load().end() < self.until(index),
        }
    }

    /// Where the entry at `index` ends at the latest. The last entry takes all that is left, so it is kept until all is there.
    fn until(&self, index: usize) -> u64 {
        let is_last = index + 1 == self.records.len();
        if is_last && self.there < self.elements {
            0
        } else {
            self.there
        }
    }

    /// Takes the next elements; `end` says where they stop (given where they begin and what is left). `None` when all are
    /// taken.
    /// Wait-free but for rivals: each lost race means that another worker got a chunk.
    pub(super) fn claim(&self, worker: WorkerId, end: impl Fn(u64, Left) -> u64) -> Option<Claim> {
        let mut index = self.hint.load(Ordering::Acquire) as usize;
        let mut start = match index {
            0 => 0,
            _ => self.records.get(index - 1)?.load().end(),
        };
        while start < self.elements {
            let Some(record) = self.records.get(index) else { break };
            let seen = record.load();
            if seen != Word::EMPTY {
                start = seen.end();
                index += 1;
                continue;
            }
            let until = self.until(index);
            if start >= until {
                break;
            }
            let entries = self.records.len() - index;
            let left = Left {
                elements: self.elements - start,
                claimed: (index as u64).saturating_sub(self.given),
                entries: entries as u64,
            };
            // The last entry takes all that is left, whatever the policy says: no element can fall out of the log.
            let wanted = if entries == 1 { self.elements } else { end(start, left) };
            let wanted = wanted.max(start + 1).checked_next_multiple_of(self.align.max(1));
            let end = wanted.unwrap_or(until).min(until);
            if record.change(Word::EMPTY, Word::new(end, worker, 0, ChunkState::Leased)) {
                // Release: whoever starts from this hint sees the entry before it.
                self.hint.fetch_max(index as u32 + 1, Ordering::Release);
                return Some(Claim { index, start, end, attempt: 0 });
            }
        }
        // All that is there is taken, which the hint must say: `has_more` asks nothing else.
        self.hint.fetch_max(index as u32, Ordering::Release);
        None
    }
}

/// A stage's appended. Only the supervisor appends; `count` entries are written, and before `hint` none is `Ready`.
#[derive(Clone, Copy)]
pub(super) struct Appended<'a> {
    pub(super) records: &'a [Record],
    pub(super) starts: &'a [AtomicU64],
    pub(super) count: &'a AtomicU32,
    pub(super) hint: &'a AtomicU32,
}

impl Appended<'_> {
    /// Asks for `[start, end)` to be run, as attempt `attempt`. `None` when there is no room.
    pub(super) fn append(&self, start: u64, end: u64, attempt: u32) -> Option<usize> {
        let index = self.count.load(Ordering::Relaxed) as usize;
        let record = self.records.get(index)?;
        self.starts.get(index)?.store(start, Ordering::Relaxed);
        record.word.store(Word::new(end, WorkerId(0), attempt, ChunkState::Ready).0, Ordering::Release);
        self.count.store(index as u32 + 1, Ordering::Release);
        Some(index)
    }

    /// Whether one is ready.
    pub(super) fn has_more(&self) -> bool {
        let (count, first) = (self.count.load(Ordering::Acquire), self.hint.load(Ordering::Acquire));
        let mut records = self.records.iter().take(count as usize).skip(first as usize);
        records.any(|record| record.load().state() == ChunkState::Ready)
    }

    /// Withdraws all that is ready; gives what that was: start, end, attempt. Workers that claim meanwhile get theirs, or
    /// nothing.
    pub(super) fn withdraw(&self) -> Vec<(u64, u64, u32)> {
        let count = self.count.load(Ordering::Relaxed) as usize;
        let first = self.hint.load(Ordering::Acquire) as usize;
        let mut withdrawn = Vec::new();
        for (record, start) in self.records.iter().zip(self.starts).take(count).skip(first) {
            let seen = record.load();
            let is_ready = seen.state() == ChunkState::Ready;
            if is_ready && record.change(seen, seen.with_state(ChunkState::Lost)) {
                withdrawn.push((start.load(Ordering::Relaxed), seen.end(), seen.attempt()));
            }
        }
        // None of them is ready any more, and never will be again.
        self.hint.fetch_max(count as u32, Ordering::Release);
        withdrawn
    }

    /// Takes the first that is ready.
    pub(super) fn claim(&self, worker: WorkerId) -> Option<Claim> {
        let count = self.count.load(Ordering::Acquire) as usize;
        let first = self.hint.load(Ordering::Acquire) as usize;
        for index in first..count {
            let record = self.records.get(index)?;
            let seen = record.load();
            if seen.state() != ChunkState::Ready {
                continue;
            }
            let leased = Word::new(seen.end(), worker, seen.attempt(), ChunkState::Leased);
            if record.change(seen, leased) {
                // All before it were seen not ready, and never become ready again.
                self.hint.fetch_max(index as u32 + 1, Ordering::Release);
                let start = self.starts.get(index)?.load(Ordering::Relaxed);
                return Some(Claim { index, start, end: seen.end(), attempt: seen.attempt() });
            }
        }
        None
    }
}
