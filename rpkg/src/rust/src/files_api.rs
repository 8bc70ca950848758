//! The `.Call`s that make variables without data of R's: from a file, and empty ones to be written into.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use extendr_api::prelude::*;
use scheduler::os::{Access, DataFile};
use scheduler::page::{FromFile, Shape, StringTable, Tag, Zeros};
use scheduler::store::Content;

use crate::r::{self, argument, edge, nothing, protect, Failure, Kind, Sexp};
use crate::runs::Reader;
use crate::store_api::key_of;
use crate::{codec, session};

/// Registers a part of a file as a variable. Nothing is read. `part` has the file's `path`, the `offset` of the part, and `writable`.
#[extendr]
fn ms_map_file(namespace_: Robj, name: Robj, part: Robj, kind: Robj, dim: Robj) -> Robj {
    edge(|| {
        let part = Reader { list: argument(&part) };
        let offset = part.number("offset")?;
        let access = if part.number("writable")? != 0.0 { Access::Write } else { Access::Read };
        let (namespace, name) = key_of(&namespace_, &name)?;
        let tag = tag(&kind)?;
        let file = DataFile::open(&path(part.item("path")?)?, access)?;
        let size = tag.item_size();
        let (offset, per_result) = (offset as u64, size.min(8));
        if offset % per_result != 0 {
            let message =
                format!("offset must be a multiple of {per_result}, the size of an item, not {offset}");
            return Err(Failure::input(message));
        }
        let dim = dims(&dim)?;
        let items = match &dim {
            Some(extents) => product(extents)?,
            None => items_to_the_end(&file, offset, size)?,
        };
        let part = file.part(offset, items.saturating_mul(size))?;
        register(&namespace, name, &FromFile::new(tag, Shape::of(&shape(dim)), part, access)?)
    })
}

/// Registers a variable of zeros, to be written into.
#[extendr]
fn ms_allocate(namespace_: Robj, name: Robj, kind: Robj, dim: Robj, dimnames: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &name)?;
        let (tag, dim) = (tag(&kind)?, dims(&dim)?);
        let items = product(dim.as_deref().unwrap_or_default())?;
        let shape = Shape { dim: shape(dim), names: names(argument(&dimnames))? };
        register(&namespace, name, &Zeros::shaped(tag, items, shape)?)
    })
}

/// Names along each dimension, of a list or NULL; none along one of which there are none.
pub(crate) fn names(dimnames: Sexp<'_>) -> r::Result<Vec<Option<StringTable>>> {
    let along = |place| {
        let names = dimnames.item(place);
        if names.is_null() {
            return Ok(None);
        }
        let mut table = StringTable::default();
        r::strings(names, "the dimnames")?.iter().for_each(|name| table.push(name.as_bytes(), 1));
        Ok(Some(table))
    };
    (0..if dimnames.is_null() { 0 } else { dimnames.len() }).map(along).collect()
}

fn register(namespace: &str, name: String, content: &dyn Content) -> r::Result<r::Given> {
    make_variable(namespace, name, content)?;
    nothing()
}

pub(crate) fn make_variable(namespace: &str, name: String, content: &dyn Content) -> r::Result<()> {
    session::with(|session| Ok(session.store()?.register(namespace, &[(name, content)])?))?;
    Ok(())
}

fn tag(kind: &Robj) -> r::Result<Tag> {
    let kind = r::string(argument(kind), "type")?;
    codec::tag_named(&kind).ok_or_else(|| Failure::input(format!("type cannot be '{kind}'")))
}

/// A file's name, which comes as the bytes that the system knows it by.
pub(crate) fn path(raw: Sexp) -> r::Result<PathBuf> {
    let data = protect(|_| Ok(if raw.kind() == Kind::RAWSXP { raw.data() } else { None }))?;
    let data = data.ok_or_else(|| Failure::Internal("a file's name is not a raw vector".into()))?;
    // SAFETY: a raw vector of this length, an argument of the running call.
    Ok(OsStr::from_bytes(unsafe { std::slice::from_raw_parts(data, raw.len()) }).into())
}

/// The extents that were asked for; `None` for as many items as there are.
fn dims(dim: &Robj) -> r::Result<Option<Vec<u64>>> {
    let dim = argument(dim);
    if dim.is_null() {
        return Ok(None);
    }
    (0..dim.len()).map(|place| Ok(r::number_at(dim, place)? as u64)).collect::<r::Result<_>>().map(Some)
}

/// The attribute `dim`: one extent alone is a plain vector's length.
pub(crate) fn shape(dim: Option<Vec<u64>>) -> Vec<u32> {
    // What is above an integer's range was refused by R.
    dim.filter(|extents| extents.len() > 1)
        .map_or_else(Vec::new, |extents| extents.iter().map(|&extent| extent as u32).collect())
}

pub(crate) fn product(extents: &[u64]) -> r::Result<u64> {
    let items = extents.iter().try_fold(1_u64, |items, &extent| items.checked_mul(extent));
    items
        .filter(|&items| items <= 1 << 52)
        .ok_or_else(|| Failure::input("dim asks for more items than a vector can have"))
}

fn items_to_the_end(file: &DataFile, offset: u64, size: u64) -> r::Result<u64> {
    let bytes = file.len().checked_sub(offset);
    let bytes = bytes.map_or_else(|| file.part(offset, 0).map(|part| part.bytes), Ok)?;
    if bytes % size != 0 {
        let message = format!(
            "dim must be given: {bytes} bytes from the offset to the file's end are no whole number of items of {size} bytes"
        );
        return Err(Failure::input(message));
    }
    Ok(bytes / size)
}

extendr_module! {
    mod files_api;
    fn ms_map_file;
    fn ms_allocate;
}
