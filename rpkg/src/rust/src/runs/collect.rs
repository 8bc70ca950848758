//! What came of a run, made R values.

use std::sync::Arc;

use scheduler::board::{ChunkRecord, ChunkState, Output};
use scheduler::core::{Cause, Outcome};
use scheduler::id::PassId;
use scheduler::os::Mapping;
use scheduler::page::Tag;
use scheduler::run::Finished;

use super::hall::Begun;
use crate::altrep;
use crate::codec::{self, kind_of, Source};
use crate::r::{self, Failure, Kept, Kind, Result, Scope, Sexp};

/// A chunk's blob, and which elements it speaks of.
struct Part<'a> {
    start: usize,
    count: usize,
    source: Source<'a>,
}

/// Everything R asks of an ended run, as one list.
pub(super) fn collect(begun: &Begun, finished: &Finished, as_vector: bool) -> Result<Sexp> {
    let mut chunks = finished.board.board().chunks(PassId(0));
    chunks.retain(|chunk| matches!(chunk.state, ChunkState::Done | ChunkState::Failed));
    chunks.sort_by_key(|chunk| chunk.start);
    let page = finished.results.first().map(|(_, page)| page);
    let page = page.ok_or_else(|| Failure::Internal("a run ended without its results page".into()))?;
    let mapping = Arc::new(Mapping::private(&page.file()?)?);
    let owner = r::protect(|s| Ok(Kept::new(altrep::owner(s, &mapping))))?;
    let open = |output: Output| {
        // SAFETY: the chunk is done or failed, so its worker wrote this before it said so, and nobody writes there again.
        unsafe { Source::open(&mapping, output.at, output.len, owner.get()) }
    };

    let conditions = conditions(&chunks, &open)?;
    let (values, each) = match finished.outcome {
        Outcome::Done => values(begun.elements as usize, &chunks, &open, as_vector)?,
        _ => (None, None),
    };
    let error = error(finished, &chunks, &open)?;
    let done = chunks.iter().filter(|chunk| chunk.state == ChunkState::Done).count();
    let written: u64 = chunks.iter().map(|chunk| chunk.output.len + chunk.notes.len).sum();
    r::protect(|s| {
        let or_null = |kept: &Option<Kept>| kept.as_ref().map_or(s.null(), Kept::get);
        let stats = r::named_list(
            s,
            &[
                ("passes", r::integer(s, 1)),
                ("chunks", r::real(s, done as f64)),
                ("workers", r::real(s, f64::from(finished.stats.workers))),
                ("bytes_shared", r::real(s, (begun.bytes + written) as f64)),
                ("retries", r::real(s, f64::from(finished.stats.retries))),
                ("seconds", r::real(s, finished.stats.seconds)),
            ],
        );
        Ok(r::named_list(
            s,
            &[
                ("values", or_null(&values)),
                ("k", each.map_or(s.null(), |each| r::real(s, each as f64))),
                ("conditions", conditions.get()),
                ("error", or_null(&error)),
                ("stats", stats),
            ],
        ))
    })
}

/// The results: one vector where they are asked for as such and are alike, else a list.
fn values<'a>(
    elements: usize,
    chunks: &[ChunkRecord],
    open: &impl Fn(Output) -> Result<Source<'a>>,
    as_vector: bool,
) -> Result<(Option<Kept>, Option<usize>)> {
    let mut parts = Vec::with_capacity(chunks.len());
    let mut next = 0;
    for chunk in chunks {
        let (start, end) = (chunk.start as usize, chunk.end as usize);
        if start != next || chunk.state != ChunkState::Done {
            return Err(Failure::Internal(format!("the result of element {} is missing", next + 1)));
        }
        next = end;
        parts.push(Part { start, count: end - start, source: open(chunk.output)? });
    }
    if next != elements {
        return Err(Failure::Internal(format!("the result of element {} is missing", next + 1)));
    }
    if as_vector {
        if let Some((tag, each)) = alike(&parts) {
            let vector = r::protect(|s| Ok(Kept::new(joined(s, &parts, tag, each, elements))))?;
            return Ok((Some(vector), Some(each)));
        }
    }
    let list = r::protect(|s| {
        let list = s.vector(Kind::VECSXP, elements);
        for part in &parts {
            for place in 0..part.count {
                s.inner(|s| list.set_item(part.start + place, codec::element(s, &part.source, 0, place)));
            }
        }
        Ok(Kept::new(list))
    })?;
    Ok((Some(list), None))
}

/// The type and length that all results have, if all are plain vectors of the same.
fn alike(parts: &[Part<'_>]) -> Option<(Tag, usize)> {
    let mut shapes = parts.iter().map(|part| part.source.packed(0).map(|packed| (packed.tag, packed.each)));
    let first = shapes.next()??;
    shapes.all(|shape| shape == Some(first)).then_some(first)
}

/// All results, one after the other.
fn joined(s: &Scope, parts: &[Part<'_>], tag: Tag, each: usize, elements: usize) -> Sexp {
    let out = s.vector(kind_of(tag), elements * each);
    for part in parts {
        let start = part.start * each;
        if tag == Tag::Strings {
            codec::copy_strings(s, &part.source, 0, out, start);
        } else if let Some(packed) = part.source.packed(0) {
            let size = tag.item_size() as usize;
            let bytes = &packed.data[..part.count * each * size];
            // SAFETY: `out` was just made for all parts, which follow each other without a gap up to its length, and
            // this part's bytes were checked to be as many.
            unsafe {
                let place = out.data_mut().add(start * size);
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len());
            }
        }
    }
    out
}

/// What FUN said, in the order of elements: a list of pairs.
fn conditions<'a>(chunks: &[ChunkRecord], open: &impl Fn(Output) -> Result<Source<'a>>) -> Result<Kept> {
    let mut said = Vec::new();
    for chunk in chunks.iter().filter(|chunk| chunk.notes.len > 0) {
        let source = open(chunk.notes)?;
        said.push(r::protect(|s| Ok(Kept::new(codec::decode(s, &source, 0))))?);
    }
    r::protect(|s| {
        let count = said.iter().map(|notes| notes.get().item(1).len()).sum();
        let list = s.vector(Kind::VECSXP, count);
        let mut place = 0;
        for notes in &said {
            let (indices, conditions) = (notes.get().item(0), notes.get().item(1));
            for i in 0..conditions.len() {
                s.inner(|s| {
                    // SAFETY: a double vector with one number for each condition.
                    let index = unsafe { indices.data_mut().cast::<f64>().add(i).read() };
                    list.set_item(place, r::list(s, &[r::real(s, index), conditions.item(i)]));
                });
                place += 1;
            }
        }
        Ok(Kept::new(list))
    })
}

/// What ended the run, if it was not its end.
fn error<'a>(
    finished: &Finished,
    chunks: &[ChunkRecord],
    open: &impl Fn(Output) -> Result<Source<'a>>,
) -> Result<Option<Kept>> {
    let plain = |kind: &'static str, element: Option<u64>, message: String| {
        r::protect(|s| {
            let index = element.map_or(s.null(), |element| r::real(s, element as f64 + 1.0));
            let parts = [
                ("kind", r::character(s, &[kind])),
                ("index", index),
                ("message", r::character(s, &[message.as_str()])),
            ];
            Ok(Some(Kept::new(r::named_list(s, &parts))))
        })
    };
    match &finished.outcome {
        Outcome::Done => Ok(None),
        Outcome::Failed(failure) => {
            let unwritten = finished.words.iter().find(|(_, chunk, _)| *chunk == failure.chunk);
            if let Some((.., words)) = unwritten {
                return plain("no_space", Some(failure.element), format!("its result was lost: {words}"));
            }
            let record = chunks.iter().find(|chunk| chunk.chunk == failure.chunk);
            let lost = || Failure::Internal("the error of a failed chunk is missing".into());
            let source = open(record.ok_or_else(lost)?.output)?;
            r::protect(|s| {
                let error = codec::decode(s, &source, 0);
                let at_element = r::field(s, error, "element").is_some_and(|x| r::is_true(s, x));
                let index = if at_element { r::real(s, failure.element as f64 + 1.0) } else { s.null() };
                let condition = r::field(s, error, "condition").unwrap_or(s.null());
                let message = s.call_base("conditionMessage", &[condition]);
                let parts = [
                    ("kind", r::character(s, &[if at_element { "element" } else { "worker" }])),
                    ("index", index),
                    ("condition", condition),
                    ("calls", r::field(s, error, "calls").unwrap_or(s.null())),
                    ("message", message),
                ];
                Ok(Some(Kept::new(r::named_list(s, &parts))))
            })
        }
        Outcome::WorkerKilled { element, deaths, reason, .. } => plain(
            "worker_died",
            Some(*element),
            format!("it killed {deaths} worker(s), and was not tried again; the last was {reason}"),
        ),
        Outcome::Cancelled { cause: Cause::Timeout } => {
            plain("timeout", None, "the run took longer than memControl(timeout = ) allows".into())
        }
        Outcome::Cancelled { cause: Cause::User } => plain("cancelled", None, "the run was cancelled".into()),
        Outcome::NoWorkers { reason } => plain("no_workers", None, format!("no worker is left: {reason}")),
    }
}
