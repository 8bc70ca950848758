//! The `.Call`s by which a process becomes a worker or a mirror, waits for runs, and leaves; `R/worker.R` tells how they go together.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::path::Path;
use std::time::{Duration, Instant};

use extendr_api::prelude::*;
use scheduler::link::{Link, Mirror, Role};

use super::current::Current;
use super::home::{with, Worker};
use super::kept;
use super::waiting::waiting;
use crate::altrep;
use crate::r::{self, argument, edge, nothing, Failure, Given, Result};

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
        with(|worker| Ok(worker.mirror.as_ref().ok_or_else(no_mirror)?.loading(package)?))?;
        nothing()
    })
}

/// The mirror is in the state: it forks workers from here on. Gives what `ms_worker_begin()` gives.
#[extendr]
fn ms_mirror_serve() -> Robj {
    edge(|| {
        let mirror = with(|worker| worker.mirror.take().ok_or_else(no_mirror))?;
        role(mirror.serve()?)
    })
}

fn no_mirror() -> Failure {
    Failure::Internal("this process is no mirror".into())
}

fn role(role: Role) -> Result<Given> {
    with(|worker| {
        match role {
            Role::Worker(link) => worker.link = Some(link),
            Role::Mirror(mirror) => worker.mirror = Some(mirror),
            Role::Over => {}
        }
        let (is_worker, mirror) = (worker.link.is_some(), worker.mirror.as_ref());
        let Some(Mirror { state, deferred, .. }) = mirror else {
            return r::give(|s| Ok(r::logical(s, is_worker)));
        };
        r::give(|s| {
            let parts = [("state", r::path(s, state)), ("deferred", r::character(s, deferred))];
            Ok(r::named_list(s, &parts))
        })
    })
}

/// Tells the user of the session something that is no error.
#[extendr]
fn ms_worker_note(text: &str) -> Robj {
    edge(|| {
        with(|worker| Ok(worker.link.as_ref().map_or(Ok(()), |link| link.note(text))?))?;
        nothing()
    })
}

/// A run changed this process in a way that cannot be put back: gives up its place to a new one. Returns when the process may end.
#[extendr]
fn ms_worker_changed(what: &str) -> Robj {
    edge(|| {
        with(|worker| Ok(worker.link.as_mut().map_or(Ok(()), |link| link.changed(what))?))?;
        nothing()
    })
}

/// Views of so many bytes are worth a collection as soon as nothing comes, and one of all that R has.
const MUCH: u64 = 1 << 20;
/// Views of so many bytes are worth a collection of what is young before anything comes: a mapping is used again when no view of it is left, and a new
/// one takes longer.
const BIG: u64 = 64 << 20;
/// So long nothing comes after a run that other calls follow.
const PAUSE: Duration = Duration::from_millis(30);
/// So long runs follow each other before it is worth it in between.
const LONG: Duration = Duration::from_secs(2);
/// So long nothing comes before a worker gives back what makes its next run faster: mappings, and memory that is R's garbage.
const AGES: Duration = Duration::from_secs(30);

/// Waits for a run. Whether there is one. NULL when it is time to have R's collector called, which was called so many times since the run before, at most
/// twice: first for what is young, then for all. A page that was released keeps its memory until the last view of it is collected. That takes longer
/// than a small run, and leaves the processor's caches without what the next one needs.
#[extendr]
fn ms_worker_next(collections: i32) -> Robj {
    edge(|| {
        with(|worker| {
            worker.current = None;
            drop(waiting());
            if is_time_to_collect(worker, collections)? {
                worker.collected = Some(Instant::now());
                return nothing();
            }
            let rest = AGES.saturating_sub(worker.free.map_or(Duration::ZERO, |free| free.elapsed()));
            let there = worker.link.as_mut().map_or(Ok(None), |link| link.next_run(rest))?;
            worker.current = there.map(Current::new).transpose()?;
            let there = worker.current.is_some();
            r::give(|s| Ok(r::logical(s, there)))
        })
    })
}

/// Waits for a word of the session until it is time to collect; FALSE when it came.
fn is_time_to_collect(worker: &mut Worker, collections: i32) -> Result<bool> {
    let since = worker.collected.get_or_insert_with(Instant::now).elapsed();
    if collections == 0 {
        worker.free = None;
    }
    let free = *worker.free.get_or_insert_with(Instant::now);
    let waits = || free.elapsed();
    let Some(link) = &worker.link else { return Ok(false) };
    let mapped = altrep::mapped();
    if mapped >= MUCH && collections < 2 {
        let at_once = collections == 0 && (mapped >= BIG || since > LONG);
        return Ok(at_once || link.is_idle(PAUSE.saturating_sub(waits()))?);
    }
    kept::look();
    while kept::any() {
        // Sooner than who lacks room asks again (`R/room.R`).
        if !link.is_idle(if waits() < LONG { PAUSE } else { LONG / 20 })? {
            return Ok(false);
        }
        if waits() < AGES {
            kept::let_released_go();
        } else {
            kept::clear();
        }
    }
    Ok(collections == 0 && link.is_idle(AGES.saturating_sub(waits()))?)
}

/// Takes no further part in the run and waits for its end.
#[extendr]
fn ms_worker_done() -> Robj {
    edge(|| {
        with(|worker| match (worker.link.as_mut(), worker.current.take()) {
            (Some(link), Some(current)) => current.sit_out(link),
            _ => Ok(()),
        })?;
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
        with(|worker| {
            worker.link = Some(link);
            Ok(())
        })?;
        nothing()
    })
}

/// Ends what `ms_worker_join()` began.
#[extendr]
fn ms_worker_leave() -> Robj {
    edge(|| {
        with(|worker| {
            *worker = Worker::default();
            kept::clear();
            Ok(())
        })?;
        nothing()
    })
}

/// Ends a worker that was forked, without R's own leave-taking. Does not return.
#[extendr]
fn ms_worker_quit() -> Robj {
    scheduler::os::leave_forked()
}

extendr_module! {
    mod life_api;
    fn ms_worker_begin;
    fn ms_mirror_loading;
    fn ms_mirror_serve;
    fn ms_worker_note;
    fn ms_worker_changed;
    fn ms_worker_next;
    fn ms_worker_done;
    fn ms_worker_join;
    fn ms_worker_leave;
    fn ms_worker_quit;
}
