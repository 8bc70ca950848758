//! The run at hand.

use std::sync::Arc;

use scheduler::board::Lease;
use scheduler::error::{Error, Result as Scheduled};
use scheduler::id::ResourceId;
use scheduler::link::{Delivery, Link, Membership};
use scheduler::os::{now_ns, Mapping, SegmentFile};
use scheduler::page::{Blob, BlobWriter};
use scheduler::store::Content;

use crate::about::{About, Cut};
use crate::codec::{self, Source};
use crate::r::{self, Kept, Kind, Result, Scope, Sexp};

/// Bytes of rows that are transposed at a time: they stay in the cache until FUN has read them.
const ROWS_AT_A_TIME: u64 = 256 << 10;

/// A worker's part in a run, as R sees it.
pub(super) struct Current {
    membership: Membership,
    pub(super) about: About,
    /// The collection; points into what `_mapping` keeps mapped.
    source: Source<'static>,
    _owner: Kept,
    _mapping: Arc<Mapping>,
    /// Names that each row or column carries, or NULL.
    names: Kept,
    chunk: Option<Chunk>,
    /// Warnings and messages of the chunk under way, with their elements.
    notes: Vec<(u64, Kept)>,
    /// Whether side variables are bound in the frame.
    pub(super) bound: bool,
}

/// The chunk under way.
struct Chunk {
    lease: Lease,
    /// The element that FUN is at, or comes to next.
    next: u64,
    results: Kept,
    rows: Option<Rows>,
    started_ns: u64,
    stopped: bool,
}

/// Rows that were transposed together.
struct Rows {
    from: u64,
    to: u64,
    values: Kept,
}

/// A page of the run, mapped privately: what is written to it is this worker's, and ends with the run.
fn map(membership: &Membership, resource: ResourceId) -> Scheduled<Arc<Mapping>> {
    let handle = membership.spec().resources.get(resource.index()).and_then(Option::as_ref);
    let gone = || Error::Damaged {
        segment: handle.map_or_else(|| format!("of resource {resource}"), |handle| handle.name.clone()),
        reason: "it was released while a run reads it".into(),
    };
    let file = SegmentFile::open_read(handle.ok_or_else(gone)?)?.ok_or_else(gone)?;
    scheduler::store::map_private(&file).map(Arc::new)
}

impl Current {
    pub(super) fn new(membership: Membership) -> Result<Current> {
        let pass = &membership.spec().passes[0];
        let about = About::from_bytes(&pass.about)?;
        let mapping = map(&membership, pass.collection)?;
        let owner = r::protect(|s| Ok(Kept::new(crate::altrep::owner(s, &mapping))))?;
        // SAFETY: the mapping lies where its count keeps it, and this struct holds a count as long as what borrows from it.
        let forever: &'static Mapping = unsafe { &*Arc::as_ptr(&mapping) };
        // SAFETY: pages are sealed before a run begins.
        let source = unsafe { Source::open(forever, 0, u64::MAX, owner.get()) }?;
        let names = r::protect(|s| Ok(Kept::new(names_of_elements(s, &source, about.cut))))?;
        Ok(Current {
            membership,
            about,
            source,
            _owner: owner,
            _mapping: mapping,
            names,
            chunk: None,
            notes: Vec::new(),
            bound: false,
        })
    }

    pub(super) fn program(&self) -> &[u8] {
        &self.membership.spec().program
    }

    pub(super) fn sides(&self) -> &[(String, ResourceId)] {
        &self.membership.spec().passes[0].sides
    }

    /// A whole variable of the run.
    pub(super) fn variable(&self, resource: ResourceId) -> Result<Kept> {
        let mapping = map(&self.membership, resource)?;
        r::protect(|s| {
            // SAFETY: pages are sealed before a run begins.
            let source = unsafe { Source::open_owned(s, &mapping, 0, u64::MAX) }?;
            Ok(Kept::new(codec::decode(s, &source, 0)))
        })
    }

    /// Whether an element is under way, or was: then a failure is the element's.
    pub(super) fn is_within_chunk(&self) -> bool {
        self.chunk.is_some()
    }

    /// Claims the next chunk, if none is under way. `false`: the run is over.
    pub(super) fn claim(&mut self, link: &mut Link) -> Result<bool> {
        if self.chunk.is_some() {
            return Ok(true);
        }
        let Some(lease) = self.membership.next_lease(link)? else { return Ok(false) };
        let count = (lease.end - lease.start) as usize;
        let results = r::protect(|s| Ok(Kept::new(s.vector(Kind::VECSXP, count))))?;
        let (next, started_ns) = (lease.start, now_ns());
        self.chunk = Some(Chunk { lease, next, results, rows: None, started_ns, stopped: false });
        Ok(true)
    }

    /// The element to call FUN on, kept; `None` when the chunk is through or the run was stopped.
    pub(super) fn element(&mut self, s: &Scope) -> Option<(u64, Sexp)> {
        let chunk = self.chunk.as_mut()?;
        let at = chunk.next;
        if at == chunk.lease.end {
            return None;
        }
        if !self.membership.enter_element(at) {
            chunk.stopped = true;
            return None;
        }
        let element = match self.about.cut {
            Cut::Item => codec::element(s, &self.source, 0, at as usize),
            Cut::Column(rows, _) => {
                codec::column(s, &self.source, 0, at as usize, rows as usize, self.names.get())
            }
            Cut::Row(rows, columns) => {
                if chunk.rows.as_ref().is_none_or(|block| at < block.from || at >= block.to) {
                    let count = (ROWS_AT_A_TIME / (8 * columns.max(1))).clamp(8, 1024);
                    let count = count.min(chunk.lease.end - at);
                    let (part, shape) = ((at as usize, count as usize), (rows as usize, columns as usize));
                    let values = codec::rows(s, &self.source, 0, part, shape, self.names.get());
                    chunk.rows = Some(Rows { from: at, to: at + count, values: Kept::new(values) });
                }
                let block = chunk.rows.as_ref()?;
                block.values.get().item((at - block.from) as usize)
            }
        };
        Some((at, element))
    }

    /// Takes the result of the element under way, and goes on to the next.
    pub(super) fn result(&mut self, value: Sexp) {
        if let Some(chunk) = &mut self.chunk {
            chunk.results.get().set_item((chunk.next - chunk.lease.start) as usize, value);
            chunk.next += 1;
        }
    }

    /// Takes what FUN said at the element under way.
    pub(super) fn note(&mut self, condition: Sexp) {
        if let Some(chunk) = &self.chunk {
            self.notes.push((chunk.next, Kept::new(condition)));
        }
    }

    /// Hands in the chunk that is through.
    pub(super) fn deliver(&mut self) -> Result<()> {
        if let Some(chunk) = self.chunk.as_ref().filter(|chunk| !chunk.stopped) {
            let mut results = BlobWriter::new();
            codec::encode_list(chunk.results.get(), &mut results)?;
            self.hand_in(chunk, results, |delivery| self.membership.complete(&chunk.lease, delivery))?;
        }
        self.drop_chunk();
        Ok(())
    }

    /// Reports that the element under way failed, or that this worker could not begin. When the run was stopped, an
    /// element that failed by itself is still reported, for it may be the lowest; an interrupt is the stop's own doing.
    pub(super) fn fail(&mut self, link: &mut Link, error: Sexp, interrupted: bool) -> Result<()> {
        if self.membership.is_stopped() && (interrupted || self.chunk.is_none()) {
            self.drop_chunk();
            return Ok(());
        }
        self.claim(link)?;
        if let Some(chunk) = &self.chunk {
            let mut words = BlobWriter::new();
            codec::encode(error, &mut words)?;
            self.hand_in(chunk, words, |delivery| {
                let element = chunk.next.min(chunk.lease.end - 1);
                self.membership.fail(link, &chunk.lease, element, delivery)
            })?;
        }
        self.drop_chunk();
        Ok(())
    }

    /// Hands in a chunk with what FUN said meanwhile.
    fn hand_in(
        &self,
        chunk: &Chunk,
        output: BlobWriter,
        hand: impl FnOnce(&Delivery<'_>) -> Scheduled<bool>,
    ) -> Result<()> {
        let (output, notes) = (output.finish(), self.encoded_notes()?);
        let notes = notes.as_ref().map(|notes| notes as &dyn Content);
        hand(&Delivery { output: Some(&output), notes, started_ns: chunk.started_ns })?;
        Ok(())
    }

    /// Takes no further part, until the run is over.
    pub(super) fn sit_out(mut self, link: &mut Link) -> Result<()> {
        self.drop_chunk();
        Ok(self.membership.sit_out(link)?)
    }

    fn drop_chunk(&mut self) {
        self.chunk = None;
        self.notes.clear();
    }

    /// What FUN said: a list of the elements' numbers and of the conditions.
    fn encoded_notes(&self) -> Result<Option<Blob>> {
        if self.notes.is_empty() {
            return Ok(None);
        }
        let list = r::protect(|s| {
            let indices = s.vector(Kind::REALSXP, self.notes.len());
            let conditions = s.vector(Kind::VECSXP, self.notes.len());
            for (place, (element, condition)) in self.notes.iter().enumerate() {
                // SAFETY: the vector was just made with one number for each note.
                unsafe { indices.data_mut().cast::<f64>().add(place).write(*element as f64 + 1.0) };
                conditions.set_item(place, condition.get());
            }
            Ok(Kept::new(r::list(s, &[indices, conditions])))
        })?;
        let mut writer = BlobWriter::new();
        codec::encode(list.get(), &mut writer)?;
        Ok(Some(writer.finish()))
    }
}

/// The names that `apply` would give each element: the dimnames along it. NULL where there are none.
fn names_of_elements(s: &Scope, source: &Source<'_>, cut: Cut) -> Sexp {
    let along = match cut {
        Cut::Item => return s.null(),
        Cut::Row(..) => 1,
        Cut::Column(..) => 0,
    };
    let dimnames = codec::attribute(s, source, 0, "dimnames");
    if dimnames.is_null() {
        return s.null();
    }
    dimnames.item(along)
}
