//! The processes of clusters that `memCluster()` makes: R speaks to them; here they are started, interrupted and ended. They die with the
//! session, as workers do.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsFd;

use extendr_api::prelude::*;
use scheduler::error::Error;
use scheduler::os::{self, launch, Child, Launch};

use crate::r::{self, argument, edge, give, nothing, Failure, Result};
use crate::runs::run_api::worker_variables;

thread_local! {
    /// By process id. A forked child has its parent's, and may do nothing with them: [`Child`] sees to that.
    static NODES: RefCell<BTreeMap<i32, Child>> = const { RefCell::new(BTreeMap::new()) };
}

/// Starts a process of R by `program` and `arguments`, with the libraries and the threads of workers. Of the `files`, its output is added to
/// the first, and it inherits the second, open: its number is in `MEMSHARE_CHANNEL`. Its process id.
#[extendr]
fn ms_node_launch(program: Robj, arguments: Robj, libraries: Robj, threads: i32, files: Robj) -> Robj {
    edge(|| {
        let strings = |x: &Robj, what: &str| r::strings(argument(x), what);
        let files = strings(&files, "files")?;
        let [log, secret] = files.as_slice() else {
            return Err(Failure::Internal("a node needs a log and a secret".into()));
        };
        let open = File::open(secret)
            .map_err(|e| Failure::Scheduler(Error::Launch(format!("{secret} cannot be read: {e}"))))?;
        let child = launch(&Launch {
            program: r::string(argument(&program), "program")?.into(),
            args: strings(&arguments, "arguments")?.into_iter().map(Into::into).collect(),
            env: worker_variables(&strings(&libraries, "libraries")?, f64::from(threads)),
            log: log.into(),
            channel_fd: open.as_fd(),
        })?;
        let pid = child.pid() as i32;
        NODES.with_borrow_mut(|nodes| nodes.insert(pid, child));
        give(|s| Ok(r::integer(s, pid)))
    })
}

fn with<T>(pid: i32, f: impl FnOnce(&Child) -> Result<T>) -> Result<Option<T>> {
    NODES.with_borrow(|nodes| nodes.get(&pid).map(f).transpose())
}

/// Has the process interrupt what it is at.
#[extendr]
fn ms_node_interrupt(pid: i32) -> Robj {
    edge(|| {
        with(pid, |child| {
            child.interrupt();
            Ok(())
        })?;
        nothing()
    })
}

/// In a node: whether it can be interrupted from now on. Signals that are the session's do nothing there.
#[extendr]
fn ms_node_listen(interrupts: bool) -> Robj {
    edge(|| {
        if interrupts {
            os::unblock_interrupts();
        } else {
            os::block_interrupts();
            os::disarm_worker_signals();
        }
        nothing()
    })
}

/// How a process ended, or NULL as long as it runs, or is none of ours.
#[extendr]
fn ms_node_ended(pid: i32) -> Robj {
    edge(|| match with(pid, |child| Ok(child.try_wait()?))?.flatten() {
        Some(exit) => {
            let exit = exit.to_string();
            give(|s| Ok(r::character(s, &[&exit])))
        }
        None => nothing(),
    })
}

/// Kills a process and what it started, if it still runs, and forgets it.
#[extendr]
fn ms_node_end(pid: i32) -> Robj {
    edge(|| {
        drop(NODES.with_borrow_mut(|nodes| nodes.remove(&pid)));
        nothing()
    })
}

extendr_module! {
    mod nodes;
    fn ms_node_launch;
    fn ms_node_interrupt;
    fn ms_node_listen;
    fn ms_node_ended;
    fn ms_node_end;
}
