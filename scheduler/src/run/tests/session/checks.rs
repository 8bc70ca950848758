//! What must hold in a session, after every event and at its end.
use super::super::faults::Fault;
use super::super::met::Met;
use super::{Run, Session};
use crate::engine::Outcome;
use crate::id::StageId;
use crate::plan::Plan;
use crate::pool::{State, Worker};
use crate::run::Finished;

impl Session<'_> {
    /// What always holds.
    pub(super) fn check(&mut self) {
        let active = self.queue.active().map(|active| active.number());
        if let Some(number) = active {
            let before = self.runs.iter().filter(|run| run.number < number && !run.is_cancelled);
            assert!(before.into_iter().all(Run::is_over), "a run overtook one that was begun before");
        }
        let pool = self.queue.pool();
        let processes = pool.processes();
        let mut slots = Vec::new();
        for worker in pool.workers() {
            let State::Busy { slot } = worker.state else { continue };
            let number = active.expect("a worker is busy without a run");
            assert!(!slots.contains(&slot), "two workers have one place");
            assert_eq!(worker.is_external(), processes.runs[&number].is_external);
            slots.push(slot);
        }
        let forgotten =
            processes.held != pool.keys().count() || !pool.keys().all(|key| processes.all[&key].is_held);
        assert!(!forgotten, "a process is forgotten, or one is kept that is gone");
    }

    /// No worker waits that the run wants, and what the run lacks is on its way.
    pub(super) fn check_workers_are_found(&mut self) {
        let Some(active) = self.queue.active() else { return };
        let pool = self.queue.pool();
        let is_idle = |w: &&Worker| matches!(w.state, State::Idle { .. }) && w.responds(pool.processes());
        let whose = active.listener().is_some();
        let idle = pool.workers().iter().filter(is_idle).filter(|w| w.is_external() == whose).count();
        assert!(idle == 0 || active.vacant() == 0, "{idle} workers wait, {} are wanted", active.vacant());
        let starts = |w: &Worker| matches!(w.state, State::Starting { .. });
        let is_coming =
            pool.own() >= active.wants_own() || pool.awaits_server() || pool.workers().iter().any(starts);
        assert!(is_coming || active.vacant() == 0, "nothing is done for {} places", active.vacant());
    }

    /// At last nothing is left but what cannot be reached.
    pub(super) fn check_end(&mut self) {
        let pool = self.queue.pool();
        assert!(pool.workers().is_empty(), "idle workers stay: {:?}", pool.workers());
        for (key, process) in &pool.processes().all {
            let sees_nothing = process.is_stopped || !process.can_see();
            assert!(
                !process.lives || process.is_held || process.is_external || sees_nothing,
                "{key:?} was let go and lives: {process:?}"
            );
        }
    }
}

/// How a run may end.
pub(super) fn check_outcome(
    finished: &Finished,
    cancelled: bool,
    plan: &Plan,
    faults: &[Fault],
    met: &mut Met,
) {
    match &finished.outcome {
        Outcome::Done => {
            met.done += 1;
            let board = finished.board.board();
            for (id, stage) in plan.stages().iter().enumerate() {
                assert_eq!(board.done_elements(StageId(id as u32)), stage.board.elements, "it is done");
            }
        }
        Outcome::Cancelled { .. } => {
            met.cancelled += 1;
            assert!(cancelled, "nobody cancelled it");
        }
        Outcome::NoWorkers { reason } => {
            met.no_workers += 1;
            let happened = met.failed_starts + met.deaths + met.stops + met.deaf;
            assert!(happened > 0, "no workers: {reason}");
        }
        Outcome::WorkerKilled { .. } => {
            met.killed += 1;
            assert!(faults.contains(&Fault::Deaths), "no worker died");
        }
        Outcome::Failed(_) | Outcome::ElementTimeout { .. } => {
            panic!("FUN never fails: {:?}", finished.outcome)
        }
    }
}
