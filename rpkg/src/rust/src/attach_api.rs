//! The `.Call`s that make variables of the files of other programs: in place where the items are as ours, else converted into a page.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;
use scheduler::os::{Access, DataFile, FilePart};
use scheduler::page::{FromFile, ItemType, Loaded, Lowest, NpyHeader, Order, Shape};

use crate::files_api::{make_variable, names, path, product, shape};
use crate::r::{self, argument, edge, give, Failure};
use crate::records::record_api;
use crate::runs::Reader;
use crate::store_api::key_of;

/// What the header of a NumPy file says: `item`, `rows` (whether it is in the order of rows), `dim`, `at`.
#[extendr]
fn ms_npy_header(file: Robj) -> Robj {
    edge(|| {
        let header = NpyHeader::of(&DataFile::open(&path(argument(&file))?, Access::Read)?)?;
        let dim: Vec<f64> = header.shape.iter().map(|&extent| extent as f64).collect();
        give(|s| {
            Ok(r::named_list(
                s,
                &[
                    ("item", r::character(s, &[&header.descr])),
                    ("rows", r::logical(s, header.order == Order::Rows)),
                    ("dim", r::reals(s, &dim)),
                    ("at", r::real(s, header.at as f64)),
                ],
            ))
        })
    })
}

/// Registers what files hold as a variable; gives whether it is read in place. `from` has the `files`, with the `offset` of the first item
/// in each and how many `items` it has; `item`, NumPy's name of the type, `missing`, whether its lowest integer is a missing value, and
/// `codes`; `rows`, whether the items stand in the order of rows; `dim` and `dimnames`.
#[extendr]
fn ms_attach(namespace_: Robj, name: Robj, from: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &name)?;
        let from = Reader { list: argument(&from) };
        let item = item(&from)?;
        let dim: Vec<u64> = from.numbers("dim")?.into_iter().map(|extent| extent as u64).collect();
        let parts = parts(&from, &item)?;
        if product(&dim)? != parts.iter().map(|part| part.bytes / item.size()).sum::<u64>() {
            return Err(Failure::Internal("the parts are not the array".into()));
        }
        let order = if from.number("rows")? != 0.0 && dim.len() > 1 { Order::Rows } else { Order::Columns };
        let shape = Shape { dim: shape(Some(dim.clone())), names: names(from.item("dimnames")?)? };
        let in_place = match parts.as_slice() {
            [part] => item.is_ours() && order == Order::Columns && part.offset % item.size().min(8) == 0,
            _ => false,
        };
        if in_place {
            let content = FromFile::new(item.tag(), shape, parts[0].clone(), Access::Read)?;
            make_variable(&namespace, name, &content)?;
        } else {
            make_variable(&namespace, name, &Loaded::new(item, shape, parts, (order, &dim))?)?;
        }
        give(|s| Ok(r::logical(s, in_place)))
    })
}

fn item(from: &Reader<'_>) -> r::Result<ItemType> {
    let codes = from.numbers("codes")?;
    let name = r::string(from.item("item")?, "the type of the items")?;
    let lowest = if from.number("missing")? != 0.0 { Lowest::Missing } else { Lowest::Number };
    let item = if codes.is_empty() { ItemType::named(&name, lowest) } else { ItemType::coded(&codes) };
    item.ok_or_else(|| Failure::input(format!("items of type '{name}' cannot be read")))
}

fn parts(from: &Reader<'_>, item: &ItemType) -> r::Result<Vec<FilePart>> {
    let files = from.items("files")?.into_iter().map(|file| Ok(DataFile::open(&path(file)?, Access::Read)?));
    let files = files.collect::<r::Result<Vec<_>>>()?;
    let (at, offsets, items) = (from.numbers("file")?, from.numbers("offset")?, from.numbers("items")?);
    at.iter()
        .zip(offsets.iter().zip(items))
        .map(|(&file, (&offset, items))| {
            let bytes = (items as u64).saturating_mul(item.size());
            let file = files.get(file as usize - 1);
            let file = file.ok_or_else(|| Failure::Internal("a part is of no file".into()))?;
            Ok(file.part(offset as u64, bytes)?)
        })
        .collect()
}

/// All bytes of a file that has no more than so many.
#[extendr]
fn ms_file_bytes(file: Robj, most: Robj) -> Robj {
    edge(|| {
        let most = r::number_at(argument(&most), 0)? as u64;
        let data = DataFile::open(&path(argument(&file))?, Access::Read)?;
        if data.len() > most {
            return Err(data
                .error(&format!("it has {} bytes, more than the {most} that are read", data.len()))
                .into());
        }
        let mut bytes = vec![0; data.len() as usize];
        data.read_at(0, &mut bytes)?;
        record_api::raw(&bytes)
    })
}

extendr_module! {
    mod attach_api;
    fn ms_npy_header;
    fn ms_attach;
    fn ms_file_bytes;
}
