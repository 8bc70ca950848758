//! The `.Call`s that look into what travels with FUN, pack it and unpack it.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;

use scheduler::page::BlobWriter;

use crate::codec::{self, Found, Outline, Reach};
use crate::r::{self, argument, edge, give, nothing, protect, Kind, Preserved, Scope, Sexp};

/// Whether a value holds environments, functions or pointers, or a pass, plan or handle; and, if it does not, the bytes of its data,
/// else those that it reaches. Nothing is called or forced.
#[extendr]
fn ms_survey(x: Robj) -> Robj {
    edge(|| {
        let x = argument(&x);
        let mut found = Found::default();
        give(|s| {
            let references = codec::holds_references(s, x);
            let bytes = match references {
                true => Reach::walk(s, x, &mut found).0,
                false => codec::data_bytes(s, x),
            };
            Ok(r::reals(s, &[f64::from(u8::from(references)), bytes as f64]))
        })
    })
}

/// The functions that a value reaches through data and environments, the names in calls and formulas that it reaches, and those inside
/// the functions; NULL if it reaches none of these. Package functions are not looked into.
#[extendr]
fn ms_code(x: Robj) -> Robj {
    edge(|| {
        let x = argument(&x);
        let mut found = Found::default();
        protect(|s| {
            Reach::walk(s, x, &mut found);
            Ok(())
        })?;
        let [outside, inside] = found.symbols();
        if outside.is_empty() && inside.is_empty() && found.functions().is_empty() {
            return nothing();
        }
        give(|s| {
            let functions = kept_list(s, found.functions());
            let (names, inside) = (names_of(s, &outside), names_of(s, &inside));
            Ok(r::named_list(s, &[("functions", functions), ("names", names), ("inside", inside)]))
        })
    })
}

fn kept_list<'s>(s: &'s Scope, items: &[Preserved]) -> Sexp<'s> {
    let list = s.vector(Kind::VECSXP, items.len());
    items.iter().enumerate().for_each(|(i, item)| list.set_item(i, item.get()));
    list
}

fn names_of<'s>(s: &'s Scope, symbols: &[Sexp]) -> Sexp<'s> {
    let names = s.vector(Kind::STRSXP, symbols.len());
    symbols.iter().enumerate().for_each(|(i, symbol)| names.set_text(i, symbol.print_name()));
    names
}

/// The lengths of a list's items, whatever their classes say.
#[extendr]
fn ms_lengths(items: Robj) -> Robj {
    edge(|| {
        let items = argument(&items);
        give(|s| {
            let lengths = s.vector(Kind::REALSXP, items.len());
            for i in 0..items.len() {
                let length = s.inner(|s| s.item(items, i).len());
                // SAFETY: the vector was just made, with a number for each item.
                unsafe { lengths.data_mut().cast::<f64>().add(i).write(length as f64) };
            }
            Ok(lengths)
        })
    })
}

/// A value as bytes, and the list of its big parts (`share` bytes and more), which are not among them.
#[extendr]
fn ms_pack(x: Robj, share: Robj) -> Robj {
    edge(|| {
        let (x, share) = (argument(&x), r::number_at(argument(&share), 0)?);
        let mut outline = Outline::default();
        give(|s| {
            let raw = outline.serialize(s, x, share.max(1.0) as usize)?;
            Ok(r::named_list(s, &[("raw", raw), ("parts", kept_list(s, outline.parts()))]))
        })
    })
}

/// The value of what `ms_pack` gave.
#[extendr]
fn ms_unpack(raw: Robj, parts: Robj) -> Robj {
    edge(|| give(|s| Ok(codec::unserialize(s, argument(&raw), argument(&parts)))))
}

/// A name for the content of a value, the same in every session. What holds functions or environments is told apart no further than
/// `serialize()` does.
#[extendr]
fn ms_content(x: Robj) -> Robj {
    edge(|| {
        let mut writer = BlobWriter::new();
        codec::encode(argument(&x), &mut writer)?;
        let content = writer.finish().fingerprint()?;
        give(|s| Ok(r::character(s, &[&content])))
    })
}

extendr_module! {
    mod payload_api;
    fn ms_survey;
    fn ms_code;
    fn ms_lengths;
    fn ms_pack;
    fn ms_unpack;
    fn ms_content;
}
