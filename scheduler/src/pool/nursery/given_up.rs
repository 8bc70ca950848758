//! Fork servers that are given up: they never come, or they are stopped. Workers are then made in another way.

use std::time::Duration;

use super::{Aside, Base, Nursery};
use crate::os::{self, Peer};
use crate::pool::allowance::Allowance;
use crate::pool::PoolConfig;

/// How long a mirror may be silent while it loads one package.
const LOAD_WITHIN: Duration = Duration::from_secs(20);
/// How many mirrors may end without a package to blame before workers are launched instead.
const FAILURES: u32 = 2;

impl Nursery {
    /// Ends what forks when it has been on its way for too long. `true` when it did.
    pub(crate) fn end_overdue(&mut self, config: &PoolConfig, allowance: &Allowance, now_ns: u64) -> bool {
        if let Base::Opening(server, since_ns) = &self.base {
            if allowance.spent(*since_ns, now_ns) > config.start_within {
                tracing::warn!(log = %server.log.display(), "the fork server takes too long to start");
                self.base = Base::Launching;
                return true;
            }
        }
        let since = self.mirror.as_ref().and_then(|mirror| mirror.loading.as_ref()).map(|(_, since)| *since);
        let overdue = since.is_some_and(|since_ns| allowance.spent(since_ns, now_ns) > LOAD_WITHIN);
        if overdue {
            self.give_up("it took over 20 s");
        }
        overdue
    }

    /// Gives up what is to fork the next worker when that is stopped for so long while a worker is `awaited`. `true` when it did:
    /// what was asked of it is to be asked again.
    pub(crate) fn set_aside_stopped(
        &mut self,
        awaited: bool,
        allowance: &Allowance,
        patience: Duration,
        now_ns: u64,
    ) -> bool {
        let mirror = self.mirror.as_ref().and_then(|mirror| mirror.process.as_ref()).map(Peer::pid);
        let loading = self.mirror.as_ref().is_some_and(|mirror| mirror.loading.is_some());
        let needed = awaited || loading || matches!(self.base, Base::Opening(..));
        let stopped = needed && mirror.or(self.server_pid()).is_some_and(os::is_stopped);
        self.stopped_ns = stopped.then(|| self.stopped_ns.unwrap_or(now_ns));
        if self.stopped_ns.is_none_or(|since_ns| allowance.spent(since_ns, now_ns) < patience) {
            return false;
        }
        self.stopped_ns = None;
        tracing::warn!(mirror, "what forks workers is stopped, and given up");
        if mirror.is_some() {
            self.failures += 1;
            self.aside.extend(self.mirror.take().map(Aside::Mirror));
        }
        if mirror.is_none() || self.failures >= FAILURES {
            self.mirror = None;
            if let Base::Opening(server, _) | Base::Forking(server) =
                std::mem::replace(&mut self.base, Base::Launching)
            {
                self.aside.push(Aside::Base { _server: server });
            }
        }
        true
    }

    /// The mirror is of no use. The package that it was loading is left to each worker; without one to blame, workers are launched
    /// when that happens again.
    pub(super) fn give_up(&mut self, reason: &str) {
        let Some(mirror) = self.mirror.take() else { return };
        mirror.process.iter().for_each(Peer::kill);
        let package = mirror.loading.map(|(package, _)| package).filter(|package| !package.is_empty());
        tracing::warn!(reason, package, log = %mirror.log.display(), "a mirror is given up");
        match package {
            Some(package) if !self.deferred.contains(&package) => self.deferred.push(package),
            _ => self.failures += 1,
        }
        if self.failures >= FAILURES {
            self.base = Base::Launching;
        }
    }

    /// Nobody works any more for the generation whose fork servers were set aside: they end.
    pub(super) fn end_aside(&mut self) {
        for aside in self.aside.drain(..) {
            if let Aside::Mirror(mirror) = aside {
                mirror.process.iter().for_each(Peer::kill);
            }
        }
    }
}
