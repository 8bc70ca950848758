//! Cutting a sparse matrix that lies in compressed form (see `sparse/`): a line as a vector, as its places and numbers, or as one of
//! package Matrix's objects; some lines as a matrix of that package. The form is the attributes of a value: `p` the starts, `i` or `j`
//! the places, `x` the numbers, which are absent where all are TRUE. So an object of that package is one as it is.
//!
//! Starts and places were checked when the call began. Here they are indexes like any others: what is beyond is a panic, and never read.
use std::ops::Range;

use scheduler::page::{Node, Tag};

use super::block::names_of_part;
use super::source::BlobSource;
use super::tags::kind_of;
use crate::r::{self, Failure, Kind, Result, Scope, Sexp};
use crate::sparse::{arrange, Arranged, Entries, Number, Plan, Stored};

/// A matrix in compressed form.
pub struct Compressed<'a> {
    source: BlobSource<'a>,
    starts: &'a [i32],
    places: (Node, &'a [i32]),
    numbers: Option<Node>,
    /// How long a line is.
    length: usize,
}

impl<'a> Compressed<'a> {
    /// The form that a value's attributes are, of so many lines.
    pub fn open(source: BlobSource<'a>, root: u32, (count, length): (usize, usize)) -> Result<Self> {
        let damaged = || Failure::Internal("a sparse matrix whose parts do not fit together".into());
        let find = |name: &str| source.attribute(root, name).map(|at| source.view.node(at));
        let starts = find("p").ok_or_else(damaged)?;
        let places = find("i").or_else(|| find("j")).ok_or_else(damaged)?;
        let numbers = find("x");
        let integers = |node: &Node| {
            (node.kind() == Tag::Integer)
                .then(|| items::<i32>(source.view.data(node)))
                .flatten()
                .ok_or_else(damaged)
        };
        let (starts, places) = (integers(&starts)?, (places, integers(&places)?));
        let numbers_fit =
            numbers.is_none_or(|node| node.kind().item_size() >= 4 && node.len == places.1.len() as u64);
        // Where several triplets were of one place, there is room behind the last line.
        let ends = starts.last().is_some_and(|&end| end as usize <= places.1.len());
        if starts.len() != count + 1 || !ends || !numbers_fit {
            return Err(damaged());
        }
        Ok(Compressed { source, starts, places, numbers, length })
    }

    /// Which numbers belong to a line, or to several.
    fn range(&self, from: usize, count: usize) -> Range<usize> {
        self.starts[from] as usize..self.starts[from + count] as usize
    }

    fn tag(&self) -> Tag {
        self.numbers.map_or(Tag::Logical, |node| node.kind())
    }

    /// A vector as long as a line, of the numbers' type. Preserved.
    pub fn blank<'s>(&self, s: &'s Scope) -> Sexp<'s> {
        s.vector(kind_of(self.tag()), self.length)
    }

    /// Makes such a vector a line: zeros, and the numbers in their places.
    pub fn fill(&self, line: usize, out: Sexp) {
        let range = self.range(line, 1);
        let places = &self.places.1[range.clone()];
        let data = self.numbers.map(|node| self.source.view.data(&node));
        match (data, self.tag().item_size()) {
            (None, _) => scatter(out, self.length, places, |_| 1i32),
            (Some(data), 4) => scatter_items::<i32>(out, self.length, places, data, range),
            (Some(data), 8) => scatter_items::<u64>(out, self.length, places, data, range),
            (Some(data), _) => scatter_items::<[u64; 2]>(out, self.length, places, data, range),
        }
    }

    /// The places of a line, from 1 on. Preserved.
    fn places<'s>(&self, s: &'s Scope, line: usize) -> Sexp<'s> {
        let places = &self.places.1[self.range(line, 1)];
        let out = s.vector(Kind::INTSXP, places.len());
        let data = out.data_mut().cast::<i32>();
        for (at, place) in places.iter().enumerate() {
            // SAFETY: the vector was just made, with an item for each place.
            unsafe { data.add(at).write(place + 1) };
        }
        out
    }

    /// Numbers; where there are none, so many TRUEs. Preserved.
    fn numbers<'s>(&self, s: &'s Scope, range: Range<usize>) -> Sexp<'s> {
        if let Some(node) = &self.numbers {
            let out = self.source.part(s, node, range.start, range.len());
            out.freeze();
            return out;
        }
        let out = s.vector(Kind::LGLSXP, range.len());
        // SAFETY: the vector was just made, with so many items.
        unsafe { std::slice::from_raw_parts_mut(out.data_mut().cast::<i32>(), range.len()) }.fill(1);
        out
    }

    /// `list(i = , x = )` of a line, whose length is an attribute. Preserved.
    pub fn nonzero<'s>(&self, s: &'s Scope, line: usize) -> Sexp<'s> {
        s.carry(|s| {
            let parts = [("i", self.places(s, line)), ("x", self.numbers(s, self.range(line, 1)))];
            let out = r::named_list(s, &parts);
            out.set_attribute(s, "length", r::integer(s, self.length as i32));
            out
        })
    }

    /// A line as a sparse vector of package Matrix. Preserved.
    pub fn sparse_vector<'s>(&self, s: &'s Scope, line: usize) -> Sexp<'s> {
        s.carry(|s| {
            let out = s.s4();
            if self.numbers.is_some() {
                out.set_attribute(s, "x", self.numbers(s, self.range(line, 1)));
            }
            out.set_attribute(s, "length", r::integer(s, self.length as i32));
            out.set_attribute(s, "i", self.places(s, line));
            self.classed(s, out, "sparseVector");
            out
        })
    }

    /// Lines `from` to `from + count`, as columns of a matrix: a slice of its numbers, without a copy where they are many. Preserved.
    /// `dimnames` are those of the whole matrix, or
    /// NULL.
    pub fn columns<'s>(&self, s: &'s Scope, (from, count): (usize, usize), dimnames: Sexp) -> Sexp<'s> {
        s.carry(|s| {
            let range = self.range(from, count);
            let starts = s.vector(Kind::INTSXP, count + 1);
            for (at, start) in self.starts[from..=from + count].iter().enumerate() {
                // SAFETY: the vector was just made, with an item for each start.
                unsafe { starts.data_mut().cast::<i32>().add(at).write(start - range.start as i32) };
            }
            let places = self.source.part(s, &self.places.0, range.start, range.len());
            places.freeze();
            let numbers = self.numbers.is_some().then(|| self.numbers(s, range));
            self.matrix(s, [places, starts], numbers, ([(0, self.length), (from, count)], dimnames))
        })
    }

    /// Lines `from` to `from + count`, as rows of a matrix, which is turned for it. Preserved. `dimnames` are those of the whole matrix, or
    /// NULL.
    pub fn rows<'s>(&self, s: &'s Scope, (from, count): (usize, usize), dimnames: Sexp) -> Sexp<'s> {
        s.carry(|s| {
            let all = self.range(from, count).len();
            let (starts, places) = (s.vector(Kind::INTSXP, self.length + 1), s.vector(Kind::INTSXP, all));
            let numbers =
                self.numbers.map(|node| (s.vector(kind_of(node.kind()), all), self.source.view.data(&node)));
            let part = (from, count);
            match numbers {
                None => self.turned(part, [starts, places, s.null()], &vec![(); self.places.1.len()]),
                Some((out, data)) => match self.tag().item_size() {
                    4 => self.turned(part, [starts, places, out], all_items::<i32>(data)),
                    8 => self.turned(part, [starts, places, out], all_items::<f64>(data)),
                    _ => self.turned(part, [starts, places, out], all_items::<[f64; 2]>(data)),
                },
            }
            let numbers = numbers.map(|(out, _)| out);
            self.matrix(s, [places, starts], numbers, ([(from, count), (0, self.length)], dimnames))
        })
    }

    /// Turns lines into vectors that were just made, of the right lengths. `numbers` are those of the whole matrix.
    fn turned<T: Number>(
        &self,
        (from, count): (usize, usize),
        [starts, places, values]: [Sexp; 3],
        numbers: &[T],
    ) {
        let range = self.range(from, count);
        let old: Vec<i32> =
            self.starts[from..=from + count].iter().map(|start| start - range.start as i32).collect();
        let entries = Entries::Lines { starts: &old, places: &self.places.1[range.clone()] };
        let numbers = &numbers[range];
        // SAFETY: vectors that were just made and that nobody else has, of so many items of these types.
        let (starts, places, values) = unsafe {
            let ints = |x: Sexp| std::slice::from_raw_parts_mut(x.data_mut().cast::<i32>(), x.len());
            let data =
                if size_of::<T>() == 0 { std::ptr::dangling_mut() } else { values.data_mut().cast::<T>() };
            (ints(starts), ints(places), std::slice::from_raw_parts_mut(data, numbers.len()))
        };
        let plan = Plan { entries, stored: Stored::Whole, turned: true, count: self.length };
        arrange(plan, numbers, &mut Arranged { starts, places, numbers: values });
    }

    /// A sparse matrix of package Matrix, which is this part of the whole one, whose dimnames are given.
    fn matrix<'s>(
        &self,
        s: &'s Scope,
        [places, starts]: [Sexp; 2],
        numbers: Option<Sexp>,
        (extent, dimnames): ([(usize, usize); 2], Sexp),
    ) -> Sexp<'s> {
        let out = s.s4();
        let dim = extent.map(|(_, count)| count as i32);
        let names = names_of_part(s, extent, dimnames).unwrap_or_else(|| s.vector(Kind::VECSXP, 2));
        out.set_attribute(s, "i", places);
        out.set_attribute(s, "p", starts);
        out.set_attribute(s, "Dim", r::integers(s, &dim));
        out.set_attribute(s, "Dimnames", names);
        if let Some(numbers) = numbers {
            out.set_attribute(s, "x", numbers);
        }
        out.set_attribute(s, "factors", s.vector(Kind::VECSXP, 0));
        self.classed(s, out, "CMatrix");
        out
    }

    /// Sets the class: a letter for the numbers' type, and what it is.
    fn classed(&self, s: &Scope, out: Sexp, what: &str) {
        let (sparse, general) = match self.numbers.map(|node| node.kind()) {
            None => ("nsparseVector", "ngCMatrix"),
            Some(Tag::Logical) => ("lsparseVector", "lgCMatrix"),
            Some(Tag::Integer) => ("isparseVector", "igCMatrix"),
            Some(Tag::Complex) => ("zsparseVector", "zgCMatrix"),
            Some(_) => ("dsparseVector", "dgCMatrix"),
        };
        let class = r::character(s, &[if what == "CMatrix" { general } else { sparse }]);
        class.set_attribute(s, "package", r::character(s, &["Matrix"]));
        out.set_attribute(s, "class", class);
    }
}

/// The items that bytes are; `None` where they do not lie as such items must.
fn items<T: Copy>(data: &[u8]) -> Option<&[T]> {
    // SAFETY: `T` is one of the types of numbers, or an array of them, all of whose bit patterns are values.
    let (before, items, after) = unsafe { data.align_to::<T>() };
    (before.is_empty() && after.is_empty()).then_some(items)
}

/// The same, of a blob that was checked.
fn all_items<T: Copy>(data: &[u8]) -> &[T] {
    items(data).expect("a blob's numbers are aligned")
}

fn scatter_items<T: Copy>(out: Sexp, length: usize, places: &[i32], data: &[u8], range: Range<usize>) {
    let numbers = &all_items::<T>(data)[range];
    scatter(out, length, places, |at| numbers[at]);
}

/// Sets a vector of so many items to zeros and, at these places, to what `number` gives for each.
fn scatter<T: Copy>(out: Sexp, length: usize, places: &[i32], number: impl Fn(usize) -> T) {
    let data = out.data_mut().cast::<T>();
    // SAFETY: a vector of ours with so many items, for which all bits zero are the number 0 or FALSE.
    let out = unsafe {
        data.write_bytes(0, length);
        std::slice::from_raw_parts_mut(data, length)
    };
    for (at, &place) in places.iter().enumerate() {
        out[place as usize] = number(at);
    }
}
