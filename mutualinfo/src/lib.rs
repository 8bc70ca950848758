//! Estimators of mutual information, in nats. They know no R: numbers and codes come in as slices, one number goes out.
//!
//! An estimate has two steps, so that what many estimates share is done once: each variable is prepared alone, to numbers of
//! classes ([`Coded`]) or to cells of a density ([`Grid`], from [`cells`]), and prepared variables meet.
//!
//! | variables | method | here |
//! |---|---|---|
//! | two of classes | plug-in over the contingency table | [`of_classes`] |
//! | numbers and classes | Pareto density estimation | [`of_grid_and_classes`] |
//! | two of numbers | the same, in the plane | [`of_grids`] |
//! | numbers | equal frequencies, then the plug-in | [`equal_frequencies`] |
//! | two of numbers | nearest neighbours | [`of_neighbours`] |
mod coded;
mod density;
mod error;
mod grid;
mod neighbours;
mod plane;
mod radius;
mod ranks;
mod smoother;
mod table;
mod tree;

pub use coded::Coded;
pub use density::of_grid_and_classes;
pub use error::Unusable;
pub use grid::{cells, Cells, Grid, CELLS};
pub use neighbours::of_neighbours;
pub use plane::of_grids;
pub use ranks::equal_frequencies;
pub use table::of_classes;
