//! The `.Call` of sparse matrices: what is wrong with a stored one. R has checked the types.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

use super::{fault, Entries, Fault, Stored};
use crate::codec::items;
use crate::r::{self, argument, edge, give};

/// What is wrong with a stored matrix: 0 for nothing, -1 for its starts, else the number of the first bad line or triplet. `starts` is NULL where
/// each number has its line in `lines`; `extent` says how many lines there are, how long they are, and what is stored, as in `codec/form.rs`.
#[extendr]
fn ms_sparse_fault(starts: Robj, lines: Robj, places: Robj, extent: Robj) -> Robj {
    edge(|| {
        let starts = argument(&starts);
        let firsts = if starts.is_null() { argument(&lines) } else { starts };
        // SAFETY: arguments of the running call, which writes to none.
        let (firsts, places) = unsafe { (items(firsts)?, items(argument(&places))?) };
        let number = |at| r::number_at(argument(&extent), at);
        let (extent, stored) =
            ((number(0)? as usize, number(1)? as usize), Stored::numbered(number(2)? as u8));
        let entries = if starts.is_null() {
            Entries::Triplets { lines: &firsts, places: &places }
        } else {
            Entries::Lines { starts: &firsts, places: &places }
        };
        let found = match fault(entries, stored, extent) {
            None => 0.0,
            Some(Fault::Starts) => -1.0,
            Some(Fault::Line(at) | Fault::Triplet(at)) => at as f64 + 1.0,
        };
        give(|s| Ok(r::real(s, found)))
    })
}

extendr_module! {
    mod sparse_api;
    fn ms_sparse_fault;
}
