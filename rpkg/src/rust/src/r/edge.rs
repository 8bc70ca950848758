//! The edge between Rust and R: what every `.Call` gives back.
//!
//! Nothing is raised from here. A failure becomes a list of class `memshare_native_error`, which R's `native()` signals
//! as a condition of its own; a jump of R becomes one with kind `r_jump`, and `native()` answers it with `ms_resume()`,
//! from where R goes on with it, all Rust values having been dropped.
use std::panic::{catch_unwind, AssertUnwindSafe};

use extendr_api::prelude::*;
use scheduler::error::Error;

use super::error;
use super::failure::{Failure, Result};
use super::protect::give;
use super::sexp::{Given, Kind, Scope, Sexp};
use super::{character, character_bytes, integer, named_list, real};

/// The value behind an argument of the running `.Call`.
pub fn argument(x: &Robj) -> Sexp<'_> {
    // SAFETY: R's main thread; R keeps a `.Call`'s arguments until it returns.
    unsafe { Sexp::new(x.get()) }
}

/// R's NULL, for calls that give nothing.
pub fn nothing() -> Result<Given> {
    give(|s| Ok(s.null()))
}

/// Runs a native call's body and makes of its outcome what R is given.
pub fn edge(body: impl FnOnce() -> Result<Given>) -> Robj {
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(Failure::Internal(text.unwrap_or_else(|| "a panic without words".into())))
    });
    let value = outcome.or_else(|failure| tagged(&failure).inspect(|_| park(failure)));
    match value {
        // SAFETY: nothing was allocated since the value was made; `Robj` keeps it from here on.
        Ok(value) => unsafe { Robj::from_sexp(value.raw()) },
        // R has no memory left even for the failure's words.
        Err(_) => Robj::from("memshare: R cannot allocate memory"),
    }
}

/// A jump waits for `ms_resume()`.
fn park(failure: Failure) {
    if let Failure::Jump(jump) = failure {
        jump.park();
    }
}

/// The failure as R gets it.
fn tagged(failure: &Failure) -> Result<Given> {
    let (kind, message) = match failure {
        Failure::Scheduler(error) => (error.kind(), error::words(error)),
        Failure::Inspect(error) => (error.kind(), error::words_of_record(error)),
        Failure::Input(message) => ("input", message.clone()),
        Failure::Kind(kind, message) => (*kind, message.clone()),
        Failure::Internal(message) => ("internal", format!("a fault inside memshare: {message}")),
        Failure::Jump(_) => ("r_jump", "R left native code".to_owned()),
    };
    give(|s| {
        let fields = fields(s, failure);
        let parts = [
            ("kind", character(s, &[kind])),
            ("message", character(s, &[message.as_str()])),
            ("fields", fields),
        ];
        let list = named_list(s, &parts);
        list.set_attribute(s, "class", character(s, &["memshare_native_error"]));
        Ok(list)
    })
}

/// What a handler may want to read without parsing the message.
fn fields<'s>(s: &'s Scope, failure: &Failure) -> Sexp<'s> {
    let text = |value: &str| character(s, &[value]);
    match failure {
        Failure::Scheduler(Error::NoSpace { needed, free, limit, dir }) => {
            named_list(s, &shortage(s, [*needed, *free, *limit], text(dir.to_str().unwrap_or("?"))))
        }
        Failure::Scheduler(Error::OverBudget { needed, budget, table }) => named_list(
            s,
            &[
                ("needed", real(s, *needed as f64)),
                ("budget", real(s, *budget as f64)),
                ("resources", over_budget(s, table)),
            ],
        ),
        Failure::Scheduler(Error::AlreadyRegistered { namespace, name, owner }) => {
            named_list(s, &[("namespace", text(namespace)), ("name", text(name)), ("owner", text(owner))])
        }
        Failure::Scheduler(Error::Busy { namespace, name, by }) => {
            named_list(s, &[("namespace", text(namespace)), ("name", text(name)), ("by", text(by))])
        }
        Failure::Scheduler(Error::NoMemory { needed }) => {
            named_list(s, &[("needed", real(s, *needed as f64))])
        }
        Failure::Scheduler(Error::NoPlace { dir, .. }) => named_list(s, &[("dir", super::path(s, dir))]),
        Failure::Scheduler(Error::File { path, .. }) => named_list(s, &[("path", super::path(s, path))]),
        Failure::Scheduler(
            Error::NotAllocated { namespace, name } | Error::NotWritable { namespace, name },
        ) => named_list(s, &[("namespace", text(namespace)), ("name", text(name))]),
        Failure::Scheduler(Error::NotOwner { namespace, name, owner_pid }) => named_list(
            s,
            &[
                ("namespace", text(namespace)),
                ("name", text(name)),
                ("owner_pid", integer(s, *owner_pid as i32)),
            ],
        ),
        _ => named_list(s, &[]),
    }
}

/// What is said of a place that is too small: bytes needed, free, and in all.
pub fn shortage<'s>(
    s: &'s Scope,
    [needed, free, limit]: [u64; 3],
    dir: Sexp<'s>,
) -> [(&'static str, Sexp<'s>); 4] {
    let number = |bytes: u64| real(s, bytes as f64);
    [("needed", number(needed)), ("free", number(free)), ("limit", number(limit)), ("dir", dir)]
}

/// What takes how much: bytes, named by the resources.
fn over_budget<'s>(s: &'s Scope, table: &[(String, u64, scheduler::plan::Lifetime)]) -> Sexp<'s> {
    let bytes = s.vector(Kind::REALSXP, table.len());
    let names = s.vector(Kind::STRSXP, table.len());
    for (place, (name, size, _)) in table.iter().enumerate() {
        // SAFETY: the vector was just made with a number for each row.
        unsafe { bytes.data_mut().cast::<f64>().add(place).write(*size as f64) };
        names.set_text(place, character_bytes(s, name.as_bytes(), 1));
    }
    bytes.set_attribute(s, "names", names);
    bytes
}
