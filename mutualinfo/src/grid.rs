//! Numbers as cells of a density: equally spaced centres from one radius below the least value to one above the greatest. A value is in
//! the cell whose centre is nearest; on the edge between two, in the upper one.
use crate::coded::Coded;
use crate::error::Unusable;
use crate::radius::pareto_radius;

/// How many cells there are.
pub const CELLS: usize = 512;
/// An eps of at most this is the default's, and is to leave out nothing that matters.
const SMALL_EPS: f64 = 1000.0 * f64::EPSILON;
/// The share of the values that such an eps may leave out.
const LEFT_OUT: f64 = 1e-6;

/// The cell of each value, and what the smoothing needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// From 0 to [`CELLS`] - 1.
    pub codes: Vec<i32>,
    /// How many distinct values there are.
    pub distinct: usize,
    /// From centre to centre.
    pub step: f64,
}

/// A variable of numbers that was prepared.
#[derive(Debug, Clone, Copy)]
pub struct Grid<'a> {
    pub(crate) cells: Coded<'a>,
    pub(crate) distinct: usize,
    pub(crate) step: f64,
}

impl<'a> Grid<'a> {
    /// What [`Cells`] say; `None` if they cannot be so.
    pub fn new(codes: &'a [i32], distinct: usize, step: f64) -> Option<Self> {
        let cells = Coded::new(codes, CELLS)?;
        (distinct > 0 && step > 0.0 && step.is_finite()).then_some(Grid { cells, distinct, step })
    }

    /// The density above which a cell counts. Densities have the unit 1/x: for values of large scale the default would leave out much.
    pub(crate) fn least_density(&self, eps: f64) -> f64 {
        if eps > SMALL_EPS {
            eps
        } else {
            eps.min(LEFT_OUT / (self.step * CELLS as f64))
        }
    }
}

/// The cells of finite values; `None` where all are the same, or there is none.
///
/// # Errors
/// [`Unusable`] where doubles are too coarse or too short for the grid.
pub fn cells(values: &[f64]) -> Result<Option<Cells>, Unusable> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&least), Some(&greatest)) = (sorted.first(), sorted.last()) else { return Ok(None) };
    if least == greatest {
        return Ok(None);
    }
    // What is computed stays finite: centres up to 3 ranges apart, and the sum of two.
    if least.abs().max(greatest.abs()) > f64::MAX / 16.0 {
        return Err(Unusable::TooFar);
    }
    let radius = pareto_radius(&sorted);
    let axis = Axis::between(least - radius, greatest + radius)?;
    let distinct = sorted.chunk_by(|a, b| a == b).count();
    let codes = values.iter().map(|&value| axis.cell(value) as i32).collect();
    Ok(Some(Cells { codes, distinct, step: axis.step }))
}

/// The edges between neighbouring cells.
struct Axis {
    from: f64,
    step: f64,
    edges: Vec<f64>,
}

impl Axis {
    fn between(from: f64, to: f64) -> Result<Axis, Unusable> {
        let step = (to - from) / (CELLS - 1) as f64;
        // A step must be more than what is lost to rounding.
        let size = from.abs().max(to.abs());
        if step <= size * f64::EPSILON * 16.0 || step < f64::MIN_POSITIVE {
            return Err(Unusable::TooClose);
        }
        let centre = |i: usize| if i == CELLS - 1 { to } else { from + i as f64 * step };
        let edges = (1..CELLS).map(|i| (centre(i - 1) + centre(i)) / 2.0).collect();
        Ok(Axis { from, step, edges })
    }

    /// As many edges are not above the value.
    fn cell(&self, value: f64) -> usize {
        let mut cell = (((value - self.from) / self.step + 0.5) as usize).min(CELLS - 1);
        while cell > 0 && value < self.edges[cell - 1] {
            cell -= 1;
        }
        while cell < CELLS - 1 && value >= self.edges[cell] {
            cell += 1;
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_the_cells_of_the_nearest_centres() {
        // Distances 1, 3 and 4, of which 18 % is at 1 + 0.36 * 2.
        let found = cells(&[0.0, 4.0, 1.0]).unwrap().unwrap();
        let radius = 1.72;
        let step = (4.0 + 2.0 * radius) / 511.0;
        assert!((found.step - step).abs() < 1e-15 && found.distinct == 3);
        for (code, value) in found.codes.iter().zip([0.0, 4.0, 1.0]) {
            assert_eq!(*code, ((value + radius) / step).round() as i32);
        }
    }

    #[test]
    fn a_value_on_an_edge_is_in_the_upper_cell() {
        let axis = Axis::between(0.0, 511.0).unwrap();
        assert_eq!([axis.cell(0.0), axis.cell(0.5), axis.cell(255.5), axis.cell(511.0)], [0, 1, 256, 511]);
        assert_eq!(
            [axis.cell(0.499), axis.cell(510.499), axis.cell(-1.0), axis.cell(600.0)],
            [0, 510, 0, 511]
        );
    }

    #[test]
    fn what_has_no_grid_is_said() {
        assert_eq!(cells(&[]), Ok(None));
        assert_eq!(cells(&[3.0; 4]), Ok(None));
        assert_eq!(cells(&[0.0, -0.0]), Ok(None));
        assert_eq!(cells(&[-1e308, 1e308]), Err(Unusable::TooFar));
        assert_eq!(cells(&[1e16, 1e16 + 2.0]), Err(Unusable::TooClose));
        assert_eq!(cells(&[0.0, 5e-324]), Err(Unusable::TooClose));
        assert!(cells(&[1e-300, 2e-300]).unwrap().is_some());
        assert!(cells(&[1.7e9, 1.7e9 + 1.0]).unwrap().is_some());
    }

    #[test]
    fn a_small_eps_leaves_out_little_at_any_scale() {
        let grid = |step| Grid::new(&[], 1, step).unwrap();
        let eps = 1000.0 * f64::EPSILON;
        assert_eq!(grid(1.0).least_density(eps), eps);
        assert!(grid(1e12).least_density(eps) < 1e-6 / 1e12 / 500.0);
        assert_eq!(grid(1e12).least_density(0.01), 0.01);
        assert_eq!(grid(1.0).least_density(0.0), 0.0);
    }
}
