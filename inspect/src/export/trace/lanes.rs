//! Which process and thread of the trace each chunk belongs to.
//!
//! A worker's process has its real id, where that is known and no other worker's is the same. Slices of a thread must nest; a worker
//! has one chunk at a time, so one thread is enough. Should a log ever say otherwise, what overlaps goes to a second thread.
use super::event::{Event, Thread};
use super::units::ns;
use crate::hosts::host_of;
use crate::run_view::{RunView, WorkerView};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

/// Numbers above every process id of Linux (at most 2^22): for what has none of its own.
const FREE: u32 = 4_194_305;

/// The processes and threads of a trace.
pub(super) struct Lanes {
    own: u32,
    lives: Vec<Life>,
    /// The thread of each chunk.
    chunks: Vec<Thread>,
}

/// A worker from its start to its end.
struct Life {
    worker: u32,
    pid: u32,
    joined: u64,
    /// Its threads, and until when each is taken.
    threads: Vec<(u32, u64)>,
}

/// Hands out ids that nobody has.
struct Ids {
    taken: HashSet<u32>,
    next: u32,
}

impl Ids {
    fn free(&mut self) -> u32 {
        while !self.taken.insert(self.next) {
            self.next = self.next.wrapping_add(1);
        }
        self.next
    }
}

impl Lanes {
    pub(super) fn of(run: &RunView) -> Lanes {
        // What is known comes first: an id that is free must not be one that a worker has.
        let taken: HashSet<u32> = run.workers.iter().filter_map(|worker| worker.pid).collect();
        let mut ids = Ids { taken, next: FREE };
        let own = ids.free();
        let mut seen = HashSet::new();
        let mut life = |worker: &WorkerView| {
            let pid = match worker.pid {
                Some(pid) if pid > 0 && seen.insert(pid) => pid,
                _ => ids.free(),
            };
            Life { worker: worker.worker, pid, joined: ns(worker.joined), threads: vec![(pid, 0)] }
        };
        let mut lives: Vec<Life> = run.workers.iter().map(&mut life).collect();
        lives.sort_by_key(|life| (life.worker, life.joined));
        let mut lanes =
            Lanes { own, lives, chunks: vec![Thread { pid: own, tid: own }; run.chunks.stage.len()] };
        let mut order: Vec<usize> = (0..run.chunks.stage.len()).collect();
        order.sort_by_key(|&chunk| (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk])));
        for chunk in order {
            let (from, to) = (ns(run.chunks.started[chunk]), ns(run.chunks.ended[chunk]));
            let life = lanes.life(run.chunks.worker[chunk], from, &mut ids);
            let life = &mut lanes.lives[life];
            let thread = match life.threads.iter().position(|&(_, until)| until <= from) {
                Some(place) => place,
                None => {
                    life.threads.push((ids.free(), 0));
                    life.threads.len() - 1
                }
            };
            life.threads[thread].1 = to.max(from);
            lanes.chunks[chunk] = Thread { pid: life.pid, tid: life.threads[thread].0 };
        }
        lanes
    }

    /// Who had this place at this time: who came last before, else the first.
    fn life(&mut self, worker: u32, at: u64, ids: &mut Ids) -> usize {
        let mine = || self.lives.iter().enumerate().filter(|(_, life)| life.worker == worker);
        let found = mine().rfind(|(_, life)| life.joined <= at).or_else(|| mine().next());
        match found.map(|(place, _)| place) {
            Some(place) => place,
            None => {
                let pid = ids.free();
                self.lives.push(Life { worker, pid, joined: 0, threads: vec![(pid, 0)] });
                self.lives.len() - 1
            }
        }
    }

    /// The process of the run as a whole.
    pub(super) fn own(&self) -> Thread {
        Thread { pid: self.own, tid: self.own }
    }

    pub(super) fn of_chunk(&self, chunk: usize) -> Thread {
        self.chunks[chunk]
    }

    /// Names and order of processes and threads, and where workers died.
    pub(super) fn name(&self, run: &RunView, events: &mut Vec<Event>) {
        name_one(self.own(), "run", "events", 0, events);
        let mut before: BTreeMap<u32, u32> = BTreeMap::new();
        for (place, life) in self.lives.iter().enumerate() {
            let nth = before.entry(life.worker).or_default();
            let name = match *nth {
                0 => format!("worker {}", life.worker),
                1 => format!("worker {} (replacement)", life.worker),
                n => format!("worker {} (replacement {n})", life.worker),
            };
            *nth += 1;
            let name = host_of(&run.hosts, life.worker)
                .map_or(name.clone(), |host| format!("{name}, {}", host.name));
            for &(tid, _) in &life.threads {
                name_one(Thread { pid: life.pid, tid }, &name, "chunks", place + 1, events);
            }
        }
        for worker in run.workers.iter().filter(|worker| worker.died.is_some()) {
            let life = self.lives.iter().find(|l| l.worker == worker.worker && l.joined == ns(worker.joined));
            let at = life.map_or(self.own(), |life| Thread { pid: life.pid, tid: life.pid });
            let name = format!("worker {} died", worker.worker);
            events
                .push(Event::instant(name, "death", at, ns(worker.left)).with(json!({ "how": worker.died })));
        }
    }
}

fn name_one(at: Thread, process: &str, thread: &str, place: usize, events: &mut Vec<Event>) {
    if at.pid == at.tid {
        events.push(Event::meta("process_name", at, json!({ "name": process })));
        events.push(Event::meta("process_sort_index", at, json!({ "sort_index": place })));
    }
    events.push(Event::meta("thread_name", at, json!({ "name": thread })));
}
