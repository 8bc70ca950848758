//! Grants of blocks to hosts.

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

/// A host that joined: for which blocks it has the data, and the elements that it has done.
#[derive(Debug)]
struct Joined {
    lost: bool,
    has: Vec<bool>,
    done: u64,
}

/// The blocks of a run, and who has which.
#[derive(Debug)]
pub struct Grants {
    sizes: Vec<Size>,
    blocks: Vec<Block>,
    hosts: Vec<Joined>,
}

impl Grants {
    /// All blocks are open, and no host has joined.
    #[must_use]
    pub fn new(sizes: Vec<Size>) -> Self {
        Grants { blocks: vec![Block::Open; sizes.len()], sizes, hosts: Vec::new() }
    }

    /// A host takes part from now on. `has`: for which blocks it has the data; blocks that are not told of, it does not.
    pub fn join(&mut self, mut has: Vec<bool>) -> Host {
        has.resize(self.blocks.len(), false);
        self.hosts.push(Joined { lost: false, has, done: 0 });
        Host(self.hosts.len() as u32 - 1)
    }

    /// Grants a host its next block, if there is one for it: the first of those that it has the data of, else the first whose data no living host
    /// has, of which one is left for each host that has no block, else one whose data is worth sending again. The run has taken `now` seconds, and
    /// `rate` bytes a second reach the host.
    pub fn next(&mut self, host: Host, now: f64, rate: f64) -> Option<usize> {
        let held = self.granted_to(host).count();
        if self.is_lost(host) || held >= AHEAD {
            return None;
        }
        let own = self.open().find(|&block| self.has(host, block));
        let next = own.or_else(|| self.nobodys(held)).or_else(|| self.moved(held, now, rate))?;
        self.blocks[next] = Block::Granted(host);
        self.hosts[host.0 as usize].has[next] = true;
        Some(next)
    }

    fn nobodys(&self, held: usize) -> Option<usize> {
        let mut free = self.open().filter(|&block| self.holder(block).is_none());
        let first = free.next()?;
        let without = self.living().filter(|&host| self.granted_to(host).next().is_none()).count();
        (held == 0 || free.count() >= without).then_some(first)
    }

    /// For a host without a block one that another has the data of, and would come to later than the data is sent, and not soon. The last: it is
    /// the smallest, and the other comes to it last.
    fn moved(&self, held: usize, now: f64, rate: f64) -> Option<usize> {
        if held > 0 {
            return None;
        }
        let waits: Vec<f64> =
            (0..self.hosts.len() as u32).map(|host| self.wait_for(Host(host), now)).collect();
        self.open().rev().find(|&block| {
            let bytes = self.sizes[block].bytes;
            let cost = if bytes <= LITTLE { 0.0 } else { PATIENCE + bytes as f64 / rate };
            self.holder(block).is_some_and(|holder| waits[holder.0 as usize] > cost)
        })
    }

    /// Seconds until a host has done the open blocks that it has the data of, if what it was granted is as good as done.
    fn wait_for(&self, host: Host, now: f64) -> f64 {
        let open: u64 =
            self.open().filter(|&block| self.has(host, block)).map(|block| self.sizes[block].elements).sum();
        let granted: u64 = self.granted_to(host).map(|block| self.sizes[block].elements).sum();
        let done = self.hosts[host.0 as usize].done + granted;
        if done == 0 {
            0.0
        } else {
            now * open as f64 / done as f64
        }
    }

    fn open(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (0..self.blocks.len()).filter(|&block| self.blocks[block] == Block::Open)
    }

    fn granted_to(&self, host: Host) -> impl Iterator<Item = usize> + '_ {
        (0..self.blocks.len()).filter(move |&block| self.blocks[block] == Block::Granted(host))
    }

    fn living(&self) -> impl Iterator<Item = Host> + '_ {
        (0..self.hosts.len() as u32).map(Host).filter(|&host| !self.is_lost(host))
    }

    fn has(&self, host: Host, block: usize) -> bool {
        self.hosts[host.0 as usize].has[block]
    }

    /// A living host that has the data of a block.
    fn holder(&self, block: usize) -> Option<Host> {
        self.living().find(|&host| self.has(host, block))
    }

    /// A host has handed in a block. False where the block is not the host's: that is not to be used.
    pub fn done(&mut self, host: Host, block: usize) -> bool {
        let own = self.end(host, block, Block::Done);
        if own {
            self.hosts[host.0 as usize].done += self.sizes[block].elements;
        }
        own
    }

    /// An element of a block failed: what is behind it is not wanted any more. False where the block is not the host's.
    pub fn failed(&mut self, host: Host, block: usize) -> bool {
        let own = self.end(host, block, Block::Over);
        if own {
            let behind = self.blocks.iter_mut().skip(block + 1);
            behind.filter(|state| !matches!(state, Block::Done)).for_each(|state| *state = Block::Over);
        }
        own
    }

    fn end(&mut self, host: Host, block: usize, state: Block) -> bool {
        let own = self.blocks.get(block) == Some(&Block::Granted(host));
        if own {
            self.blocks[block] = state;
        }
        own
    }

    /// A host is lost: its unfinished blocks are open again.
    pub fn lost(&mut self, host: Host) {
        if let Some(joined) = self.hosts.get_mut(host.0 as usize) {
            joined.lost = true;
        }
        let its = self.blocks.iter_mut().filter(|state| **state == Block::Granted(host));
        its.for_each(|state| *state = Block::Open);
    }

    fn is_lost(&self, host: Host) -> bool {
        self.hosts.get(host.0 as usize).is_none_or(|joined| joined.lost)
    }

    /// Whether a block is open or granted.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.blocks.iter().any(|state| matches!(state, Block::Open | Block::Granted(_)))
    }
}
