//! Lines made of triplets: the places of each in increasing order, and the numbers of one place as one.
use super::number::Number;
use super::parts::each;

/// Where the arranged matrix goes: `starts` has one more item than there are lines, the others as many as there will be numbers.
#[derive(Debug)]
pub struct Arranged<'a, T> {
    pub starts: &'a mut [i32],
    pub places: &'a mut [i32],
    pub numbers: &'a mut [T],
}

/// Lines next to each other, and how many numbers of each are left.
struct Part<'a, T> {
    places: &'a mut [i32],
    numbers: &'a mut [T],
    left: Vec<usize>,
}

/// Orders and joins all lines, by so many threads, and closes the gaps; gives how many numbers are left, of which the starts tell then.
pub(super) fn join<T: Number>(arranged: &mut Arranged<'_, T>, threads: usize) -> usize {
    let starts = &*arranged.starts;
    let lines = starts.len() - 1;
    let bounds: Vec<(usize, usize)> =
        (0..threads).map(|nth| (lines * nth / threads, lines * (nth + 1) / threads)).collect();
    let (mut places, mut numbers) = (&mut *arranged.places, &mut *arranged.numbers);
    let mut parts = Vec::with_capacity(threads);
    for &(from, to) in &bounds {
        let count = (starts[to] - starts[from]) as usize;
        let (these, rest) = places.split_at_mut(count);
        let (those, others) = numbers.split_at_mut(count);
        (places, numbers) = (rest, others);
        parts.push(Part { places: these, numbers: those, left: Vec::with_capacity(to - from) });
    }
    each(&bounds, &mut parts, |(from, to), part| {
        let mut scratch = Vec::new();
        for line in from..to {
            let range = (starts[line] - starts[from]) as usize..(starts[line + 1] - starts[from]) as usize;
            let left = joined_line(&mut part.places[range.clone()], &mut part.numbers[range], &mut scratch);
            part.left.push(left);
        }
    });
    let left: Vec<usize> = parts.into_iter().flat_map(|part| part.left).collect();
    close_gaps(arranged, &left)
}

/// Orders a line and joins the numbers of one place, in the order in which they came; gives how many are left, at the line's beginning.
fn joined_line<T: Number>(places: &mut [i32], numbers: &mut [T], scratch: &mut Vec<(i32, T)>) -> usize {
    if places.windows(2).all(|pair| pair[0] < pair[1]) {
        return places.len();
    }
    scratch.clear();
    scratch.extend(places.iter().copied().zip(numbers.iter().copied()));
    scratch.sort_by_key(|&(place, _)| place);
    let mut left = 0;
    for &(place, number) in scratch.iter() {
        if left > 0 && places[left - 1] == place {
            numbers[left - 1] = numbers[left - 1].joined(number);
        } else {
            (places[left], numbers[left]) = (place, number);
            left += 1;
        }
    }
    left
}

/// Moves each line to the end of the one before it.
fn close_gaps<T: Number>(arranged: &mut Arranged<'_, T>, left: &[usize]) -> usize {
    let mut end = 0;
    for (line, &count) in left.iter().enumerate() {
        let from = arranged.starts[line] as usize;
        if from != end {
            arranged.places.copy_within(from..from + count, end);
            arranged.numbers.copy_within(from..from + count, end);
        }
        arranged.starts[line] = end as i32;
        end += count;
    }
    arranged.starts[left.len()] = end as i32;
    end
}
