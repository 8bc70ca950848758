//! From a call to a plan.
use super::memory::{self, Admission};
use super::{
    check, fuse, order, pieces, sizes, CallSpec, Costs, Origin, PassCall, Plan, ResultSize, Source, Stage,
    WhenLate,
};
use crate::board::StageSpec;
use crate::error::Result;
use crate::graph::{Access, Graph, GraphBuilder, Resource, Scope, TaskKind};
use crate::id::{PassId, ResourceId, StageId, TaskId};
use crate::policy::{Policy, Schedule};
use std::collections::HashSet;

/// The most numbers of elements' costs on a board: 64 MiB. Where there would be more, chunks are timed and no elements.
const MOST_MEASURED: u64 = 16 << 20;
/// So many elements of a stage may take too long and have to be killed, if that is their result: 4 MiB of entries.
const MOST_KILLED: u64 = 16 << 10;

/// Compiles a call: a `Share` for each variable that must be copied in, a `Map` for each stage, a `Gather` for each wanted
/// result, a `Release` for each scoped resource. Elements and chunks cost nothing.
///
/// # Errors
/// [`crate::error::Error::BadPlan`] for numbers that no board can hold, unknown ids, sizes that do not match, and cycles;
/// [`crate::error::Error::OverBudget`] for what would take more memory than it may, whatever the order.
pub fn compile(spec: CallSpec) -> Result<Plan> {
    compile_sized(spec, &[])
}

/// As [`compile`], where it is known of passes how large their results are (`sizes`, by pass): then the plan's call says what
/// these take in their pages as the stages are cut here.
///
/// # Errors
/// As [`compile`].
pub fn compile_sized(mut spec: CallSpec, sizes: &[Option<ResultSize>]) -> Result<Plan> {
    let passes = check::check(&spec)?;
    let stages = fuse::fuse(&spec, &passes);
    let leaves = leaves(&spec, &stages);
    // How a stage is cut does not depend on the order, which depends on the sizes.
    if sizes.iter().any(Option::is_some) {
        for passes in &stages {
            let stage = stage(&spec, passes.clone(), &leaves);
            sizes::settle(&mut spec, &stage, sizes);
        }
    }
    let stages = order::order(&spec, stages, &leaves);
    let mut stages: Vec<Stage> = stages.into_iter().map(|passes| stage(&spec, passes, &leaves)).collect();
    let (builder, results) = build_tasks(&spec, &mut stages);
    let graph = builder.build()?;
    let reads = Reads::of(&spec, &graph, &results);
    for stage in &mut stages {
        stage.consumes = if spec.preserve { Vec::new() } else { reads.last_by(stage) };
    }
    let makers = makers(&graph, &stages, &results);
    let lifetimes = memory::lifetimes(&graph);
    let mut stays: Vec<ResourceId> = spec.gather.iter().filter_map(|pass| results[pass.index()]).collect();
    if spec.keep {
        stays.extend((0..spec.resources.len() as u32).map(ResourceId));
    }
    let Admission { peak_bytes, allowance, ceiling } = memory::admit(&spec, &graph, &stages, &stays)?;
    tracing::debug!(
        passes = spec.passes.len(),
        stages = stages.len(),
        tasks = graph.tasks().len(),
        resources = graph.resources().len(),
        peak_bytes,
        budget = spec.budget,
        held_back = ceiling.is_some(),
        "compiled"
    );
    Ok(Plan { spec, graph, stages, results, makers, lifetimes, peak_bytes, allowance, ceiling })
}

/// Whose results leave their stage: those that are wanted, or that another stage reads.
fn leaves(spec: &CallSpec, stages: &[Vec<PassId>]) -> Vec<bool> {
    let mut leaves = vec![false; spec.passes.len()];
    for stage in stages {
        let inside: HashSet<PassId> = stage.iter().copied().collect();
        for source in stage.iter().flat_map(|pass| spec.passes[pass.index()].sources()) {
            if let Some(other) = source.pass().filter(|other| !inside.contains(other)) {
                leaves[other.index()] = true;
            }
        }
    }
    for pass in &spec.gather {
        leaves[pass.index()] = true;
    }
    leaves
}

fn stage(spec: &CallSpec, passes: Vec<PassId>, leaves: &[bool]) -> Stage {
    let calls = || passes.iter().map(|pass| &spec.passes[pass.index()]);
    let elements = calls().map(|call| call.elements).max().unwrap_or(0);
    let asked = calls().map(|call| call.policy).find(|policy| policy.schedule != Schedule::Auto);
    let mut outputs: Vec<PassId> = passes.iter().copied().filter(|pass| leaves[pass.index()]).collect();
    // Results that nobody wants: the pass runs all the same, for what it does besides.
    if outputs.is_empty() {
        outputs.extend(passes.last());
    }
    let align = calls().map(PassCall::elements_per_result).max().unwrap_or(1).min(elements.max(1));
    let costs = Costs::joined(calls().filter_map(|call| call.costs.as_ref()));
    let mut policy = asked.unwrap_or(Policy::auto());
    let mut pieces = Vec::new();
    if let Some(costs) = costs.as_ref().filter(|costs| elements > 0 && decide(costs, &policy)) {
        policy.schedule = Schedule::Profiled;
        pieces = pieces::cut(costs, spec.workers, align, &policy);
    } else if policy.schedule == Schedule::Profiled {
        // Costs that are all nothing say nothing.
        policy.schedule = Schedule::Auto;
    }
    let whole = StageSpec::cut_into(elements, policy, spec.workers, pieces.len() as u32);
    let again = if calls().any(is_run_again) { (2 * elements.min(MOST_KILLED)) as u32 } else { 0 };
    let board = StageSpec {
        align,
        appended_capacity: whole.appended_capacity.saturating_add(again),
        outputs: outputs.len() as u32,
        steps: passes.len() as u32,
        timed: calls().any(|call| call.limit.is_some()),
        measured: spec.measure && elements.saturating_mul(passes.len() as u64) <= MOST_MEASURED,
        ..whole
    };
    Stage {
        passes,
        outputs,
        consumes: Vec::new(),
        streams: Vec::new(),
        task: TaskId(0),
        costs,
        pieces: pieces.into(),
        given: [].into(),
        board,
    }
}

/// Whether what stood around an element that took too long is run again, when its worker had to be killed.
fn is_run_again(call: &PassCall) -> bool {
    call.limit.is_some_and(|limit| limit.then == WhenLate::IsResult)
}

/// Sizes that vary less than this, relative to their mean, say nothing that workers do not find out as fast.
const UNEVEN: f64 = 0.25;

/// Whether the costs decide how a stage is cut.
fn decide(costs: &Costs, policy: &Policy) -> bool {
    match (policy.schedule, costs.origin()) {
        (Schedule::Profiled, _) | (Schedule::Auto, Origin::Known) => costs.total() > 0.0,
        (Schedule::Auto, Origin::Sizes) => costs.variation() > UNEVEN,
        _ => false,
    }
}

/// The stage that makes each resource, and which of its outputs it is.
fn makers(graph: &Graph, stages: &[Stage], results: &[Option<ResourceId>]) -> Vec<Option<(StageId, u32)>> {
    let mut makers = vec![None; graph.resources().len()];
    for (id, stage) in stages.iter().enumerate() {
        for (nth, pass) in stage.outputs.iter().enumerate() {
            if let Some(resource) = results[pass.index()] {
                makers[resource.index()] = Some((StageId(id as u32), nth as u32));
            }
        }
    }
    makers
}

/// The tasks; and the resource of each pass's results, where they leave their stage.
fn build_tasks(spec: &CallSpec, stages: &mut [Stage]) -> (GraphBuilder, Vec<Option<ResourceId>>) {
    let mut builder = GraphBuilder::new();
    let used = used(spec);
    let mut scoped = Vec::new();
    for (resource, &used) in spec.resources.iter().zip(&used) {
        let id = builder.resource(resource.clone());
        if resource.scope == Scope::Scoped && used {
            scoped.push((id, resource.name.clone()));
        }
    }
    for (resource, name) in &scoped {
        builder.task(TaskKind::Share(*resource), format!("share {name}"), vec![(*resource, Access::Write)]);
    }
    let mut results = vec![None; spec.passes.len()];
    for pass in stages.iter().flat_map(|stage| &stage.outputs) {
        let PassCall { name, bytes, .. } = &spec.passes[pass.index()];
        let made = Resource { name: name.clone(), bytes: *bytes, scope: Scope::Scoped };
        let id = builder.resource(made);
        results[pass.index()] = Some(id);
        scoped.push((id, name.clone()));
    }
    for (id, stage) in stages.iter_mut().enumerate() {
        let names: Vec<&str> =
            stage.passes.iter().map(|pass| spec.passes[pass.index()].name.as_str()).collect();
        let label = format!("map {}", names.join(" + "));
        stage.task = builder.task(TaskKind::Map(StageId(id as u32)), label, accesses(spec, stage, &results));
    }
    for pass in &spec.gather {
        if let Some(resource) = results[pass.index()] {
            let label = format!("gather {}", spec.passes[pass.index()].name);
            builder.task(TaskKind::Gather(resource), label, vec![(resource, Access::Read)]);
        }
    }
    for (resource, name) in scoped {
        builder.task(TaskKind::Release(resource), format!("release {name}"), vec![(resource, Access::Free)]);
    }
    (builder, results)
}

/// Which variables some pass reads.
fn used(spec: &CallSpec) -> Vec<bool> {
    let mut used = vec![false; spec.resources.len()];
    for source in spec.passes.iter().flat_map(PassCall::sources) {
        if let Source::Data(resource) = source {
            used[resource.index()] = true;
        }
    }
    used
}

/// What a stage touches, each resource once a way.
fn accesses(spec: &CallSpec, stage: &Stage, results: &[Option<ResourceId>]) -> Vec<(ResourceId, Access)> {
    let inside: HashSet<PassId> = stage.passes.iter().copied().collect();
    let mut seen = HashSet::new();
    let mut accesses = Vec::new();
    for source in stage.passes.iter().flat_map(|pass| spec.passes[pass.index()].sources()) {
        let resource = match source {
            Source::Data(resource) => Some(resource),
            Source::Each(other) | Source::Whole(other) if inside.contains(&other) => None,
            Source::Each(other) | Source::Whole(other) => results[other.index()],
        };
        accesses.extend(resource.filter(|&r| seen.insert(r)).map(|resource| (resource, Access::Read)));
    }
    let made = stage.outputs.iter().filter_map(|pass| results[pass.index()]);
    accesses.extend(made.map(|resource| (resource, Access::Write)));
    accesses
}

/// Who reads what in a graph.
struct Reads<'a> {
    spec: &'a CallSpec,
    graph: &'a Graph,
    results: &'a [Option<ResourceId>],
    /// The tasks that read each resource.
    readers: Vec<Vec<TaskId>>,
    /// The passes whose results are read all at once.
    whole: HashSet<PassId>,
}

impl<'a> Reads<'a> {
    fn of(spec: &'a CallSpec, graph: &'a Graph, results: &'a [Option<ResourceId>]) -> Reads<'a> {
        let mut readers: Vec<Vec<TaskId>> = vec![Vec::new(); graph.resources().len()];
        for (task, node) in graph.tasks().iter().enumerate() {
            let read = node.accesses.iter().filter(|(_, access)| *access == Access::Read);
            read.for_each(|(resource, _)| readers[resource.index()].push(TaskId(task as u32)));
        }
        let whole = |source| match source {
            Source::Whole(pass) => Some(pass),
            _ => None,
        };
        let whole = spec.passes.iter().flat_map(PassCall::sources).filter_map(whole).collect();
        Reads { spec, graph, results, readers, whole }
    }

    /// Results that `stage` is the last to read, and that are read element by element alone: a function that got all of them at
    /// once may have kept them.
    fn last_by(&self, stage: &Stage) -> Vec<ResourceId> {
        let each = |source: Source| match source {
            Source::Each(pass) if !stage.passes.contains(&pass) && !self.whole.contains(&pass) => {
                self.results[pass.index()]
            }
            _ => None,
        };
        let sources = stage.passes.iter().flat_map(|pass| self.spec.passes[pass.index()].sources());
        let mut last: Vec<ResourceId> = sources.filter_map(each).collect();
        last.sort_unstable();
        last.dedup();
        last.retain(|resource| {
            // What is wanted has a reader that waits for this stage: the gathering.
            let before = |task: &TaskId| *task == stage.task || self.graph.precedes(*task, stage.task);
            self.readers[resource.index()].iter().all(before)
        });
        last
    }
}

impl TryFrom<CallSpec> for Plan {
    type Error = crate::error::Error;

    fn try_from(spec: CallSpec) -> Result<Self> {
        compile(spec)
    }
}
