//! The `.Call`s of plans: made, run, forgotten. A plan that is kept has a number; it keeps what it copied in, so that its next
//! run copies in only what changed.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use extendr_api::prelude::*;
use scheduler::error::Error;
use scheduler::plan::{CallSpec, Plan, ResultSize};
use scheduler::profile::Profile;

use super::begin::{prepare, Changes, Copying, Prepared, SessionState};
use super::dead;
use super::describe::describe;
use super::encoded::{Encoded, Purpose};
use super::planned::{bytes_of, compile, Planned};
use super::profiles;
use super::registry::{self, Of};
use super::relearn::{relearn, sizes};
use super::spec::{value as kept, Reader, Spec};
use crate::numbered::Numbered;
use crate::r::{self, argument, edge, nothing, Failure, Given, Result, Sexp};

/// The plans that are kept.
#[derive(Default)]
struct Plans {
    plans: Numbered<Planned>,
    /// The process that they belong to: a forked child has none.
    pid: u32,
}

thread_local! {
    static PLANS: RefCell<Plans> = RefCell::default();
}

fn with<T>(f: impl FnOnce(&mut Plans) -> Result<T>) -> Result<T> {
    PLANS.with(|plans| {
        let mut plans =
            plans.try_borrow_mut().map_err(|_| Failure::Internal("the plans are in use".into()))?;
        let pid = std::process::id();
        if plans.pid != pid {
            plans.plans.clear();
            plans.pid = pid;
        }
        f(&mut plans)
    })
}

/// Gives up all plans and their pages.
pub(crate) fn clear() -> Result<()> {
    with(|plans| {
        plans.plans.clear();
        Ok(())
    })
}

/// A plan that is kept.
pub(crate) fn plan_of(id: i32) -> Result<Arc<Plan>> {
    with(|plans| plans.plans.get(id).map(|planned| Arc::clone(&planned.plan)).ok_or_else(given_back))
}

/// The call behind a plan that is kept, and how large the results of its passes are, as far as is known by now.
pub(super) fn call_of(id: i32) -> Result<(CallSpec, Vec<Option<ResultSize>>)> {
    with(|plans| {
        let planned = plans.plans.get(id).ok_or_else(given_back)?;
        Ok((planned.plan.spec().clone(), sizes(planned)))
    })
}

/// What earlier runs say that FUN takes, by pass: seconds of all elements, and of the longest.
pub(crate) fn expected(id: i32) -> Result<Vec<Option<(f64, f64)>>> {
    with(|plans| {
        let planned = plans.plans.get(id).ok_or_else(given_back)?;
        let passes = planned.plan.spec().passes.iter().zip(planned.keys.iter());
        let seconds = |profile: Arc<Profile>| (profile.total_ns() / 1e9, profile.longest_ns() / 1e9);
        Ok(passes.map(|(pass, key)| profiles::known(key, pass.elements).map(seconds)).collect())
    })
}

fn given_back() -> Failure {
    Failure::Kind("plan", "this plan was given back; make it again with memPlan()".into())
}

/// Compiles a specification. Nothing is copied.
#[extendr]
fn ms_plan_make(spec: Robj) -> Robj {
    edge(|| {
        let spec = Spec::read(argument(&spec))?;
        let (planned, _) = compile(&spec, Purpose::Plan)?;
        let id = with(|plans| Ok(plans.plans.add(planned)))?;
        described(id)
    })
}

/// What [`ms_plan_make`] says of a plan, by what its runs taught since.
#[extendr]
fn ms_plan_describe(id: i32) -> Robj {
    edge(|| {
        with(|plans| relearn(plans.plans.get_mut(id).ok_or_else(given_back)?))?;
        described(id)
    })
}

fn described(id: i32) -> Result<Given> {
    let (plan, guessed): (_, Vec<bool>) = with(|plans| {
        let planned = plans.plans.get(id).ok_or_else(given_back)?;
        let guessed = planned.learned.iter().map(|learned| learned.guessed).collect();
        Ok((Arc::clone(&planned.plan), guessed))
    })?;
    describe(&plan, id, &guessed)
}

/// Forgets a plan, and gives back what it kept.
#[extendr]
fn ms_plan_free(id: i32) -> Robj {
    edge(|| {
        let gone = with(|plans| Ok(plans.plans.take(id)))?;
        drop(gone);
        nothing()
    })
}

/// Begins a run; its number. Plan 0 is the specification's own, for this run only; any other keeps what it copies in. `changes`
/// is NULL, or a list of `data`, places of the specification's data, and `values`, what stands there in this run. `title` says
/// what was called, for whoever looks at the run; `state` is what workers must be like, see [`SessionState`].
#[extendr]
fn ms_run_begin(id: i32, spec: Robj, changes: Robj, title: &str, state: Robj) -> Robj {
    edge(|| {
        let state = SessionState::read(argument(&state))?;
        dead::collect()?;
        let run = if id == 0 {
            let spec = Spec::read(argument(&spec))?;
            let (mut planned, blobs) = compile(&spec, Purpose::Run)?;
            begin(&mut planned, blobs, &Changes::new(), Purpose::Run, (title, &state))?
        } else {
            let changes = argument(&changes);
            // Taken out while R may be called, and put back whatever happens.
            let mut planned = with(|plans| plans.plans.take(id).ok_or_else(given_back))?;
            let begun =
                relearn(&mut planned).and_then(|()| read_changes(&planned, changes)).and_then(|changes| {
                    begin(&mut planned, Vec::new(), &changes, Purpose::Plan, (title, &state))
                });
            with(|plans| {
                plans.plans.put_back(id, planned);
                Ok(())
            })?;
            begun?
        };
        r::give(|s| Ok(r::integer(s, run)))
    })
}

fn begin(
    planned: &mut Planned,
    blobs: Vec<Option<Encoded>>,
    changes: &Changes,
    purpose: Purpose,
    by: (&str, &SessionState),
) -> Result<i32> {
    // What an earlier run left is taken over once.
    let copying = if planned.start.is_fresh() { Copying::Meanwhile } else { Copying::Before };
    if let Some(run) = try_begin(planned, blobs, changes, (purpose, copying), by)? {
        return Ok(run);
    }
    // With all data copied before, it may go to the directory for pages.
    let begun = try_begin(planned, Vec::new(), changes, (purpose, Copying::Before), by)?;
    begun.ok_or_else(|| Failure::Internal("a run had no room for data that was there".into()))
}

/// Begins a run, and copies in what it can read meanwhile; `None` when what was free at its beginning was not any more.
fn try_begin(
    planned: &mut Planned,
    blobs: Vec<Option<Encoded>>,
    changes: &Changes,
    how: (Purpose, Copying),
    by: (&str, &SessionState),
) -> Result<Option<i32>> {
    let external = if planned.external { Some(registry::listener()?) } else { None };
    let address = external.as_ref().map(|listener| listener.path().to_owned());
    let Prepared { job, copied, coming, early, held } = prepare(planned, blobs, changes, external, how, by)?;
    let of = Of {
        plan: Arc::clone(&planned.plan),
        keys: Arc::clone(&planned.keys),
        forms: Arc::clone(&planned.forms),
        copied,
        keep: planned.keep,
        _checkpoint: held,
    };
    let run = registry::begin(job, address, of, early)?;
    let handle = registry::run(run)?.handle;
    if let Err(failure) = coming.write(&handle, registry::look) {
        // Within a second the workers have let go of the pages.
        registry::cancel(run)?;
        handle.wait(AT_ONCE);
        registry::forget(run)?;
        return match failure {
            Failure::Scheduler(Error::NoSpace { .. }) => Ok(None),
            other => Err(other),
        };
    }
    Ok(Some(run))
}

/// How long the end of a run is waited for whose data could not be copied in.
const AT_ONCE: Duration = Duration::from_secs(1);

fn read_changes(planned: &Planned, changes: Sexp) -> Result<Changes> {
    let mut read = Changes::new();
    if changes.is_null() {
        return Ok(read);
    }
    let reader = Reader { list: changes };
    for (data, value) in reader.numbers("data")?.into_iter().zip(reader.items("values")?) {
        let place = planned.resource_of.get((data as usize).wrapping_sub(1));
        let missing = || Failure::Internal(format!("the plan has no data {data}"));
        read.insert(*place.ok_or_else(missing)?, kept(value)?);
    }
    Ok(read)
}

/// The profiles of a run that was collected.
#[extendr]
fn ms_profile_of(run: i32) -> Robj {
    edge(|| profiles::of_run(run))
}

/// What is known under a key of so many elements, as [`ms_profile_of`] gives it; NULL for nothing.
#[extendr]
fn ms_profile_known(key: &str, elements: f64) -> Robj {
    edge(|| profiles::known_costs(key, elements as u64))
}

/// A short name of some bytes, the same in every session.
#[extendr]
fn ms_fingerprint(bytes: Robj) -> Robj {
    edge(|| {
        let print = scheduler::profile::fingerprint(&bytes_of(argument(&bytes))?);
        r::give(|s| Ok(r::character(s, &[&print])))
    })
}

/// Writes a profile to a file.
#[extendr]
fn ms_profile_save(profile: Robj, path: &str) -> Robj {
    edge(|| {
        profiles::save(argument(&profile), path)?;
        nothing()
    })
}

/// Reads a profile from a file; from then on it is used for what it is a profile of.
#[extendr]
fn ms_profile_load(path: &str) -> Robj {
    edge(|| profiles::load(path))
}

/// Forgets what is known under a key.
#[extendr]
fn ms_profile_forget(key: &str) -> Robj {
    edge(|| {
        profiles::forget(key);
        nothing()
    })
}

extendr_module! {
    mod plan_api;
    fn ms_plan_make;
    fn ms_plan_describe;
    fn ms_plan_free;
    fn ms_profile_of;
    fn ms_profile_known;
    fn ms_fingerprint;
    fn ms_profile_save;
    fn ms_profile_load;
    fn ms_profile_forget;
    fn ms_run_begin;
}
