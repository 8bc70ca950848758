//! A live R value, and the scope that keeps values alive.
use std::cell::Cell;
use std::marker::PhantomData;

pub use extendr_ffi::SEXPTYPE as Kind;
use extendr_ffi::*;

use super::ffi;
use super::jump::owns_nothing;

/// Bytes of the C stack that calls around a reader may have: R takes some 10 kB for each.
const READERS: usize = 1 << 20;

/// A value that R will not collect as long as `'s`: an argument of the running `.Call`, kept by a [`Scope`] or a [`super::Preserved`], or
/// reachable from such a one. That is the promise of who makes it; all methods rest on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Sexp<'s>(SEXP, PhantomData<&'s ()>);

/// A value that nothing keeps: to be given to R at once.
#[derive(Debug)]
#[must_use = "R is to be given it at once"]
pub struct Given(SEXP);

impl Given {
    /// The raw pointer.
    pub(super) fn raw(self) -> SEXP {
        self.0
    }
}

impl Sexp<'_> {
    /// The value, to be given to R.
    pub(super) fn given(self) -> Given {
        Given(self.0)
    }
}

/// Keeps values until it ends; the sign that R may be called.
pub struct Scope {
    kept: Cell<i32>,
    /// While a scope within this one stands: what R is given to keep now would go with that one, since R keeps values on a stack.
    covered: Cell<bool>,
    main_thread: PhantomData<*mut ()>,
}

impl Scope {
    pub(super) fn root<T>(body: impl FnOnce(&Scope) -> T) -> T {
        let scope = Scope { kept: Cell::new(0), covered: Cell::new(false), main_thread: PhantomData };
        let out = body(&scope);
        // SAFETY: takes back exactly what `keep` put there. (When R jumps, it does so itself; no `Drop`, so that a jump
        // passes over nothing.)
        unsafe { Rf_unprotect(scope.kept.get()) };
        out
    }

    /// A scope that ends earlier.
    pub fn inner<T, F: FnOnce(&Scope) -> T>(&self, body: F) -> T {
        const { owns_nothing::<F>() };
        self.covered.set(true);
        let out = Scope::root(body);
        self.covered.set(false);
        out
    }

    /// As [`Scope::inner`], for a value: kept by this one.
    pub fn carry<F: for<'i> FnOnce(&'i Scope) -> Sexp<'i>>(&self, body: F) -> Sexp<'_> {
        const { owns_nothing::<F>() };
        let raw = self.inner(|s| body(s).raw());
        self.keep(raw)
    }

    /// A scope where R may be called already: a `.Call` that owns nothing, an ALTREP method.
    ///
    /// # Safety
    /// R's main thread; the caller's frames own nothing that needs dropping.
    pub unsafe fn assume<T, F: FnOnce(&Scope) -> T>(body: F) -> T {
        const { owns_nothing::<F>() };
        Scope::root(body)
    }

    /// Keeps a value until the scope ends.
    pub fn keep(&self, x: SEXP) -> Sexp<'_> {
        assert!(!self.covered.get(), "a scope within this one stands");
        self.kept.set(self.kept.get() + 1);
        // SAFETY: R's main thread, by the scope's existence.
        Sexp(unsafe { Rf_protect(x) }, PhantomData)
    }

    /// Item `i` of any list, kept where the list does not do so.
    pub fn item<'s>(&'s self, list: Sexp<'s>, i: usize) -> Sexp<'s> {
        debug_assert!(i < list.len());
        // SAFETY: R's main thread, by the scope's existence; a live list.
        let item = unsafe { VECTOR_ELT(list.0, i as isize) };
        if list.makes_items() {
            self.keep(item)
        } else {
            Sexp(item, PhantomData)
        }
    }

    /// The list itself, or, of one that makes its items, a list that holds them; kept.
    pub fn plain_list<'s>(&'s self, list: Sexp<'s>) -> Sexp<'s> {
        if !list.makes_items() {
            return list;
        }
        let out = self.vector(Kind::VECSXP, list.len());
        for i in 0..list.len() {
            self.inner(|s| out.set_item(i, s.item(list, i)));
        }
        list.each_attribute(&mut |name, value| out.set_attribute_of(self, name, value));
        out
    }

    /// A value that lives for now, kept until this scope ends too.
    pub fn kept(&self, x: Sexp<'_>) -> Sexp<'_> {
        self.keep(x.0)
    }

    /// A new vector, kept. Numbers and bytes are not set; strings are empty, list items NULL.
    pub fn vector(&self, kind: Kind, len: usize) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence. An impossible length is R's own error.
        self.keep(unsafe { Rf_allocVector(kind, isize::try_from(len).unwrap_or(isize::MAX)) })
    }

    /// A new vector as item `i` of a list that was just made, which keeps it.
    pub fn vector_in<'s>(&'s self, list: Sexp<'s>, i: usize, kind: Kind, len: usize) -> Sexp<'s> {
        // SAFETY: as for `vector`; nothing is allocated until the list has it.
        let vector =
            Sexp(unsafe { Rf_allocVector(kind, isize::try_from(len).unwrap_or(isize::MAX)) }, PhantomData);
        list.set_item(i, vector);
        vector
    }

    /// A new S4 object without slots, kept.
    pub fn s4(&self) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence.
        self.keep(unsafe { ffi::memshare_allocate_s4() })
    }

    /// R's NULL.
    pub fn null(&self) -> Sexp<'static> {
        // SAFETY: a constant of R's.
        Sexp(unsafe { R_NilValue }, PhantomData)
    }

    /// `f(args)` in base R, its value kept. Arguments are values, not code: each is quoted.
    pub fn call_base(&self, function: &str, args: &[Sexp]) -> Sexp<'_> {
        let call = self.carry(|s| {
            let mut call = s.null();
            for &arg in args.iter().rev() {
                // SAFETY: R's main thread; all values are kept, by `keep` and by the caller.
                let quoted = unsafe { s.keep(Rf_lcons(R_QuoteSymbol, s.keep(Rf_cons(arg.0, R_NilValue)).0)) };
                // SAFETY: as above.
                call = s.keep(unsafe { Rf_cons(quoted.0, call.0) });
            }
            // SAFETY: as above.
            s.keep(unsafe { Rf_lcons(symbol(function), call.0) })
        });
        // SAFETY: R's main thread; `call` is kept.
        self.keep(unsafe { ffi::Rf_eval(call.0, R_BaseEnv) })
    }

    /// R's own error when the C stack is nearly used up: to be asked in every recursion over a value.
    pub fn check_stack(&self) {
        // SAFETY: R's main thread, by the scope's existence.
        unsafe { ffi::R_CheckStack() }
    }

    /// The same in what writes a value for other processes: who reads it takes as much for each level, and may have more calls around it.
    pub fn check_stack_of_readers(&self) {
        // SAFETY: as above.
        unsafe { ffi::R_CheckStack2(READERS) }
    }
}

/// The symbol of this name. The name is given to R before anything can jump.
pub(super) fn symbol(name: &str) -> SEXP {
    let mut bytes = [0u8; 128];
    let len = name.len().min(bytes.len() - 1);
    bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
    // SAFETY: R's main thread (a scope or a live value called this); the bytes end with a zero.
    unsafe { Rf_install(bytes.as_ptr().cast()) }
}

impl<'s> Sexp<'s> {
    /// The value behind a raw pointer.
    ///
    /// # Safety
    /// R's main thread, and live for as long as the result is used (see [`Sexp`]).
    pub unsafe fn new(raw: SEXP) -> Self {
        Sexp(raw, PhantomData)
    }

    /// The raw pointer.
    pub fn raw(self) -> SEXP {
        self.0
    }

    /// R's type.
    pub fn kind(self) -> Kind {
        // SAFETY: a live value (see `Sexp`).
        unsafe { TYPEOF(self.0) }
    }

    /// Whether it is R's NULL.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::NILSXP
    }

    /// Whether R's S4 bit is set.
    pub fn is_s4(self) -> bool {
        // SAFETY: a live value.
        unsafe { ffi::memshare_is_s4(self.0) != 0 }
    }

    /// Whether it has attributes.
    pub fn has_attributes(self) -> bool {
        // SAFETY: a live value.
        unsafe { ffi::memshare_has_attributes(self.0) != 0 }
    }

    /// Items of a vector; 1 for most of what is none.
    pub fn len(self) -> usize {
        // SAFETY: a live value.
        unsafe { Rf_xlength(self.0) as usize }
    }

    /// Whether there is no item.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The vector as one of another plain type, kept; without a copy when it is of that type already.
    pub fn coerced(self, s: &'s Scope, kind: Kind) -> Sexp<'s> {
        if self.kind() == kind {
            return self;
        }
        // SAFETY: R's main thread, by the scope's existence; a live vector.
        s.keep(unsafe { Rf_coerceVector(self.0, kind) })
    }

    /// Whether it is a list whose class, of another package, makes its items when they are asked for: they need not be reachable from it.
    pub fn makes_items(self) -> bool {
        self.kind() == Kind::VECSXP && self.is_altrep()
    }

    /// Whether its items may lie elsewhere than in R's own vector.
    pub fn is_altrep(self) -> bool {
        // SAFETY: a live value.
        unsafe { ALTREP(self.0) != 0 }
    }

    /// Item `i` of a list that holds its items. Of any other [`Scope::item`] must be asked.
    pub fn item(self, i: usize) -> Sexp<'s> {
        debug_assert!(i < self.len());
        assert!(!self.makes_items(), "an item that nothing keeps");
        // SAFETY: a live list; its items are reachable from it, for it is a plain one.
        Sexp(unsafe { VECTOR_ELT(self.0, i as isize) }, PhantomData)
    }

    /// Sets item `i` of a list that was just made.
    pub fn set_item(self, i: usize, value: Sexp) {
        debug_assert!(i < self.len());
        // SAFETY: a live list; `value` lives on in it.
        unsafe { SET_VECTOR_ELT(self.0, i as isize, value.0) };
    }

    /// String `i` of a character vector, as R's own object.
    pub fn text(self, i: usize) -> Sexp<'s> {
        debug_assert!(i < self.len());
        // SAFETY: a live character vector; its strings are reachable from it.
        Sexp(unsafe { STRING_ELT(self.0, i as isize) }, PhantomData)
    }

    /// Sets string `i` of a character vector that was just made. The text is the object that [`Sexp::text`] gives.
    pub fn set_text(self, i: usize, text: SEXP) {
        debug_assert!(i < self.len());
        // SAFETY: a live character vector; `text` lives on in it, and nothing was allocated since it was made.
        unsafe { SET_STRING_ELT(self.0, i as isize, text) };
    }

    /// Sets string `i` of a character vector that was just made to NA.
    pub fn set_na_text(self, i: usize) {
        // SAFETY: a constant of R's.
        self.set_text(i, unsafe { R_NaString });
    }

    /// Whether this string is NA.
    pub fn is_na_text(self) -> bool {
        // SAFETY: a constant of R's.
        self.0 == unsafe { R_NaString }
    }

    /// The value with R's S4 bit set, kept.
    pub fn as_s4<'k>(self, s: &'k Scope) -> Sexp<'k> {
        // SAFETY: a live value.
        s.keep(unsafe { ffi::memshare_as_s4(self.0) })
    }

    /// Whether R counts more than one reference to it.
    pub fn is_shared(self) -> bool {
        // SAFETY: a live value.
        unsafe { ffi::memshare_is_shared(self.0) != 0 }
    }

    /// R code that changes it makes a copy first.
    pub fn freeze(self) {
        // SAFETY: a live value.
        unsafe { MARK_NOT_MUTABLE(self.0) };
    }
}
