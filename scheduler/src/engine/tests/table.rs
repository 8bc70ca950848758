//! One transition a test: these events, then exactly these actions.
use super::{at, one_pass, plan};
use crate::engine::state::Core;
use crate::engine::{Action, Cause, Event, Failure, Loss, LostLease, Outcome, Settings, TaskState};
use crate::graph::{Resource, Scope};
use crate::id::{ChunkId, PassId, ResourceId, StageId, WorkerId};
use crate::plan::{compile, CallSpec, PassCall, Source};
use crate::policy::Policy;

const X: ResourceId = ResourceId(0);
const OUT: ResourceId = ResourceId(2);
const P: StageId = StageId(0);
const A: WorkerId = WorkerId(0);
const B: WorkerId = WorkerId(1);
const MS: u64 = 1_000_000;

pub(super) struct Run {
    pub(super) core: Core,
    pub(super) now: u64,
}

impl Run {
    /// A stage of 20 elements over `x` on two workers that are there; `x` is shared and the stage is open.
    fn open(settings: Settings) -> Run {
        let plan = plan(&[(20, 0, &[])], 2);
        let mut run = Run { core: Core::new(&plan, Settings { workers: 2, ..settings }), now: 0 };
        assert_eq!(run.on(Event::WorkerJoined { worker: A }), []);
        assert_eq!(run.on(Event::WorkerJoined { worker: B }), []);
        assert_eq!(run.on(Event::Started), [Action::Share { resource: X }]);
        assert_eq!(run.on(Event::Shared { resource: X }), [Action::Open { stage: P }]);
        run
    }

    pub(super) fn on(&mut self, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        self.core.on_event(event.clone(), self.now, &mut out);
        if let Err(broken) = self.core.sanity_check() {
            panic!("after {event:?}: {broken}");
        }
        out
    }

    pub(super) fn at(&mut self, now: u64, event: Event) -> Vec<Action> {
        self.now = now;
        self.on(event)
    }

    fn dry(&mut self, worker: WorkerId) -> Vec<Action> {
        self.on(Event::WorkerDry { worker })
    }

    /// Both workers sleep: the wake-up that the stage's opening owes them is taken.
    fn all_dry(&mut self) {
        for worker in [A, B] {
            assert_eq!(
                self.dry(worker),
                [Action::WakeDry(vec![worker])],
                "it may have looked before the stage opened"
            );
            assert_eq!(self.dry(worker), []);
        }
    }
}

fn lost(worker: WorkerId, start: u64, end: u64, attempt: u32, element: Option<u64>) -> Event {
    let position = element.map(at);
    let (stage, chunk, expired) = (P, ChunkId(0), Vec::new());
    let leases = vec![LostLease { stage, chunk, start, end, attempt, position, expired }];
    Event::WorkerLost { worker, leases, reason: "killed by signal 9".into(), loss: Loss::Died }
}

fn idle_death(worker: WorkerId) -> Event {
    Event::WorkerLost { worker, leases: vec![], reason: "exited with status 1".into(), loss: Loss::Died }
}

fn append(start: u64, end: u64, attempt: u32) -> Action {
    Action::Append { stage: P, start, end, attempt }
}

fn failure(element: u64) -> Event {
    Event::ChunkFailed { stage: P, chunk: ChunkId(element as u32), position: at(element) }
}

fn end(outcome: Outcome) -> Vec<Action> {
    vec![
        Action::Free { resource: X },
        Action::Free { resource: OUT },
        Action::EndRun,
        Action::Finish(outcome),
    ]
}

#[test]
fn a_run_from_share_to_finish() {
    let mut run = Run::open(Settings::default());
    assert_eq!(
        run.on(Event::StageDone { stage: P }),
        [
            Action::Free { resource: X },
            Action::Gather { resource: OUT },
            Action::Free { resource: OUT },
            Action::EndRun,
            Action::Finish(Outcome::Done)
        ],
        "x dies at its last reader, before the results are the caller's"
    );
    assert!(run.core.is_ended());
    assert!(run.core.task_states().iter().all(|state| *state == TaskState::Finished));
    assert_eq!(run.on(Event::StageDone { stage: P }), [], "nothing happens after the end");
}

#[test]
fn events_that_come_twice_or_from_nowhere_change_nothing() {
    let mut run = Run::open(Settings::default());
    for event in [
        Event::Started,
        Event::Shared { resource: X },
        Event::Shared { resource: ResourceId(99) },
        Event::StageDone { stage: StageId(7) },
        Event::WorkerDry { worker: WorkerId(9) },
        Event::WorkerJoined { worker: WorkerId(9) },
        lost(WorkerId(9), 0, 4, 0, Some(1)),
        Event::Tick,
    ] {
        assert_eq!(run.on(event.clone()), [], "{event:?}");
    }
}

#[test]
fn a_stage_over_nothing_is_done_without_workers() {
    let plan = plan(&[(0, 1, &[])], 1);
    let mut run = Run { core: Core::new(&plan, Settings::default()), now: 0 };
    let let_go = Action::LetGo { resource: ResourceId(1) };
    let out = run.on(Event::Started);
    assert_eq!(out[..2], [let_go, Action::Gather { resource: OUT }]);
    assert_eq!(out.last(), Some(&Action::Finish(Outcome::Done)));
}

#[test]
fn independent_stages_open_together_and_a_dependent_one_waits() {
    let plan = plan(&[(5, 1, &[]), (5, 1, &[]), (5, 1, &[2, 3])], 1);
    let mut run = Run { core: Core::new(&plan, Settings::default()), now: 0 };
    let open = |stage| Action::Open { stage: StageId(stage) };
    assert_eq!(run.on(Event::Started), [open(0), open(1)]);
    assert_eq!(run.on(Event::StageDone { stage: StageId(1) }), [Action::Gather { resource: ResourceId(3) }]);
    let next = run.on(Event::StageDone { stage: StageId(0) });
    assert_eq!(next, [open(2), Action::Gather { resource: OUT }]);
}

#[test]
fn sleepers_are_woken_by_what_comes_and_no_wake_up_is_lost() {
    let mut run = Run::open(Settings::default());
    run.all_dry();
    let actions = run.on(lost(A, 0, 4, 0, None));
    assert_eq!(
        actions,
        [append(0, 2, 1), append(2, 4, 1), Action::Spawn { worker: A }, Action::WakeDry(vec![B])]
    );
    assert_eq!(run.on(Event::WorkerJoined { worker: A }), []);
    assert_eq!(run.dry(A), [], "it joined after the offer: nothing can have been missed");
}

#[test]
fn a_death_isolates_the_element_that_was_running() {
    let mut run = Run::open(Settings::default());
    let actions = run.on(lost(A, 4, 12, 0, Some(6)));
    assert_eq!(actions, [append(4, 6, 1), append(6, 7, 1), append(7, 12, 1), Action::Spawn { worker: A }]);
    let actions = run.on(lost(B, 12, 20, 0, Some(12)));
    assert_eq!(actions, [append(12, 13, 1), append(13, 20, 1), Action::Spawn { worker: B }]);
}

#[test]
fn an_element_that_kills_each_worker_is_named() {
    let mut run = Run::open(Settings { retries: 1, ..Settings::default() });
    run.on(lost(A, 4, 8, 0, Some(6)));
    run.on(Event::WorkerJoined { worker: A });
    assert_eq!(run.on(lost(B, 6, 7, 1, Some(6))), [Action::Stop], "A may be in an element");
    let reason = "killed by signal 9".into();
    assert_eq!(run.dry(A), end(Outcome::WorkerKilled { stage: P, position: at(6), deaths: 2, reason }));
}

#[test]
fn a_worker_that_was_ended_on_purpose_blames_nobody() {
    let mut run = Run::open(Settings { retries: 0, ..Settings::default() });
    let Event::WorkerLost { worker, leases, reason, .. } = lost(A, 4, 8, 0, Some(6)) else { unreachable!() };
    let event = Event::WorkerLost { worker, leases, reason, loss: Loss::EndedByUs };
    assert_eq!(run.on(event), [append(4, 8, 1), Action::Spawn { worker: A }]);
}

#[test]
fn workers_that_left_before_they_began_are_replaced_however_many() {
    let mut run = Run::open(Settings::default());
    for worker in [A, B].into_iter().cycle().take(100) {
        let Event::WorkerLost { leases, reason, .. } = idle_death(worker) else { unreachable!() };
        let event = Event::WorkerLost { worker, leases, reason, loss: Loss::EndedByUs };
        assert_eq!(run.on(event), [Action::Spawn { worker }]);
    }
}

#[test]
fn idle_deaths_are_replaced_until_there_were_three_in_each_place() {
    let mut run = Run::open(Settings::default());
    for _ in 0..3 {
        assert_eq!(run.on(idle_death(A)), [Action::Spawn { worker: A }], "B is still there");
    }
    for _ in 0..2 {
        assert_eq!(run.on(idle_death(B)), [Action::Spawn { worker: B }]);
    }
    assert_eq!(run.on(idle_death(B)), [], "three in each");
    let actions = run.on(idle_death(A));
    assert_eq!(actions[0], Action::Stop);
    let Some(Action::Finish(Outcome::NoWorkers { reason })) = actions.last() else { panic!("{actions:?}") };
    assert!(reason.contains("exited with status 1"), "{reason}");
}

#[test]
fn a_place_where_workers_only_die_is_given_up_while_another_works_on() {
    let mut run = Run::open(Settings::default());
    for _ in 1..30 {
        assert_eq!(run.on(idle_death(A)), [Action::Spawn { worker: A }]);
    }
    assert_eq!(run.on(idle_death(A)), [], "B works on");
    assert!(!run.core.is_ended());
}

#[test]
fn deaths_in_a_row_begin_anew_when_a_worker_was_at_work() {
    let mut run = Run::open(Settings::default());
    let spawn = |worker| vec![Action::Spawn { worker }];
    for _ in 0..2 {
        // Elsewhere one died at a chunk: workers can work.
        run.on(Event::WorkerJoined { worker: A });
        assert_eq!(run.on(idle_death(A)), spawn(A));
        assert_eq!(run.on(idle_death(A)), spawn(A));
        assert!(run.on(lost(B, 0, 4, 0, Some(1))).contains(&Action::Spawn { worker: B }));
        run.on(Event::WorkerJoined { worker: B });
    }
    // One that looked for a chunk and found none is no death in a row either.
    run.on(Event::WorkerJoined { worker: A });
    assert_eq!(run.on(idle_death(A)), spawn(A));
    assert_eq!(run.on(idle_death(A)), spawn(A));
    run.on(Event::WorkerJoined { worker: A });
    run.dry(A);
    assert_eq!(run.on(idle_death(A)), spawn(A));
}

#[test]
fn sleepers_may_die_as_often_as_they_like() {
    let mut run = Run::open(Settings::default());
    for _ in 0..10 {
        while !run.dry(A).is_empty() {}
        assert_eq!(run.on(idle_death(A)), [Action::Spawn { worker: A }]);
        run.on(Event::WorkerJoined { worker: A });
    }
}

#[test]
fn nobody_to_run_it_ends_the_run() {
    let mut run = Run::open(Settings::default());
    let failed = |worker| Event::LaunchFailed { worker, reason: "no memory".into() };
    assert_eq!(run.on(failed(A)), []);
    let mut expected = vec![Action::Stop];
    expected.extend(end(Outcome::NoWorkers { reason: "no memory".into() }));
    assert_eq!(run.on(failed(B)), expected);
}

#[test]
fn of_the_failures_the_lowest_is_reported() {
    let mut run = Run::open(Settings::default());
    assert_eq!(run.on(failure(13)), [Action::Stop]);
    assert_eq!(run.dry(A), [], "B is still in an element");
    assert_eq!(run.on(failure(4)), []);
    assert_eq!(run.on(failure(17)), []);
    assert_eq!(run.dry(B), end(Outcome::Failed(Failure { stage: P, position: at(4), chunk: ChunkId(4) })));
    assert_eq!(run.core.task_states()[1], TaskState::Failed);
}

#[test]
fn who_does_not_stop_is_interrupted_then_killed_then_left() {
    let mut run = Run::open(Settings::default());
    assert_eq!(run.at(10, failure(3)), [Action::Stop]);
    assert_eq!(run.dry(A), []);
    assert_eq!(run.core.next_deadline(), Some(200 * MS + 10));
    assert_eq!(run.at(200 * MS, Event::Tick), [], "not yet");
    assert_eq!(run.at(200 * MS + 10, Event::Tick), [Action::Interrupt { worker: B }]);
    assert_eq!(run.at(2_200 * MS + 10, Event::Tick), [Action::Kill { worker: B }]);
    let last = run.at(4_200 * MS + 10, Event::Tick);
    assert_eq!(last, end(Outcome::Failed(Failure { stage: P, position: at(3), chunk: ChunkId(3) })));
    assert_eq!(run.core.next_deadline(), None);
}

#[test]
fn a_worker_killed_on_the_way_out_is_not_replaced() {
    let mut run = Run::open(Settings::default());
    run.on(Event::Cancel { cause: Cause::User });
    assert_eq!(run.dry(A), []);
    assert_eq!(run.on(lost(B, 0, 4, 0, Some(2))), end(Outcome::Cancelled { cause: Cause::User }));
}

#[test]
fn a_cancel_interrupts_at_once_and_a_second_one_kills() {
    let mut run = Run::open(Settings::default());
    let cancel = Event::Cancel { cause: Cause::User };
    let interrupts = [Action::Stop, Action::Interrupt { worker: A }, Action::Interrupt { worker: B }];
    assert_eq!(run.on(cancel.clone()), interrupts);
    assert_eq!(
        run.on(Event::WorkerJoined { worker: A }),
        [],
        "a replacement that comes now is not waited for"
    );
    assert_eq!(run.on(cancel.clone()), [Action::Kill { worker: B }]);
    assert_eq!(run.on(cancel), end(Outcome::Cancelled { cause: Cause::User }));
}

#[test]
fn a_cancel_before_the_start_ends_at_once() {
    let plan = plan(&[(20, 0, &[])], 2);
    let mut run = Run { core: Core::new(&plan, Settings::default()), now: 0 };
    let outcome = Outcome::Cancelled { cause: Cause::User };
    assert_eq!(run.on(Event::Cancel { cause: Cause::User }), [Action::EndRun, Action::Finish(outcome)]);
}

#[test]
fn time_is_up() {
    let mut run = Run::open(Settings { timeout_ns: Some(5 * MS), ..Settings::default() });
    assert_eq!(run.core.next_deadline(), Some(5 * MS));
    assert_eq!(run.at(5 * MS - 1, Event::Tick), []);
    assert_eq!(run.at(5 * MS, Event::Tick)[0], Action::Stop);
    run.dry(A);
    assert_eq!(run.dry(B), end(Outcome::Cancelled { cause: Cause::Timeout }));
}

#[test]
fn too_many_deaths_for_the_board_end_the_run() {
    let mut run = Run::open(Settings { retries: u32::MAX - 1, ..Settings::default() });
    let last = (0..10_000)
        .map(|_| run.on(lost(A, 3, 4, 1, Some(3))))
        .find(|actions| actions.contains(&Action::Stop));
    assert!(last.is_some(), "the board's room for appended has an end");
    let actions = run.dry(B);
    let Some(Action::Finish(Outcome::NoWorkers { reason })) = actions.last() else { panic!("{actions:?}") };
    assert!(reason.contains("too many workers died"), "{reason}");
}

#[test]
fn a_stage_that_is_ready_early_does_not_take_the_room_that_an_earlier_one_needs() {
    // a (10) -> b (50) -> c (1), and d (45), which could run first: one after the other they take 60 bytes.
    let call = |name: &str, inputs, bytes| PassCall {
        policy: Policy::fixed(4),
        bytes,
        ..PassCall::new(name, vec![inputs], 4)
    };
    let r = Source::Data(ResourceId(0));
    let whole = |pass| Source::Whole(PassId(pass));
    let passes = vec![call("a", r, 10), call("b", whole(0), 50), call("c", whole(1), 1), call("d", r, 45)];
    let spec = CallSpec {
        budget: Some(60),
        fuse: false,
        ..CallSpec::new(
            vec![Resource { name: "r".into(), bytes: 1, scope: Scope::Pinned }],
            passes,
            vec![PassId(2), PassId(3)],
            1,
        )
    };
    let plan = compile(spec).expect("a plan");
    let stage = |pass: u32| {
        let of = |stage: &crate::plan::Stage| stage.passes == [PassId(pass)];
        StageId(plan.stages().iter().position(of).expect("a stage") as u32)
    };
    assert_eq!([stage(0), stage(1), stage(2), stage(3)], [0, 1, 2, 3].map(StageId));
    let mut run = Run { core: Core::new(&plan, Settings::default()), now: 0 };
    assert_eq!(
        run.on(Event::Started),
        [Action::Open { stage: stage(0) }],
        "d would fit now, but not when b runs"
    );
    assert_eq!(run.on(Event::StageDone { stage: stage(0) }), [Action::Open { stage: stage(1) }]);
    let next = run.on(Event::StageDone { stage: stage(1) });
    assert!(
        next.contains(&Action::Open { stage: stage(2) }) && !next.contains(&Action::Open { stage: stage(3) })
    );
    let next = run.on(Event::StageDone { stage: stage(2) });
    assert!(next.contains(&Action::Open { stage: stage(3) }), "{next:?}");
}

#[test]
fn what_is_run_again_begins_where_blocks_of_a_fold_do() {
    let plan = one_pass(150, 1, Policy::fixed(100), None);
    let mut run = Run { core: Core::new(&plan, Settings { workers: 2, ..Settings::default() }), now: 0 };
    run.on(Event::WorkerJoined { worker: A });
    run.on(Event::Started);
    let replace = || Action::Spawn { worker: A };
    let mut died = |start, end, element| {
        let actions = run.on(lost(A, start, end, 0, element));
        run.on(Event::WorkerJoined { worker: A });
        actions
    };
    let pieces = [append(0, 32, 1), append(32, 48, 1), append(48, 112, 1), replace()];
    assert_eq!(died(0, 112, Some(40)), pieces, "the block of the element that was running");
    assert_eq!(died(112, 150, Some(149)), [append(112, 144, 1), append(144, 150, 1), replace()]);
    assert_eq!(died(0, 48, None), [append(0, 32, 1), append(32, 48, 1), replace()], "halves, nearly");
    assert_eq!(died(112, 150, None), [append(112, 144, 1), append(144, 150, 1), replace()]);
    assert_eq!(died(144, 150, None), [append(144, 150, 1), replace()], "one block is not cut");
}
