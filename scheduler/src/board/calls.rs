//! How long FUN is at an element, where that is limited: since when a worker's FUN is at it, and the elements whose time is over.
//!
//! A slot's word `call` is 0 while FUN does not run. The worker writes the time when FUN begins, and 0 when it came back; the supervisor
//! adds that the time is over, if the call is still the one it saw, and then that the worker was interrupted. So both agree on whether FUN
//! came back in time, and a worker whose FUN came back late knows of an interrupt that is on its way: it must not reach the next element.
//! The element is marked in the stage too, for whoever runs its chunk again: FUN is not called on it any more.
use super::reader::BoardReader;
use super::record::ElementPosition;
use super::slot::NO_LEASE;
use super::stage::BoardStage;
use super::supervisor::SupervisorBoard;
use super::sync::{acquire64, AtomicU64, Ordering};
use super::worker::WorkerBoard;
use crate::id::{ChunkId, StageId, WorkerId};

/// The call's time is over.
const LATE: u64 = 1;
/// Its worker was interrupted.
const TOLD: u64 = 2;
/// What is left of a time.
const TIME: u64 = !(LATE | TOLD);

/// A call of FUN under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunCall {
    /// The stage.
    pub stage: StageId,
    /// The chunk.
    pub chunk: ChunkId,
    /// The step and the element.
    pub position: ElementPosition,
    /// When it began, to 4 ns.
    pub since_ns: u64,
}

/// How a call of FUN ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// Before its time was over, or it has no limit.
    InTime,
    /// Its time was over. An interrupt is on its way until [`WorkerBoard::is_interrupted`]; then [`WorkerBoard::call_over`].
    Late,
}

impl WorkerBoard {
    /// FUN is called now, on the element that the worker is at.
    pub fn call_begins(&self, worker: WorkerId, now_ns: u64) {
        if let Some(slot) = self.slot(worker) {
            // Release: who sees the call sees its element.
            slot.call.store((now_ns & TIME).max(TOLD << 1), Ordering::Release);
        }
    }

    /// FUN came back, or was left.
    pub fn call_ended(&self, worker: WorkerId) -> CallEnd {
        let Some(slot) = self.slot(worker) else { return CallEnd::InTime };
        let call = slot.call.load(Ordering::Acquire);
        let in_time = |call: u64| call & LATE == 0;
        let ended = slot.call.compare_exchange(call & TIME, 0, Ordering::AcqRel, Ordering::Acquire);
        match ended {
            Ok(_) => CallEnd::InTime,
            // Taken back meanwhile: nobody waits for it.
            Err(now) if in_time(now) => CallEnd::InTime,
            Err(_) => CallEnd::Late,
        }
    }

    /// Whether the supervisor has interrupted this worker for the call that is late, or does not mind it any more.
    pub fn is_interrupted(&self, worker: WorkerId) -> bool {
        self.slot(worker).is_none_or(|slot| acquire64(&slot.call) & (LATE | TOLD) != LATE)
    }

    /// A late call is over: the worker goes on.
    pub fn call_over(&self, worker: WorkerId) {
        if let Some(slot) = self.slot(worker) {
            slot.call.store(0, Ordering::Release);
        }
    }
}

impl BoardReader {
    /// Whether FUN's time for an element is limited in some step of a stage.
    pub fn is_timed(&self, stage: StageId) -> bool {
        self.stage(stage).is_some_and(|stage| stage.spec.timed)
    }

    /// Whether the time of a step's element is over. O(1).
    pub fn is_expired(&self, stage: StageId, position: ElementPosition) -> bool {
        let Some(known) = self.stage(stage) else { return false };
        let word = self.expired_word(known, position);
        word.is_some_and(|word| acquire64(word) & bit(position) != 0)
    }

    /// Those of a stage's elements in a range whose time is over, in the order of elements. O(range x steps).
    pub fn expired(&self, stage: StageId, start: u64, end: u64) -> Vec<ElementPosition> {
        let Some(known) = self.stage(stage).filter(|stage| stage.spec.timed) else { return Vec::new() };
        let steps = 0..known.spec.steps;
        let all = (start..end.min(known.spec.elements))
            .flat_map(|element| steps.clone().map(move |step| ElementPosition { step, element }));
        all.filter(|position| self.is_expired(stage, *position)).collect()
    }

    /// Whether the time of the call under way is over.
    pub fn is_late(&self, worker: WorkerId) -> bool {
        self.slot(worker).is_some_and(|slot| acquire64(&slot.call) & LATE != 0)
    }

    /// The call of FUN that a worker is at and whose time is not over.
    pub fn call_of(&self, worker: WorkerId) -> Option<FunCall> {
        self.call(worker).filter(|(call, _)| call & LATE == 0).map(|(_, call)| call)
    }

    /// Whether a worker is still at a call, whether its time is over or not.
    pub fn is_at_call(&self, worker: WorkerId, call: &FunCall) -> bool {
        self.call(worker).is_some_and(|(_, now)| now == *call)
    }

    fn call(&self, worker: WorkerId) -> Option<(u64, FunCall)> {
        let slot = self.slot(worker)?;
        let call = acquire64(&slot.call);
        let lease = acquire64(&slot.lease);
        let position = ElementPosition::unpack(acquire64(&slot.position))?;
        let (stage, chunk) = (StageId((lease >> 32) as u32), ChunkId(lease as u32));
        let known = self.stage(stage)?;
        let within = position.step < known.spec.steps && position.element < known.spec.elements;
        let call_at = FunCall { stage, chunk, position, since_ns: call & TIME };
        (call != 0 && lease != NO_LEASE && within).then_some((call, call_at))
    }

    fn expired_word(&self, stage: &BoardStage, position: ElementPosition) -> Option<&AtomicU64> {
        let ElementPosition { step, element } = position;
        let words = stage.spec.elements.div_ceil(64) as usize;
        let word = (step as usize).checked_mul(words)?.checked_add((element / 64) as usize)?;
        self.all_expired(stage).get(word).filter(|_| step < stage.spec.steps && element < stage.spec.elements)
    }
}

impl SupervisorBoard {
    /// The time of a call is over. `false` when it ended first: then it was in time.
    #[must_use]
    pub fn expire(&self, worker: WorkerId, call: &FunCall) -> bool {
        let Some(slot) = self.slot(worker) else { return false };
        let (Some(stage), since) = (self.stage(call.stage), call.since_ns) else { return false };
        // The element was read before; it changes only after the call was seen to end.
        let late = slot.call.compare_exchange(since, since | LATE, Ordering::AcqRel, Ordering::Acquire);
        if late.is_ok() {
            let word = self.expired_word(stage, call.position);
            word.iter().for_each(|word| {
                word.fetch_or(bit(call.position), Ordering::Release);
            });
        }
        late.is_ok()
    }

    /// The worker of a call whose time is over was interrupted.
    pub fn told(&self, worker: WorkerId, call: &FunCall) {
        if let Some(slot) = self.slot(worker) {
            let late = call.since_ns | LATE;
            // It has gone on where this fails.
            let _ = slot.call.compare_exchange(late, late | TOLD, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}

const fn bit(position: ElementPosition) -> u64 {
    1 << (position.element % 64)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::board::tests::{board, stage};
    use crate::board::StageSpec;

    const P0: StageId = StageId(0);
    const A: WorkerId = WorkerId(0);

    fn timed() -> StageSpec {
        StageSpec { timed: true, steps: 2, ..stage(200, 100) }
    }

    #[test]
    fn a_call_is_late_or_in_time_and_both_know() {
        let (board, _memory) = board(2, vec![timed()], b"");
        board.supervisor.open(P0);
        let lease = board.worker.claim(A).expect("a chunk");
        assert_eq!(board.call_of(A), None);
        let position = ElementPosition { step: 1, element: 70 };
        board.worker.element(A, position);
        assert_eq!(board.call_of(A), None, "FUN was not called");
        board.worker.call_begins(A, 1_003);
        let call = FunCall { stage: P0, chunk: lease.chunk, position, since_ns: 1_000 };
        assert_eq!(board.call_of(A), Some(call));
        assert_eq!(board.worker.call_ended(A), CallEnd::InTime);
        assert!(!board.supervisor.expire(A, &call), "it had ended");
        assert!(!board.is_expired(P0, position));

        board.worker.call_begins(A, 2_000);
        assert!(!board.supervisor.expire(A, &call), "another call");
        let call = board.call_of(A).expect("a call");
        assert!(board.supervisor.expire(A, &call));
        assert!(board.is_expired(P0, position) && board.worker.is_late(A));
        assert!(board.is_at_call(A, &call) && board.call_of(A).is_none());
        assert_eq!(board.worker.call_ended(A), CallEnd::Late);
        assert!(!board.worker.is_interrupted(A), "the interrupt is on its way");
        board.supervisor.told(A, &call);
        assert!(board.worker.is_interrupted(A));
        board.worker.call_over(A);
        assert!(!board.is_at_call(A, &call) && !board.worker.is_late(A));
        board.supervisor.told(A, &call);
        assert_eq!(board.worker.call_ended(A), CallEnd::InTime, "a word that comes late changes nothing");
        assert_eq!(board.expired(P0, 0, 200), [position]);
        assert_eq!(board.expired(P0, 71, 1_000), []);
    }

    #[test]
    fn a_chunk_that_is_taken_back_has_no_call() {
        let (board, _memory) = board(1, vec![timed()], b"");
        board.supervisor.open(P0);
        board.worker.claim(A).expect("a chunk");
        board.worker.element(A, ElementPosition { step: 0, element: 0 });
        board.worker.call_begins(A, 0);
        let call = board.call_of(A).expect("a call, also at the first instant");
        assert!(board.supervisor.expire(A, &call));
        board.supervisor.recover(A);
        assert!(board.call_of(A).is_none() && board.worker.is_interrupted(A));
        assert_eq!(board.worker.call_ended(A), CallEnd::InTime);
    }

    #[test]
    fn what_no_worker_writes_is_no_call() {
        let (board, _memory) = board(1, vec![timed(), stage(10, 1)], b"");
        board.supervisor.open(P0);
        board.worker.claim(A).expect("a chunk");
        for position in [ElementPosition { step: 2, element: 0 }, ElementPosition { step: 0, element: 200 }] {
            board.worker.element(A, position);
            board.worker.call_begins(A, 5_000);
            assert_eq!(board.call_of(A), None, "{position:?}");
            assert!(!board.is_expired(P0, position));
        }
        assert!(board.is_timed(P0) && !board.is_timed(StageId(1)));
        assert_eq!(board.expired(StageId(1), 0, 10), []);
    }
}
