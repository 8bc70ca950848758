//! What must be true of the log of every run, however it ended: checked after each run of these tests.
use inspect::{Document, Record};
use scheduler::engine::Outcome;
use scheduler::run::{Detail, EventLog, State};

use crate::session::Ended;

pub(crate) fn check(ended: &Ended) {
    let log = ended.finished.log(&ended.plan, (0, 0), Detail::Chunks);
    let plan = scheduler::plan::Plan::clone(&ended.plan);
    let record = Record {
        title: "test".into(),
        package: "0".into(),
        made: 0,
        plan,
        notes: Vec::new(),
        log: Some(log.clone()),
    };
    let again = Record::from_bytes(&record.to_bytes(), "the test").expect("what was just written");
    assert_eq!(again, record);
    check_chunks(ended, &log);
    check_document(ended, &Document::of(&record));
    let bare = ended.finished.log(&ended.plan, (0, 0), Detail::Totals);
    assert!(bare.chunks.is_empty() && bare.stages == log.stages && bare.passes == log.passes);
}

/// Chunks lie within the run and their worker's life; those that are done overlap nowhere, and cover a run that is done.
fn check_chunks(ended: &Ended, log: &EventLog) {
    for (id, stage) in ended.plan.stages().iter().enumerate() {
        let of_stage = log.chunks.iter().filter(|chunk| chunk.stage.index() == id);
        let mut next = 0;
        for chunk in of_stage {
            assert!(chunk.started_ns <= chunk.ended_ns && chunk.ended_ns <= log.wall_ns, "{chunk:?}");
            if chunk.state != State::Done {
                continue;
            }
            assert!(chunk.start >= next, "element {} was done twice: {chunk:?}", chunk.start);
            assert!(ended.finished.outcome != Outcome::Done || chunk.start == next, "a hole at {next}");
            next = chunk.end;
        }
        assert!(ended.finished.outcome != Outcome::Done || next == stage.board.elements);
    }
}

fn check_document(ended: &Ended, document: &Document) {
    let stats = &ended.finished.stats;
    let run = document.run.as_ref().expect("it ran");
    let figures = &run.figures;
    assert_eq!((figures.deaths, figures.retries), (stats.deaths, stats.retries));
    assert_eq!(run.workers.len() as u32, stats.workers);
    assert!((figures.seconds - stats.seconds).abs() < 1e-6);
    for share in [figures.utilisation, figures.overhead, figures.waiting] {
        assert!((0.0..=1.0).contains(&share), "{figures:?}");
    }
    let done = run.chunks.state.iter().filter(|state| **state == "done").count() as u64;
    assert_eq!(figures.chunks, done);
    let fun: f64 = run.chunks.fun.iter().sum();
    assert!((fun - figures.fun_seconds).abs() <= 1e-6 * (1.0 + fun), "{fun} {}", figures.fun_seconds);
    let most = run.memory.bytes.iter().copied().max().unwrap_or(0);
    assert!(most <= figures.peak_bytes, "the curve reaches {most}, the account {}", figures.peak_bytes);
    let is_done = ended.finished.outcome == Outcome::Done;
    assert_eq!(run.ended.kind == "done", is_done);
    if is_done {
        // What is wanted, and what FUN said, is with the caller.
        let live = ended.finished.board.board().live_bytes();
        let last = run.memory.bytes.last().copied().unwrap_or(0);
        // What a worker wrote before it died stays unused in its page.
        assert!(
            last == live || stats.deaths > 0 && last < live,
            "{last} at the end of the curve, {live} there"
        );
    }
    for task in &document.tasks {
        let life = task.life.as_ref().expect("what became of it");
        assert!(!is_done || life.state == "done", "{task:?}");
        let times: Vec<f64> = [life.ready, life.began, life.ended].into_iter().flatten().collect();
        assert!(times.is_sorted(), "{task:?}");
    }
}
