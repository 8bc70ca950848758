//! The `.Call`s of the pool and of runs that were begun; what begins one is in `plan_api`.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::time::{Duration, Instant};

use extendr_api::prelude::*;
use scheduler::engine::Outcome;
use scheduler::link::DIRECTORY;
use scheduler::os::Place;
use scheduler::pool::{Patience, PoolConfig};
use scheduler::run::{Detail, Progress};

use super::collect::collect;
use super::kept::{self, Kept};
use super::registry::{self, Begun};
use crate::r::{self, argument, edge, nothing, Failure, Kind};
use crate::session;

/// How often a wait looks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(50);
/// Variables by which libraries are told how many threads they may use.
const THREADS: [&str; 9] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "RCPP_PARALLEL_NUM_THREADS",
    "R_DATATABLE_NUM_THREADS",
];

/// The variables that a process of ours has in its environment besides the session's.
pub(crate) fn worker_variables(libraries: &[String], threads: f64) -> Vec<(String, String)> {
    let of_threads = THREADS.iter().map(|name| (*name, threads.to_string()));
    // A worker is one of several: what FUN itself runs in parallel gets one core unless it says otherwise.
    let others = [("R_LIBS", libraries.join(":")), ("MC_CORES", "1".to_owned())];
    of_threads.chain(others).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How workers are started from now on.
#[extendr]
fn ms_pool_configure(config: Robj) -> Robj {
    edge(|| {
        let config = argument(&config);
        let item = |name: &str| {
            let missing = || Failure::Internal(format!("the pool's configuration has no '{name}'"));
            r::protect(|s| Ok(r::field(s, config, name)))?.ok_or_else(missing)
        };
        let threads = r::number_at(item("threads")?, 0)?.max(1.0);
        let idle = r::number_at(item("max_idle")?, 0)?;
        let mut env = worker_variables(&r::strings(item("libs")?, "libs")?, threads);
        if let Place::Directory(path) = session::with(|session| Ok(session.place().clone()))? {
            env.push((DIRECTORY.to_owned(), path.to_string_lossy().into_owned()));
        }
        // R's heap grows early, so that the garbage of FUN is collected less often.
        env.push(("R_GC_MEM_GROW".to_owned(), "3".to_owned()));
        let args = ["--vanilla", "--no-echo", "--min-vsize=64M", "-e", "memshare:::worker_main()"];
        registry::configure(PoolConfig {
            program: r::string(item("r")?, "r")?.into(),
            args: args.iter().map(Into::into).collect(),
            env,
            // Inside the session's own temporary directory, which goes with the session.
            dir: r::string(item("dir")?, "dir")?.into(),
            // A process with other threads cannot be forked safely.
            fork: threads == 1.0 && r::number_at(item("fork")?, 0)? != 0.0,
            start_within: Duration::from_secs(60),
            // Infinity, and what is more than a duration can be.
            idle_for: Duration::try_from_secs_f64(idle).unwrap_or(Duration::MAX),
            patience: Patience::default(),
        })?;
        nothing()
    })
}

/// A run is to come that needs workers.
#[extendr]
fn ms_pool_expect_run() -> Robj {
    edge(|| {
        registry::expect_run()?;
        nothing()
    })
}

/// Where nodes of the user's cluster join a run, and how they know that they can: the listener's path, the session, and the version.
#[extendr]
fn ms_run_join_address(id: i32) -> Robj {
    edge(|| {
        let address = registry::run(id)?.address.unwrap_or_default();
        let address =
            address.to_str().ok_or_else(|| Failure::input("the temporary directory's name is not UTF-8"))?;
        let session = session::with(|session| Ok(session.store()?.session().to_string()))?;
        r::give(|s| Ok(r::character(s, &[address, &session, env!("CARGO_PKG_VERSION")])))
    })
}

/// Waits up to so many milliseconds, and makes what can be made of the run's values meanwhile; whether the run has ended. Left by R's jump on Ctrl-C.
#[extendr]
fn ms_run_wait(id: i32, milliseconds: i32) -> Robj {
    edge(|| {
        let until = Instant::now() + Duration::from_millis(milliseconds.max(0) as u64);
        let Begun { handle, early, .. } = registry::run(id)?;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut values = early.take().unwrap_or_default();
            let ended = registry::wait(id, left.min(GLANCE).min(values.next_look()))?;
            if !ended {
                values.look(&handle)?;
            }
            early.replace(Some(values));
            r::protect(|s| {
                s.check_interrupt();
                Ok(())
            })?;
            if ended || left.is_zero() {
                return r::give(|s| Ok(r::logical(s, ended)));
            }
        }
    })
}

/// How far a run is: `done`, `reused` (of these, before it began), `elements` and `at_work` of each pass of its plan, and the `seconds` since it began (NA of one that
/// waits). NULL when it was collected.
#[extendr]
fn ms_run_progress(id: i32) -> Robj {
    edge(|| {
        let progress = registry::run(id).ok().and_then(|begun| begun.handle.progress());
        let Some(Progress { done, reused, elements, at_work, seconds }) = progress else { return nothing() };
        let numbers = |counts: Vec<u64>| counts.into_iter().map(|count| count as f64).collect::<Vec<_>>();
        let (done, reused, elements) = (numbers(done), numbers(reused), numbers(elements));
        let at_work: Vec<f64> = at_work.into_iter().map(|open| f64::from(u8::from(open))).collect();
        r::give(|s| {
            let parts = [
                ("done", r::reals(s, &done)),
                ("reused", r::reals(s, &reused)),
                ("elements", r::reals(s, &elements)),
                ("at_work", r::reals(s, &at_work)),
                ("seconds", r::real(s, seconds.unwrap_or(f64::NAN))),
            ];
            Ok(r::named_list(s, &parts))
        })
    })
}

/// Asks a run to stop.
#[extendr]
fn ms_run_cancel(id: i32) -> Robj {
    edge(|| {
        registry::cancel(id)?;
        nothing()
    })
}

/// Forgets a run that nobody collects. One that has not ended is ended without anybody waiting for it. Whether what it did is kept:
/// that is so if it was to be when it fails, and it has ended.
#[extendr]
fn ms_run_forget(id: i32) -> Robj {
    edge(|| {
        if registry::run(id).is_ok_and(|begun| begun.of.keep) {
            if let Ok((begun, finished)) = registry::take(id) {
                kept::put(id, Kept { plan: begun.of.plan, finished });
            }
        }
        registry::forget(id)?;
        let kept = kept::with(id, |_| Ok(())).is_ok();
        r::give(|s| Ok(r::logical(s, kept)))
    })
}

/// What came of an ended run. Its pages are given back; views onto results keep their memory.
#[extendr]
fn ms_run_collect(id: i32, trace: bool) -> Robj {
    edge(|| {
        let (begun, finished) = registry::take(id)?;
        let detail = if trace { Detail::Chunks } else { Detail::Totals };
        let collected = collect((id, &begun), &finished, detail);
        // An interrupt may come while its values are made.
        if begun.of.keep && (collected.is_err() || finished.outcome != Outcome::Done) {
            kept::put(id, Kept { plan: begun.of.plan, finished });
        }
        collected
    })
}

/// Who is in the pool.
#[extendr]
fn ms_pool_status() -> Robj {
    edge(|| {
        let status = registry::status()?;
        r::give(|s| {
            let pids = s.vector(Kind::INTSXP, status.pids.len());
            for (place, pid) in status.pids.iter().enumerate() {
                // SAFETY: the vector was just made with a place for each.
                unsafe { pids.data_mut().cast::<i32>().add(place).write(*pid as i32) };
            }
            let server = status.fork_server.map_or(i32::MIN, |pid| pid as i32); // R's NA
            Ok(r::named_list(
                s,
                &[
                    ("pids", pids),
                    ("fork_server", r::integer(s, server)),
                    ("idle", r::integer(s, status.idle as i32)),
                ],
            ))
        })
    })
}

/// Ends the workers, and with them the runs that go on: to collect one is an error of class `stopped`.
#[extendr]
fn ms_pool_stop() -> Robj {
    edge(|| {
        registry::stop()?;
        nothing()
    })
}

extendr_module! {
    mod run_api;
    fn ms_pool_configure;
    fn ms_pool_expect_run;
    fn ms_pool_status;
    fn ms_pool_stop;
    fn ms_run_cancel;
    fn ms_run_collect;
    fn ms_run_forget;
    fn ms_run_join_address;
    fn ms_run_progress;
    fn ms_run_wait;
}
