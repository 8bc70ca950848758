//! A stored matrix arranged into lines: by the other dimension, with both triangles, with the diagonal, with the numbers of one place as one.
//!
//! By a count of what each new line gets, and one walk in order, so that the places in each new line are increasing where the
//! old ones were. Several threads take parts of what is stored; where each of them puts its numbers is known from the counts.
use std::marker::PhantomData;
use std::ops::Range;

use super::join::{join, Arranged};
use super::number::Number;
use super::parts::{each, threads};
use super::stored::{Entries, Stored, Triangle};

/// What is to become of a stored matrix that [`super::fault`] found nothing wrong with.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    pub entries: Entries<'a>,
    pub stored: Stored,
    /// Whether the old places are the new lines.
    pub turned: bool,
    /// How many lines there will be.
    pub count: usize,
}

impl Plan<'_> {
    /// How many numbers there will be, at most: of triplets those of one place become one. O(numbers) of a symmetric matrix.
    pub fn numbers(&self) -> usize {
        let all = self.entries.places().len();
        match self.stored {
            Stored::Whole => all,
            Stored::UnitDiagonal(_) => all + self.count,
            Stored::Mirrored(_) => {
                let mut off_diagonal = 0;
                for all in self.parts(1) {
                    self.each_of(all, &mut |line, place, _| off_diagonal += usize::from(line > place));
                }
                all + off_diagonal
            }
        }
    }

    /// Calls `entry(line, place, number)` for each of the new entries that some of the old ones make; those of the diagonal that are not
    /// stored have no number.
    fn each_of(&self, part: Range<usize>, entry: &mut impl FnMut(usize, usize, Option<usize>)) {
        match self.entries {
            Entries::Lines { starts, .. } => {
                for line in part {
                    if self.stored == Stored::UnitDiagonal(Triangle::Behind) {
                        entry(line, line, None);
                    }
                    for at in starts[line] as usize..starts[line + 1] as usize {
                        self.both(line, at, entry);
                    }
                    if self.stored == Stored::UnitDiagonal(Triangle::Before) {
                        entry(line, line, None);
                    }
                }
            }
            Entries::Triplets { lines, .. } => {
                if part.start == 0 && matches!(self.stored, Stored::UnitDiagonal(_)) {
                    (0..self.count).for_each(|line| entry(line, line, None));
                }
                part.for_each(|at| self.both(lines[at] as usize, at, entry));
            }
        }
    }

    /// Number `at` of a stored line where it belongs, and in the triangle that is not stored.
    fn both(&self, line: usize, at: usize, entry: &mut impl FnMut(usize, usize, Option<usize>)) {
        let place = self.entries.places()[at] as usize;
        let (line, place) = if self.turned { (place, line) } else { (line, place) };
        entry(line, place, Some(at));
        if matches!(self.stored, Stored::Mirrored(_)) && line != place {
            entry(place, line, Some(at));
        }
    }

    /// What is stored in so many parts, of about as many numbers each: ranges of lines, or of triplets.
    fn parts(&self, wanted: usize) -> Vec<Range<usize>> {
        let all = self.entries.places().len();
        let mut from = 0;
        let part = |nth: usize| {
            let until = all * (nth + 1) / wanted;
            let to = match self.entries {
                Entries::Triplets { .. } => until,
                Entries::Lines { starts, .. } => {
                    let count = starts.len().saturating_sub(1);
                    let to = starts.partition_point(|&start| (start as usize) < until).clamp(from, count);
                    if nth + 1 == wanted {
                        count
                    } else {
                        to
                    }
                }
            };
            std::mem::replace(&mut from, to)..to
        };
        (0..wanted).map(part).collect()
    }
}

/// Arranges a matrix; gives how many numbers there are, which is less than there is room for where several triplets are of one place.
///
/// # Panics
/// Where the lengths do not agree.
pub fn arrange<T: Number>(plan: Plan<'_>, numbers: &[T], into: &mut Arranged<'_, T>) -> usize {
    let all = plan.entries.places().len();
    let fits = numbers.len() == all && into.places.len() == into.numbers.len();
    assert!(fits && into.starts.len() == plan.count + 1, "an arranged matrix of another size");
    let parts = plan.parts(threads(all));
    let mut cursors = counted(plan, &parts);
    let needed = begin(&mut cursors, into.starts);
    assert!(needed == into.places.len(), "an arranged matrix of other numbers");
    let places = Shared::of(into.places);
    let values = Shared::of(into.numbers);
    each(&parts, &mut cursors, |part, cursor| {
        plan.each_of(part, &mut |line, place, number| {
            let next = &mut cursor[line];
            // SAFETY: the counts give each number of each part a place of its own, so no other thread writes there.
            unsafe {
                places.set(*next as usize, place as i32);
                values.set(*next as usize, number.map_or(T::ONE, |at| numbers[at]));
            }
            *next += 1;
        });
    });
    match plan.entries {
        Entries::Lines { .. } => needed,
        Entries::Triplets { .. } => join(into, threads(all)),
    }
}

/// How many numbers each part has for each new line.
fn counted(plan: Plan<'_>, parts: &[Range<usize>]) -> Vec<Vec<i32>> {
    let mut counts: Vec<Vec<i32>> = parts.iter().map(|_| vec![0; plan.count]).collect();
    each(parts, &mut counts, |part, count| plan.each_of(part, &mut |line, _, _| count[line] += 1));
    counts
}

/// Makes of the counts where each part begins in each new line, and of all of them the new starts; gives how many numbers there are.
fn begin(counts: &mut [Vec<i32>], starts: &mut [i32]) -> usize {
    let mut next = 0;
    for (line, start) in starts.iter_mut().enumerate() {
        *start = next;
        for count in counts.iter_mut().filter_map(|count| count.get_mut(line)) {
            (*count, next) = (next, next + *count);
        }
    }
    next as usize
}

/// Items that several threads write, each its own.
struct Shared<'a, T>(*mut T, usize, PhantomData<&'a mut [T]>);

// SAFETY: used by `set` alone, whose callers see to it that no two threads write one item.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T: Copy> Shared<'a, T> {
    fn of(items: &'a mut [T]) -> Self {
        Shared(items.as_mut_ptr(), items.len(), PhantomData)
    }

    /// # Safety
    /// No other thread reads or writes this item meanwhile.
    unsafe fn set(&self, at: usize, value: T) {
        assert!(at < self.1, "beyond the arranged matrix");
        // SAFETY: within the items, and by this function's contract.
        unsafe { self.0.add(at).write(value) };
    }
}
