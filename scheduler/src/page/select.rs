//! Which items of a vector or an array are meant: all, those at some positions, or a grid of positions along each dimension.
//!
//! What is meant is kept as *stretches* of positions that follow each other, and handed out as *runs*, the longest pieces that
//! lie side by side in memory: a column is one run, and so are several columns in a row.

/// Positions from 0 on, in the order in which they were named, those that follow each other in one stretch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretches {
    list: Vec<(u64, u64)>,
    count: u64,
}

impl Stretches {
    /// All positions below `len`.
    pub fn whole(len: u64) -> Self {
        let mut all = Stretches::default();
        if len > 0 {
            all.list.push((0, len));
            all.count = len;
        }
        all
    }

    /// Names one more position.
    pub fn push(&mut self, at: u64) {
        self.count += 1;
        match self.list.last_mut() {
            Some((start, len)) if *start + *len == at => *len += 1,
            _ => self.list.push((at, 1)),
        }
    }

    /// How many positions were named.
    pub fn count(&self) -> u64 {
        self.count
    }

    fn is_whole(&self, len: u64) -> bool {
        self.list == [(0, len)]
    }

    /// The lowest, and the one behind the highest.
    fn bounds(&self) -> Option<(u64, u64)> {
        let low = self.list.iter().map(|&(start, _)| start).min()?;
        let high = self.list.iter().map(|&(start, len)| start + len).max()?;
        Some((low, high))
    }
}

/// Items side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first item.
    pub at: u64,
    /// How many.
    pub len: u64,
    /// How many items were meant before these.
    pub from: u64,
}

/// The items that are meant: along each dimension some positions, the first dimension's fastest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Positions along a dimension, and how far apart two neighbours along it lie.
    axes: Vec<(Stretches, u64)>,
}

impl Selection {
    /// Positions of a vector, or of an array as if it were one.
    pub fn items(positions: Stretches) -> Self {
        Selection { axes: vec![(positions, 1)] }
    }

    /// Positions along each dimension of an array, with the dimension's extent; every position is below it.
    pub fn grid(along: Vec<(Stretches, u64)>) -> Self {
        let mut stride = 1_u64;
        let mut axes = Vec::with_capacity(along.len());
        let mut along = along.into_iter().peekable();
        while let Some((mut positions, mut extent)) = along.next() {
            // All of a dimension: its next one's positions are stretches of whole ones of it.
            while let Some((next, more)) = along.next_if(|_| axes.is_empty() && positions.is_whole(extent)) {
                let list = next.list.iter().map(|&(start, len)| (start * extent, len * extent)).collect();
                positions = Stretches { list, count: next.count * extent };
                extent *= more;
            }
            axes.push((positions, stride));
            stride = stride.saturating_mul(extent);
        }
        Selection { axes }
    }

    /// How many items are meant; one that is named twice counts twice.
    pub fn count(&self) -> u64 {
        self.axes.iter().fold(1, |count: u64, (positions, _)| count.saturating_mul(positions.count))
    }

    /// The lowest item that is meant, and the one behind the highest; `None` when none is.
    pub fn bounds(&self) -> Option<(u64, u64)> {
        let (mut low, mut last) = (0, 0);
        for (positions, stride) in &self.axes {
            let (first, end) = positions.bounds()?;
            low += first * stride;
            last += (end - 1) * stride;
        }
        Some((low, last + 1))
    }

    /// Visits all runs, in the order in which the items were named; ends at the first error.
    ///
    /// # Errors
    /// The first that `visit` gives.
    pub fn runs<E>(&self, visit: &mut dyn FnMut(Run) -> Result<(), E>) -> Result<(), E> {
        let mut pending = Run { at: 0, len: 0, from: 0 };
        walk(&self.axes, 0, &mut |at, len| {
            if pending.len > 0 && pending.at + pending.len == at {
                pending.len += len;
                return Ok(());
            }
            let next = Run { at, len, from: pending.from + pending.len };
            let done = std::mem::replace(&mut pending, next);
            if done.len > 0 {
                visit(done)
            } else {
                Ok(())
            }
        })?;
        if pending.len > 0 {
            visit(pending)?;
        }
        Ok(())
    }
}

/// The last dimension outermost.
fn walk<E>(
    axes: &[(Stretches, u64)],
    base: u64,
    emit: &mut dyn FnMut(u64, u64) -> Result<(), E>,
) -> Result<(), E> {
    let Some(((positions, stride), inner)) = axes.split_last() else { return Ok(()) };
    for &(start, len) in &positions.list {
        if inner.is_empty() {
            emit(base + start * stride, len)?;
            continue;
        }
        for position in start..start + len {
            walk(inner, base + position * stride, emit)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stretches(positions: &[u64]) -> Stretches {
        let mut all = Stretches::default();
        positions.iter().for_each(|&at| all.push(at));
        all
    }

    fn runs(selection: &Selection) -> Vec<Run> {
        let mut runs = Vec::new();
        selection
            .runs(&mut |run| {
                runs.push(run);
                Ok::<(), ()>(())
            })
            .unwrap();
        runs
    }

    fn run(at: u64, len: u64, from: u64) -> Run {
        Run { at, len, from }
    }

    #[test]
    fn columns_are_one_run_and_rows_are_many() {
        let all = |extent| (Stretches::whole(extent), extent);
        let columns = Selection::grid(vec![all(10), (stretches(&[2, 3, 7]), 8)]);
        assert_eq!(runs(&columns), [run(20, 20, 0), run(70, 10, 20)]);
        let row = Selection::grid(vec![(stretches(&[4]), 10), all(3)]);
        assert_eq!(runs(&row), [run(4, 1, 0), run(14, 1, 1), run(24, 1, 2)]);
        let everything = Selection::grid(vec![all(1 << 20), all(1 << 20), all(1 << 10)]);
        assert_eq!(runs(&everything), [run(0, 1 << 50, 0)]);
        let slab = Selection::grid(vec![all(10), all(8), (stretches(&[1]), 3)]);
        assert_eq!(runs(&slab), [run(80, 80, 0)]);
    }

    #[test]
    fn a_sequence_is_one_stretch_and_a_position_named_twice_comes_twice() {
        assert_eq!(
            runs(&Selection::items(stretches(&[5, 6, 7, 7, 8, 2]))),
            [run(5, 3, 0), run(7, 2, 3), run(2, 1, 5)]
        );
        assert_eq!(Selection::items(stretches(&[5, 6, 7, 7, 8, 2])).bounds(), Some((2, 9)));
    }

    #[test]
    fn nothing_is_no_run() {
        for empty in [
            Selection::items(Stretches::whole(0)),
            Selection::grid(vec![(stretches(&[]), 5), (Stretches::whole(3), 3)]),
            Selection::grid(vec![(Stretches::whole(0), 0), (Stretches::whole(3), 3)]),
        ] {
            assert_eq!((empty.count(), empty.bounds(), runs(&empty).len()), (0, None, 0));
        }
    }

    #[test]
    fn an_error_ends_the_visit() {
        let mut seen = 0;
        let all = Selection::items(stretches(&[1, 3, 5]));
        assert_eq!(
            all.runs(&mut |_| {
                seen += 1;
                if seen == 2 {
                    Err("full")
                } else {
                    Ok(())
                }
            }),
            Err("full")
        );
        assert_eq!(seen, 2);
    }

    proptest! {
        /// Against every item looked up alone.
        #[test]
        fn a_grid_is_what_its_items_are(
            along in prop::collection::vec(
                (1_u64..6).prop_flat_map(|extent| {
                    let some = prop::collection::vec(0..extent, 0..8);
                    (prop_oneof![Just((0..extent).collect::<Vec<_>>()), some], Just(extent))
                }),
                1..5,
            )
        ) {
            let mut items = vec![0_u64];
            let mut stride: u64 = along.iter().map(|(_, extent)| extent).product();
            for (positions, extent) in along.iter().rev() {
                stride /= extent;
                items = items
                    .iter()
                    .flat_map(|item| positions.iter().map(move |at| item + at * stride))
                    .collect();
            }
            let selection = Selection::grid(along.iter().map(|(at, extent)| (stretches(at), *extent)).collect());
            prop_assert_eq!(selection.count(), items.len() as u64);
            let bounds = items.iter().min().map(|&low| (low, items.iter().max().unwrap() + 1));
            prop_assert_eq!(selection.bounds(), bounds);
            let runs = runs(&selection);
            let back: Vec<u64> = runs.iter().flat_map(|run| run.at..run.at + run.len).collect();
            prop_assert_eq!(back, items);
            prop_assert!(runs.windows(2).all(|two| two[0].from + two[0].len == two[1].from));
            prop_assert!(runs.windows(2).all(|two| two[0].at + two[0].len != two[1].at), "not the longest");
        }
    }
}
