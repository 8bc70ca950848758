//! What a call over several hosts takes over from an earlier one, read for R: which elements of each stage are done, and, from a checkpoint, their
//! results. They are brought into pages as for a run on one machine, see [`super::earlier`], and made R values there.
#![allow(missing_docs, reason = "extendr's macros write undocumented items")]

use extendr_api::prelude::*;
use scheduler::board::{GivenChunk, Output};
use scheduler::id::{ResourceId, StageId};
use scheduler::plan::{Plan, Stage};
use scheduler::store::{Memory, Page};
use scheduler::wire::RunSpec;

use super::earlier;
use super::encoded::Purpose;
use super::opened::{Opened, Views};
use super::planned::compile;
use super::spec::Spec;
use crate::codec::{self, Pieces};
use crate::r::{self, argument, edge, give, Kind, Preserved, Result, Scope, Sexp};
use crate::session;

/// Results of elements that follow each other without a gap.
struct Part {
    start: u64,
    end: u64,
    /// Of each output; none where nobody reads them, or the caller has them.
    values: Vec<Option<Preserved>>,
}

/// What is done of a stage.
struct Done {
    parts: Vec<Part>,
    /// What FUN said.
    notes: Vec<Preserved>,
}

/// The pages that earlier results were brought into.
struct Pages<'a> {
    plan: &'a Plan,
    opened: Vec<(ResourceId, Opened)>,
    notes: (StageId, u32),
}

impl Pages<'_> {
    fn of(&self, stage: &Stage, nth: usize) -> Option<&Opened> {
        let resource = self.plan.result_of(*stage.outputs.get(nth)?)?;
        self.opened.iter().find(|(id, _)| *id == resource).map(|(_, opened)| opened)
    }

    fn done(&self, stage: &Stage, chunks: &[GivenChunk]) -> Result<Done> {
        let follows = |a: &GivenChunk, b: &GivenChunk| a.end == b.start;
        let parts = chunks.chunk_by(follows).map(|chunks| self.part(stage, chunks));
        let parts = parts.collect::<Result<_>>()?;
        let page = self.plan.stage(self.notes.0).and_then(|stage| self.of(stage, self.notes.1 as usize));
        let said = |notes: Output| -> Result<Option<Preserved>> {
            let Some(page) = page.filter(|_| notes.len > 0) else { return Ok(None) };
            let source = page.source(notes)?;
            r::protect(|s| Ok(Some(Preserved::new(codec::decode(s, &source, 0)))))
        };
        let notes = chunks.iter().filter_map(|chunk| said(chunk.notes).transpose());
        Ok(Done { parts, notes: notes.collect::<Result<_>>()? })
    }

    /// Chunks without a gap.
    fn part(&self, stage: &Stage, chunks: &[GivenChunk]) -> Result<Part> {
        let (start, end) = (chunks[0].start, chunks[chunks.len() - 1].end);
        let values = (0..stage.outputs.len()).map(|nth| {
            let per_result = self.plan.spec().passes[stage.outputs[nth].index()].elements_per_result();
            let Some(page) = self.of(stage, nth) else { return Ok(None) };
            let mut pieces = Pieces::default();
            for chunk in chunks {
                let output = chunk.outputs.get(nth).copied().unwrap_or_default();
                if output.len == 0 {
                    return Ok(None);
                }
                let (from, until) = (chunk.start - start, chunk.end - start);
                pieces.push((from / per_result, until.div_ceil(per_result)), page.source(output)?)?;
            }
            r::protect(|s| Ok(Some(Preserved::new(pieces.list(s)))))
        });
        Ok(Part { start, end, values: values.collect::<Result<_>>()? })
    }
}

/// What of a call over hosts is done before it begins, stage by stage of its plan: the numbers of the stage's `passes` and of its `outputs`, its `key`
/// in a checkpoint; `from` and `to`, elements that are done; of each such part the `values`, a list for each output; `notes`: what FUN said.
#[extendr]
fn ms_hosts_earlier(spec: Robj) -> Robj {
    edge(|| {
        let spec = Spec::read(argument(&spec))?;
        let (planned, _) = compile(&spec, Purpose::Shown)?;
        let plan = &*planned.plan;
        let notes = RunSpec::new(plan, Vec::new(), Vec::new()).notes;
        let pages = pages(plan, planned.data.len())?;
        let chunks = earlier::bring(&planned.start, plan, notes, &pages)?;
        let opened = pages.iter().map(|(id, page)| Ok((*id, Opened::map(page, Views::Lasting)?)));
        let pages = Pages { plan, opened: opened.collect::<Result<_>>()?, notes };
        let done = plan.stages().iter().zip(&chunks).map(|(stage, chunks)| pages.done(stage, chunks));
        let done = done.collect::<Result<Vec<Done>>>()?;
        give(|s| {
            let list = s.vector(Kind::VECSXP, done.len());
            for (place, (stage, done)) in plan.stages().iter().zip(&done).enumerate() {
                s.inner(|s| list.set_item(place, told(s, stage, done)));
            }
            Ok(list)
        })
    })
}

/// Pages for the results that somebody reads.
fn pages(plan: &Plan, data: usize) -> Result<Vec<(ResourceId, Page)>> {
    let results = (data..plan.graph().resources().len()).map(|place| ResourceId(place as u32));
    let page = |id| session::with(|session| Ok((id, session.store()?.results_page(0, Memory::New)?)));
    results.filter(|id| plan.is_needed(*id)).map(page).collect()
}

fn told<'s>(s: &'s Scope, stage: &Stage, done: &Done) -> Sexp<'s> {
    let numbers = |passes: &[scheduler::id::PassId]| {
        passes.iter().map(|pass| f64::from(pass.0) + 1.0).collect::<Vec<_>>()
    };
    let list = |items: &[Preserved]| {
        let list = s.vector(Kind::VECSXP, items.len());
        items.iter().enumerate().for_each(|(place, item)| list.set_item(place, item.get()));
        list
    };
    let values = s.vector(Kind::VECSXP, done.parts.len());
    for (place, part) in done.parts.iter().enumerate() {
        let of_part = s.vector(Kind::VECSXP, part.values.len());
        values.set_item(place, of_part);
        for (nth, value) in part.values.iter().enumerate() {
            of_part.set_item(nth, value.as_ref().map_or(s.null(), Preserved::get));
        }
    }
    let starts: Vec<f64> = done.parts.iter().map(|part| part.start as f64 + 1.0).collect();
    let ends: Vec<f64> = done.parts.iter().map(|part| part.end as f64).collect();
    let parts = [
        ("passes", r::reals(s, &numbers(&stage.passes))),
        ("outputs", r::reals(s, &numbers(&stage.outputs))),
        ("key", r::real(s, f64::from(stage.key()))),
        ("from", r::reals(s, &starts)),
        ("to", r::reals(s, &ends)),
        ("values", values),
        ("notes", list(&done.notes)),
    ];
    r::named_list(s, &parts)
}

extendr_module! {
    mod hosts_earlier_api;
    fn ms_hosts_earlier;
}
