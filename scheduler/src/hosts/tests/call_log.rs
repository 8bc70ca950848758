//! What a call over hosts did: clocks, places, blocks brought together.
use crate::board::Activity;
use crate::engine::EventKind;
use crate::graph::{Resource, Scope};
use crate::hosts::{BlockLog, CallLog, RoundTrip};
use crate::id::{ChunkId, PassId, ResourceId, StageId, WorkerId};
use crate::plan::{compile, CallSpec, PassCall, Plan, Source};
use crate::run::{
    Chunk, ChunkStep, Died, Ended, EventLog, FailedElement, PassTotal, StageTotal, State, WorkerLife,
};

const BEGUN: u64 = 1_000_000;

/// Two passes that run together over so many elements, and `whole`: one that reads all of the second, in a phase of its own.
fn plan(elements: u64, workers: u32, whole: bool) -> Plan {
    let x = Resource { name: "X".into(), bytes: 1000, scope: Scope::Scoped };
    let mut passes = vec![
        PassCall::new("a", vec![Source::Data(ResourceId(0))], elements),
        PassCall::new("b", vec![Source::Each(PassId(0))], elements),
    ];
    if whole {
        let last = PassCall::new("c", vec![Source::Data(ResourceId(0))], elements);
        passes.push(PassCall { sides: vec![Source::Whole(PassId(1))], phase: 1, ..last });
    }
    let last = PassId(passes.len() as u32 - 1);
    compile(CallSpec::new(vec![x], passes, vec![last], workers)).expect("a plan")
}

fn life(worker: u32, pid: u32, joined_ns: u64, left_ns: u64) -> WorkerLife {
    WorkerLife { worker: WorkerId(worker), pid: Some(pid), joined_ns, left_ns, died: None }
}

/// A block of 10 elements that one chunk did, from 10 to 40 ns of its run, on a host whose clock is `ahead`.
fn block(host: usize, before: u64, begun: u64, pid: u32) -> BlockLog {
    let chunk = Chunk {
        stage: StageId(0),
        chunk: ChunkId(0),
        start: 0,
        end: 10,
        worker: WorkerId(0),
        attempt: 0,
        state: State::Done,
        started_ns: 10,
        ended_ns: 40,
        fun_ns: 20,
        outputs_at: 0,
        steps_at: 0,
    };
    let step = |pass: u32, started_ns| ChunkStep { pass: PassId(pass), started_ns, ended_ns: 40, fun_ns: 10 };
    let total = |slow: f32| PassTotal { fun_ns: 10, bytes: 8, measured: true, slowest: vec![(3, slow)] };
    let mut spent = [0; Activity::ALL.len()];
    spent[Activity::Run as usize] = 30;
    let log = EventLog {
        begun,
        wall_ns: 50,
        workers: vec![life(0, pid, 5, 50)],
        activities: vec![spent],
        chunks: vec![chunk],
        outputs: vec![80],
        steps: vec![step(0, 10), step(1, 12)],
        stages: vec![StageTotal {
            chunks: 1,
            lost: 0,
            began_ns: 10,
            ended_ns: 40,
            chunks_ns: 30,
            longest_ns: 30,
        }],
        passes: vec![total(before as f32), total(1.0)],
        peak_bytes: 100,
        ..EventLog::default()
    };
    BlockLog { host, before, passes: vec![PassId(0), PassId(1)], plan: plan(10, 1, false), log }
}

fn trip(asked: u64, came: u64, answered: u64, heard: u64) -> RoundTrip {
    RoundTrip { asked, came, answered, heard }
}

#[test]
fn instants_of_a_host_are_those_of_the_sessions_clock() {
    let mut call = CallLog::new(BEGUN);
    let host = call.host("node 1", BEGUN + 5);
    // Its clock is 7000 ahead; the second trip is the shorter one and tells best.
    call.heard(host, trip(BEGUN + 100, BEGUN + 7900, BEGUN + 8000, BEGUN + 1020), (10, 0));
    call.heard(host, trip(BEGUN + 2000, BEGUN + 9010, BEGUN + 9100, BEGUN + 2110), (0, 20));
    call.block(block(host, 0, BEGUN + 9020, 77));
    let places = call.places();
    let log = call.merged(&plan(10, places, false), BEGUN + 3000);
    assert_eq!((log.wall_ns, log.begun, places), (3000, BEGUN, 1));
    assert_eq!((log.chunks[0].started_ns, log.chunks[0].ended_ns), (2030, 2060));
    assert_eq!((log.workers[0].joined_ns, log.workers[0].left_ns), (2025, 2070));
    assert_eq!((log.stages[0].began_ns, log.stages[0].ended_ns), (2030, 2060));
    let life = &log.hosts[0];
    assert_eq!((life.joined_ns, life.left_ns, life.elements, life.peak_bytes), (5, 3000, 10, 100));
    assert_eq!((life.sent[0].from_ns, life.sent[0].until_ns, life.sent[0].bytes), (100, 900, 10));
    assert_eq!(
        (life.received[0].from_ns, life.received[0].until_ns, life.received[0].bytes),
        (2100, 2110, 20)
    );
    // What carried nothing is none.
    assert_eq!((life.sent.len(), life.received.len()), (1, 1));
}

#[test]
fn blocks_become_one_log() {
    let mut call = CallLog::new(BEGUN);
    let (one, other) = (call.host("node 1", BEGUN), call.host("node 2", BEGUN));
    assert_eq!(call.host("node 1", BEGUN), one);
    // The same process, and one beside it.
    call.block(block(other, 10, BEGUN + 100, 5));
    call.block(block(one, 0, BEGUN + 100, 5));
    call.block(block(one, 30, BEGUN + 200, 6));
    call.block(block(one, 20, BEGUN + 200, 5));
    let places = call.places();
    assert_eq!(places, 3);
    let plan = plan(40, places, true);
    let log = call.merged(&plan, BEGUN + 1000);
    let chunks: Vec<_> = log.chunks.iter().map(|c| (c.start, c.end, c.worker.0, c.started_ns)).collect();
    assert_eq!(chunks, [(0, 10, 0, 110), (10, 20, 2, 110), (20, 30, 0, 210), (30, 40, 1, 210)]);
    assert_eq!((log.hosts[0].first, log.hosts[0].workers, log.hosts[0].elements), (0, 2, 30));
    assert_eq!((log.hosts[1].first, log.hosts[1].workers, log.hosts[1].elements), (2, 1, 10));
    // Two of its blocks at a time.
    assert_eq!((log.hosts[0].peak_bytes, log.hosts[1].peak_bytes, log.peak_bytes), (200, 100, 200));
    assert_eq!((log.stages[0].chunks, log.stages[0].chunks_ns, log.stages[0].longest_ns), (4, 120, 30));
    assert_eq!((log.passes[0].fun_ns, log.passes[0].bytes), (40, 32));
    assert_eq!(log.passes[0].slowest[0], (33, 30.0));
    assert_eq!(log.passes[2], PassTotal::default());
    let run = |place: usize| log.activities[place][Activity::Run as usize];
    assert_eq!((run(0), run(1), run(2)), (60, 30, 30));
    assert_eq!(log.workers.len(), 3);
    assert_eq!(log.steps.len(), 2 * log.chunks.len());
}

#[test]
fn what_was_done_before_and_what_the_session_could_not_use_is_told() {
    let mut call = CallLog::new(BEGUN);
    let one = call.host("node 1", BEGUN);
    call.block(block(one, 10, BEGUN + 100, 5));
    call.reused(vec![PassId(0), PassId(1)], 10);
    call.failed(PassId(1), 12);
    let plan = plan(20, 1, true);
    let log = call.merged(&plan, BEGUN + 1000);
    let reused = log.events.iter().filter_map(|event| match event.what {
        EventKind::Reused(stage, _, elements) => Some((event.at_ns, stage, elements)),
        _ => None,
    });
    let stage = plan.stages().iter().position(|stage| stage.passes.contains(&PassId(0))).unwrap();
    assert_eq!(reused.collect::<Vec<_>>(), [(0, StageId(stage as u32), 10)]);
    assert_eq!(log.ended, Ended::Failed(FailedElement { pass: PassId(1), element: 12 }));
}

#[test]
fn a_place_is_kept_when_its_worker_dies() {
    let mut call = CallLog::new(BEGUN);
    let host = call.host("node 1", BEGUN);
    let mut first = block(host, 0, BEGUN, 5);
    first.log.workers[0].died = Some(Died { how: "killed".into(), signal: Some(9), last_words: Vec::new() });
    first.log.workers[0].left_ns = 15;
    first.log.workers.push(life(0, 6, 20, 50));
    // A block that came before has who took over, too.
    call.block(block(host, 10, BEGUN + 14, 6));
    call.block(first);
    assert_eq!(call.places(), 1);
    let log = call.merged(&plan(20, 1, false), BEGUN + 1000);
    let lives: Vec<_> =
        log.workers.iter().map(|life| (life.worker.0, life.pid, life.died.is_some())).collect();
    assert_eq!(lives, [(0, Some(5), true), (0, Some(6), false)]);
}

#[test]
fn the_first_element_that_failed_counts() {
    let mut call = CallLog::new(BEGUN);
    let host = call.host("node 1", BEGUN);
    for before in [20, 0, 10] {
        let mut block = block(host, before, BEGUN, 5);
        if before > 0 {
            block.log.ended = Ended::Failed(FailedElement { pass: PassId(1), element: 4 });
        }
        call.block(block);
    }
    let log = call.merged(&plan(30, 1, false), BEGUN + 1000);
    assert_eq!(log.ended, Ended::Failed(FailedElement { pass: PassId(1), element: 14 }));
    assert_eq!(log.hosts[0].elements, 10);
}

#[test]
fn what_is_no_part_of_the_call_is_left_out() {
    let mut call = CallLog::new(BEGUN);
    let host = call.host("node 1", BEGUN);
    call.block(block(host, u64::MAX - 3, BEGUN, 5));
    call.block(block(host, 35, BEGUN, 5));
    call.block(block(7, 0, BEGUN, 5));
    call.block(BlockLog { passes: vec![PassId(0), PassId(9)], ..block(host, 0, BEGUN, 5) });
    call.block(BlockLog { passes: vec![PassId(0)], ..block(host, 0, BEGUN, 5) });
    // Its stages are others.
    call.block(BlockLog { passes: vec![PassId(0), PassId(2)], ..block(host, 0, BEGUN, 5) });
    let log = call.merged(&plan(40, 1, true), BEGUN + 1000);
    assert!(log.chunks.is_empty());
}

#[test]
fn many_messages_are_noted_together() {
    let mut call = CallLog::new(BEGUN);
    let host = call.host("node 1", BEGUN);
    for nth in 0..10_000 {
        let asked = BEGUN + 10 * nth;
        call.heard(host, trip(asked, asked + 1, asked + 2, asked + 3), (7, 0));
    }
    call.lost(host, BEGUN + 200_000, "it was killed");
    let log = call.merged(&plan(10, 1, false), BEGUN + 300_000);
    let life = &log.hosts[0];
    assert!(life.sent.len() <= 256 && life.sent.len() > 100, "{}", life.sent.len());
    assert_eq!(life.sent.iter().map(|moved| moved.bytes).sum::<u64>(), 70_000);
    assert_eq!((life.sent[0].from_ns, life.sent.last().map(|moved| moved.until_ns)), (0, Some(99_991)));
    assert!(life.sent.is_sorted_by_key(|moved| moved.from_ns));
    assert_eq!((life.left_ns, life.lost.as_deref()), (200_000, Some("it was killed")));
}
