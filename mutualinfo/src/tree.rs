//! Points of the plane, arranged so that nearest neighbours are found without looking at all: a k-d tree in place, each half of a slice
//! a branch, its middle the node. Distances are the greater one of the two coordinates' (the maximum norm).

/// The points; below each node, the slices left and right of it are cut by the other coordinate.
pub(crate) struct Tree(Vec<[f64; 2]>);

impl Tree {
    pub(crate) fn of(mut points: Vec<[f64; 2]>) -> Tree {
        arrange(&mut points, 0);
        Tree(points)
    }

    /// The distance of the neighbour of this rank (0: the nearest; a point of the tree is its own). `found` is room for the search.
    pub(crate) fn distance(&self, point: [f64; 2], rank: usize, found: &mut Vec<f64>) -> f64 {
        found.clear();
        found.resize(rank + 1, f64::INFINITY);
        search(&self.0, 0, point, found);
        found[rank]
    }
}

fn arrange(points: &mut [[f64; 2]], axis: usize) {
    if points.len() < 2 {
        return;
    }
    let middle = points.len() / 2;
    let (left, _, right) = points.select_nth_unstable_by(middle, |a, b| a[axis].total_cmp(&b[axis]));
    arrange(left, 1 - axis);
    arrange(right, 1 - axis);
}

/// `found` are the least distances so far, sorted.
fn search(points: &[[f64; 2]], axis: usize, point: [f64; 2], found: &mut [f64]) {
    if points.is_empty() {
        return;
    }
    let middle = points.len() / 2;
    let node = points[middle];
    let ahead = point[axis] - node[axis];
    let (near, far) = if ahead < 0.0 {
        (&points[..middle], &points[middle + 1..])
    } else {
        (&points[middle + 1..], &points[..middle])
    };
    search(near, 1 - axis, point, found);
    note((point[0] - node[0]).abs().max((point[1] - node[1]).abs()), found);
    if ahead.abs() < found[found.len() - 1] {
        search(far, 1 - axis, point, found);
    }
}

fn note(distance: f64, found: &mut [f64]) {
    let place = found.partition_point(|&other| other <= distance);
    if place < found.len() {
        found[place..].rotate_right(1);
        found[place] = distance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_looking_at_all_finds(
            points in prop::collection::vec(prop::array::uniform2(prop_oneof![-1.0..1.0_f64, (0..3_i32).prop_map(f64::from)]), 1..80),
        ) {
            let tree = Tree::of(points.clone());
            let mut room = Vec::new();
            for point in &points {
                let mut distances: Vec<f64> =
                    points.iter().map(|p| (p[0] - point[0]).abs().max((p[1] - point[1]).abs())).collect();
                distances.sort_by(f64::total_cmp);
                for (rank, &expected) in distances.iter().enumerate().take(5) {
                    prop_assert_eq!(tree.distance(*point, rank, &mut room), expected);
                }
            }
        }
    }
}
