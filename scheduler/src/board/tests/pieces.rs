//! Stages that the plan cut: ranges that are ready, taken in order, and withdrawn.
use super::{board, complete, Both};
use crate::board::{ChunkState, Delivered, Span, StageSpec};
use crate::id::{StageId, WorkerId};
use crate::policy::{Policy, Schedule};
use proptest::prelude::*;

const P0: StageId = StageId(0);
const A: WorkerId = WorkerId(0);
const B: WorkerId = WorkerId(1);

/// A board of one stage that is cut into these.
fn cut(pieces: &[(u64, u64)]) -> (Both, super::Memory) {
    let elements = pieces.iter().map(|(_, end)| *end).max().unwrap_or(0);
    let policy = Policy::of(Schedule::Profiled);
    let spec = StageSpec::cut_into(elements, policy, 2, pieces.len() as u32);
    let (board, memory) = board(2, vec![spec], b"");
    for &(start, end) in pieces {
        board.supervisor.append(P0, start, end, 0).expect("room");
    }
    board.supervisor.open(P0);
    (board, memory)
}

#[test]
fn pieces_are_taken_in_the_order_in_which_they_stand() {
    let (board, _memory) = cut(&[(4, 9), (0, 4), (9, 10)]);
    assert_eq!(board.worker.next_stage(A), Some(P0));
    let got: Vec<_> =
        std::iter::from_fn(|| board.worker.claim(A)).map(|lease| (lease.start, lease.end)).collect();
    assert_eq!(got, [(4, 9), (0, 4), (9, 10)]);
    assert_eq!(board.worker.next_stage(A), None, "there is no log behind them");
}

#[test]
fn what_is_withdrawn_is_not_taken_and_can_be_put_back_in_other_pieces() {
    let (board, _memory) = cut(&[(0, 4), (4, 8), (8, 12)]);
    let first = board.worker.claim(A).expect("a piece");
    assert_eq!(board.supervisor.withdraw(P0), [(4, 8, 0), (8, 12, 0)]);
    assert_eq!(board.supervisor.withdraw(P0), []);
    assert_eq!((board.worker.claim(B), board.worker.next_stage(A)), (None, None));
    let states: Vec<_> = board.chunks(P0).iter().map(|chunk| chunk.state).collect();
    assert_eq!(states, [ChunkState::Leased, ChunkState::Lost, ChunkState::Lost]);
    board.supervisor.append(P0, 4, 12, 0).expect("room");
    let again = board.worker.claim(B).expect("what was put back");
    assert_eq!((again.start, again.end), (4, 12));
    assert!(complete(&board.worker, &first) && complete(&board.worker, &again));
    assert_eq!(board.done_elements(P0), 12);
}

#[test]
fn a_piece_that_is_out_does_not_make_the_ones_behind_it_be_counted_twice() {
    let (board, _memory) = cut(&[(0, 5), (5, 6), (6, 7), (7, 8)]);
    let long = board.worker.claim(A).expect("a piece");
    for done in 1..=3 {
        let lease = board.worker.claim(B).expect("a piece");
        assert!(complete(&board.worker, &lease));
        assert_eq!((board.done_elements(P0), board.done_elements(P0)), (done, done));
    }
    assert_eq!(board.leases_of(A).iter().map(|held| held.lease).collect::<Vec<_>>(), [long]);
    assert_eq!(board.leases_of(B), []);
    assert!(complete(&board.worker, &long));
    assert_eq!(board.done_elements(P0), 8);
}

#[test]
fn bites_are_sized_by_what_chunks_took_from_end_to_end() {
    // Elements of 1 us; chunks that cost 15 us besides, of which a third lies before the first element.
    let (board, _memory) = board(1, vec![StageSpec::new(1 << 22, Policy::auto(), 1)], b"");
    board.supervisor.open(P0);
    let mut now = 1;
    let mut chunks = Vec::new();
    for _ in 0..40 {
        let lease = board.worker.claim(A).expect("a chunk");
        let (started_ns, elements) = (now + 5_000, lease.end - lease.start);
        now += 15_000 + elements * 1_000;
        let span = Span { started_ns, ended_ns: now };
        assert!(board.worker.complete(&lease, &Delivered { span, ..Delivered::default() }));
        chunks.push(elements);
    }
    assert_eq!(chunks[..5], [1, 1, 16, 64, 256], "the first is not measured, then they grow");
    let (last, most) = (chunks[chunks.len() - 1], *chunks.iter().max().expect("chunks"));
    assert!((49_000..=50_000).contains(&last) && most <= 50_000, "up to what lasts 50 ms");
    // A worker that slept has no chunk's own time to report.
    board.worker.pause(A);
    now += 3_600_000_000_000;
    let lease = board.worker.claim(A).expect("a chunk");
    let span = Span { started_ns: now, ended_ns: now + 1_000 };
    assert!(board.worker.complete(&lease, &Delivered { span, ..Delivered::default() }));
    let next = board.worker.claim(A).expect("a chunk");
    assert!(next.end - next.start > 10_000, "an hour of sleep did not make elements long");
}

proptest! {
    #[test]
    fn withdrawing_never_loses_or_doubles_an_element(
        sizes in prop::collection::vec(1u64..6, 1..30), script in prop::collection::vec(0u8..6, 0..80),
    ) {
        let mut pieces = Vec::new();
        let mut at = 0;
        for size in sizes {
            pieces.push((at, at + size));
            at += size;
        }
        let (board, _memory) = cut(&pieces);
        let mut held = Vec::new();
        let mut ran = vec![0; at as usize];
        let mut room = true;
        let finish = |lease: crate::board::Lease, ran: &mut Vec<u32>| {
            if complete(&board.worker, &lease) {
                (lease.start..lease.end).for_each(|element| ran[element as usize] += 1);
            }
        };
        for step in script {
            match step {
                0..=2 => held.extend(board.worker.claim(A)),
                3..=4 => held.pop().into_iter().for_each(|lease| finish(lease, &mut ran)),
                // Once: the board has room for that.
                _ if std::mem::take(&mut room) => for (start, end, attempt) in board.supervisor.withdraw(P0) {
                    let middle = start + (end - start) / 2;
                    for (start, end) in [(start, middle), (middle, end)].into_iter().filter(|(s, e)| s < e) {
                        prop_assert!(board.supervisor.append(P0, start, end, attempt).is_some());
                    }
                },
                _ => {}
            }
            let done = ran.iter().filter(|&&times| times > 0).count() as u64;
            prop_assert_eq!(board.done_elements(P0), done);
        }
        held.extend(std::iter::from_fn(|| board.worker.claim(B)));
        held.into_iter().for_each(|lease| finish(lease, &mut ran));
        prop_assert!(ran.iter().all(|&times| times == 1), "{:?}", ran);
        prop_assert_eq!(board.done_elements(P0), at);
    }
}
