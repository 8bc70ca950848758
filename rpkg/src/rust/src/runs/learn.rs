//! What plans learn from runs. A pass whose schedule is open, and of whose elements the user says nothing, is cut by the profile
//! that its last run left; a plan that runs again is cut anew when there is a newer one.

use std::sync::Arc;

use scheduler::plan::{self, Costs, Origin, Plan};
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
}

/// What is known of a pass's elements: what the user said; where the schedule is open, the profile of an earlier run; else the
/// guess by their sizes.
pub(super) fn known(pass: &Pass) -> Result<(Option<Costs>, Learned)> {
    let said = pass.costs.as_ref().is_some_and(|costs| costs.origin() == Origin::Known);
    let open = matches!(pass.policy.schedule, Schedule::Auto | Schedule::Profiled);
    if said || !open || pass.key.is_empty() {
        // A guess does not cut a pass that is to be cut otherwise.
        return Ok((pass.costs.clone().filter(|_| said || open), Learned::default()));
    }
    let used = worth(&pass.key, pass.elements, pass.policy.schedule);
    let costs = used.as_deref().map(costs).transpose()?;
    Ok((costs.or_else(|| pass.costs.clone()), Learned { open, used }))
}

/// Cuts a plan by profiles that are newer than those it was made by. The plan stays as it was where that cannot be.
pub(super) fn relearn(planned: &mut Planned) -> Result<()> {
    let mut newer = None;
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
    let Some(plan) = newer.and_then(|spec| plan::compile(spec).ok()) else { return Ok(()) };
    if alike(&plan, &planned.plan) {
        planned.plan = Arc::new(plan);
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
    a.stages().len() == b.stages().len()
        && a.graph().resources() == b.graph().resources()
        && stages
            .into_iter()
            .all(|(a, b)| (&a.passes, &a.outputs, &a.drains) == (&b.passes, &b.outputs, &b.drains))
}
