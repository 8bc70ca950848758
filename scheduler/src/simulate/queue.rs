//! What is to come in a simulated run: by time, then in the order in which it was asked for.
use crate::id::{ResourceId, WorkerId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What happens at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// A worker that was started has the board, or it turns out that it cannot be started.
    Join(WorkerId),
    /// A worker takes its next step.
    Step(WorkerId),
    /// The supervisor reads a worker's next message.
    Hear(WorkerId),
    /// So many elements of a variable are in shared memory.
    SharedTo(ResourceId, u64),
    /// A variable is in shared memory.
    Shared(ResourceId),
    /// The engine wanted to be asked.
    Tick,
}

/// What is to come.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    coming: BinaryHeap<Reverse<(u64, u64, Entry)>>,
    asked: u64,
}

impl Queue {
    /// Puts something in; gives its number, which no other has.
    pub(super) fn push(&mut self, time_ns: u64, entry: Entry) -> u64 {
        self.asked += 1;
        self.coming.push(Reverse((time_ns, self.asked, entry)));
        self.asked
    }

    /// When the next comes.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.coming.peek().map(|Reverse((time, ..))| *time)
    }

    /// The next: its time, its number, and what it is.
    pub(super) fn pop(&mut self) -> Option<(u64, u64, Entry)> {
        self.coming.pop().map(|Reverse(next)| next)
    }
}
