//! Evaluating R code, which may jump: only where a [`Scope`] stands.
use extendr_ffi::*;

use super::failure::{Failure, Result};
use super::ffi;
use super::protect::protect;
use super::sexp::{Kind, Scope, Sexp};

impl Scope {
    /// The symbol of this name, of any length: R errors on what is none.
    pub fn symbol(&self, name: &str) -> Sexp<'_> {
        let text = self.keep(super::character_bytes(self, name.as_bytes(), 1));
        // SAFETY: R's main thread, by the scope's existence; symbols are never collected.
        unsafe { Sexp::new(ffi::Rf_installTrChar(text.raw())) }
    }

    /// Sets a variable in an environment.
    pub fn define(&self, symbol: Sexp, value: Sexp, environment: Sexp) {
        // SAFETY: R's main thread, by the scope's existence; all live.
        unsafe { Rf_defineVar(symbol.raw(), value.raw(), environment.raw()) };
    }

    /// Evaluates code, its value kept.
    pub fn eval(&self, code: Sexp, environment: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence; all live.
        self.keep(unsafe { ffi::Rf_eval(code.raw(), environment.raw()) })
    }

    /// Evaluates the call of a function, of whose arguments the first are forced, as `forceAndCall()` does; its value kept.
    pub fn force_and_call(&self, call: Sexp, forced: i32, environment: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence; all live.
        self.keep(unsafe { ffi::R_forceAndCall(call.raw(), forced, environment.raw()) })
    }

    /// Calls a function with values that are no code, its value kept.
    pub fn call(&self, function: Sexp, args: &[Sexp]) -> Sexp<'_> {
        let mut call = self.null();
        for arg in args.iter().rev() {
            // SAFETY: as above; each cell is kept before the next is made.
            call = self.keep(unsafe { Rf_cons(arg.raw(), call.raw()) });
        }
        // SAFETY: as above.
        let call = self.keep(unsafe { Rf_lcons(function.raw(), call.raw()) });
        // SAFETY: a constant of R's.
        self.eval(call, unsafe { Sexp::new(R_GlobalEnv) })
    }

    /// A copy of a value that shares nothing with it, kept.
    pub fn duplicate(&self, x: Sexp) -> Sexp<'_> {
        // SAFETY: R's main thread, by the scope's existence; a live value.
        self.keep(unsafe { Rf_duplicate(x.raw()) })
    }

    /// Leaves by R's jump if the user pressed Ctrl-C.
    pub fn check_interrupt(&self) {
        // SAFETY: R's main thread, by the scope's existence.
        unsafe { ffi::R_CheckUserInterrupt() }
    }
}

/// The item of a list with this name; `None` where there is none. Names of ours are plain ASCII.
pub fn field<'a>(s: &Scope, list: Sexp<'a>, name: &str) -> Option<Sexp<'a>> {
    let names = list.names(s);
    if list.kind() != Kind::VECSXP || names.kind() != Kind::STRSXP {
        return None;
    }
    (0..names.len().min(list.len()))
        .find(|&i| super::bytes_of(s, names.text(i)).0 == name.as_bytes())
        .map(|i| list.item(i))
}

/// Whether it is R's TRUE.
pub fn is_true(s: &Scope, x: Sexp) -> bool {
    let same = s.call_base("isTRUE", &[x]);
    // SAFETY: `isTRUE` gives a logical vector of length 1.
    unsafe { same.data_mut().cast::<i32>().read() == 1 }
}

/// Seconds that R spent on collecting garbage in this process, as far as it counts them (`gc.time(TRUE)`).
pub fn garbage_seconds() -> Result<f64> {
    protect(|s| {
        let times = s.call_base("gc.time", &[]);
        let seconds = times.data().filter(|_| times.kind() == Kind::REALSXP && times.len() > 2);
        let none = || Failure::Internal("gc.time() gave no times".into());
        // SAFETY: a double vector of more than two numbers.
        seconds.map(|first| unsafe { first.cast::<f64>().add(2).read() }).ok_or_else(none)
    })
}

/// A vector as `as.double()` gives it, or as it is where its numbers can be read at once.
fn doubles<'s>(s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
    let plain = matches!(x.kind(), Kind::REALSXP | Kind::INTSXP | Kind::LGLSXP) && !x.is_object();
    if plain {
        x
    } else {
        s.call_base("as.double", &[x])
    }
}

/// Number `place` of what [`doubles`] gave, which has that many.
fn number_of(_: &Scope, x: Sexp, place: usize) -> f64 {
    let place = place as isize;
    // SAFETY: R's main thread, by the scope; a live vector of the type that each asks for, which is longer.
    let whole = unsafe {
        match x.kind() {
            Kind::REALSXP => return REAL_ELT(x.raw(), place),
            Kind::LGLSXP => LOGICAL_ELT(x.raw(), place),
            _ => INTEGER_ELT(x.raw(), place),
        }
    };
    // SAFETY: constants of R's.
    unsafe {
        if whole == R_NaInt {
            R_NaReal
        } else {
            f64::from(whole)
        }
    }
}

/// All numbers of a logical, integer or double vector.
pub fn numbers(x: Sexp) -> Result<Vec<f64>> {
    let mut out = vec![0.0; x.len()];
    protect(|s| {
        let x = doubles(s, x);
        let given = x.len();
        for (place, number) in out.iter_mut().enumerate().take(given) {
            *number = number_of(s, x, place);
        }
        Ok(())
    })?;
    Ok(out)
}

/// Number `place` of a logical, integer or double vector.
pub fn number_at(x: Sexp, place: usize) -> Result<f64> {
    protect(|s| {
        let x = doubles(s, x);
        if place >= x.len() {
            return Err(Failure::Internal(format!("there is no number {place} where one must be")));
        }
        Ok(number_of(s, x, place))
    })
}
