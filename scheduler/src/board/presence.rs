//! What a board tells whoever only looks: when its run began, who has which place, and what that worker is at since when.
//! Written with relaxed stores by the one who has the place; nothing is decided by it, so it may lag.
use super::activity::Activity;
use super::reader::BoardReader;
use super::supervisor::SupervisorBoard;
use super::sync::{acquire64, Ordering};
use super::worker::WorkerBoard;
use crate::id::{StageId, WorkerId};

/// Who has a worker's place, or had it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The process.
    pub pid: u32,
    /// When it joined, in nanoseconds of `CLOCK_MONOTONIC`.
    pub joined_ns: u64,
    /// What it is at, and since when; `None` when it has left, or died.
    pub at: Option<(Activity, u64)>,
}

/// Bits of a time beside an activity: 36 years since the host was started.
const TIME_BITS: u32 = 60;

impl SupervisorBoard {
    /// The run begins. The first thing that others may know of the board: see [`BoardReader::look`].
    pub fn set_begun(&self, now_ns: u64) {
        // Release: who sees it sees the board that was made before.
        self.control_line().begun.store(now_ns.max(1), Ordering::Release);
    }
}

impl WorkerBoard {
    /// A process takes a worker's place.
    pub fn join(&self, worker: WorkerId, pid: u32, now_ns: u64) {
        if let Some(slot) = self.slot(worker) {
            slot.pid.store(pid, Ordering::Relaxed);
            slot.joined.store(now_ns, Ordering::Relaxed);
        }
    }

    /// From now on it is at this.
    pub fn set_activity(&self, worker: WorkerId, activity: Activity, now_ns: u64) {
        if let Some(slot) = self.slot(worker) {
            let time = now_ns & ((1 << TIME_BITS) - 1);
            slot.at.store(((activity as u64 + 1) << TIME_BITS) | time, Ordering::Relaxed);
        }
    }

    /// It leaves its place.
    pub fn leave(&self, worker: WorkerId) {
        if let Some(slot) = self.slot(worker) {
            slot.leave();
        }
    }

    /// Adds to what a place's workers spent on an activity.
    pub fn spend(&self, worker: WorkerId, activity: Activity, ns: u64) {
        if let Some(slot) = self.slot(worker) {
            slot.spent[activity as usize].fetch_add(ns, Ordering::Relaxed);
        }
    }
}

impl BoardReader {
    /// When the run began, in nanoseconds of `CLOCK_MONOTONIC`; `None` before.
    pub fn begun_ns(&self) -> Option<u64> {
        Some(acquire64(&self.control_line().begun)).filter(|&begun| begun > 0)
    }

    /// Who has a worker's place, or had it last; `None` where nobody ever came.
    pub fn presence(&self, worker: WorkerId) -> Option<Presence> {
        let slot = self.slot(worker)?;
        let pid = slot.pid.load(Ordering::Relaxed);
        let at = slot.at.load(Ordering::Relaxed);
        let activity = (at >> TIME_BITS).checked_sub(1).and_then(|nth| Activity::ALL.get(nth as usize));
        let at = activity.map(|&activity| (activity, at & ((1 << TIME_BITS) - 1)));
        (pid > 0).then(|| Presence { pid, joined_ns: slot.joined.load(Ordering::Relaxed), at })
    }

    /// What a place's workers spent on each activity, in nanoseconds.
    pub fn spent(&self, worker: WorkerId) -> Option<[u64; Activity::ALL.len()]> {
        let slot = self.slot(worker)?;
        Some(std::array::from_fn(|nth| slot.spent[nth].load(Ordering::Relaxed)))
    }

    /// Whether the stage was opened.
    pub fn is_opened(&self, stage: StageId) -> bool {
        self.stage(stage).is_some_and(|stage| self.is_open(stage))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::board::tests::{board, stage};
    use crate::board::{ChunkState, Span};

    const P0: StageId = StageId(0);
    const A: WorkerId = WorkerId(0);
    const B: WorkerId = WorkerId(1);

    #[test]
    fn a_board_is_looked_at_only_once_its_run_began() {
        let (board, memory) = board(2, vec![stage(5, 5)], b"what it is about");
        // SAFETY: the memory lives to the end of the test and is used by boards only.
        let look = || unsafe { BoardReader::look(memory.base, memory.len) };
        assert!(look().expect("no damage").is_none());
        assert_eq!(board.begun_ns(), None);
        board.supervisor.set_begun(7);
        let found = look().expect("no damage").expect("a board");
        assert_eq!((found.begun_ns(), found.payload()), (Some(7), b"what it is about".as_slice()));
        assert!(!found.is_opened(P0));
        board.supervisor.open(P0);
        assert!(found.is_opened(P0) && !found.is_opened(StageId(1)));
        // SAFETY: refused before it is read.
        assert!(unsafe { BoardReader::look(memory.base, 100) }.is_err(), "too short");
    }

    #[test]
    fn a_place_says_who_has_it_and_what_that_one_is_at() {
        let (board, _memory) = board(2, vec![stage(5, 5)], b"");
        assert_eq!(board.presence(A), None);
        let late = (1 << TIME_BITS) - 1;
        board.worker.join(A, 4321, 5);
        for activity in Activity::ALL {
            board.worker.set_activity(A, activity, late);
            let presence = Presence { pid: 4321, joined_ns: 5, at: Some((activity, late)) };
            assert_eq!(board.presence(A), Some(presence));
        }
        assert_eq!((board.presence(B), board.presence(WorkerId(2))), (None, None));
        board.supervisor.recover(A);
        assert_eq!(board.presence(A), Some(Presence { pid: 4321, joined_ns: 5, at: None }), "dead");
        board.worker.join(A, 4322, 9);
        board.worker.set_activity(A, Activity::Map, 9);
        board.worker.leave(A);
        assert_eq!(board.presence(A), Some(Presence { pid: 4322, joined_ns: 9, at: None }), "gone");
    }

    #[test]
    fn when_a_chunk_began_is_known_though_it_never_ends() {
        let (board, _memory) = board(2, vec![stage(30, 10)], b"");
        board.supervisor.open(P0);
        let span = |nth: usize| (board.chunks(P0)[nth].state, board.chunks(P0)[nth].span);
        let lease = board.worker.claim(A).expect("a chunk");
        assert_eq!(span(0), (ChunkState::Leased, Span::default()), "claimed, not begun");
        board.worker.begin(&lease, 77);
        let began = Span { started_ns: 77, ended_ns: 0 };
        assert_eq!(span(0), (ChunkState::Leased, began));
        board.supervisor.recover(A);
        assert_eq!(span(0), (ChunkState::Lost, began));
        board.supervisor.append(P0, 0, 10, 1).expect("room");
        assert_eq!(span(1), (ChunkState::Ready, Span::default()));
        let again = board.worker.claim(B).expect("a chunk");
        board.worker.begin(&again, 88);
        assert!(crate::board::tests::complete(&board.worker, &again));
        assert_eq!(
            span(1),
            (ChunkState::Done, Span { started_ns: 1_000, ended_ns: 1_010 }),
            "as it said itself"
        );
    }
}
