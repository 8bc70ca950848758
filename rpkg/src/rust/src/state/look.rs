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

/// Options and environment variables.
#[derive(Default, PartialEq, Eq)]
struct Said {
    options: Vec<SEXP>,
    environment: Vec<u8>,
}

impl Said {
    /// As much as was `before` is expected.
    fn now(options: Sexp, before: &Said) -> Said {
        let mut now = Said {
            options: Vec::with_capacity(before.options.len() + 16),
            environment: os::environment(before.environment.len()),
        };
        // SAFETY: `.Options` is a pairlist, reachable from R's own table; its cells and their tags and values are read only.
        unsafe {
            let mut cell = options.raw();
            while Sexp::new(cell).kind() == Kind::LISTSXP {
                now.options.extend([TAG(cell), CAR(cell)]);
                cell = CDR(cell);
            }
        }
        now
    }
}

/// Options and environment variables as they were seen last, for whoever needs no more of the state.
#[derive(Default)]
pub(super) struct SaidLook {
    /// Keeps the options' values.
    kept: Option<Preserved>,
    said: Said,
}

impl SaidLook {
    /// Whether they are others now. O(what is there).
    pub(super) fn again(&mut self, options: Sexp) -> Result<bool> {
        let now = Said::now(options, &self.said);
        if now == self.said {
            return Ok(false);
        }
        self.kept = Some(r::protect(|s| Ok(Preserved::new(copied(s, options))))?);
        self.said = now;
        Ok(true)
    }
}

/// What was seen last.
#[derive(Default)]
pub(super) struct Look {
    /// Keeps all that the addresses below stand for.
    kept: Option<Preserved>,
    said: Said,
    settings: Vec<SEXP>,
    structure: Vec<SEXP>,
    sizes: Vec<isize>,
    place: (Option<std::path::PathBuf>, u32, Vec<u8>),
}

impl Look {
    /// Compares with what is there now, which counts as seen from here on. The value tells what changed. O(what is there).
    pub(super) fn again(&mut self, seen: Seen) -> Result<i32> {
        let mut now = Look {
            kept: None,
            said: Said::now(seen.options, &self.said),
            settings: Vec::with_capacity(self.settings.len() + 16),
            structure: Vec::with_capacity(self.structure.len() + 16),
            sizes: Vec::with_capacity(self.sizes.len() + 16),
            place: (std::env::current_dir().ok(), os::umask(), os::locale()),
        };
        // One list of all values keeps them; it is made only when something changed.
        r::protect(|s| {
            now.read(s, seen);
            Ok(())
        })?;
        let bits = [
            (OPTIONS, now.said.options != self.said.options),
            (ENVIRONMENT, now.said.environment != self.said.environment),
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
        let options = copied(s, seen.options);
        Ok(Preserved::new(r::list(s, &[options, seen.settings, seen.structure, seen.objects, seen.names])))
    })
}

/// The values of options: R may put others into the cells of its own.
fn copied<'s>(s: &'s r::Scope, options: Sexp) -> Sexp<'s> {
    s.call_base("as.vector", &[options, r::character(s, &["list"])])
}
