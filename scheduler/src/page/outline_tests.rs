//! Outlines are blobs like any other, with their items where they are said to be.

use proptest::prelude::*;

use super::*;
use crate::os::{Access, DataFile, Mapping, Place, Segment};

/// The content in a segment, as a page has it.
fn segment(test: &str, content: &dyn Content) -> Segment {
    let name = format!("memshare-test-{}-outline{test}", std::process::id());
    let segment = Segment::create(&name, CONTENT + content.bytes(), &Place::Memory).unwrap().0;
    content.write(&segment.file().unwrap(), CONTENT).unwrap();
    segment
}

#[test]
fn zeros_are_an_array_of_zeros() {
    for (tag, size) in
        [(Tag::Logical, 4), (Tag::Integer, 4), (Tag::Real, 8), (Tag::Complex, 16), (Tag::Raw, 1)]
    {
        for dims in [&[] as &[u32], &[3, 4], &[3, 2, 2]] {
            let zeros = Zeros::new(tag, 12, dims).unwrap();
            assert!(zeros.traits().writable);
            let segment = segment("zeros", &zeros);
            let mapping = Mapping::private(&segment.file().unwrap()).unwrap();
            // SAFETY: nothing writes to it.
            let view = BlobView::open(&unsafe { mapping.bytes() }[CONTENT as usize..]).unwrap();
            let node = view.node(0);
            assert_eq!((node.tag, node.len, view.data(&node)), (tag, 12, &vec![0; 12 * size][..]));
            let extents: Vec<u64> = dims.iter().map(|&extent| extent.into()).collect();
            assert_eq!(dim(&view), (!dims.is_empty()).then_some(extents));
        }
    }
}

#[test]
fn what_cannot_be_laid_out_is_refused() {
    assert!(Zeros::new(Tag::Strings, 1, &[]).is_err() && Zeros::new(Tag::List, 1, &[]).is_err());
    assert!(Zeros::new(Tag::Real, MAX_LEN + 1, &[]).is_err());
    let part = |offset, bytes| FilePart { path: "/x".into(), device: 1, inode: 1, offset, bytes };
    for (tag, offset, bytes) in
        [(Tag::Real, 4, 8), (Tag::Real, 8, 12), (Tag::Integer, 2, 4), (Tag::Complex, 8, 8)]
    {
        assert!(
            FromFile::new(tag, Shape::default(), part(offset, bytes), Access::Read).is_err(),
            "{tag:?} at {offset}"
        );
    }
    assert!(FromFile::new(Tag::Complex, Shape::default(), part(8, 16), Access::Read).is_ok());
    assert!(FromFile::new(Tag::Raw, Shape::default(), part(7, 5), Access::Read).is_ok());
}

#[test]
fn nothing_is_a_vector_too() {
    let zeros = Zeros::new(Tag::Real, 0, &[0, 7]).unwrap();
    let segment = segment("none", &zeros);
    let mapping = Mapping::private(&segment.file().unwrap()).unwrap();
    // SAFETY: nothing writes to it.
    let view = BlobView::open(&unsafe { mapping.bytes() }[CONTENT as usize..]).unwrap();
    assert_eq!((view.node(0).len, dim(&view)), (0, Some(vec![0, 7])));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_files_part_is_read_through_its_outline(
        tag in prop_oneof![Just(Tag::Raw), Just(Tag::Integer), Just(Tag::Real), Just(Tag::Complex)],
        offset in 0_u64..9000, len in 0_u64..3000, extents in prop::collection::vec(0_u32..9, 0..4),
    ) {
        let size = tag.item_size();
        let offset = offset / size * size;
        let content: Vec<u8> = (0..offset + len * size).map(|i| (i * 31 % 251) as u8).collect();
        let path = std::env::temp_dir().join(format!("memshare-test-{}-outline", std::process::id()));
        std::fs::write(&path, &content).unwrap();
        let part = DataFile::open(&path, Access::Read).unwrap().part(offset, len * size).unwrap();
        let outline = FromFile::new(tag, Shape::of(&extents), part.clone(), Access::Read).unwrap();
        let segment = segment("file", &outline);
        let mapping = Mapping::private_with(&segment.file().unwrap(), &part).unwrap();
        // SAFETY: nothing writes to it.
        let view = BlobView::open(&unsafe { mapping.bytes() }[CONTENT as usize..]).unwrap();
        let node = view.node(0);
        prop_assert_eq!((node.tag, node.len), (tag, len));
        prop_assert_eq!(view.data(&node), &content[offset as usize..]);
        prop_assert_eq!(view.data(&node).as_ptr() as u64 % size.min(8), 0);
        std::fs::remove_file(path).unwrap();
    }
}
