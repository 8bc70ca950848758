//! Rows of a matrix: some are cut together, for neither side of the transposition is then walked in strides that miss the cache. Their vectors serve
//! the next rows again, unless FUN kept them.
use super::reused::is_free;
use crate::codec::{self, BlobSource};
use crate::r::{Kind, Preserved, Scope, Sexp};

/// Bytes of rows that are cut at a time: they stay in the cache until FUN has read them.
const AT_A_TIME: u64 = 256 << 10;

/// Where the rows come from. Whoever has this keeps the page.
pub(super) struct RowFeed {
    source: BlobSource<'static>,
    root: u32,
    /// Rows and columns.
    shape: (u64, u64),
    names: Preserved,
    /// A list of the vectors, and the rows that they are.
    vectors: Option<Preserved>,
    from: u64,
    to: u64,
}

impl RowFeed {
    pub(super) fn new(
        source: BlobSource<'static>,
        root: u32,
        shape: (u64, u64),
        names: Preserved,
    ) -> RowFeed {
        RowFeed { source, root, shape, names, vectors: None, from: 0, to: 0 }
    }

    /// Row `at` of a chunk that ends at `end`. Preserved.
    pub(super) fn element<'s>(&mut self, s: &'s Scope, at: u64, end: u64) -> Sexp<'s> {
        if !(self.from..self.to).contains(&at) {
            let count = (AT_A_TIME / (8 * self.shape.1.max(1))).clamp(8, 1024).min(end - at);
            self.cut(s, at, count as usize);
        }
        let item = |list: &Preserved| s.kept(list.get().item((at - self.from) as usize));
        self.vectors.as_ref().map_or(s.null(), item)
    }

    /// What was cut is not read again: FUN may have written to it by code of C.
    pub(super) fn end_chunk(&mut self) {
        self.to = self.from;
    }

    /// Cuts so many rows from one on.
    fn cut(&mut self, s: &Scope, from: u64, count: usize) {
        self.end_chunk();
        if self.vectors.as_ref().map_or(0, |list| list.get().len()) < count {
            self.vectors = Some(Preserved::new(s.vector(Kind::VECSXP, count)));
        }
        let Some(list) = self.vectors.as_ref().map(Preserved::get) else { return };
        let (names, shape) = (self.names.get(), (self.shape.0 as usize, self.shape.1 as usize));
        for i in 0..count {
            let last = list.item(i);
            if last.is_null() || !is_free(last, names) {
                s.inner(|s| {
                    let vector = codec::row(s, &self.source, self.root, shape.1);
                    list.set_item(i, codec::named(s, vector, names));
                });
            }
        }
        codec::fill_rows(s, &self.source, self.root, (from as usize, count), shape, list);
        (self.from, self.to) = (from, from + count as u64);
    }
}
