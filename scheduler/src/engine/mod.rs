//! The engine of a run: what happened goes in, it decides what is to be done, and does it.
//!
//! It is generic over a [`World`], which is output only: time and events come in as arguments of [`Engine::step`], which never blocks and
//! may be called from any thread. `run` drives it on this host's processes and pages, `simulate` on a virtual clock, with every kind of
//! fault in tests. Claims are not in it: workers claim from the board without the engine.
//!
//! | file | what stands there |
//! |---|---|
//! | `event` | what happens, what is to be done, how a run ends |
//! | `state` | what is known of a run, with `tasks` and `workers` |
//! | `core` | what is decided on it; `admission`, `deviation`, `recover`, `stop` are its parts |
//! | `apply` | the one place that applies decisions |
//! | `watch` | elements that take longer than they may; what is known of these stands in `late` |
//! | `world` | what they are applied to |
//! | `log` | what is written down of a run |
//! | `check` | the invariants, for tests |
mod admission;
mod apply;
mod check;
mod core;
mod deviation;
mod event;
mod late;
mod log;
mod recover;
mod state;
mod stop;
mod tasks;
#[cfg(all(test, not(loom)))]
pub(crate) mod tests;
mod watch;
mod workers;
mod world;

use std::collections::VecDeque;
use std::sync::Arc;

pub use event::{Cause, Event, Failure, Loss, LostLease, Outcome, Settings};
pub use log::EventKind;
pub use tasks::{ResourceState, TaskState};
pub use world::World;

use self::late::Late;
use self::state::Core;
use crate::board::{OpenStages, SupervisorBoard};
use crate::id::{StageId, WorkerId};
use crate::plan::{Piece, Plan};
use event::Action;

/// The engine of one run.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    core: Core,
    /// Open stages; the core was told the end of the others.
    opened: OpenStages,
    /// Pieces of open stages whose data is not there.
    awaited: Vec<(StageId, Piece)>,
    /// Pieces that were withdrawn because their costs misled: of which stage, and the first element of each.
    withdrawn: Vec<(StageId, Vec<u64>)>,
    /// Chunks that were taken back from lost workers.
    retries: u32,
    /// Workers that cannot be reached and may live.
    cut_off: Vec<WorkerId>,
    late: Late,
    // Kept for their memory.
    events: VecDeque<Event>,
    actions: Vec<Action>,
}

impl Engine {
    /// The engine of a run of `plan` that has not begun; each worker's place is taken to be starting. `board` is the world's.
    pub fn new(plan: Arc<Plan>, settings: Settings, board: &SupervisorBoard) -> Engine {
        let core = Core::new(&plan, settings);
        let opened = OpenStages::new(board);
        let late = Late::new(&plan, settings);
        Engine {
            plan,
            core,
            opened,
            awaited: Vec::new(),
            withdrawn: Vec::new(),
            retries: 0,
            cut_off: Vec::new(),
            late,
            events: VecDeque::new(),
            actions: Vec::new(),
        }
    }

    /// Takes what happened up to `now_ns` (any clock that does not go back), and does what follows. What the board says by itself, that a
    /// stage is through, is seen in every step. Gives when the next step is wanted at the latest, with [`Event::Tick`] if with nothing
    /// else; `None` when time alone changes nothing. O(open stages x workers) an event, and what it starts, frees or requeues.
    pub fn step<W: World>(
        &mut self,
        world: &mut W,
        now_ns: u64,
        events: impl IntoIterator<Item = Event>,
    ) -> Option<u64> {
        self.late.asked(now_ns);
        for event in events {
            if self.is_ended() {
                return None;
            }
            // First of all: who has nothing to do may have it by a stage's end, and what is lost is not asked for again.
            self.notice_ended(world, now_ns);
            match event {
                Event::WorkerLost { worker, reason, loss, .. } => {
                    self.lost(world, now_ns, worker, reason, loss);
                }
                Event::Tick => {
                    self.recover_cut_off(world, now_ns);
                    self.handle(Event::Tick, world, now_ns);
                }
                event => self.handle(event, world, now_ns),
            }
        }
        self.notice_ended(world, now_ns);
        let next = self.core.next_deadline();
        let next = next.into_iter().chain(self.watch_elements(world, now_ns)).min();
        self.late.wants(next);
        next
    }

    /// Stages that were cut again because their costs misled, with the first element of each piece that was withdrawn.
    pub fn withdrawn(&self) -> &[(StageId, Vec<u64>)] {
        &self.withdrawn
    }

    /// Chunks that were taken back from lost workers, to be done again.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// The states of all tasks, by id.
    pub fn task_states(&self) -> &[TaskState] {
        self.core.task_states()
    }

    /// The states of all resources, by id.
    pub fn resource_states(&self) -> Vec<ResourceState> {
        self.core.resource_states()
    }

    /// Whether the world was told the outcome.
    pub fn is_ended(&self) -> bool {
        self.core.is_ended()
    }

    /// Checks all that must hold between steps.
    ///
    /// # Errors
    /// Says what does not hold. O(tasks x accesses).
    pub fn sanity_check(&self) -> Result<(), String> {
        self.core.sanity_check()
    }
}
