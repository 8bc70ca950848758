//! What is written is read again, bit for bit; what is damaged is refused or read within bounds, never a panic.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use proptest::prelude::*;

use super::blob::SLICE;
use super::node::SUM;
use super::*;

/// A blob's bytes at an address divisible by 8.
struct Aligned(Vec<u64>, usize);

impl Aligned {
    fn new(bytes: &[u8]) -> Self {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_ne_bytes(eight);
        }
        Aligned(words, bytes.len())
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the words are this many initialized bytes and live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.1) }
    }
}

/// A value with everything in it: the model of a blob.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Plain(Tag, Vec<u8>),
    Strings(Vec<Option<Vec<u8>>>),
    List(Vec<Value>),
    Packed(Vec<Vec<u8>>),
    Attributed(Box<Value>, Vec<(String, Value)>),
}

fn write(value: &Value, index: u32, w: &mut BlobWriter) {
    match value {
        Value::Null => w.set(index, Node::NULL),
        Value::Plain(tag, bytes) => {
            let off = w.copy(bytes);
            w.set(index, Node::of(*tag, bytes.len() as u64 / tag.item_size().max(1), off));
        }
        Value::Strings(items) => {
            let off = w.strings(&mut table(items));
            w.set(index, Node::of(Tag::Strings, items.len() as u64, off));
        }
        Value::List(items) => {
            let first = w.children(items.len()).unwrap();
            w.set(index, Node::of(Tag::List, items.len() as u64, u64::from(first)));
            for (i, item) in items.iter().enumerate() {
                write(item, first + i as u32, w);
            }
        }
        Value::Packed(items) => {
            let off = w.take(items.concat());
            let each = items.first().map_or(0, Vec::len) as u32;
            w.set(index, Node::packed(Tag::Raw, items.len() as u64, each, off));
        }
        Value::Attributed(inner, attributes) => {
            write(inner, index, w);
            let list = w.children(1).unwrap();
            let mut items = vec![Value::Strings(
                attributes.iter().map(|(name, _)| Some(name.clone().into_bytes())).collect(),
            )];
            items.extend(attributes.iter().map(|(_, value)| value.clone()));
            write(&Value::List(items), list, w);
            let node = w.get(index);
            w.set(index, Node { attributes: list, ..node });
        }
    }
}

fn table(items: &[Option<Vec<u8>>]) -> StringTable {
    let mut table = StringTable::default();
    table.reserve(items.len());
    for item in items {
        match item {
            Some(bytes) => table.push(bytes, 1),
            None => table.push_na(),
        }
    }
    table
}

fn read(view: &BlobView<'_>, index: u32) -> Value {
    let node = view.node(index);
    let inner = match node.tag {
        Tag::Null | Tag::S4 => Value::Null,
        Tag::Strings => Value::Strings(strings(&view.strings(&node).unwrap())),
        Tag::List => Value::List((0..node.len as u32).map(|i| read(view, node.off as u32 + i)).collect()),
        Tag::Packed => {
            let each = node.attributes as usize;
            let item = |i: usize| view.data(&node)[i * each..(i + 1) * each].to_vec();
            Value::Packed((0..node.len as usize).map(item).collect())
        }
        tag => Value::Plain(tag, view.data(&node).to_vec()),
    };
    match view.attributes(&node) {
        None => inner,
        Some((names, first)) => {
            let name = |i: usize| String::from_utf8(names.get(i).unwrap().0.to_vec()).unwrap();
            let values = (0..names.len()).map(|i| (name(i), read(view, first + i as u32))).collect();
            Value::Attributed(Box::new(inner), values)
        }
    }
}

fn strings(table: &StringsView<'_>) -> Vec<Option<Vec<u8>>> {
    (0..table.len()).map(|i| table.get(i).map(|(bytes, _)| bytes.to_vec())).collect()
}

fn any_value() -> impl Strategy<Value = Value> {
    let bytes = prop::collection::vec(any::<u8>(), 0..20);
    let leaf = prop_oneof![
        Just(Value::Null),
        (prop_oneof![Just(Tag::Real), Just(Tag::Integer), Just(Tag::Complex), Just(Tag::Raw)], bytes.clone())
            .prop_map(|(tag, b)| Value::Plain(tag, b.repeat(16)[..b.len() / 2 * 16].to_vec())),
        prop::collection::vec(prop::option::of(bytes.clone()), 0..6).prop_map(Value::Strings),
        (1usize..5, bytes).prop_map(|(n, b)| Value::Packed(vec![b; n])),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let named = prop::collection::vec(("[a-z]{1,9}", inner.clone()), 1..4);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            // A Packed has no place for attributes, and attributes have none themselves.
            (inner, named).prop_filter_map("no attributes on these", |(value, named)| match value {
                Value::Packed(_) | Value::Attributed(..) => None,
                value => Some(Value::Attributed(Box::new(value), named)),
            }),
        ]
    })
}

fn blob(value: &Value) -> Blob {
    let mut w = BlobWriter::new();
    write(value, 0, &mut w);
    w.finish()
}

/// Walks all of a view, as a reader would.
fn walk(view: &BlobView<'_>) {
    for index in 0..view.nodes() as u32 {
        let node = view.node(index);
        std::hint::black_box(view.data(&node).iter().map(|&b| u64::from(b)).sum::<u64>());
        if let Some(table) = view.strings(&node) {
            std::hint::black_box(strings(&table));
        }
        if let Some((names, first)) = view.attributes(&node) {
            assert!(first as usize + names.len() <= view.nodes());
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let bytes = Aligned::new(&blob(&value).to_vec().unwrap());
        prop_assert_eq!(read(&BlobView::open(bytes.bytes()).unwrap(), 0), value);
    }

    #[test]
    fn write_and_to_vec_agree(value in any_value()) {
        let blob = blob(&value);
        let mut out = vec![0u8; blob.size() as usize];
        blob.write(&mut |at, bytes| {
            out[at as usize..][..bytes.len()].copy_from_slice(bytes);
            Ok(())
        }).unwrap();
        prop_assert_eq!(out, blob.to_vec().unwrap());
    }

    #[test]
    fn a_flipped_byte_never_panics(value in any_value(), at in any::<prop::sample::Index>(), bits in 1u8..) {
        let mut bytes = blob(&value).to_vec().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        if let Ok(view) = BlobView::open(Aligned::new(&bytes).bytes()) {
            walk(&view);
        }
    }

    #[test]
    fn a_cut_blob_is_refused(value in any_value(), at in any::<prop::sample::Index>()) {
        let bytes = blob(&value).to_vec().unwrap();
        let cut = at.index(bytes.len());
        prop_assert!(BlobView::open(Aligned::new(&bytes[..cut]).bytes()).is_err());
    }

    #[test]
    fn noise_behind_a_header_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400), nodes in 0u64..12) {
        let mut bytes = blob(&Value::Null).to_vec().unwrap();
        bytes.truncate(64);
        let data = (64 + nodes * 24).next_multiple_of(64);
        bytes[8..16].copy_from_slice(&nodes.to_ne_bytes());
        bytes[16..24].copy_from_slice(&data.to_ne_bytes());
        bytes[24..32].copy_from_slice(&(64 + noise.len() as u64).to_ne_bytes());
        // Small numbers are likelier to look like a blob.
        bytes.extend(noise.iter().map(|b| b % 11));
        if let Ok(view) = BlobView::open(Aligned::new(&bytes).bytes()) {
            walk(&view);
        }
    }
}

#[test]
fn big_data_is_borrowed_aligned_and_written_in_slices() {
    let big: Vec<u64> = (0..3_000_000).collect();
    let mut w = BlobWriter::new();
    w.copy(&[1, 2, 3]);
    // SAFETY: `big` outlives the blob and does not change.
    let off = unsafe { w.borrow(big.as_ptr().cast(), big.len() * 8) };
    w.set(0, Node::of(Tag::Real, big.len() as u64, off));
    assert_eq!(off % 64, 0);
    let blob = w.finish();
    let mut out = vec![0u8; blob.size() as usize];
    blob.write(&mut |at, bytes| {
        assert!(bytes.len() <= SLICE);
        out[at as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    })
    .unwrap();
    let bytes = Aligned::new(&out);
    let view = BlobView::open(bytes.bytes()).unwrap();
    let read = view.data(&view.node(0)).chunks_exact(8).map(|b| u64::from_ne_bytes(b.try_into().unwrap()));
    assert!(read.eq(0..3_000_000));
}

#[test]
fn bytes_are_made_when_the_blob_is_written_and_each_time() {
    struct Sevens(Arc<AtomicUsize>);
    impl Make for Sevens {
        fn make(&self, out: &mut [u8]) {
            assert!(out.iter().all(|&byte| byte == 0), "room that is not zero");
            out.fill(7);
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let times = Arc::new(AtomicUsize::new(0));
    // More than one slice.
    let len = SLICE + 5;
    let mut w = BlobWriter::new();
    let before = w.copy(&[1; 8]);
    let at = w.make(len, Box::new(Sevens(Arc::clone(&times))));
    let after = w.copy(&[2; 8]);
    w.set(0, Node::of(Tag::Raw, len as u64, at));
    let blob = w.finish();
    assert_eq!(times.load(Ordering::Relaxed), 0);
    let mut written = vec![0; blob.size() as usize];
    let mut put = |at: u64, bytes: &[u8]| {
        written[at as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    };
    blob.write(&mut put).unwrap();
    assert_eq!(times.load(Ordering::Relaxed), 1);
    assert!(written == blob.to_vec().unwrap());
    let data = blob.head().len();
    let part = |at: u64, len: usize| &written[data + at as usize..][..len];
    assert!(part(at, len).iter().all(|&byte| byte == 7));
    assert_eq!((part(before, 8), part(after, 8)), (&[1; 8][..], &[2; 8][..]));
    assert!(!blob.can_stream(Elements { count: len as u64, items: 1 }));
    assert_eq!(blob.fingerprint().unwrap(), blob.fingerprint().unwrap());
}

#[test]
fn what_attributes_have_alike_lies_once() {
    let mut w = BlobWriter::new();
    let first = w.children(4).unwrap();
    w.set(0, Node::of(Tag::List, 4, u64::from(first)));
    let places: Vec<u64> =
        [[2, 3], [4, 5], [2, 3]].map(|dim: [u64; 2]| w.shared(&dim.map(u64::to_ne_bytes).concat())).into();
    assert!(places[0] == places[2] && places[0] != places[1]);
    let mut name = |text: &[u8]| {
        let mut table = StringTable::default();
        table.push(text, 1);
        let at = w.shared_strings(&mut table);
        assert!(table.is_empty());
        at
    };
    let names = [name(b"dim"), name(&[b'x'; 1000]), name(b"dim"), name(&[b'x'; 1000])];
    assert!(names[0] == names[2] && names[1] != names[3], "long ones are not kept");
    for (place, &off) in places.iter().enumerate() {
        w.set(first + place as u32, Node::of(Tag::Real, 2, off));
    }
    w.set(first + 3, Node::of(Tag::Strings, 1, names[2]));
    let bytes = Aligned::new(&w.finish().to_vec().unwrap());
    let view = BlobView::open(bytes.bytes()).unwrap();
    let read = |place: u32| {
        view.data(&view.node(first + place)).chunks_exact(8).map(super::node::number64).collect::<Vec<_>>()
    };
    assert_eq!([read(0), read(1), read(2)], [vec![2, 3], vec![4, 5], vec![2, 3]]);
    assert_eq!(view.strings(&view.node(first + 3)).unwrap().get(0), Some((b"dim".as_slice(), 1)));
}

#[test]
fn a_failed_write_is_reported() {
    let blob = blob(&Value::List(vec![Value::Plain(Tag::Raw, vec![7; 100_000])]));
    let error = blob.write(&mut |at, _| if at == 0 { Ok(()) } else { Err(Error::Unsupported("that")) });
    assert!(matches!(error, Err(Error::Unsupported("that"))));
}

#[test]
fn a_shared_child_and_a_cycle_are_refused() {
    for (off, len) in [(0u64, 1u64), (1, 1), (2, 2), (3, 1)] {
        let mut w = BlobWriter::new();
        let first = w.children(2).unwrap();
        w.set(0, Node::of(Tag::List, 2, u64::from(first)));
        w.set(first, Node::of(Tag::List, len, off));
        assert!(BlobView::open(Aligned::new(&w.finish().to_vec().unwrap()).bytes()).is_err(), "{off} {len}");
    }
}

/// Only the reader of results, which has the root, knows how many there must be.
#[test]
fn items_without_bytes_are_not_made_in_numbers_that_their_blob_cannot_bear() {
    let packed = |len: u64| {
        let mut w = BlobWriter::new();
        let child = w.children(1).unwrap();
        w.set(0, Node::of(Tag::List, 1, u64::from(child)));
        w.set(child, Node::packed(Tag::Real, len, 0, 0));
        Aligned::new(&w.finish().to_vec().unwrap())
    };
    assert!(BlobView::open(packed(20).bytes()).is_ok());
    assert!(BlobView::open(packed(1 << 31).bytes()).is_err());
}

#[test]
fn a_table_is_empty_after_it_was_taken_in_and_takes_parts_of_another() {
    let long = vec![b'x'; 40 << 10];
    for items in [vec![Some(b"a".to_vec()), None, Some(vec![])], vec![Some(long.clone()), None, Some(long)]] {
        let mut w = BlobWriter::new();
        let first = w.children(2).unwrap();
        w.set(0, Node::of(Tag::List, 2, u64::from(first)));
        let mut made = table(&items);
        let off = w.strings(&mut made);
        w.set(first, Node::of(Tag::Strings, 3, off));
        assert!(made.is_empty());
        let source = Aligned::new(&blob(&Value::Strings(items.clone())).to_vec().unwrap());
        let view = BlobView::open(source.bytes()).unwrap();
        made.push_part(&view.strings(&view.node(0)).unwrap(), 1, 9);
        let off = w.strings(&mut made);
        w.set(first + 1, Node::of(Tag::Strings, 2, off));
        let bytes = Aligned::new(&w.finish().to_vec().unwrap());
        let view = BlobView::open(bytes.bytes()).unwrap();
        let expected = Value::List(vec![Value::Strings(items.clone()), Value::Strings(items[1..].to_vec())]);
        assert_eq!(read(&view, 0), expected);
    }
}

#[test]
fn packed_vectors_take_what_is_foretold() {
    for (len, each) in [(1u64, 0usize), (1, 8), (100, 8), (7, 80_000), (3, 1)] {
        let mut writer = BlobWriter::new();
        let off = writer.reserve(len as usize * each).unwrap();
        writer.set(0, Node::packed(Tag::Raw, len, each as u32, off));
        assert_eq!(writer.finish().size(), packed_size(len, each as u64));
    }
}

#[test]
fn serialized_bytes_are_as_they_were_written_or_an_error() {
    for len in [0, 1, 7, 64, 1000, 100_000] {
        let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let mut w = BlobWriter::new();
        let node = w.serialized(&bytes);
        w.set(0, node);
        let good = w.finish().to_vec().unwrap();
        let aligned = Aligned::new(&good);
        let view = BlobView::open(aligned.bytes()).unwrap();
        assert_eq!(view.data(&view.node(0)), bytes);
        let start = good.len() - len - SUM as usize;
        for at in (start..good.len()).step_by(1 + len / 100) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            let refused = BlobView::open(Aligned::new(&bad).bytes()).err().unwrap();
            assert!(refused.to_string().contains("not as it was written"), "{refused}");
        }
    }
}

#[test]
fn room_that_nobody_has_is_an_error() {
    let mut w = BlobWriter::new();
    assert!(
        matches!(w.reserve(isize::MAX as usize), Err(Error::NoMemory { needed }) if needed == isize::MAX as u64)
    );
    let mut table = StringTable::default();
    table.reserve(usize::MAX / 16);
    table.push(b"lost", 1);
    assert!(table.is_empty());
    w.strings(&mut table);
    assert!(matches!(w.check(), Err(Error::NoMemory { .. })));
    assert!(BlobWriter::new().check().is_ok());
}
