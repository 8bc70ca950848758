//! The radius of Pareto density estimation (Ultsch 2005): the 18 % quantile of all distances between two values, which for many values
//! is made smaller with their number. Exact for any number of values: the distances are never listed. How many are at most t is
//! counted by two pointers over the sorted values, for four t at once. The interval of t is cut until few distances are left in it, and
//! these are listed.

/// This share of all distances is within the radius.
const SHARE: f64 = 0.18;
/// From more values on the radius shrinks.
const MANY: usize = 1024;

/// The radius of sorted values, of which there are two at least.
pub(crate) fn pareto_radius(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    // R's quantile of type 7.
    let pairs = n as u64 * (n as u64 - 1) / 2;
    let at = (pairs - 1) as f64 * SHARE;
    let (low, part) = (at.floor(), at - at.floor());
    let (distance, next) = at_rank(sorted, low as u64, pairs);
    let radius = (1.0 - part) * distance + part * next;
    if n > MANY {
        radius * 4.0 / (n as f64).powf(0.2)
    } else {
        radius
    }
}

/// The distance of this rank (0: the least) and the one after it; of the last one twice itself.
fn at_rank(sorted: &[f64], rank: u64, pairs: u64) -> (f64, f64) {
    let few = (sorted.len() as u64).max(64);
    let same =
        sorted.chunk_by(|a, b| a == b).map(|tied| tied.len() as u64 * (tied.len() as u64 - 1) / 2).sum();
    if same > rank {
        return (0.0, if rank + 1 < same || same == pairs { 0.0 } else { least_above(sorted, 0.0) });
    }
    let mut left =
        Interval { low: 0.0, high: sorted[sorted.len() - 1] - sorted[0], below: same, within: pairs };
    while left.within - left.below > few && left.can_be_cut() {
        let cuts = left.cuts(rank);
        for (cut, count) in cuts.into_iter().zip(counts(sorted, cuts)) {
            left.narrow(cut, count, rank);
        }
    }
    let beyond = |distance| if rank + 1 == pairs { distance } else { least_above(sorted, distance) };
    if left.within - left.below > few {
        // No number is between the two: all distances that are left are the same.
        return (left.high, if left.within > rank + 1 { left.high } else { beyond(left.high) });
    }
    let mut distances = listed(sorted, left.low, left.high);
    let (_, &mut distance, after) =
        distances.select_nth_unstable_by((rank - left.below) as usize, f64::total_cmp);
    let next = after.iter().copied().min_by(f64::total_cmp);
    (distance, next.unwrap_or_else(|| beyond(distance)))
}

/// An interval of distances: at most the sought rank are not above `low`, and more are not above `high`.
struct Interval {
    low: f64,
    high: f64,
    below: u64,
    within: u64,
}

impl Interval {
    /// Two numbers close around where the distance would be if distances were even, and the middles of what is on either side.
    fn cuts(&self, rank: u64) -> [f64; 4] {
        let width = self.high - self.low;
        let share = (rank - self.below) as f64 / (self.within - self.below) as f64;
        let (before, after) = ((share - 1.0 / 64.0).max(0.0), (share + 1.0 / 64.0).min(1.0));
        [before / 2.0, before, after, (1.0 + after) / 2.0].map(|part| self.low + width * part)
    }

    /// Whether there is a number between the two.
    fn can_be_cut(&self) -> bool {
        let middle = self.low + (self.high - self.low) / 2.0;
        middle > self.low && middle < self.high
    }

    fn narrow(&mut self, cut: f64, count: u64, rank: u64) {
        if count > rank && cut < self.high {
            (self.high, self.within) = (cut, count);
        } else if count <= rank && cut > self.low {
            (self.low, self.below) = (cut, count);
        }
    }
}

/// How many distances are at most each of these numbers, none of which is negative. For each number two places walk over the values,
/// `i` and the first `j` that is too far from it. A step moves one of them, without a branch, which no processor could predict.
fn counts<const N: usize>(sorted: &[f64], most: [f64; N]) -> [u64; N] {
    let (mut counts, mut i, mut j) = ([0; N], [0; N], [0; N]);
    let beyond = |j: usize| sorted.get(j).copied().unwrap_or(f64::INFINITY);
    for _ in 0..2 * sorted.len() {
        for k in 0..N {
            let near = u64::from(beyond(j[k]) - sorted[i[k]] <= most[k]);
            // The pairs of j with the values from i to itself.
            counts[k] += (j[k] - i[k]) as u64 * near;
            j[k] += near as usize;
            i[k] += 1 - near as usize;
        }
    }
    counts
}

/// The distances above `low` and at most `high`.
fn listed(sorted: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut distances = Vec::new();
    let mut start = 0;
    for (i, value) in sorted.iter().enumerate() {
        start = first_beyond(sorted, start.max(i + 1), *value, low);
        distances.extend(
            sorted[start..].iter().map(|other| other - value).take_while(|&distance| distance <= high),
        );
    }
    distances
}

/// The least distance above this one.
fn least_above(sorted: &[f64], distance: f64) -> f64 {
    let mut least = f64::INFINITY;
    let mut end = 0;
    for value in sorted {
        end = first_beyond(sorted, end, *value, distance);
        if let Some(other) = sorted.get(end) {
            least = least.min(other - value);
        }
    }
    least
}

/// The first place from `from` on whose value is further above `value` than `most`.
fn first_beyond(sorted: &[f64], from: usize, value: f64, most: f64) -> usize {
    from + sorted[from.min(sorted.len())..].iter().take_while(|&&other| other - value <= most).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the definition.
    fn plain(sorted: &[f64]) -> f64 {
        let mut distances: Vec<f64> = Vec::new();
        for (i, a) in sorted.iter().enumerate() {
            distances.extend(sorted[i + 1..].iter().map(|b| b - a));
        }
        distances.sort_by(f64::total_cmp);
        let at = (distances.len() - 1) as f64 * 0.18;
        let (low, high) = (distances[at.floor() as usize], distances[at.ceil() as usize]);
        let part = at - at.floor();
        (1.0 - part) * low + part * high
    }

    proptest! {
        #[test]
        fn is_the_quantile_of_all_distances(
            values in prop::collection::vec(prop_oneof![-3.0..3.0_f64, (0..5_i32).prop_map(f64::from), 1e-9..1e9_f64], 2..60),
        ) {
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(pareto_radius(&sorted), plain(&sorted));
        }
    }

    #[test]
    fn many_values_have_a_smaller_one() {
        let mut sorted: Vec<f64> = (0..1500).map(|i| f64::from(i * 7919 % 1009).sqrt()).collect();
        sorted.sort_by(f64::total_cmp);
        let expected = plain(&sorted) * 4.0 / 1500f64.powf(0.2);
        assert_eq!(pareto_radius(&sorted), expected);
        assert_eq!(pareto_radius(&sorted[..1024]), plain(&sorted[..1024]));
    }

    #[test]
    fn ties_and_two_values() {
        assert_eq!(pareto_radius(&[1.0, 4.0]), 3.0);
        let mut tied = vec![0.0; 900];
        tied.extend([1.0; 100]);
        assert_eq!(pareto_radius(&tied), 0.0);
        let steps: Vec<f64> = (0..1000).map(|i| f64::from(i / 200)).collect();
        assert_eq!(pareto_radius(&steps), plain(&steps));
    }
}
