//! Checkpoints that this session holds: opened by R before their run begins, and then held by the run.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;
use std::collections::hash_map::{Entry, HashMap};
use std::path::Path;
use std::sync::Arc;

use extendr_api::prelude::*;
use scheduler::checkpoint::{Checkpoint, ChunkLog, FinishedChunk, LogTarget, Opened, Syncing};
use scheduler::page::BlobWriter;
use scheduler::store::Content;
use scheduler::wire::Unlogged;

use crate::codec;
use crate::numbered::Numbered;
use crate::r::{self, argument, edge, nothing, Failure, Result, Scope, Sexp};

thread_local! {
    static OPEN: RefCell<Numbered<Arc<Checkpoint>>> = RefCell::default();
    static LOGS: RefCell<HashMap<i32, SessionLog>> = RefCell::default();
}

/// What this session itself writes to a checkpoint, for a run whose workers cannot: they are on other hosts.
struct SessionLog {
    log: ChunkLog,
    _held: Held,
}

impl SessionLog {
    fn new(id: i32) -> Result<SessionLog> {
        let target = with(id, |checkpoint| Ok(checkpoint.target()))?;
        Ok(SessionLog { log: ChunkLog::new(target.clone()), _held: Held::new(id, target)? })
    }
}

/// What a run holds of its checkpoint as long as it lives: the lock, and the thread that brings its logs to the disk.
#[derive(Debug)]
pub(super) struct Held {
    _syncing: Option<Syncing>,
    _checkpoint: Arc<Checkpoint>,
}

impl Held {
    pub(super) fn new(id: i32, target: LogTarget) -> Result<Held> {
        let _checkpoint = get(id)?;
        // Without the thread a machine without power costs more; that is no reason to fail a run.
        let _syncing = Syncing::start(target).ok();
        Ok(Held { _syncing, _checkpoint })
    }
}

fn get(id: i32) -> Result<Arc<Checkpoint>> {
    let missing = || Failure::Internal(format!("there is no open checkpoint {id}"));
    OPEN.with_borrow(|open| open.get(id).cloned()).ok_or_else(missing)
}

/// Runs `f` on an open checkpoint.
pub(super) fn with<T>(id: i32, f: impl FnOnce(&Checkpoint) -> Result<T>) -> Result<T> {
    f(&*get(id)?)
}

/// Opens a checkpoint of a run that is told by parts of these names and values. A list: `id` and `dir`, the `seed` of its first run; or
/// what is `changed`, by name.
#[extendr]
fn ms_checkpoint_open(dir: Robj, names: Robj, values: Robj, seed: i32) -> Robj {
    edge(|| {
        let dir = r::path_of(argument(&dir))?;
        let text = |list: &Robj| r::strings(argument(list), "what tells a run");
        let parts = text(&names)?.into_iter().zip(text(&values)?).collect();
        let checkpoint = match Checkpoint::open(Path::new(&dir), parts, seed)? {
            Opened::Ours(checkpoint) => checkpoint,
            Opened::Other(changed) => {
                return r::give(|s| {
                    let changed = r::character(s, &changed);
                    Ok(r::named_list(s, &[("changed", changed)]))
                })
            }
        };
        let (seed, dir) = (checkpoint.seed(), checkpoint.dir().to_owned());
        let id = OPEN.with_borrow_mut(|open| open.add(Arc::from(checkpoint)));
        r::give(|s| {
            let parts = [("id", r::integer(s, id)), ("dir", r::path(s, &dir)), ("seed", r::integer(s, seed))];
            Ok(r::named_list(s, &parts))
        })
    })
}

/// R is through with a checkpoint: from now on its run alone holds it.
#[extendr]
fn ms_checkpoint_close(id: i32) -> Robj {
    edge(|| {
        drop(LOGS.with_borrow_mut(|logs| logs.remove(&id)));
        let gone = OPEN.with_borrow_mut(|open| open.take(id));
        drop(gone);
        nothing()
    })
}

/// Why chunks were not written down; NULL where they were.
pub(super) fn unlogged<'s>(s: &'s Scope, why: Option<&Unlogged>) -> Sexp<'s> {
    let Some(Unlogged { reason, shortage }) = why else { return s.null() };
    let mut parts = vec![("reason", r::character(s, &[reason]))];
    if let Some(shortage) = shortage {
        let numbers = [shortage.needed, shortage.free, shortage.limit];
        parts.extend(r::shortage(s, numbers, r::path(s, &shortage.dir)));
    }
    r::named_list(s, &parts)
}

/// Writes down elements of a stage that are done. `about`: the stage's key, elements before, and the last; `outputs`: a list of the results of each
/// output; `notes`: what FUN said, as workers write it, or NULL. NULL, or why that was not possible.
#[extendr]
fn ms_checkpoint_write(id: i32, about: Robj, outputs: Robj, notes: Robj) -> Robj {
    edge(|| {
        let about = r::numbers(argument(&about))?;
        let &[key, start, end] = about.as_slice() else {
            return Err(Failure::Internal("what is written down has three numbers".into()));
        };
        let (outputs, notes) = (argument(&outputs), argument(&notes));
        let mut blobs = Vec::with_capacity(outputs.len());
        for nth in 0..outputs.len() {
            let mut writer = BlobWriter::new();
            codec::encode_list(outputs.item(nth), &mut writer, &mut 0)?;
            blobs.push(writer.finish());
        }
        let mut said = BlobWriter::new();
        let said = if notes.is_null() {
            None
        } else {
            Some(codec::encode(notes, &mut said).map(|_| said.finish())?)
        };
        let results = blobs.iter().map(|blob| Some(blob as &dyn Content));
        let pieces: Vec<_> = results.chain([said.as_ref().map(|said| said as &dyn Content)]).collect();
        let chunk = FinishedChunk { key: key as u32, start: start as u64, end: end as u64, pieces: &pieces };
        let written = LOGS.with_borrow_mut(|logs| {
            let log = match logs.entry(id) {
                Entry::Occupied(log) => log.into_mut(),
                Entry::Vacant(place) => place.insert(SessionLog::new(id)?),
            };
            Ok::<_, Failure>(log.log.append(&chunk))
        })?;
        let why = written
            .err()
            .map(|error| Unlogged { reason: error.to_string(), shortage: error.into_shortage().ok() });
        r::give(|s| Ok(unlogged(s, why.as_ref())))
    })
}

extendr_module! {
    mod checkpoints;
    fn ms_checkpoint_open;
    fn ms_checkpoint_close;
    fn ms_checkpoint_write;
}
