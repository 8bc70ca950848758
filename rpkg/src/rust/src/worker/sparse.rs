//! Elements of a sparse matrix.
use super::reused::Reused;
use crate::about::{Along, Gives, Sparse};
use crate::codec::{self, BlobSource, Compressed};
use crate::r::{self, Preserved, Result, Scope, Sexp};

/// Where the elements come from. Whoever has this keeps the page.
pub(super) struct SparseFeed {
    form: Compressed<'static>,
    about: Sparse,
    dimnames: Preserved,
    last: Reused,
}

impl SparseFeed {
    pub(super) fn open(source: BlobSource<'static>, root: u32, about: Sparse) -> Result<SparseFeed> {
        let form = Compressed::open(source, root, about.extent())?;
        let dimnames = r::protect(|s| Ok(Preserved::new(codec::attribute(s, &source, root, "Dimnames"))))?;
        Ok(SparseFeed { form, about, dimnames, last: Reused::default() })
    }

    /// Element `at`. Preserved.
    pub(super) fn element<'s>(&mut self, s: &'s Scope, at: usize) -> Sexp<'s> {
        match self.about.gives {
            Gives::Dense => self.dense(s, at),
            Gives::SparseVector => self.form.sparse_vector(s, at),
            Gives::Nonzero => self.form.nonzero(s, at),
            Gives::Block(size) => {
                let (lines, _) = self.about.extent();
                let from = at.saturating_mul(size as usize).min(lines);
                let part = (from, (size as usize).min(lines - from));
                match self.about.lines {
                    Along::Columns => self.form.columns(s, part, self.dimnames.get()),
                    Along::Rows => self.form.rows(s, part, self.dimnames.get()),
                }
            }
        }
    }

    /// A line as a plain vector with its names.
    fn dense<'s>(&mut self, s: &'s Scope, line: usize) -> Sexp<'s> {
        let form = &self.form;
        let names = names_along(self.dimnames.get(), self.about.lines).unwrap_or(s.null());
        let vector = self.last.vector(s, names, |s| codec::named(s, form.blank(s), names));
        self.form.fill(line, vector);
        vector
    }
}

/// The names of the places along a line.
fn names_along(dimnames: Sexp<'_>, lines: Along) -> Option<Sexp<'_>> {
    let is_pair = dimnames.kind() == r::Kind::VECSXP && dimnames.len() == 2;
    let names = is_pair.then(|| dimnames.item(if lines == Along::Rows { 1 } else { 0 }))?;
    (!names.is_null()).then_some(names)
}
