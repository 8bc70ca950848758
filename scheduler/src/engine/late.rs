//! What is known of elements that take longer than they may, see `watch`: how long each may take, and which are late. Time in which nobody asked
//! the engine, as when the machine slept or the session was stopped, is no element's.
use super::event::Settings;
use crate::board::FunCall;
use crate::id::WorkerId;
use crate::plan::{Plan, TimeLimit};

/// A step that comes so much later than it was asked for tells that the session did not run.
const PAUSE_NS: u64 = 1_000_000_000;
/// It looks no more often than this, so limits are kept to that.
pub(super) const LOOK_NS: u64 = 1_000_000;
/// So many pauses are remembered.
const PAUSES: usize = 64;

/// What is watched.
#[derive(Debug)]
pub(super) struct Late {
    /// By stage and step.
    limits: Vec<Vec<Option<TimeLimit>>>,
    /// The shortest of them, or how often it looks at the most; `None` where there is nothing to watch.
    pub(super) shortest_ns: Option<u64>,
    /// After the interrupt: how long until the kill.
    pub(super) kill_after_ns: u64,
    /// When to look next.
    pub(super) next_ns: u64,
    /// When the engine asked to be asked.
    wanted_ns: Option<u64>,
    /// From when to when nobody asked it.
    pauses: Vec<(u64, u64)>,
    /// Calls that are late.
    pub(super) calls: Vec<LateCall>,
}

/// A call that is late, and when its worker is killed; `None` when it was.
#[derive(Debug)]
pub(super) struct LateCall {
    pub(super) worker: WorkerId,
    pub(super) call: FunCall,
    pub(super) kill_ns: Option<u64>,
}

impl Late {
    pub(super) fn new(plan: &Plan, settings: Settings) -> Late {
        let limits: Vec<_> = plan.stages().iter().map(|stage| plan.limits(stage)).collect();
        let shortest_ns = limits.iter().flatten().flatten().map(|limit| limit.ns.max(LOOK_NS)).min();
        let (kill_after_ns, next_ns, wanted_ns) = (settings.late_ns, 0, None);
        Late { limits, shortest_ns, kill_after_ns, next_ns, wanted_ns, pauses: Vec::new(), calls: Vec::new() }
    }

    /// The engine is asked.
    pub(super) fn asked(&mut self, now_ns: u64) {
        let wanted = self.wanted_ns.filter(|_| self.shortest_ns.is_some());
        if let Some(wanted_ns) = wanted.filter(|wanted_ns| now_ns.saturating_sub(*wanted_ns) > PAUSE_NS) {
            if self.pauses.len() == PAUSES {
                self.pauses.remove(0);
            }
            self.pauses.push((wanted_ns, now_ns));
        }
    }

    /// It wants to be asked again then.
    pub(super) fn wants(&mut self, next_ns: Option<u64>) {
        self.wanted_ns = next_ns;
    }

    /// When a call's time is over; `None` where it has no limit.
    pub(super) fn over_ns(&self, call: &FunCall) -> Option<u64> {
        let limit = self.limits.get(call.stage.index())?.get(call.position.step as usize).copied()??;
        let during = |(from, to): &(u64, u64)| to.saturating_sub(*from.max(&call.since_ns));
        let pauses: u64 = self.pauses.iter().map(during).fold(0, u64::saturating_add);
        Some(call.since_ns.saturating_add(limit.ns).saturating_add(pauses))
    }
}
