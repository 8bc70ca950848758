//! Every format of the samples, against files. `MEMSHARE_WRITE_SNAPSHOTS=1 cargo test snapshots` writes them anew; look at what changed.
//! tests/e2e/exports-read-back.sh gives the same files to programs that others wrote.
use super::sample;
use crate::export::{Format, Releases};
use crate::Document;
use std::path::PathBuf;

fn check(name: &str, ending: &str, format: Format, document: &Document) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/export/tests/snapshots");
    let file = folder.join(format!("{name}.{ending}"));
    let text = format.text(document, Releases::Shown).expect("a text");
    if std::env::var_os("MEMSHARE_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&file, &text).expect("a file");
    }
    let kept = std::fs::read_to_string(&file).expect("a snapshot");
    assert_eq!(text, kept, "{} is not as it was", file.display());
}

#[test]
fn a_plan_is_exported_as_it_was() {
    let plan = sample::plan();
    check("plan", "json", Format::Json, &plan);
    check("plan", "dot", Format::Dot, &plan);
    check("plan", "mmd", Format::Mermaid, &plan);
}

#[test]
fn a_run_is_exported_as_it_was() {
    let run = sample::run();
    check("run", "json", Format::Json, &run);
    check("run", "dot", Format::Dot, &run);
    check("run", "mmd", Format::Mermaid, &run);
    check("run", "trace.json", Format::Trace, &run);
}

#[test]
fn a_large_graph_is_exported_as_it_was() {
    let large = sample::large(26, 10, |id| format!("p{id}"));
    check("large", "json", Format::Json, &large);
    check("large", "dot", Format::Dot, &large);
    check("large", "mmd", Format::Mermaid, &large);
}

/// Names that mean something to one or another reader; each must come back as it is.
#[test]
fn a_graph_of_odd_names_is_exported_as_it_was() {
    let odd = sample::large(1, ODD.len() as u32, |id| ODD[id as usize].into());
    check("odd", "json", Format::Json, &odd);
    check("odd", "dot", Format::Dot, &odd);
    check("odd", "mmd", Format::Mermaid, &odd);
}

const ODD: [&str; 64] = [
    "1. foo",
    "- foo",
    "* foo",
    "# foo",
    "> foo",
    "**bold**",
    "*it*",
    "_it_",
    "`code`",
    "~~s~~",
    "[a](http://b)",
    "![a](http://b/c.png)",
    "https://example.com",
    "<b>x</b>",
    "&amp;",
    "&#35;",
    "&lt;",
    "fa:fa-user",
    "$$x$$",
    "a\\nb",
    "a\\\\nb",
    "\\N \\G \\l",
    "a\\",
    "---",
    "===",
    "1) foo",
    "a  b",
    "| a | b |",
    "~~~",
    "<!-- c -->",
    "a<br/>b",
    "a#35;b",
    "javascript:alert(1)",
    "end",
    "style a:#fff;",
    "classDef a:#fff;",
    "click r0 \"x\"",
    "%%{init: {}}%%",
    "%% c",
    "@{ shape: x }",
    "\"q\"",
    "“q”",
    "a;b",
    "ﬂ°lt¶ß",
    "ﬂ°°35¶ß",
    "😀",
    "e\u{301}",
    "t0 --> t1",
    "#quot;",
    "\\*a\\*",
    "\\(x\\)",
    "a:::b",
    "accTitle: x",
    "`**md**`",
    "{{x}}",
    "#lt;script#gt;",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "tab\there",
    "line\nhere",
    "中文",
    "العربية",
    "\u{fffe}",
    "x {y|z} <w>",
];

#[test]
fn a_plan_has_no_trace() {
    let refused = Format::Trace.text(&sample::plan(), Releases::Shown).expect_err("no run, no trace");
    assert_eq!(refused.to_string(), "a plan has no trace: run it, and export the run");
}

#[test]
fn drawings_may_leave_out_what_gives_memory_back() {
    for format in [Format::Dot, Format::Mermaid] {
        let whole = format.text(&sample::run(), Releases::Shown).expect("a text");
        let less = format.text(&sample::run(), Releases::LeftOut).expect("a text");
        assert!(whole.contains("release") && !less.contains("release"), "{less}");
        let shown = |text: &str| text.matches("gather").count();
        assert_eq!(shown(&less), shown(&whole), "the rest stays");
    }
    let json = |releases| Format::Json.text(&sample::run(), releases).expect("a text");
    assert_eq!(json(Releases::LeftOut), json(Releases::Shown), "no drawing");
}
