//! What all parts of a simulated run look at.
use super::memory::Private;
use crate::board::{SupervisorBoard, WorkerBoard};
use crate::error::Result;
use crate::graph::TaskKind;
use crate::id::ResourceId;
use crate::link::consumption::Consumption;
use crate::link::work::Attached;
use crate::plan::Plan;
use crate::wire::RunSpec;
use std::sync::Arc;

/// A run's plan and board, and the time.
pub(crate) struct Context {
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: RunSpec,
    board: Private,
    /// The time.
    pub(crate) now: u64,
}

impl Context {
    pub(super) fn new(plan: &Plan) -> Result<Context> {
        let board = Private::new(&plan.board_spec(b""))?;
        let plan = Arc::new(plan.clone());
        let spec = RunSpec::new(&plan, vec![], vec![]);
        Ok(Context { plan, spec, board, now: 0 })
    }

    pub(crate) fn board(&self) -> &SupervisorBoard {
        self.board.supervisor()
    }

    pub(crate) fn worker_board(&self) -> &WorkerBoard {
        self.board.worker()
    }

    pub(crate) fn bytes(&self, resource: ResourceId) -> u64 {
        self.plan.graph().resources()[resource.index()].bytes
    }

    /// The variables that are copied in for the run.
    pub(crate) fn shared(&self) -> impl Iterator<Item = ResourceId> + '_ {
        self.plan.graph().tasks().iter().filter_map(|task| match task.kind {
            TaskKind::Share(resource) => Some(resource),
            _ => None,
        })
    }

    /// The run, as a worker is attached to it.
    pub(crate) fn attached<'a>(&'a self, consumes: &'a mut Consumption) -> Attached<'a> {
        Attached { board: self.worker_board(), spec: &self.spec, consumes }
    }
}
