//! The other compressed form of a matrix: from columns to rows, or back. By a count of what each new line gets, and one walk in order, so that the
//! places in each new line are increasing. Several threads take parts of the old lines; where each of them puts its numbers is known
//! from the counts.
use std::marker::PhantomData;

use scheduler::os::with_signals_blocked;

use super::lines::Lines;

/// Numbers that are worth a thread.
const WORTH_A_THREAD: usize = 1 << 18;
/// Threads at most: each has a counter for each new line.
const MOST_THREADS: usize = 8;

/// Where the turned form goes: `starts` has one more item than a line of the old form is long, the others one for each number.
#[derive(Debug)]
pub struct Turned<'a, T> {
    pub starts: &'a mut [i32],
    pub places: &'a mut [i32],
    pub numbers: &'a mut [T],
}

/// Turns a form that [`super::fault`] found nothing wrong with.
///
/// # Panics
/// Where the lengths do not agree.
pub fn turn<T: Copy + Send + Sync>(lines: Lines<'_>, numbers: &[T], into: &mut Turned<'_, T>) {
    let all = numbers.len();
    let fits = lines.places.len() == all && into.places.len() == all && into.numbers.len() == all;
    assert!(fits && into.starts.len() == lines.length + 1, "a turned form of another size");
    let parts = parts(lines, threads(all));
    let mut cursors = counted(lines, &parts);
    begin(&mut cursors, into.starts);
    let places = Shared::of(into.places);
    let values = Shared::of(into.numbers);
    each(&parts, &mut cursors, |(from, to), cursor| {
        for line in from..to {
            for at in lines.starts[line] as usize..lines.starts[line + 1] as usize {
                let next = &mut cursor[lines.places[at] as usize];
                // SAFETY: the counts give each number of each part a place of its own, so no other thread writes there.
                unsafe {
                    places.set(*next as usize, line as i32);
                    values.set(*next as usize, numbers[at]);
                }
                *next += 1;
            }
        }
    });
}

/// How many threads so many numbers are worth. One in workers, of which each core has one: they say so by a variable that also rayon reads.
fn threads(numbers: usize) -> usize {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
    let cores = asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()));
    cores.min(MOST_THREADS).min(numbers / WORTH_A_THREAD).max(1)
}

/// The lines in so many parts, of about as many numbers each.
fn parts(lines: Lines<'_>, wanted: usize) -> Vec<(usize, usize)> {
    let mut from = 0;
    let part = |nth: usize| {
        let until = (lines.places.len() * (nth + 1) / wanted) as i32;
        let to = lines.starts.partition_point(|&start| start < until).clamp(from, lines.count());
        let to = if nth + 1 == wanted { lines.count() } else { to };
        let part = (from, to);
        from = to;
        part
    };
    (0..wanted).map(part).collect()
}

/// How many numbers each part has for each new line.
fn counted(lines: Lines<'_>, parts: &[(usize, usize)]) -> Vec<Vec<i32>> {
    let mut counts: Vec<Vec<i32>> = parts.iter().map(|_| vec![0; lines.length]).collect();
    each(parts, &mut counts, |(from, to), count| {
        for &place in &lines.places[lines.starts[from] as usize..lines.starts[to] as usize] {
            count[place as usize] += 1;
        }
    });
    counts
}

/// Makes of the counts where each part begins in each new line, and of all of them the new starts.
fn begin(counts: &mut [Vec<i32>], starts: &mut [i32]) {
    let mut next = 0;
    for (line, start) in starts.iter_mut().enumerate() {
        *start = next;
        for count in counts.iter_mut().filter_map(|count| count.get_mut(line)) {
            (*count, next) = (next, next + *count);
        }
    }
}

/// Calls `work` for each part with what is the part's own, on a thread for each but the first.
fn each(parts: &[(usize, usize)], own: &mut [Vec<i32>], work: impl Fn((usize, usize), &mut [i32]) + Sync) {
    let Some(((&first, own_of_first), rest)) =
        parts.first().zip(own.split_first_mut()).map(|(part, (own, rest))| ((part, own), rest))
    else {
        return;
    };
    let work = &work;
    std::thread::scope(|scope| {
        // Ctrl-C is for R's own thread.
        with_signals_blocked(|| {
            for (&part, own) in parts[1..].iter().zip(rest) {
                scope.spawn(move || work(part, own));
            }
        });
        work(first, own_of_first);
    });
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
        assert!(at < self.1, "beyond the turned form");
        // SAFETY: within the items, and by this function's contract.
        unsafe { self.0.add(at).write(value) };
    }
}
