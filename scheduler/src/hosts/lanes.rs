//! Which place of the call each worker of each block has. Blocks number their workers from 0 on, and two blocks of a host may run side by side: a
//! process has one place in all, that of one that died before where there is such a place.
use std::collections::HashMap;

use super::block_log::BlockLog;
use crate::id::WorkerId;
use crate::run::WorkerLife;

/// The places of all.
#[derive(Debug)]
pub(super) struct Lanes {
    /// Of each host how many places there are before its own, and how many its own are.
    hosts: Vec<(u32, u32)>,
    /// Of each block, those of its host that its workers have.
    blocks: Vec<Vec<u32>>,
}

/// A process: when it was first there, and when it died, by its host's clock.
#[derive(Clone, Copy)]
struct Process {
    joined: u64,
    died: Option<u64>,
}

impl Lanes {
    /// O(blocks x workers + processes of a host squared).
    pub(super) fn of(hosts: usize, blocks: &[BlockLog]) -> Lanes {
        let mut processes: Vec<HashMap<u32, Process>> = vec![HashMap::new(); hosts];
        for block in blocks {
            for life in &block.log.workers {
                let at = |ns: u64| block.log.begun.saturating_add(ns);
                let (joined, died) = (at(life.joined_ns), life.died.as_ref().map(|_| at(life.left_ns)));
                let known = processes[block.host].entry(pid(life)).or_insert(Process { joined, died });
                *known = Process { joined: known.joined.min(joined), died: known.died.or(died) };
            }
        }
        let lanes: Vec<(HashMap<u32, u32>, u32)> = processes.iter().map(places).collect();
        let of_block = |block: &BlockLog| {
            let of_worker = |worker: u32| {
                let life = block.log.workers.iter().find(|life| life.worker.0 == worker);
                life.and_then(|life| lanes[block.host].0.get(&pid(life)).copied()).unwrap_or(u32::MAX)
            };
            (0..block.plan.workers()).map(of_worker).collect()
        };
        let blocks = blocks.iter().map(of_block).collect();
        let ends = lanes.iter().scan(0, |end, (_, count)| {
            *end += count;
            Some(*end)
        });
        let hosts = ends.zip(&lanes).map(|(end, &(_, count))| (end - count, count)).collect();
        Lanes { hosts, blocks }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.hosts.last().map_or(0, |(before, count)| before + count)
    }

    /// The first of a host, and how many it has.
    pub(super) fn of_host(&self, host: usize) -> (u32, u32) {
        self.hosts.get(host).copied().unwrap_or_default()
    }

    /// That of a block's worker, of whom something is known.
    pub(super) fn of_worker(&self, host: usize, block: usize, worker: WorkerId) -> Option<WorkerId> {
        let own = *self.blocks.get(block)?.get(worker.index())?;
        let (before, count) = self.of_host(host);
        (own < count).then_some(WorkerId(before + own))
    }
}

/// One of whom nothing is known is its place.
fn pid(life: &WorkerLife) -> u32 {
    life.pid.unwrap_or(u32::MAX - life.worker.0)
}

/// The place of each process of a host, and how many there are.
fn places(processes: &HashMap<u32, Process>) -> (HashMap<u32, u32>, u32) {
    let mut order: Vec<(u32, Process)> = processes.iter().map(|(pid, process)| (*pid, *process)).collect();
    order.sort_unstable_by_key(|(pid, process)| (process.joined, *pid));
    // When whoever has a place dies.
    let mut until: Vec<Option<u64>> = Vec::new();
    let of = order.into_iter().map(|(pid, Process { joined, died })| {
        let free = until.iter().position(|until| until.is_some_and(|until| until <= joined));
        let place = free.unwrap_or_else(|| {
            until.push(None);
            until.len() - 1
        });
        until[place] = died;
        (pid, place as u32)
    });
    let of = of.collect();
    (of, until.len() as u32)
}
