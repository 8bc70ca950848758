//! Passes in phases, as a run over hosts has them, are fused as if each phase were a plan of its own, in which what comes from others is data.
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::properties::calls;
use crate::graph::{Resource, Scope};
use crate::hosts::{phases, Reads};
use crate::id::{PassId, ResourceId};
use crate::plan::{compile, CallSpec, PassCall, Source};

fn phases_of(spec: &CallSpec) -> Vec<usize> {
    let read = |call: &PassCall, each: bool| {
        let of = |source: Source| match source {
            Source::Each(pass) if each => Some(pass.index()),
            Source::Whole(pass) if !each => Some(pass.index()),
            _ => None,
        };
        call.sources().filter_map(of).collect()
    };
    let reads =
        |call: &PassCall| Reads { elements: call.elements, each: read(call, true), whole: read(call, false) };
    phases(&spec.passes.iter().map(reads).collect::<Vec<_>>())
}

/// The passes of one phase, numbered as in all.
fn stages(spec: &CallSpec, of: &[PassId]) -> BTreeSet<Vec<PassId>> {
    let own = |passes: &[PassId]| {
        let mut passes: Vec<PassId> = passes.iter().map(|pass| of[pass.index()]).collect();
        passes.sort_unstable();
        passes
    };
    let plan = compile(spec.clone()).expect("a plan");
    plan.stages().iter().map(|stage| own(&stage.passes)).collect()
}

/// The passes `of` alone.
fn alone(spec: &CallSpec, of: &[PassId]) -> CallSpec {
    let mut resources = spec.resources.clone();
    let mut given: Vec<(Source, ResourceId)> = Vec::new();
    let mut source = |source: Source| {
        let Some(pass) = source.pass() else { return source };
        if let (Source::Each(_), Some(place)) = (source, of.iter().position(|own| *own == pass)) {
            return Source::Each(PassId(place as u32));
        }
        let known = given.iter().find(|(known, _)| *known == source).map(|(_, data)| *data);
        Source::Data(known.unwrap_or_else(|| {
            let data = ResourceId(resources.len() as u32);
            resources.push(Resource { name: format!("v{data}"), bytes: 64, scope: Scope::Scoped });
            given.push((source, data));
            data
        }))
    };
    let passes = of.iter().map(|pass| {
        let call = &spec.passes[pass.index()];
        PassCall {
            inputs: call.inputs.iter().copied().map(&mut source).collect(),
            sides: call.sides.iter().copied().map(&mut source).collect(),
            ..call.clone()
        }
    });
    let passes = passes.collect();
    CallSpec { resources, passes, gather: Vec::new(), ..spec.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_phase_is_fused_as_if_it_were_alone(mut spec in calls(20)) {
        let phases = phases_of(&spec);
        for (pass, &phase) in spec.passes.iter_mut().zip(&phases) {
            pass.phase = phase as u32;
        }
        let all: Vec<PassId> = (0..phases.len() as u32).map(PassId).collect();
        let mut apart = BTreeSet::new();
        for phase in 0..=phases.iter().copied().max().unwrap_or(0) {
            let of: Vec<PassId> = all.iter().copied().filter(|pass| phases[pass.index()] == phase).collect();
            apart.extend(stages(&alone(&spec, &of), &of));
        }
        prop_assert_eq!(stages(&spec, &all), apart);
    }
}
