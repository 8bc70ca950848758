//! What a chunk hands in, encoded: its results, and what FUN said.
use scheduler::link::Delivery;
use scheduler::page::{Blob, BlobWriter};
use scheduler::store::Content;

use super::chunk::{Chunk, Place};
use super::meter::Meter;
use crate::codec;
use crate::r::{self, Failure, Kind, Preserved, Result, Sexp};

/// The results of a chunk's outputs; or which of them cannot be sent, and why.
pub(super) fn encoded(chunk: &Chunk) -> std::result::Result<Vec<Blob>, (Place, Failure)> {
    if let Some(untried) = chunk.untried {
        each_encodes(chunk, untried)?;
    }
    let mut blobs = Vec::new();
    for (output, results) in chunk.results().enumerate() {
        let (mut writer, mut nth) = (BlobWriter::new(), 0);
        codec::encode_list(results, &mut writer, &mut nth)
            .map_err(|failure| (Place { output, nth }, failure))?;
        blobs.push(writer.finish());
    }
    Ok(blobs)
}

/// Tries an output's results one by one, from one on: where many cannot be sent, those before them are not encoded again for each.
fn each_encodes(chunk: &Chunk, from: Place) -> std::result::Result<(), (Place, Failure)> {
    let Some(results) = chunk.results_of(from.output) else { return Ok(()) };
    for nth in from.nth..results.len() {
        let place = Place { nth, ..from };
        codec::encode(results.item(nth), &mut BlobWriter::new()).map_err(|failure| (place, failure))?;
    }
    Ok(())
}

pub(super) fn outputs(blobs: &[Blob]) -> Vec<&dyn Content> {
    blobs.iter().map(|blob| blob as &dyn Content).collect()
}

/// What a chunk hands in. The chunk keeps what the blobs borrow from.
pub(super) fn delivery<'a>(
    chunk: &'a Chunk,
    outputs: &'a [&'a dyn Content],
    notes: Option<&'a Blob>,
) -> Delivery<'a> {
    let Meter { reports: steps, costs, .. } = &chunk.meter;
    Delivery { outputs, notes: notes.map(|notes| notes as &dyn Content), steps, costs }
}

/// The first of a chunk's results that, with those before it, takes more than so many bytes; the last where none does.
pub(super) fn first_beyond(results: Sexp, bytes: u64) -> usize {
    let mut taken = 0;
    let last = results.len().saturating_sub(1);
    let is_beyond = |&nth: &usize| {
        let mut writer = BlobWriter::new();
        // It was encoded before.
        if codec::encode(results.item(nth), &mut writer).is_ok() {
            taken += writer.finish().bytes();
        }
        taken > bytes
    };
    (0..last).find(is_beyond).unwrap_or(last)
}

/// What FUN said: a list of the passes' numbers, the elements' numbers and the conditions.
pub(super) fn encoded_notes(notes: &[(u32, u64, Preserved)]) -> Result<Option<Blob>> {
    if notes.is_empty() {
        return Ok(None);
    }
    let list = r::protect(|s| {
        let (passes, indices) = (s.vector(Kind::REALSXP, notes.len()), s.vector(Kind::REALSXP, notes.len()));
        let conditions = s.vector(Kind::VECSXP, notes.len());
        for (place, (pass, element, condition)) in notes.iter().enumerate() {
            // SAFETY: the vectors were just made with one number for each note.
            unsafe {
                passes.data_mut().cast::<f64>().add(place).write(f64::from(*pass) + 1.0);
                indices.data_mut().cast::<f64>().add(place).write(*element as f64 + 1.0);
            }
            conditions.set_item(place, condition.get());
        }
        Ok(Preserved::new(r::list(s, &[passes, indices, conditions])))
    })?;
    let mut writer = BlobWriter::new();
    codec::encode(list.get(), &mut writer)?;
    Ok(Some(writer.finish()))
}
