//! The `.Call`s of a worker process; `R/worker.R` tells how they go together.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::UnsafeCell;
use std::path::Path;
use std::time::Duration;

use extendr_api::prelude::*;
use scheduler::link::Link;
use scheduler::trace;

use super::current::Current;
use crate::r::{self, argument, edge, nothing, Failure, Kind, Result, Sexp};

#[derive(Default)]
struct Worker {
    link: Option<Link>,
    current: Option<Current>,
}

thread_local! {
    /// Reached by `worker()` alone, which says how.
    static WORKER: UnsafeCell<Worker> = UnsafeCell::default();
}

/// The worker of this process.
///
/// # Safety
/// The reference must not be alive while R code may run that calls in here again (FUN, handlers); R's main thread is the
/// only one that gets here.
unsafe fn worker<'a>() -> &'a mut Worker {
    // SAFETY: the cell lives as long as the thread, R's main one; references do not overlap, by this function's contract.
    WORKER.with(|cell| unsafe { &mut *cell.get() })
}

fn no_run() -> Failure {
    Failure::Internal("there is no run at hand".into())
}

/// Waits for the next run. NULL when this process should leave.
#[extendr]
fn ms_worker_next() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here but base functions of the encoder, which do not call back.
        let worker = unsafe { worker() };
        worker.current = None;
        if worker.link.is_none() {
            if let Ok(filter) = std::env::var(trace::FILTER) {
                trace::start(&filter, None)?;
            }
            worker.link = Link::inherited()?;
        }
        let Some(link) = worker.link.as_mut() else { return nothing() };
        let Some(membership) = link.next_run()? else { return nothing() };
        let current = worker.current.insert(Current::new(membership)?);
        let captured: Vec<_> = current
            .about
            .captured
            .iter()
            .map(|&resource| current.variable(resource))
            .collect::<Result<_>>()?;
        r::protect(|s| {
            let program = s.vector(Kind::RAWSXP, current.program().len());
            // SAFETY: the vector was just made, of this length.
            unsafe {
                program
                    .data_mut()
                    .copy_from_nonoverlapping(current.program().as_ptr(), current.program().len());
            }
            let views = s.vector(Kind::VECSXP, captured.len());
            for (place, view) in captured.iter().enumerate() {
                views.set_item(place, view.get());
            }
            Ok(r::named_list(s, &[("payload", program), ("captured", views)]))
        })
    })
}

/// Whether the session gives nothing to do for so many milliseconds. Returns at once when it does.
#[extendr]
fn ms_worker_idle(milliseconds: i32) -> Robj {
    edge(|| {
        let patience = Duration::from_millis(milliseconds.max(0) as u64);
        // SAFETY: no R code runs in here.
        let idle = match unsafe { worker() }.link.as_ref() {
            Some(link) => link.is_idle(patience)?,
            None => true,
        };
        r::protect(|s| Ok(r::logical(s, idle)))
    })
}

/// Calls FUN on element after element, chunk after chunk, until the run is over. Left by R's jump when FUN fails.
#[extendr]
fn ms_worker_loop(call: Robj, frame: Robj, setter: Robj) -> Robj {
    edge(|| {
        let [call, frame, setter] = [&call, &frame, &setter].map(argument);
        bind_sides(frame)?;
        loop {
            // SAFETY: nothing of R but allocation happens while the reference lives.
            let Worker { link: Some(link), current: Some(current) } = (unsafe { worker() }) else {
                return Err(no_run());
            };
            if !current.claim(link)? {
                return nothing();
            }
            r::protect(|s| {
                let name = s.symbol(".element");
                // SAFETY: each reference ends before FUN is called, and is taken anew afterwards.
                while s.inner(|s| unsafe {
                    let Some((at, element)) = worker().current.as_mut().and_then(|c| c.element(s)) else {
                        return false;
                    };
                    s.define(name, element, frame);
                    if !setter.is_null() {
                        s.call(setter, &[r::real(s, at as f64 + 1.0)]);
                    }
                    let value = s.eval(call, frame);
                    if let Some(current) = worker().current.as_mut() {
                        current.result(value);
                    }
                    true
                }) {}
                Ok(())
            })?;
            // SAFETY: encoding calls base functions only, which do not call back.
            unsafe { worker() }.current.as_mut().ok_or_else(no_run)?.deliver()?;
        }
    })
}

/// Binds the side variables of the run in FUN's frame, once.
fn bind_sides(frame: Sexp) -> Result<()> {
    // SAFETY: decoding calls base functions only, which do not call back.
    let current = unsafe { worker() }.current.as_mut().ok_or_else(no_run)?;
    if current.bound {
        return Ok(());
    }
    for (name, resource) in current.sides() {
        let value = current.variable(*resource)?;
        r::protect(|s| {
            s.define(s.symbol(name), value.get(), frame);
            Ok(())
        })?;
    }
    current.bound = true;
    Ok(())
}

/// Takes a warning or message of the element under way.
#[extendr]
fn ms_worker_condition(condition: Robj) -> Robj {
    edge(|| {
        // SAFETY: nothing of R runs while the reference lives.
        if let Some(current) = unsafe { worker() }.current.as_mut() {
            current.note(argument(&condition));
        }
        nothing()
    })
}

/// Reports an error: of the element under way, or of getting ready when none is. With on_error = "collect", the condition
/// of an element becomes its result, and TRUE says that the loop can be entered again. `calls` is NULL for an interrupt.
#[extendr]
fn ms_worker_failed(condition: Robj, calls: Robj) -> Robj {
    edge(|| {
        let (condition, calls) = (argument(&condition), argument(&calls));
        // SAFETY: encoding calls base functions only, which do not call back.
        let worker = unsafe { worker() };
        let Worker { link: Some(link), current: Some(current) } = worker else { return Err(no_run()) };
        let within = current.is_within_chunk();
        let interrupted = calls.is_null();
        let kept = within && current.about.collect && !interrupted;
        if kept {
            current.result(condition);
        } else {
            let error = r::protect(|s| {
                let parts = [("condition", condition), ("calls", calls), ("element", r::logical(s, within))];
                Ok(r::Kept::new(r::named_list(s, &parts)))
            })?;
            current.fail(link, error.get(), interrupted)?;
        }
        r::protect(|s| Ok(r::logical(s, kept)))
    })
}

/// Takes no further part in the run and waits for its end.
#[extendr]
fn ms_worker_done() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        let worker = unsafe { worker() };
        if let (Some(link), Some(current)) = (worker.link.as_mut(), worker.current.take()) {
            current.sit_out(link)?;
        }
        nothing()
    })
}

/// Makes this process a worker of the session that listens at `path`.
#[extendr]
fn ms_worker_join(path: &str) -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        unsafe { worker() }.link = Some(Link::join(Path::new(path))?);
        nothing()
    })
}

/// Ends what `ms_worker_join()` began.
#[extendr]
fn ms_worker_leave() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        *unsafe { worker() } = Worker::default();
        nothing()
    })
}

/// Ends a worker that was forked, without R's own leave-taking. Does not return.
#[extendr]
fn ms_worker_quit() -> Robj {
    scheduler::os::leave_forked()
}

extendr_module! {
    mod worker_api;
    fn ms_worker_next;
    fn ms_worker_idle;
    fn ms_worker_loop;
    fn ms_worker_condition;
    fn ms_worker_failed;
    fn ms_worker_done;
    fn ms_worker_join;
    fn ms_worker_leave;
    fn ms_worker_quit;
}
