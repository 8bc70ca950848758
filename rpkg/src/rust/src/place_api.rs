//! The `.Call`s of the place that this session's segments and small files lie in: where it is, how much memory is kept there for later, and
//! clearing away, at the session's end too.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::path::{Path, PathBuf};

use extendr_api::prelude::*;
use scheduler::os::{files_in, room_for_files, Place};
use scheduler::store::{clear_cache, prune, set_cache};
use scheduler::trace;

use crate::r::{self, argument, edge, give, nothing, Failure};
use crate::runs::{kept, plan_api, registry};
use crate::session;

/// Clears away what dead sessions left; gives the segments' names.
#[extendr]
fn ms_prune() -> Robj {
    edge(|| {
        let removed = session::with(|session| Ok(prune(session.place())?))?;
        give(|s| Ok(r::character(s, &removed)))
    })
}

/// Sets how many bytes of memory are kept for the pages of later calls, at most.
#[extendr]
fn ms_set_cache(bytes: f64) -> Robj {
    edge(|| {
        set_cache(bytes as u64);
        nothing()
    })
}

/// Gives back the memory that is kept for the pages of later calls.
#[extendr]
fn ms_clear_cache() -> Robj {
    edge(|| {
        clear_cache();
        nothing()
    })
}

/// Sets the directory that pages go to when memory is short; NULL for none.
#[extendr]
fn ms_set_place(directory: Robj) -> Robj {
    edge(|| {
        let directory = argument(&directory);
        let directory = match directory.is_null() {
            true => None,
            false => Some(PathBuf::from(r::string(directory, "the directory")?)),
        };
        if let Some(path) = directory.as_ref().filter(|path| !path.is_dir()) {
            return Err(Failure::input(format!("{} is no directory", path.display())));
        }
        session::with(|session| {
            session.set_directory(directory);
            Ok(())
        })?;
        nothing()
    })
}

/// A directory of the session's own for small files: in the temporary directory; where that has no room, in the directory that stands
/// in for shared memory, if there is one. Made if it is not there.
#[extendr]
fn ms_files_directory(temporary: &str) -> Robj {
    edge(|| {
        let temporary = Path::new(temporary);
        let path = session::with(|session| match session.place() {
            Place::Directory(_) if !room_for_files(temporary) => Ok(session.store()?.files()?.to_owned()),
            _ => Ok(files_in(temporary)?),
        })?;
        give(|s| Ok(r::character(s, &[path.to_string_lossy()])))
    })
}

/// Ends the workers and gives back all that this session shares. At unload and at R's end.
#[extendr]
fn ms_cleanup() -> Robj {
    edge(|| {
        let stopped = registry::close();
        plan_api::clear()?;
        kept::clear();
        session::with(|session| {
            session.close();
            Ok(())
        })?;
        trace::set(None, None)?;
        stopped.and_then(|()| nothing())
    })
}

extendr_module! {
    mod place_api;
    fn ms_prune;
    fn ms_set_place;
    fn ms_files_directory;
    fn ms_set_cache;
    fn ms_clear_cache;
    fn ms_cleanup;
}
