//! Checkpoints that this session holds: opened by R before their run begins, and then held by the run.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use extendr_api::prelude::*;
use scheduler::checkpoint::{Checkpoint, LogTarget, Opened, Syncing};

use crate::numbered::Numbered;
use crate::r::{self, argument, edge, nothing, Failure, Result};

thread_local! {
    static OPEN: RefCell<Numbered<Arc<Checkpoint>>> = RefCell::default();
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
        let gone = OPEN.with_borrow_mut(|open| open.take(id));
        drop(gone);
        nothing()
    })
}

extendr_module! {
    mod checkpoints;
    fn ms_checkpoint_open;
    fn ms_checkpoint_close;
}
