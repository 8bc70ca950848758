//! After a death: what must be run again, in which pieces, and when it is enough.
//!
//! Only an element that was being run is blamed. It is run again alone, so that a second death can only be its own; what
//! was around it, whose results were not delivered, goes to two other ranges. A death inside a chunk but at no element
//! halves the chunk, so that whatever kills is found in a logarithmic number of deaths.
use super::event::{Action, Loss, LostLease, Outcome};
use super::state::{Core, Phase, StageCount};
use super::tasks::TaskState;
use crate::board::ElementPosition;
use crate::id::WorkerId;
use crate::plan::WhenLate;

impl Core {
    pub(super) fn worker_lost(
        &mut self,
        worker: WorkerId,
        leases: &[LostLease],
        (reason, loss): (String, Loss),
        now_ns: u64,
        out: &mut Vec<Action>,
    ) {
        if !self.workers.knows(worker) {
            return;
        }
        if !matches!(self.phase, Phase::Running { .. }) {
            self.lost_outside(worker, loss, reason, out);
            return;
        }
        let mut appended = false;
        for lease in leases {
            match self.requeue(lease, loss, &reason, out) {
                Ok(some) => appended |= some,
                Err(outcome) => {
                    self.workers.give_up(worker, Some(reason));
                    return self.begin_stop(outcome, now_ns, out);
                }
            }
        }
        self.fill(worker, loss, leases, reason, out);
        if appended {
            self.workers.offer(out);
        }
        self.stop_without_workers(now_ns, out);
    }

    /// Has a worker started in the place of a lost one. Nobody gets the place of one that may live.
    fn fill(
        &mut self,
        worker: WorkerId,
        loss: Loss,
        leases: &[LostLease],
        reason: String,
        out: &mut Vec<Action>,
    ) {
        if loss == Loss::CutOff {
            self.workers.give_up(worker, Some(reason));
        } else if loss == Loss::EndedByUs && leases.is_empty() {
            // It says nothing about what comes of the next one.
            self.workers.start(worker);
            out.push(Action::Spawn { worker });
        } else if self.workers.lose(worker, leases, &reason) {
            out.push(Action::Spawn { worker });
        }
    }

    /// A loss before the run began is replaced; one while it stops is what was waited for.
    fn lost_outside(&mut self, worker: WorkerId, loss: Loss, reason: String, out: &mut Vec<Action>) {
        if self.is_stopping() {
            self.workers.give_up(worker, None);
            self.conclude_if_quiet(out);
        } else {
            self.fill(worker, loss, &[], reason, out);
        }
    }

    pub(super) fn launch_failed(
        &mut self,
        worker: WorkerId,
        reason: String,
        now_ns: u64,
        out: &mut Vec<Action>,
    ) {
        self.workers.give_up(worker, Some(reason));
        match self.phase {
            Phase::Running { .. } => self.stop_without_workers(now_ns, out),
            _ => self.conclude_if_quiet(out),
        }
    }

    /// Ends the run when there are elements to run and nobody to run them.
    pub(super) fn stop_without_workers(&mut self, now_ns: u64, out: &mut Vec<Action>) {
        let running = matches!(self.phase, Phase::Running { .. });
        if running && self.workers.all_gone() && self.tasks.any_map_left() {
            let reason = self.workers.last_reason.clone();
            self.begin_stop(Outcome::NoWorkers { reason }, now_ns, out);
        }
    }

    /// Puts a lost lease's elements back on the board. Says whether it did, or why the run must end.
    fn requeue(
        &mut self,
        lease: &LostLease,
        loss: Loss,
        reason: &str,
        out: &mut Vec<Action>,
    ) -> Result<bool, Outcome> {
        let running = self.task_of(lease.stage).map(|task| self.tasks.states()[task.index()]);
        if running != Some(TaskState::Running) || lease.start >= lease.end {
            return Ok(false);
        }
        let pieces = match (self.after_late(lease)?, loss) {
            (Some(pieces), _) => pieces,
            (None, Loss::Died) => self.blame(lease, reason)?,
            (None, Loss::Stalled | Loss::CutOff | Loss::EndedByUs) => vec![(lease.start, lease.end)],
        };
        let stage = &mut self.stages[lease.stage.index()];
        let appended = stage.appended.saturating_add(pieces.len() as u32);
        if appended > stage.appended_capacity {
            let reason = format!("too many workers died; the last {reason}");
            return Err(Outcome::NoWorkers { reason });
        }
        stage.appended = appended;
        let attempt = lease.attempt.saturating_add(1);
        let append = |(start, end)| Action::Append { stage: lease.stage, start, end, attempt };
        out.extend(pieces.into_iter().map(append));
        Ok(true)
    }

    /// The pieces in which a lease is run again whose worker was lost at an element whose time is over, which nobody is to blame for; or that
    /// the run ends with an element that took too long.
    fn after_late(&self, lease: &LostLease) -> Result<Option<Vec<(u64, u64)>>, Outcome> {
        let StageCount { limits, align, .. } = &self.stages[lease.stage.index()];
        let fails = |at: &ElementPosition| {
            let limit = limits.get(at.step as usize).copied().flatten();
            limit.is_none_or(|limit| limit.then == WhenLate::Fails)
        };
        if let Some(&position) = lease.expired.iter().find(|at| fails(at)) {
            return Err(Outcome::ElementTimeout { stage: lease.stage, position });
        }
        let Some(late) = lease.position.filter(|at| lease.expired.contains(at)) else { return Ok(None) };
        // What comes after it was not tried, and may take too long too: what stands before is run again once.
        let after = (late.element / align * align).saturating_add(*align).clamp(lease.start, lease.end);
        let pieces = [(lease.start, after), (after, lease.end)];
        Ok(Some(pieces.into_iter().filter(|(start, end)| start < end).collect()))
    }

    /// The pieces in which a lease is run again, once its element (if it was at one) is charged with the death. Pieces begin
    /// at multiples of the stage's alignment.
    fn blame(&mut self, lease: &LostLease, reason: &str) -> Result<Vec<(u64, u64)>, Outcome> {
        let LostLease { start, end, .. } = *lease;
        let align = self.stages[lease.stage.index()].align;
        let inside = lease.position.filter(|position| (start..end).contains(&position.element));
        let only = ElementPosition { step: 0, element: start };
        let Some(position) = inside.or((end - start <= align).then_some(only)) else {
            let middle = start + ((end - start) / 2).next_multiple_of(align);
            return Ok(vec![(start, middle), (middle, end)]);
        };
        let deaths = self.deaths.entry((lease.stage, position)).or_insert(0);
        *deaths += 1;
        if *deaths > self.settings.retries {
            let (stage, deaths, reason) = (lease.stage, *deaths, reason.to_owned());
            return Err(Outcome::WorkerKilled { stage, position, deaths, reason });
        }
        let first = (position.element / align * align).max(start);
        let after = first.saturating_add(align).min(end);
        let pieces = [(start, first), (first, after), (after, end)];
        Ok(pieces.into_iter().filter(|(start, end)| start < end).collect())
    }
}
