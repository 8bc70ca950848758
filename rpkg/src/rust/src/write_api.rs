//! The `.Call` that writes into a variable.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;
use scheduler::page::{Tag, Values, Writing};
use scheduler::store::find;

use crate::codec::{copy_region, kind_of};
use crate::index::selection;
use crate::r::{self, argument, edge, nothing, protect, Failure, Kind, Preserved, Sexp};
use crate::session;
use crate::store_api::key_of;

/// Writes a vector's items, or one item, to where the index says.
#[extendr]
fn ms_write(namespace_: Robj, name: Robj, value: Robj, index: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &name)?;
        let place = session::with(|session| Ok(session.place().clone()))?;
        let writing = Writing::open(&find(&namespace, &name, &place)?)?;
        let value = argument(&value);
        if !takes(writing.tag(), value.kind()) {
            return Err(Failure::input(format!(
                "value is {}, and '{namespace}.{name}' is {}: convert it first, for what would be lost cannot be seen afterwards",
                word(value.kind()),
                word(kind_of(writing.tag()))
            )));
        }
        let meant = selection(argument(&index), writing.items(), writing.dim())?;
        let (given, wanted) = (value.len() as u64, meant.count());
        if given != wanted && given != 1 {
            let message = format!(
                "value has {given} items, and index means {wanted}: as many are needed, or one for all"
            );
            return Err(Failure::input(message));
        }
        let items = Items::of(value, writing.tag())?;
        let values = if given == wanted { Values::Each(items.bytes()) } else { Values::Same(items.bytes()) };
        writing.write(&meant, values, &place)?;
        nothing()
    })
}

/// Whether values of this type go in without loss, as `[<-` lets them without changing the variable's type.
fn takes(tag: Tag, kind: Kind) -> bool {
    match tag {
        Tag::Logical => kind == Kind::LGLSXP,
        Tag::Integer => matches!(kind, Kind::LGLSXP | Kind::INTSXP),
        Tag::Real => matches!(kind, Kind::LGLSXP | Kind::INTSXP | Kind::REALSXP),
        Tag::Complex => matches!(kind, Kind::LGLSXP | Kind::INTSXP | Kind::REALSXP | Kind::CPLXSXP),
        Tag::Raw => kind == Kind::RAWSXP,
        _ => false,
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::LGLSXP => "logical",
        Kind::INTSXP => "integer",
        Kind::REALSXP => "double",
        Kind::CPLXSXP => "complex",
        Kind::RAWSXP => "raw",
        Kind::STRSXP => "character",
        _ => "no plain vector",
    }
}

/// A value's items in the variable's type.
struct Items {
    value: Preserved,
    /// Their bytes, where R has none in one place (`1:n`).
    copied: Option<Vec<u64>>,
    data: *const u8,
    len: usize,
}

impl Items {
    fn of(value: Sexp, tag: Tag) -> r::Result<Items> {
        let value = protect(|s| Ok(Preserved::new(value.coerced(s, kind_of(tag)))))?;
        let len = value.get().len() * tag.item_size() as usize;
        let data = protect(|_| Ok(value.get().data()))?;
        if let Some(data) = data {
            return Ok(Items { value, copied: None, data, len });
        }
        let mut words = vec![0_u64; len.div_ceil(8)];
        let place: *mut u8 = words.as_mut_ptr().cast();
        // SAFETY: the words are at least `len` bytes, which nothing else uses meanwhile.
        let bytes = unsafe { std::slice::from_raw_parts_mut(place, len) };
        protect(|_| {
            copy_region(value.get(), bytes);
            Ok(())
        })?;
        Ok(Items { value, copied: Some(words), data: place, len })
    }

    fn bytes(&self) -> &[u8] {
        debug_assert!(self.copied.is_some() || self.value.get().data() == Some(self.data));
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the value's own bytes, which it keeps, or those of the words, which are not touched any more; either lives as
        // long as `self`.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

extendr_module! {
    mod write_api;
    fn ms_write;
}
