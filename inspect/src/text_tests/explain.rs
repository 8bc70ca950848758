//! Plans and runs as trees, to the letter.
use super::sample::Sample;
use super::scenes::{diamond, diamond_run, straggler, thousand};
use crate::advice::advice;
use crate::explain;
use crate::*;

#[track_caller]
fn shows(sample: &Sample, text: &str) {
    assert_eq!(explain(&sample.doc).join("\n"), text.trim_matches('\n'));
}

#[test]
fn a_plan() {
    shows(&diamond(), PLAN);
}

#[test]
fn a_run() {
    shows(&diamond_run(), RUN);
}

#[test]
fn a_run_with_a_straggler_and_a_death() {
    shows(&advised(), STRAGGLER);
}

#[test]
fn a_run_over_hosts() {
    let document = Document::of(&super::fixtures::hosts_run());
    assert_eq!(explain(&document).join("\n"), HOSTS.trim_matches('\n'));
}

fn advised() -> Sample {
    let mut sample = straggler();
    sample.doc.advice = advice(&sample.doc);
    sample
}

#[test]
fn a_run_that_failed() {
    shows(&failed(), FAILED);
}

fn failed() -> Sample {
    let sample = Sample::new(2).pass("a", 4, &[], 32).pass("b", 4, &["a"], 32).run(0.5);
    sample.piece(0, (1, 4), (1, 1), (0.0, 0.5), ("failed", 1.0)).counted().set(|s| {
        s.run_mut().ended = Outcome { kind: "failed", words: "FUN failed at element 3".into() };
        let life = |state, began| Some(TaskLife { state, ready: began, began, ended: None });
        (s.doc.tasks[0].life, s.doc.tasks[1].life) = (life("failed", Some(0.0)), life("waiting", None));
    })
}

#[test]
fn a_thousand_passes_are_a_few_lines() {
    let lines = explain(&thousand().set(|s| s.doc.advice = advice(&s.doc)).doc);
    assert_eq!(lines.len(), 21);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{lines:#?}");
    let row = "  and 990 more          19,800             491 s   158.4 kB";
    assert_eq!(lines[17], row);
    assert_eq!(lines[18], "critical path: p1 > p2 > p3 > p4 > 995 more > p1000, 100 s");
}

#[test]
fn what_is_to_be_typed_stays_on_a_line() {
    let mut sample = diamond();
    sample.doc.advice = vec![format!("{} memControl(memory = ) and memControl(chunk = 500)", "x".repeat(73))];
    let lines = explain(&sample.doc);
    let last = &lines[lines.len() - 2..];
    assert_eq!(last[1], "        memControl(memory = ) and memControl(chunk = 500)");
}

#[test]
fn long_names_and_many_of_them_stay_short() {
    let long = "a name that is much longer than anybody would like it to be\nand has two lines".to_owned();
    let mut sample = Sample::new(2);
    for nth in 0..30 {
        sample = sample.data(&format!("{long} {nth}"), "registered", 1000 + nth);
    }
    sample = sample.pass(&long, 10, &[], 80);
    for nth in 0..30 {
        sample = sample.then(&format!("{long} {nth}"));
    }
    let lines = explain(&sample.doc);
    assert!(lines.iter().all(|line| line.chars().count() <= 100 && !line.contains('\n')), "{lines:#?}");
    assert_eq!(lines.len(), 26, "{lines:#?}");
    assert!(
        lines.contains(&"  and 22 more, 22.2 kB".to_owned())
            && lines.contains(&"      and 23 more passes".to_owned())
    );
}

const PLAN: &str = r#"
<plan> of memRun(p)
  4 passes in 3 stages, 5 tasks, by up to 4 workers
  peak 160.1 MB of a budget of 8.0 GB
  FUN is expected to take 4.4 s in all, the run at least 1.1 s
data
  X: registered, 153.6 MB, read by mu, s and z + top
stages        step  elements  chunks  expected   results
  1: mu          0     5,000    auto    900 ms   40.0 kB
      reads X
      makes mu (40.0 kB, steps 0 to 1)
  2: s           0     5,000    auto     1.1 s   40.0 kB
      reads X
      makes s (40.0 kB, steps 0 to 1)
  3: z + top     1     5,000    auto     2.4 s  160.0 MB
      z                                    2 s
      top                               400 ms  160.0 MB
      reads X, mu and s
      makes top (160.0 MB, steps 1 to 2)
critical path: s > z + top, 4 ms
"#;
const RUN: &str = r#"
<run> of memRun(p): done in 1.2 s
  4 passes in 3 stages, 5 tasks; 20,000 elements in 12 chunks by 4 workers
  workers' time: FUN 95 %, calls 3 %, waiting 1.7 %
  memory: peak 160.1 MB of a budget of 8.0 GB, as planned
data
  X: registered, 153.6 MB, read by mu, s and z + top
stages        elements  chunks    time  of run     FUN  util  overhead  results
  1: mu          5,000       4  240 ms    20 %  931 ms  97 %       3 %  40.0 kB
      reads X
      makes mu (40.0 kB, steps 0 to 1)
  2: s           5,000       4  280 ms    23 %  1.09 s  97 %       3 %  40.0 kB
      reads X
      makes s (40.0 kB, steps 0 to 1)
  3: z + top     5,000       4  660 ms    55 %  2.56 s  97 %       3 %  80.0 kB
      z                                         1.28 s
      top                                       1.28 s                  40.0 kB
      reads X, mu and s
      makes top (160.0 MB, steps 1 to 2)
critical path: s > z + top, 4 ms, 0.33 % of the run
"#;
const STRAGGLER: &str = r#"
<run> of memRun(p): done in 2.3 s
  1 pass in 1 stage, 3 tasks; 2,000 elements in 38 chunks by 4 workers
  workers' time: FUN 26 %, calls 0.076 %, waiting 74 %
  memory: peak 16.0 MB, as planned
  data copied in 12 ms before the run
  1 worker died, 1 chunk run again
data
  X: shared, 16.0 MB, read by z, given back at 2.3 s
stages  elements  chunks    time  of run     FUN  util  overhead  retries  results
  1: z     2,000      38  2.29 s   100 %  2.39 s  26 %    0.29 %        1  16.0 kB
      reads X
      makes z (16.0 kB, from 10 ms on)
      slowest: element 1801 ('TP53'), 2 s; on average 1.2 ms
critical path: z, 2 s, 87 % of the run
advice: element 1801 ('TP53') of 'z' took 2 s of the run's 2.3 s: more workers do not make it
        faster; split it
advice: worker 2 died (killed by signal 9 (SIGKILL)), and 1 chunk had to be run again: 4 ms of work
        were lost; signal 9 often means that memory was short: fewer workers (MAX.CORES) need less
"#;
const FAILED: &str = r#"
<run> of memRun(p): FUN failed after 500 ms
  FUN failed at element 3
  2 passes in 2 stages, 2 tasks; 8 elements in 0 chunks by 2 workers
  workers' time: FUN 50 %, waiting 50 %
  memory: peak 64 bytes, as planned
stages  elements  chunks
  1: a         4       0
      failed
      makes a (32 bytes, steps 0 to 1)
  2: b         4       0
      never began
      reads a
      makes b (32 bytes)
"#;

#[test]
fn passes_that_bring_results_together_are_explained_and_not_counted() {
    let mut sample =
        Sample::new(2).pass("e", 4, &[], 32).pass("e (values)", 4, &["e"], 32).pass("top", 1, &["e"], 8);
    (sample.doc.passes[1].part, sample.doc.passes[2].part) = ("value".into(), "last".into());
    let lines = explain(&sample.doc);
    assert!(
        lines[1].starts_with("  2 passes (and 1 that brings their results together) in 3 stages"),
        "{lines:?}"
    );
    assert!(lines.contains(&"helpers: (values) checks each value against FUN.VALUE".to_owned()), "{lines:?}");
}

const HOSTS: &str = r"
<run> of memRun(z, s): done in 1 s
  3 passes in 2 stages, 7 tasks; 6,000 elements in 16 chunks by 4 workers on 3 hosts
  workers' time: FUN 86 %, results 9.5 %, not there 5 %
  memory: at most 24.0 kB on a host
data
  X: registered, 3.2 MB, read by mu + s and z, stays
stages       elements  chunks    time  of run     FUN  util  overhead  results
  1: mu + s     2,000       8  390 ms    39 %  1.37 s  88 %      10 %  32.0 kB
      mu                                       684 ms                  16.0 kB
      s                                        684 ms                  16.0 kB
      reads X
      makes mu (16.0 kB, from 10 ms to 990 ms) and s (16.0 kB, from 10 ms on)
  2: z          2,000       8  575 ms    57 %  2.05 s  89 %      10 %  16.0 kB
      reads X, mu and s
      makes z (16.0 kB, from 410 ms on)
hosts                               workers  elements     FUN  util   memory    sent  received
  node 1 of CLUSTER (host 'alpha')        2     2,000  1.71 s  86 %  24.0 kB  1.7 MB   24.0 kB
  node 3 of CLUSTER (host 'beta')         2     2,000  1.71 s  86 %  24.0 kB  1.6 MB   24.0 kB
  node 5 of CLUSTER (host 'gamma')        0         0     0 s   0 %  0 bytes  4.0 kB   0 bytes
      lost at 900 ms: nothing was heard of it for 3 s, the limit of memControl(host_timeout = )
  network: 3.3 MB sent, 48.0 kB received; in use for 445 ms, 44 % of the run
critical path: mu + s > z, 1.71 ms, 0.17 % of the run
advice: nothing stands out: FUN ran 86 % of the workers' time
";
