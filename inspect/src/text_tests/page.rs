//! The page carries the very document that the other views read.
use super::sample::Sample;
use crate::html;

#[test]
fn the_page_of_a_run_holds_its_document() {
    let sample = Sample::new(2)
        .data("X", "shared", 8_000)
        .pass("f </script>", 10, &["X"], 80)
        .gather("f </script>")
        .run(1.0);
    let page = html(&sample.doc);
    let (_, rest) = page.split_once("id=\"document\">").unwrap();
    let json = rest.split_once("</script>").unwrap().0;
    let read: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(read, serde_json::to_value(&sample.doc).unwrap());
    assert!(page.contains(&format!("<title>{}</title>", sample.doc.title)));
}
