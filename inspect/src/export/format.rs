//! The formats by name, and the one function that writes any of them.
use std::path::Path;

use super::dot::dot;
use super::json::json;
use super::mermaid::mermaid;
use super::trace::trace;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::html::html;

/// What a document can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The document itself.
    Json,
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown pages on GitHub and elsewhere draw it.
    Mermaid,
    /// Trace Event Format: for <https://ui.perfetto.dev>.
    Trace,
    /// A page.
    Html,
}

impl Format {
    /// All, by their names.
    pub const ALL: [(&'static str, Format); 5] = [
        ("json", Format::Json),
        ("dot", Format::Dot),
        ("mermaid", Format::Mermaid),
        ("trace", Format::Trace),
        ("html", Format::Html),
    ];

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|&(_, format)| format)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| *name)
    }

    /// The format that a file's name asks for by its ending; `.trace.json` is a trace, any other `.json` the document.
    pub fn of_file(file: &Path) -> Option<Format> {
        let name = file.file_name()?.to_string_lossy().to_lowercase();
        let endings = [
            (".trace.json", Format::Trace),
            (".trace", Format::Trace),
            (".json", Format::Json),
            (".dot", Format::Dot),
            (".gv", Format::Dot),
            (".mmd", Format::Mermaid),
            (".mermaid", Format::Mermaid),
            (".html", Format::Html),
            (".htm", Format::Html),
        ];
        endings.iter().find(|(ending, _)| name.ends_with(ending)).map(|&(_, format)| format)
    }

    /// The document in this format.
    ///
    /// # Errors
    /// [`Error::NothingRan`] for the trace of a plan that did not run.
    pub fn text(self, document: &Document) -> Result<String> {
        match self {
            Format::Json => Ok(json(document)),
            Format::Dot => Ok(dot(document)),
            Format::Mermaid => Ok(mermaid(document)),
            Format::Html => Ok(html(document)),
            Format::Trace if document.run.is_none() => Err(Error::NothingRan),
            Format::Trace => Ok(trace(document)),
        }
    }
}
