//! R value to blob: a value, and the results of a chunk.
use scheduler::page::{BlobWriter, StringTable, Tag};

use super::encode::Encoder;
use super::form::encode_form;
use super::outline::Outline;
use super::packed::{are_single_strings, packable, single_numbers};
use super::references::References;
use crate::r::{protect, Result, Sexp};

/// Encodes `x` as the root of a new blob. The caller keeps `x`, unchanged, until the blob is written: big vectors are read
/// where they lie. Lists that make their items when asked have no such place, and R serializes them ([`crate::r::Scope::plain_list`]
/// makes a list of one that is to be cut).
///
/// Vectors, lists, data frames and S4 objects have a layout, with all attributes, if nothing in them has an identity of its own; what
/// holds closures, environments or pointers is serialized by R in one piece, its big data as parts of the same blob. The items of a plain
/// list at the root are such pieces of their own, for a collection is cut there; single values of one type are packed.
pub fn encode(x: Sexp, w: &mut BlobWriter) -> Result<()> {
    encode_with(x, w, None)
}

/// As [`encode`]; views into pages that others can read are not copied but noted in `references`.
fn encode_with(x: Sexp, w: &mut BlobWriter, references: Option<&mut References>) -> Result<()> {
    if let Some(numbers) = single_numbers(x) {
        return numbers.encode_all(w);
    }
    let mut table = StringTable::default();
    let mut outline = Outline::default();
    let mut at = 0;
    protect(|s| {
        let (w, table, outline) = (&mut *w, &mut table, &mut outline);
        let mut encoder = Encoder { w, table, outline, at: &mut at, references };
        if are_single_strings(x) {
            encoder.packed(s, x, Tag::Strings, 1)
        } else {
            encoder.root(s, x)
        }
    })?;
    Ok(w.check()?)
}

/// As [`encode_with`], of data that a call goes over: what describes a sparse matrix is arranged as the blob is written (`form.rs`).
pub fn encode_data(x: Sexp, w: &mut BlobWriter, references: Option<&mut References>) -> Result<()> {
    if encode_form(x, w)? {
        return Ok(());
    }
    encode_with(x, w, references)
}

/// Encodes a chunk's results, a plain list: packed when all are plain vectors of one type and length, as [`encode`] does
/// otherwise. On a failure `at` is the place of the result that cannot be encoded.
pub fn encode_list(results: Sexp, w: &mut BlobWriter, at: &mut usize) -> Result<()> {
    let mut table = StringTable::default();
    let mut outline = Outline::default();
    protect(|s| {
        let mut encoder =
            Encoder { w: &mut *w, table: &mut table, outline: &mut outline, at, references: None };
        match packable(results) {
            Some((tag, each)) => encoder.packed(s, results, tag, each),
            None => encoder.root(s, results),
        }
    })?;
    Ok(w.check()?)
}
