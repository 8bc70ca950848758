//! The document as JSON: the exchange format, described by `docs/record.schema.json`.
use crate::document::Document;
use crate::harmless;

/// One line of JSON. Numbers are as exact as they are in the document.
pub(super) fn json(document: &Document) -> String {
    let mut text = serde_json::to_string(document).unwrap_or_else(|problem| {
        // A document is structs, lists, text and numbers: nothing that JSON has no word for.
        unreachable!("a document has a JSON form: {problem}")
    });
    text.push('\n');
    harmless::json(&text)
}
