//! The `.Call`s of a worker within a run, from the state of the session to what FUN gave; `R/watch.R` and `R/prepare.R` tell how they go together.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use extendr_api::prelude::*;
use scheduler::link::Link;

use super::chunk::Call;
use super::current::{Current, Next};
use super::home::{with, Taken, Worker};
use super::stage::Ready;
use super::waiting::keep_waiting;
use crate::r::{self, argument, edge, nothing, Failure, Given, Kind, Result, Scope, Sexp};

fn no_run() -> Failure {
    Failure::Internal("there is no run at hand".into())
}

/// What the session says of its state for the run at hand, in its own bytes.
#[extendr]
fn ms_worker_session() -> Robj {
    edge(|| {
        with(|worker| {
            let current = worker.current.as_ref().ok_or_else(no_run)?;
            r::give(|s| Ok(bytes(s, current.session())))
        })
    })
}

/// From now on this worker loads a package.
#[extendr]
fn ms_worker_loading() -> Robj {
    edge(|| {
        with(|worker| {
            worker.current.iter_mut().for_each(Current::loading);
            Ok(())
        })?;
        nothing()
    })
}

/// The package is loaded.
#[extendr]
fn ms_worker_loaded(package: &str) -> Robj {
    edge(|| {
        with(|worker| match (worker.link.as_ref(), worker.current.as_mut()) {
            (Some(link), Some(current)) => current.loaded(link, package),
            _ => Ok(()),
        })?;
        nothing()
    })
}

/// Calls FUN on element after element, chunk after chunk. Gives NULL when the run is over, or what R has to make ready first:
/// a list of a step's payload and captured objects. Left by R's jump when FUN fails, or when `late` is called: FUN took too long.
#[extendr]
fn ms_worker_loop(late: Robj) -> Robj {
    edge(|| loop {
        match with(|worker| {
            let (link, current) = at_run(worker)?;
            current.next(link)
        })? {
            Next::Over => return nothing(),
            Next::Prepare { pass, payload, captured } => return request(pass, &payload, &captured),
            Next::Work => call_fun(argument(&late))?,
        }
        let goes_on = with(|worker| {
            let (link, current) = at_run(worker)?;
            current.deliver(link)
        })?;
        if !goes_on {
            return nothing();
        }
    })
}

/// Calls FUN for each element of the chunk under way. Elements are cut while the worker is out of its place, and FUN runs while it is
/// there.
fn call_fun(came_late: Sexp) -> Result<()> {
    let mut taken = Taken::take().ok_or_else(no_run)?;
    let taken = &mut taken;
    r::protect(|s| {
        while s.inner(|s| {
            let call = taken.run().and_then(|run| run.call(s));
            let Some(Call { call, forced, frame, setter, element, late }) = call else { return false };
            taken.put_back();
            if late {
                s.call(came_late, &[]);
            }
            if !setter.is_null() {
                s.call(setter, &[r::real(s, element as f64 + 1.0)]);
            }
            let value = match forced {
                Some(forced) => s.force_and_call(call, forced, frame),
                None => s.eval(call, frame),
            };
            taken.take_again();
            if taken.run().is_some_and(Current::ended) {
                taken.put_back();
                s.call(came_late, &[]);
                taken.take_again();
            }
            if let Some(run) = taken.run() {
                run.result(s, value);
            }
            true
        }) {}
        Ok(())
    })
}

/// A worker's link to its session, and the run at hand.
fn at_run(worker: &mut Worker) -> Result<(&mut Link, &mut Current)> {
    worker.link.as_mut().zip(worker.current.as_mut()).ok_or_else(no_run)
}

/// A raw vector of these bytes, kept.
fn bytes<'s>(s: &'s Scope, bytes: &[u8]) -> Sexp<'s> {
    let vector = s.vector(Kind::RAWSXP, bytes.len());
    // SAFETY: the vector was just made, of this length.
    unsafe { vector.data_mut().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    vector
}

/// What R is asked to make ready.
fn request(pass: u32, payload: &[u8], captured: &[r::Preserved]) -> Result<Given> {
    r::give(|s| {
        let program = bytes(s, payload);
        let views = s.vector(Kind::VECSXP, captured.len());
        for (place, view) in captured.iter().enumerate() {
            views.set_item(place, view.get());
        }
        let pass = r::integer(s, pass as i32 + 1);
        Ok(r::named_list(s, &[("pass", pass), ("payload", program), ("captured", views)]))
    })
}

/// What R made ready for the step that the loop asked for: the call of FUN, how many of its arguments are `forced` (NULL: it is code to be
/// evaluated), its frame, the list in which the call finds its elements, and what sets the random numbers.
#[extendr]
fn ms_worker_ready(call: Robj, forced: Robj, frame: Robj, elements: Robj, setter: Robj) -> Robj {
    edge(|| {
        let forced = argument(&forced);
        let forced = if forced.is_null() { None } else { Some(r::number_at(forced, 0)? as i32) };
        let [call, frame, elements, setter] =
            [&call, &frame, &elements, &setter].map(|x| r::Preserved::new(argument(x)));
        with(|worker| {
            let current = worker.current.as_mut().ok_or_else(no_run)?;
            current.make_ready(Ready { call, forced, frame, elements, setter })
        })?;
        nothing()
    })
}

/// Where FUN is: the stage, the step and the element, or -1 three times.
#[extendr]
fn ms_worker_at() -> Robj {
    edge(|| {
        let mut taken = Taken::take();
        let at = taken.as_mut().and_then(Taken::run).and_then(|run| run.place());
        r::give(|s| Ok(r::reals(s, &at.unwrap_or([-1.0; 3]))))
    })
}

/// Whether the time of the element under way is over while FUN is at it: then an interrupt is meant for it.
#[extendr]
fn ms_worker_is_late() -> Robj {
    edge(|| {
        let mut taken = Taken::take();
        let late = taken.as_mut().and_then(Taken::run).is_some_and(|run| run.is_late());
        r::give(|s| Ok(r::logical(s, late)))
    })
}

/// FUN is not at its element any more. If that took too long: the seconds that it had, else NULL. An interrupt that was sent for it has come.
#[extendr]
fn ms_worker_late() -> Robj {
    edge(|| match with(|worker| Ok(worker.current.as_mut().and_then(Current::take_late)))? {
        Some(seconds) => r::give(|s| Ok(r::real(s, seconds))),
        None => nothing(),
    })
}

/// Whether the element under way may fail: its condition is then its result.
#[extendr]
fn ms_worker_collects() -> Robj {
    edge(|| {
        let collects = with(|worker| Ok(worker.current.as_ref().is_some_and(Current::collects)))?;
        r::give(|s| Ok(r::logical(s, collects)))
    })
}

/// Whether FUN came back from all elements of the chunk under way: what failed since is a result that cannot be sent.
#[extendr]
fn ms_worker_through() -> Robj {
    edge(|| {
        let through = with(|worker| Ok(worker.current.as_ref().is_some_and(Current::is_through)))?;
        r::give(|s| Ok(r::logical(s, through)))
    })
}

/// Takes a warning or message of the element under way.
#[extendr]
fn ms_worker_condition(condition: Robj) -> Robj {
    edge(|| {
        let condition = r::Preserved::new(argument(&condition));
        match Taken::take().as_mut().and_then(Taken::worker) {
            Some(Worker { current: Some(current), .. }) => current.note(condition),
            Some(_) => {}
            None => keep_waiting(condition),
        }
        nothing()
    })
}

/// Reports an error: of the element under way, or of getting ready when none is. With on_error = "collect", the condition
/// of an element becomes its result, and TRUE says that the loop can be entered again. `calls` is NULL for an interrupt;
/// `said` is the condition's text.
#[extendr]
fn ms_worker_failed(condition: Robj, calls: Robj, said: Robj) -> Robj {
    edge(|| {
        let [condition, calls, said] = [&condition, &calls, &said].map(argument);
        let kept = with(|worker| {
            let (link, current) = at_run(worker)?;
            let within = current.is_at_element();
            let interrupted = calls.is_null();
            if within && current.collects() && !interrupted {
                r::protect(|s| {
                    current.result(s, condition);
                    Ok(())
                })?;
                return Ok(true);
            }
            let error = r::protect(|s| {
                let element = r::logical(s, within);
                let parts =
                    [("condition", condition), ("calls", calls), ("said", said), ("element", element)];
                Ok(r::Preserved::new(r::named_list(s, &parts)))
            })?;
            current.fail(link, error.get(), interrupted)?;
            Ok(false)
        })?;
        r::give(|s| Ok(r::logical(s, kept)))
    })
}

extendr_module! {
    mod worker_api;
    fn ms_worker_session;
    fn ms_worker_loading;
    fn ms_worker_loaded;
    fn ms_worker_loop;
    fn ms_worker_ready;
    fn ms_worker_at;
    fn ms_worker_is_late;
    fn ms_worker_late;
    fn ms_worker_collects;
    fn ms_worker_through;
    fn ms_worker_condition;
    fn ms_worker_failed;
}
