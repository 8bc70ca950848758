//! A simulated worker in a run: it takes the steps of every worker ([`crate::link::work`]), so it may die, stop or be cut off between any
//! two of them.
use super::super::faults::Fault;
use super::super::world::SimProcesses;
use super::{Message, Phase};
use crate::board::{Control, ElementPosition, WorkerBoard};
use crate::id::WorkerId;
use crate::link::consumption::Consumption;
use crate::link::work::{At, Attached, HandInStep, Report, Work};
use crate::os::Exit;
use crate::pool::{ProcessEvent, ProcessKey};
use crate::run::BoardImage;
use crate::simulate::modelled::Nowhere;
use crate::wire::{FromWorker, RunSpec, ToWorker};
use std::sync::Arc;

/// A worker's part in a run.
#[derive(Debug)]
pub(in super::super) struct Part {
    run: u64,
    // Before the image, which it points into.
    board: WorkerBoard,
    _image: Arc<BoardImage>,
    spec: RunSpec,
    work: Work,
    consumes: Consumption,
    /// It found nothing and waits for a word.
    sleeps: bool,
}

impl Part {
    pub(super) fn sleeps(&self) -> bool {
        self.sleeps
    }
}

impl SimProcesses {
    pub(super) fn join(&mut self, key: ProcessKey, run: u64, slot: WorkerId) {
        let image = self.runs[&run].board.clone();
        let board = image.attach();
        if board.control() == Control::Ended {
            return;
        }
        let spec = RunSpec::from_bytes(board.payload()).expect("what it was made with");
        board.join(slot, key.0 as u32, self.now);
        let (work, consumes) = (Work::new(slot), Consumption::default());
        self.set(
            key,
            Phase::Runs(Box::new(Part { run, board, _image: image, spec, work, consumes, sleeps: false })),
        );
    }

    /// One step of a worker in a run.
    pub(super) fn work(&mut self, key: ProcessKey, mut part: Box<Part>) {
        if part.sleeps {
            return self.listen(key, part);
        }
        let (now, run) = (self.now, part.run);
        let Part { board, spec, work, consumes, sleeps, .. } = &mut *part;
        let board = &*board;
        match work.at() {
            At::Idle => {
                if work.aim(board).is_none() {
                    *sleeps = true;
                    self.met.tails += u64::from(board.control() == Control::Ended);
                    self.say(key, ProcessEvent::Worker(FromWorker::Dry { run }));
                }
            }
            At::Aims(_) => {
                work.claim(&mut Attached { board, spec, consumes });
            }
            At::Claimed(_) => work.begin(board, now),
            At::Begun(lease) => {
                work.enter(board, ElementPosition { step: 0, element: lease.start });
            }
            At::Runs(lease, position) if position.element + 1 < lease.end => {
                work.enter(board, ElementPosition { step: 0, element: position.element + 1 });
            }
            At::Runs(lease, _) => work.encoded(board, [8 * (lease.end - lease.start)].into_iter(), 0),
            At::HandsIn(..) | At::Done(_) => {
                match work.step(&mut Attached { board, spec, consumes }, now, &mut Nowhere) {
                    Ok(HandInStep::Completed { ends_stage: true }) => {
                        self.say(key, ProcessEvent::Worker(FromWorker::StageEnded { run }));
                    }
                    Ok(_) => {}
                    // As a worker does whose pages are gone.
                    Err(_) => work.fail(board, ElementPosition { step: 0, element: 0 }, [0, 0], None),
                }
            }
            At::Failed(_) => {
                if let Some(Report { stage, chunk, position, unwritten }) = work.report() {
                    let failed = FromWorker::Failed { run, stage, chunk, position, unwritten };
                    self.say(key, ProcessEvent::Worker(failed));
                }
            }
        }
        self.set(key, Phase::Runs(part));
    }

    /// A worker that found nothing reads the next word.
    fn listen(&mut self, key: ProcessKey, mut part: Box<Part>) {
        let now = self.now;
        let process = self.all.get_mut(&key).expect("it is there");
        match process.next_message(now) {
            Some(Message::Worker(ToWorker::EndRun)) => return self.leave(key),
            Some(Message::Worker(ToWorker::Exit)) => return self.die(key, Exit::Code(0)),
            Some(Message::Worker(ToWorker::Run { .. })) => panic!("a run in the middle of a run"),
            Some(_) => part.sleeps = false,
            None if process.sees_end() => return self.die(key, Exit::Code(0)),
            None => {}
        }
        self.set(key, Phase::Runs(part));
    }

    /// The run is over for a worker.
    fn leave(&mut self, key: ProcessKey) {
        self.set(key, Phase::Waits);
        if self.happens(Fault::Changes, 3) {
            self.met.changed += 1;
            self.say(key, ProcessEvent::Worker(FromWorker::Changed { what: "an option".into() }));
            self.die(key, Exit::Code(0));
        }
    }

    /// Ctrl-C: one that is in FUN drops its chunk.
    pub(in super::super) fn interrupted(&mut self, key: ProcessKey) {
        let Some(process) = self.all.get_mut(&key) else { return };
        if let Phase::Runs(part) = &mut process.phase {
            if matches!(part.work.at(), At::Runs(..)) && process.lives && !process.is_stopped {
                part.work.drop_chunk();
            }
        }
    }
}
