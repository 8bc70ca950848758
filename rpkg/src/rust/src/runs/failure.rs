//! How a run failed, as R words it.
use scheduler::engine::{self, Cause, Outcome};
use scheduler::error::Error;
use scheduler::id::StageId;
use scheduler::wire::Unwritten;

use super::collect::Ended;
use crate::codec::{self, BlobSource};
use crate::r::{self, Failure, Preserved, Result, Scope, Sexp};

impl Ended<'_> {
    /// What ended the run, if it was not its end.
    pub(super) fn error(&self) -> Result<Option<Preserved>> {
        let pass = |stage: StageId, step: u32| {
            let passes = self.plan.stage(stage).map(|stage| &stage.passes);
            passes.and_then(|passes| passes.get(step as usize)).map_or(0, |pass| pass.0 as i32 + 1)
        };
        match &self.finished.outcome {
            Outcome::Done => Ok(None),
            Outcome::Failed(failure) => {
                let at = (pass(failure.stage, failure.position.step), failure.position.element);
                self.failed(failure, at)
            }
            Outcome::WorkerKilled { stage, position, deaths, reason } => {
                let times = if *deaths == 1 { "once".to_owned() } else { format!("{deaths} times") };
                plain(
                    "worker_died",
                    Some((pass(*stage, position.step), position.element)),
                    &format!("its worker process died, {times} in all, so it was not tried again; the last was {reason}; memLog() shows what it wrote, explain(memLastRun()) what may help"),
                )
            }
            Outcome::ElementTimeout { stage, position } => {
                let at = (pass(*stage, position.step), position.element);
                let limits = self.plan.stage(*stage).map(|stage| self.plan.limits(stage)).unwrap_or_default();
                let limit = limits.get(position.step as usize).copied().flatten();
                late(at, limit.map_or(0.0, |limit| limit.ns as f64 / 1e9))
            }
            Outcome::Cancelled { cause: Cause::Timeout } => {
                plain("timeout", None, "the run took longer than memControl(timeout = ) allows; raise it, or see in explain(memLastRun()) what took the time")
            }
            Outcome::Cancelled { cause: Cause::User } => plain("cancelled", None, "the run was cancelled"),
            Outcome::NoWorkers { reason } => {
                plain("no_workers", None, &format!("no worker is left: {reason}"))
            }
        }
    }

    /// The error of a chunk that failed at this pass and element, or what there was no room for.
    fn failed(&self, failure: &engine::Failure, at: (i32, u64)) -> Result<Option<Preserved>> {
        let same = |stage: StageId, chunk| (stage, chunk) == (failure.stage, failure.chunk);
        let mut unwritten = self.finished.unwritten.iter();
        if let Some((.., piece)) = unwritten.find(|(stage, chunk, _)| same(*stage, *chunk)) {
            return not_written(piece, at);
        }
        let mut chunks = self.chunks.get(failure.stage.index()).into_iter().flatten();
        let record = chunks.find(|chunk| chunk.chunk == failure.chunk);
        let lost = || Failure::Internal("the error of a failed chunk is missing".into());
        let source = self.notes()?.source(record.ok_or_else(lost)?.error)?;
        r::protect(|s| Ok(Some(Preserved::new(of_fun(s, &source, at)))))
    }
}

/// A failure in words, at an element or not.
fn plain(kind: &str, at: Option<(i32, u64)>, message: &str) -> Result<Option<Preserved>> {
    r::protect(|s| {
        let (pass, index) = match at {
            Some((pass, element)) => (r::integer(s, pass), r::real(s, element as f64 + 1.0)),
            None => (s.null(), s.null()),
        };
        let parts = [
            ("kind", r::character(s, &[kind])),
            ("pass", pass),
            ("index", index),
            ("message", r::character(s, &[message])),
        ];
        Ok(Some(Preserved::new(r::named_list(s, &parts))))
    })
}

/// An element that took longer than so many seconds, and whose worker had to be killed.
fn late((pass, element): (i32, u64), seconds: f64) -> Result<Option<Preserved>> {
    r::protect(|s| {
        let parts = [
            ("kind", r::character(s, &["element"])),
            ("pass", r::integer(s, pass)),
            ("index", r::real(s, element as f64 + 1.0)),
            ("late", r::real(s, seconds)),
        ];
        Ok(Some(Preserved::new(r::named_list(s, &parts))))
    })
}

/// What there was no room for, with the numbers.
fn not_written(piece: &Unwritten, (pass, element): (i32, u64)) -> Result<Option<Preserved>> {
    let (what, shortage) = match piece {
        Unwritten::Results(shortage) => ("its result does not fit", shortage),
        Unwritten::Condition(shortage) => ("FUN failed, and there was no room for its error", shortage),
    };
    let message = format!("{what}: {}", r::words(&Error::from(shortage.clone())));
    r::protect(|s| {
        let parts = [
            ("kind", r::character(s, &["no_space"])),
            ("pass", r::integer(s, pass)),
            ("index", r::real(s, element as f64 + 1.0)),
            ("message", r::character(s, &[message.as_str()])),
            ("needed", r::real(s, shortage.needed as f64)),
            ("free", r::real(s, shortage.free as f64)),
            ("limit", r::real(s, shortage.limit as f64)),
            ("dir", r::path(s, &shortage.dir)),
        ];
        Ok(Some(Preserved::new(r::named_list(s, &parts))))
    })
}

/// An error of FUN, or of getting ready for it, kept.
fn of_fun<'s>(s: &'s Scope, source: &BlobSource<'_>, (pass, element): (i32, u64)) -> Sexp<'s> {
    let error = codec::decode(s, source, 0);
    let at_element = r::field(s, error, "element").is_some_and(|x| r::is_true(s, x));
    let index = if at_element { r::real(s, element as f64 + 1.0) } else { s.null() };
    let condition = r::field(s, error, "condition").unwrap_or(s.null());
    let parts = [
        ("kind", r::character(s, &[if at_element { "element" } else { "worker" }])),
        ("pass", r::integer(s, pass)),
        ("index", index),
        ("condition", condition),
        ("calls", r::field(s, error, "calls").unwrap_or(s.null())),
        ("message", r::field(s, error, "said").unwrap_or(s.null())),
    ];
    r::named_list(s, &parts)
}
