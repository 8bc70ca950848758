//! What came of a run, made R values.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use scheduler::board::{ChunkRecord, ChunkState};
use scheduler::engine::Outcome;
use scheduler::error::Error;
use scheduler::id::{ChunkId, PassId, ResourceId, StageId};
use scheduler::plan::Plan;
use scheduler::run::{Detail, Finished};

use super::checkpoints;
use super::early::EarlyValue;
use super::log_api;
use super::opened::{Opened, Views};
use super::profiles;
use super::registry::Begun;
use super::spec::Form;
use crate::codec::{self, Pieces};
use crate::r::{self, Failure, Given, Kind, Preserved, Result, Scope, Sexp};
use crate::records::last_run;

/// The results pages of an ended run, mapped when they are read.
pub(super) struct Ended<'a> {
    pub(super) plan: &'a Plan,
    pub(super) finished: &'a Finished,
    /// The chunks of each stage, in the order of elements.
    pub(super) chunks: Vec<Vec<ChunkRecord>>,
    /// Where warnings, messages and errors were written, once somebody asks.
    notes: OnceCell<Opened>,
}

/// A wanted result.
struct Value {
    values: Preserved,
    /// The length of each result, where all are in one vector.
    each: Option<usize>,
    /// Which results these are, where the others are the caller's already.
    places: Option<Vec<(u64, u64)>>,
}

/// The results of a pass as they lie in its page.
#[derive(Default)]
struct Parts<'o> {
    pieces: Pieces<'o>,
    /// Which results these are.
    places: Vec<(u64, u64)>,
    /// How many others the caller has already.
    left_out: u64,
}

impl Value {
    /// The numbers of the results, as R counts.
    fn numbers(&self) -> Option<Vec<f64>> {
        let each = |&(start, end): &(u64, u64)| (start..end).map(|result| result as f64 + 1.0);
        self.places.as_ref().map(|places| places.iter().flat_map(each).collect())
    }
}

/// Everything R asks of an ended run, as one list.
pub(super) fn collect((run, begun): (i32, &Begun), finished: &Finished, detail: Detail) -> Result<Given> {
    let plan = &*begun.of.plan;
    let board = finished.board.board();
    let chunks = (0..plan.stages().len() as u32).map(|stage| {
        let mut chunks = board.chunks(StageId(stage));
        chunks.retain(|chunk| matches!(chunk.state, ChunkState::Done | ChunkState::Failed));
        chunks.sort_by_key(|chunk| chunk.start);
        chunks
    });
    let ended = Ended { plan, finished, chunks: chunks.collect(), notes: OnceCell::new() };
    let conditions = ended.conditions()?;
    let values = match finished.outcome {
        Outcome::Done => Some(ended.values(begun)?),
        _ => None,
    };
    let error = ended.error()?;
    let written = ended.written();
    let died = log_api::died(&finished.stats.died)?;
    let log = finished.log(plan, begun.of.copied, detail);
    last_run::keep(last_run::LastRun { run, plan: Arc::clone(&begun.of.plan), log });
    // Of what was done before nothing was measured.
    if finished.outcome == Outcome::Done && !plan.has_given() {
        profiles::take(run, plan, finished, &begun.of.keys, &ended.chunks);
    }
    r::give(|s| {
        let bytes = r::reals(s, &written);
        let stats = stats(s, run, finished, &died);
        let parts = [
            ("values", values.as_ref().map_or(s.null(), Preserved::get)),
            ("conditions", conditions.get()),
            ("error", error.as_ref().map_or(s.null(), Preserved::get)),
            ("stats", stats),
            ("bytes", bytes),
        ];
        Ok(r::named_list(s, &parts))
    })
}

/// What a run took, and who died in it.
fn stats<'s>(s: &'s Scope, run: i32, finished: &Finished, died: &Preserved) -> Sexp<'s> {
    let peak = r::real(s, finished.stats.peak_bytes as f64);
    let seconds = r::real(s, finished.stats.seconds);
    let notes = r::character(s, &finished.stats.notes);
    let died = s.kept(died.get());
    let parts = [
        ("run", r::integer(s, run)),
        ("seconds", seconds),
        ("peak", peak),
        ("died", died),
        ("notes", notes),
        ("unlogged", checkpoints::unlogged(s, finished.stats.unlogged.as_ref())),
    ];
    r::named_list(s, &parts)
}

impl Ended<'_> {
    /// A page of results. Of `Views::Lasting` the views can travel as references, as long as R has them.
    fn open(&self, resource: ResourceId, views: Views) -> Result<Opened> {
        let page = self.finished.results.iter().find(|(id, _)| *id == resource).map(|(_, page)| page);
        let missing = || Failure::Internal("a run ended without the page of its results".into());
        Opened::map(page.ok_or_else(missing)?, views)
    }

    /// Where warnings, messages and errors were written: the page of the first wanted result. Most runs have none.
    pub(super) fn notes(&self) -> Result<&Opened> {
        if let Some(opened) = self.notes.get() {
            return Ok(opened);
        }
        let wanted = self.plan.spec().gather.first().and_then(|&pass| self.plan.result_of(pass));
        let none = || Failure::Internal("a run of which nothing is wanted".into());
        let opened = self.open(wanted.ok_or_else(none)?, Views::Passing)?;
        Ok(self.notes.get_or_init(|| opened))
    }

    /// Bytes that were written of each pass's results.
    fn written(&self) -> Vec<f64> {
        let board = self.finished.board.board();
        let passes = (0..self.plan.spec().passes.len() as u32).map(PassId);
        let maker =
            |pass: PassId| self.plan.result_of(pass).and_then(|resource| self.plan.maker_of(resource));
        passes
            .map(|pass| maker(pass).map_or(0.0, |(stage, nth)| board.written(stage, nth).0 as f64))
            .collect()
    }

    /// The wanted results: a list of lists, each `values` and, of one vector, `k`, the length of a result; of a part of the results,
    /// `places` among all of them.
    fn values(&self, begun: &Begun) -> Result<Preserved> {
        let early = begun.early.take();
        let wanted = self.plan.spec().gather.iter().zip(&*begun.of.forms);
        let values = wanted
            .map(|(&pass, &form)| self.value(pass, form, early.as_ref().and_then(|early| early.value(pass))));
        let all = values.collect::<Result<Vec<_>>>()?;
        let places: Vec<Option<Vec<f64>>> = all.iter().map(Value::numbers).collect();
        r::protect(|s| {
            let list = s.vector(Kind::VECSXP, all.len());
            for (place, (Value { values, each, .. }, places)) in all.iter().zip(&places).enumerate() {
                s.inner(|s| {
                    let each = each.map_or(s.null(), |each| r::real(s, each as f64));
                    let places = places.as_deref().map_or(s.null(), |places| r::reals(s, places));
                    let parts = [("values", values.get()), ("k", each), ("places", places)];
                    list.set_item(place, r::named_list(s, &parts));
                });
            }
            Ok(Preserved::new(list))
        })
    }

    /// One vector where it is asked for as such and the results are alike, else a list, of which some may be made already.
    fn value(&self, pass: PassId, form: Form, early: Option<&EarlyValue>) -> Result<Value> {
        let made = self.plan.result_of(pass).and_then(|id| Some((id, self.plan.maker_of(id)?)));
        let (resource, maker) = made.ok_or_else(|| Failure::Internal("a result that nothing made".into()))?;
        let opened = self.open(resource, Views::Lasting)?;
        let early = early.and_then(EarlyValue::made);
        let Parts { pieces, places, left_out } =
            self.parts(pass, maker, &opened, early.map(|(_, taken)| taken))?;
        if left_out > 0 {
            let values = r::protect(|s| Ok(Preserved::new(pieces.list(s))))?;
            return Ok(Value { values, each: None, places: Some(places) });
        }
        if let Some((tag, each)) = pieces.alike().filter(|_| form == Form::Vector) {
            let vector = r::protect(|s| Ok(Preserved::new(pieces.joined(s, (tag, each)))))?;
            return Ok(Value { values: vector, each: Some(each), places: None });
        }
        let values = r::protect(|s| {
            let list = match early {
                Some((list, _)) => s.kept(list.get()),
                None => s.vector(Kind::VECSXP, pieces.count()),
            };
            pieces.fill(s, list);
            Ok(Preserved::new(list))
        })?;
        Ok(Value { values, each: None, places: None })
    }

    /// The results of a pass, chunk by chunk, but for those of the chunks that are `taken`.
    fn parts<'o>(
        &self,
        pass: PassId,
        (stage, nth): (StageId, u32),
        opened: &'o Opened,
        taken: Option<&HashSet<ChunkId>>,
    ) -> Result<Parts<'o>> {
        let call = &self.plan.spec().passes[pass.index()];
        let board = self.finished.board.board();
        let per_result = call.elements_per_result();
        let mut parts = Parts::default();
        for chunk in board.results(stage)? {
            let missing = || Failure::Internal(format!("a chunk of '{}' has no output {nth}", call.name));
            let output = board.output(stage, chunk.chunk, nth).ok_or_else(missing)?;
            let (start, end) = (chunk.start / per_result, chunk.end.div_ceil(per_result));
            if output.len == 0 && board.is_given(stage, chunk.chunk) {
                // The caller has them.
                parts.left_out += end - start;
                continue;
            }
            parts.places.push((start, end));
            let place = (start - parts.left_out, end - parts.left_out);
            if taken.is_some_and(|taken| taken.contains(&chunk.chunk)) {
                parts.pieces.skip(place)?;
            } else {
                parts.pieces.push(place, opened.source(output)?)?;
            }
        }
        let count = parts.pieces.count() as u64 + parts.left_out;
        if count != call.results() {
            let reason = format!("'{}' has {count} results instead of {}", call.name, call.results());
            return Err(damaged(reason));
        }
        Ok(parts)
    }

    /// What FUN said, in the order of passes and elements: a list of triples.
    fn conditions(&self) -> Result<Preserved> {
        let mut said = Vec::new();
        for chunk in self.chunks.iter().flatten().filter(|chunk| chunk.notes.len > 0) {
            let source = self.notes()?.source(chunk.notes)?;
            said.push(r::protect(|s| Ok(Preserved::new(codec::decode(s, &source, 0))))?);
        }
        let mut order = Vec::new();
        for (nth, notes) in said.iter().enumerate() {
            let (passes, elements) = checked_notes(notes.get())?;
            order.extend(
                passes
                    .into_iter()
                    .zip(elements)
                    .enumerate()
                    .map(|(i, (pass, element))| (pass, element, nth, i)),
            );
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        r::protect(|s| {
            let list = s.vector(Kind::VECSXP, order.len());
            for (place, &(pass, element, nth, i)) in order.iter().enumerate() {
                s.inner(|s| {
                    let condition = said[nth].get().item(2).item(i);
                    list.set_item(place, r::list(s, &[r::real(s, pass), r::real(s, element), condition]));
                });
            }
            Ok(Preserved::new(list))
        })
    }
}

/// The numbers of the passes and of the elements whose conditions are the third item, one for each.
fn checked_notes(notes: Sexp) -> Result<(Vec<f64>, Vec<f64>)> {
    let kinds = [Kind::REALSXP, Kind::REALSXP, Kind::VECSXP];
    let is_list = notes.kind() == Kind::VECSXP && notes.len() == kinds.len();
    if !is_list || (0..kinds.len()).any(|i| notes.item(i).kind() != kinds[i]) {
        return Err(damaged("what FUN said is no list of three".into()));
    }
    let (passes, elements) = (r::numbers(notes.item(0))?, r::numbers(notes.item(1))?);
    if passes.len() != elements.len() || notes.item(2).len() != elements.len() {
        return Err(damaged("what FUN said has not one condition for each element".into()));
    }
    Ok((passes, elements))
}

/// What a worker says cannot be.
fn damaged(reason: String) -> Failure {
    Error::Damaged { segment: "of results".into(), reason }.into()
}
