//! Lives, to the letter.
use super::sample::{diamond, diamond_run, straggler, Sample};
use crate::inspect::{story, Document};

/// A story as people see it.
fn tell(document: &Document, id: &str) -> String {
    let told = match story(document, id) {
        Ok(told) => told,
        Err(error) => return format!("error: {error}"),
    };
    let mut lines = vec![told.title];
    lines.extend(told.lines.into_iter().map(|line| {
        let at = line.at.map_or(String::new(), |at| format!("{at:.3}"));
        let worker = line.worker.map_or(String::new(), |worker| worker.to_string());
        format!("{at:>5} {worker:>1} {}", line.what)
    }));
    lines.join("\n")
}

#[track_caller]
fn tells(sample: &Sample, id: &str, text: &str) {
    assert_eq!(tell(&sample.doc, id), text.trim_matches('\n'));
}

#[test]
fn a_pass_and_its_task() {
    tells(&diamond_run(), "z", PASS);
    tells(&diamond_run(), "map z + top", TASK);
    tells(&straggler(), "z", LONG);
}

#[test]
fn a_plan_tells_what_will_be() {
    tells(&diamond(), "top", PLANNED);
    tells(&diamond(), "X", VARIABLE);
}

#[test]
fn resources() {
    tells(&straggler(), "X", DATA);
    tells(&diamond_run(), "gather s", "task 'gather s', step 1\n        waits for 'map s'");
}

#[test]
fn a_chunk_that_was_lost_and_done_again() {
    tells(&straggler(), "z#18", LOST);
    tells(&straggler(), "#19", AGAIN);
    tells(&straggler(), "19", AGAIN);
}

#[test]
fn an_element_by_number_and_by_name() {
    tells(&straggler(), "z[1801]", ELEMENT);
    tells(&straggler(), "z[TP53]", ELEMENT);
    assert_eq!(tell(&straggler().doc, "z[860]").lines().count(), 6);
}

#[test]
fn a_worker_that_died() {
    tells(&straggler(), "worker 2", WORKER);
}

#[test]
fn what_is_not_there_is_an_error_that_says_what_is() {
    let run = straggler();
    let cases = [
        ("Z", "error: nothing here is called 'Z'; there is 'z' and 'X'"),
        ("mapz", "error: nothing here is called 'mapz'; there is 'map z'"),
        ("z#99", "error: there is no chunk 99: they are numbered from 1 to 39"),
        ("y#1", "error: no pass is called 'y'; there is 'X' and 'z'"),
        ("z[0]", "error: pass 'z' has no element 0: it has 2000"),
        ("z[BRCA2]", "error: an element is named by its number, from 1 to 2000, not 'BRCA2'"),
        ("worker 5", "error: there is no worker 5: they are numbered from 1 to 4"),
        ("", "error: nothing here is called ''; there is 'X' and 'z'"),
    ];
    for (id, text) in cases {
        tells(&run, id, text);
    }
    tells(&diamond(), "z#1", "error: a plan has no chunks before it ran: memRun() it, and ask the run");
    tells(&diamond(), "worker 1", "error: a plan has no workers before it ran: memRun() it, and ask the run");
    let several = "error: there are several stages: a chunk's pass is needed, as in 'z#17'; there is 'mu', 's', 'z' and 'top'";
    tells(&diamond_run(), "#1", several);
    let untraced = straggler().set(|s| s.run_mut().chunks = Default::default());
    let none = "error: the run kept no trace of its chunks; ask for one with memControl(trace = TRUE)";
    tells(&untraced, "z#1", none);
}

#[test]
fn a_name_with_signs_is_a_name_first() {
    let sample = Sample::new(1).pass("a#1", 4, &[], 32).pass("b[2]", 4, &[], 32);
    assert!(tell(&sample.doc, "a#1").starts_with("pass 'a#1', 4 elements"));
    assert!(tell(&sample.doc, "b[2]").starts_with("pass 'b[2]', 4 elements"));
}
