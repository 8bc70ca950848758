//! The graph of a document as groups, boxes and arrows, before it is DOT or Mermaid. A graph of so many nodes that nobody could
//! follow them is drawn by steps: what one step has of a kind is one box, which says how many that are.
mod grouped;
pub(super) mod parts;
mod text;
mod whole;

use super::links::{links, Critical};
use crate::document::Document;
use parts::{Drawing, MOST_NODES};

/// Every drawing of the document, from the one that shows most to the one that shows least, which has a dozen boxes at most.
pub(super) fn drawings(document: &Document) -> impl Iterator<Item = Drawing> + '_ {
    let links = links(document);
    let critical = Critical::of(document, &links);
    let whole = document.tasks.len() + document.resources.len() <= MOST_NODES;
    let columns = std::iter::successors(Some(64), |&columns| (columns > 1).then_some(columns / 2));
    let sizes = whole.then_some(None).into_iter().chain(columns.map(Some));
    sizes.map(move |size| match size {
        None => whole::draw(document, &links, &critical),
        Some(columns) => grouped::draw(document, &links, &critical, columns),
    })
}
