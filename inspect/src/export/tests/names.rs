//! Names that mean something in the language they are written in, and any other name.
use super::sample;
use crate::export::dot::dot;
use crate::export::json::json;
use crate::export::mermaid::mermaid;
use crate::export::trace::trace;
use proptest::prelude::*;

const NASTY: &str = "a\"b\\c\nd'<script>alert(1)</script>&lt;#35;`$$]})|%%{end} \u{1F600}é\u{0}";

/// The strings of DOT text, and whether it is well-formed: a small reader of our own. Graphviz itself reads it in tests/e2e.
fn dot_strings(text: &str) -> Option<Vec<String>> {
    let (mut strings, mut open, mut letters) = (Vec::new(), None::<String>, text.chars());
    while let Some(letter) = letters.next() {
        match (letter, &mut open) {
            ('"', None) => open = Some(String::new()),
            ('"', Some(_)) => strings.extend(open.take()),
            ('\\', Some(string)) => string.extend(['\\', letters.next()?]),
            ('\n', Some(_)) => return None,
            (_, Some(string)) => string.push(letter),
            (_, None) if letter.is_ascii() => (),
            (_, None) => return None,
        }
    }
    open.is_none().then_some(strings)
}

#[test]
fn dot_takes_any_name() {
    let text = dot(&sample::large(1, 1, |_| NASTY.into()));
    let label = "a\\\"b\\\\c d'<script>alert(1)</script>&amp;lt;#35;`$$]})|%%{end} \u{1F600}é…";
    assert!(text.contains(&format!("label=\"{}\\n8 bytes, result\"", label.replace('…', " "))), "{text}");
    let strings = dot_strings(&text).expect("well-formed");
    assert!(strings.iter().any(|string| string.contains("<script>")));
}

#[test]
fn mermaid_takes_any_name() {
    let text = mermaid(&sample::large(1, 1, |_| NASTY.into()));
    let label = "a#34;b#92;c d#39;#60;script#62;alert#40;1#41;#60;#47;script#62;#38;lt#59;#35;35#59;#96;#36;#8288;#36;#93;#125;#41;\
        #124;#37;#37;#123;end#125; #128512;é ";
    assert!(text.contains(&format!("r0[(\"{label}<br/>8 bytes, result\")]")), "{text}");
}

/// Mermaid reads numbers first, and then understands some pairs of letters.
#[test]
fn mermaid_understands_no_pair_of_letters() {
    let text = mermaid(&sample::large(1, 1, |_| "a\\nb\\tc $$x$$ fa:fa-user ﬂ°lt¶ß\\".into()));
    let label = "a#92;#8288;nb#92;tc #36;#8288;#36;x#36;#8288;#36; fa#58;#8288;fa#45;user ﬂ#8288;#176;lt#182;#8288;ß#92;";
    assert!(text.contains(&format!("r0[(\"{label}<br/>")), "{text}");
}

#[test]
fn json_and_trace_take_any_name() {
    let mut document = sample::run();
    document.passes[0].name = NASTY.into();
    document.resources[1].name = NASTY.into();
    let back: serde_json::Value = serde_json::from_str(&json(&document)).expect("JSON");
    assert_eq!(back["passes"][0]["name"], NASTY);
    let back: serde_json::Value = serde_json::from_str(&trace(&document)).expect("JSON");
    let events = back["traceEvents"].as_array().expect("events");
    assert!(events.iter().any(|event| event["cat"] == "resource" && event["name"] == NASTY));
    assert!(events.iter().any(|event| event["cat"] == "pass" && event["name"] == NASTY));
}

proptest! {
    /// Whatever names say, nothing of them leaves its string, and the text has the same lines as with harmless names.
    #[test]
    fn no_name_breaks_out(names in prop::collection::vec("(?s).*", 4), nodes in 1u32..6) {
        let named = |nth: u32| names[nth as usize % names.len()].clone();
        let (nasty, tame) = (sample::large(2, nodes, named), sample::large(2, nodes, |_| "x".into()));
        let texts = (dot(&nasty), dot(&tame));
        let strings = dot_strings(&texts.0);
        prop_assert!(strings.is_some(), "{}", texts.0);
        prop_assert_eq!(strings.map(|strings| strings.len()), dot_strings(&texts.1).map(|strings| strings.len()));
        let texts = (mermaid(&nasty), mermaid(&tame));
        prop_assert_eq!(texts.0.lines().count(), texts.1.lines().count());
        for (line, other) in texts.0.lines().zip(texts.1.lines()) {
            // Only text differs: quotes, brackets, arrows and ids are where they are with harmless names.
            let marks = |line: &str| line.matches(['"', '(', ')', '[', ']', '|', '>', '`', '{', '}', '$', '\\', '%', ':']).collect::<String>();
            prop_assert_eq!(marks(line), marks(other), "{}", line);
        }
        let back: serde_json::Value = serde_json::from_str(&json(&nasty)).expect("JSON");
        prop_assert_eq!(back["passes"][0]["name"].as_str(), Some(names[0].as_str()));
    }
}
