//! What is said to be there is there, whatever a reader did to what it read before.
use super::super::{BlobView, BlobWriter, Node};
use super::*;
use crate::error::Error;
use crate::os::{Mapping, Place};
use crate::store::{Kind, Memory, Page, Store};

/// Numbers that differ from one another and are never 0.
fn numbers(count: usize, from: u64) -> Vec<u64> {
    (1..=count as u64).map(|i| from * 1_000_003 + i).collect()
}

/// Notes numbers of the caller's.
fn borrow(w: &mut BlobWriter, numbers: &[u64]) -> u64 {
    // SAFETY: the tests keep the numbers until the blob is dropped.
    unsafe { w.borrow(numbers.as_ptr().cast(), 8 * numbers.len()) }
}

fn page(store: &Store, streamed: &Streamed) -> (Page, Mapping) {
    let page = store.page(Kind::Page, &streamed.first(), Memory::New).unwrap();
    let mapping = Mapping::private(&page.file().unwrap()).unwrap();
    (page, mapping)
}

/// The numbers of a node, which are overwritten in this mapping once they were read.
fn read_and_spoil(mapping: &Mapping, node: u32, from: u64, count: u64) -> Vec<u64> {
    // SAFETY: the nodes are written; of the data only what is said to be there is read.
    let view = BlobView::open(unsafe { &mapping.bytes()[CONTENT as usize..] }).unwrap();
    let data = view.data(&view.node(node));
    let data = &data[8 * from as usize..8 * (from + count) as usize];
    let numbers = data.chunks_exact(8).map(|bytes| u64::from_ne_bytes(bytes.try_into().unwrap())).collect();
    let at = data.as_ptr() as usize - mapping.as_ptr() as usize;
    // SAFETY: the mapping is private, and this range lies in it; the view is not used after this.
    unsafe { mapping.as_ptr().add(at).write_bytes(0xff, data.len()) };
    numbers
}

fn elements(count: usize, items: usize) -> Elements {
    Elements { count: count as u64, items: items as u64 }
}

#[test]
fn columns_come_one_after_the_other() {
    come_one_after_the_other(700, 2_003, 700 * 2_003);
}

#[test]
fn blocks_come_one_after_the_other_and_the_last_is_smaller() {
    come_one_after_the_other(101, 7 * 2_003, 700 * 2_003 + 9);
}

/// `columns` of `height` each, of so many items in all.
fn come_one_after_the_other(columns: usize, height: usize, len: usize) {
    let all = numbers(len, 1);
    let mut w = BlobWriter::new();
    let off = borrow(&mut w, &all);
    w.set(0, Node::of(Tag::Real, all.len() as u64, off));
    let blob = w.finish();
    assert!(!blob.can_stream(elements(columns + 1, height)), "no such columns");
    assert!(!blob.can_stream(elements(columns, height / 2)), "these would be more");
    let streamed = blob.streamed(elements(columns, height)).unwrap();
    let store = Store::open(Place::Memory).unwrap();
    let (page, mapping) = page(&store, &streamed);
    let (mut read, mut steps) = (0, 0);
    let mut look = |there: u64| {
        for column in read..there {
            let from = column as usize * height;
            let count = height.min(len - from);
            let got = read_and_spoil(&mapping, 0, from as u64, count as u64);
            assert_eq!(got, all[from..][..count], "column {column} of {there}");
        }
        (read, steps) = (there.max(read), steps + 1);
        Ok::<bool, Error>(true)
    };
    assert!(streamed.rest(&page.file().unwrap(), 5, &mut look).unwrap());
    look(columns as u64).unwrap();
    assert_eq!(read, columns as u64);
    assert!((4..=5).contains(&steps), "{steps}");
}

#[test]
fn items_of_a_list_come_in_order_with_their_attributes() {
    // Every third is small and copied, every seventh empty; each fifth has an attribute as big as itself.
    let sizes: Vec<usize> = (0..300)
        .map(|i| {
            if i % 7 == 0 {
                0
            } else if i % 3 == 0 {
                40
            } else {
                6_001 + i
            }
        })
        .collect();
    let items: Vec<Vec<u64>> = sizes.iter().enumerate().map(|(i, &size)| numbers(size, i as u64)).collect();
    let mut w = BlobWriter::new();
    let first = w.children(items.len()).unwrap();
    let mut attributes = vec![0; items.len()];
    for (i, item) in items.iter().enumerate() {
        let off = borrow(&mut w, item);
        let mut node = Node::of(Tag::Real, item.len() as u64, off);
        if i % 5 == 0 {
            let list = w.children(1).unwrap();
            let names = w.children(2).unwrap();
            w.set(list, Node::of(Tag::List, 2, u64::from(names)));
            let mut table = super::super::StringTable::default();
            table.push(b"twin", 0);
            let off = w.strings(&mut table);
            w.set(names, Node::of(Tag::Strings, 1, off));
            let off = borrow(&mut w, item);
            w.set(names + 1, Node::of(Tag::Real, item.len() as u64, off));
            node.attributes = list;
            attributes[i] = names + 1;
        }
        w.set(first + i as u32, node);
    }
    w.set(0, Node::of(Tag::List, items.len() as u64, u64::from(first)));
    let blob = w.finish();
    let streamed = blob.streamed(elements(items.len(), 1)).unwrap();
    let store = Store::open(Place::Memory).unwrap();
    let (page, mapping) = page(&store, &streamed);
    let (mut read, mut told) = (0, Vec::new());
    let mut look = |there: u64| {
        for i in read..there as usize {
            let len = items[i].len() as u64;
            assert_eq!(read_and_spoil(&mapping, first + i as u32, 0, len), items[i], "item {i} of {there}");
            if attributes[i] > 0 {
                assert_eq!(read_and_spoil(&mapping, attributes[i], 0, len), items[i], "its attribute");
            }
        }
        read = read.max(there as usize);
        told.push(there);
        Ok::<bool, Error>(true)
    };
    assert!(streamed.rest(&page.file().unwrap(), 64, &mut look).unwrap());
    look(items.len() as u64).unwrap();
    assert!(told.len() <= 64 && told.is_sorted() && told[1] > 0, "{told:?}");
}

#[test]
fn small_data_and_other_shapes_are_written_at_once() {
    let small = numbers(1_000_000, 1);
    let mut w = BlobWriter::new();
    let off = borrow(&mut w, &small);
    w.set(0, Node::of(Tag::Real, small.len() as u64, off));
    assert!(w.finish().streamed(elements(1_000, 1_000)).is_err());
    let big = numbers(2_000_000, 1);
    let mut w = BlobWriter::new();
    let first = w.children(2).unwrap();
    let inner = w.children(1).unwrap();
    let off = borrow(&mut w, &big);
    w.set(inner, Node::of(Tag::Real, big.len() as u64, off));
    w.set(first, Node::of(Tag::List, 1, u64::from(inner)));
    w.set(0, Node::of(Tag::List, 2, u64::from(first)));
    assert!(w.finish().streamed(elements(2, 1)).is_err(), "a list in a list");
}

#[test]
fn it_ends_when_it_is_told_to_and_with_what_goes_wrong() {
    let all = numbers(2_000_000, 1);
    let mut w = BlobWriter::new();
    let off = borrow(&mut w, &all);
    w.set(0, Node::of(Tag::Real, all.len() as u64, off));
    let blob = w.finish();
    let streamed = blob.streamed(elements(100, 20_000)).unwrap();
    let store = Store::open(Place::Memory).unwrap();
    let (page, _) = page(&store, &streamed);
    let file = page.file().unwrap();
    let mut steps = 0;
    let stopped = streamed.rest(&file, 10, |_| {
        steps += 1;
        Ok::<bool, Error>(steps < 3)
    });
    assert_eq!((stopped.unwrap(), steps), (false, 3));
    let broken = streamed.rest(&file, 10, |_| Err(Error::Unsupported("of a test")));
    assert!(matches!(broken, Err(Error::Unsupported("of a test"))));
}
