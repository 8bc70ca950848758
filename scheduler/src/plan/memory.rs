//! How much memory a plan takes at most, and what becomes of one that would take too much: stages begin only as others let
//! go, or the plan is refused before the first byte.
use super::forecast::{Forecast, Progress};
use super::{CallSpec, Stage};
use crate::error::{Error, Result};
use crate::graph::{Access, Graph, Scope};
use crate::id::ResourceId;
use crate::lifetime::Lifetime;

/// What may run.
pub(super) struct Admission {
    pub(super) peak_bytes: u64,
    pub(super) allowance: Option<u64>,
    pub(super) ceiling: Option<Ceiling>,
}

/// What a run is held to, where not all of it could be there at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Ceiling {
    pub(crate) bytes: u64,
    pub(crate) forecast: Forecast,
}

/// Whether the plan fits its budget: as it is, or with its stages begun one after the other. The peak is a promise: stages
/// that could run side by side with others than those of their own step wait where they would pass it.
///
/// # Errors
/// [`Error::OverBudget`] with what takes how much when.
pub(super) fn admit(
    spec: &CallSpec,
    graph: &Graph,
    stages: &[Stage],
    stays: &[ResourceId],
) -> Result<Admission> {
    let together = by_step(graph, stages, stays).into_iter().max().unwrap_or(0);
    let forecast = Forecast::new(graph, stages, stays);
    let alone = forecast.peak(|_| Progress::Ahead);
    let wanted = together.max(alone);
    let allowance = spec.budget.filter(|&budget| wanted > budget);
    if let Some(budget) = allowance.filter(|&budget| alone > budget) {
        return Err(Error::OverBudget { needed: alone, budget, table: table(graph) });
    }
    let bytes = allowance.unwrap_or(wanted);
    let ceiling = (forecast.all() > bytes).then_some(Ceiling { bytes, forecast });
    Ok(Admission { peak_bytes: bytes, allowance, ceiling })
}

/// When each resource is made and last used. O(tasks x accesses).
pub(super) fn lifetimes(graph: &Graph) -> Vec<Lifetime> {
    let mut lifetimes = vec![Lifetime { born: None, last_use: None }; graph.resources().len()];
    for &task in graph.order() {
        let step = graph.step(task);
        for &(resource, access) in &graph.tasks()[task.index()].accesses {
            let lifetime = &mut lifetimes[resource.index()];
            // In order, steps only rise: the first is the least, the last the greatest.
            if access == Access::Write && lifetime.born.is_none() {
                lifetime.born = Some(step);
            }
            if access != Access::Free {
                lifetime.last_use = Some(step);
            }
        }
    }
    lifetimes
}

/// What lives in each step, when the stages of a step run side by side. Data is there from the beginning; what `stays` is there to the
/// end. O(resources log resources).
pub(super) fn by_step(graph: &Graph, stages: &[Stage], stays: &[ResourceId]) -> Vec<u64> {
    let when = |stage: usize| u64::from(graph.step(stages[stage].task));
    let mut born = vec![0u64; graph.resources().len()];
    let mut last: Vec<Option<u64>> = vec![None; graph.resources().len()];
    let mut changes: Vec<(u64, i128)> = Vec::new();
    let bytes = |resource: ResourceId| i128::from(graph.resources()[resource.index()].bytes);
    for (id, stage) in stages.iter().enumerate() {
        let mut made = 0;
        for &(resource, access) in &graph.tasks()[stage.task.index()].accesses {
            if access == Access::Write {
                born[resource.index()] = when(id);
                made += bytes(resource);
            }
            let until = &mut last[resource.index()];
            *until = (*until).max(Some(when(id)));
        }
        // What it reads chunk by chunk for the last time goes as fast as what it makes comes.
        let goes: i128 = stage.eased_by().iter().map(|&resource| bytes(resource)).sum();
        changes.push((when(id), -made.min(goes)));
        changes.push((when(id) + 1, made.min(goes)));
    }
    for &resource in stays {
        last[resource.index()] = last[resource.index()].map(|_| u64::MAX - 1);
    }
    for (index, resource) in graph.resources().iter().enumerate() {
        if let (Scope::Scoped, Some(last)) = (resource.scope, last[index]) {
            changes.push((born[index], i128::from(resource.bytes)));
            changes.push((last + 1, -i128::from(resource.bytes)));
        }
    }
    changes.sort_by_key(|&(time, _)| time);
    let steps =
        graph.order().iter().map(|&task| u64::from(graph.step(task))).max().map_or(0, |last| last + 1);
    let (mut living, mut changes) = (0i128, changes.into_iter().peekable());
    let of_step = |step: u64| {
        while let Some((_, change)) = changes.next_if(|&(time, _)| time <= step) {
            living += change;
        }
        u64::try_from(living.max(0)).unwrap_or(u64::MAX)
    };
    (0..steps).map(of_step).collect()
}

/// What takes memory, the biggest first: name, bytes, and the steps of its life.
fn table(graph: &Graph) -> Vec<(String, u64, Lifetime)> {
    let both = graph.resources().iter().zip(lifetimes(graph));
    let scoped = both.filter(|(resource, _)| resource.scope == Scope::Scoped && resource.bytes > 0);
    let mut table: Vec<_> =
        scoped.map(|(resource, life)| (resource.name.clone(), resource.bytes, life)).collect();
    table.sort_by_key(|(_, bytes, _)| std::cmp::Reverse(*bytes));
    table
}
