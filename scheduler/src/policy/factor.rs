//! Adaptive factoring: the chunk of which the remaining workers' ends are expected to lie closest together, given mean and
//! variance of what elements cost (Banicescu and Liu 2000). Mean and variance are those of all workers together: they sit on
//! one host and run the same function.
use super::fit::Fit;

/// `(D + 2TR - sqrt(D² + 4DTR)) / 2mu` with `D = sum(sigma²/mu)` and `T = 1 / sum(1/mu)` over the workers. Without variance
/// it is `R / P`; with much it goes to nothing.
pub(super) fn factor(fit: &Fit, remaining: u64, workers: u64) -> u64 {
    let (mu, workers, remaining) = (fit.each_ns, workers.max(1) as f64, remaining as f64);
    let d = workers * fit.variance / mu;
    let tr = mu / workers * remaining;
    // (D + 2TR - sqrt(D² + 4DTR)) = 4(TR)² / (D + 2TR + sqrt(...)): the same without the difference of two large numbers.
    let chunk = 2.0 * tr * tr / (d + 2.0 * tr + (d * d + 4.0 * d * tr).sqrt()) / mu;
    if chunk.is_finite() {
        chunk.round() as u64
    } else {
        1
    }
}
