//! Graphs of every size: what is drawn one by one, what by steps, and that no drawing loses anything.
use super::sample;
use crate::export::dot::dot;
use crate::export::mermaid::mermaid;
use crate::Document;
use std::collections::HashSet;

/// How many lines of a text begin so, after blanks.
fn lines_with(text: &str, part: &str) -> usize {
    text.lines().filter(|line| line.contains(part)).count()
}

/// The sum of an attribute of DOT text over its nodes or arrows of a kind; 1 where it is not said.
fn sum(text: &str, kind: &str, attribute: &str) -> usize {
    let value = |line: &str| {
        let from = line.find(&format!("{attribute}="))? + attribute.len() + 1;
        let digits = line[from..].trim_start_matches('"').chars().take_while(char::is_ascii_digit);
        digits.collect::<String>().parse().ok()
    };
    text.lines().filter(|line| line.contains(kind)).map(|line| value(line).unwrap_or(1)).sum()
}

#[test]
fn up_to_500_nodes_are_drawn_one_by_one() {
    let text = dot(&sample::large(25, 10, |id| id.to_string()));
    assert_eq!((lines_with(&text, "kind=map"), lines_with(&text, "kind=result")), (250, 250));
    let text = dot(&sample::large(251, 1, |id| id.to_string()));
    assert_eq!((lines_with(&text, "kind=map"), lines_with(&text, "kind=result")), (1, 1));
    assert!(text.contains("label=\"251 map tasks\\n502,000 elements\""), "{text}");
    assert!(text.contains("label=\"251 results\\n2.0 kB\""), "{text}");
}

#[test]
fn a_drawing_by_steps_loses_nothing() {
    for (width, depth) in [(600, 1), (3, 1000), (40, 70), (1, 5000)] {
        let document = sample::large(width, depth, |id| id.to_string());
        let text = dot(&document);
        let nodes = lines_with(&text, "kind=");
        assert!((2..=500).contains(&nodes), "{nodes} nodes");
        let tasks = document.tasks.len();
        assert_eq!((sum(&text, "kind=map", " count"), sum(&text, "kind=result", " count")), (tasks, tasks));
        assert_eq!(sum(&text, "kind=map", "elements"), 2000 * tasks);
        let shown = sum(&text, "why=makes", "count");
        assert!(shown > 0 && shown <= tasks, "what a range of steps makes for itself is not drawn");
    }
}

/// Graphviz gives up on circles through clusters. An arrow that closes one has no say in the layout.
#[test]
fn a_drawing_by_steps_has_no_circle() {
    for (width, depth) in [(600, 1), (3, 1000), (40, 70), (1, 5000)] {
        let mut document = sample::large(width, depth, |id| id.to_string());
        for task in 0..width * depth {
            let after = document.tasks[task as usize].step + 2;
            document.tasks.push(sample::release(width * depth + task, task, after));
        }
        let text = dot(&document);
        let arrows = text.lines().filter(|line| line.contains(" -> ") && !line.contains("constraint=false"));
        let ends = |line| -> Option<(&str, &str)> { str::trim(line).split(" [").next()?.split_once(" -> ") };
        let mut arrows: Vec<(&str, &str)> = arrows.map(|line| ends(line).expect("ends")).collect();
        assert!(!arrows.is_empty());
        // What nothing leads to goes first, until nothing is left.
        while !arrows.is_empty() {
            let led_to: HashSet<&str> = arrows.iter().map(|&(_, to)| to).collect();
            let before = arrows.len();
            arrows.retain(|(from, _)| led_to.contains(from));
            assert!(arrows.len() < before, "a circle: {arrows:?}");
        }
    }
}

#[test]
fn steps_are_named_as_people_count_them() {
    let text = dot(&sample::large(3, 1000, |id| id.to_string()));
    assert!(text.contains("label=\"steps 1 to 16\""), "{text}");
    assert!(text.contains("label=\"steps 993 to 1000\""), "{text}");
    let text = dot(&sample::large(300, 2, |id| id.to_string()));
    assert!(text.contains("label=\"step 1\"") && text.contains("label=\"step 2\""), "{text}");
}

/// More than this, and Mermaid draws nothing.
#[test]
fn mermaid_stays_within_what_is_drawn() {
    let long = "很".repeat(500);
    let check = |document: &Document| {
        let text = mermaid(document);
        let arrows = lines_with(&text, " --> ") + lines_with(&text, " ==> ") + lines_with(&text, "|");
        assert!(text.len() < 50_000 && arrows <= 500, "{} bytes, {arrows} arrows", text.len());
        assert!(lines_with(&text, "(\"") >= 1);
    };
    for (width, depth) in [(1, 1), (12, 20), (250, 1), (251, 1), (1, 5000), (5000, 1)] {
        check(&sample::large(width, depth, |id| id.to_string()));
        check(&sample::large(width, depth, |_| long.clone()));
        check(&sample::large(width, depth, |_| "\"".repeat(500)));
    }
    // 40 tasks that read 40 results each: few nodes, 1,600 arrows.
    let mut dense = sample::large(40, 2, |id| id.to_string());
    dense.tasks[40..].iter_mut().for_each(|task| task.reads = (0..40).collect());
    assert_eq!(lines_with(&dot(&dense), "why=reads"), 1600);
    check(&dense);
}

#[test]
fn the_way_is_drawn_from_task_to_task() {
    let text = dot(&sample::plan());
    let red = |line: &&str| line.contains("->") && line.contains("#c0392b");
    let arrows: Vec<&str> =
        text.lines().filter(red).filter_map(|line| line.trim().split(" [").next()).collect();
    assert_eq!(arrows, ["t0 -> r1", "t0 -> r2", "r1 -> t1", "r2 -> t1", "t1 -> r3", "r3 -> t3"]);
}

#[test]
fn what_failed_and_what_never_began_looks_different() {
    let mut document = sample::run();
    document.tasks[1].life.as_mut().expect("a life").state = "failed";
    document.tasks[3].life.as_mut().expect("a life").state = "waiting";
    document.run.as_mut().expect("a run").ended.kind = "failed";
    document.run.as_mut().expect("a run").ended.words = "FUN failed at element 3".into();
    let text = dot(&document);
    assert!(text.contains("\\nfailed: FUN failed at element 3\\n"), "{text}");
    assert_eq!((lines_with(&text, "#f5b7b1"), lines_with(&text, "#eeeeee")), (1, 1));
    let text = mermaid(&document);
    assert!(text.contains("class t1 failed") && text.contains("class t3 undone"), "{text}");
}
