//! The numbers of sparse matrices.

/// A number of a matrix; `()` where only the places are stored.
pub trait Number: Copy + Send + Sync {
    /// One, or TRUE.
    const ONE: Self;

    /// What two numbers of one place are together: their sum, or whether one of them is TRUE.
    fn joined(self, other: Self) -> Self;
}

impl Number for () {
    const ONE: () = ();

    fn joined(self, (): ()) {}
}

/// A logical value: 0, 1 or NA, the least integer.
impl Number for i32 {
    const ONE: i32 = 1;

    fn joined(self, other: i32) -> i32 {
        match (self, other) {
            (1, _) | (_, 1) => 1,
            _ => self.min(other),
        }
    }
}

impl Number for f64 {
    const ONE: f64 = 1.0;

    fn joined(self, other: f64) -> f64 {
        self + other
    }
}

/// A complex number.
impl Number for [f64; 2] {
    const ONE: [f64; 2] = [1.0, 0.0];

    fn joined(self, other: [f64; 2]) -> [f64; 2] {
        [self[0] + other[0], self[1] + other[1]]
    }
}
