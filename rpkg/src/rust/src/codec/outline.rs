//! Values that R has to serialize in one piece, without their big data: that is taken out, and put back as views.
//!
//! In a shallow copy each big part without references is replaced by a *placeholder*, an environment that `serialize()`
//! gives the part's number by its `refhook`; `unserialize()` gets the part by that number. Environments on the way are
//! copied too, with their locks, active bindings and attributes. Where nothing is big, nothing is copied.
use std::collections::HashMap;

use super::levels::levels;
use super::survey::{any_attribute, data_bytes, holds_references, is_unfinished, Found, Reach};
use crate::r::{self, logical, Bound, Kind, Preserved, Result, Scope, Sexp};

/// Cells of a pairlist or call from which on it travels as a list.
const LONG: usize = 1000;

/// What was taken out, and what stands for what. The caller owns it: R may jump out of the copying.
#[derive(Default)]
pub struct Outline {
    parts: Vec<Preserved>,
    /// Environments' copies and parts' placeholders, by the address of what they stand for.
    instead: HashMap<usize, Preserved>,
    /// Items that their list made when it was asked: no other may have their address.
    made: Vec<Preserved>,
    found: Found,
}

impl Outline {
    /// The big parts, in the order of their numbers.
    pub fn parts(&self) -> &[Preserved] {
        &self.parts
    }

    /// R's serialization of `x`, a raw vector, kept; data of `share` bytes and more becomes a part.
    pub fn serialize<'s>(&mut self, s: &'s Scope, x: Sexp, share: usize) -> Result<Sexp<'s>> {
        let (bytes, unfinished) = Reach::walk(s, x, &mut self.found);
        if bytes < share && !unfinished {
            return Ok(serialized(s, x));
        }
        let copy = Copier { out: self, share }.value(s, x);
        Ok(serialized_with_parts(s, copy))
    }
}

/// R's serialization of a value in the machine's byte order, kept; R's error where it could not be read.
pub fn serialized<'s>(s: &'s Scope, x: Sexp) -> Sexp<'s> {
    let no = logical(s, false);
    let bytes = s.call_base("serialize", &[x, s.null(), no, no]);
    check_levels(s, bytes);
    bytes
}

/// The same of a value in which placeholders stand for parts.
fn serialized_with_parts<'s>(s: &'s Scope, x: Sexp) -> Sexp<'s> {
    let (no, hook) = (logical(s, false), s.our_function("part_number"));
    let bytes = s.call_base("serialize", &[x, s.null(), no, no, s.null(), hook]);
    check_levels(s, bytes);
    bytes
}

/// Streams of at most so many levels can always be read.
const SHALLOW: u64 = 1000;

/// R's error when this process has no stack to read a stream.
fn check_levels(s: &Scope, bytes: Sexp) {
    let Some(data) = bytes.data().filter(|_| bytes.kind() == Kind::RAWSXP) else { return };
    // SAFETY: a live raw vector's own bytes.
    let levels = levels(unsafe { std::slice::from_raw_parts(data, bytes.len()) });
    if let Some(levels) = levels.filter(|&levels| levels > SHALLOW) {
        let check = s.our_function("check_levels");
        s.call(check, &[r::real(s, levels as f64)]);
    }
}

/// From how many bytes on data is worth a page, or a part of one, of its own.
pub fn share_bytes(s: &Scope) -> Result<usize> {
    let option = s.option("memshare.share");
    let bytes = match option.kind() {
        Kind::REALSXP | Kind::INTSXP if option.len() == 1 => r::number_at(option, 0)?,
        _ => 1e6,
    };
    Ok(if bytes >= 0.0 { bytes.max(1.0) as usize } else { 1_000_000 })
}

/// The value of a serialization, kept; `parts` is the list of what was taken out.
pub fn unserialize<'s>(s: &'s Scope, bytes: Sexp, parts: Sexp) -> Sexp<'s> {
    check_levels(s, bytes);
    if parts.is_empty() {
        return s.call_base("unserialize", &[bytes]);
    }
    let reader = s.our_function("part_reader");
    let hook = s.call(reader, &[parts]);
    s.call_base("unserialize", &[bytes, hook])
}

/// Whether it is a pairlist or call of so many cells that R, which reads them one inside the other, has no stack for it.
pub fn is_long(x: Sexp) -> bool {
    matches!(x.kind(), Kind::LISTSXP | Kind::LANGSXP) && x.len() > LONG
}

/// The cells of a long pairlist or call as a list with its names and attributes, and the serialization of what stands for it, both
/// kept.
pub fn long_cells<'s>(s: &'s Scope, x: Sexp) -> (Sexp<'s>, Sexp<'s>) {
    let list = s.vector(Kind::VECSXP, x.len());
    let names = s.vector(Kind::STRSXP, x.len());
    let (mut cell, mut named) = (x, false);
    for i in 0..x.len() {
        list.set_item(i, cell.car());
        if let Some(tag) = cell.tag() {
            names.set_text(i, tag.print_name());
            named = true;
        }
        cell = cell.cdr();
    }
    if named {
        list.set_attribute(s, "names", names);
    }
    x.each_attribute(&mut |name, value| list.set_attribute_of(s, name, value));
    let kind = if x.kind() == Kind::LANGSXP { "call" } else { "pairlist" };
    (list, serialized_with_parts(s, placeholder(s, r::character(s, &[kind]))))
}

/// An environment that `part_number()` knows by its number, kept.
fn placeholder<'s>(s: &'s Scope, number: Sexp) -> Sexp<'s> {
    let environment = s.environment(s.empty_environment());
    environment.set_attribute(s, "memshare_part", number);
    environment
}

/// Owns nothing: R may jump out of every method.
struct Copier<'a> {
    out: &'a mut Outline,
    share: usize,
}

impl Copier<'_> {
    /// `x`, or its copy without what is big.
    fn value<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        s.check_stack();
        match x.kind() {
            Kind::VECSXP | Kind::ENVSXP if is_unfinished(s, x) => return self.stub(s, x),
            Kind::ENVSXP => return self.environment(s, x),
            Kind::CLOSXP => return self.function(s, x),
            Kind::NILSXP
            | Kind::SYMSXP
            | Kind::CHARSXP
            | Kind::BUILTINSXP
            | Kind::SPECIALSXP
            | Kind::PROMSXP
            | Kind::DOTSXP
            | Kind::EXTPTRSXP
            | Kind::WEAKREFSXP
            | Kind::BCODESXP => return x,
            _ => {}
        }
        if !holds_references(s, x) {
            return if data_bytes(s, x) >= self.share { self.part(s, x) } else { x };
        }
        let copy = match x.kind() {
            Kind::VECSXP | Kind::EXPRSXP => self.items(s, x),
            Kind::LISTSXP | Kind::LANGSXP => self.cells(s, x),
            _ => x,
        };
        self.attributes(s, x, copy)
    }

    /// The placeholder of a big part.
    fn part<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        let key = x.raw() as usize;
        if let Some(placeholder) = self.out.instead.get(&key) {
            return s.kept(placeholder.get());
        }
        let number = self.out.parts.len() as i32 + 1;
        let placeholder = s.carry(|s| {
            let number = r::integer(s, number);
            placeholder(s, s.call_base("as.character", &[number]))
        });
        self.out.parts.push(Preserved::new(x));
        self.out.instead.insert(key, Preserved::new(placeholder));
        placeholder
    }

    /// What stands for a pass, plan or handle: there it says so when it is used.
    fn stub<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        s.carry(|s| {
            let stub = s.vector(Kind::VECSXP, 1);
            stub.set_attribute(s, "class", x.attribute(s, "class"));
            stub
        })
    }

    fn items<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        let copy = s.shallow_copy(x);
        for i in 0..x.len() {
            s.inner(|s| {
                let item = s.item(x, i);
                if x.makes_items() {
                    self.out.made.push(Preserved::new(item));
                }
                copy.set_item(i, self.value(s, item));
            });
        }
        copy
    }

    fn cells<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        let copy = s.shallow_copy(x);
        let mut cell = copy;
        while matches!(cell.kind(), Kind::LISTSXP | Kind::LANGSXP) {
            s.inner(|s| cell.set_car(self.value(s, cell.car())));
            cell = cell.cdr();
        }
        copy
    }

    fn attributes<'s>(&mut self, s: &'s Scope, x: Sexp<'s>, copy: Sexp<'s>) -> Sexp<'s> {
        if !any_attribute(x, &mut |value| holds_references(s, value) || data_bytes(s, value) >= self.share) {
            return copy;
        }
        let copy = if copy == x { s.shallow_copy(x) } else { copy };
        x.each_attribute(&mut |name, value| {
            s.inner(|s| copy.set_attribute_of(s, name, self.value(s, value)));
        });
        copy
    }

    fn function<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        let environment = x.closure_environment();
        let other = self.environment(s, environment);
        if other == environment {
            return x;
        }
        s.call_base("environment<-", &[x, other])
    }

    fn environment<'s>(&mut self, s: &'s Scope, x: Sexp<'s>) -> Sexp<'s> {
        if x.is_everywhere() {
            return x;
        }
        if let Some(copy) = self.out.instead.get(&(x.raw() as usize)) {
            return s.kept(copy.get());
        }
        let parent = self.environment(s, x.parent());
        // A parent that led back here, through what is bound in it, has made the copy meanwhile.
        if let Some(copy) = self.out.instead.get(&(x.raw() as usize)) {
            return s.kept(copy.get());
        }
        let copy = s.environment(parent);
        self.out.instead.insert(x.raw() as usize, Preserved::new(copy));
        s.inner(|s| {
            let names = s.names_in(x);
            for i in 0..names.len() {
                s.inner(|s| self.variable(s, x, copy, s.symbol_of(names.text(i))));
            }
        });
        x.each_attribute(&mut |name, value| {
            s.inner(|s| copy.set_attribute_of(s, name, self.value(s, value)));
        });
        if x.is_locked() {
            s.lock(copy);
        }
        if x.is_s4() {
            copy.as_s4(s)
        } else {
            copy
        }
    }

    fn variable(&mut self, s: &Scope, from: Sexp, to: Sexp, name: Sexp) {
        // First: where looking at a promise forces it, that may remove the variable.
        let locked = from.binding_is_locked(name);
        match from.peek(s, name) {
            Bound::Value(value) => s.define(name, self.value(s, value), to),
            Bound::Active(function) => s.define_active(name, self.value(s, function), to),
            Bound::Promise(promise) => s.define_promise(name, promise, from, to),
            Bound::Nothing => return,
        }
        if locked {
            s.lock_binding(name, to);
        }
    }
}
