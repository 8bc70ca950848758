# Draws docs/benchmarks.svg: how the cost of a call grows with its elements, with the bytes that are copied in, and with its workers. Called by
# peers.R; two workers where nothing else is said, medians of 3.
library(memshare)
options(memshare.quiet = TRUE)

typical <- function(code) {
  once <- function(times) system.time(for (k in seq_len(times)) code())[["elapsed"]] / times
  code()
  # Short work often enough that the clock shows it.
  times <- ceiling(0.05 / max(once(1L), 5e-4))
  stats::median(replicate(3L, once(times)))
}
elements <- 10^(2:7)
by_elements <- vapply(elements, function(n) {
  items <- as.list(runif(n))
  c(lapply = typical(function() lapply(items, function(el) el + 1)), memLapply = typical(function() memLapply(items, function(el) el + 1, MAX.CORES = 2)))
}, c(lapply = 0, memLapply = 0))
bytes <- 10^(6:9)
by_bytes <- vapply(bytes, function(size) {
  m <- matrix(1, size / 8e3, 1000)
  c(
    apply = typical(function() apply(m, 2, mean)),
    memApply = typical(function() memApply(m, 2, mean, MAX.CORES = 2))
  )
}, c(apply = 0, memApply = 0))
workers <- 2^(0:6)
by_workers <- vapply(workers, function(count) typical(function() memLapply(1:20000, function(i) for (k in 1:500) sqrt(k), MAX.CORES = count)), 0)

svg("docs/benchmarks.svg", width = 10, height = 3.6)
par(mfrow = c(1, 3), mar = c(4, 4, 2, 1))
curves <- function(x, y, xlab, main, log) {
  colours <- c("grey50", "#1f6fb4")
  matplot(x, t(y), type = "b", pch = 19, lty = 1, col = colours, log = log, xlab = xlab, ylab = "seconds", main = main, las = 1)
  legend("topleft", rownames(y), col = colours, lty = 1, pch = 19, bty = "n")
}
curves(elements, by_elements, "elements", "elements of el + 1", "xy")
curves(bytes, by_bytes, "bytes", "mean of columns, copied in", "xy")
plot(workers, by_workers, type = "b", pch = 19, col = "#1f6fb4", log = "x", ylim = c(0, max(by_workers)), xlab = "workers", ylab = "seconds", main = "20,000 elements of work", las = 1)
invisible(dev.off())
