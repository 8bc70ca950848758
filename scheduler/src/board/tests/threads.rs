//! Threads on one board, as processes would be; and what a claim costs.
use super::{at, board, complete, Both};
use crate::board::{ChunkState, StageSpec};
use crate::id::{StageId, WorkerId};
use crate::policy::{Policy, Schedule};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Instant;

const P0: StageId = StageId(0);

/// Claims and completes until the stage is done; dies (leaves its lease behind) at every `deadly`-th claim.
fn work(board: &Both, worker: WorkerId, ran: &[AtomicU8], deadly: usize, over: &AtomicBool) -> bool {
    let mut claims = 0;
    while !over.load(Ordering::Relaxed) {
        let Some(lease) = board.worker.claim(worker) else {
            std::thread::yield_now();
            continue;
        };
        claims += 1;
        if claims % deadly == 0 {
            board.worker.element(worker, at(lease.start));
            return false;
        }
        if complete(&board.worker, &lease) {
            for element in lease.start..lease.end {
                ran[element as usize].fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    true
}

#[test]
fn every_element_is_done_once_whoever_dies() {
    const N: usize = 20_000;
    for schedule in [Schedule::Fixed, Schedule::Guided, Schedule::Auto] {
        let policy = Policy { chunk: 3, ..Policy::of(schedule) };
        let spec = StageSpec { appended_capacity: 20_000, ..StageSpec::new(N as u64, policy, 4) };
        let (board, _memory) = board(4, vec![spec], b"");
        let ran: Vec<AtomicU8> = (0..N).map(|_| AtomicU8::new(0)).collect();
        let over = AtomicBool::new(false);
        board.supervisor.open(P0);
        std::thread::scope(|scope| {
            let (board, ran, over) = (&board, &ran, &over);
            let spawn = |worker| scope.spawn(move || work(board, worker, ran, 50, over));
            let mut living: Vec<_> = (0..4).map(WorkerId).map(|worker| (worker, spawn(worker))).collect();
            while board.done_elements(P0) < N as u64 {
                for (worker, thread) in &mut living {
                    if thread.is_finished() {
                        for held in board.supervisor.recover(*worker) {
                            let (lease, at) = (held.lease, held.position.expect("it said so").element);
                            board.supervisor.append(P0, at, at + 1, lease.attempt + 1).expect("room");
                            if at + 1 < lease.end {
                                board
                                    .supervisor
                                    .append(P0, at + 1, lease.end, lease.attempt + 1)
                                    .expect("room");
                            }
                        }
                        *thread = spawn(*worker);
                    }
                }
                std::thread::yield_now();
            }
            over.store(true, Ordering::Relaxed);
        });
        assert!(ran.iter().all(|times| times.load(Ordering::Relaxed) == 1), "{schedule:?}");
        let chunks = board.chunks(P0);
        assert!(chunks.iter().all(|chunk| matches!(chunk.state, ChunkState::Done | ChunkState::Lost)));
        if schedule == Schedule::Fixed {
            assert!(chunks.iter().any(|chunk| chunk.state == ChunkState::Lost), "nobody died");
        }
    }
}

#[test]
fn outputs_never_overlap() {
    let (board, _memory) = board(4, vec![StageSpec::new(1, Policy::auto(), 4)], b"");
    let mut ends: Vec<u64> = std::thread::scope(|scope| {
        let reserve =
            || (1..=500).map(|bytes| (board.worker.reserve_output(P0, 0, bytes).expect("room"), bytes));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(move || reserve().collect::<Vec<_>>())).collect();
        let pieces = threads.into_iter().flat_map(|thread| thread.join().expect("no panic"));
        pieces.flat_map(|(at, bytes)| [at, at + bytes.next_multiple_of(64)]).collect()
    });
    assert_eq!(board.live_bytes(), *ends.iter().max().expect("pieces"), "the account is exact");
    ends.sort_unstable();
    // Each piece begins where another ends: every inner border occurs twice.
    assert!(ends[1..ends.len() - 1].chunks(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_account_is_exact_whoever_still_takes_and_gives_back_while_a_page_goes() {
    for _ in 0..200 {
        let (board, _memory) = board(4, vec![StageSpec::new(1, Policy::auto(), 4)], b"");
        let take = || {
            for bytes in 1..=50 {
                if board.worker.reserve_output(P0, 0, bytes).is_some() && bytes % 3 == 0 {
                    board.worker.return_output(P0, 0, bytes);
                }
            }
        };
        std::thread::scope(|scope| {
            (0..3).for_each(|_| {
                scope.spawn(take);
            });
            scope.spawn(|| board.supervisor.close_output(P0, 0));
        });
        assert_eq!(board.live_bytes(), 0);
        assert!(board.peak_bytes() <= 3 * (1..=50u64).map(|bytes| bytes.next_multiple_of(64)).sum::<u64>());
    }
}

#[test]
#[ignore = "a measurement; run alone with --release -- --ignored --nocapture"]
fn cost_of_claim_and_complete() {
    for workers in [1, 2] {
        const N: u64 = 1 << 20;
        for policy in
            [Policy::fixed(1), Policy { shortest_ns: 0, longest_ns: 0, probe_ns: 0, ..Policy::auto() }]
        {
            let spec = StageSpec { log_capacity: N as u32, ..StageSpec::new(N, policy, workers) };
            let (board, _memory) = board(workers, vec![spec], b"");
            board.supervisor.open(P0);
            let clock = Instant::now();
            std::thread::scope(|scope| {
                for worker in (0..workers).map(WorkerId) {
                    let board = &board;
                    scope.spawn(move || {
                        while let Some(lease) = board.worker.claim(worker) {
                            board.worker.begin(&lease, 1);
                            if !complete(&board.worker, &lease) {
                                break;
                            }
                        }
                    });
                }
            });
            let chunks = board.chunks(P0).len() as u32;
            let each = clock.elapsed() / chunks * workers;
            println!(
                "workers: {workers}, {:?}: {each:?} a claim, begin and complete ({chunks} chunks)",
                policy.schedule
            );
            let clock = Instant::now();
            assert_eq!(board.done_elements(P0), N);
            println!("  done_elements over all of it: {:?}", clock.elapsed());
        }
    }
}
