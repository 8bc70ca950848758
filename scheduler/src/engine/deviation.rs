//! Costs may mislead: they were measured on other inputs, or guessed. While a stage that was cut by costs runs, the core has
//! its pieces compared with what they should have cost, at first often, then ten times a second, and of a long stage each time that a part of what
//! it took has gone by, so that all looks together take O(pieces log time). When they are far off it has what nobody took withdrawn, and cuts that
//! by number alone. Once a stage: what is cut again has no costs to compare with.
use super::event::Action;
use super::state::{Core, Phase, Watch};
use super::tasks::TaskState;
use crate::id::StageId;
use crate::policy::{costs_deviate, recut, recut_capacity, CostDeviation};

/// The first look, and the longest time between two ...
const FIRST_LOOK_NS: u64 = 2_000_000;
const LAST_LOOK_NS: u64 = 100_000_000;
/// ... unless this part of the stage's time so far is longer.
const PART: u64 = 32;

impl Core {
    /// A stage began.
    pub(super) fn watch(&mut self, stage: StageId, now_ns: u64) {
        if self.stages[stage.index()].cut {
            let next_ns = now_ns.saturating_add(FIRST_LOOK_NS);
            self.watched.push(Watch { stage, began_ns: now_ns, next_ns, after_ns: FIRST_LOOK_NS });
        }
    }

    /// When the next look is due.
    pub(super) fn next_look(&self) -> Option<u64> {
        self.watched.iter().map(|watch| watch.next_ns).min()
    }

    /// Time passed: asks for the figures of the stages whose look is due.
    pub(super) fn look(&mut self, now_ns: u64, out: &mut Vec<Action>) {
        let Core { watched, stages, tasks, .. } = self;
        let states = tasks.states();
        watched.retain(|watch| states[stages[watch.stage.index()].task.index()] == TaskState::Running);
        for watch in watched.iter_mut().filter(|watch| watch.next_ns <= now_ns) {
            let longest = (now_ns.saturating_sub(watch.began_ns) / PART).max(LAST_LOOK_NS);
            watch.after_ns = watch.after_ns.saturating_mul(2).min(longest);
            watch.next_ns = now_ns.saturating_add(watch.after_ns);
            out.push(Action::Measure { stage: watch.stage });
        }
    }

    /// The figures: if they are far off, what nobody took is withdrawn.
    pub(super) fn measured(&mut self, stage: StageId, deviation: &CostDeviation, out: &mut Vec<Action>) {
        let Some(place) = self.watched.iter().position(|watch| watch.stage == stage) else { return };
        if self.tasks.states()[self.stages[stage.index()].task.index()] != TaskState::Running {
            return;
        }
        let count = &mut self.stages[stage.index()];
        let room = count.appended_capacity - count.appended;
        let needed = recut_capacity(count.elements, self.settings.workers).saturating_add(deviation.waiting);
        if deviation.waiting == 0 || needed > room {
            self.watched.swap_remove(place);
        } else if costs_deviate(deviation, self.settings.workers) {
            let mean_ns = deviation.ns / deviation.elements.max(1) as f64;
            count.shortest = (count.policy.shortest_ns as f64 / mean_ns.max(1e-3)) as u64;
            self.watched.swap_remove(place);
            out.push(Action::Withdraw { stage });
        }
    }

    /// What was withdrawn is cut again. Ranges that are run again after a death stay as they are: their cut has a reason.
    pub(super) fn withdrawn(
        &mut self,
        stage: StageId,
        mut ranges: Vec<(u64, u64, u32)>,
        out: &mut Vec<Action>,
    ) {
        if !matches!(self.phase, Phase::Running { .. }) || stage.index() >= self.stages.len() {
            return;
        }
        ranges.sort_unstable();
        let (fresh, again): (Vec<_>, Vec<_>) = ranges.into_iter().partition(|(_, _, attempt)| *attempt == 0);
        let mut whole: Vec<(u64, u64)> = Vec::new();
        for (start, end, _) in fresh {
            match whole.last_mut() {
                Some((_, last)) if *last == start => *last = end,
                _ => whole.push((start, end)),
            }
        }
        let count = &mut self.stages[stage.index()];
        let pieces = recut(&whole, self.settings.workers, count.align, count.shortest);
        let pieces = pieces.into_iter().map(|(start, end)| (start, end, 0)).chain(again);
        let before = out.len();
        out.extend(pieces.map(|(start, end, attempt)| Action::Append { stage, start, end, attempt }));
        count.appended += (out.len() - before) as u32;
        if out.len() > before {
            self.workers.offer(out);
        }
    }
}
