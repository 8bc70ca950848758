//! The `.Call`s of what a call over several hosts did. While it goes on R says what was sent and what came; when it is over it is the session's last
//! run, as any other.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;

use extendr_api::prelude::*;
use inspect::Record;
use scheduler::hosts::{BlockLog, CallLog, RoundTrip};
use scheduler::id::PassId;
use scheduler::os::unix_ns;

use super::encoded::Purpose;
use super::planned::{bytes_of, compile};
use super::spec::Spec;
use crate::numbered::{place_of, Numbered};
use crate::r::{self, argument, edge, give, nothing, Failure, Result};
use crate::records::last_run::{self, LastRun};

thread_local! {
    static CALLS: RefCell<Numbered<CallLog>> = RefCell::default();
}

fn with<T>(id: i32, f: impl FnOnce(&mut CallLog) -> T) -> Result<T> {
    let missing = || Failure::Internal(format!("there is no call {id} over hosts"));
    CALLS.with_borrow_mut(|calls| calls.get_mut(id).map(f)).ok_or_else(missing)
}

/// A moment, in seconds since 1970.
fn instant(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

/// Passes of the call, as R counts them.
fn passes_of(passes: &Robj) -> Result<Vec<PassId>> {
    Ok(r::numbers(argument(passes))?.into_iter().map(|pass| PassId(pass as u32 - 1)).collect())
}

/// The number of a call over hosts that begins now.
#[extendr]
fn ms_hosts_log_begin() -> Robj {
    edge(|| {
        let id = CALLS.with_borrow_mut(|calls| calls.add(CallLog::new(unix_ns())));
        give(|s| Ok(r::integer(s, id)))
    })
}

/// The number of the host that this leader leads.
#[extendr]
fn ms_hosts_log_host(id: i32, name: &str) -> Robj {
    edge(|| {
        let host = with(id, |call| call.host(name, unix_ns()))?;
        give(|s| Ok(r::integer(s, host as i32 + 1)))
    })
}

/// A host answered. `times`, in seconds since 1970: the session began to send; by the host's clock the message was there, and the answer began;
/// the answer was here. `bytes`: that it was sent, and that it sent back.
#[extendr]
fn ms_hosts_log_heard(id: i32, host: i32, times: Robj, bytes: Robj) -> Robj {
    edge(|| {
        let (times, bytes) = (r::numbers(argument(&times))?, r::numbers(argument(&bytes))?);
        let (&[asked, came, answered, heard], &[sent, received]) = (times.as_slice(), bytes.as_slice())
        else {
            return Err(Failure::Internal("a message has four instants and two numbers of bytes".into()));
        };
        let [asked, came, answered, heard] = [asked, came, answered, heard].map(instant);
        let trip = RoundTrip { asked, came, answered, heard };
        with(id, |call| call.heard(place_of(host), trip, (sent as u64, received as u64)))?;
        nothing()
    })
}

/// A host was lost, and why.
#[extendr]
fn ms_hosts_log_lost(id: i32, host: i32, why: &str) -> Robj {
    edge(|| {
        with(id, |call| call.lost(place_of(host), unix_ns(), why))?;
        nothing()
    })
}

/// So many elements of passes that run together were done before the call.
#[extendr]
fn ms_hosts_log_reused(id: i32, passes: Robj, elements: f64) -> Robj {
    edge(|| {
        let passes = passes_of(&passes)?;
        with(id, |call| call.reused(passes, elements as u64))?;
        nothing()
    })
}

/// The session could not use what a host had done of this element of a pass.
#[extendr]
fn ms_hosts_log_failed(id: i32, pass: i32, element: f64) -> Robj {
    edge(|| {
        with(id, |call| call.failed(PassId(place_of(pass) as u32), (element as u64).saturating_sub(1)))?;
        nothing()
    })
}

/// A host handed in a block, before which the phase has so many elements; `record` is that of its run, over these `passes` of the call.
#[extendr]
fn ms_hosts_log_block(id: i32, host: i32, record: Robj, before: f64, passes: Robj) -> Robj {
    edge(|| {
        // One that cannot be read says nothing; the values are there all the same.
        let record = Record::from_bytes(&bytes_of(argument(&record))?, "a block of a host").ok();
        let passes = passes_of(&passes)?;
        if let Some(Record { plan, log: Some(log), .. }) = record {
            let block = BlockLog { host: place_of(host), before: before as u64, passes, plan, log };
            with(id, |call| call.block(block))?;
        }
        nothing()
    })
}

/// The call is over. `spec` is what was run, of all phases; the number of the run that it is from now on. NULL: nobody wants to know. NULL too where
/// it is no plan of this machine, as with more workers than a board has places: the values are there all the same.
#[extendr]
fn ms_hosts_log_end(id: i32, spec: Robj) -> Robj {
    edge(|| {
        let call = CALLS.with_borrow_mut(|calls| calls.take(id));
        let Some(call) = call.filter(|_| !argument(&spec).is_null()) else { return nothing() };
        let now = unix_ns();
        let mut spec = Spec::read(argument(&spec))?;
        spec.workers = call.places().max(1);
        let Ok((planned, _)) = compile(&spec, Purpose::Shown) else { return nothing() };
        let log = call.merged(&planned.plan, now);
        // No run of this machine has such a number.
        last_run::keep(LastRun { run: -id, plan: planned.plan, log });
        give(|s| Ok(r::integer(s, -id)))
    })
}

extendr_module! {
    mod hosts_log_api;
    fn ms_hosts_log_begin;
    fn ms_hosts_log_host;
    fn ms_hosts_log_heard;
    fn ms_hosts_log_lost;
    fn ms_hosts_log_reused;
    fn ms_hosts_log_failed;
    fn ms_hosts_log_block;
    fn ms_hosts_log_end;
}
