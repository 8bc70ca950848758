//! A document as R sees it: objects are named lists, arrays of numbers or of strings are vectors (what is missing is NaN), other
//! arrays lists. The long columns go straight into vectors.
use inspect::{Chunks, Document, Memory, Steps};
use scheduler::run::Detail;
use serde_json::Value;

use crate::r::{self, Given, Kind, Result, Scope, Sexp};

/// The document as a list; of [`Detail::Totals`] without the columns of chunks, steps and memory, which are what is long.
pub(super) fn document(mut document: Document, detail: Detail) -> Result<Given> {
    let (columns, steps, memory) = document.run.as_mut().map_or_else(Default::default, |run| {
        let chunks = std::mem::take(&mut run.chunks);
        (chunks, std::mem::take(&mut run.steps), std::mem::take(&mut run.memory))
    });
    let is_run = document.run.is_some();
    let all = serde_json::to_value(document)
        .map_err(|e| r::Failure::Internal(format!("a document that is no JSON: {e}")))?;
    let (columns, steps, memory) =
        (Columns::of(&columns), Columns::of_steps(&steps), Columns::of_memory(&memory));
    let states = columns.states.as_slice();
    r::give(|s| {
        let list = value(s, &all);
        if is_run && detail == Detail::Chunks {
            let run = r::field(s, list, "run").unwrap_or(s.null());
            put(s, run, "chunks", &columns.numbers, states);
            put(s, run, "steps", &steps.numbers, &[]);
            put(s, run, "memory", &memory.numbers, &[]);
        }
        Ok(list)
    })
}

/// Columns of numbers, and one of words.
struct Columns {
    numbers: Vec<(&'static str, Vec<f64>)>,
    states: Vec<&'static str>,
}

fn reals<T: Copy>(column: &[T], of: impl Fn(T) -> f64) -> Vec<f64> {
    column.iter().map(|&x| of(x)).collect()
}

impl Columns {
    fn of(chunks: &Chunks) -> Columns {
        let numbers = vec![
            ("stage", reals(&chunks.stage, f64::from)),
            ("number", reals(&chunks.number, |x| x as f64)),
            ("first", reals(&chunks.first, |x| x as f64)),
            ("last", reals(&chunks.last, |x| x as f64)),
            ("worker", reals(&chunks.worker, f64::from)),
            ("attempt", reals(&chunks.attempt, f64::from)),
            ("started", chunks.started.clone()),
            ("ended", chunks.ended.clone()),
            ("fun", chunks.fun.clone()),
            ("bytes", reals(&chunks.bytes, |x| x as f64)),
        ];
        Columns { numbers, states: chunks.state.clone() }
    }

    fn of_steps(steps: &Steps) -> Columns {
        let numbers = vec![
            ("chunk", reals(&steps.chunk, f64::from)),
            ("pass", reals(&steps.pass, f64::from)),
            ("started", steps.started.clone()),
            ("ended", steps.ended.clone()),
            ("fun", steps.fun.clone()),
        ];
        Columns { numbers, states: Vec::new() }
    }

    fn of_memory(memory: &Memory) -> Columns {
        let numbers = vec![("at", memory.at.clone()), ("bytes", reals(&memory.bytes, |x| x as f64))];
        Columns { numbers, states: Vec::new() }
    }
}

/// Puts columns in the place of an item of a list; the words, where there are any of them, as `state`.
fn put(s: &Scope, list: Sexp, name: &str, numbers: &[(&'static str, Vec<f64>)], states: &[&'static str]) {
    let Some(at) = place(s, list, name) else { return };
    let with_states = name == "chunks";
    let count = numbers.len() + usize::from(with_states);
    let (out, names) = (s.vector(Kind::VECSXP, count), s.vector(Kind::STRSXP, count));
    for (nth, (name, column)) in numbers.iter().enumerate() {
        s.inner(|s| {
            out.set_item(nth, r::reals(s, column));
            names.set_text(nth, r::character_bytes(s, name.as_bytes(), 1));
        });
    }
    if with_states {
        s.inner(|s| {
            out.set_item(count - 1, r::character(s, states));
            names.set_text(count - 1, r::character_bytes(s, b"state", 1));
        });
    }
    out.set_attribute(s, "names", names);
    list.set_item(at, out);
}

fn place(s: &Scope, list: Sexp, name: &str) -> Option<usize> {
    let names = list.attribute(s, "names");
    (0..names.len()).find(|&nth| r::bytes_of(s, names.text(nth)).0 == name.as_bytes())
}

/// Any JSON value, kept.
fn value<'s>(s: &'s Scope, value_: &Value) -> Sexp<'s> {
    match value_ {
        Value::Null => s.null(),
        Value::Bool(truth) => r::logical(s, *truth),
        Value::Number(number) => r::real(s, number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => r::character(s, &[text.as_str()]),
        Value::Array(items) => array(s, items),
        Value::Object(fields) => {
            let (out, names) = (s.vector(Kind::VECSXP, fields.len()), s.vector(Kind::STRSXP, fields.len()));
            for (nth, (name, field)) in fields.iter().enumerate() {
                s.inner(|s| {
                    out.set_item(nth, value(s, field));
                    names.set_text(nth, r::character_bytes(s, name.as_bytes(), 1));
                });
            }
            out.set_attribute(s, "names", names);
            out
        }
    }
}

fn array<'s>(s: &'s Scope, items: &[Value]) -> Sexp<'s> {
    if !items.is_empty() && items.iter().all(Value::is_string) {
        let out = s.vector(Kind::STRSXP, items.len());
        for (nth, item) in items.iter().enumerate() {
            out.set_text(nth, r::character_bytes(s, item.as_str().unwrap_or_default().as_bytes(), 1));
        }
        return out;
    }
    if items.iter().all(|item| item.is_number() || item.is_null()) {
        let out = s.vector(Kind::REALSXP, items.len());
        for (nth, item) in items.iter().enumerate() {
            // SAFETY: the vector was just made with a number for each item.
            unsafe { out.data_mut().cast::<f64>().add(nth).write(item.as_f64().unwrap_or(f64::NAN)) };
        }
        return out;
    }
    let out = s.vector(Kind::VECSXP, items.len());
    for (nth, item) in items.iter().enumerate() {
        s.inner(|s| out.set_item(nth, value(s, item)));
    }
    out
}
