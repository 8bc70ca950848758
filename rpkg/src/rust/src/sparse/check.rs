//! Whether a compressed form is one: what is wrong would otherwise be found in the middle of a run.
use super::lines::Lines;

/// What is wrong with a compressed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The starts are not so many, or do not rise from 0 to the numbers that there are.
    Starts,
    /// The places of this line are not increasing, or are beyond its end.
    Line(usize),
}

/// What is wrong, if anything is, with a form of so many lines.
pub fn fault(lines: Lines<'_>, count: usize) -> Option<Fault> {
    let Lines { starts, places, length } = lines;
    let rises =
        starts.len() == count + 1 && starts[0] == 0 && starts.windows(2).all(|pair| pair[0] <= pair[1]);
    if !rises || starts[count] as usize != places.len() {
        return Some(Fault::Starts);
    }
    let bad = |line: &usize| {
        let places = &places[starts[*line] as usize..starts[*line + 1] as usize];
        // Increasing from the first to the last, so these two are the bounds.
        let increases = places.windows(2).all(|pair| pair[0] < pair[1]);
        let within = |place: &i32| usize::try_from(*place).is_ok_and(|place| place < length);
        !increases || !places.first().is_none_or(within) || !places.last().is_none_or(within)
    };
    (0..count).find(bad).map(Fault::Line)
}
