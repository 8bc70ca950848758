//! What a call over several hosts did, on the session's clock: what was said to hosts and when, and the logs of blocks that their engines wrote.
//! [`CallLog::merged`] makes one log of it, as of a run on one machine whose workers are those of all hosts.
use super::block_log::BlockLog;
use super::lanes::Lanes;
use super::merge::Merge;
use crate::id::PassId;
use crate::plan::Plan;
use crate::run::{Ended, EventLog, FailedElement, HostLife, Moved};

/// Instants of one message and its answer, in nanoseconds since 1970: two of the session's clock, and between them two of the host's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrip {
    /// The session began to send.
    pub asked: u64,
    /// The host had the message.
    pub came: u64,
    /// The host began to answer.
    pub answered: u64,
    /// The session had the answer.
    pub heard: u64,
}

impl RoundTrip {
    /// How long the two were on their way.
    fn on_the_way(&self) -> u64 {
        self.heard.saturating_sub(self.asked).saturating_sub(self.answered.saturating_sub(self.came))
    }

    /// By how much the host's clock is ahead, if both ways took the same time.
    fn ahead_ns(&self) -> i64 {
        let middle = |a: u64, b: u64| (a / 2 + b / 2) as i64;
        middle(self.came, self.answered) - middle(self.asked, self.heard)
    }
}

/// A host under one leader. `came` and `answered` of what moved are by its own clock until all is known.
#[derive(Debug, Default)]
struct Part {
    life: HostLife,
    best: Option<RoundTrip>,
}

/// Messages that are noted one by one, of each direction and host; of more, neighbours become one.
const MESSAGES: usize = 256;

/// The call so far.
#[derive(Debug)]
pub struct CallLog {
    begun: u64,
    parts: Vec<Part>,
    blocks: Vec<BlockLog>,
    /// Elements that were done before, of stages with these passes.
    reused: Vec<(Vec<PassId>, u64)>,
    /// Where the session could not use what a host had done.
    failed: Option<FailedElement>,
}

impl CallLog {
    /// A call that began at this moment, in nanoseconds since 1970.
    #[must_use]
    pub fn new(begun: u64) -> Self {
        CallLog { begun, parts: Vec::new(), blocks: Vec::new(), reused: Vec::new(), failed: None }
    }

    /// The number of the host that this leader leads, who is spoken to from `now` on.
    pub fn host(&mut self, name: &str, now: u64) -> usize {
        let known = self.parts.iter().position(|part| part.life.name == name && part.life.lost.is_none());
        known.unwrap_or_else(|| {
            let life = HostLife { name: name.to_owned(), joined_ns: now, ..HostLife::default() };
            self.parts.push(Part { life, best: None });
            self.parts.len() - 1
        })
    }

    /// A host answered: it was sent so many bytes, and sent so many back.
    pub fn heard(&mut self, host: usize, trip: RoundTrip, (sent, received): (u64, u64)) {
        let Some(part) = self.parts.get_mut(host) else { return };
        if part.best.is_none_or(|best| trip.on_the_way() < best.on_the_way()) {
            part.best = Some(trip);
        }
        note(&mut part.life.sent, Moved { from_ns: trip.asked, until_ns: trip.came, bytes: sent });
        note(
            &mut part.life.received,
            Moved { from_ns: trip.answered, until_ns: trip.heard, bytes: received },
        );
    }

    /// A host was lost, and why.
    pub fn lost(&mut self, host: usize, now: u64, why: &str) {
        if let Some(part) = self.parts.get_mut(host) {
            (part.life.left_ns, part.life.lost) = (now, Some(why.to_owned()));
        }
    }

    /// So many elements of passes that run together were done before.
    pub fn reused(&mut self, passes: Vec<PassId>, elements: u64) {
        self.reused.push((passes, elements));
    }

    /// The session could not use what a host had done of an element.
    pub fn failed(&mut self, pass: PassId, element: u64) {
        self.failed = Some(FailedElement { pass, element });
    }

    /// A host handed in a block.
    pub fn block(&mut self, block: BlockLog) {
        if block.host < self.parts.len() {
            self.blocks.push(block);
        }
    }

    /// How many places the workers of all hosts took.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.lanes().count()
    }

    fn lanes(&self) -> Lanes {
        Lanes::of(self.parts.len(), &self.blocks)
    }

    /// The log of the call that is over, for `plan`, which has its passes in their phases, and [`CallLog::places`] workers.
    /// O(chunks log chunks).
    #[must_use]
    pub fn merged(mut self, plan: &Plan, now: u64) -> EventLog {
        let lanes = self.lanes();
        let begun = self.begun;
        let wall_ns = now.saturating_sub(begun);
        let ahead: Vec<i64> =
            self.parts.iter().map(|part| part.best.map_or(0, |best| best.ahead_ns())).collect();
        let since = |ns: u64| ns.saturating_sub(begun).min(wall_ns);
        let here = |ns: u64, host: usize| since(ns.saturating_add_signed(-ahead[host]));
        for (host, part) in self.parts.iter_mut().enumerate() {
            let life = &mut part.life;
            (life.first, life.workers) = lanes.of_host(host);
            life.joined_ns = since(life.joined_ns);
            life.left_ns = if life.lost.is_some() { since(life.left_ns) } else { wall_ns };
            for moved in &mut life.sent {
                (moved.from_ns, moved.until_ns) = (since(moved.from_ns), here(moved.until_ns, host));
            }
            for moved in &mut life.received {
                (moved.from_ns, moved.until_ns) = (here(moved.from_ns, host), since(moved.until_ns));
            }
            // What clocks say of short ways is not exact.
            for moved in life.sent.iter_mut().chain(&mut life.received) {
                moved.until_ns = moved.until_ns.max(moved.from_ns);
            }
        }
        let hosts = self.parts.into_iter().map(|part| part.life).collect();
        let mut merge = Merge::new(plan, &lanes, EventLog { begun, wall_ns, hosts, ..EventLog::default() });
        // The first error counts: by phase, then by element.
        let mut blocks: Vec<(usize, &BlockLog)> = self.blocks.iter().enumerate().collect();
        blocks.sort_by_key(|(_, block)| (phase(plan, block), block.before));
        for (nth, block) in blocks {
            merge.add(nth, block, here(block.log.begun, block.host));
        }
        for (passes, elements) in self.reused {
            merge.reuse(&passes, elements);
        }
        let mut log = merge.done();
        if let Some(failed) = self.failed.filter(|_| log.ended == Ended::Done) {
            log.ended = Ended::Failed(failed);
        }
        log
    }
}

fn phase(plan: &Plan, block: &BlockLog) -> u32 {
    let first = block.passes.first().and_then(|pass| plan.spec().passes.get(pass.index()));
    first.map_or(0, |pass| pass.phase)
}

/// Notes a message that carried something.
fn note(all: &mut Vec<Moved>, moved: Moved) {
    if moved.bytes == 0 {
        return;
    }
    all.push(moved);
    if all.len() > MESSAGES {
        let pair = |two: &[Moved]| Moved {
            until_ns: two[two.len() - 1].until_ns,
            bytes: two.iter().map(|one| one.bytes).sum(),
            ..two[0]
        };
        *all = all.chunks(2).map(pair).collect();
    }
}
