//! A sparse matrix that is arranged into the lines that a call goes over, in shared memory, when its page is written. R describes it by an
//! object of class `memshare_form`, an empty list with these attributes:
//!
//! * `p` where each stored line begins, or `lines`, the line of each number, where these are triplets;
//! * `places` the place along its line of each number, and `x` the numbers, absent where all are TRUE;
//! * `Dimnames`, and `by`, "rows" or "columns", for people;
//! * `how`, three numbers: how many lines there will be, whether lines become places, and what is stored ([`Stored::numbered`]).
//!
//! The page has what [`super::Compressed`] reads: a value with the attributes `p`, `i`, `x` and `Dimnames`.
use std::borrow::Cow;

use scheduler::page::{BlobWriter, Make, Node, StringTable, Tag};

use super::encode::{named_nodes, Encoder};
use super::outline::Outline;
use super::region::items;
use crate::r::{self, Failure, Kind, Preserved, Result, Sexp};
use crate::sparse::{arrange, Arranged, Entries, Number, Plan, Stored};

/// Data within the piece begins at a multiple of this.
const ALIGN: usize = 64;

/// A matrix that is to be arranged.
struct Form {
    entries: Owner,
    places: Items<i32>,
    numbers: Numbers,
    stored: Stored,
    turned: bool,
    count: usize,
    /// How many numbers there will be, at most.
    all: usize,
}

type Items<T> = Cow<'static, [T]>;

enum Owner {
    Lines(Items<i32>),
    Triplets(Items<i32>),
}

enum Numbers {
    None,
    /// TRUE and FALSE; whole numbers are in no class of package Matrix.
    Whole(Tag, Items<i32>),
    Real(Items<f64>),
    Complex(Items<[f64; 2]>),
}

/// Encodes `x` where it describes a form; `false` where it does not. As for [`super::encode`], the caller keeps `x`, unchanged, until the
/// blob is written.
///
/// # Errors
/// `memshare_error_input` where there would be more numbers than such a form can have.
pub(super) fn encode_form(x: Sexp, w: &mut BlobWriter) -> Result<bool> {
    if x.kind() != Kind::VECSXP || !x.is_object() || !x.is_empty() {
        return Ok(false);
    }
    let is_form = r::protect(|s| {
        let class = x.attribute(s, "class");
        Ok(class.kind() == Kind::STRSXP
            && class.len() == 1
            && r::bytes_of(s, class.text(0)).0 == b"memshare_form")
    })?;
    if !is_form {
        return Ok(false);
    }
    let form = Form::read(x)?;
    let dimnames = attribute(x, "Dimnames")?;
    let (tag, places) = (form.numbers.tag(), form.offset_of_places());
    let (all, count, numbers) = (form.all as u64, form.count as u64, form.offset_of_numbers());
    let at = w.make(form.size(), Box::new(form));
    let at = |offset: usize| at + offset as u64;
    let mut parts = vec![
        (&b"p"[..], Node::of(Tag::Integer, count + 1, at(0))),
        (b"i", Node::of(Tag::Integer, all, if all == 0 { 0 } else { at(places) })),
    ];
    if let Some(tag) = tag {
        parts.push((b"x", Node::of(tag, all, if all == 0 { 0 } else { at(numbers) })));
    }
    put(w, &parts, dimnames.get())?;
    Ok(true)
}

/// The root: an empty list with these attributes, and `Dimnames`.
fn put(w: &mut BlobWriter, parts: &[(&[u8], Node)], dimnames: Sexp) -> Result<()> {
    let (mut table, mut outline, mut at) = (StringTable::default(), Outline::default(), 0);
    let names = parts.iter().map(|&(name, _)| name).chain([&b"Dimnames"[..]]);
    let (list, first) = named_nodes(w, &mut table, names)?;
    for (index, (_, node)) in (first..).zip(parts) {
        w.set(index, *node);
    }
    w.set(0, Node { attributes: list, ..Node::of(Tag::List, 0, 0) });
    let last = first + parts.len() as u32;
    r::protect(|s| {
        let (w, table, outline) = (&mut *w, &mut table, &mut outline);
        Encoder { w, table, outline, at: &mut at, references: None }.value(s, dimnames, last)
    })?;
    Ok(w.check()?)
}

impl Form {
    fn read(x: Sexp) -> Result<Form> {
        // SAFETY: attributes of `x`, which the caller of `encode_form` keeps, unchanged, until the blob is written and the form dropped.
        let integers = |name: &str| unsafe { items::<i32>(attribute(x, name)?.get()) };
        let entries = match attribute(x, "p")?.get().is_null() {
            true => Owner::Triplets(integers("lines")?),
            false => Owner::Lines(integers("p")?),
        };
        let numbers = attribute(x, "x")?;
        let numbers = numbers.get();
        // SAFETY: as above.
        let numbers = unsafe {
            match numbers.kind() {
                Kind::NILSXP => Numbers::None,
                Kind::LGLSXP => Numbers::Whole(Tag::Logical, items(numbers)?),
                Kind::INTSXP => Numbers::Whole(Tag::Integer, items(numbers)?),
                Kind::REALSXP => Numbers::Real(items(numbers)?),
                _ => Numbers::Complex(items(numbers)?),
            }
        };
        let how = attribute(x, "how")?;
        let [count, turned, stored] = [0, 1, 2].map(|at| r::number_at(how.get(), at));
        let mut form = Form {
            entries,
            places: integers("places")?,
            numbers,
            stored: Stored::numbered(stored? as u8),
            turned: turned? != 0.0,
            count: count? as usize,
            all: 0,
        };
        form.all = form.plan().numbers();
        if i32::try_from(form.all).is_err() {
            let text = format!(
                "X would have {} numbers, and a sparse matrix can have {} at most",
                form.all,
                i32::MAX
            );
            return Err(Failure::Kind("input", text));
        }
        Ok(form)
    }

    fn plan(&self) -> Plan<'_> {
        let entries = match &self.entries {
            Owner::Lines(starts) => Entries::Lines { starts, places: &self.places },
            Owner::Triplets(lines) => Entries::Triplets { lines, places: &self.places },
        };
        Plan { entries, stored: self.stored, turned: self.turned, count: self.count }
    }

    fn offset_of_places(&self) -> usize {
        ((self.count + 1) * size_of::<i32>()).next_multiple_of(ALIGN)
    }

    fn offset_of_numbers(&self) -> usize {
        (self.offset_of_places() + self.all * size_of::<i32>()).next_multiple_of(ALIGN)
    }

    /// Bytes in all. Where only places are stored, they end where numbers would begin.
    fn size(&self) -> usize {
        self.offset_of_numbers() + self.all * self.numbers.tag().map_or(0, |tag| tag.item_size() as usize)
    }

    fn arrange<T: Number>(&self, old: &[T], out: &mut [u8], numbers: impl FnOnce(&mut [u8]) -> &mut [T]) {
        let (head, values) = out.split_at_mut(self.offset_of_numbers());
        let (starts, places) = head.split_at_mut(self.offset_of_places());
        let starts = &mut items_in(starts)[..=self.count];
        let places = &mut items_in(places)[..self.all];
        arrange(self.plan(), old, &mut Arranged { starts, places, numbers: numbers(values) });
    }
}

impl Numbers {
    fn tag(&self) -> Option<Tag> {
        match self {
            Numbers::None => None,
            Numbers::Whole(tag, _) => Some(*tag),
            Numbers::Real(_) => Some(Tag::Real),
            Numbers::Complex(_) => Some(Tag::Complex),
        }
    }
}

impl Make for Form {
    fn make(&self, out: &mut [u8]) {
        match &self.numbers {
            Numbers::None => {
                // What has no size takes no memory.
                self.arrange(&vec![(); self.places.len()], out, |_| vec![(); self.all].leak());
            }
            Numbers::Whole(_, numbers) => self.arrange(numbers, out, items_in),
            Numbers::Real(numbers) => self.arrange(numbers, out, items_in),
            Numbers::Complex(numbers) => self.arrange(numbers, out, items_in),
        }
    }
}

fn attribute(x: Sexp, name: &str) -> Result<Preserved> {
    r::protect(|s| Ok(Preserved::new(x.attribute(s, name))))
}

/// Bytes as items, which lie as such must.
fn items_in<T: Copy>(bytes: &mut [u8]) -> &mut [T] {
    // SAFETY: `T` is one of the types of numbers, all of whose bit patterns are values.
    let (before, items, _) = unsafe { bytes.align_to_mut::<T>() };
    assert!(before.is_empty(), "numbers that do not lie as they must");
    items
}
