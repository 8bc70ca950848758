//! The `.Call` that simulates a plan: the scheduler's own core on a virtual clock.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use extendr_api::prelude::*;
use scheduler::plan::{CallSpec, Costs, Origin};
use scheduler::policy::{Policy, Schedule};
use scheduler::simulate::{sweep, Case, Model, Simulated, Work};

use super::plan_api;
use super::spec::{policy, Reader};
use crate::r::{self, argument, edge, Given, Result, Sexp};

/// Simulates plan `id` for every number of workers and every schedule. `model` has for each pass of the plan the seconds of its
/// elements (`work`): one for each, or one for all; `known`: whether schedules may know them beforehand; `overhead`: seconds a chunk.
/// Gives columns.
#[extendr]
fn ms_simulate(id: i32, workers: Robj, schedules: Robj, chunk: f64, model: Robj) -> Robj {
    edge(|| {
        let (mut spec, sizes) = plan_api::call_of(id)?;
        let workers = r::numbers(argument(&workers))?;
        let schedules = r::strings(argument(&schedules), "schedules")?;
        let asked = Reader { list: argument(&model) };
        let model = Model {
            chunk_ns: (asked.number("overhead")? * 1e9) as u64,
            work: works(asked.item("work")?)?,
            sizes,
            ..Model::default()
        };
        // What is simulated has no budget.
        (spec.budget, spec.measure) = (None, false);
        if asked.number("known")? != 0.0 {
            take_costs(&mut spec, &model)?;
        } else {
            forget_costs(&mut spec);
        }
        let mut cases = Vec::with_capacity(workers.len() * schedules.len());
        for schedule in &schedules {
            let policy = policy(schedule, chunk as u64)?;
            cases.extend(workers.iter().map(|&workers| Case { workers: workers as u32, policy }));
        }
        let results = sweep(&spec, &cases, &model)?;
        let names: Vec<&str> =
            schedules.iter().flat_map(|name| std::iter::repeat_n(name.as_str(), workers.len())).collect();
        table(&names, &results)
    })
}

/// Simulated runs in columns, with their schedules.
fn table(names: &[&str], results: &[Simulated]) -> Result<Given> {
    let column = |of: &dyn Fn(&Simulated) -> f64| results.iter().map(of).collect::<Vec<_>>();
    let columns = [
        ("workers", column(&|run| f64::from(run.workers))),
        ("makespan", column(&|run| run.makespan_ns as f64 / 1e9)),
        ("bound", column(&|run| run.bound_ns as f64 / 1e9)),
        ("efficiency", column(&|run| run.efficiency)),
        ("idle", column(&|run| run.idle)),
        ("overhead", column(&|run| run.overhead)),
        ("chunks", column(&|run| run.chunks as f64)),
        ("recuts", column(&|run| f64::from(run.recuts))),
        ("peak", column(&|run| run.peak_bytes as f64)),
    ];
    let columns = &columns;
    r::give(|s| {
        let mut parts = [("", s.null()); 10];
        parts[0] = ("schedule", r::character(s, names));
        for (part, (name, column)) in parts[1..].iter_mut().zip(columns) {
            *part = (name, r::reals(s, column));
        }
        Ok(r::named_list(s, &parts))
    })
}

/// The work of each pass.
fn works(list: Sexp) -> Result<Vec<Work>> {
    let work = |place: usize| -> Result<Work> {
        let seconds = r::numbers(list.item(place))?;
        Ok(match seconds.as_slice() {
            [each] => Work::Uniform(each * 1e9),
            all => Work::Each(Costs::of_doubles(all, Origin::Known, Some(1e9))?),
        })
    };
    (0..list.len()).map(work).collect()
}

/// Schedules know the work.
fn take_costs(spec: &mut CallSpec, model: &Model) -> Result<()> {
    for (pass, work) in spec.passes.iter_mut().zip(&model.work) {
        pass.costs = Some(match work {
            Work::Each(costs) => costs.clone(),
            Work::Uniform(ns) => {
                let each = vec![if *ns > 0.0 { 1.0 } else { 0.0 }; pass.elements as usize];
                Costs::new(each, Origin::Known, Some(ns.max(1e-3)))?
            }
        });
    }
    Ok(())
}

/// Schedules know no more of the work than sizes tell. One that has to know it becomes the automatic one.
fn forget_costs(spec: &mut CallSpec) {
    for pass in &mut spec.passes {
        pass.costs = pass.costs.take().filter(|costs| costs.origin() == Origin::Sizes);
        if pass.policy.schedule == Schedule::Profiled {
            pass.policy = Policy::auto();
        }
    }
}

extendr_module! {
    mod simulate_api;
    fn ms_simulate;
}
