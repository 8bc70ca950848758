//! The `.Call`s by which R looks at the state of its session, and by which a process becomes the mirror of one.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::cell::RefCell;

use extendr_api::prelude::*;

use super::look::{Look, SaidLook, Seen};
use crate::r::{self, argument, edge, Bound, Failure, Kind, Scope, Sexp};

thread_local! {
    /// Of a session and of a worker: a process may be both.
    static LOOKS: RefCell<[Look; 2]> = RefCell::default();
    /// For settings of memshare's own.
    static SAID: RefCell<SaidLook> = RefCell::default();
}

/// What changed since the last look: 1 options, 2 environment variables, 4 other settings, 8 what is attached, loaded, registered or
/// defined; the sum of them. Sessions and workers look apart. `seen` is a list, see [`Seen`].
#[extendr]
fn ms_state_look(worker: bool, seen: Robj) -> Robj {
    edge(|| {
        let list = argument(&seen);
        if list.len() != 6 {
            return Err(Failure::Internal("a look takes six lists".into()));
        }
        let [options, settings, structure, objects, tables, names]: [Sexp; 6] =
            std::array::from_fn(|i| list.item(i));
        let seen = Seen { options, settings, structure, objects, tables, names };
        let changed = LOOKS.with(|looks| {
            let mut looks =
                looks.try_borrow_mut().map_err(|_| Failure::Internal("a look within a look".into()))?;
            looks[usize::from(worker)].again(seen)
        })?;
        r::give(|s| Ok(r::integer(s, changed)))
    })
}

/// Whether `.Options` or environment variables changed since this was asked last.
#[extendr]
fn ms_said_anew(options: Robj) -> Robj {
    edge(|| {
        let changed = SAID.with(|said| {
            let mut said =
                said.try_borrow_mut().map_err(|_| Failure::Internal("a look within a look".into()))?;
            said.again(argument(&options))
        })?;
        r::give(|s| Ok(r::logical(s, changed)))
    })
}

/// The names of an environment's functions, and of promises that nobody has forced, which may be some, with a dot within them. O(variables).
#[extendr]
fn ms_dotted_functions(environment: Robj) -> Robj {
    edge(|| {
        let environment = argument(&environment);
        r::give(|s| {
            let names = s.names_in(environment);
            Ok(names_that(s, names, |name| {
                let text = r::bytes_of(s, name).0;
                let within = text.len() > 2 && text[1..text.len() - 1].contains(&b'.');
                within
                    && s.inner(|s| match environment.peek(s, s.symbol_of(name)) {
                        Bound::Value(value) => value.kind() == Kind::CLOSXP,
                        Bound::Promise(_) => true,
                        Bound::Active(_) | Bound::Nothing => false,
                    })
            }))
        })
    })
}

/// Those of some names that are bound in this very environment. O(names).
#[extendr]
fn ms_bound(names: Robj, environment: Robj) -> Robj {
    edge(|| {
        let (names, environment) = (argument(&names), argument(&environment));
        r::give(|s| Ok(names_that(s, names, |name| environment.has(s.symbol_of(name)))))
    })
}

/// The value of a variable of this very environment, in a list; NULL where nothing is bound, or where a promise or a function stands for the value, which
/// may run code. In R 4.5, which does not tell, always NULL.
#[extendr]
fn ms_plain_value(name: Robj, environment: Robj) -> Robj {
    edge(|| {
        let (name, environment) = (argument(&name), argument(&environment));
        r::give(|s| {
            let value = environment.plain_value(s, s.symbol_of(name.text(0)));
            Ok(value.map_or_else(|| s.null(), |value| r::list(s, &[value])))
        })
    })
}

/// The names for which `is_wanted` holds, kept. It is asked twice, for nothing here may own memory: R may leave by a jump.
fn names_that<'s>(s: &'s Scope, names: Sexp, is_wanted: impl Fn(Sexp) -> bool) -> Sexp<'s> {
    let wanted = || (0..names.len()).map(|i| names.text(i)).filter(|&name| is_wanted(name));
    let found = s.vector(Kind::STRSXP, wanted().count());
    wanted().enumerate().for_each(|(to, name)| found.set_text(to, name.raw()));
    found
}

/// The names of an environment's closures that are no package's, by their own environment. O(variables). Nothing is written to what is looked at: in
/// a process that was just forked each such page of memory would become its own.
#[extendr]
fn ms_own_closures(environment: Robj) -> Robj {
    edge(|| {
        let environment = argument(&environment);
        r::give(|s| {
            let names = s.names_in(environment);
            Ok(names_that(s, names, |name| {
                s.inner(|s| match environment.peek(s, s.symbol_of(name)) {
                    Bound::Value(value) if value.kind() == Kind::CLOSXP => {
                        let frame = value.closure_environment();
                        !frame.is_of_package() || frame == s.empty_environment()
                    }
                    _ => false,
                })
            }))
        })
    })
}

/// A fingerprint of all environment variables: quicker to ask for than they are.
#[extendr]
fn ms_environment() -> Robj {
    edge(|| {
        let print = scheduler::profile::fingerprint(&scheduler::os::environment(0));
        r::give(|s| Ok(r::character(s, &[&print])))
    })
}

/// How many threads this process has.
#[extendr]
fn ms_threads() -> Robj {
    edge(|| r::give(|s| Ok(r::integer(s, scheduler::os::thread_count() as i32))))
}

extendr_module! {
    mod state_api;
    fn ms_state_look;
    fn ms_said_anew;
    fn ms_own_closures;
    fn ms_dotted_functions;
    fn ms_bound;
    fn ms_plain_value;
    fn ms_environment;
    fn ms_threads;
}
