//! In which phase of a call over several hosts each pass runs. A pass that reads another one as a whole runs in a later phase: the session has all
//! values of the earlier one by then, and they are data like any other. A phase is over one collection of elements, which hosts get blocks of.

use std::collections::HashSet;

use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::plan::{CallSpec, PassCall, Source};

/// What a pass reads of the passes before it, by number.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// How many elements the pass has.
    pub elements: u64,
    /// What it reads element by element.
    pub each: Vec<usize>,
    /// What it reads as a whole.
    pub whole: Vec<usize>,
}

/// The phase of each pass, from 0 on. Each pass stands behind all that it reads. Passes are in one phase where they can be: in the same depth of
/// edges that read as a whole, or one by one what a fold gave, with as many elements.
#[must_use]
pub fn phases(passes: &[Reads]) -> Vec<usize> {
    let mut depths: Vec<(usize, u64)> = Vec::with_capacity(passes.len());
    for pass in passes {
        let place = |&source: &usize| depths.get(source).copied().unwrap_or((0, pass.elements));
        let beside = pass.each.iter().map(place).map(|(depth, n)| depth + usize::from(n != pass.elements));
        let behind = pass.whole.iter().map(|source| place(source).0 + 1);
        depths.push((beside.chain(behind).max().unwrap_or(0), pass.elements));
    }
    let mut order = depths.clone();
    order.sort_unstable();
    order.dedup();
    depths.iter().map(|place| order.partition_point(|other| other < place)).collect()
}

/// A phase of a call as a call of its own, in which what comes of other phases is data.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Its passes, by their numbers in the whole call.
    pub passes: Vec<PassId>,
    /// The call. Wanted of it is what the whole call wants, and what later phases read.
    pub spec: CallSpec,
    /// What each of its resources is in the whole call: a variable, or values of a pass.
    pub origins: Vec<Source>,
}

/// The phases of a call, in their order. Passes come after all that they read. O(passes squared).
#[must_use]
pub fn split(spec: &CallSpec) -> Vec<Phase> {
    let of = phases(&spec.passes.iter().map(reads).collect::<Vec<_>>());
    let count = of.iter().max().map_or(0, |last| last + 1);
    let mut split = vec![Vec::new(); count];
    for (pass, &phase) in of.iter().enumerate() {
        split[phase].push(PassId(pass as u32));
    }
    split.into_iter().map(|passes| alone(spec, passes)).collect()
}

fn reads(call: &PassCall) -> Reads {
    let of = |each: bool| {
        let those = call.sources().filter(|source| matches!(source, Source::Each(_)) == each);
        those.filter_map(Source::pass).map(PassId::index).collect()
    };
    Reads { elements: call.elements, each: of(true), whole: of(false) }
}

fn alone(spec: &CallSpec, passes: Vec<PassId>) -> Phase {
    let place = |pass: PassId| passes.iter().position(|own| *own == pass);
    let mut resources = spec.resources.clone();
    let mut origins: Vec<Source> =
        (0..resources.len() as u32).map(|id| Source::Data(ResourceId(id))).collect();
    let mut here = |source: Source| match (source, source.pass()) {
        (Source::Data(_), _) | (_, None) => source,
        (Source::Each(_), Some(pass)) if place(pass).is_some() => {
            Source::Each(PassId(place(pass).unwrap_or_default() as u32))
        }
        (_, Some(pass)) => {
            let known = origins.iter().position(|origin| *origin == source);
            let id = known.unwrap_or_else(|| {
                let PassCall { name, bytes, .. } = &spec.passes[pass.index()];
                resources.push(Resource { name: name.clone(), bytes: *bytes, scope: Scope::Scoped });
                origins.push(source);
                origins.len() - 1
            });
            Source::Data(ResourceId(id as u32))
        }
    };
    let calls = passes.iter().map(|pass| {
        let call = &spec.passes[pass.index()];
        PassCall {
            inputs: call.inputs.iter().copied().map(&mut here).collect(),
            sides: call.sides.iter().copied().map(&mut here).collect(),
            ..call.clone()
        }
    });
    let calls = calls.collect();
    let others = (0..spec.passes.len() as u32).map(PassId).filter(|other| place(*other).is_none());
    let read: HashSet<PassId> =
        others.flat_map(|other| spec.passes[other.index()].sources().filter_map(Source::pass)).collect();
    let wanted =
        passes.iter().enumerate().filter(|(_, pass)| spec.gather.contains(pass) || read.contains(pass));
    let gather = wanted.map(|(place, _)| PassId(place as u32)).collect();
    let spec = CallSpec { resources, passes: calls, gather, ..spec.clone() };
    Phase { passes, spec, origins }
}
