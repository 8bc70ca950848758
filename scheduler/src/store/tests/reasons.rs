//! Why a variable is still there: each reason alone, and all of them gone.

use super::*;
use crate::os::{Access, DataFile, Mapping};
use crate::page::{FromFile, Shape, Tag};

fn why_it(ns: &str) -> Result<Why> {
    why(ns, "x", &Place::Memory)
}

fn me() -> u32 {
    std::process::id()
}

/// This process's part: mappings and bytes, of the current segment or of released ones.
fn mine(why: &Why, current: bool) -> Option<(u64, u64)> {
    let mut mine = why.mapped.iter().filter(|user| user.pid == Some(me()) && user.current == current);
    let found = mine.next().map(|user| (user.mappings, user.bytes));
    assert!(mine.next().is_none(), "{why:?}");
    found
}

#[test]
fn nothing_known_is_an_error() {
    let ns = namespace("why-none");
    assert!(is_unallocated(why_it(&ns)));
    let mut store = open();
    register(&mut store, &ns, "x", b"content").unwrap();
    store.release(&ns, &["x".into()]).unwrap();
    assert!(is_unallocated(why_it(&ns)));
}

#[test]
fn each_reason_is_told_and_a_released_variable_as_long_as_it_costs() {
    let ns = namespace("why");
    let (mut owner, runner) = (open(), open());
    register(&mut owner, &ns, "x", &[1; 10_000]).unwrap();
    let alone = why_it(&ns).unwrap();
    let registered = alone.registered.unwrap();
    assert_eq!((registered.pid, registered.session), (me(), owner.session()));
    assert!(registered.alive && !registered.writable && registered.bytes == 10_000);
    assert!(alone.runs.is_empty() && alone.mapped.is_empty() && alone.file.is_none());

    let found = find(&ns, "x", &Place::Memory).unwrap();
    let views = [found.map().unwrap(), found.map().unwrap()];
    let held = runner.hold(&found).unwrap();
    let worker = map_private(&SegmentFile::open_read(&held.handle()).unwrap().unwrap()).unwrap();
    let all = why_it(&ns).unwrap();
    assert_eq!(mine(&all, true), Some((3, 3 * 16_384)));
    assert_eq!(mine(&all, false), None);
    assert_eq!((all.runs.len(), all.runs[0].pid, all.runs[0].current), (1, Some(me()), true));

    owner.release(&ns, &["x".into()]).unwrap();
    drop(found);
    let released = why_it(&ns).unwrap();
    assert!(released.registered.is_none());
    assert_eq!((mine(&released, true), mine(&released, false)), (None, Some((3, 3 * 16_384))));
    assert_eq!((released.runs.len(), released.runs[0].current), (1, false));

    register(&mut owner, &ns, "x", b"anew").unwrap();
    let view = find(&ns, "x", &Place::Memory).unwrap().map().unwrap();
    let both = why_it(&ns).unwrap();
    assert_eq!((mine(&both, true), mine(&both, false)), (Some((1, 8192)), Some((3, 3 * 16_384))));
    owner.release(&ns, &["x".into()]).unwrap();
    drop((view, held, worker));
    let last = why_it(&ns).unwrap();
    assert_eq!((last.runs.len(), mine(&last, false)), (0, Some((2, 2 * 16_384))));
    drop(views);
    assert!(is_unallocated(why_it(&ns)));
}

#[test]
fn a_variable_of_that_name_elsewhere_is_not_this_one() {
    let (ns, other) = (namespace("why-this"), namespace("why-other"));
    let mut store = open();
    register(&mut store, &ns, "x", b"content").unwrap();
    register(&mut store, &other, "x", b"content").unwrap();
    let view = find(&other, "x", &Place::Memory).unwrap().map().unwrap();
    assert!(why_it(&ns).unwrap().mapped.is_empty());
    drop(view);
}

#[test]
fn a_file_behind_it_is_named_and_its_bytes_are_counted() {
    let (ns, dir) = (namespace("why-file"), Dir::new("why-file"));
    let path = std::fs::canonicalize(&dir.0).unwrap().join("data");
    std::fs::write(&path, vec![0; 100_000]).unwrap();
    let part = DataFile::open(&path, Access::Read).unwrap().part(8, 99_992).unwrap();
    let mut store = open();
    store
        .register(
            &ns,
            &[("x".into(), &FromFile::new(Tag::Raw, Shape::default(), part.clone(), Access::Read).unwrap())],
        )
        .unwrap();
    let found = find(&ns, "x", &Place::Memory).unwrap();
    assert_eq!(found.header.total(), found.header.bytes + 99_992);
    let view: Mapping = found.map().unwrap();
    let why = why_it(&ns).unwrap();
    assert_eq!(why.file, Some(part));
    assert_eq!(
        mine(&why, true),
        Some((1, CONTENT + found.header.bytes + 100_000_u64.next_multiple_of(4096)))
    );
    drop(view);
}
