//! Plans: a call made concrete. Which passes run together, in which order, what is copied in, when each resource dies, and
//! how much memory the run needs at most.
//!
//! | file | what stands there |
//! |---|---|
//! | `call` | what is asked for: data, passes over it, wanted results |
//! | `check` | what cannot run is refused, by name |
//! | `fuse` | passes that meet element by element become one stage |
//! | `order` | the stages in the order in which workers prefer them |
//! | `costs` | what elements are expected to cost |
//! | `pieces` | where that is known: pieces of equal cost, the costliest first |
//! | `sizes` | what results take in their pages, where their sizes are known |
//! | `deviation` | whether they cost in a run what they should |
//! | `given` | for a run some of whose chunks are done before it begins |
//! | `again` | which chunks are not touched when some elements are done again |
//! | `compile` | from a call to a plan, by the files above |
//! | `memory` | lives, the peak, and what to do when it is too high |
//! | `forecast` | the peak from any point of a run on: what may begin now |
//!
//! Edges are *elementwise* or *whole*. Passes joined by elementwise edges run in one stage: a worker that takes a chunk runs
//! each pass on each element of it, so that an intermediate lives for one element and never leaves the worker. A whole edge
//! separates stages: the later one begins when the earlier is through.
mod again;
mod call;
mod check;
mod compile;
mod compiled;
mod costs;
mod deviation;
mod forecast;
mod fuse;
mod given;
mod memory;
mod order;
mod pieces;
mod sizes;
mod stage;
mod stream;
#[cfg(all(test, not(loom)))]
mod tests;

pub use crate::lifetime::Lifetime;
pub use call::{CallSpec, PassCall, Source, TimeLimit, WhenLate, FOLD};
pub use compile::{compile, compile_sized};
pub use compiled::Plan;
pub use costs::{sum, Costs, Origin};
pub(crate) use forecast::Progress;
pub(crate) use memory::Ceiling;
pub use pieces::Piece;
pub use sizes::ResultSize;
pub use stage::Stage;
pub use stream::ADVANCES;
