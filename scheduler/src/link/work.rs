//! A worker's way through a run, one step at a time.
//!
//! One implementation for all that work on a board: the workers of a run ([`super::Membership`]) and those of simulated runs
//! ([`crate::simulate`]). It never waits and reads no clock, so whoever drives it can let a fault fall between
//! any two steps. What differs between these workers stands behind [`Outside`].
//!
//! | it is at | the step from there | and then it is at |
//! |---|---|---|
//! | `Idle` | `aim`: is there something to claim? | `Aims`, or `Idle`: it waits for a word |
//! | `Aims` | `claim` | `Claimed`, or `Idle`: others took it all |
//! | `Claimed` | `begin`: says since when | `Begun` |
//! | `Begun`, `Runs` | `enter` an element, for each of its steps | `Runs`, or `Idle`: the run was stopped |
//! | any of these three | `encoded`, or `fail` | `HandsIn` |
//! | `HandsIn` | `step`: reserve; write piece after piece; write it down, where there is a checkpoint; costs; publish | `Done`, `Failed`, or `Idle`: it was taken back |
//! | `HandsIn`, a piece does not fit | `fail` | `HandsIn` |
//! | `Done` | `step`: give back what was read for the last time | `Idle` |
//! | `Failed` | `report` to the session | `Idle` |
//!
//! A chunk is held from its claim until the board says that it ended. So whatever goes wrong on the way, there is a chunk that can
//! fail. Costs are written before the chunk is published: who sees it done sees what it cost.
mod hand_in;

pub(crate) use hand_in::{HandInStep, Outside};

use crate::board::{CallEnd, Control, ElementPosition, Lease, Output, WorkerBoard};
use crate::id::{ChunkId, StageId, WorkerId};
use crate::link::consumption::Consumption;
use crate::wire::{RunSpec, Unwritten};

/// A run, as a process that is attached to its board sees it.
pub(crate) struct Attached<'a> {
    pub(crate) board: &'a WorkerBoard,
    pub(crate) spec: &'a RunSpec,
    /// May be shared by the workers of one process.
    pub(crate) consumes: &'a mut Consumption,
}

/// What a worker tells its session of a chunk that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) stage: StageId,
    pub(crate) chunk: ChunkId,
    pub(crate) position: ElementPosition,
    /// What there was no room for.
    pub(crate) unwritten: Option<Unwritten>,
}

/// A worker's part in a run.
#[derive(Debug)]
pub(crate) struct Work {
    slot: WorkerId,
    at: At,
    /// When the chunk was begun.
    started_ns: u64,
    /// Where the pieces of what is handed in lie, see [`Outside::write`]; those without bytes are not there.
    pieces: Vec<Output>,
    ending: Ending,
}

/// What it is at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum At {
    #[default]
    Idle,
    /// It saw that the stage has something to claim.
    Aims(StageId),
    Claimed(Lease),
    /// It said that the first element is about to begin.
    Begun(Lease),
    Runs(Lease, ElementPosition),
    HandsIn(Lease, Hand),
    /// The board says that the chunk is done; what it was the last to read is still there.
    Done(Lease),
    /// The board says that the chunk failed; the session was not told.
    Failed(Lease),
}

/// What comes next in handing in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    Reserve,
    /// This piece, or the next that is there.
    Write(usize),
    /// It is written down in the run's checkpoint.
    Cost,
    Publish,
}

/// How the chunk at hand ends.
#[derive(Clone, Debug, Default)]
enum Ending {
    #[default]
    Results,
    Failure(ElementPosition, Option<Unwritten>),
}

impl Work {
    pub(crate) fn new(slot: WorkerId) -> Work {
        let (pieces, ending) = (Vec::new(), Ending::default());
        Work { slot, at: At::Idle, started_ns: 0, pieces, ending }
    }

    /// Whose it is.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn slot(&self) -> WorkerId {
        self.slot
    }

    /// What it is at.
    pub(crate) fn at(&self) -> At {
        self.at
    }

    /// What it holds, and where in it FUN is.
    pub(crate) fn held(&self) -> Option<(Lease, Option<ElementPosition>)> {
        match self.at {
            At::Claimed(lease) | At::Begun(lease) | At::HandsIn(lease, _) => Some((lease, None)),
            At::Runs(lease, position) => Some((lease, Some(position))),
            At::Idle | At::Aims(_) | At::Done(_) | At::Failed(_) => None,
        }
    }

    /// When the chunk at hand was begun; 0 before it was.
    pub(crate) fn started_ns(&self) -> u64 {
        self.started_ns
    }

    /// Whether the next step is the one that says when the chunk ended; the others take no heed of the time.
    pub(crate) fn needs_time(&self) -> bool {
        match self.at {
            At::HandsIn(_, Hand::Publish) => true,
            At::HandsIn(_, Hand::Write(from)) => self.piece(from).is_none(),
            _ => false,
        }
    }

    /// Looks for a stage that has something to claim. `None`: the worker is to say so, and to wait.
    pub(crate) fn aim(&mut self, board: &WorkerBoard) -> Option<StageId> {
        debug_assert!(matches!(self.at, At::Idle | At::Aims(_)), "it is at {:?}", self.at);
        let found = board.next_stage(self.slot);
        if found.is_none() {
            board.pause(self.slot);
        }
        self.at = found.map_or(At::Idle, At::Aims);
        found
    }

    /// Takes a chunk of the stage that was found, if others left any. Chunks end where the parts end that the stage consumes, so that
    /// a part can go when its chunk is done.
    pub(crate) fn claim(&mut self, run: &mut Attached<'_>) -> Option<Lease> {
        let At::Aims(stage) = self.at else { return None };
        let lease = run.consumes.claim(run.board, run.spec, self.slot, stage);
        self.at = lease.map_or(At::Idle, At::Claimed);
        self.started_ns = 0;
        lease
    }

    /// Takes the next chunk of a stage, which is to end there.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn claim_to(&mut self, board: &WorkerBoard, stage: StageId, end: u64) -> Option<Lease> {
        let lease = board.claim_from(self.slot, stage, |_, _| end);
        self.at = lease.map_or(At::Idle, At::Claimed);
        lease
    }

    /// The chunk's first element is about to begin: said before it does, so that whoever looks, or takes the chunk back from the
    /// dead, knows since when.
    pub(crate) fn begin(&mut self, board: &WorkerBoard, started_ns: u64) {
        let At::Claimed(lease) = self.at else { return };
        board.begin(&lease, started_ns);
        self.started_ns = started_ns;
        self.at = At::Begun(lease);
    }

    /// FUN is about to begin at `position`, so that a death can be blamed on it. `false`: the run was stopped, and the chunk is dropped.
    pub(crate) fn enter(&mut self, board: &WorkerBoard, position: ElementPosition) -> bool {
        let (At::Begun(lease) | At::Runs(lease, _)) = self.at else { return false };
        board.element(self.slot, position);
        let goes_on = board.control() == Control::Go;
        self.at = if goes_on { At::Runs(lease, position) } else { At::Idle };
        goes_on
    }

    /// FUN is called now on the element that was entered; said where its time is limited. `false`: its time was over when it was tried before,
    /// and it is not called any more.
    pub(crate) fn call(&self, board: &WorkerBoard, now_ns: u64) -> bool {
        let At::Runs(lease, position) = self.at else { return true };
        // None was tried before in a first attempt.
        let expired = lease.attempt > 0 && board.is_expired(lease.stage, position);
        if !expired {
            board.call_begins(self.slot, now_ns);
        }
        !expired
    }

    /// FUN came back, or was left. When it is late, the element has no other result than that.
    pub(crate) fn returned(&self, board: &WorkerBoard) -> CallEnd {
        board.call_ended(self.slot)
    }

    /// Lets go of the chunk, when the run was stopped and nobody asks for it any more.
    pub(crate) fn drop_chunk(&mut self) {
        if self.held().is_some() {
            self.at = At::Idle;
        }
    }

    /// All elements are through, and their results encoded: so many bytes in each output, and in the notes (0 for none).
    pub(crate) fn encoded(&mut self, board: &WorkerBoard, outputs: impl Iterator<Item = u64>, notes: u64) {
        self.hand_in(board, outputs.chain([notes]), Ending::Results);
    }

    /// The chunk failed at `position`: with a condition and notes of so many bytes (0 for none), or because something had no room.
    pub(crate) fn fail(
        &mut self,
        board: &WorkerBoard,
        position: ElementPosition,
        bytes: [u64; 2],
        unwritten: Option<Unwritten>,
    ) {
        self.hand_in(board, bytes.into_iter(), Ending::Failure(position, unwritten));
    }

    fn hand_in(&mut self, board: &WorkerBoard, bytes: impl Iterator<Item = u64>, ending: Ending) {
        let Some((lease, _)) = self.held() else { return };
        board.between_elements(self.slot);
        self.pieces.clear();
        self.pieces.extend(bytes.map(|len| Output { len, ..Output::default() }));
        self.ending = ending;
        self.at = At::HandsIn(lease, Hand::Reserve);
    }

    /// What the session is to be told of a chunk that failed.
    pub(crate) fn report(&mut self) -> Option<Report> {
        let At::Failed(Lease { stage, chunk, .. }) = self.at else { return None };
        self.at = At::Idle;
        match std::mem::take(&mut self.ending) {
            Ending::Failure(position, unwritten) => Some(Report { stage, chunk, position, unwritten }),
            Ending::Results => None,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
