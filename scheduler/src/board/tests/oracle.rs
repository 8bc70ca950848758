//! Random histories against a naive oracle: whoever claims, ends or dies in whatever order, at the end every element was
//! done exactly once and the counts agree with a recount.
use super::{board, complete, Both};
use crate::board::{ChunkState, Lease, StageSpec};
use crate::id::{StageId, WorkerId};
use crate::policy::{Policy, Schedule};
use proptest::prelude::*;
use std::collections::btree_map::{BTreeMap, Entry};

const WORKERS: u32 = 3;

#[derive(Clone, Debug)]
enum Step {
    Claim(u32),
    /// The worker's chunk is completed.
    Complete(u32),
    /// The worker dies, at this part of its chunk (0: at no element).
    Die(u32, u8),
    /// The dead worker got as far as the entry, but not to the hint.
    LagHint,
    Count,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let worker = 0..WORKERS;
    let step = prop_oneof![
        6 => worker.clone().prop_map(Step::Claim),
        5 => worker.clone().prop_map(Step::Complete),
        2 => (worker, any::<u8>()).prop_map(|(worker, at)| Step::Die(worker, at)),
        1 => Just(Step::LagHint),
        1 => Just(Step::Count),
    ];
    prop::collection::vec(step, 0..120)
}

/// What must be true, kept the slow way.
struct Oracle {
    times_done: BTreeMap<(u32, u64), u32>,
    held: BTreeMap<u32, Lease>,
}

impl Oracle {
    fn done(&mut self, lease: &Lease) {
        for element in lease.start..lease.end {
            *self.times_done.entry((lease.stage.0, element)).or_insert(0) += 1;
        }
    }

    fn count(&self, stage: StageId) -> u64 {
        self.times_done.keys().filter(|(of, _)| *of == stage.0).count() as u64
    }
}

fn step(board: &Both, oracle: &mut Oracle, step: &Step) {
    match *step {
        // A worker claims when it has nothing.
        Step::Claim(worker) => {
            if let Entry::Vacant(place) = oracle.held.entry(worker) {
                if let Some(lease) = board.worker.claim(WorkerId(worker)) {
                    place.insert(lease);
                }
            }
        }
        Step::Complete(worker) => {
            if let Some(lease) = oracle.held.remove(&worker) {
                assert!(complete(&board.worker, &lease), "nobody revoked it");
                oracle.done(&lease);
            }
        }
        Step::Die(worker, at) => die(board, oracle, worker, at),
        Step::LagHint => {
            for stage in (0..board.stages()).map(StageId) {
                let stage = board.stage(stage).expect("a stage");
                let hint = &board.head(stage).claims.hint;
                hint.store(
                    hint.load(std::sync::atomic::Ordering::Relaxed) / 2,
                    std::sync::atomic::Ordering::Relaxed,
                );
            }
        }
        Step::Count => {
            for stage in (0..board.stages()).map(StageId) {
                assert_eq!(board.done_elements(stage), oracle.count(stage));
            }
        }
    }
}

fn die(board: &Both, oracle: &mut Oracle, worker: u32, at: u8) {
    let held = oracle.held.remove(&worker);
    let element =
        held.filter(|_| at > 0).map(|lease| lease.start + u64::from(at) % (lease.end - lease.start));
    if let Some(element) = element {
        board.worker.element(WorkerId(worker), super::at(element));
    }
    let recovered = board.supervisor.recover(WorkerId(worker));
    assert_eq!(recovered.len(), usize::from(held.is_some()));
    for back in recovered {
        let lease = back.lease;
        let align = board.stage(lease.stage).expect("a stage").spec.align;
        assert_eq!(Some(lease), held);
        assert_eq!(back.position, element.map(super::at));
        assert!(!complete(&board.worker, &lease), "a ghost's results must not count");
        let first = element.unwrap_or(lease.start) / align * align;
        let after = (first + align).min(lease.end);
        for (start, end) in [(lease.start, first), (first, after), (after, lease.end)] {
            if start < end {
                board.supervisor.append(lease.stage, start, end, lease.attempt + 1).expect("room");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_element_exactly_once(
        sizes in prop::collection::vec(0u64..60, 1..4),
        schedule in prop_oneof![
            Just(Schedule::Auto), Just(Schedule::Static), Just(Schedule::Guided), Just(Schedule::Factoring),
            Just(Schedule::Fixed),
        ],
        chunk in 1u64..9,
        short_log in any::<bool>(),
        align in prop_oneof![3 => Just(1u64), 1 => 2u64..20],
        history in steps(),
    ) {
        let policy = Policy { chunk, ..Policy::of(schedule) };
        let stages: Vec<StageSpec> = sizes.iter().map(|&elements| {
            let spec = StageSpec::new(elements, policy, WORKERS);
            let log_capacity = if short_log { spec.log_capacity.min(3) } else { spec.log_capacity };
            StageSpec { log_capacity, align, appended_capacity: 400, ..spec }
        }).collect();
        let (board, _memory) = board(WORKERS, stages, b"");
        let mut oracle = Oracle { times_done: BTreeMap::new(), held: BTreeMap::new() };
        (0..sizes.len() as u32).map(StageId).for_each(|stage| board.supervisor.open(stage));
        for one in &history {
            step(&board, &mut oracle, one);
        }
        // Then all goes well: every worker ends what it has and takes what is left.
        for worker in (0..WORKERS).cycle().take(1_000) {
            step(&board, &mut oracle, &Step::Complete(worker));
            step(&board, &mut oracle, &Step::Claim(worker));
        }
        prop_assert!(oracle.held.is_empty(), "more than a thousand chunks");
        for (index, &elements) in sizes.iter().enumerate() {
            let stage = StageId(index as u32);
            for element in 0..elements {
                prop_assert_eq!(oracle.times_done.get(&(stage.0, element)), Some(&1), "element {}", element);
            }
            prop_assert_eq!(board.done_elements(stage), elements);
            let done = board.chunks(stage).into_iter().filter(|chunk| chunk.state == ChunkState::Done);
            let place = |chunk| board.output(stage, chunk, 0).expect("an output").at;
            let mut ranges: Vec<_> =
                done.map(|chunk| (place(chunk.chunk), chunk.start, chunk.end)).collect();
            prop_assert!(ranges.iter().all(|(_, start, _)| start % align == 0), "chunks are aligned");
            ranges.sort_unstable();
            let mut next = 0;
            for (at, start, end) in ranges {
                prop_assert_eq!((at, start), (2 * next, next), "the pieces lie end to end");
                next = end;
            }
            prop_assert_eq!(next, elements);
        }
    }
}
