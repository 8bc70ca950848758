//! A board that something wrote over: an error or wrong numbers, never a panic or a reference outside of it.
use super::{board, complete, stage, Both, Memory};
use crate::board::{BoardReader, StageSpec, SupervisorBoard, WorkerBoard};
use crate::error::Error;
use crate::id::{StageId, WorkerId};
use proptest::prelude::*;

/// Attaches to a copy of `memory` that `change` was let at.
fn attach_changed(memory: &Memory, change: impl FnOnce(&mut [u8])) -> (Result<Both, Error>, Memory) {
    let copy = Memory::new(memory.len);
    // SAFETY: both are `len` bytes long, and nobody else uses them meanwhile.
    unsafe {
        copy.base.copy_from_nonoverlapping(memory.base, memory.len);
        change(std::slice::from_raw_parts_mut(copy.base, copy.len));
    }
    // SAFETY: the copy is returned with the board.
    let attached = unsafe { WorkerBoard::attach(copy.base, copy.len) };
    let attached = attached.map(|worker| {
        // SAFETY: as above; it was a board just now.
        let reader = unsafe { BoardReader::attach(copy.base, copy.len) }.expect("a board");
        Both { supervisor: SupervisorBoard { reader }, worker }
    });
    // SAFETY: as above; what was found is dropped here.
    let found = unsafe { BoardReader::look(copy.base, copy.len) };
    assert!(attached.is_ok() || !matches!(found, Ok(Some(_))), "who looks is not told more than who joins");
    (attached, copy)
}

/// All that reads or changes a board.
fn use_it(board: &Both) {
    let _ = board.payload().iter().map(|&byte| u64::from(byte)).sum::<u64>();
    for stage in (0..board.stages().min(4)).map(StageId) {
        board.supervisor.open(stage);
    }
    for worker in (0..board.workers().min(4)).map(WorkerId) {
        let _ = (board.at_work(worker), board.presence(worker));
        if let Some(lease) = board.worker.claim(worker) {
            board.worker.begin(&lease, 1);
            let _ = board.worker.complete(&lease, &Default::default());
            let _ = (board.output(lease.stage, lease.chunk, 0), board.step(lease.stage, lease.chunk, 1));
        }
        let _ = board.worker.claim(worker);
        let _ = board.supervisor.recover(worker);
    }
    for stage in (0..board.stages().min(4)).map(StageId) {
        let _ = board.supervisor.append(stage, 0, 1, 0);
        let _ = (board.worker.reserve_output(stage, 0, 100), board.written(stage, 1));
        board.worker.return_output(stage, 0, 100);
        let _ = (board.done_elements(stage), board.chunks(stage).len());
    }
}

fn sample() -> (Both, Memory) {
    let (board, memory) =
        board(2, vec![stage(20, 3), StageSpec { align: 2, outputs: 2, steps: 3, ..stage(7, 2) }], b"payload");
    board.supervisor.open(StageId(0));
    board.supervisor.set_begun(1);
    let lease = board.worker.claim(WorkerId(0)).expect("a chunk");
    assert!(complete(&board.worker, &lease));
    board.worker.claim(WorkerId(1)).expect("a chunk");
    board.supervisor.append(StageId(0), 0, 2, 1).expect("room");
    (board, memory)
}

#[test]
fn what_is_no_board_is_refused() {
    let (_board, memory) = sample();
    let damaged =
        |change: fn(&mut [u8])| matches!(attach_changed(&memory, change).0, Err(Error::Damaged { .. }));
    assert!(!damaged(|_| ()));
    assert!(damaged(|bytes| bytes[0] ^= 1), "magic");
    assert!(damaged(|bytes| bytes[8] = bytes[8].wrapping_add(1)), "version");
    assert!(damaged(|bytes| bytes[12] = 200), "workers");
    assert!(damaged(|bytes| bytes[16..20].fill(255)), "stages");
    assert!(damaged(|bytes| bytes[24] = bytes[24].wrapping_add(64)), "bytes");
    assert!(damaged(|bytes| bytes[32] = bytes[32].wrapping_add(100)), "the payload's length");
    let refused = |base: *mut u8, len: usize| {
        // SAFETY: refused before anything beyond the header is read.
        unsafe { WorkerBoard::attach(base, len) }.is_err()
    };
    assert!(refused(memory.base, 100), "too short");
    assert!(refused(memory.base.wrapping_add(8), memory.len - 8), "not aligned");
    assert!(refused(std::ptr::null_mut(), memory.len), "no memory");
}

proptest! {
    #[test]
    fn any_bytes_changed_give_an_error_or_a_board_that_holds(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        in_head in any::<bool>(),
    ) {
        let (_board, memory) = sample();
        let (attached, _copy) = attach_changed(&memory, |bytes| {
            // The first 1,280 bytes hold all that attaching reads: header, slots and heads are 960.
            let area = if in_head { 1_280 } else { bytes.len() };
            for (index, byte) in &changes {
                bytes[index.index(area)] = *byte;
            }
        });
        if let Ok(board) = attached {
            use_it(&board);
        }
    }
}

/// The word of entry `index` of the log of stage 0 is set to what a worker that is wrong may write.
fn set_end(board: &Both, index: usize, end: u64) {
    use crate::board::word::{ChunkState, Word};
    let stage = board.stage(StageId(0)).expect("a stage");
    let word = Word::new(end, WorkerId(0), 0, ChunkState::Done);
    board.log(stage).records[index].word.store(word.0, std::sync::atomic::Ordering::Release);
}

#[test]
fn a_chunk_that_begins_at_the_last_number_there_is_is_refused() {
    use crate::board::word::{ChunkState, Word};
    let (board, _memory) = sample();
    let stage = board.stage(StageId(0)).expect("a stage");
    let appended = board.appended(stage);
    appended.starts[0].store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
    for state in [ChunkState::Done, ChunkState::Failed] {
        let word = Word::new(2, WorkerId(0), 0, state);
        appended.records[0].word.store(word.0, std::sync::atomic::Ordering::Release);
        let is_refused = matches!(board.results(StageId(0)), Err(Error::Damaged { .. }));
        assert_eq!((is_refused, board.failures(StageId(0)).len()), (state == ChunkState::Done, 0));
    }
}

/// Who reads chunks finds their workers in lists as long as the board has places.
#[test]
fn a_chunk_of_a_worker_that_cannot_be_is_not_shown() {
    use crate::board::word::{ChunkState, Word};
    let (board, _memory) = board(2, vec![stage(7, 4)], b"");
    let show = |worker: u32| {
        let word = Word::new(4, WorkerId(worker), 0, ChunkState::Done);
        let stage = board.stage(StageId(0)).expect("a stage");
        board.log(stage).records[0].word.store(word.0, std::sync::atomic::Ordering::Release);
        board.chunks(StageId(0)).len()
    };
    assert_eq!((show(1), show(2), show(5_000)), (1, 0, 0));
}

#[test]
fn results_that_lie_beyond_their_stage_or_meet_are_damage() {
    let (board, _memory) = board(1, vec![stage(7, 4)], b"");
    board.supervisor.open(StageId(0));
    for _ in 0..2 {
        let lease = board.worker.claim(WorkerId(0)).expect("a chunk");
        assert!(complete(&board.worker, &lease));
    }
    let ranges = |board: &Both| {
        let results = board.results(StageId(0))?;
        Ok::<_, Error>(results.iter().map(|chunk| (chunk.start, chunk.end)).collect::<Vec<_>>())
    };
    assert_eq!(ranges(&board).expect("no damage"), [(0, 4), (4, 7)]);
    let known = board.chunks(StageId(0)).len();
    // [0, 10), [10, 7).
    set_end(&board, 0, 10);
    assert!(board.is_done(StageId(0)));
    assert!(matches!(ranges(&board), Err(Error::Damaged { .. })));
    assert_eq!((known, board.chunks(StageId(0)).len()), (2, 0), "no view shows what is not there");
    // [0, 4), [4, 9).
    set_end(&board, 0, 4);
    set_end(&board, 1, 9);
    let message = ranges(&board).expect_err("beyond the stage").to_string();
    assert!(message.contains("chunk 1 of stage 0 cannot be elements 5 to 9 of 7"), "{message}");
    assert_eq!(board.chunks(StageId(0)).len(), 1);
    // [0, 4), [4, 4).
    set_end(&board, 1, 4);
    assert!(matches!(ranges(&board), Err(Error::Damaged { .. })));
    assert!(board.is_done(StageId(0)), "no run waits for ever for what is counted");
}

#[test]
fn results_that_cut_what_belongs_together_or_overlap_are_damage() {
    let (board, _memory) = board(1, vec![StageSpec { align: 2, ..stage(8, 4) }], b"");
    board.supervisor.open(StageId(0));
    let lease = board.worker.claim(WorkerId(0)).expect("a chunk");
    assert!(complete(&board.worker, &lease));
    assert!(board.results(StageId(0)).is_ok());
    set_end(&board, 0, 3);
    assert!(matches!(board.results(StageId(0)), Err(Error::Damaged { .. })), "a block is cut");
    set_end(&board, 0, 4);
    board.supervisor.append(StageId(0), 2, 4, 1).expect("room");
    let lease = board.worker.claim(WorkerId(0)).expect("a chunk");
    assert!(complete(&board.worker, &lease));
    assert!(matches!(board.results(StageId(0)), Err(Error::Damaged { .. })), "both have elements 3 and 4");
}
