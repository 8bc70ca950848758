//! What is written is read by all, wherever the items lie, and nothing else changes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Barrier;

use proptest::prelude::*;

use super::super::{BlobView, FromFile, Shape, Stretches, Zeros};
use super::*;
use crate::store::{find, Content, Store};

fn namespace(test: &str) -> String {
    format!("memshare-test-{}-{test}", std::process::id())
}

fn open() -> Store {
    Store::open(Place::Memory).unwrap()
}

fn register(store: &mut Store, ns: &str, content: &dyn Content) {
    store.register(ns, &[("x".into(), content)]).unwrap();
}

fn write(ns: &str, meant: &Selection, values: Values<'_>) -> Result<()> {
    Writing::open(&find(ns, "x", &Place::Memory)?)?.write(meant, values, &Place::Memory)
}

/// All items' bytes, as another session reads them.
fn read(ns: &str) -> Vec<u8> {
    let mapping = find(ns, "x", &Place::Memory).unwrap().map().unwrap();
    // SAFETY: nothing writes while this reads.
    let view = BlobView::open(&unsafe { mapping.bytes() }[CONTENT as usize..]).unwrap();
    view.data(&view.node(0)).to_vec()
}

fn positions(at: &[u64]) -> Selection {
    let mut all = Stretches::default();
    at.iter().for_each(|&at| all.push(at));
    Selection::items(all)
}

fn bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
}

/// A file of zeros, gone when dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new(test: &str, bytes: usize) -> Temporary {
        let path = std::env::temp_dir().join(namespace(test));
        std::fs::write(&path, vec![0; bytes]).unwrap();
        Temporary(path)
    }

    fn content(&self, tag: Tag, offset: u64, bytes: u64) -> FromFile {
        let part = DataFile::open(&self.0, Access::Write).unwrap().part(offset, bytes).unwrap();
        FromFile::new(tag, Shape::default(), part, Access::Write).unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_variable_says_what_it_is_and_takes_what_fits() {
    let (ns, mut store) = (namespace("write"), open());
    register(&mut store, &ns, &Zeros::new(Tag::Real, 6, &[2, 3]).unwrap());
    let writing = Writing::open(&find(&ns, "x", &Place::Memory).unwrap()).unwrap();
    assert_eq!((writing.tag(), writing.items(), writing.dim()), (Tag::Real, 6, Some(&[2, 3][..])));
    write(&ns, &positions(&[5, 0, 0]), Values::Each(&bytes(&[1.0, 2.0, 3.0]))).unwrap();
    assert_eq!(read(&ns), bytes(&[3.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
    write(&ns, &Selection::items(Stretches::whole(6)), Values::Same(&bytes(&[9.0]))).unwrap();
    assert_eq!(read(&ns), bytes(&[9.0; 6]));
    for (meant, values) in [
        (positions(&[6]), bytes(&[1.0])),
        (positions(&[u64::MAX / 16]), bytes(&[1.0])),
        (positions(&[1, 2]), bytes(&[1.0])),
        (positions(&[1]), vec![1; 7]),
    ] {
        assert!(matches!(write(&ns, &meant, Values::Each(&values)), Err(Error::Os { .. })), "{meant:?}");
    }
    assert!(write(&ns, &positions(&[1]), Values::Same(&[])).is_err());
    write(&ns, &positions(&[]), Values::Same(&bytes(&[1.0]))).unwrap();
    assert_eq!(read(&ns), bytes(&[9.0; 6]), "a refused write has written");
}

#[test]
fn registered_data_is_never_written_into() {
    let (ns, mut store) = (namespace("sealed"), open());
    register(&mut store, &ns, &b"anything".as_slice());
    let refused = write(&ns, &positions(&[0]), Values::Same(&[0; 8])).unwrap_err();
    assert!(
        refused.kind() == "not_writable" && refused.to_string().contains("cannot be written into"),
        "{refused}"
    );
    let file = Temporary::new("sealed-file", 8);
    let part = DataFile::open(&file.0, Access::Read).unwrap().part(0, 8).unwrap();
    store.release(&ns, &["x".into()]).unwrap();
    register(&mut store, &ns, &FromFile::new(Tag::Real, Shape::default(), part, Access::Read).unwrap());
    assert_eq!(write(&ns, &positions(&[0]), Values::Same(&[0; 8])).unwrap_err().kind(), "not_writable");
}

#[test]
fn a_value_for_many_items_is_written_whole_beyond_the_pattern() {
    let (ns, mut store) = (namespace("pattern"), open());
    let items = 3 * (PATTERN / 16) as u64 + 5;
    register(&mut store, &ns, &Zeros::new(Tag::Complex, items, &[]).unwrap());
    let one: Vec<u8> = (1..17).collect();
    write(&ns, &Selection::items(Stretches::whole(items)), Values::Same(&one)).unwrap();
    assert!(read(&ns).chunks(16).all(|item| item == one));
}

#[test]
fn what_goes_to_a_file_is_in_the_file_and_views_see_it() {
    let (ns, mut store) = (namespace("to-file"), open());
    let file = Temporary::new("to-file-data", 8192 + 24);
    register(&mut store, &ns, &file.content(Tag::Real, 8192 - 8, 24));
    let view = find(&ns, "x", &Place::Memory).unwrap().map().unwrap();
    write(&ns, &positions(&[1]), Values::Each(&bytes(&[5.0]))).unwrap();
    let written = std::fs::read(&file.0).unwrap();
    assert_eq!(
        (&written[8192..8200], written.iter().filter(|&&byte| byte != 0).count()),
        (&bytes(&[5.0])[..], 2)
    );
    // SAFETY: nothing writes any more.
    assert_eq!(unsafe { view.bytes() }[view.len() - 16..][..8], bytes(&[5.0]));
    std::fs::remove_file(&file.0).unwrap();
    assert_eq!(write(&ns, &positions(&[1]), Values::Each(&bytes(&[5.0]))).unwrap_err().kind(), "file");
}

#[test]
fn many_writers_of_parts_that_do_not_touch_lose_nothing() {
    const WRITERS: u64 = 8;
    const COLUMNS: u64 = 400;
    let (ns, mut store) = (namespace("many"), open());
    register(&mut store, &ns, &Zeros::new(Tag::Integer, 10 * COLUMNS, &[10, COLUMNS as u32]).unwrap());
    let start = Barrier::new(WRITERS as usize);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (ns, start) = (&ns, &start);
            scope.spawn(move || {
                start.wait();
                for column in (writer..COLUMNS).step_by(WRITERS as usize) {
                    let mut one = Stretches::default();
                    one.push(column);
                    let meant = Selection::grid(vec![(Stretches::whole(10), 10), (one, COLUMNS)]);
                    write(ns, &meant, Values::Same(&(column as i32).to_ne_bytes())).unwrap();
                }
            });
        }
    });
    let expected: Vec<u8> = (0..COLUMNS as i32).flat_map(|column| column.to_ne_bytes().repeat(10)).collect();
    assert_eq!(read(&ns), expected);
}

#[test]
fn writers_of_rows_wait_for_each_other_and_lose_nothing() {
    let (ns, mut store) = (namespace("rows"), open());
    register(&mut store, &ns, &Zeros::new(Tag::Integer, 8 * 50, &[8, 50]).unwrap());
    std::thread::scope(|scope| {
        for row in 0..8_u64 {
            let ns = &ns;
            scope.spawn(move || {
                let mut one = Stretches::default();
                one.push(row);
                let meant = Selection::grid(vec![(one, 8), (Stretches::whole(50), 50)]);
                write(ns, &meant, Values::Same(&(row as i32).to_ne_bytes())).unwrap();
            });
        }
    });
    let expected: Vec<u8> = (0..400_i32).flat_map(|at| (at % 8).to_ne_bytes()).collect();
    assert_eq!(read(&ns), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn writes_in_a_row_are_what_a_vector_gives(
        tag in prop_oneof![Just(Tag::Raw), Just(Tag::Integer), Just(Tag::Real), Just(Tag::Complex)],
        in_file: bool,
        writes in prop::collection::vec((prop::collection::vec(0_u64..40, 0..12), any::<u8>(), any::<bool>()), 1..6),
    ) {
        let (ns, mut store) = (namespace("random"), open());
        let size = tag.item_size() as usize;
        let file = Temporary::new("random-data", 40 * size + 16);
        match in_file {
            true => register(&mut store, &ns, &file.content(tag, 16, 40 * size as u64)),
            false => register(&mut store, &ns, &Zeros::new(tag, 40, &[]).unwrap()),
        }
        let mut model = vec![0; 40 * size];
        for (at, first, same) in writes {
            let values: Vec<u8> = (0..at.len() * size).map(|i| first.wrapping_add(i as u8)).collect();
            let one = vec![first; size];
            for (place, &item) in at.iter().enumerate() {
                let value = if same { &one } else { &values[place * size..][..size] };
                model[item as usize * size..][..size].copy_from_slice(value);
            }
            write(&ns, &positions(&at), if same { Values::Same(&one) } else { Values::Each(&values) }).unwrap();
        }
        prop_assert_eq!(read(&ns), model);
    }
}

#[test]
fn a_run_comes_to_its_turn_among_writers_that_never_stop() {
    let (ns, mut store) = (namespace("turn"), open());
    register(&mut store, &ns, &Zeros::new(Tag::Real, 100_000, &[]).unwrap());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..4_u64 {
            let (ns, done) = (&ns, &done);
            scope.spawn(move || {
                while !done.load(Relaxed) {
                    match write(
                        ns,
                        &Selection::items(Stretches::whole(100_000)),
                        Values::Same(&writer.to_ne_bytes()),
                    ) {
                        Ok(()) => {}
                        Err(Error::Busy { .. }) => std::thread::yield_now(),
                        Err(e) => panic!("{e}"),
                    }
                }
            });
        }
        let turns: Vec<bool> = (0..20)
            .map(|_| {
                let Ok(_held) = store.hold(&find(&ns, "x", &Place::Memory).unwrap()) else { return false };
                // Nobody writes now, and nobody was stopped in the middle.
                let (seen, again) = (read(&ns), read(&ns));
                seen == again && seen.chunks(8).all(|item| item == &seen[..8])
            })
            .collect();
        done.store(true, Relaxed);
        assert_eq!(turns, [true; 20]);
    });
}
