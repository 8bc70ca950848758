//! The `.Call` that simulates a plan: the scheduler's own core on a virtual clock.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::iter;

use extendr_api::prelude::*;
use scheduler::plan::{CallSpec, Costs, Origin};
use scheduler::policy::{Policy, Schedule};
use scheduler::simulate::{over_hosts, sweep, Case, Model, Network, OverHosts, Simulated, Work};

use super::plan_api;
use super::spec::{policy, Reader};
use crate::r::{self, argument, edge, Given, Kind, Result, Sexp};

/// Simulates plan `id` for every number of workers and every schedule. `model` has for each pass of the plan the seconds of its
/// elements (`work`): one for each, or one for all; `known`: whether schedules may know them beforehand; `overhead`: seconds a chunk.
/// Gives columns.
#[extendr]
fn ms_simulate(id: i32, workers: Robj, schedules: Robj, chunk: f64, model: Robj) -> Robj {
    edge(|| {
        let (spec, model) = asked_of(id, &model)?;
        let workers = r::numbers(argument(&workers))?;
        let schedules = Schedules::read(&schedules, chunk)?;
        let with = |policy| workers.iter().map(move |&workers| Case { workers: workers as u32, policy });
        let cases: Vec<Case> = schedules.policies.iter().flat_map(|&policy| with(policy)).collect();
        let results = sweep(&spec, &cases, &model)?;
        table(&schedules.of_each(workers.len()), &results)
    })
}

/// The same over so many hosts, each with so many workers. `bandwidth`: bytes a second of the session's link; `latency`: seconds one way.
#[extendr]
fn ms_simulate_hosts(id: i32, counts: Robj, schedules: Robj, chunk: f64, model: Robj, network: Robj) -> Robj {
    edge(|| {
        let (spec, model) = asked_of(id, &model)?;
        let counts = Reader { list: argument(&counts) };
        let (hosts, workers) = (counts.numbers("hosts")?, counts.numbers("workers")?);
        let network = Reader { list: argument(&network) };
        let network = Network {
            bytes_per_second: network.number("bandwidth")?,
            latency_ns: (network.number("latency")? * 1e9) as u64,
        };
        let schedules = Schedules::read(&schedules, chunk)?;
        let mut results = Vec::new();
        for &policy in &schedules.policies {
            for (&hosts, &workers) in hosts.iter().flat_map(|hosts| workers.iter().map(move |w| (hosts, w))) {
                let case = Case { workers: workers as u32, policy };
                results.push(over_hosts(&case.of(&spec), &model, hosts as u32, &network)?);
            }
        }
        table_of_hosts(&schedules.of_each(hosts.len() * workers.len()), &results)
    })
}

/// The call of a plan and the model for it, as schedules may know it.
fn asked_of(id: i32, model: &Robj) -> Result<(CallSpec, Model)> {
    let (mut spec, sizes) = plan_api::call_of(id)?;
    let asked = Reader { list: argument(model) };
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
    Ok((spec, model))
}

/// The schedules that are asked for, by name.
struct Schedules {
    names: Vec<String>,
    policies: Vec<Option<Policy>>,
}

impl Schedules {
    fn read(names: &Robj, chunk: f64) -> Result<Schedules> {
        let names = r::strings(argument(names), "schedules")?;
        let policies = names.iter().map(|name| policy(name, chunk as u64)).collect::<Result<_>>()?;
        Ok(Schedules { names, policies })
    }

    /// The name of each of so many cases a schedule.
    fn of_each(&self, cases: usize) -> Vec<&str> {
        self.names.iter().flat_map(|name| std::iter::repeat_n(name.as_str(), cases)).collect()
    }
}

/// Simulated runs over hosts in columns.
fn table_of_hosts(names: &[&str], results: &[OverHosts]) -> Result<Given> {
    let column = |of: &dyn Fn(&OverHosts) -> f64| results.iter().map(of).collect::<Vec<_>>();
    let columns = [
        ("hosts", column(&|run| f64::from(run.hosts))),
        ("workers", column(&|run| f64::from(run.workers))),
        ("makespan", column(&|run| run.makespan_ns as f64 / 1e9)),
        ("bound", column(&|run| run.bound_ns as f64 / 1e9)),
        ("efficiency", column(&|run| run.efficiency)),
        ("idle", column(&|run| (1.0 - run.efficiency - run.overhead).max(0.0))),
        ("overhead", column(&|run| run.overhead)),
        ("chunks", column(&|run| run.chunks as f64)),
        ("recuts", column(&|run| run.recuts as f64)),
        ("peak", column(&|run| run.peak_bytes as f64)),
        ("bytes", column(&|run| run.moved_bytes as f64)),
        ("link", column(&|run| run.link)),
    ];
    in_columns(names, &columns)
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
    in_columns(names, &columns)
}

fn in_columns(names: &[&str], columns: &[(&str, Vec<f64>)]) -> Result<Given> {
    let titles: Vec<&str> = iter::once("schedule").chain(columns.iter().map(|(title, _)| *title)).collect();
    r::give(|s| {
        let table = s.vector(Kind::VECSXP, titles.len());
        table.set_item(0, r::character(s, names));
        for (at, (_, column)) in columns.iter().enumerate() {
            s.inner(|s| table.set_item(at + 1, r::reals(s, column)));
        }
        table.set_attribute(s, "names", r::character(s, &titles));
        Ok(table)
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
    fn ms_simulate_hosts;
}
