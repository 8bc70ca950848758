//! The `.Call`s of sparse matrices: what is wrong with a compressed form, and the other form. R has checked the types.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::borrow::Cow;

use extendr_api::prelude::*;

use super::{fault, Fault, Lines};
use crate::codec::{copy_region, turn_into};
use crate::r::{self, argument, edge, give, Kind, Sexp};

/// What is wrong with a compressed form of `count` lines: 0 for nothing, -1 for its starts, else the number of the first bad line.
#[extendr]
fn ms_sparse_fault(starts: Robj, places: Robj, count: Robj, length: Robj) -> Robj {
    edge(|| {
        let (starts, places) = (items::<i32>(argument(&starts))?, items::<i32>(argument(&places))?);
        let (count, length) = (r::number_at(argument(&count), 0)?, r::number_at(argument(&length), 0)?);
        let lines = Lines { starts: &starts, places: &places, length: length as usize };
        let found = match fault(lines, count as usize) {
            None => 0.0,
            Some(Fault::Starts) => -1.0,
            Some(Fault::Line(line)) => line as f64 + 1.0,
        };
        give(|s| Ok(r::real(s, found)))
    })
}

/// The other form of one that has no fault: a list of its starts, places and numbers (NULL where there are none).
#[extendr]
fn ms_sparse_turn(starts: Robj, places: Robj, numbers: Robj, length: Robj) -> Robj {
    edge(|| {
        let (old_starts, old_places) = (items::<i32>(argument(&starts))?, items::<i32>(argument(&places))?);
        let length = r::number_at(argument(&length), 0)? as usize;
        let lines = Lines { starts: &old_starts, places: &old_places, length };
        let numbers = argument(&numbers);
        let made = r::protect(|s| {
            let kind = numbers.kind();
            let count = lines.places.len();
            let values = if numbers.is_null() { s.null() } else { s.vector(kind, count) };
            let parts = [s.vector(Kind::INTSXP, length + 1), s.vector(Kind::INTSXP, count), values];
            Ok(r::Preserved::new(r::list(s, &parts)))
        })?;
        let parts = [0, 1, 2].map(|at| made.get().item(at));
        match numbers.kind() {
            Kind::NILSXP => turn_into(lines, &vec![(); lines.places.len()], parts),
            Kind::LGLSXP | Kind::INTSXP => turn_into(lines, &items::<i32>(numbers)?, parts),
            Kind::REALSXP => turn_into(lines, &items::<u64>(numbers)?, parts),
            _ => turn_into(lines, &items::<[u64; 2]>(numbers)?, parts),
        }
        give(|s| Ok(s.kept(made.get())))
    })
}

/// The items of a plain vector, each a `T`, where they lie, or copied where R has none in one place.
fn items<'a, T: Copy + Default>(x: Sexp<'a>) -> r::Result<Cow<'a, [T]>> {
    if x.is_empty() {
        return Ok(Cow::Owned(Vec::new()));
    }
    if let Some(data) = r::protect(|_| Ok(x.data()))? {
        // SAFETY: the items of a live vector, an argument of the running call; nothing writes to it meanwhile.
        return Ok(Cow::Borrowed(unsafe { std::slice::from_raw_parts(data.cast(), x.len()) }));
    }
    let mut own = vec![T::default(); x.len()];
    let (data, bytes) = (own.as_mut_ptr().cast(), size_of_val(own.as_slice()));
    r::protect(|_| {
        // SAFETY: the bytes of so many items, which nobody else has.
        copy_region(x, unsafe { std::slice::from_raw_parts_mut(data, bytes) });
        Ok(())
    })?;
    Ok(Cow::Owned(own))
}

extendr_module! {
    mod sparse_api;
    fn ms_sparse_fault;
    fn ms_sparse_turn;
}
