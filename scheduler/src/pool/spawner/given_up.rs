//! Fork servers that are given up: they are gone, they never come, or they are stopped. Workers are then started in another way.

use std::time::Duration;

use super::{end_all, Base, Needed, Spawner};
use crate::pool::allowance::Allowance;
use crate::pool::processes::{ProcessKey, Processes};
use crate::pool::PoolConfig;

/// How long a mirror may be silent while it loads one package.
const LOAD_WITHIN: Duration = Duration::from_secs(20);
/// How many mirrors may end without a package to blame before workers are launched instead.
const FAILURES: u32 = 2;
/// How many fork servers may die before they come, until workers are launched for good.
const STILLBORN: u32 = 3;

impl Spawner {
    /// One of its processes ended, or cannot be heard any more.
    pub(crate) fn gone<P: Processes>(&mut self, key: ProcessKey, processes: &mut P) {
        if self.base.key() == Some(key) {
            // Its workers die with it and are made anew by launches, which need no server.
            tracing::warn!("the fork server is gone");
            self.stillborn += 1;
            self.base = if self.stillborn < STILLBORN { Base::Lost } else { Base::Launching };
            self.let_mirror_go(processes);
            end_all([key], processes);
        } else if self.mirror.as_ref().is_some_and(|mirror| mirror.key == key) {
            self.give_up_mirror("it ended", processes);
        } else {
            self.set_aside.retain(|&aside| aside != key);
            end_all([key], processes);
        }
    }

    /// Ends what forks when it has been on its way for too long.
    pub(crate) fn end_overdue<P: Processes>(
        &mut self,
        config: &PoolConfig,
        allowance: &Allowance,
        processes: &mut P,
        now_ns: u64,
    ) {
        if let Base::Opening { key, since_ns } = self.base {
            if allowance.spent(since_ns, now_ns) > config.start_within {
                tracing::warn!("the fork server takes too long to start");
                self.base = Base::Launching;
                end_all([key], processes);
                return;
            }
        }
        let loading = self.mirror.as_ref().and_then(|mirror| mirror.loading.as_ref());
        if loading.is_some_and(|(_, since_ns)| allowance.spent(*since_ns, now_ns) > LOAD_WITHIN) {
            self.give_up_mirror("it took over 20 s", processes);
        }
    }

    /// Gives up what is to fork the next worker when that is stopped for so long while a worker is `awaited`. `true` when it did:
    /// what was asked of it is to be asked again.
    pub(crate) fn set_aside_stopped<P: Processes>(
        &mut self,
        needed: Needed,
        (allowance, patience): (&Allowance, Duration),
        processes: &P,
        now_ns: u64,
    ) -> bool {
        let mirror = self.mirror.as_ref().filter(|mirror| mirror.is_known).map(|mirror| mirror.key);
        let needed = needed == Needed::Now || self.is_on_its_way();
        let stopped = needed && mirror.or(self.server()).is_some_and(|key| processes.is_stopped(key));
        self.stopped_ns = stopped.then(|| self.stopped_ns.unwrap_or(now_ns));
        if self.stopped_ns.is_none_or(|since_ns| allowance.spent(since_ns, now_ns) < patience) {
            return false;
        }
        self.stopped_ns = None;
        tracing::warn!(mirror = mirror.is_some(), "what forks workers is stopped, and given up");
        if mirror.is_some() {
            self.failures += 1;
        }
        if mirror.is_none() || self.failures >= FAILURES {
            self.set_aside.extend(self.base.key());
            self.base = Base::Launching;
        }
        self.set_aside.extend(self.mirror.take().map(|mirror| mirror.key));
        true
    }

    /// The mirror is of no use. The package that it was loading is left to each worker; without one to blame, workers are launched
    /// when that happens again.
    pub(super) fn give_up_mirror<P: Processes>(&mut self, reason: &str, processes: &mut P) {
        let Some(mirror) = self.mirror.take() else { return };
        end_all([mirror.key], processes);
        let package = mirror.loading.map(|(package, _)| package).filter(|package| !package.is_empty());
        tracing::warn!(reason, package, "a mirror is given up");
        match package {
            Some(package) if !self.deferred.contains(&package) => self.deferred.push(package),
            _ => self.failures += 1,
        }
        if self.failures >= FAILURES {
            // The fork server stays for the workers' sake that mirrors of it forked.
            self.set_aside.extend(self.base.key());
            self.base = Base::Launching;
        }
    }
}
