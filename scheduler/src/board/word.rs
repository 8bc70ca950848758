//! The word of an entry: who has which elements, in 64 bits, so that one compare-and-swap takes a chunk *and* records
//! it. There is no instant at which a chunk is taken but not written down.
//!
//! ```text
//! 63 ............................. 24 | 23..10 | 9..4    | 3..0
//! end of the chunk (exclusive)        | worker | attempt | state
//! ```
use crate::id::WorkerId;

/// The most elements of a stage: what an end can say.
pub const MAX_ELEMENTS: u64 = (1 << 40) - 1;
/// The most workers of a board: what the worker field can name.
pub const MAX_WORKERS: u32 = 1 << 14;
/// The most steps of a stage: what a [`super::ElementPosition`] can name.
pub const MAX_STEPS: u32 = 1 << 20;
/// The highest attempt that is told apart; later ones count as this one.
pub const MAX_ATTEMPT: u32 = (1 << 6) - 1;

/// What an entry is in. The only ways are `Empty -> Leased` (log), `Empty -> Ready -> Leased` (appended), from `Leased` to
/// one of `Done`, `Failed`, `Lost`, and `Ready -> Lost` (withdrawn); the last three never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ChunkState {
    /// Nobody wrote here. All bits are zero.
    Empty = 0,
    /// To be run, or run again; no worker has it.
    Ready = 1,
    /// A worker has it.
    Leased = 2,
    /// Its results are in the stage's page.
    Done = 3,
    /// FUN failed on one of its elements; none of its results count.
    Failed = 4,
    /// Its worker died, or was taken the lease from, or it was withdrawn; its elements went to other entries.
    Lost = 5,
}

/// An entry's word, unpacked by its methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    /// The word of an entry nobody wrote.
    pub(super) const EMPTY: Word = Word(0);

    /// Packs the four; values beyond their bits are cut at the field's largest.
    pub(super) fn new(end: u64, worker: WorkerId, attempt: u32, state: ChunkState) -> Word {
        Word(
            (end.min(MAX_ELEMENTS) << 24)
                | (u64::from(worker.0.min(MAX_WORKERS - 1)) << 10)
                | (u64::from(attempt.min(MAX_ATTEMPT)) << 4)
                | state as u64,
        )
    }

    /// The end of the chunk, exclusive.
    pub(super) const fn end(self) -> u64 {
        self.0 >> 24
    }

    /// The worker that has or had it.
    pub(super) const fn worker(self) -> WorkerId {
        WorkerId((self.0 >> 10) as u32 & (MAX_WORKERS - 1))
    }

    /// How often its elements were tried before.
    pub(super) const fn attempt(self) -> u32 {
        ((self.0 >> 4) & 0x3f) as u32
    }

    /// The state. A number that no version wrote (damage) is read as `Lost`: nothing is taken from such an entry.
    pub(super) const fn state(self) -> ChunkState {
        match self.0 & 0xf {
            0 => ChunkState::Empty,
            1 => ChunkState::Ready,
            2 => ChunkState::Leased,
            3 => ChunkState::Done,
            4 => ChunkState::Failed,
            _ => ChunkState::Lost,
        }
    }

    /// The same chunk in another state.
    pub(super) const fn with_state(self, state: ChunkState) -> Word {
        Word((self.0 & !0xf) | state as u64)
    }
}
