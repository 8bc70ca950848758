//! The way out: stop, wait, interrupt, kill, end. Each step has its time, so that no worker can hold the run.
use super::event::{Action, Cause, Failure, Outcome};
use super::state::{Core, Phase, StopStep, Stopping};
use super::tasks::TaskState;
use crate::board::ElementPosition;
use crate::graph::TaskKind;
use crate::id::{StageId, TaskId};

impl Core {
    pub(super) fn chunk_failed(&mut self, failure: Failure, now_ns: u64, out: &mut Vec<Action>) {
        match &mut self.phase {
            Phase::Running { .. } => self.begin_stop(Outcome::Failed(failure), now_ns, out),
            // A lower element that failed in the time of grace is the one to report, whatever the order of messages.
            Phase::Stopping(Stopping { outcome, .. }) => {
                let place = |stage, at: ElementPosition| (stage, at.element, at.step);
                let first = match &*outcome {
                    Outcome::Failed(first) => place(first.stage, first.position),
                    Outcome::ElementTimeout { stage, position } => place(*stage, *position),
                    _ => return,
                };
                if place(failure.stage, failure.position) < first {
                    *outcome = Outcome::Failed(failure);
                }
            }
            _ => {}
        }
    }

    /// The first cancel stops without grace; each further one goes a step further.
    pub(super) fn cancel(&mut self, cause: Cause, now_ns: u64, out: &mut Vec<Action>) {
        match self.phase {
            Phase::New => self.finish(Outcome::Cancelled { cause }, out),
            Phase::Running { .. } => {
                self.begin_stop(Outcome::Cancelled { cause }, now_ns, out);
                self.escalate(now_ns, out);
            }
            Phase::Stopping(_) => self.escalate(now_ns, out),
            Phase::Ended => {}
        }
    }

    pub(super) fn tick(&mut self, now_ns: u64, out: &mut Vec<Action>) {
        let over = |deadline: Option<u64>| deadline.is_some_and(|deadline| deadline <= now_ns);
        match &self.phase {
            Phase::Running { started_ns } if over(self.timeout(*started_ns)) => {
                self.cancel(Cause::Timeout, now_ns, out);
            }
            Phase::Running { .. } => self.look(now_ns, out),
            Phase::Stopping(stopping) if over(Some(stopping.next_ns)) => self.escalate(now_ns, out),
            Phase::New | Phase::Stopping(_) | Phase::Ended => {}
        }
    }

    /// From `Running` to `Stopping`; to the end at once when nobody is in an element.
    pub(super) fn begin_stop(&mut self, outcome: Outcome, now_ns: u64, out: &mut Vec<Action>) {
        out.push(Action::Stop);
        let next_ns = now_ns.saturating_add(self.settings.grace_ns);
        self.phase = Phase::Stopping(Stopping { outcome, step: StopStep::Told, next_ns });
        self.conclude_if_quiet(out);
    }

    /// One step further: interrupt, kill, give up waiting.
    fn escalate(&mut self, now_ns: u64, out: &mut Vec<Action>) {
        let Phase::Stopping(stopping) = &mut self.phase else { return };
        stopping.next_ns = now_ns.saturating_add(self.settings.kill_after_ns);
        match stopping.step {
            StopStep::Told => {
                stopping.step = StopStep::Interrupted;
                out.extend(self.workers.busy().map(|worker| Action::Interrupt { worker }));
            }
            StopStep::Interrupted => {
                stopping.step = StopStep::Killed;
                out.extend(self.workers.busy().map(|worker| Action::Kill { worker }));
            }
            StopStep::Killed => {
                let outcome = stopping.outcome.clone();
                self.finish(outcome, out);
            }
        }
    }

    /// Ends a stopping run when no worker can be in an element any more.
    pub(super) fn conclude_if_quiet(&mut self, out: &mut Vec<Action>) {
        if let Phase::Stopping(stopping) = &self.phase {
            if self.workers.busy().next().is_none() {
                let outcome = stopping.outcome.clone();
                self.finish(outcome, out);
            }
        }
    }

    /// The end: whatever is not terminal becomes so, which frees every scoped resource; then the last two actions.
    pub(super) fn finish(&mut self, outcome: Outcome, out: &mut Vec<Action>) {
        let failed = outcome.failed_stage();
        let cause = failed.and_then(|stage| self.task_of(stage));
        for index in 0..self.tasks.entries.len() {
            let state = match self.tasks.entries[index].kind {
                // Ended with the resource itself.
                TaskKind::Release(_) => continue,
                TaskKind::Map(stage) if Some(stage) == failed => TaskState::Failed,
                _ => cause.map_or(TaskState::Cancelled, TaskState::Aborted),
            };
            self.tasks.end_task(TaskId(index as u32), state, out);
        }
        self.phase = Phase::Ended;
        out.push(Action::EndRun);
        out.push(Action::Finish(outcome));
    }
}

impl Outcome {
    /// The stage that is to blame.
    fn failed_stage(&self) -> Option<StageId> {
        match self {
            Outcome::Failed(failure) => Some(failure.stage),
            Outcome::WorkerKilled { stage, .. } | Outcome::ElementTimeout { stage, .. } => Some(*stage),
            Outcome::Done | Outcome::Cancelled { .. } | Outcome::NoWorkers { .. } => None,
        }
    }
}
