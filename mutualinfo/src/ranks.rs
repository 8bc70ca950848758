//! Numbers as classes of equal frequency.

/// The class of each value among `bins` of equal frequency, from 0: by its rank, tied values by their mean rank. No value is NaN.
pub fn equal_frequencies(values: &[f64], bins: usize) -> Vec<i32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
    let mut codes = vec![0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a as usize] == values[b as usize]) {
        let rank = before as f64 + (tied.len() as f64 + 1.0) / 2.0;
        let class = (rank / values.len() as f64 * bins as f64).ceil() as i32 - 1;
        tied.iter().for_each(|&at| codes[at as usize] = class);
        before += tied.len();
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_equally_frequent_and_ties_stay_together() {
        assert_eq!(equal_frequencies(&[5.0, 1.0, 3.0, 9.0], 2), [1, 0, 0, 1]);
        assert_eq!(equal_frequencies(&[0.0, -0.0, 7.0, 7.0, 7.0, 8.0], 3), [0, 0, 1, 1, 1, 2]);
        assert_eq!(equal_frequencies(&[2.0; 5], 4), [2; 5]);
        assert!(equal_frequencies(&[], 3).is_empty());
    }
}
