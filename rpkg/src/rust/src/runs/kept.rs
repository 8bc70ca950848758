//! Runs that failed and whose pages are kept, so that another run goes on from there.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use extendr_api::prelude::*;
use scheduler::id::ResourceId;
use scheduler::plan::Plan;
use scheduler::run::Finished;
use scheduler::store::Page;

use crate::r::{self, edge, nothing, Failure, Result};

/// A run that failed.
pub(super) struct Kept {
    pub(super) plan: Arc<Plan>,
    pub(super) finished: Box<Finished>,
}

#[derive(Default)]
struct Runs {
    runs: BTreeMap<i32, Kept>,
    /// The process that they belong to: a forked child has none.
    pid: u32,
}

thread_local! {
    static KEPT: RefCell<Runs> = RefCell::default();
}

fn all<T>(f: impl FnOnce(&mut BTreeMap<i32, Kept>) -> T) -> T {
    KEPT.with_borrow_mut(|kept| {
        let pid = std::process::id();
        if kept.pid != pid {
            kept.runs.clear();
            kept.pid = pid;
        }
        f(&mut kept.runs)
    })
}

pub(super) fn put(run: i32, kept: Kept) {
    all(|runs| runs.insert(run, kept));
}

pub(crate) fn clear() {
    drop(all(std::mem::take));
}

/// Runs `f`, which does not call R, on a run that is kept.
pub(super) fn with<T>(run: i32, f: impl FnOnce(&Kept) -> Result<T>) -> Result<T> {
    let gone =
        || Failure::Kind("kept", "what this run left was given back; run it again from the beginning".into());
    all(|runs| f(runs.get(&run).ok_or_else(gone)?))
}

/// The pages of results that a run left: of each, the resource that it is in the plan of another run.
pub(super) fn take_pages(run: i32, plan: &Plan) -> Vec<(ResourceId, Page)> {
    let Some(kept) = all(|runs| runs.remove(&run)) else { return Vec::new() };
    let passes = (0..plan.spec().passes.len() as u32).map(scheduler::id::PassId);
    let places: Vec<_> =
        passes.filter_map(|pass| Some((kept.plan.result_of(pass)?, plan.result_of(pass)?))).collect();
    let place = |id| places.iter().find(|(before, _)| *before == id).map(|(_, now)| *now);
    kept.finished.results.into_iter().filter_map(|(id, page)| Some((place(id)?, page))).collect()
}

/// For each run that is kept, its number and the bytes of its pages of results.
#[extendr]
fn ms_kept_list() -> Robj {
    edge(|| {
        let sizes = all(|runs| {
            let bytes = |kept: &Kept| kept.finished.board.board().live_bytes() as f64;
            runs.iter().map(|(run, kept)| (f64::from(*run), bytes(kept))).unzip::<f64, f64, Vec<_>, Vec<_>>()
        });
        r::give(|s| Ok(r::named_list(s, &[("run", r::reals(s, &sizes.0)), ("bytes", r::reals(s, &sizes.1))])))
    })
}

/// Gives back all that is kept.
#[extendr]
fn ms_kept_clear() -> Robj {
    edge(|| {
        clear();
        nothing()
    })
}

extendr_module! {
    mod kept;
    fn ms_kept_list;
    fn ms_kept_clear;
}
