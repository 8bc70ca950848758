//! Numbers and classes, by Pareto density estimation: each class has a curve of counts over the cells, which is smoothed and becomes its
//! density p(x | y); the density of all is their mixture. The information is the mean of log(p(x | y) / p(x)).
use crate::coded::Coded;
use crate::grid::{Grid, CELLS};
use crate::smoother::Smoother;

/// So many curves are smoothed side by side.
const LANES: usize = 32;

/// The information between numbers and classes. A cell counts where both densities exceed `eps`.
///
/// # Panics
/// If one variable is longer than the other.
pub fn of_grid_and_classes(x: Grid, y: Coded, eps: f64) -> f64 {
    assert_eq!(x.cells.len(), y.len());
    let eps = x.least_density(eps);
    let curves = Curves::of(x, y);
    let mut batch = vec![0.0; CELLS * LANES.min(curves.classes.len())];
    let mut all = vec![0.0; CELLS];
    for classes in curves.classes.chunks(LANES) {
        let rows = curves.densities(classes, &mut batch);
        for (cell, densities) in all.iter_mut().zip(rows.chunks_exact(classes.len())) {
            *cell += densities
                .iter()
                .zip(classes)
                .map(|(density, class)| density * curves.share(class))
                .sum::<f64>();
        }
    }
    let mut sum = 0.0;
    for classes in curves.classes.chunks(LANES) {
        // A single batch is still there.
        let whole = curves.classes.len() <= LANES;
        let rows = if whole { &batch[..] } else { curves.densities(classes, &mut batch) };
        for (&of_all, densities) in
            all.iter().zip(rows.chunks_exact(classes.len())).filter(|(&of_all, _)| of_all > eps)
        {
            for (&density, class) in densities.iter().zip(classes).filter(|(&density, _)| density > eps) {
                sum += curves.share(class) * density * (density / of_all).ln();
            }
        }
    }
    (sum * x.step).max(0.0)
}

/// The cells of each class's values.
struct Curves {
    /// Where each class that has values has its cells.
    classes: Vec<std::ops::Range<usize>>,
    cells: Vec<u16>,
    smoother: &'static Smoother,
    step: f64,
}

impl Curves {
    /// Sorts the cells by class.
    fn of(x: Grid, y: Coded) -> Curves {
        let sizes = y.sizes();
        let mut next: Vec<usize> = sizes
            .iter()
            .scan(0, |end, size| {
                *end += size;
                Some(*end - size)
            })
            .collect();
        let classes =
            next.iter().zip(&sizes).filter(|(_, &size)| size > 0).map(|(&start, size)| start..start + size);
        let classes = classes.collect();
        let mut cells = vec![0; y.len()];
        for (cell, class) in x.cells.iter().zip(y.iter()) {
            cells[next[class]] = cell as u16;
            next[class] += 1;
        }
        Curves { classes, cells, smoother: Smoother::of(x.distinct), step: x.step }
    }

    /// p(y)
    fn share(&self, class: &std::ops::Range<usize>) -> f64 {
        class.len() as f64 / self.cells.len() as f64
    }

    /// The densities of these classes: cell after cell, in each one value a class.
    fn densities<'b>(&self, classes: &[std::ops::Range<usize>], batch: &'b mut [f64]) -> &'b [f64] {
        let lanes = classes.len();
        let batch = &mut batch[..CELLS * lanes];
        batch.fill(0.0);
        for (lane, class) in classes.iter().enumerate() {
            for &cell in &self.cells[class.clone()] {
                batch[usize::from(cell) * lanes + lane] += 1.0 / self.cells.len() as f64;
            }
        }
        self.smoother.smooth(batch, lanes);
        let mut masses = [0.0; LANES];
        for row in batch.chunks_exact_mut(lanes) {
            for (mass, value) in masses.iter_mut().zip(row) {
                *value = value.max(0.0);
                *mass += *value;
            }
        }
        masses.iter_mut().for_each(|mass| *mass = 1.0 / (*mass * self.step));
        for row in batch.chunks_exact_mut(lanes) {
            row.iter_mut().zip(&masses).for_each(|(value, scale)| *value *= scale);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{cells, Cells};

    fn information(x: &Cells, y: &[i32], count: usize) -> f64 {
        let grid = Grid::new(&x.codes, x.distinct, x.step).unwrap();
        of_grid_and_classes(grid, Coded::new(y, count).unwrap(), 1000.0 * f64::EPSILON)
    }

    /// Values that lie as evenly as can be, in an order of their own.
    fn even(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * 7919 % n) as f64 / n as f64).collect()
    }

    #[test]
    fn classes_far_apart_are_known_and_one_class_says_nothing() {
        let n = 2000;
        let y: Vec<i32> = (0..n).map(|i| i % 4).collect();
        let x: Vec<f64> =
            even(n as usize).iter().zip(&y).map(|(x, class)| x / 100.0 + f64::from(*class)).collect();
        let x = cells(&x).unwrap().unwrap();
        let known = information(&x, &y, 4);
        // Smoothing blurs the classes.
        assert!(known > 0.8 * 4f64.ln() && known <= 4f64.ln(), "{known}");
        assert!(information(&x, &vec![0; n as usize], 1).abs() < 1e-12);
        // A class without values changes nothing.
        assert_eq!(information(&x, &y, 9), known);
    }

    #[test]
    fn more_classes_than_a_batch_has() {
        let n = 4000;
        let x = cells(&even(n)).unwrap().unwrap();
        // Classes by value: twice as fine a cut, as the smoothing allows, tells more.
        let cut =
            |parts: i32| -> Vec<i32> { even(n).iter().map(|x| (x * f64::from(parts)) as i32).collect() };
        let (coarse, fine) = (information(&x, &cut(20), 20), information(&x, &cut(100), 100));
        assert!(fine > coarse && coarse > 1.0, "{coarse} {fine}");
        // As many classes in another order are the same.
        let turned: Vec<i32> = cut(100).iter().map(|class| 99 - class).collect();
        assert!((information(&x, &turned, 100) - fine).abs() < 1e-10);
    }

    #[test]
    fn scale_does_not_matter() {
        let y: Vec<i32> = (0..500).map(|i| i % 3).collect();
        let x: Vec<f64> = even(500).iter().zip(&y).map(|(x, class)| x + 0.3 * f64::from(*class)).collect();
        let known = information(&cells(&x).unwrap().unwrap(), &y, 3);
        for scale in [1e-12, 1e15] {
            let scaled: Vec<f64> = x.iter().map(|x| x * scale).collect();
            let found = information(&cells(&scaled).unwrap().unwrap(), &y, 3);
            assert!((found - known).abs() < 1e-5, "{scale}: {found} {known}");
        }
    }
}
