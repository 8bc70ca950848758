//! Headers as NumPy writes them are read, others are refused with what is wrong.

use proptest::prelude::*;

use super::*;

fn version(version: u8, literal: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((literal.len() as u16).to_le_bytes()),
        _ => bytes.extend((literal.len() as u32).to_le_bytes()),
    }
    bytes.extend(literal.as_bytes());
    bytes
}

fn refused(literal: &str) -> String {
    NpyHeader::parse(&version(1, literal)).unwrap_err()
}

#[test]
fn what_numpy_writes_is_read() {
    let literal = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }           \n";
    for (number, at) in [(1, 10), (2, 12), (3, 12)] {
        let header = NpyHeader::parse(&version(number, literal)).unwrap();
        let at = at + literal.len() as u64;
        assert_eq!(header, NpyHeader { descr: "<f8".into(), order: Order::Rows, shape: vec![3, 4], at });
    }
    let shape = |text: &str| {
        let literal = format!("{{\"shape\":{text},\"fortran_order\":True,\"descr\":\"|u1\"}}");
        NpyHeader::parse(&version(1, &literal)).map(|header| (header.order, header.shape))
    };
    assert_eq!(shape("()"), Ok((Order::Columns, vec![])));
    assert_eq!(shape("( 7 , )"), Ok((Order::Columns, vec![7])));
    assert_eq!(shape("(7L, 0L)"), Ok((Order::Columns, vec![7, 0])));
}

#[test]
fn what_is_wrong_is_said() {
    assert!(NpyHeader::parse(b"NUMPY").unwrap_err().contains("no NumPy file"));
    assert!(NpyHeader::parse(b"\x93NUMPY\x04\x00aaaa").unwrap_err().contains("version 4"));
    assert!(NpyHeader::parse(b"\x93NUMPY\x01\x00\xff").unwrap_err().contains("ends in its header"));
    assert!(NpyHeader::parse(b"\x93NUMPY\x01\x00\xff\x00{").unwrap_err().contains("the file ends before"));
    assert!(NpyHeader::parse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}").unwrap_err().contains("more than"));
    let with =
        |shape: &str| refused(&format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"));
    assert!(with("(-1, 2)").contains("negative"));
    assert!(with("(99999999999999999999,)").contains("beyond all sizes"));
    assert!(with("(1.5,)").contains("')' is missing"));
    assert!(with("3").contains("'(' is missing"));
    assert!(with("(x,)").contains("no whole number"));
    assert!(with(&format!("({})", "1,".repeat(65))).contains("more than 64"));
    assert!(refused("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}").contains("named parts"));
    assert!(refused("{'descr': '<f8', 'fortran_order': 1, 'shape': ()}").contains("neither True nor False"));
    assert!(refused("{'descr': '<f8', 'shape': ()}").contains("no 'fortran_order'"));
    assert!(refused("{'descr': '<f8', 'descr': '<f8'}").contains("'descr' twice"));
    assert!(refused("{'descr': __import__('os')}").contains("quotes"));
    assert!(refused("{'more': '<f8'}").contains("'more'"));
    assert!(refused("{'descr': 'a\\x").contains("does not end"));
    assert!(refused("{'descr': '<f8', 'fortran_order': False, 'shape': ()} x").contains("behind its end"));
}

proptest! {
    #[test]
    fn every_shape_comes_back(shape in prop::collection::vec(any::<u64>(), 0..9), fortran in any::<bool>(), spaces in 0..9_usize) {
        let numbers: String = shape.iter().map(|extent| format!("{extent},{}", " ".repeat(spaces))).collect();
        let word = if fortran { "True" } else { "False" };
        let literal = format!("{{'descr': '>i2', 'fortran_order': {word}, 'shape': ({numbers})}}");
        let header = NpyHeader::parse(&version(2, &literal)).unwrap();
        prop_assert_eq!(header.shape, shape);
        prop_assert_eq!(header.order == Order::Columns, fortran);
    }
}
