//! The steps of a worker by hand, between which anything can happen.
use super::*;
use crate::board::tests::{board, Both, Memory};
use crate::board::{ChunkState, PageSegment, StepReport};
use crate::error::{Error, Result, Shortage};
use crate::graph::{Resource, Scope};
use crate::id::{PassId, ResourceId};
use crate::link::Part;
use crate::plan::{compile, CallSpec, PassCall, Plan, Source};
use crate::policy::Policy;

const COST: f32 = 7.0;
const S0: StageId = StageId(0);

/// A run with one worker at a chunk of ten elements: two passes over them, both wanted and measured.
struct Fixture {
    board: Both,
    _memory: Memory,
    spec: RunSpec,
    consumes: Consumption,
    work: Work,
    pages: Pages,
}

/// Pages of so much room: what is written to them stands there.
#[derive(Default)]
struct Pages {
    room: u64,
    overflow: Option<u64>,
    written: Vec<(usize, Output)>,
    costs: Vec<Vec<f32>>,
    /// Not their room is what they lack.
    broken: bool,
}

impl Outside for Pages {
    fn write(&mut self, piece: usize, _: ResourceId, output: Output) -> Result<()> {
        if self.broken {
            return Err(Error::os("broken", std::io::Error::other("as told")));
        }
        let room = if output.segment == PageSegment::Overflow {
            self.overflow.as_mut().expect("one")
        } else {
            &mut self.room
        };
        match room.checked_sub(output.len) {
            None => Err(shortage(output.len, *room).into()),
            Some(left) => {
                *room = left;
                self.written.push((piece, output));
                Ok(())
            }
        }
    }

    fn has_overflow(&self, _: ResourceId) -> bool {
        self.overflow.is_some()
    }

    fn give_back(&mut self, _: ResourceId, _: &Part) -> Result<()> {
        Ok(())
    }

    fn steps(&self) -> &[StepReport] {
        &[]
    }

    fn costs(&self) -> &[Vec<f32>] {
        &self.costs
    }
}

fn shortage(needed: u64, free: u64) -> Shortage {
    Shortage { needed, free, limit: 1_000, dir: "/full".into() }
}

fn plan() -> Plan {
    let pass = |name: &str| PassCall {
        policy: Policy::fixed(10),
        bytes: 640,
        ..PassCall::new(name, vec![Source::Data(ResourceId(0))], 10)
    };
    let resources = vec![Resource { name: "x".into(), bytes: 1, scope: Scope::Pinned }];
    let (passes, gather) = (vec![pass("a"), pass("b")], vec![PassId(0), PassId(1)]);
    compile(CallSpec { measure: true, ..CallSpec::new(resources, passes, gather, 1) }).expect("a plan")
}

impl Fixture {
    fn new(room: u64, overflow: Option<u64>) -> Fixture {
        let plan = plan();
        let (board, memory) = board(1, plan.stages().iter().map(|stage| stage.board).collect(), b"");
        for piece in plan.stages()[0].pieces.iter() {
            board.supervisor.append(S0, piece.start, piece.end, 0).expect("room");
        }
        board.supervisor.open(S0);
        let pages = Pages { room, overflow, costs: vec![vec![COST; 10]; 2], ..Pages::default() };
        let spec = RunSpec::new(&plan, vec![], vec![]);
        Fixture {
            board,
            _memory: memory,
            spec,
            consumes: Consumption::default(),
            work: Work::new(WorkerId(0)),
            pages,
        }
    }

    fn step(&mut self) -> Result<HandInStep> {
        let Fixture { board, spec, consumes, work, pages, .. } = self;
        work.step(&mut Attached { board: &board.worker, spec, consumes }, 100, pages)
    }

    fn claim(&mut self) -> Lease {
        assert_eq!(self.work.aim(&self.board.worker), Some(S0));
        let Fixture { board, spec, consumes, work, .. } = self;
        work.claim(&mut Attached { board: &board.worker, spec, consumes }).expect("a chunk")
    }

    /// Through all elements, with results of so many bytes.
    fn run(&mut self, outputs: [u64; 2], notes: u64) -> Lease {
        let lease = self.claim();
        self.work.begin(&self.board.worker, 40);
        for element in lease.start..lease.end {
            for step in 0..2 {
                assert!(self.work.enter(&self.board.worker, ElementPosition { step, element }));
            }
        }
        self.work.encoded(&self.board.worker, outputs.into_iter(), notes);
        lease
    }

    fn state(&self) -> ChunkState {
        self.board.chunks(S0)[0].state
    }
}

#[test]
fn costs_are_there_before_the_chunk_is_done() {
    let mut fixture = Fixture::new(1_000, None);
    fixture.run([64, 64], 0);
    let mut steps = Vec::new();
    loop {
        let step = fixture.step().expect("nothing is wrong");
        if fixture.state() == ChunkState::Done {
            for step in 0..2 {
                assert_eq!(
                    fixture.board.costs(S0, step),
                    Some(vec![COST; 10]),
                    "who collects now reads them"
                );
            }
        }
        if step == HandInStep::None {
            break;
        }
        steps.push(step);
    }
    use HandInStep::{Costed, GaveBack, Reserved, Wrote};
    assert_eq!(steps, [Reserved, Wrote, Wrote, Costed, HandInStep::Completed { ends_stage: true }, GaveBack]);
}

#[test]
fn a_chunk_is_held_until_the_board_says_that_it_ended() {
    // A fault falls after each of the steps: a death finds the chunk on the board, or done.
    for steps in 0..8 {
        let mut fixture = Fixture::new(1_000, None);
        let lease = fixture.run([64, 64], 64);
        let taken: Vec<HandInStep> = (0..steps).map(|_| fixture.step().expect("nothing is wrong")).collect();
        let done = taken.iter().any(|step| matches!(step, HandInStep::Completed { .. }));
        assert_eq!(fixture.work.held().is_none(), done, "after {taken:?}");
        let back: Vec<Lease> =
            fixture.board.supervisor.recover(WorkerId(0)).iter().map(|back| back.lease).collect();
        assert_eq!(back, if done { vec![] } else { vec![lease] }, "after {taken:?}");
        // It was thought dead: what it does from here on does not count.
        if !done {
            while !matches!(fixture.step(), Ok(HandInStep::None)) {}
            assert_eq!(fixture.state(), ChunkState::Lost);
        }
    }
}

#[test]
fn who_was_cut_off_takes_no_room_in_a_page_that_went_meanwhile() {
    let mut fixture = Fixture::new(1_000, None);
    fixture.run([64, 64], 64);
    assert_eq!(fixture.board.supervisor.shut_out(WorkerId(0)).len(), 1);
    // Others did the chunk again, and who reads the second result is through.
    fixture.board.supervisor.close_output(S0, 1);
    assert_eq!(fixture.step().expect("nothing is wrong"), HandInStep::Revoked);
    assert_eq!((fixture.board.live_bytes(), fixture.work.held()), (0, None), "nor in the other's");
    assert!(fixture.pages.written.is_empty());
}

#[test]
fn results_that_do_not_fit_leave_a_chunk_that_can_fail() {
    let mut fixture = Fixture::new(100, None);
    let lease = fixture.run([64, 64], 0);
    assert_eq!(fixture.step().expect("reserved"), HandInStep::Reserved);
    assert_eq!(fixture.step().expect("the first fits"), HandInStep::Wrote);
    assert_eq!(fixture.step().expect("no room"), HandInStep::Refused(Some(1), shortage(64, 36)));
    assert_eq!(fixture.work.held(), Some((lease, None)));
    assert_eq!(fixture.board.live_bytes(), 64, "what was not written is not counted");
    let position = ElementPosition { step: 1, element: 3 };
    let unwritten = Some(Unwritten::Results(shortage(64, 36)));
    fixture.work.fail(&fixture.board.worker, position, [0, 0], unwritten.clone());
    assert_eq!(fixture.step().expect("reserved"), HandInStep::Reserved);
    assert_eq!(fixture.work.report(), None, "the board does not know yet");
    assert_eq!(fixture.step().expect("failed"), HandInStep::Failed);
    assert_eq!(fixture.state(), ChunkState::Failed);
    let report = fixture.work.report().expect("it is to be told");
    assert_eq!((report.stage, report.position, report.unwritten), (S0, position, unwritten));
    assert_eq!((fixture.work.report(), fixture.work.held()), (None, None));
}

#[test]
fn results_that_do_not_fit_go_to_the_overflow() {
    let mut fixture = Fixture::new(100, Some(100));
    let lease = fixture.run([64, 64], 64);
    let mut steps = Vec::new();
    while steps.last() != Some(&HandInStep::None) {
        steps.push(fixture.step().expect("there is room"));
        if let Some(HandInStep::Refused(..)) = steps.last() {
            break;
        }
    }
    use HandInStep::{Diverted, Refused, Reserved, Wrote};
    assert_eq!(steps, [Reserved, Wrote, Diverted, Wrote, Diverted, Refused(None, shortage(64, 36))]);
    assert_eq!(fixture.work.held(), Some((lease, None)), "the notes are in neither");
    // The next one has room for all.
    let mut fixture = Fixture::new(64, Some(1_000));
    fixture.run([64, 65], 64);
    while fixture.step().expect("there is room") != HandInStep::None {}
    assert_eq!(fixture.state(), ChunkState::Done);
    let outputs = [0, 1].map(|nth| fixture.board.output(S0, ChunkId(0), nth).expect("an output"));
    assert_eq!(outputs[0], Output { at: 0, len: 64, segment: PageSegment::Main });
    assert_eq!(outputs[1], Output { at: 0, len: 65, segment: PageSegment::Overflow });
    let notes = fixture.board.chunks(S0)[0].notes;
    assert_eq!(notes, Output { at: 64, len: 64, segment: PageSegment::Overflow });
    assert_eq!(fixture.pages.written, [(0, outputs[0]), (1, outputs[1]), (2, notes)]);
}

#[test]
fn a_condition_that_does_not_fit_is_left_out_and_said_so() {
    let mut fixture = Fixture::new(70, None);
    fixture.claim();
    fixture.work.begin(&fixture.board.worker, 40);
    let position = ElementPosition { step: 0, element: 0 };
    assert!(fixture.work.enter(&fixture.board.worker, position));
    fixture.work.fail(&fixture.board.worker, position, [100, 64], None);
    let steps: Vec<HandInStep> = (0..4).map(|_| fixture.step().expect("nothing is wrong")).collect();
    assert_eq!(steps, [HandInStep::Reserved, HandInStep::LeftOut, HandInStep::Wrote, HandInStep::Failed]);
    let chunk = &fixture.board.chunks(S0)[0];
    assert_eq!((chunk.error, chunk.notes.len, chunk.failed), (Output::default(), 64, Some(position)));
    let report = fixture.work.report().expect("it is to be told");
    assert_eq!(report.unwritten, Some(Unwritten::Condition(shortage(100, 70))));
}

#[test]
fn what_is_broken_is_an_error_and_the_chunk_can_fail() {
    let mut fixture = Fixture::new(1_000, None);
    let lease = fixture.run([64, 64], 0);
    fixture.pages.broken = true;
    fixture.step().expect("reserved");
    for _ in 0..2 {
        fixture.step().expect_err("broken");
        assert_eq!(fixture.work.held(), Some((lease, None)));
    }
    fixture.pages.broken = false;
    fixture.work.fail(&fixture.board.worker, ElementPosition { step: 0, element: 9 }, [64, 0], None);
    while fixture.step().expect("nothing is wrong") != HandInStep::Failed {}
    assert!(fixture.work.report().is_some());
}

#[test]
fn a_stopped_run_drops_the_chunk_at_its_next_element() {
    let mut fixture = Fixture::new(1_000, None);
    let lease = fixture.claim();
    fixture.work.begin(&fixture.board.worker, 40);
    assert!(fixture.work.enter(&fixture.board.worker, ElementPosition { step: 0, element: 0 }));
    fixture.board.supervisor.set_control(Control::Stop);
    assert!(!fixture.work.enter(&fixture.board.worker, ElementPosition { step: 1, element: 0 }));
    assert_eq!((fixture.work.held(), fixture.work.aim(&fixture.board.worker)), (None, None));
    let back = fixture.board.supervisor.recover(WorkerId(0));
    assert_eq!(back.first().map(|back| back.lease), Some(lease), "the board knows whose it was");
}
