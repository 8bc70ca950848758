//! The `.Call`s of a worker process; `R/worker.R` tells how they go together.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::UnsafeCell;
use std::path::Path;
use std::time::Duration;

use extendr_api::prelude::*;
use scheduler::link::{Link, Mirror, Role};

use super::current::{Current, Next};
use super::stage::Ready;
use crate::r::{self, argument, edge, nothing, Failure, Kind, Result, Scope, Sexp};

#[derive(Default)]
struct Worker {
    link: Option<Link>,
    /// While this process is on its way to the state of a session.
    mirror: Option<Mirror>,
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

/// What this process is: a worker (TRUE), of no use any more (FALSE), or one that is to become the mirror of a session, which then finds in
/// a list the file with the `state` and the packages that are `deferred`. A fork server stays in here; each process that it forks returns.
#[extendr]
fn ms_worker_begin() -> Robj {
    edge(|| role(Link::inherited()?))
}

/// A mirror says that it loads a package next.
#[extendr]
fn ms_mirror_loading(package: &str) -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        let mirror = unsafe { worker() }.mirror.as_ref();
        mirror.ok_or_else(|| Failure::Internal("this process is no mirror".into()))?.loading(package)?;
        nothing()
    })
}

/// The mirror is in the state: it forks workers from here on. Gives what `ms_worker_begin()` gives.
#[extendr]
fn ms_mirror_serve() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        let mirror = unsafe { worker() }.mirror.take();
        role(mirror.ok_or_else(|| Failure::Internal("this process is no mirror".into()))?.serve()?)
    })
}

fn role(role: Role) -> Result<Sexp> {
    // SAFETY: no R code runs while the reference lives.
    let worker = unsafe { worker() };
    match role {
        Role::Worker(link) => worker.link = Some(link),
        Role::Mirror(mirror) => worker.mirror = Some(mirror),
        Role::Over => {}
    }
    let (is_worker, mirror) = (worker.link.is_some(), worker.mirror.as_ref());
    let Some(Mirror { state, deferred, .. }) = mirror else {
        return r::protect(|s| Ok(r::logical(s, is_worker)));
    };
    r::protect(|s| {
        let parts = [("state", r::path(s, state)), ("deferred", r::character(s, deferred))];
        Ok(r::named_list(s, &parts))
    })
}

/// What the session says of its state for the run at hand, in its own bytes.
#[extendr]
fn ms_worker_session() -> Robj {
    edge(|| {
        // SAFETY: no R code that calls back runs in here.
        let current = unsafe { worker() }.current.as_ref().ok_or_else(no_run)?;
        r::protect(|s| Ok(bytes(s, current.session())))
    })
}

/// Tells the user of the session something that is no error.
#[extendr]
fn ms_worker_note(text: &str) -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        if let Some(link) = &unsafe { worker() }.link {
            link.note(text)?;
        }
        nothing()
    })
}

/// A run changed this process in a way that cannot be put back: gives up its place to a new one. Returns when the process may end.
#[extendr]
fn ms_worker_changed(what: &str) -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        if let Some(link) = &mut unsafe { worker() }.link {
            link.changed(what)?;
        }
        nothing()
    })
}

/// Waits for the next run. FALSE when this process should leave.
#[extendr]
fn ms_worker_next() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        let worker = unsafe { worker() };
        worker.current = None;
        let membership = match worker.link.as_mut() {
            Some(link) => link.next_run()?,
            None => None,
        };
        worker.current = membership.map(Current::new).transpose()?;
        let there = worker.current.is_some();
        r::protect(|s| Ok(r::logical(s, there)))
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

/// Calls FUN on element after element, chunk after chunk. Gives NULL when the run is over, or what R has to make ready first:
/// a list of a step's payload and captured objects. Left by R's jump when FUN fails.
#[extendr]
fn ms_worker_loop() -> Robj {
    edge(|| loop {
        // SAFETY: opening a stage calls base functions of R only, which do not call back.
        let Worker { link: Some(link), current: Some(current), .. } = (unsafe { worker() }) else {
            return Err(no_run());
        };
        match current.next(link)? {
            Next::Over => return nothing(),
            Next::Prepare { pass, payload, captured } => return request(pass, &payload, &captured),
            Next::Work => {}
        }
        r::protect(|s| {
            // SAFETY: each reference ends before FUN is called, and is taken anew afterwards.
            while s.inner(|s| unsafe {
                let Some(call) = worker().current.as_mut().and_then(|current| current.call(s)) else {
                    return false;
                };
                if !call.setter.is_null() {
                    s.call(call.setter, &[r::real(s, call.element as f64 + 1.0)]);
                }
                let value = s.eval(call.call, call.frame);
                if let Some(current) = worker().current.as_mut() {
                    current.result(value);
                }
                true
            }) {}
            Ok(())
        })?;
        // SAFETY: encoding calls base functions and serialize()'s hook (parts.R) only, which do not call back.
        let Worker { link: Some(link), current: Some(current), .. } = (unsafe { worker() }) else {
            return Err(no_run());
        };
        if !current.deliver(link)? {
            return nothing();
        }
    })
}

/// A raw vector of these bytes, kept.
fn bytes(s: &Scope, bytes: &[u8]) -> Sexp {
    let vector = s.vector(Kind::RAWSXP, bytes.len());
    // SAFETY: the vector was just made, of this length.
    unsafe { vector.data_mut().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    vector
}

/// What R is asked to make ready.
fn request(pass: u32, payload: &[u8], captured: &[r::Kept]) -> Result<Sexp> {
    r::protect(|s| {
        let program = bytes(s, payload);
        let views = s.vector(Kind::VECSXP, captured.len());
        for (place, view) in captured.iter().enumerate() {
            views.set_item(place, view.get());
        }
        let pass = r::integer(s, pass as i32 + 1);
        Ok(r::named_list(s, &[("pass", pass), ("payload", program), ("captured", views)]))
    })
}

/// What R made ready for the step that the loop asked for: the call of FUN, its frame, the list in which the call finds its elements,
/// and what sets the random numbers.
#[extendr]
fn ms_worker_ready(call: Robj, frame: Robj, elements: Robj, setter: Robj) -> Robj {
    edge(|| {
        let [call, frame, elements, setter] =
            [&call, &frame, &elements, &setter].map(|x| r::Kept::new(argument(x)));
        // SAFETY: decoding calls base functions only, which do not call back.
        let current = unsafe { worker() }.current.as_mut().ok_or_else(no_run)?;
        current.make_ready(Ready { call, frame, elements, setter })?;
        nothing()
    })
}

/// Where FUN is: the stage, the step and the element, or -1 three times.
#[extendr]
fn ms_worker_at() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        let at = unsafe { worker() }.current.as_ref().and_then(Current::place);
        r::protect(|s| Ok(r::reals(s, &at.unwrap_or([-1.0; 3]))))
    })
}

/// Whether the element under way may fail: its condition is then its result.
#[extendr]
fn ms_worker_collects() -> Robj {
    edge(|| {
        // SAFETY: no R code runs in here.
        let collects = unsafe { worker() }.current.as_ref().is_some_and(Current::collects);
        r::protect(|s| Ok(r::logical(s, collects)))
    })
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
/// of an element becomes its result, and TRUE says that the loop can be entered again. `calls` is NULL for an interrupt;
/// `said` is the condition's text.
#[extendr]
fn ms_worker_failed(condition: Robj, calls: Robj, said: Robj) -> Robj {
    edge(|| {
        let [condition, calls, said] = [&condition, &calls, &said].map(argument);
        // SAFETY: encoding calls base functions and serialize()'s hook (parts.R) only, which do not call back.
        let worker = unsafe { worker() };
        let Worker { link: Some(link), current: Some(current), .. } = worker else { return Err(no_run()) };
        let within = current.is_at_element();
        let interrupted = calls.is_null();
        let kept = within && current.collects() && !interrupted;
        if kept {
            current.result(condition);
        } else {
            let error = r::protect(|s| {
                let element = r::logical(s, within);
                let parts =
                    [("condition", condition), ("calls", calls), ("said", said), ("element", element)];
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

/// Makes this process a worker of a session: `address` is what `ms_run_join_address()` gives there. An error of kind `cluster` when it can
/// take part in no run of that session.
#[extendr]
fn ms_worker_join(address: Robj) -> Robj {
    edge(|| {
        let address = r::strings(argument(&address), "address")?;
        let [path, session, version] = address.as_slice() else {
            return Err(Failure::Internal("an address has three parts".into()));
        };
        let link = Link::join_session(Path::new(path), session, version)?;
        // SAFETY: no R code runs in here.
        unsafe { worker() }.link = Some(link);
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
    fn ms_worker_begin;
    fn ms_mirror_loading;
    fn ms_mirror_serve;
    fn ms_worker_session;
    fn ms_worker_note;
    fn ms_worker_changed;
    fn ms_worker_next;
    fn ms_worker_idle;
    fn ms_worker_loop;
    fn ms_worker_ready;
    fn ms_worker_at;
    fn ms_worker_collects;
    fn ms_worker_condition;
    fn ms_worker_failed;
    fn ms_worker_done;
    fn ms_worker_join;
    fn ms_worker_leave;
    fn ms_worker_quit;
}
