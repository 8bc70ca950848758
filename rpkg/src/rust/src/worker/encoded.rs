//! What a chunk hands in, encoded: its results, and what FUN said.
use scheduler::link::Delivery;
use scheduler::page::{Blob, BlobWriter};
use scheduler::store::Content;

use super::chunk::{Chunk, Place};
use super::meter::Meter;
use crate::codec;
use crate::r::{self, Failure, Kind, Preserved, Result};

/// The results of a chunk's outputs; or which of them cannot be sent, and why.
pub(super) fn encoded(chunk: &Chunk) -> std::result::Result<Vec<Blob>, (Place, Failure)> {
    let at = |output| move |(nth, failure)| (Place { output, nth }, failure);
    if let Some(Place { output, nth }) = chunk.untried {
        if let Some(results) = chunk.results().get(output) {
            results.try_from(nth).map_err(at(output))?;
        }
    }
    chunk
        .results()
        .iter()
        .enumerate()
        .map(|(output, results)| results.encoded().map_err(at(output)))
        .collect()
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
