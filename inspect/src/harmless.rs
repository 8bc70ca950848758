//! Text that does nothing but be read. Names are the user's, and may hold what they like; a terminal acts on control characters, and
//! marks of direction turn the order of the letters around them, so that a name could pass for another text.

/// Whether a character is acted on rather than shown.
pub fn is_acted_on(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line, with a mark in the place of each character that is acted on.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_acted_on(c) { '\u{fffd}' } else { c }).collect()
}

/// JSON that says the same, and in which each such character is written as its number. They occur in strings only, but for the line feeds
/// and blanks between values.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if is_acted_on(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is acted on, and what is not, from a name.
    const EVIL: &str =
        "a\u{1b}[31m\u{9b}31m\u{7f}\u{202e}\u{2066}\u{200f}\u{61c}\r\n\tb\u{e9}\u{5d0}\u{200d}";

    #[test]
    fn what_is_acted_on_is_marked_and_letters_stay() {
        let shown = printable(EVIL);
        assert!(!shown.chars().any(is_acted_on), "{shown:?}");
        assert_eq!(shown.chars().count(), EVIL.chars().count());
        assert!(shown.starts_with('a') && shown.ends_with("b\u{e9}\u{5d0}\u{200d}"));
    }

    #[test]
    fn json_says_the_same_without_them() {
        let value = serde_json::json!({ EVIL: [EVIL, 1.5] });
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let safe = json(&text);
            assert!(!safe.chars().any(|c| is_acted_on(c) && c != '\n'), "{safe:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
