//! Vectors that serve one element after another, unless FUN kept them: R counts the references.
use crate::r::{Preserved, Scope, Sexp};

/// The vector that FUN was given last.
#[derive(Default)]
pub(super) struct Reused(Option<Preserved>);

impl Reused {
    /// The vector, to be filled anew; or the one that `make` gives, with these `names` or NULL, where there is none or FUN kept it. Kept.
    pub(super) fn vector<'s>(
        &mut self,
        s: &'s Scope,
        names: Sexp,
        make: impl FnOnce(&'s Scope) -> Sexp<'s>,
    ) -> Sexp<'s> {
        match &self.0 {
            Some(last) if is_free(last.get(), names) => s.kept(last.get()),
            _ => {
                let vector = make(s);
                self.0 = Some(Preserved::new(vector));
                vector
            }
        }
    }
}

/// Whether nobody but its keeper has a vector that was made with these names, or NULL, and nobody changed more than its items.
pub(super) fn is_free(vector: Sexp, names: Sexp) -> bool {
    if vector.is_shared() {
        return false;
    }
    let (mut attributes, mut own) = (0, 0);
    if vector.has_attributes() {
        vector.each_attribute(&mut |_, value| {
            attributes += 1;
            own += usize::from(value == names);
        });
    }
    attributes == own && own == usize::from(!names.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::named;
    use crate::r::embedded::{r, with_r};
    use crate::r::{protect, Kind};

    #[test]
    fn a_vector_serves_again_unless_somebody_has_it_or_changed_it() {
        with_r(|| {
            let names = protect(|s| Ok(Preserved::new(r(s, "c('a', 'b')")))).unwrap();
            let keeper = protect(|s| Ok(Preserved::new(s.vector(Kind::VECSXP, 1)))).unwrap();
            for names in [Some(names.get()), None] {
                let mut last = Reused::default();
                let mut next = || {
                    let last = &mut last;
                    protect(|s| {
                        let names = names.unwrap_or(s.null());
                        Ok(last.vector(s, names, |s| named(s, s.vector(Kind::REALSXP, 2), names)).raw())
                    })
                    .unwrap()
                };
                let first = next();
                assert_eq!(next(), first, "nobody kept it");
                // SAFETY: the vector lives: `last` keeps it.
                let vector = unsafe { Sexp::new(first) };
                keeper.get().set_item(0, vector);
                let second = next();
                assert_ne!(second, first, "it lies in a list");
                // SAFETY: as above.
                let vector = unsafe { Sexp::new(second) };
                protect(|s| {
                    vector.set_attribute(s, "dim", r(s, "2L"));
                    Ok(())
                })
                .unwrap();
                assert_ne!(next(), second, "it has an attribute more");
            }
        });
    }
}
