//! Vectors that lie in other pages: read where they are, and refused where they are not.

use super::*;

/// Two pages: 8 doubles behind 16 bytes; a table of four strings behind 8.
struct Sources {
    numbers: Vec<u64>,
    table: Vec<u64>,
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let mut words = vec![0; bytes.len().div_ceil(8)];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut eight = [0; 8];
        eight[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_ne_bytes(eight);
    }
    words
}

fn bytes(words: &[u64]) -> &[u8] {
    // SAFETY: the words are this many initialized bytes, and live as long.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len() * 8) }
}

impl Sources {
    fn new() -> Sources {
        let mut table = StringTable::default();
        ["a", "bc", "", "def"].iter().for_each(|text| table.push(text.as_bytes(), 1));
        table.push_na();
        let mut raw = vec![0; 8];
        raw.extend(table.ends.iter().flat_map(|end| end.to_ne_bytes()));
        raw.extend(&table.marks);
        raw.extend(&table.bytes);
        Sources { numbers: (0..10).collect(), table: words(&raw) }
    }

    fn pages(&self) -> [&[u8]; 2] {
        [bytes(&self.numbers), bytes(&self.table)]
    }
}

/// A blob whose root is a view.
fn blob(elem: Tag, len: u64, place: Location) -> Vec<u64> {
    let mut w = BlobWriter::new();
    let node = w.view(elem, len, place);
    w.set(0, node);
    words(&w.finish().to_vec().unwrap())
}

const NUMBERS: Location = Location { page: 0, at: 16, table: 0, start: 0 };
const STRINGS: Location = Location { page: 1, at: 8, table: 5, start: 1 };

#[test]
fn items_are_read_where_they_lie() {
    let sources = Sources::new();
    let pages = sources.pages();
    let blob = blob(Tag::Real, 3, Location { at: 24, ..NUMBERS });
    let view = BlobView::open_with(bytes(&blob), &pages).unwrap();
    let node = view.node(0);
    assert_eq!((node.tag, node.kind(), node.len), (Tag::View, Tag::Real, 3));
    assert_eq!(view.data(&node).as_ptr(), pages[0][24..].as_ptr());
    assert_eq!(view.data(&node), &pages[0][24..48]);
    assert!(view.attributes(&node).is_none());
}

#[test]
fn strings_are_a_part_of_their_table() {
    let sources = Sources::new();
    let pages = sources.pages();
    let blob = blob(Tag::Strings, 4, STRINGS);
    let view = BlobView::open_with(bytes(&blob), &pages).unwrap();
    let (table, start, len) = view.table(&view.node(0)).unwrap();
    let read: Vec<_> = (start..start + len).map(|i| table.get(i).map(|(text, _)| text)).collect();
    assert_eq!(read, [Some(&b"bc"[..]), Some(b""), Some(b"def"), None]);
}

#[test]
fn a_view_has_attributes_like_any_vector() {
    let sources = Sources::new();
    let pages = sources.pages();
    let mut w = BlobWriter::new();
    let node = w.view(Tag::Real, 4, NUMBERS);
    let list = w.children(1).unwrap();
    let names = w.children(2).unwrap();
    w.set(list, Node::of(Tag::List, 2, u64::from(names)));
    let mut table = StringTable::default();
    table.push(b"dim", 1);
    let off = w.strings(&mut table);
    w.set(names, Node::of(Tag::Strings, 1, off));
    let off = w.copy(&2u64.to_ne_bytes());
    w.set(names + 1, Node::of(Tag::Integer, 2, off));
    w.set(0, Node { attributes: list, ..node });
    let blob = words(&w.finish().to_vec().unwrap());
    let view = BlobView::open_with(bytes(&blob), &pages).unwrap();
    let (names, _) = view.attributes(&view.node(0)).unwrap();
    assert_eq!(names.get(0), Some((&b"dim"[..], 1)));
}

#[test]
fn what_lies_in_no_page_is_refused() {
    let sources = Sources::new();
    let pages = sources.pages();
    let refused =
        |elem, len, place: Location| BlobView::open_with(bytes(&blob(elem, len, place)), &pages).is_err();
    assert!(!refused(Tag::Real, 8, NUMBERS), "up to the page's end");
    let cases = [
        ("no such page", Tag::Real, 1, Location { page: 2, ..NUMBERS }),
        ("no such page", Tag::Strings, 1, Location { page: u64::MAX, ..STRINGS }),
        ("beyond the end", Tag::Real, 9, NUMBERS),
        ("begins beyond the end", Tag::Real, 1, Location { at: 80, ..NUMBERS }),
        ("more than a number can say", Tag::Complex, 1 << 52, Location { at: u64::MAX - 7, ..NUMBERS }),
        ("too long", Tag::Real, u64::MAX, NUMBERS),
        ("not aligned", Tag::Integer, 1, Location { at: 18, ..NUMBERS }),
        ("not aligned", Tag::Strings, 1, Location { at: 12, ..STRINGS }),
        ("not plain", Tag::List, 1, NUMBERS),
        ("not plain", Tag::View, 1, NUMBERS),
        ("beyond the table", Tag::Strings, 5, STRINGS),
        ("beyond the table", Tag::Strings, 1, Location { start: u64::MAX, ..STRINGS }),
        ("the table is beyond the page", Tag::Strings, 1, Location { table: 6, ..STRINGS }),
        ("the table has no size", Tag::Strings, 1, Location { table: u64::MAX, ..STRINGS }),
        ("the table begins beyond the page", Tag::Strings, 1, Location { at: 1 << 20, ..STRINGS }),
    ];
    for (why, elem, len, place) in cases {
        assert!(refused(elem, len, place), "{why}: {elem:?} {len} {place:?}");
    }
}

#[test]
fn strings_out_of_order_are_refused() {
    let mut sources = Sources::new();
    sources.table.swap(1, 4);
    let blob = blob(Tag::Strings, 4, STRINGS);
    assert!(BlobView::open_with(bytes(&blob), &sources.pages()).is_err());
}

#[test]
fn a_blob_that_refers_to_pages_is_not_opened_without_them() {
    assert!(BlobView::open(bytes(&blob(Tag::Real, 3, NUMBERS))).is_err());
}

#[test]
fn a_location_that_is_cut_off_is_refused() {
    let sources = Sources::new();
    let whole = blob(Tag::Real, 3, NUMBERS);
    let mut bytes_of = bytes(&whole).to_vec();
    for off in [8u64, 4, 1 << 40, u64::MAX] {
        bytes_of[64 + 16..64 + 24].copy_from_slice(&off.to_ne_bytes());
        assert!(BlobView::open_with(bytes(&words(&bytes_of)), &sources.pages()).is_err(), "{off}");
    }
}
