//! A look at the session's state. What was seen last is kept alive, so the same address means the same object: R changes neither a
//! string nor the value of an option in place while something else refers to it.
use extendr_ffi::{Rf_xlength, CAR, CDR, SEXP, TAG};
use scheduler::os;

use crate::r::{self, Kind, Preserved, Result, Sexp};

/// Options changed.
pub(super) const OPTIONS: i32 = 1;
/// Environment variables changed.
pub(super) const ENVIRONMENT: i32 = 2;
/// The working directory, the umask, the locale, or one of the texts that are settings changed.
pub(super) const SETTINGS: i32 = 4;
/// What is attached, loaded, registered or defined changed.
pub(super) const STRUCTURE: i32 = 8;

/// Definitions of classes and methods in the global environment begin so.
const DEFINITION: &[u8] = b".__";

/// What R has at hand, in the form in which it is cheapest to get.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// `.Options`.
    pub(super) options: Sexp<'a>,
    /// Character vectors: library paths, kinds of random numbers.
    pub(super) settings: Sexp<'a>,
    /// Character vectors: the search path, loaded namespaces.
    pub(super) structure: Sexp<'a>,
    /// Whatever counts by its identity.
    pub(super) objects: Sexp<'a>,
    /// Environments that count by how much they hold; the last of them may be left out.
    pub(super) tables: Sexp<'a>,
    /// Names in the global environment.
    pub(super) names: Sexp<'a>,
}

/// What was seen last.
#[derive(Default)]
pub(super) struct Look {
    /// Keeps all that the addresses below stand for.
    kept: Option<Preserved>,
    options: Vec<SEXP>,
    settings: Vec<SEXP>,
    structure: Vec<SEXP>,
    sizes: Vec<isize>,
    environment: Vec<u8>,
    place: (Option<std::path::PathBuf>, u32, Vec<u8>),
}

impl Look {
    /// Compares with what is there now, which counts as seen from here on. The value tells what changed. O(what is there).
    pub(super) fn again(&mut self, seen: Seen) -> Result<i32> {
        let mut now = Look {
            kept: None,
            options: Vec::with_capacity(self.options.len() + 16),
            settings: Vec::with_capacity(self.settings.len() + 16),
            structure: Vec::with_capacity(self.structure.len() + 16),
            sizes: Vec::with_capacity(self.sizes.len() + 16),
            environment: os::environment(self.environment.len()),
            place: (std::env::current_dir().ok(), os::umask(), os::locale()),
        };
        // One list of all values keeps them; it is made only when something changed.
        r::protect(|s| {
            now.read(s, seen);
            Ok(())
        })?;
        let bits = [
            (OPTIONS, now.options != self.options),
            (ENVIRONMENT, now.environment != self.environment),
            (SETTINGS, now.settings != self.settings || now.place != self.place),
            (STRUCTURE, now.structure != self.structure || !self.counted_as(&now)),
        ];
        if now.sizes.len() < self.sizes.len() {
            now.sizes.extend_from_slice(&self.sizes[now.sizes.len()..]);
        }
        let changed = bits.iter().filter(|(_, differs)| *differs).map(|(bit, _)| bit).sum();
        if changed == 0 {
            return Ok(0);
        }
        now.kept = Some(keep(seen)?);
        *self = now;
        Ok(changed)
    }

    /// Whether tables hold as much as before, as far as they were counted this time.
    fn counted_as(&self, now: &Look) -> bool {
        let common = now.sizes.len().min(self.sizes.len());
        now.sizes[..common] == self.sizes[..common] && (now.sizes.len() <= common || self.sizes.is_empty())
    }

    fn read(&mut self, s: &r::Scope, seen: Seen) {
        // SAFETY: `.Options` is a pairlist, reachable from R's own table; its cells and their tags and values are read only.
        unsafe {
            let mut cell = seen.options.raw();
            while Sexp::new(cell).kind() == Kind::LISTSXP {
                self.options.extend([TAG(cell), CAR(cell)]);
                cell = CDR(cell);
            }
        }
        texts(seen.settings, &mut self.settings);
        texts(seen.structure, &mut self.structure);
        self.structure.extend((0..seen.objects.len()).map(|i| seen.objects.item(i).raw()));
        let definitions = (0..seen.names.len()).map(|i| seen.names.text(i));
        let definitions = definitions.filter(|&name| r::bytes_of(s, name).0.starts_with(DEFINITION));
        self.structure.extend(definitions.map(Sexp::raw));
        // SAFETY: live environments, whose size R counts without running anything.
        self.sizes.extend((0..seen.tables.len()).map(|i| unsafe { Rf_xlength(seen.tables.item(i).raw()) }));
    }
}

/// The strings of some character vectors, one after the other.
fn texts(vectors: Sexp, out: &mut Vec<SEXP>) {
    for i in 0..vectors.len() {
        let vector = vectors.item(i);
        out.extend((0..vector.len()).map(|j| vector.text(j).raw()));
        // SAFETY: a constant of R's, which is no string: vectors of other lengths differ.
        out.push(unsafe { extendr_ffi::R_NilValue });
    }
}

/// A list that keeps all of it alive.
fn keep(seen: Seen) -> Result<Preserved> {
    r::protect(|s| {
        // A copy: R may put other values into the cells of its own.
        let options = s.call_base("as.vector", &[seen.options, r::character(s, &["list"])]);
        Ok(Preserved::new(r::list(s, &[options, seen.settings, seen.structure, seen.objects, seen.names])))
    })
}
