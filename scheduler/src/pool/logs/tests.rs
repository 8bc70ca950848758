use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::id::WorkerId;
use crate::trace;

/// A directory that goes when the test ends.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir = std::env::temp_dir().join(format!("memshare-logs-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn add(log: &Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn death(log: &[&str]) -> Death {
    let log = log.iter().map(|&line| line.to_owned()).collect();
    Death {
        worker: WorkerId(1),
        pid: Some(77),
        how: "killed by signal 6 (SIGABRT)".into(),
        signal: Some(6),
        log,
    }
}

#[test]
fn the_last_words_are_what_fun_said_and_not_what_we_log() {
    assert_eq!(death(&[]).reason(), "worker 77: killed by signal 6 (SIGABRT)");
    let ours = "2026-11-25T01:36:52.000001Z TRACE scheduler::link::membership: chunk done run=3";
    let said = death(&["hello", "", "terminate called after throwing an instance of 'int'", ours]).reason();
    assert_eq!(
        said,
        "worker 77: killed by signal 6 (SIGABRT); its last words:\n  hello\n  terminate called after throwing an instance of 'int'"
    );
}

#[test]
fn of_a_crash_the_cause_is_shown_and_not_the_way_to_fun() {
    let calls: Vec<String> = (1..30).map(|n| format!(" {n}: f()")).collect();
    let mut log =
        vec!["before", " *** caught segfault ***", "address 0x1, cause 'memory not mapped'", "Traceback:"];
    log.extend(calls.iter().map(String::as_str));
    let reason = death(&log).reason();
    assert!(reason.contains("words:\n   *** caught segfault ***\n  address 0x1"), "{reason}");
    assert!(reason.ends_with("\n   5: f()"), "{reason}");
    assert!(!reason.contains("before"), "{reason}");
    let short = death(&[
        " *** caught segfault ***",
        "Traceback:",
        " 1: .FUN(.element)",
        " 2: ms_worker_loop(came_late)",
        " 3: x",
    ]);
    assert!(short.reason().ends_with("\n   1: .FUN(.element)"), "{}", short.reason());
}

#[test]
fn the_tail_begins_with_the_run_and_is_bounded() {
    let dir = Dir::new("tail");
    let log: Arc<Path> = next(&dir.0).into();
    assert_eq!(since(&log, 0, KEPT), [""; 0], "there is none yet");
    add(&log, "of the first run\n");
    let from = joined(2, WorkerId(0), Some(5), &log);
    assert_eq!(from, 17);
    assert_eq!(since(&log, from, KEPT), [""; 0]);
    add(&log, "one\ntwo\nthree");
    assert_eq!(since(&log, from, KEPT), ["one", "two", "three"]);
    assert_eq!(since(&log, from, 2), ["two", "three"]);
    add(&log, &"x".repeat(200_000));
    add(&log, "\nthe end\n");
    assert_eq!(since(&log, from, KEPT), ["the end"], "a line that is too long to be read is left out");
}

#[test]
fn lines_know_their_run_worker_and_time() {
    let dir = Dir::new("lines");
    let log: Arc<Path> = next(&dir.0).into();
    add(&log, "before any run\n");
    joined(901, WorkerId(1), Some(5), &log);
    add(&log, "printed in the first\n");
    joined(902, WorkerId(0), Some(5), &log);
    add(
        &log,
        "2001-09-09T01:46:40.500000Z DEBUG scheduler::link::membership: joined run=902 worker=1\nafter it\n",
    );
    add(
        &dir.0.join("session.log"),
        "2001-09-09T01:46:40.250000Z  INFO scheduler::run::drive: begun run=902\n",
    );
    let lines = read(&dir.0).unwrap();
    let brief: Vec<_> = lines
        .iter()
        .map(|l| (l.run, l.worker, l.pid, l.level.as_deref(), l.text.split(' ').next().unwrap()))
        .collect();
    assert_eq!(
        brief,
        [
            (None, None, None, None, "before"),
            (Some(902), None, None, Some("INFO"), "2001-09-09T01:46:40.250000Z"),
            (Some(902), Some(1), Some(5), Some("DEBUG"), "2001-09-09T01:46:40.500000Z"),
            (Some(902), Some(1), Some(5), None, "after"),
            (Some(901), Some(2), Some(5), None, "printed"),
        ],
        "the made-up times are long ago, the first run is now"
    );
    assert_eq!(lines[2].time, Some(1_000_000_000.5));
    assert_eq!(lines[3].time, lines[2].time, "a line without a time has that of the line before it");
    assert_eq!(trace::seconds("2024-02-29T00:00:00.000000Z"), Some(1_709_164_800.0));
    assert_eq!(trace::seconds("soon"), None);
}

#[test]
fn the_logs_of_the_newest_dead_are_kept_and_empty_ones_are_not() {
    let dir = Dir::new("kept");
    let logs: Vec<Arc<Path>> = (0..40).map(|_| next(&dir.0).into()).collect();
    for log in &logs {
        add(log, "words\n");
        joined(1, WorkerId(0), None, log);
        closed(log);
    }
    let empty: Arc<Path> = next(&dir.0).into();
    add(&empty, "");
    closed(&empty);
    assert!(!empty.exists());
    assert!(!logs[0].exists() && logs[39].exists());
    // Other tests of this process close logs of theirs meanwhile.
    assert!(read(&dir.0).unwrap().len() <= 32);
}

#[test]
fn a_log_that_grew_long_begins_anew_with_the_next_run() {
    let dir = Dir::new("long");
    let log: Arc<Path> = next(&dir.0).into();
    std::fs::File::create(&log).unwrap().set_len(17 << 20).unwrap();
    assert_eq!(joined(7, WorkerId(0), None, &log), 0);
    add(&log, "fresh\n");
    assert_eq!(since(&log, 0, KEPT), ["fresh"]);
    assert_eq!(std::fs::metadata(&log).unwrap().len(), 6);
}
