//! How long the elements of each stage take, as sums from the first on, so that a chunk's time is one subtraction.
use super::model::{Model, Work};
use crate::error::{Error, Result};
use crate::id::StageId;
use crate::plan::{Plan, Stage};

/// The times of a stage's elements, in nanoseconds.
pub(super) enum Load {
    Uniform {
        each: f64,
        elements: u64,
    },
    /// The time of all elements before each, and of all.
    Sums {
        sums: Vec<f64>,
        longest: f64,
    },
}

/// What an element takes where nothing is said.
const UNSAID_NS: f64 = 1e6;

impl Load {
    /// The time of `[start, end)`.
    pub(super) fn of(&self, start: u64, end: u64) -> f64 {
        match self {
            Load::Uniform { each, .. } => each * (end - start) as f64,
            Load::Sums { sums, .. } => sums[end as usize] - sums[start as usize],
        }
    }

    fn total(&self) -> f64 {
        match self {
            Load::Uniform { each, elements } => each * *elements as f64,
            Load::Sums { sums, .. } => sums.last().copied().unwrap_or(0.0),
        }
    }

    fn longest(&self) -> f64 {
        match self {
            Load::Uniform { each, elements } if *elements > 0 => *each,
            Load::Uniform { .. } => 0.0,
            Load::Sums { longest, .. } => *longest,
        }
    }
}

/// The loads of all stages. O(elements) of those whose elements differ.
pub(super) fn loads(plan: &Plan, model: &Model) -> Result<Vec<Load>> {
    for (pass, work) in plan.spec().passes.iter().zip(&model.work) {
        let Work::Each(costs) = work else { continue };
        if costs.each().len() as u64 != pass.elements {
            let (name, has, elements) = (&pass.name, costs.each().len(), pass.elements);
            return Err(Error::BadPlan(format!(
                "pass '{name}' goes over {elements} elements, but the work of {has} is known"
            )));
        }
    }
    Ok(plan.stages().iter().map(|stage| load(stage, model)).collect())
}

fn load(stage: &Stage, model: &Model) -> Load {
    let elements = stage.board.elements;
    let mut each = 0.0;
    let mut varied = Vec::new();
    for pass in &stage.passes {
        match model.work.get(pass.index()) {
            None => each += UNSAID_NS,
            Some(Work::Uniform(ns)) => each += ns.max(0.0),
            Some(Work::Each(costs)) => varied.push(costs),
        }
    }
    if varied.is_empty() {
        return Load::Uniform { each, elements };
    }
    let mut sums = Vec::with_capacity(elements as usize + 1);
    let (mut sum, mut longest) = (0.0, 0f64);
    sums.push(0.0);
    for element in 0..elements as usize {
        let time =
            |costs: &&crate::plan::Costs| f64::from(costs.each()[element]) * costs.unit_ns().unwrap_or(1.0);
        let ns = each + varied.iter().map(time).sum::<f64>();
        longest = longest.max(ns);
        sum += ns;
        sums.push(sum);
    }
    Load::Sums { sums, longest }
}

/// No schedule ends before this: all work shared evenly by so many workers, or the longest element of each stage on the longest way
/// through stages that wait for each other.
pub(super) fn bound(plan: &Plan, loads: &[Load], workers: u64) -> u64 {
    let total: f64 = loads.iter().map(Load::total).sum();
    let tasks = plan.graph().tasks().len();
    let mut stage_of = vec![None; tasks];
    for (id, stage) in plan.stages().iter().enumerate() {
        stage_of[stage.task.index()] = Some(StageId(id as u32));
    }
    let mut way = vec![0f64; tasks];
    for &task in plan.graph().order() {
        let before = plan.graph().predecessors(task).map(|(before, _)| way[before.index()]);
        let before = before.fold(0.0, f64::max);
        way[task.index()] =
            before + stage_of[task.index()].map_or(0.0, |stage| loads[stage.index()].longest());
    }
    let longest = way.into_iter().fold(0.0, f64::max);
    (total / workers as f64).max(longest).ceil() as u64
}
