//! Grants of blocks to hosts.
use std::collections::BTreeSet;

/// A host of the run, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host(pub u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Open,
    Granted(Host),
    Done,
    /// It failed, or nobody wants it any more.
    Over,
}

/// Blocks that a host has at a time: the next is there before the last is done.
const AHEAD: usize = 2;

/// Data of so many bytes travels with the grant, at no cost to speak of.
const LITTLE: u64 = 4096;

/// A host is left without work for so many seconds before more data than that is sent a second time: the way from the session is shared by all
/// hosts, and what is sent takes memory there for as long as it is of use.
const PATIENCE: f64 = 1.0;

/// How large a block is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Its elements.
    pub elements: u64,
    /// The bytes of its data. They matter where a host has it from an earlier run.
    pub bytes: u64,
}

/// A host that joined.
#[derive(Debug, Default)]
struct Joined {
    lost: bool,
    /// The blocks that it has the data of.
    has: BTreeSet<usize>,
    /// Of these the open ones.
    open: BTreeSet<usize>,
    granted: Vec<usize>,
    /// Elements that it has done.
    done: u64,
}

/// The blocks of a run, and who has which. A grant takes O(log blocks + hosts); where data may be moved, O(blocks + hosts).
#[derive(Debug)]
pub struct Grants {
    sizes: Vec<Size>,
    blocks: Vec<Block>,
    hosts: Vec<Joined>,
    /// The living hosts that have the data of a block, by block.
    holders: Vec<Vec<Host>>,
    /// Open blocks whose data no living host has.
    nobodys: BTreeSet<usize>,
    /// The other open blocks.
    held: BTreeSet<usize>,
    /// Blocks that are open or granted.
    under_way: usize,
}

impl Grants {
    /// All blocks are open, and no host has joined.
    #[must_use]
    pub fn new(sizes: Vec<Size>) -> Self {
        let count = sizes.len();
        Grants {
            sizes,
            blocks: vec![Block::Open; count],
            hosts: Vec::new(),
            holders: vec![Vec::new(); count],
            nobodys: (0..count).collect(),
            held: BTreeSet::new(),
            under_way: count,
        }
    }

    /// A host takes part from now on. `has`: for which blocks it has the data; blocks that are not told of, it does not.
    pub fn join(&mut self, has: &[bool]) -> Host {
        let host = Host(self.hosts.len() as u32);
        self.hosts.push(Joined::default());
        let told = has.iter().take(self.blocks.len());
        told.enumerate().filter(|(_, has)| **has).for_each(|(block, _)| self.gets_data(host, block));
        host
    }

    fn gets_data(&mut self, host: Host, block: usize) {
        let joined = &mut self.hosts[host.0 as usize];
        if !joined.has.insert(block) {
            return;
        }
        self.holders[block].push(host);
        if self.blocks[block] == Block::Open {
            joined.open.insert(block);
            self.nobodys.remove(&block);
            self.held.insert(block);
        }
    }

    /// Grants a host its next block, if there is one for it: the first of those that it has the data of, else the first whose data no living host
    /// has, of which one is left for each host that has no block, else one whose data is worth sending again. The run has taken `now` seconds, and
    /// `rate` bytes a second reach the host.
    pub fn next(&mut self, host: Host, now: f64, rate: f64) -> Option<usize> {
        let joined = self.hosts.get(host.0 as usize).filter(|joined| !joined.lost)?;
        let has = joined.granted.len();
        if has >= AHEAD {
            return None;
        }
        let own = joined.open.first().copied();
        let next = own.or_else(|| self.of_nobody(has)).or_else(|| self.moved(has, now, rate))?;
        self.set(next, Block::Granted(host));
        self.gets_data(host, next);
        Some(next)
    }

    fn of_nobody(&self, has: usize) -> Option<usize> {
        let first = *self.nobodys.first()?;
        let without = self.hosts.iter().filter(|joined| !joined.lost && joined.granted.is_empty()).count();
        (has == 0 || self.nobodys.len() > without).then_some(first)
    }

    /// For a host without a block one that another has the data of, and would come to later than the data is sent, and not soon. The last: it is
    /// the smallest, and the other comes to it last.
    fn moved(&self, has: usize, now: f64, rate: f64) -> Option<usize> {
        if has > 0 || self.held.is_empty() {
            return None;
        }
        let waits: Vec<f64> = self.hosts.iter().map(|joined| self.wait_for(joined, now)).collect();
        self.held.iter().rev().copied().find(|&block| {
            let bytes = self.sizes[block].bytes;
            let cost = if bytes <= LITTLE { 0.0 } else { PATIENCE + bytes as f64 / rate };
            self.holders[block].first().is_some_and(|holder| waits[holder.0 as usize] > cost)
        })
    }

    /// Seconds until a host has done the open blocks that it has the data of, if what it was granted is as good as done.
    fn wait_for(&self, joined: &Joined, now: f64) -> f64 {
        let elements = |blocks: &mut dyn Iterator<Item = &usize>| -> u64 {
            blocks.map(|&block| self.sizes[block].elements).sum()
        };
        let done = joined.done + elements(&mut joined.granted.iter());
        if done == 0 {
            0.0
        } else {
            now * elements(&mut joined.open.iter()) as f64 / done as f64
        }
    }

    /// A block has another state from now on.
    fn set(&mut self, block: usize, state: Block) {
        match std::mem::replace(&mut self.blocks[block], state) {
            Block::Open => {
                self.nobodys.remove(&block);
                self.held.remove(&block);
                for host in &self.holders[block] {
                    self.hosts[host.0 as usize].open.remove(&block);
                }
            }
            Block::Granted(host) => self.hosts[host.0 as usize].granted.retain(|&own| own != block),
            Block::Done | Block::Over => self.under_way += 1,
        }
        match state {
            Block::Open if self.holders[block].is_empty() => {
                self.nobodys.insert(block);
            }
            Block::Open => {
                self.held.insert(block);
                for host in &self.holders[block] {
                    self.hosts[host.0 as usize].open.insert(block);
                }
            }
            Block::Granted(host) => self.hosts[host.0 as usize].granted.push(block),
            Block::Done | Block::Over => self.under_way -= 1,
        }
    }

    /// A host has handed in a block. False where the block is not the host's: that is not to be used.
    pub fn done(&mut self, host: Host, block: usize) -> bool {
        let own = self.is_granted(host, block);
        if own {
            self.set(block, Block::Done);
            self.hosts[host.0 as usize].done += self.sizes[block].elements;
        }
        own
    }

    /// An element of a block failed: what is behind it is not wanted any more. False where the block is not the host's.
    pub fn failed(&mut self, host: Host, block: usize) -> bool {
        let own = self.is_granted(host, block);
        if own {
            self.set(block, Block::Over);
            for behind in block + 1..self.blocks.len() {
                if self.blocks[behind] != Block::Done {
                    self.set(behind, Block::Over);
                }
            }
        }
        own
    }

    fn is_granted(&self, host: Host, block: usize) -> bool {
        self.blocks.get(block) == Some(&Block::Granted(host))
    }

    /// A host is lost: its unfinished blocks are open again.
    pub fn lost(&mut self, host: Host) {
        let Some(joined) = self.hosts.get_mut(host.0 as usize) else { return };
        joined.lost = true;
        joined.open.clear();
        let granted = joined.granted.clone();
        for block in std::mem::take(&mut joined.has) {
            self.holders[block].retain(|holder| *holder != host);
            if self.holders[block].is_empty() && self.held.remove(&block) {
                self.nobodys.insert(block);
            }
        }
        granted.into_iter().for_each(|block| self.set(block, Block::Open));
    }

    /// Whether a block is open or granted.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way > 0
    }
}
