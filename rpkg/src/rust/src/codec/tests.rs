//! The codec against R itself, on values and on damaged blobs, with R inside the test program.
use scheduler::fuzz::{changed, Aligned, TARGETS};
use scheduler::page::{BlobWriter, Tag};

use super::{
    column, copy_region, decode, element, encode, encode_list, fill_rows, row, BlobSource, Packing,
    SmallItems,
};
use crate::r::embedded::{identical, r, with_r};
use crate::r::{protect, Kind, Preserved, Result, Scope, Sexp};

/// The blob of what R code gives, in memory that outlives all views of it.
fn blob(code: &str) -> &'static Aligned {
    let value = protect(|s| Ok(Preserved::new(r(s, code)))).unwrap();
    let mut w = BlobWriter::new();
    encode(value.get(), &mut w).unwrap();
    Box::leak(Box::new(Aligned::new(&w.finish().to_vec().unwrap())))
}

/// An owner that owns nothing: the bytes stay.
fn owner() -> Preserved {
    protect(|s| Ok(Preserved::new(s.null()))).unwrap()
}

fn item_of<'s>(s: &'s Scope, items: &SmallItems<'_>, i: usize) -> Sexp<'s> {
    let vector = items.blank(s);
    items.fill(i, vector);
    vector
}

/// Whether `make` gives from a blob what R code gives.
fn agrees(code: &str, wanted: &str, make: impl for<'s> Fn(&'s Scope, &BlobSource<'_>) -> Sexp<'s>) -> bool {
    let owner = owner();
    let source = BlobSource::of_bytes(blob(code).bytes(), &owner).unwrap();
    let (make, source) = (&make, &source);
    protect(|s| Ok(identical(s, make(s, source), r(s, wanted)))).unwrap()
}

const VALUES: [&str; 14] = [
    "NULL",
    "c(a = TRUE, b = NA)",
    "1:5000",
    "c(NA, NaN, Inf, 1:600)",
    "complex(real = 1:300, imaginary = NA)",
    "as.raw(rep(0:255, 20))",
    "c(NA, '', '\\u00e9', sprintf('s%d', 1:500))",
    "list(1, list('x', NULL), a = factor(c('u', 'v')))",
    "data.frame(p = 1:3, q = c('a', NA, 'b'))",
    "structure(1:24, dim = 2:4, note = list(quote(f(x))))",
    "as.character(1:2000)",
    "quote(f(x, y = 2))",
    "structure(0, class = c('POSIXct', 'POSIXt'), tzone = 'UTC')",
    "structure(list(), class = c('a', 'b'))",
];

#[test]
fn what_is_encoded_is_decoded() {
    with_r(|| {
        for code in VALUES {
            assert!(agrees(code, code, |s, source| decode(s, source, 0)), "{code}");
        }
    });
}

/// So many rows from one on, of a matrix of this shape, in a list.
fn rows<'s>(
    s: &'s Scope,
    source: &BlobSource<'_>,
    (from, count): (usize, usize),
    shape: (usize, usize),
) -> Sexp<'s> {
    let list = s.vector(Kind::VECSXP, count);
    for i in 0..count {
        s.inner(|s| list.set_item(i, row(s, source, 0, shape.1)));
    }
    fill_rows(s, source, 0, (from, count), shape, list);
    list
}

#[test]
fn columns_rows_and_items_are_those_of_r() {
    with_r(|| {
        let kinds =
            ["1:12", "1:12 > 5", "1:12 + 0.5", "1:12 + 1i", "as.raw(1:12)", "letters[1:12]", "as.list(1:12)"];
        for items in kinds {
            let matrix = format!("matrix({items}, 3)");
            let one = format!("{matrix}[, 2]");
            assert!(agrees(&matrix, &one, |s, source| column(s, source, 0, 1, 3, s.null())), "{one}");
            let two = format!("list({matrix}[2, ], {matrix}[3, ])");
            assert!(agrees(&matrix, &two, |s, source| rows(s, source, (1, 2), (3, 4))), "{two}");
        }
        // More than a tile each way.
        let all = "lapply(1:70, function(i) matrix(1:4900 + 0, 70)[i, ])";
        let whole = "matrix(1:4900 + 0, 70)";
        assert!(agrees(whole, all, |s, source| rows(s, source, (0, 70), (70, 70))));
        assert!(agrees("list(1, 'b')", "'b'", |s, source| element(s, source, 0, 1)));
        assert!(agrees("7:9", "9L", |s, source| element(s, source, 0, 2)));
    });
}

/// Single values and short columns, as they are filled into one vector after the other.
#[test]
fn small_items_are_those_of_r() {
    with_r(|| {
        for items in ["1:12", "1:12 > 5", "1:12 + 0.5", "1:12 + 1i", "as.raw(1:12)"] {
            let last = format!("({items})[12]");
            let list = format!("as.list({items})");
            for code in [items, &list] {
                assert!(
                    agrees(code, &last, |s, source| item_of(
                        s,
                        &SmallItems::of(&source.view, 0).unwrap(),
                        11
                    )),
                    "{code}"
                );
            }
            let column = format!("({items})[5:8]");
            let made = agrees(items, &column, |s, source| {
                item_of(s, &SmallItems::columns(&source.view, 0, 4).unwrap(), 1)
            });
            assert!(made, "{column}");
        }
        let owner = owner();
        for code in ["letters", "list(1, 'a')", "list()", "NULL", "quote(f(x))", "as.list(letters)"] {
            let source = BlobSource::of_bytes(blob(code).bytes(), &owner).unwrap();
            assert!(SmallItems::of(&source.view, 0).is_none(), "{code}");
        }
    });
}

#[test]
fn what_is_packed_as_it_comes_is_what_a_list_of_it_is() {
    with_r(|| {
        for code in [
            "as.list(1:9)",
            "as.list(c(NA, 2.5, NaN))",
            "list(c(1L, 3L), c(2L, NA))",
            "list(TRUE)",
            "list(1i, 2i)",
        ] {
            let list = protect(|s| Ok(Preserved::new(r(s, code)))).unwrap();
            let items = list.get();
            let mut packing = Packing::like(items.item(0), items.len()).unwrap();
            assert!((0..items.len()).all(|i| packing.push(items.item(i))), "{code}");
            let (mut own, mut whole, mut at) = (BlobWriter::new(), BlobWriter::new(), 0);
            // SAFETY: the values are there until the end of this block.
            unsafe { packing.encode(&mut own) }.unwrap();
            encode_list(items, &mut whole, &mut at).unwrap();
            assert_eq!(own.finish().to_vec().unwrap(), whole.finish().to_vec().unwrap(), "{code}");
        }
    });
}

#[test]
fn what_is_not_small_plain_and_like_the_others_is_not_packed() {
    with_r(|| {
        let value = |code: &str| protect(|s| Ok(Preserved::new(r(s, code)))).unwrap();
        for code in
            ["NULL", "'a'", "list(1)", "c(a = 1)", "factor('u')", "1:1000 + 0", "sum", "numeric()", "1:3"]
        {
            assert!(Packing::like(value(code).get(), 10).is_none(), "{code}");
        }
        let mut packing = Packing::like(value("1").get(), 10).unwrap();
        assert!(packing.push(value("2").get()));
        for code in [
            "1L",
            "c(1, 2)",
            "sum",
            "quote(x)",
            "globalenv()",
            "c(a = 1)",
            "structure(1, class = 'u')",
            "NULL",
            "'1'",
            "numeric()",
        ] {
            assert!(!packing.push(value(code).get()), "{code}");
        }
        assert_eq!((packing.count(), packing.first_beyond(8), packing.first_beyond(u64::MAX)), (1, 0, 0));
    });
}

#[test]
fn items_of_a_view_are_copied_out_to_its_end_and_no_further() {
    with_r(|| {
        let owner = owner();
        let source = &BlobSource::of_bytes(blob("1:5000").bytes(), &owner).unwrap();
        let view = protect(|s| Ok(Preserved::new(decode(s, source, 0)))).unwrap();
        let mut out = Aligned::new(&[0; 8]);
        // SAFETY: 8 bytes, which nothing else uses.
        let bytes = unsafe { std::slice::from_raw_parts_mut(out.base(), 8) };
        copy_region(view.get(), bytes);
        assert_eq!(bytes, [1_i32.to_ne_bytes(), 2_i32.to_ne_bytes()].concat());
        let mut more = [0_i32; 10];
        // SAFETY: a live integer vector, and room for ten.
        let count = unsafe { extendr_ffi::INTEGER_GET_REGION(view.get().raw(), 4995, 10, more.as_mut_ptr()) };
        assert_eq!((count, more[4], more[5]), (5, 5000, 0));
    });
}

/// A damaged blob is refused, or gives some value, or R's own error; the session goes on. What R serialized is left out: it is R's
/// parser that reads it.
#[test]
fn damaged_blobs_end_no_session() {
    with_r(|| {
        let owner = owner();
        let mut documents: Vec<Vec<u8>> = VALUES.iter().map(|code| blob(code).bytes().to_vec()).collect();
        documents.extend((TARGETS[0].seeds)());
        let (mut read, mut refused, mut random) = (0, 0, 7_u64);
        for _ in 0..ROUNDS {
            for document in &documents {
                let bytes = changed(document, &script(&mut random));
                let bytes: &'static Aligned = Box::leak(Box::new(Aligned::new(&bytes)));
                match decoded(bytes, &owner) {
                    Ok(()) => read += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
        assert_eq!(protect(|s| Ok(r(s, "sum(1:3)").len())).unwrap(), 1, "R goes on");
    });
}

const ROUNDS: usize = 100;

/// A few changes, by numbers that are the same in each run.
fn script(random: &mut u64) -> Vec<u8> {
    let mut next = || {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        *random
    };
    let len = 4 + next() % 12;
    (0..len).map(|_| (next() >> 11) as u8).collect()
}

fn decoded(bytes: &Aligned, owner: &Preserved) -> Result<()> {
    let source = &BlobSource::of_bytes(bytes.bytes(), owner)?;
    let serialized = |index: u32| source.view.node(index).tag == Tag::Serialized;
    // How many results there must be, whoever reads them asks first (`check_count`).
    let root = source.view.node(0);
    let without_bytes = root.tag == Tag::Packed && root.attributes == 0;
    if without_bytes || (0..source.view.nodes() as u32).any(serialized) {
        return Ok(());
    }
    protect(|s| {
        let value = decode(s, source, 0);
        // Reads all of it, views included.
        s.call_base("identical", &[value, value]);
        s.call_base("serialize", &[value, s.null()]);
        Ok(())
    })
}
