//! Checks and arrangements beside what they should be.
use std::collections::BTreeMap;

use super::stored::Triangle;
use super::*;

/// Numbers by line and place.
type Matrix = BTreeMap<(usize, usize), f64>;

/// Some numbers of so many lines of this length, about one place in four, of those that may be stored, by a fixed sequence.
fn some(stored: Stored, count: usize, length: usize) -> Matrix {
    let mut state = 1u64;
    let places = (0..count).flat_map(|line| (0..length).map(move |place| (line, place)));
    let taken = places.filter(|&(line, place)| stored.may_have(line, place)).filter_map(|at| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 62 == 0).then_some((at, (state >> 40) as f64))
    });
    taken.collect()
}

/// The same in lines.
fn lines_of(matrix: &Matrix, count: usize) -> (Vec<i32>, Vec<i32>, Vec<f64>) {
    let start = |line| matrix.range(..(line, 0)).count() as i32;
    let places = matrix.keys().map(|&(_, place)| place as i32);
    ((0..=count).map(start).collect(), places.collect(), matrix.values().copied().collect())
}

/// What a plan makes of numbers, and that it is a matrix.
fn arranged(plan: Plan<'_>, numbers: &[f64], length: usize) -> Matrix {
    let all = plan.numbers();
    let (mut starts, mut places, mut values) = (vec![0; plan.count + 1], vec![0; all], vec![0.0; all]);
    let into = &mut Arranged { starts: &mut starts, places: &mut places, numbers: &mut values };
    let left = arrange(plan, numbers, into);
    let entries = Entries::Lines { starts: &starts, places: &places[..left] };
    assert_eq!(fault(entries, Stored::Whole, (plan.count, length)), None);
    let of_line = |line: usize| (starts[line] as usize..starts[line + 1] as usize).map(move |at| (line, at));
    (0..plan.count).flat_map(of_line).map(|(line, at)| ((line, places[at] as usize), values[at])).collect()
}

/// The whole matrix of which this is stored.
fn whole(matrix: &Matrix, stored: Stored, count: usize) -> Matrix {
    let mut whole = matrix.clone();
    match stored {
        Stored::Whole => {}
        Stored::Mirrored(_) => whole.extend(matrix.iter().map(|(&(line, place), &x)| ((place, line), x))),
        Stored::UnitDiagonal(_) => whole.extend((0..count).map(|line| ((line, line), 1.0))),
    }
    whole
}

fn turned(matrix: &Matrix) -> Matrix {
    matrix.iter().map(|(&(line, place), &x)| ((place, line), x)).collect()
}

/// The last is worth several threads.
const SIZES: [usize; 6] = [0, 1, 2, 7, 40, 1500];

#[test]
fn what_is_stored_becomes_the_whole_matrix_by_lines_or_by_places() {
    let sizes = SIZES.map(|size| (size, size)).into_iter().chain([(0, 3), (3, 0), (7, 5), (5, 7)]);
    for (count, length) in sizes {
        for stored in [0, 1, 2, 3, 4].map(Stored::numbered) {
            if stored != Stored::Whole && count != length {
                continue;
            }
            let matrix = some(stored, count, length);
            let (starts, places, numbers) = lines_of(&matrix, count);
            let entries = Entries::Lines { starts: &starts, places: &places };
            assert_eq!(fault(entries, stored, (count, length)), None);
            let wanted = whole(&matrix, stored, count);
            let plan = Plan { entries, stored, turned: false, count };
            assert!(arranged(plan, &numbers, length) == wanted, "{stored:?} {count} {length}");
            let plan = Plan { entries, stored, turned: true, count: length };
            assert!(
                arranged(plan, &numbers, count) == turned(&wanted),
                "{stored:?} {count} {length}, turned"
            );
        }
    }
}

#[test]
fn triplets_in_any_order_become_lines_and_those_of_one_place_a_sum() {
    for size in SIZES {
        for stored in [0, 1, 2, 3, 4].map(Stored::numbered) {
            let matrix = some(stored, size, size);
            let mut triplets: Vec<_> = matrix.iter().map(|(&at, &x)| (at, x)).collect();
            triplets.extend_from_within(..triplets.len() / 3);
            let twice = triplets.len() - matrix.len();
            let middle = triplets.len() / 2;
            triplets.rotate_left(middle);
            let part =
                |nth: fn(&((usize, usize), f64)) -> usize| triplets.iter().map(|at| nth(at) as i32).collect();
            let (lines, places): (Vec<i32>, Vec<i32>) = (part(|at| at.0 .0), part(|at| at.0 .1));
            let numbers: Vec<f64> = triplets.iter().map(|&(_, x)| x).collect();
            let mut sums = matrix;
            sums.values_mut().take(twice).for_each(|x| *x *= 2.0);
            let entries = Entries::Triplets { lines: &lines, places: &places };
            assert_eq!(fault(entries, stored, (size, size)), None);
            let plan = Plan { entries, stored, turned: false, count: size };
            assert!(arranged(plan, &numbers, size) == whole(&sums, stored, size), "{stored:?} {size}");
        }
    }
}

#[test]
fn logical_values_of_one_place_are_true_where_one_is() {
    let na = i32::MIN;
    for (one, other, both) in [(0, 0, 0), (0, 1, 1), (1, na, 1), (na, 0, na), (na, na, na), (1, 1, 1)] {
        assert_eq!((one.joined(other), other.joined(one)), (both, both));
    }
}

#[test]
fn faults_are_found() {
    let fault_of = |starts: &[i32], places: &[i32], count| {
        fault(Entries::Lines { starts, places }, Stored::Whole, (count, 4))
    };
    assert_eq!(fault_of(&[0, 2, 3], &[0, 3, 1], 2), None);
    for starts in [&[0, 2][..], &[0, 2, 4], &[1, 2, 3], &[0, 4, 3], &[0, -1, 3], &[]] {
        assert_eq!(fault_of(starts, &[0, 3, 1], 2), Some(Fault::Starts), "{starts:?}");
    }
    for places in [[3, 0, 1], [1, 1, 1], [0, 4, 1], [-1, 0, 1]] {
        assert_eq!(fault_of(&[0, 2, 3], &places, 2), Some(Fault::Line(0)), "{places:?}");
    }
    assert_eq!(fault_of(&[0, 2, 3], &[0, 1, 4], 2), Some(Fault::Line(1)));
    let triplets =
        |lines: &[i32], places: &[i32]| fault(Entries::Triplets { lines, places }, Stored::Whole, (2, 4));
    assert_eq!(triplets(&[1, 0], &[3, 0]), None);
    for (lines, places) in [([0, 2], [0, 0]), ([0, -1], [0, 0]), ([0, i32::MIN], [0, 0]), ([0, 1], [0, 4])] {
        assert_eq!(triplets(&lines, &places), Some(Fault::Triplet(1)), "{lines:?} {places:?}");
    }
    assert_eq!(triplets(&[0], &[0, 1]), Some(Fault::Triplet(1)));
}

#[test]
fn what_lies_beyond_the_stored_triangle_is_a_fault() {
    for (stored, before, on, behind) in [
        (0, true, true, true),
        (1, true, true, false),
        (2, false, true, true),
        (3, true, false, false),
        (4, false, false, true),
    ] {
        for (place, may) in [(0, before), (1, on), (2, behind)] {
            let stored = Stored::numbered(stored);
            let lines = Entries::Lines { starts: &[0, 0, 1, 1], places: &[place] };
            let triplets = Entries::Triplets { lines: &[1], places: &[place] };
            assert_eq!(fault(lines, stored, (3, 3)), (!may).then_some(Fault::Line(1)));
            assert_eq!(fault(triplets, stored, (3, 3)), (!may).then_some(Fault::Triplet(0)));
        }
    }
    assert_eq!(Stored::numbered(1), Stored::Mirrored(Triangle::Before));
}
