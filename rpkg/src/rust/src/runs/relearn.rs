//! A plan that runs again is cut anew when there are profiles newer than those that it was made by.

use std::sync::Arc;

use scheduler::plan::{self, Plan, ResultSize};

use super::learn::{costs, size, worth};
use super::planned::Planned;
use crate::r::Result;

/// The sizes of the results of a plan's passes, by pass, as they are known now.
pub(super) fn sizes(planned: &Planned) -> Vec<Option<ResultSize>> {
    let passes = planned.plan.spec().passes.iter().zip(planned.keys.iter()).zip(&planned.learned);
    passes.map(|((pass, key), learned)| size(key, pass.elements, learned.size)).collect()
}

/// Cuts a plan by profiles that are newer than those it was made by. The plan stays as it was where that cannot be.
pub(super) fn relearn(planned: &mut Planned) -> Result<()> {
    let mut newer = None;
    let sizes = sizes(planned);
    for (learned, size) in planned.learned.iter_mut().zip(&sizes) {
        let alike = match (&learned.size, size) {
            (Some(old), Some(new)) => new.is_like(old),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !alike {
            learned.size = *size;
            newer.get_or_insert_with(|| planned.plan.spec().clone());
        }
    }
    for (place, learned) in planned.learned.iter_mut().enumerate().filter(|(_, learned)| learned.open) {
        let pass = &planned.plan.spec().passes[place];
        let Some(profile) = worth(&planned.keys[place], pass.elements, pass.policy.schedule) else {
            continue;
        };
        if learned.used.as_ref().is_some_and(|used| Arc::ptr_eq(used, &profile)) {
            continue;
        }
        let spec = newer.get_or_insert_with(|| planned.plan.spec().clone());
        spec.passes[place].costs = Some(costs(&profile)?);
        learned.used = Some(profile);
    }
    let Some(plan) = newer.and_then(|spec| plan::compile_sized(spec, &sizes).ok()) else { return Ok(()) };
    if alike(&plan, &planned.plan) {
        planned.plan = Arc::new(plan);
        planned.learned.iter_mut().for_each(|learned| learned.guessed = learned.size.is_none());
    }
    Ok(())
}

/// Whether what the workers are told of one plan holds for the other, and its pages do.
fn alike(a: &Plan, b: &Plan) -> bool {
    let stages = a.stages().iter().zip(b.stages());
    let resources = |plan: &Plan| -> Vec<_> {
        plan.graph().resources().iter().map(|resource| (resource.name.clone(), resource.scope)).collect()
    };
    a.stages().len() == b.stages().len()
        && resources(a) == resources(b)
        && stages
            .into_iter()
            .all(|(a, b)| (&a.passes, &a.outputs, &a.consumes) == (&b.passes, &b.outputs, &b.consumes))
}
