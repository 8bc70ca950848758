//! The session dies at any instant, with all of its workers, and another goes on from the chunks whose results are left, again and again,
//! until a run ends: with what the same passes give one after the other, and nothing done twice that was done.
use super::super::sim::pages::EACH;
use super::{program, Pace, Rng};
use crate::board::{GivenChunk, Output, SupervisorBoard, MAX_ATTEMPT};
use crate::engine::tests::sim::{Driver, LoggedChunk, Natures};
use crate::engine::{Event, Loss, Outcome, Settings};
use crate::id::{StageId, WorkerId};
use crate::plan::{compile, CallSpec, Plan};

/// How many seeds `cargo test` tries.
const SEEDS: u64 = 600;

/// A plan whose results stay whole.
fn plan(rng: &mut Rng) -> Plan {
    let plan = program::whole(rng);
    compile(CallSpec { preserve: true, budget: None, ..plan.spec().clone() }).expect("it was one before")
}

/// What a next session finds of each stage, in the order of elements. Of chunks that meet, one is taken.
fn found(plan: &Plan, log: &[LoggedChunk]) -> Vec<Vec<LoggedChunk>> {
    let of = |id: u32| {
        let mut chunks: Vec<_> = log.iter().filter(|chunk| chunk.0 == StageId(id)).cloned().collect();
        chunks.sort_by_key(|&(_, start, end, _)| (start, std::cmp::Reverse(end)));
        let mut next = 0;
        chunks.retain(|&(_, start, end, _)| start >= next && std::mem::replace(&mut next, end) <= start);
        chunks
    };
    (0..plan.stages().len() as u32).map(of).collect()
}

/// Where what is left lies in the pages of the next run; what nobody needs there is not brought.
fn laid_out(plan: &Plan, left: &[Vec<LoggedChunk>]) -> Vec<Vec<GivenChunk>> {
    let bare = |stage: &Vec<LoggedChunk>| {
        let chunk = |&(_, start, end, _): &LoggedChunk| GivenChunk { start, end, ..GivenChunk::default() };
        stage.iter().map(chunk).collect::<Vec<_>>()
    };
    let mut given: Vec<Vec<GivenChunk>> = left.iter().map(bare).collect();
    let bare = plan.clone().with_given(given.clone()).expect("chunks of the plan");
    for (stage, (chunks, left)) in plan.stages().iter().zip(given.iter_mut().zip(left)) {
        let mut next = vec![0; stage.outputs.len()];
        let needed = |nth: usize| bare.is_needed(plan.result_of(stage.outputs[nth]).expect("a page"));
        for (chunk, (.., numbers)) in chunks.iter_mut().zip(left) {
            let mut place = |nth: usize| {
                if !needed(nth) {
                    return Output::default();
                }
                let numbers = &numbers[nth];
                let len = EACH * numbers.len() as u64;
                let at = next[nth];
                next[nth] += len;
                Output { at, len, ..Output::default() }
            };
            chunk.outputs = (0..numbers.len()).map(&mut place).collect();
        }
    }
    given
}

/// A run that goes on from what is left.
fn resumed(plan: &Plan, left: &[Vec<LoggedChunk>], pace: Pace) -> Driver {
    let given = laid_out(plan, left);
    let plan = plan.clone().with_given(given.clone()).expect("chunks of the plan");
    let settings = Settings { workers: plan.workers(), retries: MAX_ATTEMPT, ..Settings::default() };
    let mut driver = Driver::new(&plan, settings, Natures::new(), pace);
    for (id, (chunks, left)) in given.iter().zip(left).enumerate() {
        let stage = StageId(id as u32);
        give(driver.board(), stage, chunks);
        for (chunk, (.., numbers)) in chunks.iter().zip(left) {
            driver.seen().was_done(stage, (chunk.start, chunk.end));
            for (nth, (output, numbers)) in chunk.outputs.iter().zip(numbers).enumerate() {
                if output.len == 0 {
                    continue;
                }
                let page = plan.result_of(plan.stages()[id].outputs[nth]).expect("a page");
                driver.seen().pages.reserve(page, output.len);
                driver.seen().pages.write(page, *output, numbers);
            }
        }
    }
    driver
}

fn give(board: &SupervisorBoard, stage: StageId, chunks: &[GivenChunk]) {
    board.give(stage, chunks).expect("the board was made for them");
    for nth in 0..chunks.first().map_or(0, |chunk| chunk.outputs.len()) {
        let bytes = chunks.iter().map(|chunk| chunk.outputs[nth].len).sum();
        board.take_output(stage, nth as u32, bytes);
    }
}

/// One seed; how many sessions it took, how many elements were done before the last, and how many workers died.
fn run(seed: u64) -> (u64, u64, u64) {
    let mut rng = Rng::new(seed);
    let plan = plan(&mut rng);
    let (mut log, mut losses): (Vec<LoggedChunk>, u64) = (Vec::new(), 0);
    for sessions in 1.. {
        let before = found(&plan, &log);
        let reused = before.iter().flatten().map(|(_, start, end, _)| end - start).sum();
        let mut driver = resumed(&plan, &before, Pace::new(Rng::new(rng.word())));
        driver.seen().logged = Some(Vec::new());
        driver.feed(Event::Started);
        // The last one lives.
        let steps = if sessions > 6 { 0 } else { rng.below(400) };
        for _ in 0..steps {
            if rng.once_in(60) {
                driver.lose(WorkerId(rng.below(u64::from(plan.workers())) as u32), Loss::Died);
            }
            if driver.outcome().is_some() || !driver.next() {
                break;
            }
        }
        if sessions > 6 {
            driver.finish();
        }
        losses += u64::from(driver.losses());
        // Workers may have died so often that the run was given up; then another session goes on from there too.
        let given_up = |outcome: &Outcome| matches!(outcome, Outcome::NoWorkers { .. });
        if let Some(outcome) = driver.outcome().filter(|outcome| !given_up(outcome)) {
            assert_eq!(outcome, Outcome::Done);
            driver.check_account();
            return (sessions, reused, losses);
        }
        log.extend(driver.seen().logged.take().into_iter().flatten());
    }
    unreachable!()
}

#[test]
fn a_run_that_goes_on_after_the_session_died_gives_what_an_undisturbed_one_gives() {
    use rayon::prelude::*;
    let seeds: Vec<(u64, u64, u64)> = (0..SEEDS).into_par_iter().map(run).collect();
    let died = seeds.iter().filter(|(sessions, ..)| *sessions > 1).count() as u64;
    let reused: u64 = seeds.iter().map(|(_, reused, _)| reused).sum();
    let losses: u64 = seeds.iter().map(|(.., losses)| losses).sum();
    println!("{died} seeds with deaths of the session, {reused} elements reused, {losses} workers died");
    assert!(died > SEEDS / 2 && reused > 20 * SEEDS && losses > SEEDS);
}
