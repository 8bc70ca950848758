//! Calls, closures and environments as they lie in R: nothing here runs R code but the functions that say so.
use extendr_ffi::*;

use super::ffi;
use super::sexp::{symbol, Scope, Sexp};

/// What a variable of an environment is bound to.
#[derive(Clone, Copy, Debug)]
pub enum Bound<'s> {
    /// A value; also a promise's, once it was forced.
    Value(Sexp<'s>),
    /// An active binding: its function.
    Active(Sexp<'s>),
    /// A promise that nobody has forced, for [`Scope::define_promise`] alone.
    Promise(Sexp<'s>),
    /// Nothing that can be looked at.
    Nothing,
}

impl<'s> Sexp<'s> {
    /// The value of a cell of a call or pairlist.
    pub fn car(self) -> Sexp<'s> {
        // SAFETY: a live cell; its value is reachable from it.
        unsafe { Sexp::new(CAR(self.raw())) }
    }

    /// The name of a cell, a symbol.
    pub fn tag(self) -> Option<Sexp<'s>> {
        // SAFETY: a live cell; symbols are never collected.
        let tag = unsafe { Sexp::new(TAG(self.raw())) };
        (!tag.is_null()).then_some(tag)
    }

    /// The next cell, or NULL.
    pub fn cdr(self) -> Sexp<'s> {
        // SAFETY: a live cell; the next is reachable from it.
        unsafe { Sexp::new(CDR(self.raw())) }
    }

    /// Sets the value of a cell that was just made.
    pub fn set_car(self, value: Sexp) {
        // SAFETY: both live; the cell is nobody else's.
        unsafe { ffi::SETCAR(self.raw(), value.raw()) };
    }

    /// A symbol's name, as R's own text object.
    pub fn print_name(self) -> SEXP {
        // SAFETY: a live symbol.
        unsafe { PRINTNAME(self.raw()) }
    }

    /// Whether R's object bit is set.
    pub fn is_object(self) -> bool {
        // SAFETY: a live value.
        unsafe { Rf_isObject(self.raw()) == Rboolean::TRUE }
    }

    /// A closure's body, as an expression.
    pub fn body(self) -> Sexp<'s> {
        // SAFETY: a live closure.
        unsafe { Sexp::new(ffi::memshare_closure_part(self.raw(), 1)) }
    }

    /// A closure's formals, a pairlist.
    pub fn formals(self) -> Sexp<'s> {
        // SAFETY: a live closure.
        unsafe { Sexp::new(ffi::memshare_closure_part(self.raw(), 0)) }
    }

    /// A closure's environment.
    pub fn closure_environment(self) -> Sexp<'s> {
        // SAFETY: a live closure.
        unsafe { Sexp::new(ffi::memshare_closure_part(self.raw(), 2)) }
    }

    /// The environment around an environment.
    pub fn parent(self) -> Sexp<'s> {
        // SAFETY: a live environment.
        unsafe { Sexp::new(ffi::memshare_parent(self.raw())) }
    }

    /// Whether every R process has this environment of its own: the global one, base, a namespace, an attached package.
    pub fn is_everywhere(self) -> bool {
        // SAFETY: a live environment.
        unsafe { ffi::memshare_is_everywhere(self.raw()) != 0 }
    }

    /// Whether it is a package's: its namespace, or what of it is attached. Base and the empty environment count.
    pub fn is_of_package(self) -> bool {
        self.is_everywhere() && !self.is_global()
    }

    /// Whether it is the global environment.
    pub fn is_global(self) -> bool {
        // SAFETY: a constant of R's.
        self.raw() == unsafe { R_GlobalEnv }
    }

    /// What a variable of this very environment is bound to. The value is reachable from the environment.
    pub fn peek<'k>(self, s: &'k Scope, name: Sexp) -> Bound<'k> {
        let mut kind = 0;
        // SAFETY: a live environment and a symbol.
        let value = s.keep(unsafe { ffi::memshare_peek(self.raw(), name.raw(), &mut kind) });
        match kind {
            1 => Bound::Value(value),
            2 => Bound::Active(value),
            3 => Bound::Promise(value),
            _ => Bound::Nothing,
        }
    }

    /// The value of a variable of this very environment, for which neither a promise nor an active binding stands; kept. R 4.5 does not tell.
    pub fn plain_value<'k>(self, s: &'k Scope, name: Sexp) -> Option<Sexp<'k>> {
        // SAFETY: a live environment and a symbol; R evaluates nothing for the answer, which is a null pointer where there is none.
        let value = unsafe { ffi::memshare_plain_value(self.raw(), name.raw()) };
        (!value.is_null()).then(|| s.keep(value))
    }

    /// Whether a variable of this very environment has this name.
    pub fn has(self, name: Sexp) -> bool {
        // SAFETY: a live environment and a symbol; R evaluates nothing for the answer.
        unsafe { ffi::R_existsVarInFrame(self.raw(), name.raw()) == Rboolean::TRUE }
    }

    /// Whether the binding of this variable is locked.
    pub fn binding_is_locked(self, name: Sexp) -> bool {
        // SAFETY: a live environment and a symbol that is bound in it.
        unsafe { ffi::R_BindingIsLocked(name.raw(), self.raw()) != 0 }
    }

    /// Whether no variable can be added to the environment.
    pub fn is_locked(self) -> bool {
        // SAFETY: a live environment.
        unsafe { ffi::R_EnvironmentIsLocked(self.raw()) != 0 }
    }
}

impl Scope {
    /// The names of all variables of an environment, kept.
    pub fn names_in(&self, environment: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence; a live environment.
        self.keep(unsafe { ffi::R_lsInternal3(environment.raw(), 1, 0) })
    }

    /// Binds a variable to the promise that it is bound to in another environment.
    pub fn define_promise(&self, symbol: Sexp, promise: Sexp, from: Sexp, to: Sexp) {
        // SAFETY: R's main thread, by the scope's existence; all live.
        unsafe { ffi::memshare_define_promise(symbol.raw(), promise.raw(), from.raw(), to.raw()) };
    }

    /// The symbol of a name of [`Scope::names_in`].
    pub fn symbol_of(&self, name: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence; symbols are never collected.
        unsafe { Sexp::new(ffi::Rf_installTrChar(name.raw())) }
    }

    /// A new environment, kept.
    pub fn environment(&self, parent: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence.
        self.keep(unsafe { R_NewEnv(parent.raw(), 1, 29) })
    }

    /// The environment that has no parent.
    pub fn empty_environment(&self) -> Sexp<'_> {
        // SAFETY: a constant of R's.
        unsafe { Sexp::new(R_EmptyEnv) }
    }

    /// Makes an active binding.
    pub fn define_active(&self, name: Sexp, function: Sexp, environment: Sexp) {
        // SAFETY: R's main thread, by the scope's existence; all live.
        unsafe { ffi::R_MakeActiveBinding(name.raw(), function.raw(), environment.raw()) };
    }

    /// Locks a variable's binding.
    pub fn lock_binding(&self, name: Sexp, environment: Sexp) {
        // SAFETY: as above; the variable is bound there.
        unsafe { ffi::R_LockBinding(name.raw(), environment.raw()) };
    }

    /// Locks an environment, not its bindings.
    pub fn lock(&self, environment: Sexp) {
        // SAFETY: as above.
        unsafe { ffi::R_LockEnvironment(environment.raw(), 0) };
    }

    /// A copy that shares its parts with the value, kept.
    pub fn shallow_copy(&self, x: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence; a live value.
        self.keep(unsafe { ffi::Rf_shallow_duplicate(x.raw()) })
    }

    /// An option of R, or NULL.
    pub fn option(&self, name: &str) -> Sexp<'_> {
        // SAFETY: as above.
        unsafe { Sexp::new(ffi::Rf_GetOption1(symbol(name))) }
    }

    /// A function of this package, kept.
    pub fn our_function(&self, name: &str) -> Sexp<'_> {
        let package = super::character(self, &["memshare"]);
        let namespace = self.call_base("getNamespace", &[package]);
        let name = super::character(self, &[name]);
        self.call_base("get", &[name, namespace])
    }
}
