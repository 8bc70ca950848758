//! Random number streams that depend on the element's index and the seed alone, never on workers, chunks or retries.
//!
//! Element `i` gets stream `i` of L'Ecuyer's MRG32k3a, the generator that R calls "L'Ecuyer-CMRG": the seed's state moved
//! ahead by `i` times 2^127 steps (L'Ecuyer, Simard, Chen and Kelton 2002, "An object-oriented random-number package with
//! many long streams and substreams"). `parallel::nextRNGStream` steps the same way, one stream at a time; here the jump
//! to any stream takes `O(log i)`.

type Matrix = [[u64; 3]; 3];

const M1: u64 = 4294967087;
const M2: u64 = 4294944443;
/// One step of the first component, as a matrix modulo [`M1`].
const A1: Matrix = [[0, 1, 0], [0, 0, 1], [M1 - 810728, 1403580, 0]];
/// One step of the second component, as a matrix modulo [`M2`].
const A2: Matrix = [[0, 1, 0], [0, 0, 1], [M2 - 1370589, 0, 527612]];

/// A state of the generator: three numbers for each component.
pub(crate) type State = [u32; 6];

fn multiply(a: &Matrix, b: &Matrix, modulus: u64) -> Matrix {
    let mut product = [[0; 3]; 3];
    for (row, out) in a.iter().zip(&mut product) {
        for (column, cell) in out.iter_mut().enumerate() {
            // Each product is below 2^64 / 1 because both factors are below 2^32; each is reduced before it is added.
            *cell = (0..3).fold(0, |sum, k| (sum + row[k] * b[k][column] % modulus) % modulus);
        }
    }
    product
}

fn power(base: &Matrix, mut exponent: u64, modulus: u64) -> Matrix {
    let mut result = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    let mut square = *base;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(&result, &square, modulus);
        }
        square = multiply(&square, &square, modulus);
        exponent >>= 1;
    }
    result
}

/// The matrix that moves 2^127 steps.
fn stream_step(one: &Matrix, modulus: u64) -> Matrix {
    (0..127).fold(*one, |matrix, _| multiply(&matrix, &matrix, modulus))
}

fn apply(matrix: &Matrix, state: &[u32], modulus: u64) -> [u32; 3] {
    std::array::from_fn(|row| {
        (0..3).fold(0, |sum, k| (sum + matrix[row][k] * u64::from(state[k]) % modulus) % modulus) as u32
    })
}

/// The streams of one seed.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    seed: State,
    step: (Matrix, Matrix),
}

impl Streams {
    /// The streams of `seed`. Its numbers are spread over the state by SplitMix64 (Steele, Lea and Flood 2014), so that
    /// neighbouring seeds have nothing in common.
    pub(crate) fn new(seed: u64) -> Self {
        let mut mixed = seed;
        let state = std::array::from_fn(|place| {
            mixed = mixed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = mixed;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            let modulus = if place < 3 { M1 } else { M2 };
            (1 + z % (modulus - 1)) as u32 // never 0, so no component is all zeros
        });
        Streams { seed: state, step: (stream_step(&A1, M1), stream_step(&A2, M2)) }
    }

    /// The state that element `index` begins with.
    pub(crate) fn of(&self, index: u64) -> State {
        let first = apply(&power(&self.step.0, index, M1), &self.seed[..3], M1);
        let second = apply(&power(&self.step.1, index, M2), &self.seed[3..], M2);
        [first[0], first[1], first[2], second[0], second[1], second[2]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_next_streams_predecessor() {
        // What parallel::nextRNGStream(c(10407L, 1:6)) gives in R 4.2.
        let streams = Streams { seed: [1, 2, 3, 4, 5, 6], ..Streams::new(0) };
        let signed = streams.of(1).map(|word| word as i32);
        assert_eq!(signed, NEXT_STREAM_OF_1_TO_6);
        assert_eq!(streams.of(0), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn neighbouring_seeds_share_nothing() {
        let (one, two) = (Streams::new(1).of(0), Streams::new(2).of(0));
        assert!(one.iter().zip(&two).all(|(a, b)| a != b));
    }

    const NEXT_STREAM_OF_1_TO_6: [i32; 6] = [-447371532, 542750874, -935969228, -269326340, 701604884, -1748056907];
}
