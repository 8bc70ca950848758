//! Two variables of numbers, by nearest neighbours: the first algorithm of Kraskov, Stögbauer and Grassberger (2004). How far the k-th
//! neighbour is in the plane says within which distance to count neighbours in x alone and in y alone.
use crate::error::Unusable;
use crate::tree::Tree;

/// Points between two calls of `pause`.
const BETWEEN: usize = 4096;

/// ψ(k) + ψ(n) - mean(ψ(n_x + 1) + ψ(n_y + 1)), at least 0. Constant numbers tell nothing. `pause` is called every few milliseconds,
/// and may end it.
///
/// # Errors
/// What `pause` returned; [`Unusable`] where there are no k neighbours, or doubles are too short for a distance.
///
/// # Panics
/// If one variable is longer than the other.
pub fn of_neighbours<E: From<Unusable>>(
    x: &[f64],
    y: &[f64],
    k: usize,
    mut pause: impl FnMut() -> Result<(), E>,
) -> Result<f64, E> {
    assert_eq!(x.len(), y.len());
    let n = x.len();
    let (sorted_x, sorted_y) = (sorted(x), sorted(y));
    let range =
        |sorted: &[f64]| sorted.last().zip(sorted.first()).map_or(0.0, |(greatest, least)| greatest - least);
    let (range_x, range_y) = (range(&sorted_x), range(&sorted_y));
    if range_x == 0.0 || range_y == 0.0 {
        return Ok(0.0);
    }
    if n <= k {
        return Err(Unusable::TooFew { needed: k + 1, given: n }.into());
    }
    if !range_x.is_finite() || !range_y.is_finite() {
        return Err(Unusable::TooFar.into());
    }
    let points: Vec<[f64; 2]> = x.iter().zip(y).map(|(&x, &y)| [x, y]).collect();
    let tree = Tree::of(points.clone());
    let digamma = digammas(n);
    let (mut room, mut sum) = (Vec::new(), 0.0);
    for some in points.chunks(BETWEEN) {
        pause()?;
        for &point in some {
            // The point itself is the first.
            let distance = tree.distance(point, k, &mut room);
            sum += digamma[nearer(&sorted_x, point[0], distance) + 1]
                + digamma[nearer(&sorted_y, point[1], distance) + 1];
        }
    }
    Ok((digamma[k] + digamma[n] - sum / n as f64).max(0.0))
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// How many others are nearer to this value than `distance`.
fn nearer(sorted: &[f64], value: f64, distance: f64) -> usize {
    let first = sorted.partition_point(|other| value - other >= distance);
    let end = sorted.partition_point(|other| other - value < distance);
    end.saturating_sub(first).saturating_sub(1)
}

/// ψ at 1 to n; at 0 there is none.
fn digammas(n: usize) -> Vec<f64> {
    const EULER: f64 = 0.577_215_664_901_532_9;
    let mut values = vec![f64::NAN, -EULER];
    for i in 1..n {
        values.push(values[i] + 1.0 / i as f64);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn information(x: &[f64], y: &[f64]) -> Result<f64, Unusable> {
        of_neighbours(x, y, 3, || Ok(()))
    }

    /// By the definition, all pairs looked at.
    fn plain(x: &[f64], y: &[f64], k: usize) -> f64 {
        let n = x.len();
        let digamma = digammas(n);
        let count =
            |v: &[f64], i: usize, e: f64| (0..n).filter(|&j| j != i && (v[i] - v[j]).abs() < e).count();
        let mut sum = 0.0;
        for i in 0..n {
            let mut distances: Vec<f64> =
                (0..n).filter(|&j| j != i).map(|j| (x[i] - x[j]).abs().max((y[i] - y[j]).abs())).collect();
            distances.sort_by(f64::total_cmp);
            sum += digamma[count(x, i, distances[k - 1]) + 1] + digamma[count(y, i, distances[k - 1]) + 1];
        }
        (digamma[k] + digamma[n] - sum / n as f64).max(0.0)
    }

    #[test]
    fn is_what_the_definition_says() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i * 7919 % 211).sin()).collect();
        let y: Vec<f64> =
            x.iter().enumerate().map(|(i, x)| x + f64::from((i * 31 % 17) as u32) / 20.0).collect();
        let found = information(&x, &y).unwrap();
        assert!((found - plain(&x, &y, 3)).abs() < 1e-12 && found > 0.3, "{found}");
        let steps: Vec<f64> = (0..200).map(|i| f64::from(i % 4)).collect();
        assert!((information(&x, &steps).unwrap() - plain(&x, &steps, 3)).abs() < 1e-12);
    }

    #[test]
    fn what_has_no_estimate_is_said() {
        assert_eq!(information(&[], &[]), Ok(0.0));
        assert_eq!(information(&[1.0; 9], &[2.0; 9]), Ok(0.0));
        assert_eq!(
            information(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]),
            Err(Unusable::TooFew { needed: 4, given: 3 })
        );
        let far = [-1e308, 1e308, 0.0, 1.0];
        assert_eq!(information(&far, &[1.0, 2.0, 3.0, 4.0]), Err(Unusable::TooFar));
    }

    #[test]
    fn a_pause_may_end_it() {
        let x: Vec<f64> = (0..10_000).map(f64::from).collect();
        let mut left = 2;
        let ended = of_neighbours(&x, &x, 3, || {
            left -= 1;
            if left == 0 {
                Err(Unusable::TooClose)
            } else {
                Ok(())
            }
        });
        assert_eq!((ended, left), (Err(Unusable::TooClose), 0));
    }
}
