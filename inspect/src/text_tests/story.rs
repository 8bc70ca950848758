//! Lives, to the letter.
use super::sample::Sample;
use super::scenes::{diamond, diamond_run, straggler};
use crate::{story, Document, PassNote};

/// A story as people see it.
fn tell(document: &Document, id: &str) -> String {
    let told = match story(document, &[], id) {
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
fn what_is_told_of_events_depends_on_no_wording() {
    let reworded = straggler().set(|s| {
        s.run_mut().events.iter_mut().for_each(|event| event.words = "said in another way".into());
    });
    let told = tell(&reworded.doc, "z#18");
    assert!(told.contains("0.054 2 died: killed by signal 9 (SIGKILL)"), "{told}");
    assert!(told.contains("0.055   said in another way"), "{told}");
    // It is another chunk's elements that are queued again.
    let other = tell(&reworded.doc, "z#1");
    assert!(!other.contains("another way"), "{other}");
}

#[test]
fn an_element_is_found_by_any_name() {
    let notes =
        vec![PassNote { names: vec![String::new(), "b[1]".into(), "17".into()], ..PassNote::default() }];
    let title = |id: &str| story(&straggler().doc, &notes, id).map(|told| told.title);
    assert_eq!(title("z[b[1]]").as_deref(), Ok("element 2 ('b[1]') of 'z'"));
    assert_eq!(title("z[17]").as_deref(), Ok("element 17 of 'z'"), "a number is a number");
    assert_eq!(title("z[3]").as_deref(), Ok("element 3 ('17') of 'z'"));
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

const PASS: &str = r#"
pass 'z', 5,000 elements
        reads 'X', 'mu' and 's'
        its results never leave the worker: the next pass takes them
        waits for 'map mu' and 'map s'
        makes 'top'
0.530   nothing was in its way any more
0.530   'map z + top' began
0.530 1 chunk 1 (elements 1 to 1250) began: done in 660 ms
0.530 2 chunk 2 (elements 1251 to 2500) began: done in 660 ms
0.530 3 chunk 3 (elements 2501 to 3750) began: done in 660 ms
0.530 4 chunk 4 (elements 3751 to 5000) began: done in 660 ms
1.190   'map z + top' was done
"#;

const TASK: &str = r#"
task 'map z + top', step 1
        waits for 'map mu' and 'map s'
        makes 'top'
0.530   nothing was in its way any more
0.530   'map z + top' began
0.530 1 chunk 1 (elements 1 to 1250) began: done in 660 ms
0.530 2 chunk 2 (elements 1251 to 2500) began: done in 660 ms
0.530 3 chunk 3 (elements 2501 to 3750) began: done in 660 ms
0.530 4 chunk 4 (elements 3751 to 5000) began: done in 660 ms
1.190   'map z + top' was done
"#;

const LONG: &str = r#"
pass 'z', 2,000 elements
        reads 'X'
        waits for 'share X'
        makes 'z'
        39 chunks in all wrote 16.0 kB; shown are those that tell most
0.010   nothing was in its way any more
0.010   'map z' began
0.010 4 chunk 4 (elements 151 to 200) began: done in 10 ms
0.050 2 chunk 18 (elements 851 to 900) began: lost after 4 ms: its worker died (killed by signal 9 (SIGKILL))
0.055   map z: elements 851 to 900 are queued, attempt 2
0.100 3 chunk 19 (elements 851 to 900, attempt 2) began: done in 10 ms
0.300 1 chunk 38 (element 1801) began: done in 2 s
2.300   'map z' was done
2.300 1 the slowest was element 1801 ('TP53'): 2 s
2.300   'z' outlived the run: the session has it
"#;

const PLANNED: &str = r#"
pass 'top', 5,000 elements
        takes the elements of 'z' one by one, on the same worker
        waits for 'map mu' and 'map s'
        makes 'top'
"#;

const VARIABLE: &str = r#"
'X', a registered variable, 153.6 MB
        read by 'map mu', 'map s' and 'map z + top'
"#;

const DATA: &str = r#"
'X', data shared for the run, 16.0 MB
        lives from step 0 to step 1
        made by 'share X'
        read by 'map z'
0.010   'map z' began to read it
2.300   'map z' was done with it
2.300   'X' (16.0 MB) was given back, after 2.3 s
"#;

const LOST: &str = r#"
chunk 18 of 'z': elements 851 to 900
0.010   'map z' began: its chunks can be claimed
0.050 2 chunk 18 (elements 851 to 900) began: lost after 4 ms: its worker died (killed by signal 9 (SIGKILL))
0.054 2 died: killed by signal 9 (SIGKILL)
0.055   map z: elements 851 to 900 are queued, attempt 2
0.100 3 chunk 19 (elements 851 to 900, attempt 2) began: done in 10 ms
"#;

const AGAIN: &str = r#"
chunk 19 of 'z': elements 851 to 900
0.010   'map z' began: its chunks can be claimed
0.050 2 chunk 18 (elements 851 to 900) began: lost after 4 ms: its worker died (killed by signal 9 (SIGKILL))
0.054 2 died: killed by signal 9 (SIGKILL)
0.055   map z: elements 851 to 900 are queued, attempt 2
0.100 3 chunk 19 (elements 851 to 900, attempt 2) began: done in 10 ms
0.110 3 results of 50 elements written, 400 bytes; FUN took 10 ms
"#;

const ELEMENT: &str = r#"
element 1801 ('TP53') of 'z'
        FUN took 2 s: the slowest of its pass
0.010   'map z' began: its chunks can be claimed
0.300 1 chunk 38 (element 1801) began: done in 2 s
"#;

const WORKER: &str = r#"
worker 2 of 4
        its time: FUN 3.6 %, calls 0.07 %, waiting 96 %
0.000 2 joined (process 4002)
0.010 2 chunk 2 (elements 51 to 100) began: done in 10 ms
0.020 2 chunk 6 (elements 251 to 300) began: done in 10 ms
0.030 2 chunk 10 (elements 451 to 500) began: done in 10 ms
0.040 2 chunk 14 (elements 651 to 700) began: done in 10 ms
0.050 2 chunk 18 (elements 851 to 900) began: lost after 4 ms: its worker died (killed by signal 9 (SIGKILL))
0.054 2 died: killed by signal 9 (SIGKILL)
0.058 2 joined (process 4012)
0.060 2 chunk 23 (elements 1051 to 1100) began: done in 10 ms
0.070 2 chunk 27 (elements 1251 to 1300) began: done in 10 ms
0.080 2 chunk 31 (elements 1451 to 1500) began: done in 10 ms
0.090 2 chunk 35 (elements 1651 to 1700) began: done in 10 ms
2.300 2 left
"#;
