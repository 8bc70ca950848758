//! From a call to a plan.
use super::{CallSpec, Lifetime, PassCall, Plan, PlannedPass};
use crate::board::{PassSpec, MAX_ELEMENTS, MAX_WORKERS};
use crate::error::{Error, Result};
use crate::graph::{Access, Graph, GraphBuilder, Scope, TaskKind};
use crate::id::{PassId, ResourceId, TaskId};

/// Compiles a call: a `Share` for each variable that must be copied in, a `Map` for each pass, a `Gather` for each wanted
/// result, a `Release` for each scoped resource. O(passes x sides); elements and chunks cost nothing.
///
/// # Errors
/// [`Error::BadPlan`] for numbers that no board can hold, unknown resources, a result that two passes make, a wanted
/// result that no pass makes, and cycles.
pub fn compile(spec: CallSpec) -> Result<Plan> {
    check(&spec)?;
    let mut builder = GraphBuilder::new();
    for resource in &spec.resources {
        builder.resource(resource.clone());
    }
    let makers = makers(&spec)?;
    let used = used(&spec)?;
    let ids = || (0..spec.resources.len() as u32).map(ResourceId);
    let name = |resource: ResourceId| spec.resources[resource.index()].name.as_str();
    let scoped = |resource: &ResourceId| spec.resources[resource.index()].scope == Scope::Scoped;
    for resource in ids().filter(scoped).filter(|r| makers[r.index()].is_none() && used[r.index()]) {
        let label = format!("share {}", name(resource));
        builder.task(TaskKind::Share(resource), label, vec![(resource, Access::Write)]);
    }
    let mut tasks = Vec::with_capacity(spec.passes.len());
    for (index, pass) in spec.passes.iter().enumerate() {
        let label = format!("map {}", pass.name);
        tasks.push(builder.task(TaskKind::Map(PassId(index as u32)), label, accesses(pass)));
    }
    for &resource in &spec.gather {
        let label = format!("gather {}", name(resource));
        builder.task(TaskKind::Gather(resource), label, vec![(resource, Access::Read)]);
    }
    for resource in ids().filter(scoped).filter(|r| used[r.index()]) {
        let label = format!("release {}", name(resource));
        builder.task(TaskKind::Release(resource), label, vec![(resource, Access::Free)]);
    }
    let graph = builder.build()?;
    let passes = planned(&spec, &tasks);
    let lifetimes = lifetimes(&graph);
    let peak_bytes = peak(&graph, &lifetimes);
    Ok(Plan { spec, graph, passes, lifetimes, peak_bytes })
}

fn check(spec: &CallSpec) -> Result<()> {
    if spec.workers == 0 || spec.workers > MAX_WORKERS {
        return Err(Error::BadPlan(format!("{} workers; 1 to {MAX_WORKERS} are possible", spec.workers)));
    }
    if let Some(pass) = spec.passes.iter().find(|pass| pass.elements > MAX_ELEMENTS) {
        let (name, elements) = (&pass.name, pass.elements);
        return Err(Error::BadPlan(format!(
            "pass '{name}' has {elements} elements; at most {MAX_ELEMENTS} are possible"
        )));
    }
    Ok(())
}

/// The pass that makes each resource.
fn makers(spec: &CallSpec) -> Result<Vec<Option<usize>>> {
    let mut makers = vec![None; spec.resources.len()];
    for (index, pass) in spec.passes.iter().enumerate() {
        let maker = makers.get_mut(pass.output.index()).ok_or_else(|| unknown(&pass.name, pass.output))?;
        if let Some(other) = maker.replace(index) {
            let (first, second) = (&spec.passes[other].name, &pass.name);
            let output = &spec.resources[pass.output.index()].name;
            return Err(Error::BadPlan(format!("passes '{first}' and '{second}' both make '{output}'")));
        }
    }
    for (nth, resource) in spec.gather.iter().enumerate() {
        match makers.get(resource.index()) {
            None => return Err(unknown("gather", *resource)),
            Some(None) => {
                let name = &spec.resources[resource.index()].name;
                return Err(Error::BadPlan(format!("'{name}' is to be gathered, but no pass makes it")));
            }
            Some(Some(_)) if spec.gather[..nth].contains(resource) => {
                let name = &spec.resources[resource.index()].name;
                return Err(Error::BadPlan(format!("'{name}' is to be gathered twice")));
            }
            Some(Some(_)) => {}
        }
    }
    Ok(makers)
}

/// Whether each resource is touched by any pass.
fn used(spec: &CallSpec) -> Result<Vec<bool>> {
    let mut used = vec![false; spec.resources.len()];
    for pass in &spec.passes {
        for &(resource, _) in &accesses(pass) {
            *used.get_mut(resource.index()).ok_or_else(|| unknown(&pass.name, resource))? = true;
        }
    }
    Ok(used)
}

fn unknown(who: &str, resource: ResourceId) -> Error {
    Error::BadPlan(format!("'{who}' uses resource {resource}, which does not exist"))
}

/// What a pass touches, each resource once a way.
fn accesses(pass: &PassCall) -> Vec<(ResourceId, Access)> {
    let mut reads = vec![pass.collection];
    for &side in &pass.sides {
        if !reads.contains(&side) {
            reads.push(side);
        }
    }
    let mut accesses: Vec<_> = reads.into_iter().map(|resource| (resource, Access::Read)).collect();
    accesses.push((pass.output, Access::Write));
    accesses
}

fn planned(spec: &CallSpec, tasks: &[TaskId]) -> Vec<PlannedPass> {
    let both = spec.passes.iter().zip(tasks);
    both.map(|(call, &task)| PlannedPass {
        call: call.clone(),
        task,
        board: PassSpec::new(call.elements, call.policy, spec.workers),
    })
    .collect()
}

/// When each resource is made and last used. O(tasks x accesses).
fn lifetimes(graph: &Graph) -> Vec<Lifetime> {
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

/// The largest sum of what lives in a step. O(resources log resources): only births and deaths change the sum.
fn peak(graph: &Graph, lifetimes: &[Lifetime]) -> u64 {
    let mut changes: Vec<(u32, bool, u64)> = Vec::new();
    for (resource, lifetime) in graph.resources().iter().zip(lifetimes) {
        if let (Scope::Scoped, Some(born), Some(last)) = (resource.scope, lifetime.born, lifetime.last_use) {
            changes.push((born, true, resource.bytes));
            changes.push((last + 1, false, resource.bytes));
        }
    }
    // At the same step deaths (false) come before births.
    changes.sort_unstable();
    let mut living = 0u64;
    let mut peak = 0;
    for (_, birth, bytes) in changes {
        living = if birth { living + bytes } else { living - bytes };
        peak = peak.max(living);
    }
    peak
}
