//! What simulated passes compute: numbers that depend on each of their parts and on the order of these, so that whatever
//! is lost, doubled, mixed up or read too early shows.
use crate::id::{PassId, ResourceId};
use crate::plan::{CallSpec, Source, FOLD};

/// One number of two; which is first matters.
fn mix(one: u64, other: u64) -> u64 {
    let word = (one ^ other.rotate_left(31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word ^ (word >> 29)
}

/// An element of a variable.
pub(crate) fn data(resource: ResourceId, element: u64) -> u64 {
    mix(u64::from(resource.0) + 1, element)
}

/// A variable as a whole.
pub(crate) fn all_data(resource: ResourceId) -> u64 {
    data(resource, u64::MAX)
}

/// FUN of a pass.
pub(crate) fn result(pass: PassId, inputs: impl Iterator<Item = u64>, sides: &[u64]) -> u64 {
    inputs.chain(sides.iter().copied()).fold(u64::from(pass.0), mix)
}

/// What an element gives that took too long.
pub(crate) fn late(pass: PassId) -> u64 {
    mix(u64::from(pass.0), 0x1a7e)
}

/// All values of a pass, as one.
pub(crate) fn whole(values: &[u64]) -> u64 {
    values.iter().copied().fold(values.len() as u64, mix)
}

/// What a pass gives of a run of its values, which begins at a multiple of its per_result: as they are, or folded.
pub(crate) fn folded(mut values: Vec<u64>, levels: u32) -> Vec<u64> {
    for _ in 0..levels {
        values = values.chunks(FOLD as usize).map(|block| mix(whole(block), 77)).collect();
    }
    values
}

/// What each pass gives, one after the other, each over all its elements; `is_late` says which took too long.
pub(crate) fn interpret(spec: &CallSpec, is_late: impl Fn(PassId, u64) -> bool) -> Vec<Vec<u64>> {
    let mut known: Vec<Option<Vec<u64>>> = vec![None; spec.passes.len()];
    while let Some(next) = (0..known.len()).find(|&pass| {
        let there = |source: Source| source.pass().is_none_or(|read| known[read.index()].is_some());
        known[pass].is_none() && spec.passes[pass].sources().all(there)
    }) {
        let call = &spec.passes[next];
        let of = |pass: PassId| known[pass.index()].as_deref().expect("it was looked for");
        let element = |source: &Source, nth: u64| match *source {
            Source::Data(resource) => data(resource, nth),
            Source::Each(pass) => of(pass)[nth as usize],
            Source::Whole(pass) => whole(of(pass)),
        };
        let sides: Vec<u64> = call
            .sides
            .iter()
            .map(|side| match *side {
                Source::Data(resource) => all_data(resource),
                Source::Each(pass) | Source::Whole(pass) => whole(of(pass)),
            })
            .collect();
        let pass = PassId(next as u32);
        let one = |nth: u64| match is_late(pass, nth) {
            true => late(pass),
            false => result(pass, call.inputs.iter().map(|input| element(input, nth)), &sides),
        };
        let values = (0..call.elements).map(one).collect();
        known[next] = Some(folded(values, call.levels));
    }
    known.into_iter().map(|values| values.expect("no pass waits for itself")).collect()
}
