//! Documents for other people's programs, each a pure function of the [`Document`]: the same document always gives the same text.
//!
//! | file | what it holds |
//! |---|---|
//! | `format` | the formats by name and by a file's ending; the one function that writes any of them |
//! | `json` | the document itself, as `docs/record.schema.json` describes it |
//! | `drawing` | the graph as groups, boxes and arrows, with large graphs made small; what the next two write down |
//! | `links` | the arrows: who reads, makes, ends what, and who waits for whom besides |
//! | `dot`, `mermaid` | the drawing in the languages of Graphviz and Mermaid |
//! | `releases` | the document without what gives memory back |
//! | `trace` | a run as slices, flows and counters in the Trace Event Format: Perfetto, chrome://tracing, Speedscope |
//! | `labels`, `quoted` | names as parts of labels, and labels in quotation marks |
mod dot;
mod drawing;
mod format;
mod json;
mod labels;
mod links;
mod mermaid;
mod quoted;
mod releases;
#[cfg(test)]
mod tests;
mod trace;

pub use format::{Format, Releases};
