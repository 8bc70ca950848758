//! What a pass of a plan learns from earlier runs. One whose schedule is open, and of whose elements the user says nothing, is cut by the
//! profile that its last run left. How large results are is taken from the last run too, whatever the schedule.

use std::sync::Arc;

use scheduler::plan::{Costs, Origin, ResultSize};
use scheduler::policy::Schedule;
use scheduler::profile::Profile;

use super::profiles;
use super::spec::Pass;
use crate::r::Result;

/// A pass that takes less in all than this is not cut by its profile: measuring says as much about the machine.
const WORTH_NS: f64 = 20e6;

/// What a pass of a plan learned.
#[derive(Default)]
pub(super) struct Learned {
    /// Whether a profile may cut it.
    pub(super) open: bool,
    /// The profile that cut it.
    pub(super) used: Option<Arc<Profile>>,
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
pub(super) fn size(key: &str, elements: u64, said: Option<ResultSize>) -> Option<ResultSize> {
    let last = profiles::known(key, elements).and_then(|profile| profile.size);
    match (last, said) {
        (Some(last), Some(said)) if last.mean() <= said.mean() => Some(said),
        (last, said) => last.or(said),
    }
}

/// The profile that may cut a pass.
pub(super) fn worth(key: &str, elements: u64, schedule: Schedule) -> Option<Arc<Profile>> {
    let asked = schedule == Schedule::Profiled;
    profiles::known(key, elements).filter(|profile| asked || profile.total_ns() >= WORTH_NS)
}

pub(super) fn costs(profile: &Profile) -> Result<Costs> {
    Ok(Costs::new(profile.costs.as_slice(), Origin::Known, Some(1.0))?)
}
