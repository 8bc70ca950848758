//! From a record to its document: the plan, what was measured, the longest way, and what follows from it all.
use scheduler::graph::TaskKind;
use scheduler::id::TaskId;

use crate::advice::advice;
use crate::document::{CriticalPath, Document, StageView, VERSION};
use crate::measured;
use crate::planned;
use crate::record::Record;

impl Document {
    /// The document of a record. O(tasks + edges + chunks log chunks).
    pub fn of(record: &Record) -> Document {
        let plan = &record.plan;
        let passes = planned::passes(record);
        let predicted = planned::predicted_in_all(&passes);
        let mut document = Document {
            format: "memshare-record",
            version: VERSION,
            package: record.package.clone(),
            kind: if record.log.is_some() { "run" } else { "plan" },
            title: record.title.clone(),
            made: record.made,
            workers: plan.workers(),
            peak_bytes: plan.peak_bytes(),
            bytes_by_step: plan.bytes_by_step(),
            budget: plan.spec().budget,
            held_back: plan.allowance().is_some(),
            predicted_fun_seconds: predicted,
            passes,
            stages: planned::stages(plan),
            resources: planned::resources(plan, &record.notes),
            tasks: planned::tasks(plan),
            critical_path: CriticalPath::default(),
            run: None,
            advice: Vec::new(),
        };
        if let Some(log) = &record.log {
            measured::measure(&mut document, record, log);
        }
        document.critical_path = critical_path(record, &document);
        document.advice = advice(&document);
        document
    }
}

/// The longest way: by the longest elements as measured, else as expected; where nothing is known, by the number of elements.
fn critical_path(record: &Record, document: &Document) -> CriticalPath {
    let plan = &record.plan;
    let measured = |stage: &StageView| -> Option<f64> {
        let longest = |pass: &u32| {
            let figures = document.passes[*pass as usize].figures.as_ref()?;
            let even = figures.fun_seconds / document.passes[*pass as usize].elements.max(1) as f64;
            Some(figures.slowest.first().map_or(even, |slowest| slowest.seconds))
        };
        stage.passes.iter().map(longest).sum()
    };
    let expected = planned::longest(plan, &record.notes);
    let known: Vec<Option<f64>> =
        document.stages.iter().zip(expected).map(|(stage, expected)| measured(stage).or(expected)).collect();
    let all = known.iter().all(Option::is_some);
    let cost = |task: TaskId| match plan.graph().tasks()[task.index()].kind {
        // One more than nothing, so that a way through more stages is longer. What a record expects may be any number.
        TaskKind::Map(stage) if all => ((known[stage.index()].unwrap_or(0.0) * 1e9) as u64).saturating_add(1),
        TaskKind::Map(stage) => plan.stages()[stage.index()].board.elements + 1,
        _ => 0,
    };
    let (tasks, _) = plan.graph().critical_path(cost);
    let on_way = tasks.iter().filter_map(|&task| planned::stage_of_task(plan, task));
    let seconds = on_way.map(|stage| known[stage.index()].unwrap_or(0.0)).sum();
    CriticalPath { tasks: tasks.into_iter().map(|task| task.0).collect(), seconds: all.then_some(seconds) }
}
