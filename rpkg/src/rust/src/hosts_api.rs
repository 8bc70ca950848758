//! The `.Call`s of a run over several hosts: who gets which block of elements, how connections send, and what
//! a leader does with its memory.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use std::cell::RefCell;

use extendr_api::prelude::*;
use scheduler::hosts::{cut, phases, Grants, Host, Reads, Size};
use scheduler::os::{give_back_freed, send_at_once};

use crate::numbered::{place_of, Numbered};
use crate::r::{self, argument, edge, give, nothing, Failure, Given, Result};

thread_local! {
    static RUNS: RefCell<Numbered<Grants>> = RefCell::default();
}

/// Runs `f` on a run's grants.
fn with<T>(id: i32, f: impl FnOnce(&mut Grants) -> T) -> Result<T> {
    let missing = || Failure::Internal(format!("there is no run {id} over hosts"));
    RUNS.with_borrow_mut(|runs| runs.get_mut(id).map(f)).ok_or_else(missing)
}

/// Whether something is so, of a host and a block as R counts them.
fn tell(id: i32, f: impl FnOnce(&mut Grants) -> bool) -> Result<Given> {
    let is = with(id, f)?;
    give(|s| Ok(r::logical(s, is)))
}

fn host_of(host: i32) -> Host {
    Host(place_of(host) as u32)
}

/// The ends of the blocks of so many elements, for so many hosts; none but the last has fewer than `least`, and is no multiple of `unit`.
#[extendr]
fn ms_hosts_cut(elements: Robj, hosts: i32, least: i32, unit: Robj) -> Robj {
    edge(|| {
        let (elements, unit) = (r::number_at(argument(&elements), 0)?, r::number_at(argument(&unit), 0)?);
        let ends = cut(elements as u64, hosts.max(1) as u64, least.max(1) as u64, unit as u64);
        let ends: Vec<f64> = ends.into_iter().map(|end| end as f64).collect();
        give(|s| Ok(r::reals(s, &ends)))
    })
}

/// The phase of each pass, from 1 on. `elements` of each; `each` and `whole`: the passes that each reads, in a list.
#[extendr]
fn ms_hosts_phases(elements: Robj, each: Robj, whole: Robj) -> Robj {
    edge(|| {
        let sources = |list: &Robj, pass: usize| -> Result<Vec<usize>> {
            let numbers = r::numbers(argument(list).item(pass))?;
            Ok(numbers.into_iter().map(|number| (number as usize).saturating_sub(1)).collect())
        };
        let elements = r::numbers(argument(&elements))?;
        let passes = elements.iter().enumerate().map(|(pass, &elements)| {
            Ok(Reads {
                elements: elements as u64,
                each: sources(&each, pass)?,
                whole: sources(&whole, pass)?,
            })
        });
        let phases = phases(&passes.collect::<Result<Vec<_>>>()?);
        let phases: Vec<f64> = phases.into_iter().map(|phase| phase as f64 + 1.0).collect();
        give(|s| Ok(r::reals(s, &phases)))
    })
}

/// The number of a new run's grants: how many `elements` each block has, and the `bytes` of its data.
#[extendr]
fn ms_hosts_begin(elements: Robj, bytes: Robj) -> Robj {
    edge(|| {
        let (elements, bytes) = (r::numbers(argument(&elements))?, r::numbers(argument(&bytes))?);
        let sizes = elements
            .iter()
            .zip(&bytes)
            .map(|(&elements, &bytes)| Size { elements: elements as u64, bytes: bytes as u64 });
        let grants = Grants::new(sizes.collect());
        let id = RUNS.with_borrow_mut(|runs| runs.add(grants));
        give(|s| Ok(r::integer(s, id)))
    })
}

/// The number of a host that takes part from now on. `data`: for which blocks it has the data (1 or 0), or nothing for none.
#[extendr]
fn ms_hosts_join(id: i32, data: Robj) -> Robj {
    edge(|| {
        let has: Vec<bool> = r::numbers(argument(&data))?.into_iter().map(|there| there != 0.0).collect();
        let host = with(id, |grants| grants.join(&has))?;
        give(|s| Ok(r::integer(s, host.0 as i32 + 1)))
    })
}

/// The block that a host gets next, or 0. The run has taken `now` seconds, and `rate` bytes a second reach the host.
#[extendr]
fn ms_hosts_next(id: i32, host: i32, now: f64, rate: f64) -> Robj {
    edge(|| {
        let next = with(id, |grants| grants.next(host_of(host), now, rate))?;
        give(|s| Ok(r::integer(s, next.map_or(0, |block| block as i32 + 1))))
    })
}

/// A host handed in a block. FALSE where it is not to be used.
#[extendr]
fn ms_hosts_done(id: i32, host: i32, block: i32) -> Robj {
    edge(|| tell(id, |grants| grants.done(host_of(host), place_of(block))))
}

/// An element of a block failed. FALSE where that does not matter any more.
#[extendr]
fn ms_hosts_failed(id: i32, host: i32, block: i32) -> Robj {
    edge(|| tell(id, |grants| grants.failed(host_of(host), place_of(block))))
}

#[extendr]
fn ms_hosts_lost(id: i32, host: i32) -> Robj {
    edge(|| {
        with(id, |grants| grants.lost(host_of(host)))?;
        nothing()
    })
}

/// Whether anything is still to be done by anybody.
#[extendr]
fn ms_hosts_under_way(id: i32) -> Robj {
    edge(|| tell(id, |grants| grants.is_under_way()))
}

#[extendr]
fn ms_hosts_end(id: i32) -> Robj {
    edge(|| {
        RUNS.with_borrow_mut(|runs| runs.take(id));
        nothing()
    })
}

/// Has TCP send without delay on the connections of this process with this port, and gives them room for messages of `bytes`, as far as the system
/// allows. How many these are, and how many bytes each takes at once.
#[extendr]
fn ms_hosts_send_at_once(port: i32, bytes: f64) -> Robj {
    edge(|| {
        let port = u16::try_from(port).map_err(|_| Failure::Internal(format!("there is no port {port}")))?;
        let (count, room) = send_at_once(port, bytes as usize);
        give(|s| Ok(r::reals(s, &[count as f64, room as f64])))
    })
}

/// Gives back to the system what was collected: the pieces of data that came, of which R's allocator keeps the memory.
#[extendr]
fn ms_hosts_give_back() -> Robj {
    edge(|| {
        give_back_freed();
        nothing()
    })
}

extendr_module! {
    mod hosts_api;
    fn ms_hosts_cut;
    fn ms_hosts_phases;
    fn ms_hosts_begin;
    fn ms_hosts_join;
    fn ms_hosts_next;
    fn ms_hosts_done;
    fn ms_hosts_failed;
    fn ms_hosts_lost;
    fn ms_hosts_under_way;
    fn ms_hosts_end;
    fn ms_hosts_send_at_once;
    fn ms_hosts_give_back;
}
