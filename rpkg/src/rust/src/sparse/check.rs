//! Whether what is stored is a matrix: what is wrong would otherwise be found in the middle of a run.
use super::stored::{Entries, Stored};

/// What is wrong with a stored matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The starts are not so many, or do not rise from 0 to the numbers that there are.
    Starts,
    /// The places of this line are not increasing, or are beyond its end or the triangle that is stored.
    Line(usize),
    /// This triplet has a line or a place that is beyond the matrix or the triangle that is stored, or there is none for each number.
    Triplet(usize),
}

/// What is wrong, if anything is, with a matrix of so many lines of this length.
pub fn fault(entries: Entries<'_>, stored: Stored, (count, length): (usize, usize)) -> Option<Fault> {
    match entries {
        Entries::Lines { starts, places } => of_lines(starts, places, stored, (count, length)),
        Entries::Triplets { lines, places } => of_triplets(lines, places, stored, (count, length)),
    }
}

fn of_lines(
    starts: &[i32],
    places: &[i32],
    stored: Stored,
    (count, length): (usize, usize),
) -> Option<Fault> {
    let rises =
        starts.len() == count + 1 && starts[0] == 0 && starts.windows(2).all(|pair| pair[0] <= pair[1]);
    if !rises || starts[count] as usize != places.len() {
        return Some(Fault::Starts);
    }
    let bad = |line: &usize| {
        let places = &places[starts[*line] as usize..starts[*line + 1] as usize];
        // Increasing from the first to the last, so these two are the bounds.
        let increases = places.windows(2).all(|pair| pair[0] < pair[1]);
        let within = |place: &i32| {
            usize::try_from(*place).is_ok_and(|place| place < length && stored.may_have(*line, place))
        };
        !increases || !places.first().is_none_or(within) || !places.last().is_none_or(within)
    };
    (0..count).find(bad).map(Fault::Line)
}

fn of_triplets(
    lines: &[i32],
    places: &[i32],
    stored: Stored,
    (count, length): (usize, usize),
) -> Option<Fault> {
    if lines.len() != places.len() {
        return Some(Fault::Triplet(lines.len().min(places.len())));
    }
    let bad = |(&line, &place): (&i32, &i32)| {
        let (Ok(line), Ok(place)) = (usize::try_from(line), usize::try_from(place)) else { return true };
        line >= count || place >= length || !stored.may_have(line, place)
    };
    lines.iter().zip(places).position(bad).map(Fault::Triplet)
}
