//! Handing in a chunk, one step at a time: its results, or the failure that it ended in.
use super::{At, Attached, Ending, Hand, Work};
use crate::board::{Delivered, Lease, Output, PageSegment, Span, StepReport};
use crate::error::{Error, Result, Shortage};
use crate::id::{ResourceId, StageId};
use crate::link::consumption::Spent;
use crate::link::Part;
use crate::wire::Unwritten;

/// What a worker acts on besides the board, and what it has to say of the chunk that it hands in.
pub(crate) trait Outside {
    /// Writes a piece of what is handed in: an output by its number, then the notes; of a failed chunk the error, then the notes.
    ///
    /// # Errors
    /// [`Error::NoSpace`] where it does not fit; then nothing of it is left there.
    fn write(&mut self, piece: usize, resource: ResourceId, output: Output) -> Result<()>;

    /// Whether what does not fit into a resource's page can go to its overflow.
    fn has_overflow(&self, resource: ResourceId) -> bool;

    /// Whether finished chunks are written down in a checkpoint.
    fn has_log(&self) -> bool {
        false
    }

    /// Writes the chunk down. When it cannot, the chunk counts all the same.
    fn log(&mut self, _lease: &Lease) {}

    /// Gives the memory of a part back that nobody reads any more.
    ///
    /// # Errors
    /// When it cannot be: then it stays until its page goes.
    fn give_back(&mut self, resource: ResourceId, part: &Part) -> Result<()>;

    /// What each step of the chunk did, where there are several.
    fn steps(&self) -> &[StepReport];

    /// What each element cost, step by step; empty where that is not measured.
    fn costs(&self) -> &[Vec<f32>];
}

/// The step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandInStep {
    /// None: there is nothing to hand in.
    None,
    /// Everything has its place.
    Reserved,
    /// A piece is written.
    Wrote,
    /// A piece did not fit into its page, and is to go to the overflow.
    Diverted,
    /// A piece of a failed chunk did not fit, and is left out.
    LeftOut,
    /// A piece of the results does not fit: the number of its output, `None` for the notes. The chunk is held, and has to fail.
    Refused(Option<usize>, Shortage),
    /// The chunk is written down in the run's checkpoint.
    Logged,
    /// The costs are written.
    Costed,
    /// The chunk is done, and its results count. Who ends a stage tells the session: others may wait for it that are not told by
    /// anything else.
    Completed {
        /// Whether the stage is through by it. Of several that complete the last chunks at once, more than one may see that.
        ends_stage: bool,
    },
    /// The chunk had been taken back, and nothing of it counts.
    Revoked,
    /// The chunk has failed, which is to be reported.
    Failed,
    /// What the chunk was the last to read is given back.
    GaveBack,
}

impl Work {
    /// Takes the next step of handing in a chunk that was [`Work::encoded`], or that did [`Work::fail`].
    ///
    /// # Errors
    /// What is wrong with the run's pages, other than their room. The chunk is held, and has to fail.
    pub(crate) fn step(
        &mut self,
        run: &mut Attached<'_>,
        now_ns: u64,
        outside: &mut dyn Outside,
    ) -> Result<HandInStep> {
        match self.at {
            At::HandsIn(lease, Hand::Reserve) => self.reserve(run, lease),
            At::HandsIn(lease, Hand::Write(from)) => match self.piece(from) {
                Some(piece) => self.write(run, lease, piece, outside),
                None if matches!(self.ending, Ending::Failure(..)) => {
                    Ok(self.publish(run, lease, now_ns, outside))
                }
                None if outside.has_log() => {
                    outside.log(&lease);
                    self.at = At::HandsIn(lease, Hand::Cost);
                    Ok(HandInStep::Logged)
                }
                None => Ok(self.put_costs(run, lease, outside)),
            },
            At::HandsIn(lease, Hand::Cost) => Ok(self.put_costs(run, lease, outside)),
            At::HandsIn(lease, Hand::Publish) => Ok(self.publish(run, lease, now_ns, outside)),
            At::Done(lease) => {
                give_back(run, &lease, outside);
                self.at = At::Idle;
                Ok(HandInStep::GaveBack)
            }
            At::Idle | At::Aims(_) | At::Claimed(_) | At::Begun(_) | At::Runs(..) | At::Failed(_) => {
                Ok(HandInStep::None)
            }
        }
    }

    /// The next piece that is there, from this one on.
    pub(super) fn piece(&self, from: usize) -> Option<usize> {
        (from..self.pieces.len()).find(|&piece| self.pieces[piece].len > 0)
    }

    /// The stage and the output that a piece belongs to: the stage's own, or that of the run's notes.
    fn output_of(&self, run: &Attached<'_>, lease: &Lease, piece: usize) -> (StageId, u32) {
        match self.ending {
            Ending::Results if piece + 1 < self.pieces.len() => (lease.stage, piece as u32),
            _ => run.spec.notes,
        }
    }

    fn reserve(&mut self, run: &Attached<'_>, lease: Lease) -> Result<HandInStep> {
        let mut from = 0;
        while let Some(piece) = self.piece(from) {
            let (stage, nth) = self.output_of(run, &lease, piece);
            match run.board.reserve_output(stage, nth, self.pieces[piece].len) {
                Some(at) => self.pieces[piece].at = at,
                // Whoever reads it is through, or the run is over.
                None if run.board.is_closed(stage, nth) => return Ok(self.give_up(run, lease, piece)),
                None => return Err(damaged("the board has no such output, or its results have no end")),
            }
            from = piece + 1;
        }
        self.at = At::HandsIn(lease, Hand::Write(0));
        Ok(HandInStep::Reserved)
    }

    /// Drops a chunk that was taken back, with the room of its pieces before this one.
    fn give_up(&mut self, run: &Attached<'_>, lease: Lease, end: usize) -> HandInStep {
        for piece in (0..end).filter(|&piece| self.pieces[piece].len > 0) {
            let (stage, nth) = self.output_of(run, &lease, piece);
            run.board.return_output(stage, nth, self.pieces[piece].len);
        }
        self.at = At::Idle;
        HandInStep::Revoked
    }

    fn write(
        &mut self,
        run: &Attached<'_>,
        lease: Lease,
        piece: usize,
        outside: &mut dyn Outside,
    ) -> Result<HandInStep> {
        let (stage, nth) = self.output_of(run, &lease, piece);
        let outputs = run.spec.stages.get(stage.index()).map(|stage| &stage.outputs);
        let resource = outputs.and_then(|outputs| outputs.get(nth as usize)).copied();
        let resource = resource.ok_or_else(|| damaged("the run has no such output"))?;
        let output = self.pieces[piece];
        let shortage = match outside.write(piece, resource, output) {
            Ok(()) => {
                self.at = At::HandsIn(lease, Hand::Write(piece + 1));
                return Ok(HandInStep::Wrote);
            }
            Err(error) => error.into_shortage()?,
        };
        if output.segment == PageSegment::Main && outside.has_overflow(resource) {
            self.pieces[piece].segment = PageSegment::Overflow;
            return Ok(HandInStep::Diverted);
        }
        run.board.return_output(stage, nth, output.len);
        self.pieces[piece] = Output::default();
        self.at = At::HandsIn(lease, Hand::Write(piece + 1));
        match &mut self.ending {
            Ending::Results => {
                Ok(HandInStep::Refused((piece + 1 < self.pieces.len()).then_some(piece), shortage))
            }
            Ending::Failure(_, unwritten) => {
                if piece == 0 {
                    unwritten.get_or_insert(Unwritten::Condition(shortage));
                }
                Ok(HandInStep::LeftOut)
            }
        }
    }

    fn put_costs(&mut self, run: &Attached<'_>, lease: Lease, outside: &dyn Outside) -> HandInStep {
        for (step, costs) in outside.costs().iter().enumerate() {
            run.board.put_costs(&lease, step as u32, costs);
        }
        self.at = At::HandsIn(lease, Hand::Publish);
        HandInStep::Costed
    }

    fn publish(
        &mut self,
        run: &Attached<'_>,
        lease: Lease,
        now_ns: u64,
        outside: &dyn Outside,
    ) -> HandInStep {
        let span = Span { started_ns: self.started_ns, ended_ns: now_ns };
        let (notes, others) =
            self.pieces.split_last().map_or((Output::default(), &[][..]), |(&notes, others)| (notes, others));
        let (counts, at, step) = match self.ending {
            Ending::Results => {
                let delivered = Delivered { outputs: others, notes, span, steps: outside.steps() };
                let counts = run.board.complete(&lease, &delivered);
                (
                    counts,
                    At::Done(lease),
                    HandInStep::Completed { ends_stage: counts && run.board.is_through(lease.stage) },
                )
            }
            Ending::Failure(position, _) => {
                let error = others.first().copied().unwrap_or_default();
                (run.board.fail(&lease, position, error, notes, span), At::Failed(lease), HandInStep::Failed)
            }
        };
        self.at = if counts { at } else { At::Idle };
        if counts {
            step
        } else {
            HandInStep::Revoked
        }
    }
}

/// Gives back what a chunk was the last to read.
fn give_back(run: &mut Attached<'_>, lease: &Lease, outside: &mut dyn Outside) {
    for Spent { resource, maker: (stage, nth), part } in run.consumes.spent(run.board, run.spec, lease) {
        match outside.give_back(resource, &part) {
            Ok(()) => run.board.return_output(stage, nth, part.output.len),
            Err(e) => tracing::debug!(%e, "a part stays until its page goes"),
        }
    }
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { segment: "of results".into(), reason: reason.into() }
}
