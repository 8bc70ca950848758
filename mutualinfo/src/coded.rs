//! A variable as the numbers of the classes, or of the cells, that its values are in.

/// Numbers of classes, each below their count.
#[derive(Debug, Clone, Copy)]
pub struct Coded<'a> {
    codes: &'a [i32],
    count: usize,
}

impl<'a> Coded<'a> {
    /// `None` if a code is not from 0 to `count - 1`.
    pub fn new(codes: &'a [i32], count: usize) -> Option<Self> {
        codes
            .iter()
            .all(|&code| usize::try_from(code).is_ok_and(|code| code < count))
            .then_some(Coded { codes, count })
    }

    /// How many classes there may be.
    pub fn count(self) -> usize {
        self.count
    }

    /// How many values there are.
    pub fn len(self) -> usize {
        self.codes.len()
    }

    /// Whether there is no value.
    pub fn is_empty(self) -> bool {
        self.codes.is_empty()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = usize> + 'a {
        self.codes.iter().map(|&code| code as usize)
    }

    /// How many values each class has.
    pub(crate) fn sizes(self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        self.iter().for_each(|code| sizes[code] += 1);
        sizes
    }
}
