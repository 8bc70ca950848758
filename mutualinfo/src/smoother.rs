//! The penalised smoother of Eilers and Goeman (2004): z = (I + λ² D2'D2 + 2λ D1'D1)⁻¹ h, with first and second differences D1 and D2.
//! The matrix has five diagonals, and depends on λ alone: it is factored once a process for each λ, and solved by two walks over the
//! cells. Curves are smoothed side by side: cell after cell, and in each cell one value a curve, so that a walk is made of vector operations.
use std::sync::OnceLock;

use crate::grid::CELLS;

/// From so many distinct values on λ is the same.
const MOST: usize = 250;

/// The factors L and D of the matrix, L D L'.
#[derive(Debug)]
pub(crate) struct Smoother {
    /// L's two diagonals: what row i takes of the row before, and of the one before that.
    near: [f64; CELLS],
    far: [f64; CELLS],
    /// 1 / D.
    scale: [f64; CELLS],
}

impl Smoother {
    /// For a variable of so many distinct values: λ is a quarter of their number, or of 250.
    pub(crate) fn of(distinct: usize) -> &'static Smoother {
        static KNOWN: [OnceLock<Box<Smoother>>; MOST] = [const { OnceLock::new() }; MOST];
        let distinct = distinct.clamp(1, MOST);
        KNOWN[distinct - 1].get_or_init(|| Box::new(Smoother::factored(distinct as f64 / 4.0)))
    }

    fn factored(lambda: f64) -> Smoother {
        let [diagonal, first, second] = penalty(lambda);
        let (mut near, mut far, mut scale) = ([0.0; CELLS], [0.0; CELLS], [0.0; CELLS]);
        let mut d = [0.0; CELLS];
        for i in 0..CELLS {
            d[i] = diagonal[i];
            if i > 1 {
                far[i] = second[i - 2] / d[i - 2];
                d[i] -= far[i] * far[i] * d[i - 2];
            }
            if i > 0 {
                let above = if i > 1 { far[i] * d[i - 2] * near[i - 1] } else { 0.0 };
                near[i] = (first[i - 1] - above) / d[i - 1];
                d[i] -= near[i] * near[i] * d[i - 1];
            }
            scale[i] = 1.0 / d[i];
        }
        Smoother { near, far, scale }
    }

    /// Smooths `lanes` curves in place. Value `i * lanes + k` is curve k's in cell i.
    pub(crate) fn smooth(&self, curves: &mut [f64], lanes: usize) {
        assert_eq!(curves.len(), CELLS * lanes);
        for i in 1..CELLS {
            let (before, row) = curves.split_at_mut(i * lanes);
            let near = &before[(i - 1) * lanes..];
            let far = if i > 1 { &before[(i - 2) * lanes..(i - 1) * lanes] } else { near };
            take(&mut row[..lanes], (self.near[i], near), (self.far[i], far));
        }
        for i in (0..CELLS).rev() {
            let (row, after) = curves[i * lanes..].split_at_mut(lanes);
            row.iter_mut().for_each(|value| *value *= self.scale[i]);
            if i + 1 < CELLS {
                let near = &after[..lanes];
                let (factor, far) =
                    if i + 2 < CELLS { (self.far[i + 2], &after[lanes..2 * lanes]) } else { (0.0, near) };
                take(row, (self.near[i + 1], near), (factor, far));
            }
        }
    }
}

/// row - a * near - b * far
fn take(row: &mut [f64], near: (f64, &[f64]), far: (f64, &[f64])) {
    for ((value, one), two) in row.iter_mut().zip(near.1).zip(far.1) {
        *value -= near.0 * one + far.0 * two;
    }
}

/// The diagonals of the matrix: the main one, and the two beside it.
fn penalty(lambda: f64) -> [[f64; CELLS]; 3] {
    let mut diagonals = [[1.0; CELLS], [0.0; CELLS], [0.0; CELLS]];
    let mut add = |stencil: &[f64], weight: f64| {
        for start in 0..=CELLS - stencil.len() {
            for (i, a) in stencil.iter().enumerate() {
                for (apart, b) in stencil[i..].iter().enumerate() {
                    diagonals[apart][start + i] += weight * a * b;
                }
            }
        }
    };
    add(&[-1.0, 1.0], 2.0 * lambda);
    add(&[1.0, -2.0, 1.0], lambda * lambda);
    diagonals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (I + λ² D2'D2 + 2λ D1'D1) z, by differences.
    fn penalised(z: &[f64], lambda: f64) -> Vec<f64> {
        let first: Vec<f64> = z.windows(2).map(|w| w[1] - w[0]).collect();
        let second: Vec<f64> = first.windows(2).map(|w| w[1] - w[0]).collect();
        let mut out = z.to_vec();
        for (i, d) in first.iter().enumerate() {
            out[i] -= 2.0 * lambda * d;
            out[i + 1] += 2.0 * lambda * d;
        }
        for (i, d) in second.iter().enumerate() {
            for (k, weight) in [1.0, -2.0, 1.0].into_iter().enumerate() {
                out[i + k] += lambda * lambda * weight * d;
            }
        }
        out
    }

    #[test]
    fn solves_the_system_for_each_curve() {
        for (distinct, lambda) in [(1, 0.25), (7, 1.75), (250, 62.5), (5000, 62.5)] {
            let lanes = 3;
            let curve = |lane: usize, i: usize| ((i * (lane + 3) * 7919) % 101) as f64 / 101.0;
            let mut curves: Vec<f64> = (0..CELLS * lanes).map(|at| curve(at % lanes, at / lanes)).collect();
            Smoother::of(distinct).smooth(&mut curves, lanes);
            for lane in 0..lanes {
                let z: Vec<f64> = curves.iter().skip(lane).step_by(lanes).copied().collect();
                for (i, h) in penalised(&z, lambda).iter().enumerate() {
                    assert!((h - curve(lane, i)).abs() < 1e-9, "{distinct} {lane} {i}: {h}");
                }
            }
        }
    }

    #[test]
    fn keeps_the_mass_and_a_constant() {
        let mut curve = vec![0.0; CELLS];
        (curve[100], curve[400]) = (3.0, 1.0);
        Smoother::of(250).smooth(&mut curve, 1);
        assert!((curve.iter().sum::<f64>() - 4.0).abs() < 1e-10);
        let mut flat = vec![2.5; CELLS];
        Smoother::of(250).smooth(&mut flat, 1);
        assert!(flat.iter().all(|value| (value - 2.5).abs() < 1e-9));
    }
}
