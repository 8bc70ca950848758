//! What a value is made of, told from its bare structure: no method of its class runs, and no promise is forced.
use std::collections::HashSet;

use scheduler::page::Tag;

use super::tags::tag_of;
use crate::r::{bytes_of, plain_items, Bound, Kind, Preserved, Scope, Sexp};

/// Visits the values of a value's attributes until one answers TRUE.
pub(super) fn any_attribute(x: Sexp, answer: &mut dyn FnMut(Sexp) -> bool) -> bool {
    let mut found = false;
    x.each_attribute(&mut |_, value| found = found || answer(value));
    found
}

/// Whether a value holds what has an identity of its own (environments, closures, pointers), so that R has to serialize it in
/// one piece, or a pass, plan or handle.
pub fn holds_references(s: &Scope, x: Sexp) -> bool {
    s.check_stack();
    match x.kind() {
        Kind::CLOSXP | Kind::PROMSXP | Kind::DOTSXP | Kind::EXTPTRSXP | Kind::WEAKREFSXP | Kind::BCODESXP => {
            return true
        }
        Kind::ENVSXP => return !x.is_everywhere(),
        Kind::SYMSXP | Kind::NILSXP | Kind::BUILTINSXP | Kind::SPECIALSXP | Kind::CHARSXP => return false,
        Kind::LISTSXP | Kind::LANGSXP => return cells_hold_references(s, x),
        _ => {}
    }
    let list = matches!(x.kind(), Kind::VECSXP | Kind::EXPRSXP);
    if list && (is_unfinished(s, x) || (0..x.len()).any(|i| s.inner(|s| holds_references(s, s.item(x, i))))) {
        return true;
    }
    any_attribute(x, &mut |value| holds_references(s, value))
}

fn cells_hold_references(s: &Scope, x: Sexp) -> bool {
    let mut cell = x;
    while matches!(cell.kind(), Kind::LISTSXP | Kind::LANGSXP) {
        if holds_references(s, cell.car()) || any_attribute(cell, &mut |value| holds_references(s, value)) {
            return true;
        }
        cell = cell.cdr();
    }
    !cell.is_null() && holds_references(s, cell)
}

/// Whether it is a pass, plan or handle: no data, and full of the session's own state.
pub fn is_unfinished(s: &Scope, x: Sexp) -> bool {
    if !matches!(x.kind(), Kind::VECSXP | Kind::ENVSXP) || !x.is_object() {
        return false;
    }
    s.inner(|s| {
        let class = x.attribute(s, "class");
        let ours: [&[u8]; 3] = [b"memshare_pass", b"memshare_plan", b"memshare_handle"];
        class.kind() == Kind::STRSXP && (0..class.len()).any(|i| ours.contains(&bytes_of(s, class.text(i)).0))
    })
}

/// Bytes of a vector itself, without what it points to.
fn own_bytes(x: Sexp) -> usize {
    let each = match tag_of(x) {
        Some(Tag::Strings | Tag::List) => 8,
        Some(tag) => tag.item_size() as usize,
        None => 0,
    };
    each * if each > 0 { x.len() } else { 0 }
}

/// Bytes of all data of a value that holds no references.
pub fn data_bytes(s: &Scope, x: Sexp) -> usize {
    s.check_stack();
    let mut bytes = own_bytes(x);
    if x.kind() == Kind::VECSXP {
        bytes += (0..x.len()).map(|i| s.inner(|s| data_bytes(s, s.item(x, i)))).sum::<usize>();
    }
    if x.kind() != Kind::CHARSXP {
        x.each_attribute(&mut |_, value| bytes += data_bytes(s, value));
    }
    bytes
}

/// All that a value reaches, environments and what is in them included; not what every process has of its own.
pub struct Reach<'a> {
    /// Environments that were visited.
    seen: &'a mut HashSet<usize>,
    /// Functions that were met.
    functions: &'a mut Vec<Preserved>,
    /// Items of lists that make them when asked: what was seen in them must not go, nor its address be another's.
    made: &'a mut Vec<Preserved>,
    /// Symbols in code that is data.
    symbols: &'a mut HashSet<usize>,
    /// Symbols in functions.
    inside: &'a mut HashSet<usize>,
    /// Whether the walk is in a function's code.
    within: bool,
    bytes: usize,
    unfinished: bool,
}

/// What is found on the way. The caller owns it: R may jump out of the walk.
#[derive(Default)]
pub struct Found {
    seen: HashSet<usize>,
    functions: Vec<Preserved>,
    made: Vec<Preserved>,
    symbols: HashSet<usize>,
    inside: HashSet<usize>,
}

impl Found {
    /// Functions that were met.
    pub fn functions(&self) -> &[Preserved] {
        &self.functions
    }

    /// Symbols that were met: in calls and formulas, and in functions.
    pub fn symbols(&self) -> [Vec<Sexp<'static>>; 2] {
        // SAFETY: symbols are never collected.
        let all = |set: &HashSet<usize>| set.iter().map(|&raw| unsafe { Sexp::new(raw as *mut _) }).collect();
        [all(&self.symbols), all(&self.inside)]
    }
}

impl<'a> Reach<'a> {
    /// Walks a value. Gives the bytes of data that it reaches, and whether a pass, plan or handle is there.
    pub fn walk(s: &Scope, x: Sexp, found: &'a mut Found) -> (usize, bool) {
        let Found { seen, functions, made, symbols, inside } = found;
        let (bytes, unfinished, within) = (0, false, false);
        let mut reach = Reach { seen, functions, made, symbols, inside, within, bytes, unfinished };
        reach.value(s, x);
        (reach.bytes, reach.unfinished)
    }

    fn value(&mut self, s: &Scope, x: Sexp) {
        s.check_stack();
        self.bytes += own_bytes(x);
        match x.kind() {
            Kind::SYMSXP => {
                if self.within { &mut *self.inside } else { &mut *self.symbols }.insert(x.raw() as usize);
                return;
            }
            Kind::NILSXP | Kind::CHARSXP | Kind::BUILTINSXP | Kind::SPECIALSXP => return,
            Kind::VECSXP | Kind::ENVSXP if is_unfinished(s, x) => {
                self.unfinished = true;
                return;
            }
            Kind::ENVSXP => return self.environment(s, x),
            Kind::CLOSXP => return self.function(s, x),
            Kind::LISTSXP | Kind::LANGSXP => return self.cells(s, x),
            Kind::VECSXP | Kind::EXPRSXP => {
                if let Some(items) = x.items() {
                    self.items(s, items);
                } else {
                    for i in 0..x.len() {
                        s.inner(|s| {
                            let item = s.item(x, i);
                            self.made.push(Preserved::new(item));
                            self.value(s, item);
                        });
                    }
                }
            }
            _ => {}
        }
        x.each_attribute(&mut |_, value| self.value(s, value));
    }

    /// Of what most items of long lists are, there is nothing more to see.
    fn items(&mut self, s: &Scope, mut items: &[Sexp]) {
        loop {
            let (plain, bytes) = plain_items(items);
            self.bytes += bytes;
            let Some((&item, rest)) = items[plain..].split_first() else { return };
            self.value(s, item);
            items = rest;
        }
    }

    fn cells(&mut self, s: &Scope, x: Sexp) {
        let mut cell = x;
        while matches!(cell.kind(), Kind::LISTSXP | Kind::LANGSXP) {
            self.value(s, cell.car());
            cell.each_attribute(&mut |_, value| self.value(s, value));
            cell = cell.cdr();
        }
        self.value(s, cell);
    }

    fn function(&mut self, s: &Scope, x: Sexp) {
        let environment = x.closure_environment();
        let of_package = environment.is_of_package();
        if of_package || !self.seen.insert(x.raw() as usize) {
            return;
        }
        self.functions.push(Preserved::new(x));
        let outside = std::mem::replace(&mut self.within, true);
        self.value(s, x.formals());
        self.value(s, x.body());
        self.within = false;
        self.value(s, environment);
        self.within = outside;
    }

    fn environment(&mut self, s: &Scope, x: Sexp) {
        if x.is_everywhere() || !self.seen.insert(x.raw() as usize) {
            return;
        }
        s.inner(|s| {
            let names = s.names_in(x);
            for i in 0..names.len() {
                s.inner(|s| match x.peek(s, s.symbol_of(names.text(i))) {
                    Bound::Value(value) | Bound::Active(value) => self.value(s, value),
                    Bound::Promise(_) | Bound::Nothing => {}
                });
            }
        });
        x.each_attribute(&mut |_, value| self.value(s, value));
        self.value(s, x.parent());
    }
}
