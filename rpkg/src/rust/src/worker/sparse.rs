//! Elements of a sparse matrix. A dense one is a plain vector that serves the next element again, unless FUN kept it: R counts the
//! references.
use crate::about::{Along, Gives, Sparse};
use crate::codec::{self, BlobSource, Compressed};
use crate::r::{self, Preserved, Result, Scope, Sexp};

/// Where the elements come from. Whoever has this keeps the page.
pub(super) struct SparseFeed {
    form: Compressed<'static>,
    about: Sparse,
    dimnames: Preserved,
    buffer: Option<Buffer>,
}

/// A vector for dense elements, and the names that were set to it.
struct Buffer {
    vector: Preserved,
    names: Preserved,
}

impl SparseFeed {
    pub(super) fn open(source: BlobSource<'static>, root: u32, about: Sparse) -> Result<SparseFeed> {
        let form = Compressed::open(source, root, about.extent())?;
        let dimnames = r::protect(|s| Ok(Preserved::new(codec::attribute(s, &source, root, "Dimnames"))))?;
        Ok(SparseFeed { form, about, dimnames, buffer: None })
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
        let vector = match &self.buffer {
            Some(buffer) if buffer.is_free() => s.kept(buffer.vector.get()),
            _ => {
                let vector = self.form.blank(s);
                if let Some(names) = names_along(self.dimnames.get(), self.about.lines) {
                    vector.set_attribute(s, "names", names);
                }
                let names = Preserved::new(vector.names(s));
                self.buffer = Some(Buffer { vector: Preserved::new(vector), names });
                vector
            }
        };
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

impl Buffer {
    /// Whether nobody else has it, and nobody changed more than its items.
    fn is_free(&self) -> bool {
        let (vector, names) = (self.vector.get(), self.names.get());
        let (mut attributes, mut own) = (0, 0);
        vector.each_attribute(&mut |_, value| {
            attributes += 1;
            own += usize::from(value == names);
        });
        !vector.is_shared() && attributes == own && own == usize::from(!names.is_null())
    }
}
