//! The board's rules, one at a time.
use super::{board, complete, stage};
use crate::board::{BoardSpec, ChunkState, Control, Output, Span, StageSpec, MAX_ELEMENTS, MAX_WORKERS};
use crate::id::{ChunkId, StageId, WorkerId};
use crate::policy::{Policy, Schedule};

const P0: StageId = StageId(0);
const P1: StageId = StageId(1);
const A: WorkerId = WorkerId(0);
const B: WorkerId = WorkerId(1);

#[test]
fn nothing_is_claimed_before_a_pass_opens_nor_after_stop() {
    let (board, _memory) = board(2, vec![stage(10, 4)], b"");
    assert_eq!(board.claim(A), None);
    board.open(P0);
    assert!(board.claim(A).is_some());
    board.set_control(Control::Stop);
    assert_eq!(board.control(), Control::Stop);
    assert_eq!(board.claim(A), None);
    board.set_control(Control::Go);
    assert!(board.claim(A).is_some());
    assert_eq!(board.claim(WorkerId(2)), None, "a place that the board does not have");
}

#[test]
fn the_log_is_cut_where_the_last_claim_ended() {
    let (board, _memory) = board(2, vec![stage(10, 4)], b"");
    board.open(P0);
    let got: Vec<_> = std::iter::from_fn(|| board.claim(A)).map(|lease| (lease.start, lease.end)).collect();
    assert_eq!(got, [(0, 4), (4, 8), (8, 10)]);
    let chunks: Vec<_> =
        board.chunks(P0).iter().map(|chunk| (chunk.chunk.0, chunk.start, chunk.end)).collect();
    assert_eq!(chunks, [(0, 0, 4), (1, 4, 8), (2, 8, 10)]);
}

#[test]
fn passes_are_taken_lowest_first() {
    let (board, _memory) = board(2, vec![stage(2, 1), stage(1, 1)], b"");
    board.open(P1);
    assert_eq!(board.claim(A).map(|lease| lease.stage), Some(P1));
    board.open(P0);
    assert_eq!(board.claim(A).map(|lease| lease.stage), Some(P0));
    assert_eq!(board.claim(A).map(|lease| lease.stage), Some(P0));
    assert_eq!(board.claim(A), None);
}

#[test]
fn a_completed_chunk_says_where_its_results_are() {
    let (board, _memory) = board(2, vec![stage(5, 5)], b"");
    board.open(P0);
    let lease = board.claim(B).expect("a chunk");
    assert_eq!(board.done_elements(P0), 0);
    let output = Output { at: board.reserve_output(P0, 100).expect("room"), len: 100 };
    let notes = Output { at: board.reserve_output(P0, 1).expect("room"), len: 1 };
    let span = Span { started_ns: 5, ended_ns: 9 };
    assert!(board.complete(&lease, output, notes, span));
    assert!(!board.complete(&lease, output, notes, span), "a lease ends once");
    let chunk = board.chunks(P0)[0];
    assert_eq!((chunk.state, chunk.worker, chunk.output.at), (ChunkState::Done, B, 0));
    assert_eq!((chunk.notes.at, chunk.span, chunk.failed), (128, span, None));
    assert_eq!(board.done_elements(P0), 5);
}

#[test]
fn a_failed_chunk_says_which_element_and_counts_for_nothing() {
    let (board, _memory) = board(2, vec![stage(5, 5)], b"");
    board.open(P0);
    let lease = board.claim(A).expect("a chunk");
    assert!(board.fail(&lease, 3, Output { at: 64, len: 8 }, Output::default(), Span::default()));
    let chunk = board.chunks(P0)[0];
    assert_eq!(
        (chunk.state, chunk.failed, chunk.output),
        (ChunkState::Failed, Some(3), Output { at: 64, len: 8 })
    );
    assert_eq!(board.done_elements(P0), 0);
}

#[test]
fn a_dead_workers_chunk_names_its_element_and_is_run_again_first() {
    let (board, _memory) = board(2, vec![stage(30, 10)], b"");
    board.open(P0);
    let dead = board.claim(A).expect("a chunk");
    board.element(A, 7);
    let held = board.recover(A);
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].lease, held[0].element), (dead, Some(7)));
    assert!(!complete(&board, &dead), "the lease was taken back");
    assert!(!board.revoke(&dead), "only once");
    assert_eq!(board.at_work(A), None, "the place is clear for the next worker");

    let again = board.append(P0, 0, 7, 1).expect("room");
    let lease = board.claim(B).expect("a chunk");
    assert_eq!((lease.chunk, lease.start, lease.end, lease.attempt), (again, 0, 7, 1));
    assert!(complete(&board, &lease));
    assert_eq!(board.claim(B).map(|lease| lease.start), Some(10), "then what nobody ran");
    assert_eq!(board.done_elements(P0), 7);
    assert_eq!(board.chunks(P0)[0].state, ChunkState::Lost);
}

#[test]
fn a_death_between_elements_blames_none() {
    let (board, _memory) = board(2, vec![stage(30, 10)], b"");
    board.open(P0);
    board.claim(A).expect("a chunk");
    assert_eq!(board.leases_of(A)[0].element, None, "before the first element");
    board.element(A, 9);
    board.between_elements(A);
    assert_eq!(board.leases_of(A)[0].element, None, "while results are written");
    board.element(A, 25);
    assert_eq!(board.leases_of(A)[0].element, None, "an element that is not in the chunk");
}

#[test]
fn completed_work_survives_a_death() {
    let (board, _memory) = board(2, vec![stage(4, 2)], b"");
    board.open(P0);
    let first = board.claim(A).expect("a chunk");
    assert!(complete(&board, &first));
    assert_eq!(board.recover(A), []);
    assert_eq!(board.done_elements(P0), 2);
}

#[test]
fn extras_have_an_end_and_only_take_ranges_of_the_pass() {
    let spec = StageSpec { extra_capacity: 2, ..stage(10, 10) };
    let (board, _memory) = board(1, vec![spec], b"");
    assert_eq!(board.append(P0, 3, 3, 0), None);
    assert_eq!(board.append(P0, 3, 11, 0), None);
    assert_eq!(board.append(StageId(1), 0, 1, 0), None);
    assert_eq!(board.append(P0, 0, 1, 0), Some(ChunkId(1)));
    assert_eq!(board.append(P0, 1, 2, 0), Some(ChunkId(2)));
    assert_eq!(board.append(P0, 2, 3, 0), None, "full");
}

#[test]
fn a_log_that_is_too_short_still_takes_all() {
    for schedule in [Schedule::Auto, Schedule::Guided, Schedule::Factoring, Schedule::Fixed, Schedule::Static]
    {
        let policy = Policy { chunk: 1, ..Policy::of(schedule) };
        let spec = StageSpec { elements: 1_000, policy, log_capacity: 7, extra_capacity: 1 };
        let (board, _memory) = board(2, vec![spec], b"");
        board.open(P0);
        while let Some(lease) = board.claim(A) {
            assert!(complete(&board, &lease));
        }
        assert_eq!(board.done_elements(P0), 1_000, "{schedule:?}");
    }
}

#[test]
fn an_empty_pass_has_nothing_to_claim() {
    let (board, _memory) = board(1, vec![stage(0, 1)], b"");
    board.open(P0);
    assert_eq!(board.claim(A), None);
    assert_eq!((board.done_elements(P0), board.chunks(P0).len()), (0, 0));
}

#[test]
fn the_payload_reaches_whoever_attaches() {
    let (board, memory) = board(3, vec![stage(1, 1), stage(2, 1)], b"what all must know");
    // SAFETY: the memory lives to the end of the test and is used by boards only.
    let other = unsafe { crate::board::Board::attach(memory.base, memory.len) }.expect("a board");
    assert_eq!(other.payload(), b"what all must know");
    assert_eq!((other.workers(), other.stages()), (3, 2));
    assert_eq!((other.elements(P1), other.elements(StageId(2))), (Some(2), None));
    board.open(P1);
    assert_eq!(other.claim(A).map(|lease| lease.stage), Some(P1));
}

#[test]
fn shapes_beyond_the_words_fields_are_refused() {
    let bytes = |workers, elements| {
        BoardSpec { workers, stages: vec![StageSpec { elements, ..stage(1, 1) }], payload: b"" }.bytes()
    };
    assert!(bytes(MAX_WORKERS, MAX_ELEMENTS).is_ok());
    assert!(bytes(MAX_WORKERS + 1, 1).is_err());
    assert!(bytes(0, 1).is_err());
    assert!(bytes(1, MAX_ELEMENTS + 1).is_err());
}

#[test]
fn the_largest_pass_and_worker_fit_the_word() {
    let (board, _memory) = board(MAX_WORKERS, vec![stage(MAX_ELEMENTS, MAX_ELEMENTS)], b"");
    board.open(P0);
    let last = WorkerId(MAX_WORKERS - 1);
    let lease = board.claim(last).expect("a chunk");
    assert_eq!((lease.start, lease.end), (0, MAX_ELEMENTS));
    assert_eq!(board.leases_of(last)[0].lease, lease);
    assert!(complete(&board, &lease));
    assert_eq!(board.done_elements(P0), MAX_ELEMENTS);
}
