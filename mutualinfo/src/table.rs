//! Two variables of classes: the plug-in estimate, with observed frequencies for probabilities. Every pair of classes that was
//! observed counts.
use crate::coded::Coded;

/// Up to so many cells the table is kept in full; beyond, the pairs are sorted.
const FULL_TABLE: usize = 1 << 16;

/// The sum of p(x, y) log(p(x, y) / (p(x) p(y))) over the observed pairs of classes; 0 without observations.
///
/// # Panics
/// If one variable is longer than the other.
pub fn of_classes(x: Coded, y: Coded) -> f64 {
    assert_eq!(x.len(), y.len());
    let (sizes_x, sizes_y, n) = (x.sizes(), y.sizes(), x.len() as f64);
    let mut sum = 0.0;
    pairs(x, y, |x, y, seen| {
        let seen = seen as f64;
        sum += seen / n * (seen * n / (sizes_x[x] as f64 * sizes_y[y] as f64)).ln();
    });
    sum.max(0.0)
}

/// Tells `meet` of each pair of classes that was observed, and how often.
fn pairs(x: Coded, y: Coded, mut meet: impl FnMut(usize, usize, usize)) {
    let width = y.count() as u64;
    let keys = x.iter().zip(y.iter()).map(|(x, y)| x as u64 * width + y as u64);
    let pair = |key: u64| ((key / width) as usize, (key % width) as usize);
    if x.count().saturating_mul(y.count()) <= FULL_TABLE {
        let mut table = vec![0; x.count() * y.count()];
        keys.for_each(|key| table[key as usize] += 1);
        for (key, &seen) in table.iter().enumerate().filter(|(_, &seen)| seen > 0) {
            let (x, y) = pair(key as u64);
            meet(x, y, seen);
        }
        return;
    }
    let mut keys: Vec<u64> = keys.collect();
    keys.sort_unstable();
    for same in keys.chunk_by(|a, b| a == b) {
        let (x, y) = pair(same[0]);
        meet(x, y, same.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn information(x: &[i32], y: &[i32], count: usize) -> f64 {
        of_classes(Coded::new(x, count).unwrap(), Coded::new(y, count).unwrap())
    }

    #[test]
    fn closed_forms() {
        let binary = [0, 1, 0, 1];
        assert!((information(&binary, &binary, 2) - 2f64.ln()).abs() < 1e-15);
        assert_eq!(information(&[0, 0, 1, 1], &binary, 2), 0.0);
        assert_eq!(information(&[0; 4], &binary, 2), 0.0);
        assert_eq!(information(&[], &[], 0), 0.0);
        // Entropy of (1/4, 3/4).
        let quarter = [0, 1, 1, 1];
        assert!(
            (information(&quarter, &quarter, 2) - (0.25 * 4f64.ln() + 0.75 * (4.0f64 / 3.0).ln())).abs()
                < 1e-15
        );
    }

    #[test]
    fn many_classes_give_what_few_give() {
        let x: Vec<i32> = (0..3000).map(|i| i * 7 % 11).collect();
        let y: Vec<i32> = (0..3000).map(|i| i % 5 + i % 3).collect();
        let few = information(&x, &y, 11);
        let many = information(&x, &y, 100_000);
        assert!((few - many).abs() < 1e-14, "{few} {many}");
        let unique: Vec<i32> = (0..3000).collect();
        assert!((information(&unique, &unique, 3000) - 3000f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn codes_out_of_range_are_refused() {
        assert!(
            Coded::new(&[0, 2], 2).is_none()
                && Coded::new(&[-1], 2).is_none()
                && Coded::new(&[], 0).is_some()
        );
    }
}
