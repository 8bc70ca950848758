//! The `.Call`s of mutual information: numbers and codes in, prepared variables and estimates out. The estimators are the crate
//! `mutualinfo`; R has checked what a user can get wrong.
//!
//! A *prepared* variable is a list: `codes`, integers from 0 on, and either `count`, how many classes there may be, or `distinct` and `step`,
//! which make the codes cells of a density.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]
use std::borrow::Cow;

use extendr_api::prelude::*;
use mutualinfo::{Coded, Grid};

use crate::r::{self, argument, edge, give, nothing, protect, Failure, Kind, Sexp};
use crate::runs::Reader;

/// The cells of a variable of numbers, prepared; NULL where all numbers are the same. `what` is its name, for an error.
#[extendr]
fn ms_cells(values: Robj, what: Robj) -> Robj {
    edge(|| {
        let cells = mutualinfo::cells(&numbers(&values)?);
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => {
                return Err(Failure::input(format!("{}: {error}", r::string(argument(&what), "what")?)))
            }
        };
        let Some(cells) = &cells else { return nothing() };
        give(|s| {
            let codes = r::integers(s, &cells.codes);
            let fields = [
                ("codes", codes),
                ("distinct", r::real(s, cells.distinct as f64)),
                ("step", r::real(s, cells.step)),
            ];
            Ok(r::named_list(s, &fields))
        })
    })
}

/// The class of each number among `bins` of equal frequency, from 0 on.
#[extendr]
fn ms_equal_frequencies(values: Robj, bins: Robj) -> Robj {
    edge(|| {
        let bins = r::number_at(argument(&bins), 0)? as usize;
        let codes = mutualinfo::equal_frequencies(&numbers(&values)?, bins);
        give(|s| Ok(r::integers(s, &codes)))
    })
}

/// The information between two prepared variables.
#[extendr]
fn ms_information(x: Robj, y: Robj, eps: Robj) -> Robj {
    edge(|| {
        let (x, y) = (Prepared::of(&x)?, Prepared::of(&y)?);
        if x.codes.len() != y.codes.len() {
            return Err(Failure::Internal("prepared variables of unequal lengths".into()));
        }
        let eps = r::number_at(argument(&eps), 0)?;
        let found = match (x.meaning()?, y.meaning()?) {
            (Meaning::Classes(x), Meaning::Classes(y)) => mutualinfo::of_classes(x, y),
            (Meaning::Cells(x), Meaning::Cells(y)) => mutualinfo::of_grids(x, y, eps),
            (Meaning::Cells(x), Meaning::Classes(y)) | (Meaning::Classes(y), Meaning::Cells(x)) => {
                mutualinfo::of_grid_and_classes(x, y, eps)
            }
        };
        give(|s| Ok(r::real(s, found)))
    })
}

/// The information between two variables of numbers, by their `k` nearest neighbours. Left by R's jump on Ctrl-C.
#[extendr]
fn ms_information_of_neighbours(x: Robj, y: Robj, k: Robj) -> Robj {
    edge(|| {
        let (x, y) = (numbers(&x)?, numbers(&y)?);
        if x.len() != y.len() {
            return Err(Failure::Internal("variables of unequal lengths".into()));
        }
        let k = r::number_at(argument(&k), 0)? as usize;
        let pause = || -> r::Result<()> {
            protect(|s| {
                s.check_interrupt();
                Ok(())
            })
        };
        let found = mutualinfo::of_neighbours(&x, &y, k, pause)?;
        give(|s| Ok(r::real(s, found)))
    })
}

/// Finite numbers, where they lie, or copied where R has none in one place.
fn numbers(x: &Robj) -> r::Result<Cow<'_, [f64]>> {
    let x = argument(x);
    let data = if x.kind() == Kind::REALSXP && !x.is_empty() { protect(|_| Ok(x.data()))? } else { None };
    let numbers = match data {
        // SAFETY: the numbers of a live double vector, an argument of the running call; nothing writes to it meanwhile.
        Some(data) => Cow::Borrowed(unsafe { std::slice::from_raw_parts(data.cast::<f64>(), x.len()) }),
        None => Cow::Owned(r::numbers(x)?),
    };
    if numbers.iter().any(|number| !number.is_finite()) {
        return Err(Failure::Internal("a number that is missing or infinite".into()));
    }
    Ok(numbers)
}

/// A prepared variable, read from its list.
struct Prepared<'a> {
    codes: Cow<'a, [i32]>,
    count: Option<usize>,
    distinct: usize,
    step: f64,
}

enum Meaning<'a> {
    Classes(Coded<'a>),
    Cells(Grid<'a>),
}

impl<'a> Prepared<'a> {
    fn of(list: &'a Robj) -> r::Result<Self> {
        let fields = Reader { list: argument(list) };
        let first = |name| -> r::Result<Option<f64>> { Ok(fields.numbers(name)?.first().copied()) };
        Ok(Prepared {
            codes: codes(fields.item("codes")?)?,
            count: first("count")?.map(|count| count as usize),
            distinct: first("distinct")?.unwrap_or(0.0) as usize,
            step: first("step")?.unwrap_or(0.0),
        })
    }

    fn meaning(&self) -> r::Result<Meaning<'_>> {
        let meaning = match self.count {
            Some(count) => Coded::new(&self.codes, count).map(Meaning::Classes),
            None => Grid::new(&self.codes, self.distinct, self.step).map(Meaning::Cells),
        };
        meaning.ok_or_else(|| Failure::Internal("a variable that was not prepared".into()))
    }
}

/// The integers of a vector, which its list keeps, where they lie, or copied.
fn codes(x: Sexp<'_>) -> r::Result<Cow<'_, [i32]>> {
    let data = if x.kind() == Kind::INTSXP && !x.is_empty() { protect(|_| Ok(x.data()))? } else { None };
    Ok(match data {
        // SAFETY: the integers of a live vector, reachable from an argument of the running call; nothing writes to it meanwhile.
        Some(data) => Cow::Borrowed(unsafe { std::slice::from_raw_parts(data.cast::<i32>(), x.len()) }),
        None if x.is_empty() => Cow::Owned(Vec::new()),
        None => Cow::Owned(r::numbers(x)?.into_iter().map(|code| code as i32).collect()),
    })
}

extendr_module! {
    mod mutual_api;
    fn ms_cells;
    fn ms_equal_frequencies;
    fn ms_information;
    fn ms_information_of_neighbours;
}
