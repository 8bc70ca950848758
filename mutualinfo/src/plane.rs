//! Two variables of numbers, by Pareto density estimation in the plane: the counts over the cells of both, smoothed along one and along
//! the other, are the joint density. From there each cell of y is what a class is in `density`.
use crate::grid::{Grid, CELLS};
use crate::smoother::Smoother;

/// The information between two variables of numbers. A cell counts where p(x) and p(x | y) exceed `eps`.
///
/// # Panics
/// If one variable is longer than the other.
pub fn of_grids(x: Grid, y: Grid, eps: f64) -> f64 {
    let eps = x.least_density(eps);
    let joint = joint_density(x, y);
    let mut of_x = vec![0.0; CELLS];
    for row in joint.chunks_exact(CELLS) {
        of_x.iter_mut().zip(row).for_each(|(sum, density)| *sum += density * y.step);
    }
    let mut sum = 0.0;
    for row in joint.chunks_exact(CELLS) {
        let of_y = row.iter().sum::<f64>() * x.step;
        if of_y <= 0.0 {
            continue;
        }
        for (&density, &of_x) in row.iter().zip(&of_x) {
            let given_y = density / of_y;
            if of_x > eps && given_y > eps {
                sum += density * (given_y / of_x).ln();
            }
        }
    }
    (sum * x.step * y.step).max(0.0)
}

/// p(x, y): a row a cell of y, in it a value a cell of x.
fn joint_density(x: Grid, y: Grid) -> Vec<f64> {
    assert_eq!(x.cells.len(), y.cells.len());
    let share = 1.0 / x.cells.len() as f64;
    let mut by_x = vec![0.0; CELLS * CELLS];
    x.cells.iter().zip(y.cells.iter()).for_each(|(x, y)| by_x[x * CELLS + y] += share);
    Smoother::of(x.distinct).smooth(&mut by_x, CELLS);
    let mut by_y = transposed(&by_x);
    Smoother::of(y.distinct).smooth(&mut by_y, CELLS);
    by_y.iter_mut().for_each(|value| *value = value.max(0.0));
    let scale = 1.0 / (by_y.iter().sum::<f64>() * x.step * y.step);
    by_y.iter_mut().for_each(|value| *value *= scale);
    by_y
}

/// Block by block, so that both sides stay in the cache.
fn transposed(square: &[f64]) -> Vec<f64> {
    const BLOCK: usize = 16;
    let mut out = vec![0.0; square.len()];
    for top in (0..CELLS).step_by(BLOCK) {
        for left in (0..CELLS).step_by(BLOCK) {
            for row in top..top + BLOCK {
                for column in left..left + BLOCK {
                    out[column * CELLS + row] = square[row * CELLS + column];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{cells, Cells};

    fn grid(cells: &Cells) -> Grid<'_> {
        Grid::new(&cells.codes, cells.distinct, cells.step).unwrap()
    }

    #[test]
    fn symmetric_and_nothing_between_the_sides_of_a_lattice() {
        let (x, y): (Vec<f64>, Vec<f64>) = (0..1600).map(|i| (f64::from(i / 40), f64::from(i % 40))).unzip();
        let mixed: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + 0.2 * y).collect();
        let eps = 1000.0 * f64::EPSILON;
        let [x, y, mixed] = [x, y, mixed].map(|values| cells(&values).unwrap().unwrap());
        assert!(of_grids(grid(&x), grid(&y), eps) < 1e-9);
        let (one, other) = (of_grids(grid(&x), grid(&mixed), eps), of_grids(grid(&mixed), grid(&x), eps));
        assert!(one > 0.5 && (one - other).abs() < 1e-9, "{one} {other}");
    }

    #[test]
    fn the_density_has_mass_one() {
        let x: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 101).sqrt()).collect();
        let x = cells(&x).unwrap().unwrap();
        let mass = joint_density(grid(&x), grid(&x)).iter().sum::<f64>() * x.step * x.step;
        assert!((mass - 1.0).abs() < 1e-12);
    }
}
