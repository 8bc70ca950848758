//! A sparse matrix as it is stored: in lines, or as triplets; whole, or one triangle of it.
/// Where the numbers of a matrix are.
#[derive(Clone, Copy, Debug)]
pub enum Entries<'a> {
    /// In lines.
    Lines { starts: &'a [i32], places: &'a [i32] },
    /// For each number its line, and its place along it, in any order; a place may come more than once.
    Triplets { lines: &'a [i32], places: &'a [i32] },
}

/// What is stored of a matrix, and so what is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// All of it.
    #[default]
    Whole,
    /// One triangle of a symmetric matrix, with its diagonal.
    Mirrored(Triangle),
    /// One triangle without its diagonal, which is all ones.
    UnitDiagonal(Triangle),
}

/// Where places are in each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// At the line's own number or before.
    Before,
    /// At the line's own number or behind.
    Behind,
}

impl Stored {
    /// By the number that R calls it: 0 all, 1 or 2 a triangle of a symmetric matrix, 3 or 4 one without its diagonal of ones; the first of each
    /// pair has places before its line's number.
    pub fn numbered(number: u8) -> Stored {
        match number {
            1 => Stored::Mirrored(Triangle::Before),
            2 => Stored::Mirrored(Triangle::Behind),
            3 => Stored::UnitDiagonal(Triangle::Before),
            4 => Stored::UnitDiagonal(Triangle::Behind),
            _ => Stored::Whole,
        }
    }

    /// Whether a place of a line may be stored.
    pub(super) fn may_have(self, line: usize, place: usize) -> bool {
        match self {
            Stored::Whole => true,
            Stored::Mirrored(Triangle::Before) => place <= line,
            Stored::Mirrored(Triangle::Behind) => place >= line,
            Stored::UnitDiagonal(Triangle::Before) => place < line,
            Stored::UnitDiagonal(Triangle::Behind) => place > line,
        }
    }
}

impl<'a> Entries<'a> {
    pub(super) fn places(&self) -> &'a [i32] {
        match self {
            Entries::Lines { places, .. } | Entries::Triplets { places, .. } => places,
        }
    }
}
