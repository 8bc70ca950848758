//! `memshare graph`, as people call it.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use inspect::Record;
use scheduler::graph::{Resource, Scope};
use scheduler::id::{PassId, ResourceId, StageId, WorkerId};
use scheduler::plan::{compile, CallSpec, PassCall, Source};
use scheduler::run::{Chunk, EventLog, PassTotal, StageTotal, State};

/// A folder of one test, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("memshare-graph-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Scratch(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A saved plan of one pass, or a run of it in one chunk.
    fn record(&self, name: &str, log: Option<EventLog>) -> PathBuf {
        let pass = PassCall { bytes: 96, ..PassCall::new("mean", vec![Source::Data(ResourceId(0))], 12) };
        let resource = Resource { name: "X".into(), bytes: 960, scope: Scope::Pinned };
        let spec = CallSpec::new(vec![resource], vec![pass], vec![PassId(0)], 2);
        let plan = compile(spec).expect("a plan");
        let title = "memApply(X)".to_owned();
        let record = Record { title, package: "0.1.0".into(), made: 1, plan, notes: vec![], log };
        let path = self.file(name);
        record.save(&path).expect("a file");
        path
    }

    fn run(&self) -> PathBuf {
        let chunk = Chunk {
            stage: StageId(0),
            chunk: serde_json::from_str("0").expect("an id"),
            start: 0,
            end: 12,
            worker: WorkerId(1),
            attempt: 0,
            state: State::Done,
            started_ns: 1_000,
            ended_ns: 5_500,
            fun_ns: 4_000,
            outputs_at: 0,
            steps_at: 0,
        };
        let log = EventLog {
            wall_ns: 6_000,
            chunks: vec![chunk],
            outputs: vec![96],
            stages: vec![StageTotal { chunks: 1, ..Default::default() }],
            passes: vec![PassTotal { fun_ns: 4_000, bytes: 96, ..Default::default() }],
            ..EventLog::default()
        };
        self.record("run.memshare", Some(log))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn memshare(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memshare"));
    command.env_remove("MEMSHARE_DIR").arg("graph").arg(file).args(arguments).output().expect("an answer")
}

/// What stands on standard output when all went well.
fn text(output: Output) -> String {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), words.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).expect("text")
}

/// What is said on standard error, with status 1, when something failed.
fn failure(output: Output) -> String {
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_plan_is_written_in_every_format_that_plans_have() {
    let scratch = Scratch::new("plan");
    let plan = scratch.record("plan.memshare", None);
    let dot = text(memshare(&["--format", "dot"], &plan));
    assert!(dot.starts_with("digraph memshare {") && dot.contains("label=\"mean\\n12 elements\""), "{dot}");
    let mermaid = text(memshare(&["-f", "mermaid"], &plan));
    assert!(
        mermaid.starts_with("flowchart LR") && mermaid.contains("(\"mean<br/>12 elements\")"),
        "{mermaid}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&text(memshare(&["--format", "json"], &plan))).expect("JSON");
    assert_eq!((&json["kind"], &json["passes"][0]["elements"]), (&"plan".into(), &12.into()));
    let refused = failure(memshare(&["--format", "trace"], &plan));
    assert_eq!(refused, "memshare: a plan has no trace: run it, and export the run\n");
}

#[test]
fn a_run_is_written_where_one_wants_and_its_ending_says_the_format() {
    let scratch = Scratch::new("run");
    let run = scratch.run();
    let out = scratch.file("out.trace.json");
    let path = out.to_str().expect("a path");
    assert_eq!(text(memshare(&["-o", path], &run)), "");
    let written = std::fs::read_to_string(&out).expect("a file");
    assert_eq!(written, text(memshare(&["--format", "trace"], &run)));
    let trace: serde_json::Value = serde_json::from_str(&written).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    let chunk = events.iter().find(|event| event["cat"] == "chunk").expect("a chunk");
    assert_eq!((&chunk["ts"], &chunk["dur"]), (&1.0.into(), &4.5.into()));
    let page = scratch.file("out.html");
    assert_eq!(text(memshare(&["-o", page.to_str().expect("a path")], &run)), "");
    assert!(std::fs::read_to_string(&page).expect("a file").starts_with("<!"));
    // What is said outweighs the ending.
    assert_eq!(text(memshare(&["-o", path, "--format", "dot"], &run)), "");
    assert!(std::fs::read_to_string(&out).expect("a file").starts_with("digraph"));
}

#[test]
fn what_cannot_be_done_is_said() {
    let scratch = Scratch::new("not");
    let run = scratch.run();
    assert!(failure(memshare(&[], &run))
        .contains("which format? Give --format, one of json, dot, mermaid, trace, html"));
    let odd = scratch.file("out.xyz");
    let refused = failure(memshare(&["-o", odd.to_str().expect("a path")], &run));
    assert!(refused.contains("out.xyz' says no format"), "{refused}");
    assert!(!odd.exists());
    let missing = failure(memshare(&["--format", "dot"], &scratch.file("none")));
    assert!(missing.contains("cannot read") && missing.contains("none"), "{missing}");
    std::fs::write(scratch.file("text"), "something else, of some length").expect("a file");
    let foreign = failure(memshare(&["--format", "dot"], &scratch.file("text")));
    assert!(foreign.contains("not a saved plan or run"), "{foreign}");
    assert_eq!(memshare(&["--format", "svg"], &run).status.code(), Some(2), "wrong usage");
}
