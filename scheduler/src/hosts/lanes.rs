//! Which place of the call each worker of each block has. Blocks number their workers from 0 on, and two blocks of a host may run side by side: a
//! process has one place in all, and so has whoever took over from one that died.
use std::collections::HashMap;

use super::block_log::BlockLog;
use crate::id::WorkerId;

/// The places of all.
#[derive(Debug)]
pub(super) struct Lanes {
    /// Of each host how many places there are before its own, and how many its own are.
    hosts: Vec<(u32, u32)>,
    /// Of each block, those of its host that its workers have.
    blocks: Vec<Vec<u32>>,
}

impl Lanes {
    /// O(blocks x workers).
    pub(super) fn of(hosts: usize, blocks: &[BlockLog]) -> Lanes {
        let mut known: Vec<HashMap<u32, u32>> = vec![HashMap::new(); hosts];
        let mut counts = vec![0u32; hosts];
        let of_block = |block: &BlockLog| {
            let mut own: HashMap<WorkerId, u32> = HashMap::new();
            for life in &block.log.workers {
                let pids = &mut known[block.host];
                // One of whom nothing is known is its place.
                let pid = life.pid.unwrap_or(u32::MAX - life.worker.0);
                let place = own.get(&life.worker).or_else(|| pids.get(&pid)).copied();
                let place = place.unwrap_or_else(|| {
                    counts[block.host] += 1;
                    counts[block.host] - 1
                });
                own.insert(life.worker, place);
                pids.entry(pid).or_insert(place);
            }
            let workers = block.plan.workers();
            (0..workers).map(|worker| own.get(&WorkerId(worker)).copied().unwrap_or(u32::MAX)).collect()
        };
        let blocks = blocks.iter().map(of_block).collect();
        let ends = counts.iter().scan(0, |end, count| {
            *end += count;
            Some(*end)
        });
        let hosts = ends.zip(&counts).map(|(end, &count)| (end - count, count)).collect();
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
