//! Plans of several stages: chains, folds, consumes, several outputs; with deaths and errors in the middle.
use std::time::Duration;

use scheduler::engine::{Cause, EventKind, Outcome};
use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId};
use scheduler::plan::{CallSpec, PassCall, Source, FOLD};
use scheduler::policy::Policy;
use scheduler::run::Detail;

use crate::numbers;
use crate::session::{pass, results, variable, Ended, Session};

const X: Source = Source::Data(ResourceId(0));

fn each(pass: u32) -> Source {
    Source::Each(PassId(pass))
}

fn whole(pass: u32) -> Source {
    Source::Whole(PassId(pass))
}

/// A diamond with a fold: two maps over X that a third takes together (and their sum as a whole), a fold of two levels over
/// that, and a last map over what the fold left. `n` elements, chunks of `chunk`.
fn diamond(n: u64, chunk: u64, fuse: bool) -> CallSpec {
    let resources = vec![Resource { name: "X".into(), bytes: 8 * n, scope: Scope::Scoped }];
    let folded = n.div_ceil(FOLD * FOLD);
    let mut passes = vec![
        pass("square-a", vec![X], n),
        pass("add-b", vec![X, each(0)], n),
        pass("add-c", vec![each(0), each(1), X], n),
        pass("add-d", vec![each(2)], n),
        pass("fold", vec![each(3)], n),
        pass("square-e", vec![each(4)], folded),
    ];
    passes[3].sides = vec![whole(1), X];
    passes[4].levels = 2;
    passes.iter_mut().for_each(|pass| pass.policy = Policy::fixed(chunk));
    CallSpec { fuse, ..CallSpec::new(resources, passes, vec![PassId(5), PassId(2)], 2) }
}

/// What each pass gives, one after the other.
fn naive(spec: &CallSpec) -> Vec<Vec<u64>> {
    let mut known: Vec<Vec<u64>> = Vec::new();
    let data: Vec<Vec<u64>> = (0..spec.resources.len())
        .map(|r| variable(ResourceId(r as u32), spec.resources[r].bytes / 8))
        .collect();
    for PassCall { name, inputs, sides, elements, levels, .. } in &spec.passes {
        let all = |source: &Source| match *source {
            Source::Data(resource) => data[resource.index()].clone(),
            Source::Each(pass) | Source::Whole(pass) => known[pass.index()].clone(),
        };
        let sides: Vec<u64> = sides.iter().map(|side| numbers::whole(&all(side))).collect();
        let inputs: Vec<Vec<u64>> = inputs.iter().map(all).collect();
        let element = |nth: u64| -> Vec<u64> { inputs.iter().map(|input| input[nth as usize]).collect() };
        let mut values: Vec<u64> = (0..*elements)
            .map(|nth| match levels {
                0 => numbers::result(name, &element(nth), &sides),
                _ => element(nth)[0],
            })
            .collect();
        for _ in 0..*levels {
            values = values.chunks(FOLD as usize).map(numbers::fold).collect();
        }
        known.push(values);
    }
    known
}

fn check(ended: &Ended) {
    let known = naive(ended.plan.spec());
    for pass in &ended.plan.spec().gather {
        let name = &ended.plan.spec().passes[pass.index()].name;
        assert_eq!(results(ended, name), known[pass.index()], "{name}");
    }
}

/// What a worker that died may leave in the account too much: the piece that it was adding or giving back.
const PIECE: u64 = 4096;

/// Bytes that the caller still holds: what is wanted was written, and nothing else is there.
fn check_account(ended: &Ended) {
    let board = ended.finished.board.board();
    let wanted = ended.plan.spec().gather.iter().filter_map(|&pass| ended.plan.result_of(pass));
    let written = wanted.map(|resource| {
        let (stage, nth) = ended.plan.maker_of(resource).expect("a result");
        board.written(stage, nth).0
    });
    let (written, live) = (written.sum::<u64>(), board.live_bytes());
    let spare = PIECE * u64::from(ended.finished.stats.deaths);
    assert!(live >= written && live - written <= spare, "{live} bytes are held, {written} were written");
}

#[test]
fn a_net_of_passes_gives_what_it_gives_one_after_the_other() {
    let mut session = Session::new("net", true);
    for (n, chunk) in [(1, 1), (16, 3), (5_000, 7), (20_000, 300)] {
        for fuse in [true, false] {
            let ended = session.run(diamond(n, chunk, fuse), "");
            check(&ended);
            check_account(&ended);
        }
    }
}

#[test]
fn what_stays_in_a_stage_never_touches_shared_memory() {
    let mut session = Session::new("fused", true);
    let n = 100_000;
    let resources = vec![Resource { name: "X".into(), bytes: 8 * n, scope: Scope::Scoped }];
    let chain = |nth: u32| pass(&format!("square-{nth}"), vec![if nth == 0 { X } else { each(nth - 1) }], n);
    let mut passes: Vec<PassCall> = (0..5).map(chain).collect();
    passes[4].levels = 3;
    passes[4].bytes = 8 * passes[4].results();
    let spec = CallSpec::new(resources, passes, vec![PassId(4)], 2);
    let ended = session.run(spec, "");
    check(&ended);
    let chunks = ended.finished.board.board().chunks(scheduler::id::StageId(0)).len() as u64;
    let peak = ended.finished.stats.peak_bytes;
    assert!(peak <= 8 * n + 64 * chunks, "{peak} bytes: X and some results of 8 bytes");
    assert!(peak >= 8 * n);
}

#[test]
fn results_go_chunk_by_chunk_as_the_next_stage_reads_them() {
    let mut session = Session::new("drain", true);
    // Whole pages of memory a chunk, so that each can be given back.
    let (n, chunk) = (1 << 18, 1 << 12);
    let resources = vec![Resource { name: "X".into(), bytes: 8 * n, scope: Scope::Pinned }];
    // The third has chunks of its own, that never end where those before it did.
    let chain = |nth: u32| PassCall {
        policy: Policy::fixed(if nth == 2 { 3_001 } else { chunk }),
        ..pass(&format!("square-{nth}"), vec![if nth == 0 { X } else { each(nth - 1) }], n)
    };
    let passes: Vec<PassCall> = (0..4).map(chain).collect();
    let spec = CallSpec { fuse: false, ..CallSpec::new(resources, passes, vec![PassId(3)], 2) };
    let ended = session.run(spec, "");
    check(&ended);
    check_account(&ended);
    let board = ended.finished.board.board();
    for pass in 0..3 {
        let (stage, nth) = ended.plan.maker_of(ended.plan.result_of(PassId(pass)).unwrap()).unwrap();
        assert_eq!(board.written(stage, nth), (8 * n, 8 * n), "all of pass {pass} went as it was read");
    }
    let peak = ended.finished.stats.peak_bytes;
    assert_eq!(ended.plan.peak_bytes(), 8 * n, "one pass's results at a time");
    let most = ended.plan.peak_bytes() + 4 * 8 * chunk;
    assert!(peak <= most, "{peak} bytes, {most} expected");
}

#[test]
fn an_error_in_the_middle_names_pass_and_element_and_leaves_nothing() {
    let mut session = Session::new("middle", true);
    for fuse in [true, false] {
        let ended = session.run(diamond(5_000, 64, fuse), "fail=add-d/4321");
        let Outcome::Failed(failure) = &ended.finished.outcome else {
            panic!("{:?}", ended.finished.outcome)
        };
        let pass = ended.plan.stages()[failure.stage.index()].passes[failure.position.step as usize];
        assert_eq!((pass, failure.position.element), (PassId(3), 4321));
        check_account(&ended);
        check(&session.run(diamond(100, 7, fuse), ""));
    }
}

#[test]
fn a_death_in_the_middle_of_a_stage_names_its_step() {
    let mut session = Session::new("step", true);
    let mark = session.dir.join("mark");
    let ended = session.run(diamond(5_000, 64, true), &format!("die_once=add-c/70:{}", mark.display()));
    check(&ended);
    assert_eq!(ended.finished.stats.deaths, 1);
    let ended = session.run(diamond(5_000, 64, true), "die=add-c/70");
    let Outcome::WorkerKilled { stage, position, .. } = &ended.finished.outcome else {
        panic!("{:?}", ended.finished.outcome)
    };
    let pass = ended.plan.stages()[stage.index()].passes[position.step as usize];
    assert_eq!((pass, position.element), (PassId(2), 70));
    check_account(&ended);
}

#[test]
fn a_cancel_between_stages_ends_the_run() {
    let mut session = Session::new("between", true);
    let begun = session.begin(diamond(100, 10, false), "sleep=add-d/3:60000");
    assert!(!begun.handle.wait(Duration::from_millis(300)), "it sleeps for a minute");
    session.pool.cancel(begun.run).unwrap();
    let ended = begun.wait();
    assert_eq!(ended.finished.outcome, Outcome::Cancelled { cause: Cause::User });
    check_account(&ended);
}

#[test]
fn workers_killed_in_any_stage_cost_no_element() {
    let mut session = Session::new("chaos-stages", true);
    check(&session.run(diamond(100, 10, true), ""));
    let mut deaths = 0;
    for round in 0..30 {
        let begun = session.begin(diamond(10_000, 20, round % 2 == 0), "");
        session.kill_one_after(Duration::from_micros(300 * round));
        let ended = begun.wait();
        check(&ended);
        check_account(&ended);
        deaths += ended.finished.stats.deaths;
    }
    assert!(deaths > 0, "no worker died in a run: the kills came too late to test anything");
}

#[test]
fn what_waits_for_a_stage_begins_when_that_is_through_though_nobody_is_idle() {
    let mut passes =
        vec![pass("square-a", vec![X], 2), pass("square-b", vec![X], 20), pass("square-c", vec![X], 1)];
    passes[2].sides = vec![whole(0)];
    let spec = CallSpec { passes, gather: vec![PassId(1), PassId(2)], ..diamond(20, 1, true) };
    let mut session = Session::new("stage-ended", true);
    let trouble: Vec<String> = (0..20).map(|element| format!("sleep=square-b/{element}:50")).collect();
    let ended = session.run(spec, &trouble.join(" "));
    check(&ended);
    let events = ended.finished.log(&ended.plan, (0, 0), Detail::Chunks).events;
    let task = |pass| {
        let stage = ended.plan.stages().iter().find(|stage| stage.passes.contains(&PassId(pass)));
        stage.expect("its stage").task
    };
    let place = |what: EventKind| events.iter().position(|event| event.what == what).expect("it happened");
    assert!(
        place(EventKind::Began(task(2))) < place(EventKind::Ended(task(1))),
        "c began only when b was through: {events:?}"
    );
}

#[test]
fn a_worker_that_is_quicker_than_the_word_about_it_is_woken_all_the_same() {
    let mut passes = vec![pass("square-a", vec![X], 1), pass("square-b", vec![X], 1)];
    passes[1].sides = vec![whole(0)];
    let spec = CallSpec { passes, gather: vec![PassId(1)], workers: 1, ..diamond(1, 1, false) };
    let mut session = Session::new("quick", true);
    for _ in 0..500 {
        check(&session.run(spec.clone(), ""));
    }
}
