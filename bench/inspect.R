# What looking costs: a run of elements of 0.1 ms with the log off, at info and at trace, with and without the trace that memLastRun()
# keeps, and with a bar. All ways in turn in one session, so that what else the machine does hits all; the ratio of medians counts.
# Its limit is 1 % at info (off: nothing measurable), see docs/benchmarks.md.
library(memshare)
options(memshare.cores = 2)
rounds <- as.integer(Sys.getenv("ROUNDS", "31"))

# An element that takes 0.1 ms on this machine.
work <- local({
  per <- function(n) system.time(for (k in 1:200) sum(sqrt(seq_len(n))))[["elapsed"]] / 200
  n <- 20000
  for (k in 1:6) n <- max(1000, round(n * 1e-4 / per(n)))
  cat(sprintf("an element: sum(sqrt(1:%.0f)), %.1f us\n", n, 1e6 * per(n)))
  eval(bquote(function(i) sum(sqrt(seq_len(.(n))))))
})

elements <- 20000
ways <- list(
  "log off" = list(),
  "log off again" = list(),
  "log at info" = list(log = "info"),
  "log at info, JSON" = list(log = "info", format = "json"),
  "log at debug" = list(log = "debug"),
  "log at trace" = list(log = "trace"),
  "no trace kept" = list(trace = FALSE),
  "a bar" = list(progress = TRUE)
)

once <- function(way) {
  options(memshare.log = way$log, memshare.log.format = way$format)
  control <- memControl(trace = !isFALSE(way$trace), progress = isTRUE(way$progress), profile = FALSE)
  # The change itself is not what is measured.
  memLapply(1:2, work, CONTROL = control)
  gc(FALSE)
  start <- proc.time()[["elapsed"]]
  memLapply(seq_len(elements), work, CONTROL = control)
  proc.time()[["elapsed"]] - start
}

invisible(once(ways[[1L]]))
options(cli.progress_show_after = 0)
seconds <- matrix(NA_real_, rounds, length(ways), dimnames = list(NULL, names(ways)))
for (round in seq_len(rounds)) {
  for (way in sample(length(ways))) seconds[round, way] <- suppressMessages(once(ways[[way]]))
}
medians <- apply(seconds, 2, stats::median)
spread <- apply(seconds, 2, stats::IQR)
cat(sprintf("%.0f elements by 2 workers, %d rounds, each way in each round\n", elements, rounds))
base <- stats::median(c(seconds[, "log off"], seconds[, "log off again"]))
for (way in names(ways)) {
  cat(sprintf(
    "%-20s %.3f s (IQR %.3f), %+.2f %% of off; median of the rounds' ratios %.4f\n", way, medians[[way]], spread[[way]],
    100 * (medians[[way]] / base - 1), stats::median(seconds[, way] / rowMeans(seconds[, 1:2]))
  ))
}
options(memshare.log = "trace", memshare.log.format = NULL)
invisible(memLapply(seq_len(elements), work))
lines <- memLog(run = memLastRun()$run, n = Inf)
cat(sprintf("at trace a run writes %d lines for %.0f chunks\n", nrow(lines), memLastRun()$chunks))
