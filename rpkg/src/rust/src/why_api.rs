//! The `.Call` that tells what keeps a variable's memory.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use extendr_api::prelude::*;
use scheduler::error::Error;
use scheduler::store::{why, Registered, User, Why};

use crate::r::{self, edge, give, Kind, Scope, Sexp};
use crate::session;
use crate::store_api::key_of;

/// R's missing integer.
const MISSING: i32 = i32::MIN;

/// What keeps a variable: who registered it, this session's claims on views, runs, processes that have it mapped, its file.
#[extendr]
fn ms_why(namespace_: Robj, name: Robj) -> Robj {
    edge(|| {
        let (namespace, name) = key_of(&namespace_, &name)?;
        let (claims, mine, place) = session::with(|session| {
            let claims = session.views.get(&(namespace.clone(), name.clone())).copied().unwrap_or(0);
            Ok((claims, session.opened().map(|store| store.session()), session.place().clone()))
        })?;
        let found = match why(&namespace, &name, &place) {
            // A claim on views that are gone.
            Err(Error::NotAllocated { .. }) if claims > 0 => Why::default(),
            other => other?,
        };
        give(|s| {
            let registered = found
                .registered
                .as_ref()
                .map_or_else(|| s.null(), |known| registration(s, known, Some(known.session) == mine));
            let file = found.file.as_ref().map_or_else(
                || s.null(),
                |part| {
                    let numbers = [
                        ("offset", r::real(s, part.offset as f64)),
                        ("bytes", r::real(s, part.bytes as f64)),
                    ];
                    r::named_list(s, &[("path", r::path(s, &part.path)), numbers[0], numbers[1]])
                },
            );
            Ok(r::named_list(
                s,
                &[
                    ("registered", registered),
                    ("views", r::real(s, claims as f64)),
                    ("runs", users(s, &found.runs)),
                    ("mapped", users(s, &found.mapped)),
                    ("file", file),
                ],
            ))
        })
    })
}

fn registration<'s>(s: &'s Scope, known: &Registered, mine: bool) -> Sexp<'s> {
    r::named_list(
        s,
        &[
            ("pid", r::integer(s, known.pid as i32)),
            ("mine", r::logical(s, mine)),
            ("alive", r::logical(s, known.alive)),
            ("bytes", r::real(s, known.bytes as f64)),
            ("writable", r::logical(s, known.writable)),
        ],
    )
}

/// A list of columns.
fn users<'s>(s: &'s Scope, users: &[User]) -> Sexp<'s> {
    let commands = s.vector(Kind::STRSXP, users.len());
    for (i, user) in users.iter().enumerate() {
        commands.set_text(i, r::character_bytes(s, user.command.as_bytes(), 1));
    }
    let integers = |value: &dyn Fn(&User) -> i32, kind| {
        let out = s.vector(kind, users.len());
        for (i, user) in users.iter().enumerate() {
            // SAFETY: the vector was just made with a place for each.
            unsafe { out.data_mut().cast::<i32>().add(i).write(value(user)) };
        }
        out
    };
    let numbers = |value: &dyn Fn(&User) -> u64| {
        let out = s.vector(Kind::REALSXP, users.len());
        for (i, user) in users.iter().enumerate() {
            // SAFETY: as above.
            unsafe { out.data_mut().cast::<f64>().add(i).write(value(user) as f64) };
        }
        out
    };
    r::named_list(
        s,
        &[
            ("pid", integers(&|user| user.pid.map_or(MISSING, |pid| pid as i32), Kind::INTSXP)),
            ("command", commands),
            ("current", integers(&|user| user.current.into(), Kind::LGLSXP)),
            ("mappings", numbers(&|user| user.mappings)),
            ("bytes", numbers(&|user| user.bytes)),
        ],
    )
}

extendr_module! {
    mod why_api;
    fn ms_why;
}
