//! Blobs: what a worker wrote as results, and what a session shares.
use std::hint::black_box;

use super::Aligned;
use crate::page::{BlobView, BlobWriter, Location, Node, StringTable, Tag};

/// A blob that stands alone.
pub(super) fn run(bytes: &[u8]) {
    let bytes = Aligned::new(bytes);
    if let Ok(view) = BlobView::open(bytes.bytes()) {
        walk(&view);
    }
}

/// A blob that refers to two pages: the second half of the bytes, and the third quarter of them.
pub(super) fn run_with_views(bytes: &[u8]) {
    let (blob, first) = bytes.split_at(bytes.len() / 2);
    let second = &first[..first.len() / 2];
    let (blob, first, second) = (Aligned::new(blob), Aligned::new(first), Aligned::new(second));
    let pages = [first.bytes(), second.bytes()];
    if let Ok(view) = BlobView::open_with(blob.bytes(), &pages) {
        walk(&view);
    }
}

/// Reads all of a blob, as R's side does. A blob that was opened holds what its nodes say.
fn walk(view: &BlobView<'_>) {
    for index in 0..view.nodes() as u32 {
        let node = view.node(index);
        let data = view.data(&node);
        black_box(data.iter().map(|&byte| u64::from(byte)).sum::<u64>());
        if let Some((table, start, len)) = view.table(&node) {
            assert!(start + len <= table.len() && table.size() <= data.len().max(table.size()));
            (0..table.len()).for_each(|i| _ = black_box(table.get(i)));
        }
        match node.tag {
            Tag::List => assert!(node.len == 0 || node.off + node.len <= view.nodes() as u64),
            Tag::Packed if node.elem != Tag::Strings => {
                assert_eq!(data.len() as u64, node.len * u64::from(node.attributes) * node.elem.item_size());
            }
            Tag::View if node.elem != Tag::Strings => {
                assert_eq!(data.len() as u64, node.len * node.elem.item_size());
            }
            tag if tag.item_size() > 0 => assert_eq!(data.len() as u64, node.len * tag.item_size()),
            _ => {}
        }
        if let Some((names, first)) = view.attributes(&node) {
            assert!(first as usize + names.len() <= view.nodes());
        }
    }
    assert_eq!(view.node(view.nodes() as u32), Node::NULL, "behind the last there is nothing");
}

/// A list of everything: plain vectors, strings, packed ones, serialized bytes, attributes, an S4 object.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut w = BlobWriter::new();
    let items = w.children(7).expect("room");
    w.set(0, Node::of(Tag::List, 7, u64::from(items)));
    let off = w.copy(&[1; 64]);
    w.set(items, Node::of(Tag::Real, 8, off));
    let off = w.copy(&7_i32.to_ne_bytes());
    w.set(items + 1, Node::of(Tag::Integer, 1, off));
    let off = strings(&mut w, &[b"a", b"", b"bcd"]);
    w.set(items + 2, Node::of(Tag::Strings, 3, off));
    let off = w.copy(&[3; 48]);
    w.set(items + 3, Node::packed(Tag::Complex, 3, 1, off));
    let off = strings(&mut w, &[b"x", b"y", b"z", b"w"]);
    w.set(items + 4, Node::packed(Tag::Strings, 2, 2, off));
    let node = w.serialized(b"serialized");
    w.set(items + 5, node);
    let attributes = w.children(1).expect("room");
    let parts = w.children(2).expect("room");
    w.set(attributes, Node::of(Tag::List, 2, u64::from(parts)));
    let off = strings(&mut w, &[b"class"]);
    w.set(parts, Node::of(Tag::Strings, 1, off));
    let off = strings(&mut w, &[b"thing"]);
    w.set(parts + 1, Node::of(Tag::Strings, 1, off));
    w.set(items + 6, Node { tag: Tag::S4, attributes, ..Node::NULL });
    vec![w.finish().to_vec().unwrap_or_default(), plain()]
}

fn plain() -> Vec<u8> {
    let mut w = BlobWriter::new();
    let off = w.copy(&[5; 24]);
    w.set(0, Node::packed(Tag::Real, 3, 1, off));
    w.finish().to_vec().unwrap_or_default()
}

fn strings(w: &mut BlobWriter, all: &[&[u8]]) -> u64 {
    let mut table = StringTable::default();
    all.iter().for_each(|text| table.push(text, 0));
    w.strings(&mut table)
}

/// Two views of numbers and one of strings, whose pages are what follows.
pub(super) fn seeds_with_views() -> Vec<Vec<u8>> {
    let mut w = BlobWriter::new();
    let items = w.children(3).expect("room");
    w.set(0, Node::of(Tag::List, 3, u64::from(items)));
    let node = w.view(Tag::Real, 4, Location { page: 0, at: 64, table: 0, start: 0 });
    w.set(items, node);
    let node = w.view(Tag::Raw, 9, Location { page: 1, at: 0, table: 0, start: 0 });
    w.set(items + 1, node);
    let node = w.view(Tag::Strings, 1, Location { page: 0, at: 128, table: 2, start: 1 });
    w.set(items + 2, node);
    let mut bytes = w.finish().to_vec().unwrap_or_default();
    let mut page = vec![9; bytes.len()];
    // A table of two strings: where they end, their marks, their bytes.
    page[128..136].copy_from_slice(&2_u64.to_ne_bytes());
    page[136..144].copy_from_slice(&5_u64.to_ne_bytes());
    page[144..151].copy_from_slice(b"\x00\x00abcde");
    bytes.extend_from_slice(&page);
    vec![bytes]
}
