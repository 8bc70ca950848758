//! Elements that take longer than they may: watched by the board, interrupted, killed.
//!
//! A worker writes on the board since when FUN is at its element ([`crate::board::FunCall`]). The engine looks when the first of these times
//! can be over: it marks the call as late, which succeeds only while FUN is at it, interrupts the worker, and kills it when it is still there
//! some time later. What becomes of the element is decided where its worker is lost or where it says that it failed; it is never tried again.
use super::late::{LateCall, LOOK_NS};
use super::log::EventKind;
use super::state::Phase;
use super::{Engine, World};
use crate::board::FunCall;
use crate::id::WorkerId;

impl Engine {
    /// Looks for calls of FUN whose time is over; gives when to look again, if ever. O(workers), once in the shortest limit or when a time
    /// is over.
    pub(super) fn watch_elements<W: World>(&mut self, world: &mut W, now_ns: u64) -> Option<u64> {
        let shortest_ns = self.late.shortest_ns?;
        let Phase::Running { .. } = self.core.phase else { return None };
        if now_ns >= self.late.next_ns {
            let plan = std::sync::Arc::clone(&self.plan);
            let workers = (0..plan.workers()).map(WorkerId).filter(|worker| !self.cut_off.contains(worker));
            // One that begins after this look is over then at the earliest.
            let mut next_ns = now_ns.saturating_add(shortest_ns);
            for worker in workers.collect::<Vec<_>>() {
                self.escalate_late(world, now_ns, worker);
                self.find_late(world, now_ns, worker);
                let late = self.late.calls.iter().find(|late| late.worker == worker);
                let call = world.board().call_of(worker).and_then(|call| self.late.over_ns(&call));
                next_ns = late.and_then(|late| late.kill_ns).into_iter().chain(call).fold(next_ns, u64::min);
            }
            self.late.next_ns = next_ns.max(now_ns.saturating_add(LOOK_NS));
        }
        Some(self.late.next_ns)
    }

    /// Interrupts a worker whose element has had its time.
    fn find_late<W: World>(&mut self, world: &mut W, now_ns: u64, worker: WorkerId) {
        let Some(call) = world.board().call_of(worker) else { return };
        let over = self.late.over_ns(&call).is_some_and(|over_ns| over_ns <= now_ns);
        if !over || !world.board().expire(worker, &call) {
            return;
        }
        let FunCall { stage, position, .. } = call;
        tracing::info!(worker = worker.0 + 1, stage = stage.0, element = position.element + 1, "late");
        world.log(now_ns, EventKind::Late(worker, stage, position));
        world.interrupt(worker);
        world.board().told(worker, &call);
        let kill_ns = Some(now_ns.saturating_add(self.late.kill_after_ns));
        self.late.calls.push(LateCall { worker, call, kill_ns });
    }

    /// Kills a worker that was interrupted and is still at its element.
    fn escalate_late<W: World>(&mut self, world: &mut W, now_ns: u64, worker: WorkerId) {
        let board = world.board();
        self.late.calls.retain(|late| late.worker != worker || board.is_at_call(worker, &late.call));
        let late = self.late.calls.iter_mut().find(|late| late.worker == worker);
        let Some(LateCall { call, kill_ns, .. }) = late else { return };
        if kill_ns.take_if(|kill_ns| *kill_ns <= now_ns).is_some() {
            tracing::info!(worker = worker.0 + 1, "late, and does not listen");
            world.log(now_ns, EventKind::Killed(worker, call.stage, call.position));
            world.kill(worker);
        }
    }
}
