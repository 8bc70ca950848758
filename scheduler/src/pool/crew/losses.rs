//! Workers that are lost: they died, they stalled, or they never came. None is waited for without end.

use std::time::Duration;

use super::{Crew, News, STILLBIRTHS};
use crate::engine::Loss;
use crate::os::{now_ns, Exit};
use crate::pool::logs::{self, Death};
use crate::pool::worker::{wait_briefly, Process, State, Worker};

/// How often workers are looked at that may have stalled. A look is a read of a small file for each worker of the run.
const LOOK_EVERY_NS: u64 = 1_000_000_000;

impl Crew {
    /// Takes a dead or useless worker off the crew and says what is known of its end.
    pub(super) fn lose(&mut self, key: u64, loss: Loss, symptom: String, news: &mut Vec<News>) {
        let Some(place) = self.workers.iter().position(|w| w.key == key) else { return };
        let mut worker = self.workers.swap_remove(place);
        if loss != Loss::Died {
            worker.end(loss); // first: it will not end by itself
        }
        let loss = worker.ended_by.unwrap_or(loss);
        let exit = match &mut worker.process {
            Process::Ours(child) => wait_briefly(|| child.try_wait().ok().flatten()),
            Process::Forked(_) => wait_briefly(|| {
                self.hear_server(news);
                let place = self.exits.iter().position(|(pid, _)| Some(*pid) == worker.pid)?;
                Some(self.exits.swap_remove(place).1)
            }),
            Process::Guest(_) => None,
        };
        worker.process.kill();
        let signal = match exit {
            Some(Exit::Signal(signal)) if matches!(loss, Loss::Died | Loss::EndedByUs) => Some(signal),
            _ => None,
        };
        let how = match (loss, exit) {
            (Loss::Died | Loss::EndedByUs, Some(exit)) => exit.to_string(),
            _ => symptom,
        };
        let log = worker.last_words();
        tracing::warn!(key, pid = worker.pid, how, ?loss, "lost");
        worker.log.iter().for_each(logs::closed);
        let reason = logs::reason(worker.pid, &how, &log);
        match worker.state {
            State::Busy { slot } => {
                let death = Death { worker: slot, pid: worker.pid, how, signal, log };
                news.push(News::Lost { loss, death });
            }
            State::Idle { .. } | State::Leaving => {}
            State::Starting { .. } if worker.is_guest() => news.push(News::Barren { reason }),
            State::Starting { .. } => {
                self.stillbirths += 1;
                news.push(if self.stillbirths < STILLBIRTHS { News::Ready } else { News::Barren { reason } });
            }
        }
    }

    /// Gives up workers, and what is to fork them, that take too long to come.
    pub(super) fn end_late_starters(&mut self, news: &mut Vec<News>) {
        let now = now_ns();
        if self.nursery.end_overdue(&self.config, &self.allowance, now) {
            news.push(News::Ready);
        }
        let (allowance, within) = (&self.allowance, self.config.start_within);
        let overdue = |w: &&Worker| matches!(w.state, State::Starting { since_ns } if allowance.spent(since_ns, now) > within);
        for key in self.workers.iter().filter(overdue).map(|w| w.key).collect::<Vec<_>>() {
            let symptom = format!("it was started, and said nothing for {}", seconds(within));
            self.lose(key, Loss::Stalled, symptom, news);
        }
    }

    /// Whether nodes of the user's cluster had their time to join a run that began then; in words, if so.
    pub(crate) fn guests_are_late(&self, begun_ns: u64) -> Option<String> {
        let within = self.config.start_within;
        let late = self.allowance.spent(begun_ns, now_ns()) > within;
        late.then(|| format!("a node of the cluster did not join within {}", seconds(within)))
    }

    /// Gives up workers that are needed and do nothing at all: their process is stopped, or they read none of their messages.
    pub(super) fn end_stalled(&mut self, news: &mut Vec<News>) {
        let now = now_ns();
        if now < self.look_ns {
            return;
        }
        self.look_ns = now + LOOK_EVERY_NS;
        self.replace_stopped_server(now, news);
        let patience = self.config.patience;
        let mut stalled = Vec::new();
        for worker in &mut self.workers {
            let busy = matches!(worker.state, State::Busy { .. } | State::Leaving);
            if busy || !worker.responds() {
                worker.look(now);
            }
            let longer = |since: Option<u64>, than: Duration| {
                since.is_some_and(|since_ns| self.allowance.spent(since_ns, now) >= than)
            };
            if longer(worker.stopped_ns, patience.stopped) {
                let symptom = format!("its process was stopped for {}", seconds(patience.stopped));
                stalled.push((worker.key, symptom));
            } else if longer(worker.outbox.waits_since(), patience.unread) {
                let symptom = format!("it read none of its messages for {}", seconds(patience.unread));
                stalled.push((worker.key, symptom));
            }
        }
        for (key, symptom) in stalled {
            self.lose(key, Loss::Stalled, symptom, news);
        }
    }

    /// Workers that a stopped fork server was to fork are made in another way. Those that it has forked go on.
    fn replace_stopped_server(&mut self, now: u64, news: &mut Vec<News>) {
        let awaited = |w: &Worker| w.token.is_some() && matches!(w.state, State::Starting { .. });
        let needed = self.workers.iter().any(awaited);
        if !self.nursery.set_aside_stopped(needed, &self.allowance, self.config.patience.stopped, now) {
            return;
        }
        self.workers.retain(|worker| {
            if awaited(worker) {
                worker.log.iter().for_each(logs::closed);
            }
            !awaited(worker)
        });
        news.push(News::Ready);
    }
}

/// "10 s", "0.5 s".
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
