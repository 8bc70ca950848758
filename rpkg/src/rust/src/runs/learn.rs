//! What plans learn from runs. A pass whose schedule is open, and of whose elements the user says nothing, is cut by the profile
//! that its last run left; a plan that runs again is cut anew when there is a newer one. How large results are is taken from the last
//! run too, whatever the schedule.

use std::sync::Arc;

use scheduler::plan::{self, Costs, Origin, Plan, ResultSize};
use scheduler::policy::Schedule;
use scheduler::profile::Profile;

use super::planned::Planned;
use super::profiles;
use super::spec::Pass;
use crate::r::Result;

/// A pass that takes less in all than this is not cut by its profile: measuring says as much about the machine.
const WORTH_NS: f64 = 20e6;

/// What a pass of a plan learned.
#[derive(Default)]
pub(super) struct Learned {
    /// Whether a profile may cut it.
    open: bool,
    /// The profile that cut it.
    used: Option<Arc<Profile>>,
    /// How large its results are, as far as is known.
    pub(super) size: Option<ResultSize>,
    /// Whether that is what the user said, which does not change from run to run.
    pub(super) said: bool,
    /// Whether the plan only guesses it.
    pub(super) guessed: bool,
}

/// What is known of a pass's elements: what the user said; where the schedule is open, the profile of an earlier run; else the
/// guess by their sizes.
pub(super) fn known(pass: &Pass) -> Result<(Option<Costs>, Learned)> {
    let (size, said_so) = (size(&pass.key, pass.elements, said_size(pass)), !pass.bytes.is_nan());
    let learned = Learned { size, said: said_so, guessed: size.is_none(), ..Learned::default() };
    let said = pass.costs.as_ref().is_some_and(|costs| costs.origin() == Origin::Known);
    let open = matches!(pass.policy.schedule, Schedule::Auto | Schedule::Profiled);
    if said || !open || pass.key.is_empty() {
        // A guess does not cut a pass that is to be cut otherwise.
        return Ok((pass.costs.clone().filter(|_| said || open), learned));
    }
    let used = worth(&pass.key, pass.elements, pass.policy.schedule);
    let costs = used.as_deref().map(costs).transpose()?;
    Ok((costs.or_else(|| pass.costs.clone()), Learned { open, used, ..learned }))
}

/// What FUN.VALUE says of the results.
fn said_size(pass: &Pass) -> Option<ResultSize> {
    let each = (!pass.bytes.is_nan()).then(|| pass.bytes as u64 / pass.elements.max(1))?;
    Some(ResultSize::of_each(pass.elements, each))
}

/// What the last run of a pass says of the size of its results, or what is said of it. Results that are larger than FUN.VALUE have
/// names, which go on the way to the caller.
fn size(key: &str, elements: u64, said: Option<ResultSize>) -> Option<ResultSize> {
    let last = profiles::known(key, elements).and_then(|profile| profile.size);
    match (last, said) {
        (Some(last), Some(said)) if last.mean() <= said.mean() => Some(said),
        (last, said) => last.or(said),
    }
}

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

fn worth(key: &str, elements: u64, schedule: Schedule) -> Option<Arc<Profile>> {
    let asked = schedule == Schedule::Profiled;
    profiles::known(key, elements).filter(|profile| asked || profile.total_ns() >= WORTH_NS)
}

fn costs(profile: &Profile) -> Result<Costs> {
    Ok(Costs::new(profile.costs.as_slice(), Origin::Known, Some(1.0))?)
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
            .all(|(a, b)| (&a.passes, &a.outputs, &a.drains) == (&b.passes, &b.outputs, &b.drains))
}
