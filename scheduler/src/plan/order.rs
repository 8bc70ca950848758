//! The order of stages: their ids, which is the order in which workers look for work, and in which a bounded memory lets
//! them begin. Of the stages that wait for nothing, the one whose end frees most memory goes first, then the one with the
//! longest way behind it, then the one named first.
use super::{CallSpec, Source};
use crate::graph::Scope;
use crate::id::PassId;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// What a stage reads, and what it makes.
struct Traffic {
    /// Stages that it waits for.
    before: BTreeSet<usize>,
    /// What it reads that goes when its last reader is through.
    reads: BTreeSet<Thing>,
    /// Bytes that it makes.
    makes: u64,
}

/// Something that takes memory: a scoped variable, or a pass's results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Thing {
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
    let traffic: Vec<Traffic> =
        all.map(|(stage, passes)| traffic(spec, stage, passes, &stage_of, leaves)).collect();
    let mut after = vec![Vec::new(); stages.len()];
    let mut waits: Vec<usize> = traffic.iter().map(|stage| stage.before.len()).collect();
    for (stage, traffic) in traffic.iter().enumerate() {
        traffic.before.iter().for_each(|&before| after[before].push(stage));
    }
    let mut queue = Queue::new(spec, &traffic, &stages);
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
    traffic: &'a [Traffic],
    behind: Vec<u64>,
    named: Vec<Option<PassId>>,
    freed: Vec<i128>,
    /// How many still read a thing (the caller is one, of what is wanted), and who reads it at all.
    readers: HashMap<Thing, (usize, Vec<usize>)>,
    ready: BTreeSet<Rank>,
    taken: Vec<bool>,
}

impl Queue<'_> {
    fn new<'a>(spec: &'a CallSpec, traffic: &'a [Traffic], stages: &[Vec<PassId>]) -> Queue<'a> {
        let mut readers: HashMap<Thing, (usize, Vec<usize>)> = HashMap::new();
        for (stage, traffic) in traffic.iter().enumerate() {
            for thing in &traffic.reads {
                let (count, who) = readers.entry(*thing).or_default();
                *count += 1;
                who.push(stage);
            }
        }
        for pass in &spec.gather {
            readers.entry(Thing::Result(pass.index())).or_default().0 += 1;
        }
        let mut queue = Queue {
            spec,
            traffic,
            behind: ways_behind(traffic),
            named: stages.iter().map(|passes| passes.iter().min().copied()).collect(),
            freed: traffic.iter().map(|stage| -i128::from(stage.makes)).collect(),
            readers,
            ready: BTreeSet::new(),
            taken: vec![false; stages.len()],
        };
        for (stage, traffic) in traffic.iter().enumerate() {
            let last = traffic.reads.iter().filter(|thing| queue.readers[thing].0 == 1);
            queue.freed[stage] += last.map(|thing| queue.bytes(thing)).sum::<i128>();
        }
        queue
    }

    fn bytes(&self, thing: &Thing) -> i128 {
        i128::from(match *thing {
            Thing::Data(data) => self.spec.resources[data].bytes,
            Thing::Result(pass) => self.spec.passes[pass].bytes,
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
        for thing in &self.traffic[stage].reads {
            let Some((count, who)) = self.readers.get_mut(thing) else { continue };
            *count -= 1;
            let left = if *count == 1 { who.iter().find(|&&reader| !self.taken[reader]) } else { None };
            if let Some(&last) = left {
                let was_ready = self.ready.remove(&self.rank(last));
                self.freed[last] += self.bytes(thing);
                if was_ready {
                    self.add(last);
                }
            }
        }
        Some(stage)
    }
}

fn traffic(spec: &CallSpec, stage: usize, passes: &[PassId], stage_of: &[usize], leaves: &[bool]) -> Traffic {
    let mut traffic = Traffic { before: BTreeSet::new(), reads: BTreeSet::new(), makes: 0 };
    for pass in passes {
        let call = &spec.passes[pass.index()];
        if leaves[pass.index()] {
            traffic.makes = traffic.makes.saturating_add(call.bytes);
        }
        for source in call.sources() {
            match source {
                Source::Data(data) if spec.resources[data.index()].scope == Scope::Scoped => {
                    traffic.reads.insert(Thing::Data(data.index()));
                }
                Source::Data(_) => {}
                Source::Each(other) | Source::Whole(other) => {
                    if stage_of[other.index()] != stage {
                        traffic.reads.insert(Thing::Result(other.index()));
                        traffic.before.insert(stage_of[other.index()]);
                    }
                }
            }
        }
    }
    traffic
}

/// How many stages stand on the longest way that begins at each. Stages come in dependence order.
fn ways_behind(traffic: &[Traffic]) -> Vec<u64> {
    let mut behind = vec![1u64; traffic.len()];
    for stage in (0..traffic.len()).rev() {
        for &before in &traffic[stage].before {
            behind[before] = behind[before].max(behind[stage] + 1);
        }
    }
    behind
}
