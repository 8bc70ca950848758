//! The order of stages: their ids, which is the order in which workers look for work, and in which a bounded memory lets
//! them begin. Of the stages that wait for nothing, the one whose end frees most memory goes first, then the one with the
//! longest way behind it, then the one named first.
use super::{CallSpec, Source};
use crate::graph::Scope;
use crate::id::PassId;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// What a stage reads, and what it makes.
struct StageIo {
    /// Stages that it waits for.
    before: BTreeSet<usize>,
    /// What it reads that goes when its last reader is through.
    reads: BTreeSet<Buffer>,
    /// Bytes that it makes.
    makes: u64,
}

/// Something that takes memory: a scoped variable, or a pass's results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Buffer {
    Data(usize),
    Result(usize),
}

/// The stages in order. `leaves` says whose results leave their stage. O(stages log stages + sources).
pub(super) fn order(spec: &CallSpec, mut stages: Vec<Vec<PassId>>, leaves: &[bool]) -> Vec<Vec<PassId>> {
    let mut stage_of = vec![0usize; spec.passes.len()];
    for (stage, passes) in stages.iter().enumerate() {
        passes.iter().for_each(|pass| stage_of[pass.index()] = stage);
    }
    let all = stages.iter().enumerate();
    let io: Vec<StageIo> =
        all.map(|(stage, passes)| stage_io(spec, stage, passes, &stage_of, leaves)).collect();
    let mut after = vec![Vec::new(); stages.len()];
    let mut waits: Vec<usize> = io.iter().map(|stage| stage.before.len()).collect();
    for (stage, io) in io.iter().enumerate() {
        io.before.iter().for_each(|&before| after[before].push(stage));
    }
    let mut queue = Queue::new(spec, &io, &stages);
    (0..stages.len()).filter(|&stage| waits[stage] == 0).for_each(|stage| queue.add(stage));
    let mut ordered = Vec::with_capacity(stages.len());
    while let Some(stage) = queue.take() {
        for &next in &after[stage] {
            waits[next] -= 1;
            if waits[next] == 0 {
                queue.add(next);
            }
        }
        ordered.push(std::mem::take(&mut stages[stage]));
    }
    ordered
}

/// What decides between stages, the best last: memory that its end frees, the way behind it, its name.
type Rank = (i128, u64, Reverse<Option<PassId>>, usize);

/// Stages that wait for nothing. What one of them frees changes when it becomes the last to read something.
struct Queue<'a> {
    spec: &'a CallSpec,
    io: &'a [StageIo],
    behind: Vec<u64>,
    named: Vec<Option<PassId>>,
    freed: Vec<i128>,
    /// How many still read a buffer (the caller is one, of what is wanted), and who reads it at all.
    readers: HashMap<Buffer, (usize, Vec<usize>)>,
    ready: BTreeSet<Rank>,
    taken: Vec<bool>,
}

impl Queue<'_> {
    fn new<'a>(spec: &'a CallSpec, io: &'a [StageIo], stages: &[Vec<PassId>]) -> Queue<'a> {
        let mut readers: HashMap<Buffer, (usize, Vec<usize>)> = HashMap::new();
        for (stage, io) in io.iter().enumerate() {
            for buffer in &io.reads {
                let (count, who) = readers.entry(*buffer).or_default();
                *count += 1;
                who.push(stage);
            }
        }
        for pass in &spec.gather {
            readers.entry(Buffer::Result(pass.index())).or_default().0 += 1;
        }
        let mut queue = Queue {
            spec,
            io,
            behind: ways_behind(io),
            named: stages.iter().map(|passes| passes.iter().min().copied()).collect(),
            freed: io.iter().map(|stage| -i128::from(stage.makes)).collect(),
            readers,
            ready: BTreeSet::new(),
            taken: vec![false; stages.len()],
        };
        for (stage, io) in io.iter().enumerate() {
            let last = io.reads.iter().filter(|buffer| queue.readers[buffer].0 == 1);
            queue.freed[stage] += last.map(|buffer| queue.bytes(buffer)).sum::<i128>();
        }
        queue
    }

    fn bytes(&self, buffer: &Buffer) -> i128 {
        i128::from(match *buffer {
            Buffer::Data(data) => self.spec.resources[data].bytes,
            Buffer::Result(pass) => self.spec.passes[pass].bytes,
        })
    }

    fn rank(&self, stage: usize) -> Rank {
        (self.freed[stage], self.behind[stage], Reverse(self.named[stage]), stage)
    }

    fn add(&mut self, stage: usize) {
        self.ready.insert(self.rank(stage));
    }

    /// The best of them.
    fn take(&mut self) -> Option<usize> {
        let (_, _, _, stage) = self.ready.pop_last()?;
        self.taken[stage] = true;
        for buffer in &self.io[stage].reads {
            let Some((count, who)) = self.readers.get_mut(buffer) else { continue };
            *count -= 1;
            let left = if *count == 1 { who.iter().find(|&&reader| !self.taken[reader]) } else { None };
            if let Some(&last) = left {
                let was_ready = self.ready.remove(&self.rank(last));
                self.freed[last] += self.bytes(buffer);
                if was_ready {
                    self.add(last);
                }
            }
        }
        Some(stage)
    }
}

fn stage_io(
    spec: &CallSpec,
    stage: usize,
    passes: &[PassId],
    stage_of: &[usize],
    leaves: &[bool],
) -> StageIo {
    let mut io = StageIo { before: BTreeSet::new(), reads: BTreeSet::new(), makes: 0 };
    for pass in passes {
        let call = &spec.passes[pass.index()];
        if leaves[pass.index()] {
            io.makes = io.makes.saturating_add(call.bytes);
        }
        for source in call.sources() {
            match source {
                Source::Data(data) if spec.resources[data.index()].scope == Scope::Scoped => {
                    io.reads.insert(Buffer::Data(data.index()));
                }
                Source::Data(_) => {}
                Source::Each(other) | Source::Whole(other) => {
                    if stage_of[other.index()] != stage {
                        io.reads.insert(Buffer::Result(other.index()));
                        io.before.insert(stage_of[other.index()]);
                    }
                }
            }
        }
    }
    io
}

/// How many stages stand on the longest way that begins at each. Stages come in dependence order.
fn ways_behind(io: &[StageIo]) -> Vec<u64> {
    let mut behind = vec![1u64; io.len()];
    for stage in (0..io.len()).rev() {
        for &before in &io[stage].before {
            behind[before] = behind[before].max(behind[stage] + 1);
        }
    }
    behind
}
