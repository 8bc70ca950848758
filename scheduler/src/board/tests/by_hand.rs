//! The board's rules, one at a time.
use super::{at, attach, board, complete, stage, Both};
use crate::board::{
    BoardSpec, ChunkState, Control, Delivered, ElementPosition, Output, Span, StageSpec, StepReport,
    MAX_ELEMENTS, MAX_STEPS, MAX_WORKERS,
};
use crate::id::{ChunkId, StageId, WorkerId};
use crate::policy::{Policy, Schedule};

const P0: StageId = StageId(0);
const P1: StageId = StageId(1);
const A: WorkerId = WorkerId(0);
const B: WorkerId = WorkerId(1);

#[test]
fn nothing_is_claimed_before_a_stage_opens_nor_after_stop() {
    let (board, _memory) = board(2, vec![stage(10, 4)], b"");
    assert_eq!(board.worker.claim(A), None);
    board.supervisor.open(P0);
    assert!(board.worker.claim(A).is_some());
    board.supervisor.set_control(Control::Stop);
    assert_eq!(board.control(), Control::Stop);
    assert_eq!(board.worker.claim(A), None);
    board.supervisor.set_control(Control::Go);
    assert!(board.worker.claim(A).is_some());
    assert_eq!(board.worker.claim(WorkerId(2)), None, "a place that the board does not have");
    assert!(board.worker.claim(B).is_some(), "and which says nothing about the others");
}

#[test]
fn a_place_that_was_shut_claims_nothing_and_what_it_had_is_taken_back() {
    let (board, _memory) = board(2, vec![stage(10, 4)], b"");
    board.supervisor.open(P0);
    let held = board.worker.claim(A).expect("a chunk");
    assert_eq!(board.supervisor.shut_out(A).iter().map(|held| held.lease).collect::<Vec<_>>(), [held]);
    assert!(!complete(&board.worker, &held), "its results do not count");
    assert_eq!((board.worker.claim(A), board.worker.claim_from(A, P0, |_, end| end)), (None, None));
    assert_eq!(board.supervisor.shut_out(A), []);
    assert!(board.worker.claim(B).is_some(), "the others go on");
}

#[test]
fn the_log_is_cut_where_the_last_claim_ended() {
    let (board, _memory) = board(2, vec![stage(10, 4)], b"");
    board.supervisor.open(P0);
    let got: Vec<_> =
        std::iter::from_fn(|| board.worker.claim(A)).map(|lease| (lease.start, lease.end)).collect();
    assert_eq!(got, [(0, 4), (4, 8), (8, 10)]);
    let chunks: Vec<_> =
        board.chunks(P0).iter().map(|chunk| (chunk.chunk.0, chunk.start, chunk.end)).collect();
    assert_eq!(chunks, [(0, 0, 4), (1, 4, 8), (2, 8, 10)]);
}

#[test]
fn what_is_not_there_is_not_taken() {
    let claims = |board: &Both| -> Vec<(u64, u64)> {
        std::iter::from_fn(|| board.worker.claim(A)).map(|lease| (lease.start, lease.end)).collect()
    };
    let (board, _memory) = board(2, vec![StageSpec { align: 2, ..stage(11, 3) }], b"");
    board.supervisor.set_there(P0, 3);
    board.supervisor.open(P0);
    assert!(!board.offers(P0), "less than is claimed at a time");
    board.supervisor.set_there(P0, 7);
    assert_eq!(claims(&board), [(0, 4)], "a chunk of a fixed size is whole");
    assert!(!board.offers(P0) && !board.worker.is_through(P0));
    board.supervisor.set_there(P0, u64::MAX);
    assert_eq!(claims(&board), [(4, 8), (8, 11)]);
    let auto = StageSpec::new(20, Policy::of(Schedule::Guided), 2);
    let (board, _memory) = super::board(2, vec![StageSpec { align: 2, log_capacity: 5, ..auto }], b"");
    board.supervisor.set_there(P0, 7);
    board.supervisor.open(P0);
    assert_eq!(claims(&board), [(0, 6)], "any other ends where the data does");
    board.supervisor.set_there(P0, 9);
    assert_eq!(claims(&board), [(6, 8)]);
    let (board, _memory) = super::board(2, vec![StageSpec { log_capacity: 2, ..stage(10, 1) }], b"");
    board.supervisor.set_there(P0, 5);
    board.supervisor.open(P0);
    assert_eq!(claims(&board), [(0, 5)], "the last entry takes all, so it waits for all");
    assert!(!board.offers(P0));
    board.supervisor.set_there(P0, 10);
    assert_eq!(claims(&board), [(5, 10)]);
}

#[test]
fn stages_are_taken_lowest_first() {
    let (board, _memory) = board(2, vec![stage(2, 1), stage(1, 1)], b"");
    board.supervisor.open(P1);
    assert_eq!(board.worker.claim(A).map(|lease| lease.stage), Some(P1));
    board.supervisor.open(P0);
    assert_eq!(board.worker.claim(A).map(|lease| lease.stage), Some(P0));
    assert_eq!(board.worker.claim(A).map(|lease| lease.stage), Some(P0));
    assert_eq!(board.worker.claim(A), None);
}

#[test]
fn a_completed_chunk_says_where_its_results_are() {
    let (board, _memory) = board(2, vec![stage(5, 5)], b"");
    board.supervisor.open(P0);
    let lease = board.worker.claim(B).expect("a chunk");
    assert_eq!(board.done_elements(P0), 0);
    let output =
        Output { at: board.worker.reserve_output(P0, 0, 100).expect("room"), len: 100, ..Output::default() };
    let notes =
        Output { at: board.worker.reserve_output(P0, 0, 1).expect("room"), len: 1, ..Output::default() };
    let span = Span { started_ns: 5, ended_ns: 9 };
    let delivered = Delivered { outputs: &[output], notes, span, steps: &[] };
    assert!(board.worker.complete(&lease, &delivered));
    assert!(!board.worker.complete(&lease, &delivered), "a lease ends once");
    let chunk = board.chunks(P0)[0];
    assert_eq!((chunk.state, chunk.worker), (ChunkState::Done, B));
    assert_eq!(board.output(P0, chunk.chunk, 0), Some(Output { at: 0, len: 100, ..Output::default() }));
    assert_eq!((chunk.notes.at, chunk.span, chunk.failed), (128, span, None));
    assert_eq!(board.done_elements(P0), 5);
}

#[test]
fn a_failed_chunk_says_which_element_and_counts_for_nothing() {
    let (board, _memory) = board(2, vec![stage(5, 5)], b"");
    board.supervisor.open(P0);
    let lease = board.worker.claim(A).expect("a chunk");
    assert!(board.worker.fail(
        &lease,
        at(3),
        Output { at: 64, len: 8, ..Output::default() },
        Output::default(),
        Span::default()
    ));
    let chunk = board.chunks(P0)[0];
    assert_eq!(
        (chunk.state, chunk.failed, chunk.error),
        (ChunkState::Failed, Some(at(3)), Output { at: 64, len: 8, ..Output::default() })
    );
    assert_eq!(board.done_elements(P0), 0);
}

#[test]
fn a_dead_workers_chunk_names_its_element_and_is_run_again_first() {
    let (board, _memory) = board(2, vec![stage(30, 10)], b"");
    board.supervisor.open(P0);
    let dead = board.worker.claim(A).expect("a chunk");
    board.worker.element(A, at(7));
    let held = board.supervisor.recover(A);
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].lease, held[0].position), (dead, Some(at(7))));
    assert!(!complete(&board.worker, &dead), "the lease was taken back");
    assert!(!board.supervisor.revoke(&dead), "only once");
    assert_eq!(board.at_work(A), None, "the place is clear for the next worker");

    let again = board.supervisor.append(P0, 0, 7, 1).expect("room");
    let lease = board.worker.claim(B).expect("a chunk");
    assert_eq!((lease.chunk, lease.start, lease.end, lease.attempt), (again, 0, 7, 1));
    assert!(complete(&board.worker, &lease));
    assert_eq!(board.worker.claim(B).map(|lease| lease.start), Some(10), "then what nobody ran");
    assert_eq!(board.done_elements(P0), 7);
    assert_eq!(board.chunks(P0)[0].state, ChunkState::Lost);
}

#[test]
fn a_death_between_elements_blames_none() {
    let (board, _memory) = board(2, vec![stage(30, 10)], b"");
    board.supervisor.open(P0);
    board.worker.claim(A).expect("a chunk");
    assert_eq!(board.leases_of(A)[0].position, None, "before the first element");
    board.worker.element(A, at(9));
    board.worker.between_elements(A);
    assert_eq!(board.leases_of(A)[0].position, None, "while results are written");
    board.worker.element(A, at(25));
    assert_eq!(board.leases_of(A)[0].position, None, "an element that is not in the chunk");
}

#[test]
fn completed_work_survives_a_death() {
    let (board, _memory) = board(2, vec![stage(4, 2)], b"");
    board.supervisor.open(P0);
    let first = board.worker.claim(A).expect("a chunk");
    assert!(complete(&board.worker, &first));
    assert_eq!(board.supervisor.recover(A), []);
    assert_eq!(board.done_elements(P0), 2);
}

#[test]
fn extras_have_an_end_and_only_take_ranges_of_the_stage() {
    let spec = StageSpec { appended_capacity: 2, ..stage(10, 10) };
    let (board, _memory) = board(1, vec![spec], b"");
    assert_eq!(board.supervisor.append(P0, 3, 3, 0), None);
    assert_eq!(board.supervisor.append(P0, 3, 11, 0), None);
    assert_eq!(board.supervisor.append(StageId(1), 0, 1, 0), None);
    assert_eq!(board.supervisor.append(P0, 0, 1, 0), Some(ChunkId(1)));
    assert_eq!(board.supervisor.append(P0, 1, 2, 0), Some(ChunkId(2)));
    assert_eq!(board.supervisor.append(P0, 2, 3, 0), None, "full");
}

#[test]
fn a_log_that_is_too_short_still_takes_all() {
    for schedule in [Schedule::Auto, Schedule::Guided, Schedule::Factoring, Schedule::Fixed, Schedule::Static]
    {
        let policy = Policy { chunk: 1, ..Policy::of(schedule) };
        let spec =
            StageSpec { elements: 1_000, policy, log_capacity: 7, appended_capacity: 1, ..stage(1, 1) };
        let (board, _memory) = board(2, vec![spec], b"");
        board.supervisor.open(P0);
        while let Some(lease) = board.worker.claim(A) {
            assert!(complete(&board.worker, &lease));
        }
        assert_eq!(board.done_elements(P0), 1_000, "{schedule:?}");
    }
}

#[test]
fn an_empty_stage_has_nothing_to_claim() {
    let (board, _memory) = board(1, vec![stage(0, 1)], b"");
    board.supervisor.open(P0);
    assert_eq!(board.worker.claim(A), None);
    assert_eq!((board.done_elements(P0), board.chunks(P0).len()), (0, 0));
}

#[test]
fn the_payload_reaches_whoever_attaches() {
    let (board, memory) = board(3, vec![stage(1, 1), stage(2, 1)], b"what all must know");
    let other = attach(&memory);
    assert_eq!(other.payload(), b"what all must know");
    assert_eq!((other.workers(), other.stages()), (3, 2));
    assert_eq!((other.elements(P1), other.elements(StageId(2))), (Some(2), None));
    board.supervisor.open(P1);
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
    let steps = |steps, align| {
        let stages = vec![StageSpec { steps, align, ..stage(1, 1) }];
        BoardSpec { workers: 1, stages, payload: b"" }.bytes()
    };
    assert!(steps(MAX_STEPS, 1).is_ok());
    assert!(steps(MAX_STEPS + 1, 1).is_err());
    assert!(steps(0, 1).is_err());
    assert!(steps(1, 0).is_err());
}

#[test]
fn the_largest_stage_and_worker_fit_the_word() {
    let (board, _memory) = board(MAX_WORKERS, vec![stage(MAX_ELEMENTS, MAX_ELEMENTS)], b"");
    board.supervisor.open(P0);
    let last = WorkerId(MAX_WORKERS - 1);
    let lease = board.worker.claim(last).expect("a chunk");
    assert_eq!((lease.start, lease.end), (0, MAX_ELEMENTS));
    assert_eq!(board.leases_of(last)[0].lease, lease);
    assert!(complete(&board.worker, &lease));
    assert_eq!(board.done_elements(P0), MAX_ELEMENTS);
}

#[test]
fn a_chunk_says_where_each_of_its_outputs_lies_and_what_each_step_did() {
    let spec = StageSpec { outputs: 2, steps: 3, ..stage(6, 3) };
    let (board, _memory) = board(1, vec![stage(1, 1), spec], b"");
    board.supervisor.open(P1);
    for nth in 0..2 {
        let lease = board.worker.claim(A).expect("a chunk");
        let outputs = [
            Output { at: 64 * nth, len: 3, ..Output::default() },
            Output { at: 128 * nth, len: 100, ..Output::default() },
        ];
        let step =
            |from: u64| StepReport { span: Span { started_ns: from, ended_ns: from + 10 }, busy_ns: 5 + nth };
        let steps = [step(1), step(2), step(3)];
        let delivered = Delivered { outputs: &outputs, steps: &steps, ..Delivered::default() };
        assert!(board.worker.complete(&lease, &delivered));
        let found = [0, 1].map(|output| board.output(P1, lease.chunk, output).expect("an output"));
        assert_eq!(found, outputs);
        assert_eq!([0, 1, 2].map(|step| board.step(P1, lease.chunk, step).expect("a step")), steps);
    }
    assert_eq!(board.output(P1, ChunkId(0), 1).map(|output| output.at), Some(0), "each chunk its own");
    assert_eq!((board.output(P1, ChunkId(0), 2), board.step(P1, ChunkId(0), 3)), (None, None));
    assert_eq!(board.step(P0, ChunkId(0), 0), None, "the time of the only step is the chunk's");
    assert_eq!(board.output(P1, ChunkId(u32::MAX), 0), None);
    let read = |chunk, nth, results| board.worker.count_read(P1, ChunkId(chunk), nth, results);
    assert_eq!(
        (read(0, 1, 2), read(1, 1, 1), read(0, 1, 1), read(0, 0, 3)),
        (Some(2), Some(1), Some(3), Some(3))
    );
    assert_eq!((read(0, 2, 1), read(u32::MAX, 0, 1)), (None, None));
    assert_eq!(board.output(P1, ChunkId(1), 1).map(|output| output.at), Some(128), "as it was");
}

#[test]
fn chunks_begin_at_multiples_of_the_alignment() {
    let (board, _memory) = board(2, vec![StageSpec { align: 16, ..stage(50, 3) }], b"");
    board.supervisor.open(P0);
    let cut = |end| board.worker.claim_from(A, P0, |_, _| end).map(|lease| (lease.start, lease.end));
    assert_eq!(board.worker.claim(A).map(|lease| (lease.start, lease.end)), Some((0, 16)), "3 are made 16");
    assert_eq!(cut(33), Some((16, 48)), "whatever is asked for");
    assert_eq!(cut(49), Some((48, 50)), "the last one ends where the stage does");
    assert_eq!(cut(60), None);
}

#[test]
fn a_bite_ends_where_the_worker_says() {
    let (board, _memory) = board(1, vec![StageSpec { log_capacity: 100, ..stage(100, 10) }], b"");
    board.supervisor.open(P0);
    let lease = board.worker.claim_from(A, P0, |start, end| {
        assert_eq!((start, end), (0, 10));
        7
    });
    assert_eq!(lease.map(|lease| lease.end), Some(7));
    let lease = board.worker.claim_from(A, P0, |start, end| {
        assert_eq!((start, end), (7, 17));
        0
    });
    assert_eq!(lease.map(|lease| lease.end), Some(8), "at least one element");
    assert_eq!(board.worker.claim_from(A, P0, |_, _| u64::MAX).map(|lease| lease.end), Some(100));
}

#[test]
fn the_next_stage_is_an_open_one_with_something_to_claim_and_workers_spread_over_them() {
    let (board, _memory) = board(2, vec![stage(2, 1), stage(0, 1), stage(1, 1)], b"");
    assert_eq!(board.worker.next_stage(A), None, "none is open");
    (0..3).map(StageId).for_each(|stage| board.supervisor.open(stage));
    assert_eq!(
        (board.worker.next_stage(A), board.worker.next_stage(B)),
        (Some(P0), Some(StageId(2))),
        "side by side"
    );
    assert_eq!(
        board.worker.claim_from(A, StageId(2), |_, end| end).map(|lease| lease.stage),
        Some(StageId(2))
    );
    let held = board.worker.claim(A).expect("a chunk");
    board.worker.claim(B).expect("a chunk");
    assert_eq!(board.worker.next_stage(A), None, "all is taken");
    assert_eq!(board.worker.claim_from(A, P0, |_, end| end), None);
    board.supervisor.append(P0, held.start, held.end, 1).expect("room");
    assert_eq!(board.worker.next_stage(B), Some(P0), "to be run again");
    board.supervisor.set_control(Control::Stop);
    assert_eq!((board.worker.next_stage(A), board.worker.claim_from(A, P0, |_, end| end)), (None, None));
}

#[test]
fn the_step_that_was_at_an_element_is_known_after_a_death() {
    let (board, _memory) = board(1, vec![StageSpec { steps: 3, ..stage(8, 4) }], b"");
    board.supervisor.open(P0);
    board.worker.claim(A).expect("a chunk");
    let position = ElementPosition { step: 2, element: 3 };
    board.worker.element(A, position);
    assert_eq!(board.at_work(A), Some((P0, ChunkId(0), Some(position))));
    assert_eq!(board.supervisor.recover(A)[0].position, Some(position));
    let lease = board.worker.claim(A).expect("a chunk");
    let last = ElementPosition { step: MAX_STEPS - 1, element: 7 };
    assert!(board.worker.fail(&lease, last, Output::default(), Output::default(), Span::default()));
    assert_eq!(board.failures(P0).iter().map(|chunk| chunk.failed).collect::<Vec<_>>(), [Some(last)]);
}

#[test]
fn the_account_knows_what_the_pages_hold_and_held() {
    let (board, memory) = board(1, vec![StageSpec { outputs: 2, ..stage(2, 1) }], b"");
    let worker = attach(&memory);
    board.supervisor.take_bytes(1_000);
    assert_eq!(worker.reserve_output(P0, 0, 10), Some(0));
    assert_eq!(worker.reserve_output(P0, 1, 65), Some(0), "each output its own page");
    assert_eq!(worker.reserve_output(P0, 0, 64), Some(64), "whole lines");
    assert_eq!((board.live_bytes(), board.peak_bytes()), (1_256, 1_256));
    worker.return_output(P0, 0, 10);
    assert_eq!((board.written(P0, 0), board.written(P0, 1)), ((128, 64), (128, 0)));
    board.supervisor.give_bytes(1_000);
    assert_eq!((board.live_bytes(), board.peak_bytes()), (192, 1_256));
    assert_eq!(worker.reserve_output(P0, 2, 1), None);
    assert_eq!(worker.reserve_output(P0, 0, u64::MAX), None);
    assert_eq!(board.live_bytes(), 192, "what was refused takes nothing");
    board.supervisor.close_output(P0, 0);
    assert_eq!(board.live_bytes(), 128, "what was left of the first");
    worker.return_output(P0, 0, 64);
    board.supervisor.close_output(P0, 0);
    assert_eq!(board.live_bytes(), 128, "the page went first: its last pieces are not counted twice");
    assert_eq!(board.written(P0, 0), (128, 128));
    assert_eq!(worker.reserve_output(P0, 0, 64), None, "nobody takes room in a page that is gone");
    assert_eq!((board.live_bytes(), board.peak_bytes()), (128, 1_256));
    assert_eq!(board.written(P0, 0), (128, 128), "as it was");
}
