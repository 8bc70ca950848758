//! The steps of a stage as this worker runs them: where the elements of each come from, and the call of its FUN, once R made
//! that ready.
use std::rc::Rc;

use scheduler::link::Membership;

use super::pages::{Opened, Pages};
use super::part::PartFeed;
use super::reused::Reused;
use super::rows::RowFeed;
use super::sparse::SparseFeed;
use crate::about::{Blocks, Cut, Input, Listed, Side, Step, Steps};
use crate::codec::{self, BlobSource, SmallItems};
use crate::r::{self, Failure, Preserved, Result, Scope, Sexp};

/// A stage, open for work.
pub(super) struct WorkerStage {
    pub(super) steps: Vec<Running>,
    /// The output that a step's results go to.
    pub(super) outputs: Vec<Option<usize>>,
    /// What an element of the last chunk took, in nanoseconds; 0 before there was one.
    pub(super) mean_ns: f64,
}

/// A step, open for work.
pub(super) struct Running {
    pub(super) pass: u32,
    pub(super) levels: u32,
    pub(super) collect: bool,
    /// How long FUN may take for an element, in seconds; infinite where that is not limited.
    pub(super) limit_seconds: f64,
    inputs: Vec<Feed>,
    sides: Vec<(String, Side)>,
    pub(super) ready: Option<Ready>,
}

/// What R made ready: the call of FUN, how many of its arguments are forced (`None`: it is code to be evaluated), the frame it is evaluated in,
/// the list that the call takes its elements from, and what sets the random numbers (NULL for nothing).
pub(super) struct Ready {
    pub(super) call: Preserved,
    pub(super) forced: Option<i32>,
    pub(super) frame: Preserved,
    pub(super) elements: Preserved,
    pub(super) setter: Preserved,
}

/// Where the elements of an argument come from.
enum Feed {
    /// Cut from a collection, whose page is held as long as the source.
    Cut { source: BlobSource<'static>, root: u32, cut: Cut, names: Preserved, _page: Rc<Opened> },
    /// Rows of a matrix, whose page is held as long.
    Rows(RowFeed, Rc<Opened>),
    /// Small items of a collection, whose page is held as long, and their names.
    Small { items: SmallItems<'static>, names: Preserved, last: Reused, _page: Rc<Opened> },
    /// Cut from a sparse matrix, whose page is held as long.
    Sparse(SparseFeed, Rc<Opened>),
    /// What a step gave.
    Step(usize),
    /// Of an earlier stage, one by one.
    Part(PartFeed),
    /// One value for all elements.
    Whole(Preserved),
}

impl WorkerStage {
    pub(super) fn open(membership: &Membership, pages: &mut Pages, about: &Steps) -> Result<WorkerStage> {
        let mut steps = Vec::with_capacity(about.steps.len());
        for step in &about.steps {
            steps.push(Running::open(membership, pages, step)?);
        }
        let output = |step: u32| about.outputs.iter().position(|&output| output == step);
        let outputs = (0..steps.len() as u32).map(output).collect();
        Ok(WorkerStage { outputs, steps, mean_ns: 0.0 })
    }

    /// A stage without steps: for a worker that cannot begin.
    pub(super) fn empty() -> WorkerStage {
        WorkerStage { steps: Vec::new(), outputs: Vec::new(), mean_ns: 0.0 }
    }

    /// The first step whose call R has not made ready.
    pub(super) fn unready(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.ready.is_none())
    }

    /// Bytes of pages that go with the stage.
    pub(super) fn bytes(&self) -> usize {
        let feeds = self.steps.iter().flat_map(|step| &step.inputs);
        feeds
            .map(|feed| match feed {
                Feed::Cut { _page: page, .. }
                | Feed::Small { _page: page, .. }
                | Feed::Rows(_, page)
                | Feed::Sparse(_, page) => page.bytes(),
                Feed::Part(feed) => feed.bytes(),
                Feed::Step(_) | Feed::Whole(_) => 0,
            })
            .sum()
    }
}

impl Running {
    fn open(membership: &Membership, pages: &mut Pages, step: &Step) -> Result<Running> {
        let inputs =
            step.inputs.iter().map(|input| Feed::open(membership, pages, *input)).collect::<Result<_>>()?;
        let Step { pass, levels, collect, limit_seconds, ref sides, .. } = *step;
        Ok(Running { pass, levels, collect, limit_seconds, inputs, sides: sides.clone(), ready: None })
    }

    /// R made the call ready: side variables are bound in its frame.
    pub(super) fn make_ready(
        &mut self,
        membership: &Membership,
        pages: &mut Pages,
        ready: Ready,
    ) -> Result<()> {
        for (name, side) in &self.sides {
            let value = match *side {
                Side::Page(resource) => pages.variable(membership, resource)?,
                Side::List(listed) => pages.list(membership, listed)?,
                Side::One(resource) => pages.one(membership, resource)?,
            };
            r::protect(|s| {
                s.define(s.symbol(name), value.get(), ready.frame.get());
                Ok(())
            })?;
        }
        if ready.elements.get().len() != self.arity() {
            return Err(Failure::Internal("the call of FUN takes another number of elements".into()));
        }
        self.ready = Some(ready);
        Ok(())
    }

    /// How many element arguments FUN has.
    pub(super) fn arity(&self) -> usize {
        self.inputs.len()
    }

    /// Argument `nth` of FUN for element `at`; `values` are what the steps before gave for it, `end` is the chunk's end.
    pub(super) fn argument<'s>(
        &mut self,
        s: &'s Scope,
        nth: usize,
        at: u64,
        end: u64,
        values: Sexp,
    ) -> Sexp<'s> {
        match &mut self.inputs[nth] {
            Feed::Step(step) => s.kept(values.item(*step)),
            Feed::Whole(value) => s.kept(value.get()),
            Feed::Part(feed) => feed.element(s, at),
            Feed::Small { items, names, last, .. } => {
                let names = names.get();
                let vector = last.vector(s, names, |s| codec::named(s, items.blank(s), names));
                items.fill(at as usize, vector);
                vector
            }
            Feed::Sparse(feed, _) => feed.element(s, at as usize),
            Feed::Rows(feed, _) => feed.element(s, at, end),
            Feed::Cut { source, root, cut, names, .. } => match *cut {
                Cut::Item => codec::element(s, source, *root, at as usize),
                Cut::Column(height, _) => {
                    codec::column(s, source, *root, at as usize, height as usize, names.get())
                }
                Cut::ColumnBlock(blocks) => {
                    let part = blocks.part(at, blocks.columns);
                    codec::column_block(s, source, *root, part, blocks.rows as usize, names.get())
                }
                Cut::RowBlock(blocks) => row_block(s, source, *root, (at, blocks), names.get()),
                Cut::Row(..) | Cut::Sparse(_) => unreachable!("these have feeds of their own"),
            },
        }
    }

    /// Lets go of what was cut for a chunk.
    pub(super) fn end_chunk(&mut self) {
        for feed in &mut self.inputs {
            if let Feed::Rows(feed, _) = feed {
                feed.end_chunk();
            }
        }
    }
}

/// Block `at` of a matrix cut into blocks of rows.
fn row_block<'s>(
    s: &'s Scope,
    source: &BlobSource<'_>,
    root: u32,
    (at, blocks): (u64, Blocks),
    dimnames: Sexp,
) -> Sexp<'s> {
    let shape = (blocks.rows as usize, blocks.columns as usize);
    codec::row_block(s, source, root, blocks.part(at, blocks.rows), shape, dimnames)
}

impl Feed {
    fn open(membership: &Membership, pages: &mut Pages, input: Input) -> Result<Feed> {
        Ok(match input {
            Input::Cut(resource, cut) => {
                let page = pages.open(membership, resource)?;
                Feed::cut(page.source(0, u64::MAX)?, 0, cut, page)?
            }
            Input::CutOf(resource, cut) => {
                let mut made = pages.made(membership, resource)?;
                let (source, place) = made.locate(0)?;
                // One plain vector is packed, and has no node of its own: its items are columns of one.
                let (root, cut) = match source.packed(0) {
                    Some(_) if cut == Cut::Item => (0, Cut::Column(1, u64::MAX)),
                    _ => (codec::child(&source, 0, place)?, cut),
                };
                Feed::cut(source, root, cut, Rc::clone(made.page_of(0)))?
            }
            Input::Step(step) => Feed::Step(step as usize),
            Input::Part { of, consumed } => Feed::Part(PartFeed::new(pages.made(membership, of)?, consumed)),
            Input::Whole(of) => Feed::Whole(pages.list(membership, Listed { of, names: None })?),
            Input::Results(listed, vector) => Feed::Whole(pages.results(membership, listed, vector)?),
        })
    }

    fn cut(source: BlobSource<'static>, root: u32, cut: Cut, page: Rc<Opened>) -> Result<Feed> {
        if let Cut::Sparse(sparse) = cut {
            return Ok(Feed::Sparse(SparseFeed::open(source, root, sparse)?, page));
        }
        let names = r::protect(|s| Ok(Preserved::new(names_of_elements(s, &source, root, cut))))?;
        let small = match cut {
            Cut::Row(height, width) => {
                return Ok(Feed::Rows(RowFeed::new(source, root, (height, width), names), page))
            }
            Cut::Item => SmallItems::of(&source.view, root),
            Cut::Column(height, _) => SmallItems::columns(&source.view, root, height as usize),
            _ => None,
        };
        Ok(match small {
            Some(items) => Feed::Small { items, names, last: Reused::default(), _page: page },
            None => Feed::Cut { source, root, cut, names, _page: page },
        })
    }
}

/// The names that `apply` would give each element: the dimnames along it. Of blocks the dimnames. NULL where there are none.
fn names_of_elements<'s>(s: &'s Scope, source: &BlobSource<'_>, root: u32, cut: Cut) -> Sexp<'s> {
    if cut == Cut::Item {
        return s.null();
    }
    let dimnames = codec::attribute(s, source, root, "dimnames");
    match cut {
        Cut::Row(..) if !dimnames.is_null() => dimnames.item(1),
        Cut::Column(..) if !dimnames.is_null() => dimnames.item(0),
        _ => dimnames,
    }
}
