//! The attributes of a value.
use std::ffi::c_void;

use extendr_ffi::*;

use super::ffi;
use super::sexp::{symbol, Scope, Sexp};

impl<'s> Sexp<'s> {
    /// The names, or NULL.
    pub fn names<'k>(self, s: &'k Scope) -> Sexp<'k> {
        // SAFETY: a live value; R may have to make its names (a one-dimensional array), so they are kept.
        s.keep(unsafe { Rf_getAttrib(self.raw(), R_NamesSymbol) })
    }

    /// An attribute, or NULL. The name is one of ours.
    pub fn attribute<'k>(self, s: &'k Scope, name: &str) -> Sexp<'k> {
        // SAFETY: a live value.
        s.keep(unsafe { Rf_getAttrib(self.raw(), symbol(name)) })
    }

    /// Sets an attribute as R's `attr<-` would. The name is one of ours.
    pub fn set_attribute(self, _: &Scope, name: &str, value: Sexp) {
        // SAFETY: both live; a symbol is never collected.
        unsafe { Rf_setAttrib(self.raw(), symbol(name), value.raw()) };
    }

    /// Sets an attribute of any name as it was stored. R's `attr<-` would change some, refuse some and run code for others; a class alone
    /// goes through it, for it marks the value as an object.
    pub fn set_attribute_of(self, _: &Scope, name: Sexp, value: Sexp) {
        // SAFETY: all live. The name is a text object, and symbols are made of its bytes.
        unsafe {
            let known = Rf_install(R_CHAR(name.raw()));
            if known == R_ClassSymbol || R_CHAR(name.raw()) == R_CHAR(PRINTNAME(symbol(".Data"))) {
                Rf_setAttrib(self.raw(), known, value.raw());
            } else {
                R_do_slot_assign(self.raw(), known, value.raw());
            }
        }
    }

    /// Calls `visit(name's text object, value)` for every attribute as it is stored (compact row names stay compact).
    pub fn each_attribute(self, visit: &mut dyn FnMut(Sexp<'s>, Sexp<'s>)) {
        unsafe extern "C" fn call(visit: *mut c_void, tag: SEXP, value: SEXP) {
            // SAFETY: `visit` is what stands below; the attributes are reachable from the value.
            unsafe {
                let visit = &mut *visit.cast::<&mut dyn FnMut(Sexp<'static>, Sexp<'static>)>();
                visit(Sexp::new(PRINTNAME(tag)), Sexp::new(value));
            }
        }
        let mut visit = visit;
        // SAFETY: a live value; `visit` outlives the call.
        unsafe {
            ffi::memshare_each_attribute(self.raw(), call, std::ptr::from_mut(&mut visit).cast());
        }
    }
}
