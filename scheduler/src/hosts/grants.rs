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

/// The blocks of a run, and who has which.
#[derive(Debug)]
pub struct Grants {
    blocks: Vec<Block>,
    /// Of each host that joined.
    lost: Vec<bool>,
}

impl Grants {
    /// All blocks are open, and no host has joined.
    #[must_use]
    pub fn new(blocks: usize) -> Self {
        Grants { blocks: vec![Block::Open; blocks], lost: Vec::new() }
    }

    /// A host takes part from now on.
    pub fn join(&mut self) -> Host {
        self.lost.push(false);
        Host(self.lost.len() as u32 - 1)
    }

    /// Grants a host its next block, if there is one for it: the first of those that it has the data of, else the first whose data no living host
    /// has, else the first. Of the latter two one is left for each host that has no block. `data[host][block]` says who has what.
    pub fn next(&mut self, host: Host, data: &[Vec<bool>]) -> Option<usize> {
        let held = self.held_by(host);
        if self.is_lost(host) || held >= AHEAD {
            return None;
        }
        let has = |host: usize, block: usize| {
            data.get(host).and_then(|blocks| blocks.get(block)).copied().unwrap_or(false)
        };
        let elsewhere =
            |block: usize| (0..self.lost.len()).any(|other| !self.lost[other] && has(other, block));
        let open = || (0..self.blocks.len()).filter(|&block| self.blocks[block] == Block::Open);
        let spare = held == 0 || open().count() > self.hosts_without();
        let next = open()
            .find(|&block| has(host.0 as usize, block))
            .or_else(|| open().filter(|_| spare).find(|&block| !elsewhere(block)))
            .or_else(|| open().find(|_| spare))?;
        self.blocks[next] = Block::Granted(host);
        Some(next)
    }

    fn held_by(&self, host: Host) -> usize {
        self.blocks.iter().filter(|state| **state == Block::Granted(host)).count()
    }

    /// How many living hosts have no block.
    fn hosts_without(&self) -> usize {
        let living = (0..self.lost.len() as u32).map(Host).filter(|&host| !self.is_lost(host));
        living.filter(|&host| self.held_by(host) == 0).count()
    }

    /// A host has handed in a block. False where the block is not the host's: that is not to be used.
    pub fn done(&mut self, host: Host, block: usize) -> bool {
        self.end(host, block, Block::Done)
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
        if let Some(lost) = self.lost.get_mut(host.0 as usize) {
            *lost = true;
        }
        let its = self.blocks.iter_mut().filter(|state| **state == Block::Granted(host));
        its.for_each(|state| *state = Block::Open);
    }

    fn is_lost(&self, host: Host) -> bool {
        self.lost.get(host.0 as usize).copied().unwrap_or(true)
    }

    /// Whether a block is open or granted.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.blocks.iter().any(|state| matches!(state, Block::Open | Block::Granted(_)))
    }
}
