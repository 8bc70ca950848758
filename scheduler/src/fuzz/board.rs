//! Boards: one that somebody else made, and one of ours that others write to.
use std::hint::black_box;

use super::{Aligned, Input};
use crate::board::{
    reserved, Activity, BoardReader, BoardSpec, Control, Delivered, ElementPosition, Lease, Output, Span,
    StageSpec, StepReport, SupervisorBoard, WorkerBoard,
};
use crate::id::{ChunkId, StageId, WorkerId};
use crate::policy::{Policy, Schedule};

/// Stages, workers and chunks that are looked at, of boards that say they have many.
const SOME: u32 = 4;

/// A board that was found: looked at, joined, and worked on.
pub(super) fn found(bytes: &[u8]) {
    let mut memory = Aligned::new(bytes);
    let (base, len) = (memory.base(), memory.len());
    // SAFETY: the memory lives to the end of this function, and boards alone use it.
    if let Ok(Some(reader)) = unsafe { BoardReader::look(base, len) } {
        look_at(&reader);
    }
    // SAFETY: as above.
    if let Ok(board) = unsafe { WorkerBoard::attach(base, len) } {
        look_at(&board);
        for worker in (0..SOME).map(WorkerId) {
            work(&board, worker);
        }
        look_at(&board);
    }
}

/// A board of ours, to which others write: the bytes say what is written where, and what its supervisor and a worker do between.
pub(super) fn written(bytes: &[u8]) {
    let mut input = Input(bytes);
    let stages = shape(input.byte());
    let spec = BoardSpec { workers: 3, stages, payload: b"a program" };
    let mut memory = Aligned::new(&vec![0; spec.bytes().expect("a shape") as usize]);
    let (base, len) = (memory.base(), memory.len());
    // SAFETY: zeroed, ours, longer than the board's life; all that changes it meanwhile are the board and the writes below, which
    // stand for those of other processes.
    let supervisor = unsafe { SupervisorBoard::create(base, len, &spec) }.expect("a board");
    // SAFETY: as above.
    let worker = unsafe { WorkerBoard::attach(base, len) }.expect("a board");
    supervisor.set_begun(1);
    let mut held = Vec::new();
    while !input.is_over() {
        match input.byte() {
            0..=1 => write(base, len, &mut input),
            2..=5 => supervise(&supervisor, &mut input),
            6..=9 => held.extend(worker.claim(WorkerId(u32::from(input.byte() % 4)))),
            10 => end(&worker, held.pop(), &mut input),
            11 => _ = black_box(held.pop().map(|lease| supervisor.revoke(&lease))),
            _ => look_at(&supervisor),
        }
    }
    look_at(&supervisor);
    work(&worker, WorkerId(0));
}

/// A word anywhere, any value.
fn write(base: *mut u8, len: usize, input: &mut Input<'_>) {
    let place = input.number() as usize % (len / 8);
    let value = input.number();
    // SAFETY: a word within the memory, aligned; all that others read there while the board lives is atomic, but for the payload and the
    // parts that boards have copies of.
    unsafe { std::sync::atomic::AtomicU64::from_ptr(base.cast::<u64>().add(place)) }
        .store(value, std::sync::atomic::Ordering::Relaxed);
}

fn shape(kind: u8) -> Vec<StageSpec> {
    let one = |elements, chunk| StageSpec::new(elements, Policy::fixed(chunk), 3);
    let several = StageSpec { align: 2, outputs: 2, steps: 3, measured: true, ..one(7, 2) };
    let auto = StageSpec::new(5000, Policy { schedule: Schedule::Auto, ..Policy::fixed(1) }, 3);
    let cut = Policy { schedule: Schedule::Profiled, ..Policy::fixed(1) };
    match kind % 4 {
        0 => vec![one(20, 3), several],
        1 => vec![auto, one(0, 1)],
        2 => vec![StageSpec::cut_into(30, cut, 3, 4), several],
        _ => vec![one(1, 1)],
    }
}

fn supervise(board: &SupervisorBoard, input: &mut Input<'_>) {
    let (stage, at) = (StageId(u32::from(input.byte() % 3)), u64::from(input.byte()));
    match input.byte() % 8 {
        0 => board.open(stage),
        1 => board.set_there(stage, at),
        2 => drop(black_box(board.append(stage, at, at + u64::from(input.byte()), at as u32))),
        3 => drop(black_box(board.withdraw(stage))),
        4 => drop(black_box(board.recover(WorkerId(at as u32 % 4)))),
        5 => drop(black_box(board.shut_out(WorkerId(at as u32 % 4)))),
        6 => board.close_output(stage, at as u32 % 3),
        _ => board.take_bytes(at),
    }
    black_box(board.control() == Control::Go);
}

/// All that a worker does with its place.
fn work(board: &WorkerBoard, worker: WorkerId) {
    board.join(worker, 1, 2);
    board.set_activity(worker, Activity::Map, 3);
    board.spend(worker, Activity::Map, 4);
    black_box(board.next_stage(worker));
    for _ in 0..SOME {
        end(board, board.claim(worker), &mut Input(&[]));
    }
    board.pause(worker);
    board.leave(worker);
}

fn end(board: &WorkerBoard, lease: Option<Lease>, input: &mut Input<'_>) {
    let Some(lease) = lease else { return };
    board.begin(&lease, 1);
    let position = ElementPosition { step: 0, element: lease.start };
    board.element(lease.worker, position);
    board.put_costs(&lease, 0, &[1.0, 2.0]);
    board.between_elements(lease.worker);
    for nth in 0..2 {
        if let Some(at) =
            reserved(input.number()).and_then(|bytes| board.reserve_output(lease.stage, nth, bytes))
        {
            board.return_output(lease.stage, nth, at);
        }
    }
    let output = Output { at: input.number() & !1, len: input.number(), ..Output::default() };
    let span = Span { started_ns: 1, ended_ns: input.number() };
    let steps = [StepReport { span, busy_ns: input.number() }; 3];
    let delivered = Delivered { outputs: &[output; 2], notes: output, span, steps: &steps };
    let done = match input.byte() {
        1 => board.fail(&lease, position, output, output, span),
        _ => board.complete(&lease, &delivered),
    };
    black_box((done, board.is_through(lease.stage)));
    black_box(board.count_read(lease.stage, lease.chunk, 0, 1));
}

/// Everything that a board tells.
fn look_at(board: &BoardReader) {
    black_box(board.payload().iter().map(|&byte| u64::from(byte)).sum::<u64>());
    black_box((board.control(), board.begun_ns(), board.live_bytes(), board.peak_bytes()));
    for worker in (0..board.workers().min(SOME) + 1).map(WorkerId) {
        black_box((board.at_work(worker), board.presence(worker), board.spent(worker)));
        black_box(board.leases_of(worker).len());
    }
    for stage in (0..board.stages().min(SOME) + 1).map(StageId) {
        look_at_stage(board, stage);
    }
}

fn look_at_stage(board: &BoardReader, stage: StageId) {
    black_box((board.there(stage), board.is_opened(stage), board.is_measured(stage), board.is_done(stage)));
    black_box((board.done_elements(stage), board.offers(stage), board.failures(stage).len()));
    let elements = board.elements(stage).unwrap_or(0);
    for chunk in board.chunks(stage) {
        assert!(chunk.start < chunk.end && chunk.end <= elements && chunk.worker.0 < board.workers());
    }
    if let Ok(results) = board.results(stage) {
        assert!(results.windows(2).all(|two| two[0].end <= two[1].start));
        assert!(results.iter().all(|chunk| chunk.start < chunk.end && chunk.end <= elements));
    }
    for chunk in (0..SOME).chain([u32::MAX - 1, u32::MAX]).map(ChunkId) {
        black_box((board.chunk(stage, chunk), board.output(stage, chunk, 1), board.step(stage, chunk, 2)));
    }
    for nth in 0..3 {
        black_box((board.written(stage, nth), board.costs(stage, nth).map(|costs| costs.len())));
    }
}

/// Boards on which something was done.
pub(super) fn found_seeds() -> Vec<Vec<u8>> {
    (0..4).map(made).collect()
}

fn made(kind: u8) -> Vec<u8> {
    let spec = BoardSpec { workers: 2, stages: shape(kind), payload: b"a program" };
    let mut memory = Aligned::new(&vec![0; spec.bytes().expect("a shape") as usize]);
    // SAFETY: zeroed, ours, longer than the board's life.
    let supervisor = unsafe { SupervisorBoard::create(memory.base(), memory.len(), &spec) }.expect("a board");
    // SAFETY: as above.
    let worker = unsafe { WorkerBoard::attach(memory.base(), memory.len()) }.expect("a board");
    supervisor.set_begun(1);
    supervisor.open(StageId(0));
    supervisor.append(StageId(0), 0, 1, 1);
    end(&worker, worker.claim(WorkerId(0)), &mut Input(&[]));
    black_box(worker.claim(WorkerId(1)));
    drop((supervisor, worker));
    memory.bytes().to_vec()
}

/// Stages opened, ranges appended, chunks claimed and ended, words written.
pub(super) fn written_seeds() -> Vec<Vec<u8>> {
    let opened = [0, 2, 0, 0, 0, 2, 1, 0, 0, 6, 0, 6, 1];
    let ended = [10, 0, 0, 0, 0, 0, 0, 0, 0, 7, 2, 8, 4, 0, 1, 0, 12];
    let write = [0, 40, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0];
    let append = [2, 0, 0, 2, 5, 9, 1, 3, 0, 4, 11, 5, 0, 1, 5, 3, 0, 0, 3];
    (0..4).map(|kind| [&[kind], &opened[1..], &ended, &write, &append].concat()).collect()
}
