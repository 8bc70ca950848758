//! Checks and turns beside what they should be.
use super::*;

/// A form of so many lines of this length, about one place in four taken, by a fixed sequence.
fn form(count: usize, length: usize) -> (Vec<i32>, Vec<i32>, Vec<f64>) {
    let (mut starts, mut places, mut numbers, mut state) = (vec![0], Vec::new(), Vec::new(), 1u64);
    for _ in 0..count {
        for place in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if state >> 62 == 0 {
                places.push(place as i32);
                numbers.push((state >> 40) as f64);
            }
        }
        starts.push(places.len() as i32);
    }
    (starts, places, numbers)
}

fn entries(starts: &[i32], places: &[i32], numbers: &[f64]) -> Vec<(usize, usize, f64)> {
    let of_line = |line: usize| starts[line] as usize..starts[line + 1] as usize;
    let lines = (0..starts.len() - 1).flat_map(|line| of_line(line).map(move |at| (line, at)));
    lines.map(|(line, at)| (line, places[at] as usize, numbers[at])).collect()
}

#[test]
fn what_is_turned_has_the_same_numbers_elsewhere() {
    // The last is worth several threads.
    for (count, length) in [(0, 0), (0, 3), (3, 0), (1, 1), (7, 5), (5, 7), (1500, 1500)] {
        let (starts, places, numbers) = form(count, length);
        let lines = Lines { starts: &starts, places: &places, length };
        assert_eq!(fault(lines, count), None);
        let mut turned = (vec![0; length + 1], vec![0; places.len()], vec![0.0; places.len()]);
        turn(
            lines,
            &numbers,
            &mut Turned { starts: &mut turned.0, places: &mut turned.1, numbers: &mut turned.2 },
        );
        let back = Lines { starts: &turned.0, places: &turned.1, length: count };
        assert_eq!(fault(back, length), None);
        let mut wanted: Vec<_> = entries(&starts, &places, &numbers)
            .into_iter()
            .map(|(line, place, x)| (place, line, x))
            .collect();
        wanted.sort_by_key(|&(line, place, _)| (line, place));
        assert_eq!(entries(&turned.0, &turned.1, &turned.2), wanted);
    }
}

#[test]
fn faults_are_found() {
    let fault_of = |starts: &[i32], places: &[i32], count| fault(Lines { starts, places, length: 4 }, count);
    assert_eq!(fault_of(&[0, 2, 3], &[0, 3, 1], 2), None);
    for starts in [&[0, 2][..], &[0, 2, 4], &[1, 2, 3], &[0, 4, 3], &[0, -1, 3], &[]] {
        assert_eq!(fault_of(starts, &[0, 3, 1], 2), Some(Fault::Starts), "{starts:?}");
    }
    for places in [[3, 0, 1], [1, 1, 1], [0, 4, 1], [-1, 0, 1]] {
        assert_eq!(fault_of(&[0, 2, 3], &places, 2), Some(Fault::Line(0)), "{places:?}");
    }
    assert_eq!(fault_of(&[0, 2, 3], &[0, 1, 4], 2), Some(Fault::Line(1)));
}
