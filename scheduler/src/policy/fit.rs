//! What a chunk costs by itself, what an element costs, and how much elements vary: a least-squares fit of `t = a + b n` over
//! the chunks so far, and the variance that it leaves.
//!
//! A chunk of n elements varies by n times the variance of one, so each counts with the weight 1/n; ordinary least squares, which
//! sums n² and n t, would let the few long chunks decide alone. The sums are kept on the board, each one atomic addition.
//! A worker's first chunk of a stage is not among them: it loads packages, compiles, touches memory for the first time.

/// Sums over chunks of n elements that took t nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// How many there are.
    pub chunks: u64,
    /// Sum of n.
    pub elements: u64,
    /// Sum of t.
    pub ns: u64,
    /// Sum of 1/n, in [`Timed::WHOLE`]ths.
    pub inverse: u64,
    /// Sum of t/n, in sixteenths ([`Timed::PARTS`]).
    pub rate: u64,
    /// Sum of t²/n.
    pub square: f64,
    /// The least t.
    pub least_ns: f32,
    /// The least t/n.
    pub least_rate: f32,
}

impl Default for Timed {
    fn default() -> Self {
        let (least_ns, least_rate) = (f32::INFINITY, f32::INFINITY);
        Timed { chunks: 0, elements: 0, ns: 0, inverse: 0, rate: 0, square: 0.0, least_ns, least_rate }
    }
}

/// What the sums say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// A chunk's own cost: `a`. `None` as long as too few chunks, or too much alike, were timed.
    pub overhead_ns: Option<f64>,
    /// An element's: `b`.
    pub each_ns: f64,
    /// The variance of an element's.
    pub variance: f64,
}

/// Chunks that must be timed before `a` and the variance are trusted (StarPU's history models ask for as many).
const TRUSTED: u64 = 10;

impl Timed {
    /// 1 in sums of 1/n.
    pub const WHOLE: u64 = 1 << 32;
    /// 1 ns in sums of t/n.
    pub const PARTS: u64 = 16;

    /// Adds a chunk. The board does the same, an addition at a time.
    pub fn add(&mut self, elements: u64, ns: u64) {
        let elements = elements.max(1);
        self.least_ns = self.least_ns.min(ns as f32);
        self.least_rate = self.least_rate.min(ns as f32 / elements as f32);
        self.chunks += 1;
        self.elements = self.elements.saturating_add(elements);
        self.ns = self.ns.saturating_add(ns);
        self.inverse += Timed::WHOLE / elements;
        self.rate = self.rate.saturating_add(ns.saturating_mul(Timed::PARTS) / elements);
        self.square += (ns as f64) * (ns as f64) / elements as f64;
    }

    /// Nanoseconds an element, a chunk's own cost included; `None` when nothing was timed. A clock that saw no time pass says
    /// "very short", not "no time".
    pub fn mean_ns(&self) -> Option<f64> {
        (self.elements > 0).then(|| self.ns.max(1) as f64 / self.elements as f64)
    }

    /// Whether `a` and the variance may be trusted.
    pub fn is_trusted(&self) -> bool {
        self.chunks >= TRUSTED
    }

    /// The fit; `None` when nothing was timed. O(1).
    pub fn fit(&self) -> Option<Fit> {
        let mean = self.mean_ns()?;
        let (k, n, t) = (self.chunks as f64, self.elements as f64, self.ns as f64);
        let (inverse, rate) =
            (self.inverse as f64 / Timed::WHOLE as f64, self.rate as f64 / Timed::PARTS as f64);
        // By Cauchy and Schwarz k² <= n * inverse, equal where all chunks are equal: then a and b cannot be told apart.
        let spread = n * inverse - k * k;
        let told_apart = self.is_trusted() && spread > 0.1 * k * k;
        // A chunk's own cost is part of the shortest chunk, and not the part that its elements took. Without this bound a few
        // expensive elements in short chunks would pass for expensive chunks.
        let most = f64::from(self.least_ns - self.least_rate).max(0.0);
        let overhead_ns = told_apart.then(|| ((n * rate - k * t) / spread).max(0.0).min(most));
        let a = overhead_ns.unwrap_or(0.0);
        let each_ns = ((t - a * k) / n).max(mean * 1e-3);
        let b = each_ns;
        let rest = self.square - 2.0 * a * rate - 2.0 * b * t + a * a * inverse + 2.0 * a * b * k + b * b * n;
        let variance = (rest / (k - 2.0).max(1.0)).max(0.0);
        Some(Fit { overhead_ns, each_ns, variance })
    }
}
