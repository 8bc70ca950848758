//! The program against real segments, made by this process and by one that died.
#![allow(unsafe_code, clippy::unwrap_used, missing_docs)]

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use scheduler::board::{
    Activity, BoardSpec, Delivered, ElementPosition, StageSpec, SupervisorBoard, WorkerBoard,
};
use scheduler::id::{StageId, WorkerId};
use scheduler::os::{now_ns, Mapping, Place};
use scheduler::policy::Policy;
use scheduler::store::{Kind, Memory, Page, Store, CONTENT};
use scheduler::wire::{RunSpec, RunStage};
use serde_json::Value;

const ROLE: &str = "MEMSHARE_TEST_NAMESPACE";

/// One test at a time: a session that begins clears away what a dead one left.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn memshare(args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_memshare");
    Command::new(program).args(args).env_remove("MEMSHARE_DIR").output().expect("the program runs")
}

fn text(args: &[&str]) -> String {
    let output = memshare(args);
    assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&text(args)).expect("JSON")
}

fn namespace(name: &str) -> String {
    format!("cli-{name}-{}", std::process::id())
}

fn register(store: &mut Store, namespace: &str, name: &str, bytes: usize) {
    let content = vec![7; bytes];
    store.register(namespace, &[(name.to_owned(), &content.as_slice())]).expect("registered");
}

/// The entries of a list whose field is this.
fn having<'a>(list: &'a Value, field: &str, is: &str) -> Vec<&'a Value> {
    list.as_array().expect("a list").iter().filter(|entry| entry[field] == is).collect()
}

#[test]
#[ignore = "a role in the other tests: shares, and ends without a word"]
fn dies() {
    let Ok(ns) = std::env::var(ROLE) else { return };
    let mut store = Store::open(Place::Memory).expect("a session");
    register(&mut store, &ns, "left", 3_000);
    let page = store.page(Kind::Page, &[1_u8; 500].as_slice(), Memory::New).expect("a page");
    std::mem::forget((store, page));
}

/// A process that shared something and is gone.
fn dead(ns: &str) {
    let mut role = Command::new(std::env::current_exe().expect("a path"));
    let ran = role.args(["--exact", "dies", "--ignored"]).env(ROLE, ns).output().expect("it runs");
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
fn ls_tells_variables_and_whose_they_are_and_prune_removes_what_the_dead_left() {
    let _alone = alone();
    let mut store = Store::open(Place::Memory).expect("a session");
    let ns = namespace("ls");
    register(&mut store, &ns, "x", 1_500);
    let page = store.page(Kind::Page, &[1_u8; 200].as_slice(), Memory::New).expect("a page");
    dead(&ns);

    let listing = json(&["ls", "--json"]);
    assert_eq!((&listing["format"], &listing["version"]), (&"memshare-ls".into(), &1.into()));
    let mine = having(&listing["variables"], "namespace", &ns);
    let said = |entry: &Value| {
        let [name, state] = ["name", "state"].map(|field| entry[field].as_str().unwrap().to_owned());
        (name, entry["bytes"].as_u64().unwrap(), state)
    };
    let said: Vec<_> = mine.iter().map(|entry| said(entry)).collect();
    assert_eq!(said, [("left".into(), 3_000, "orphaned".into()), ("x".into(), 1_500, "alive".into())]);
    assert_eq!(mine[1]["pid"], std::process::id());
    assert!(mine[1]["command"].as_str().unwrap().contains("cli"), "{}", mine[1]);
    let session = store.session().to_string();
    let pages = having(&listing["sessions"], "session", &session);
    assert_eq!(
        (pages[0]["data"]["pages"].as_u64(), pages[0]["data"]["bytes"].as_u64()),
        (Some(1), Some(200))
    );
    let table = text(&["ls"]);
    let row = table.lines().find(|line| line.contains(&ns) && line.contains("left")).expect("a row");
    assert!(row.contains("3.0 kB") && row.contains("orphaned"), "{table}");

    let dead_session = mine[0]["session"].as_str().unwrap();
    let of = |pruned: &Value| -> Vec<String> {
        let its = having(&pruned["removed"], "session", dead_session);
        let mut what: Vec<String> =
            its.iter().map(|left| left["what"].as_str().unwrap().to_owned()).collect();
        what.sort();
        what
    };
    let would = json(&["prune", "--dry-run", "--json"]);
    assert_eq!(
        (would["dry_run"].as_bool(), of(&would)),
        (Some(true), vec!["data".into(), "lock".into(), "variable".into()])
    );
    assert!(text(&["prune", "-n"]).starts_with("Would remove "));
    assert_eq!(of(&json(&["prune", "-n", "--json"])), of(&would), "nothing was removed");
    let did = json(&["prune", "--json"]);
    assert_eq!((did["dry_run"].as_bool(), of(&did)), (Some(false), of(&would)));
    assert_eq!(of(&json(&["prune", "--json"])), [""; 0]);

    let left = json(&["ls", "--json"]);
    let mine = having(&left["variables"], "namespace", &ns);
    assert_eq!(mine.iter().map(|entry| &entry["name"]).collect::<Vec<_>>(), ["x"], "what lives stays");
    assert!(page.handle().path().exists());
}

/// A board that lies in a segment as a run's does: 10 elements in chunks of 4, of which the first is done and the second is out.
struct Run {
    board: SupervisorBoard,
    _mapping: Mapping,
    _page: Page,
}

fn run(store: &Store) -> Run {
    let spec = RunSpec {
        log: None,
        overflow: Vec::new(),
        title: "memRun(z)".into(),
        pages: vec![],
        refers: vec![],
        stages: vec![RunStage {
            key: 0,
            outputs: vec![],
            elements_per_result: vec![],
            consumes: vec![],
            passes: vec!["mu".into(), "z".into()],
            after: vec![],
        }],
        notes: (StageId(0), 0),
        program: vec![],
        session: vec![],
    };
    let payload = spec.to_bytes();
    let stages = vec![StageSpec { steps: 2, ..StageSpec::new(10, Policy::fixed(4), 2) }];
    let layout = BoardSpec { workers: 2, stages, payload: &payload };
    let page = store.zeros_page(Kind::Board, layout.bytes().unwrap()).expect("a page");
    let mapping = Mapping::shared(&page.file().unwrap()).expect("mapped");
    let skip = CONTENT as usize;
    // SAFETY: fresh, zeroed, ours, as long as the layout asks for, and kept with the board.
    let board = unsafe { SupervisorBoard::create(mapping.as_ptr().add(skip), mapping.len() - skip, &layout) };
    let board = board.expect("a board");
    // SAFETY: the same memory, which holds a board now; this hold goes at the end of the function.
    let worker = unsafe { WorkerBoard::attach(mapping.as_ptr().add(skip), mapping.len() - skip) };
    let worker = worker.expect("a board");
    let (stage, place, now) = (StageId(0), WorkerId(1), now_ns());
    board.set_begun(now - 10_000_000_000);
    board.open(stage);
    worker.join(place, 4_321, now - 8_000_000_000);
    worker.set_activity(place, Activity::Run, now - 6_000_000_000);
    let lease = worker.claim(place).expect("a chunk");
    assert!(worker.complete(&lease, &Delivered::default()));
    let lease = worker.claim(place).expect("a chunk");
    worker.begin(&lease, now - 5_000_000_000);
    worker.element(place, ElementPosition { step: 1, element: 6 });
    board.take_bytes(2_500);
    Run { board, _mapping: mapping, _page: page }
}

#[test]
fn top_shows_what_the_boards_say() {
    let _alone = alone();
    let store = Store::open(Place::Memory).expect("a session");
    let run = run(&store);
    let mine = || {
        let top = json(&["top", "--json"]);
        assert_eq!((&top["format"], &top["version"]), (&"memshare-top".into(), &1.into()));
        having(&top["runs"], "session", &store.session().to_string()).into_iter().cloned().collect::<Vec<_>>()
    };
    let seen = &mine()[0];
    assert_eq!(
        (&seen["title"], &seen["state"], &seen["pid"]),
        (&"memRun(z)".into(), &"running".into(), &std::process::id().into())
    );
    assert_eq!((&seen["elements"], &seen["done"]), (&20.into(), &8.into()), "of both passes");
    assert_eq!((&seen["live_bytes"], &seen["peak_bytes"]), (&2_500.into(), &2_500.into()));
    let seconds = seen["seconds"].as_f64().unwrap();
    assert!(seconds >= 10.0, "{seconds}");
    let [rate, left] = ["rate", "left"].map(|field| seen[field].as_f64().unwrap());
    assert!((rate - 8.0 / seconds).abs() < 1e-9 && (left - 12.0 / rate).abs() < 1e-9, "{seen}");
    assert_eq!(seen["workers"][0]["state"], "absent");
    let worker = &seen["workers"][1];
    let chunk =
        serde_json::json!({"stage": 0, "first": 5, "last": 8, "attempt": 1, "pass": "z", "element": 7});
    assert_eq!(
        (&worker["pid"], &worker["state"], &worker["chunk"]),
        (&4_321.into(), &"running".into(), &chunk)
    );

    // Of the lines only those of this run: others may go on on this host.
    let lines = text(&["top", "--once"]);
    let mut lines = lines.lines().skip_while(|line| !line.contains(&format!("pid {} ", std::process::id())));
    assert!(lines.next().unwrap().starts_with("memRun(z): running for 1"), "{lines:?}");
    assert!(lines.next().unwrap().contains("40 %, 8 of 20 elements, 0."), "{lines:?}");
    let rest: Vec<&str> = lines.map(str::trim).collect();
    assert!(rest.contains(&"mu + z     4        10  open"), "{rest:?}");
    assert!(rest.iter().any(|line| line.ends_with("z, element 7 of 5-8")), "{rest:?}");
    run.board.set_control(scheduler::board::Control::Ended);
    assert_eq!(mine().len(), 0, "it is over");
}

#[test]
fn what_cannot_be_done_is_said_in_words() {
    let output = memshare(&["--dir", "/no/such/place", "ls"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), words.as_str()),
        (Some(1), "memshare: --dir: there is no directory '/no/such/place'\n")
    );
    for wrong in [&["top", "--interval", "0"][..], &["lx"], &[]] {
        assert_eq!(memshare(wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(memshare(&["--version"]).status.code(), Some(0));
}

#[test]
fn a_directory_is_looked_into_besides() {
    let _alone = alone();
    let dir = std::env::temp_dir().join(namespace("dir"));
    std::fs::create_dir_all(&dir).unwrap();
    // A page that a session left in the directory: it has that session's name, and no living session has it.
    let name = scheduler::os::name::page(scheduler::os::SessionId(1), 1);
    std::fs::write(dir.join(&name), vec![0; 5_000]).unwrap();
    let open_to =
        |mode| std::fs::set_permissions(dir.join(&name), std::fs::Permissions::from_mode(mode)).unwrap();
    open_to(0o644);
    let here = dir.to_str().unwrap();
    let without = json(&["prune", "--dry-run", "--json"]);
    assert_eq!(having(&without["removed"], "segment", &name).len(), 0);
    let with = || json(&["--dir", here, "prune", "--json"]);
    assert_eq!(having(&with()["removed"], "segment", &name).len(), 0, "others can read it: none of ours");
    open_to(0o600);
    let with = with();
    let removed = having(&with["removed"], "segment", &name);
    assert_eq!((&removed[0]["what"], &removed[0]["bytes"]), (&"unfinished".into(), &5_000.into()));
    assert!(!dir.join(&name).exists());
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_saved_run_is_drawn_with_or_without_what_gives_memory_back() {
    let saved = concat!(env!("CARGO_MANIFEST_DIR"), "/../rpkg/tests/testthat/fixtures/diamond.memshare");
    let whole = text(&["graph", saved, "--format", "dot"]);
    let less = text(&["graph", saved, "--format", "dot", "--no-releases"]);
    assert!(whole.contains("release") && !less.contains("release"), "{less}");
}
