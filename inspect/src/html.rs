//! The page: a document as one HTML file that needs nothing else.
//!
//! Script and style are built from `viewer/` and stand here in `page/`. The page's own policy lets exactly these two in, by their
//! hashes, and nothing from any network. What users named can neither end an element nor be read as HTML: the document is JSON in which
//! the characters that HTML and scripts could misread are escaped, and the script turns texts into text nodes only.
use crate::document::Document;
use crate::harmless::{is_acted_on, printable};

const FRAME: &str = include_str!("page/page.html");
const SCRIPT: &str = include_str!("page/viewer.js");
const STYLE: &str = include_str!("page/viewer.css");
const LICENCES: &str = include_str!("page/LICENSES.txt");

/// A document as a page.
pub fn html(document: &Document) -> String {
    let json = serde_json::to_string(document)
        .unwrap_or_else(|error| unreachable!("a document is plain data: {error}"));
    page(&document.title, &json)
}

/// A page for a document that is JSON already, with the title of the browser's window.
pub fn page(title: &str, json: &str) -> String {
    let length = FRAME.len() + SCRIPT.len() + STYLE.len() + LICENCES.len() + json.len() + json.len() / 16;
    let mut out = String::with_capacity(length);
    let mut rest = FRAME;
    // One walk over the frame: what is put in is never looked at again.
    while let Some((before, name, after)) = slot(rest) {
        out.push_str(before);
        match name {
            "title" => escape_text(title, &mut out),
            "licences" => out.push_str(LICENCES),
            "style" => out.push_str(STYLE),
            "script" => out.push_str(SCRIPT),
            "document" => escape_json(json, &mut out),
            other => unreachable!("the frame has no slot {other}"),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The next `{{name}}`: what is before it, the name, what comes after.
fn slot(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

/// Text between tags.
fn escape_text(text: &str, out: &mut String) {
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
}

/// JSON within a script element. These characters occur in strings only, where `\u` stands for them. Marks of direction are shown as what
/// they are, for a browser would act on them.
fn escape_json(json: &str, out: &mut String) {
    let mut rest = json;
    let special = |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') || is_acted_on(c);
    while let Some(at) = rest.find(special) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let c = found.chars().next().unwrap_or_default();
        out.push_str(match c {
            '<' => "\\u003c",
            '>' => "\\u003e",
            '&' => "\\u0026",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            _ => "\u{fffd}",
        });
        rest = &found[c.len_utf8()..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_named_cannot_become_html() {
        let evil = "</title></script><script>alert(1)</script><!-- {{script}}";
        let json = serde_json::to_string(&serde_json::json!({ "title": evil })).unwrap();
        let page = page(evil, &json);
        // Only the frame's own: the JSON's and the script.
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script>").count(), 2);
        assert_eq!(page.matches("</title>").count(), 1);
        assert_eq!(page.matches("alert(1)").count(), 2);
        assert_eq!(read_back(&page)["title"], evil);
    }

    #[test]
    fn lines_that_only_scripts_know_are_escaped() {
        let text = "a\u{2028}b\u{2029}c & d";
        let page = page("", &serde_json::to_string(&serde_json::json!({ "title": text })).unwrap());
        assert!(page.contains("a\\u2028b\\u2029c \\u0026 d"));
        assert_eq!(read_back(&page)["title"], text);
    }

    #[test]
    fn the_frame_has_each_slot_once_and_a_policy_without_holes() {
        for name in ["title", "licences", "style", "document", "script"] {
            assert_eq!(FRAME.matches(&format!("{{{{{name}}}}}")).count(), 1, "{name}");
        }
        assert!(FRAME.contains("default-src 'none'; script-src 'sha256-"));
        for hole in ["unsafe", "http:", "https:", "data:", "'self'", "*"] {
            let policy = FRAME.split("content=\"").find(|part| part.starts_with("default-src")).unwrap();
            assert!(!policy.split('"').next().unwrap().contains(hole), "{hole}");
        }
    }

    #[test]
    fn script_and_style_can_stand_inside_their_elements() {
        for (text, end) in [(SCRIPT, "</script"), (STYLE, "</style"), (LICENCES, "--")] {
            assert!(!text.contains(end) && !text.contains('\r'));
        }
    }

    fn read_back(page: &str) -> serde_json::Value {
        let (_, rest) = page.split_once("id=\"document\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }
}
