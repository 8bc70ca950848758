//! Looking at a plan, and at what a run of it did.
//!
//! A [`Record`] is a plan and, once it has run, its event log. It needs neither the data nor the machine: it can be saved, and
//! opened elsewhere. Every view is a pure function of it, and all take their numbers from the same [`Document`], so that they
//! cannot disagree.
//!
//! | file | what it holds |
//! |---|---|
//! | `record` | plan and log together |
//! | `live` | runs that go on, seen from any process of the user |
//! | `file` | a record on disk |
//! | `build` | from a record to a document, by the next |
//! | `planned`, `measured`, `memory`, `columns`, `events`, `hosts` | from a record to a document: the plan, the run, the bytes over time, chunks, events, hosts |
//! | `document`, `run_view` | all that views show, in plain numbers; as JSON it is the exchange format |
//! | `advice` | what follows from the figures, in a sentence or two |
//! | `explain` | the plan as a tree, with predicted and measured figures |
//! | `story` | the life of one pass, resource, task, chunk, element or worker |
//! | `html`, `page/` | the page, and what `viewer/` builds for it |
//! | `words`, `table`, `names` | numbers and tables for people; what things are called |
//! | `export` | JSON, DOT, Mermaid and traces: documents for other people's programs |
mod advice;
mod build;
mod columns;
mod document;
pub mod error;
mod events;
mod explain;
pub mod export;
mod file;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod harmless;
mod hosts;
mod html;
pub mod live;
mod measured;
mod memory;
mod names;
pub mod planned;
mod record;
mod run_view;
mod spent;
mod story;
pub mod table;
#[cfg(test)]
mod text_tests;
pub mod words;

pub use document::{
    CriticalPath, Document, Life, PassView, ResourceView, StageView, TaskLife, TaskView, Wait, VERSION,
};
pub use explain::explain;
pub use file::{read, write};
pub use html::{html, page};
pub use names::nearest;
pub use record::{PassNote, Record};
pub use run_view::{
    Activities, Chunks, EventView, HostView, LoadView, Memory, Moves, Outcome, PassFigures, RunFigures,
    RunView, Slowest, Steps, WorkerView,
};
pub use story::{story, Line, Story, Unknown};
