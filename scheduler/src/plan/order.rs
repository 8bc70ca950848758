//! The order of stages: their ids, which is the order in which workers look for work, and in which a bounded memory lets
//! them begin. Of the stages that wait for nothing, the one whose end frees most memory goes first, then the one with the
//! longest way behind it, then the one named first.
use super::{CallSpec, Source};
use crate::graph::Scope;
use crate::id::PassId;
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

/// The stages in order. `leaves` says whose results leave their stage. O(stages² + sources).
pub(super) fn order(spec: &CallSpec, mut stages: Vec<Vec<PassId>>, leaves: &[bool]) -> Vec<Vec<PassId>> {
    let mut stage_of = vec![0usize; spec.passes.len()];
    for (stage, passes) in stages.iter().enumerate() {
        passes.iter().for_each(|pass| stage_of[pass.index()] = stage);
    }
    let traffic: Vec<Traffic> = stages
        .iter()
        .enumerate()
        .map(|(stage, passes)| traffic(spec, stage, passes, &stage_of, leaves))
        .collect();
    let behind = ways_behind(&traffic);
    let named: Vec<Option<PassId>> = stages.iter().map(|passes| passes.iter().min().copied()).collect();
    let mut readers: HashMap<Thing, usize> = HashMap::new();
    for thing in traffic.iter().flat_map(|stage| &stage.reads) {
        *readers.entry(*thing).or_default() += 1;
    }
    for pass in &spec.gather {
        *readers.entry(Thing::Result(pass.index())).or_default() += 1;
    }
    let bytes = |thing: &Thing| match *thing {
        Thing::Data(data) => spec.resources[data].bytes,
        Thing::Result(pass) => spec.passes[pass].bytes,
    };
    let freed = |stage: usize, readers: &HashMap<Thing, usize>| -> i128 {
        let last = traffic[stage].reads.iter().filter(|thing| readers[thing] == 1);
        last.map(|thing| i128::from(bytes(thing))).sum::<i128>() - i128::from(traffic[stage].makes)
    };
    let mut after = vec![Vec::new(); stages.len()];
    let mut waits: Vec<usize> = traffic.iter().map(|stage| stage.before.len()).collect();
    for (stage, traffic) in traffic.iter().enumerate() {
        traffic.before.iter().for_each(|&before| after[before].push(stage));
    }
    let mut ready: Vec<usize> = (0..stages.len()).filter(|&stage| waits[stage] == 0).collect();
    let mut ordered = Vec::with_capacity(stages.len());
    while !ready.is_empty() {
        let key = |&stage: &usize| (freed(stage, &readers), behind[stage], std::cmp::Reverse(named[stage]));
        let place = (0..ready.len()).max_by_key(|&place| key(&ready[place])).unwrap_or(0);
        let stage = ready.swap_remove(place);
        for thing in &traffic[stage].reads {
            *readers.entry(*thing).or_insert(1) -= 1;
        }
        for &next in &after[stage] {
            waits[next] -= 1;
            ready.extend((waits[next] == 0).then_some(next));
        }
        ordered.push(std::mem::take(&mut stages[stage]));
    }
    ordered
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
