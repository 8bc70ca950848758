use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::id::PassId;
use crate::plan::{compile, CallSpec, PassCall, Plan};
use crate::store::Content;

/// A directory of its own, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("memshare-checkpoint-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Scratch(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn parts(x: &str) -> Vec<(String, String)> {
    vec![("FUN".into(), "f".into()), ("X".into(), x.into())]
}

fn open(dir: &Path) -> Checkpoint {
    match Checkpoint::open(dir, parts("x"), 7).unwrap() {
        Opened::Ours(checkpoint) => *checkpoint,
        Opened::Other(changed) => panic!("{changed:?}"),
    }
}

fn refused(dir: &Path) -> String {
    let error = Checkpoint::open(dir, parts("x"), 7).unwrap_err();
    assert_eq!(error.kind(), "checkpoint", "{error}");
    error.to_string()
}

/// One pass over a hundred elements.
fn plan() -> Plan {
    compile(CallSpec::new(vec![], vec![PassCall::new("p", vec![], 100)], vec![PassId(0)], 2)).unwrap_or_else(
        |_| {
            let data =
                crate::graph::Resource { name: "x".into(), bytes: 8, scope: crate::graph::Scope::Pinned };
            let input = crate::plan::Source::Data(crate::id::ResourceId(0));
            let pass = PassCall::new("p", vec![input], 100);
            compile(CallSpec::new(vec![data], vec![pass], vec![PassId(0)], 2)).unwrap()
        },
    )
}

fn append(log: &mut ChunkLog, start: u64, end: u64, result: &[u8], said: &[u8]) {
    let said = (!said.is_empty()).then_some(&said as &dyn Content);
    let pieces = [Some(&result as &dyn Content), said];
    log.append(&FinishedChunk { key: plan().stages()[0].key(), start, end, pieces: &pieces }).unwrap();
}

fn ranges(dir: &Path) -> Vec<(u64, u64)> {
    let found = open(dir).reusable(&plan()).remove(0);
    found.iter().map(|chunk| chunk.bare()).map(|chunk| (chunk.start, chunk.end)).collect()
}

/// A checkpoint with three chunks in one log; the path of the log.
fn filled(dir: &Path) -> PathBuf {
    let checkpoint = open(dir);
    let mut log = ChunkLog::new(checkpoint.target());
    append(&mut log, 10, 20, &[1; 100], b"");
    append(&mut log, 0, 10, &[2; 64], b"said");
    append(&mut log, 50, 51, b"", b"");
    let names = directory::names(dir).unwrap();
    dir.join(&names[0])
}

#[test]
fn chunks_are_found_again_with_the_first_seed() {
    let scratch = Scratch::new("round");
    let log = filled(&scratch.0);
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    let Opened::Ours(again) = Checkpoint::open(&scratch.0, parts("x"), 99).unwrap() else { panic!() };
    assert_eq!(again.seed(), 7);
    let found = again.reusable(&plan()).remove(0);
    assert_eq!(found.iter().map(|chunk| again.bytes(chunk, 0)).collect::<Vec<_>>(), [64, 100, 0]);
    assert_eq!(found.iter().map(|chunk| again.bytes(chunk, 1)).collect::<Vec<_>>(), [4, 0, 0]);
    drop(again);
    assert_eq!(ranges(&scratch.0), [(0, 10), (10, 20), (50, 51)]);
}

#[test]
fn of_chunks_that_meet_one_is_taken() {
    let scratch = Scratch::new("meet");
    let checkpoint = open(&scratch.0);
    let mut log = ChunkLog::new(checkpoint.target());
    for (start, end) in [(5, 9), (0, 6), (6, 8), (90, 101), (7, 7)] {
        append(&mut log, start, end, b"r", b"");
    }
    drop(checkpoint);
    assert_eq!(ranges(&scratch.0), [(0, 6), (6, 8)], "and none beyond the stage");
}

#[test]
fn another_run_is_told_by_what_differs() {
    let scratch = Scratch::new("other");
    drop(open(&scratch.0));
    let of = |parts| match Checkpoint::open(&scratch.0, parts, 7).unwrap() {
        Opened::Other(changed) => changed,
        Opened::Ours(_) => panic!("it is another run"),
    };
    assert_eq!(of(parts("y")), ["X"]);
    assert_eq!(of(vec![("FUN".into(), "f".into()), ("Y".into(), "x".into())]), ["X", "Y"]);
    drop(open(&scratch.0));
}

#[test]
fn one_run_has_it_at_a_time() {
    let scratch = Scratch::new("lock");
    let first = open(&scratch.0);
    assert!(refused(&scratch.0).contains("a run that goes on is using it"));
    drop(first);
    drop(open(&scratch.0));
}

#[test]
fn what_is_no_directory_of_the_users_alone_is_refused() {
    let scratch = Scratch::new("forbidden");
    fs::create_dir(&scratch.0).unwrap();
    let at = |name: &str| scratch.0.join(name);
    fs::write(at("file"), b"").unwrap();
    assert!(refused(&at("file")).contains("not a directory"));
    symlink(&scratch.0, at("link")).unwrap();
    assert!(refused(&at("link")).contains("it is a link"));
    fs::create_dir(at("open")).unwrap();
    fs::set_permissions(at("open"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(refused(&at("open")).contains("other users"));
    fs::create_dir(at("run")).unwrap();
    fs::write(at("run").join("run"), b"not ours").unwrap();
    fs::set_permissions(at("run").join("run"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refused(&at("run")).contains("'run'"));
    fs::remove_file(at("run").join("run")).unwrap();
    symlink("/etc/passwd", at("run").join("run")).unwrap();
    assert!(refused(&at("run")).contains("'run': it is a link"));
    fs::create_dir(at("held")).unwrap();
    fs::create_dir(at("held").join("lock")).unwrap();
    assert!(refused(&at("held")).contains("give another"));
}

#[test]
fn a_log_that_ends_anywhere_has_the_chunks_before() {
    let scratch = Scratch::new("torn");
    let log = filled(&scratch.0);
    let whole = fs::read(&log).unwrap();
    let mut seen = Vec::new();
    for length in 0..whole.len() {
        fs::write(&log, &whole[..length]).unwrap();
        let found = ranges(&scratch.0).len();
        assert!(found <= 2, "{length} of {} bytes", whole.len());
        seen.push(found);
    }
    assert!(seen.is_sorted() && seen.contains(&1) && seen.contains(&2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_changed_byte_costs_its_chunk_and_those_behind(at in any::<prop::sample::Index>(), xor in 1u8..) {
        let scratch = Scratch::new(&format!("changed-{xor}"));
        let log = filled(&scratch.0);
        let mut bytes = fs::read(&log).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= xor;
        fs::write(&log, &bytes).unwrap();
        // What the first line does not use may be anything.
        prop_assert!(ranges(&scratch.0).len() <= 2 || (12..16).contains(&at) || (32..64).contains(&at));
    }

    #[test]
    fn any_bytes_are_a_log_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let scratch = Scratch::new("any");
        let log = filled(&scratch.0);
        let first = fs::read(&log).unwrap()[..64].to_vec();
        for content in [bytes.clone(), [first, bytes].concat()] {
            fs::write(&log, &content).unwrap();
            prop_assert!(ranges(&scratch.0).is_empty());
        }
    }
}
