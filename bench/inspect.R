# What looking costs: a run of elements of 0.1 ms with the log off, at info, debug and trace, without the trace that memLastRun()
# keeps, and with a bar. All ways in turn in one session, in an order drawn anew in each round, so that what else the machine does
# hits all. Beside the clock the processors' time is taken, of the session and its workers with all their threads, which is steadier
# where others use the machine. "off" is measured twice: what these two differ by is noise. docs/measurements.md says what the figures mean.
library(memshare)
options(memshare.cores = 2, cli.progress_show_after = 0)
rounds <- as.integer(Sys.getenv("ROUNDS", "31"))
elements <- as.integer(Sys.getenv("ELEMENTS", "4000"))

# An element that takes 0.1 ms on this machine.
work <- local({
  per <- function(n) system.time(for (k in 1:500) sum(sqrt(seq_len(n))), gcFirst = FALSE)[["user.self"]] / 500
  n <- 10000
  for (k in 1:6) n <- max(1000, round(n * 1e-4 / max(per(n), 1e-6)))
  cat(sprintf("an element: sum(sqrt(1:%.0f)), %.0f us of the processor\n", n, 1e6 * per(n)))
  eval(bquote(function(i) sum(sqrt(seq_len(.(n))))))
})

ways <- list(
  "log off" = list(),
  "log off, again" = list(),
  "log at info" = list(log = "info"),
  "log at info, JSON" = list(log = "info", format = "json"),
  "log at debug" = list(log = "debug"),
  "log at trace" = list(log = "trace"),
  "log off, no trace kept" = list(trace = FALSE),
  "log off, a bar" = list(progress = TRUE)
)

# Seconds on a processor of this process and of the workers, all threads.
on_processor <- function(pids) {
  tasks <- Sys.glob(sprintf("/proc/%d/task/*/schedstat", c(Sys.getpid(), pids)))
  sum(vapply(tasks, function(task) as.numeric(sub(" .*", "", readLines(task, n = 1L))), 0)) / 1e9
}

once <- function(way) {
  options(memshare.log = way$log, memshare.log.format = way$format)
  control <- memControl(trace = !isFALSE(way$trace), progress = isTRUE(way$progress), profile = FALSE)
  # The change itself is not what is measured, nor what workers tidy up after the run before.
  memLapply(1:2, work, CONTROL = control)
  pids <- memshare:::native(memshare:::ms_pool_status())$pids
  gc(FALSE)
  Sys.sleep(0.1)
  processor <- on_processor(pids)
  clock <- proc.time()[["elapsed"]]
  memLapply(seq_len(elements), work, CONTROL = control)
  c(clock = proc.time()[["elapsed"]] - clock, processor = on_processor(pids) - processor)
}

invisible(once(ways[[1L]]))
seconds <- array(NA_real_, c(rounds, length(ways), 2L), list(NULL, names(ways), c("clock", "processor")))
for (round in seq_len(rounds)) for (way in sample(length(ways))) seconds[round, way, ] <- suppressMessages(once(ways[[way]]))
cat(sprintf("%d elements by 2 workers, %d rounds; medians, and how far they are from that of both \"off\"\n", elements, rounds))
for (way in names(ways)) {
  medians <- apply(seconds[, way, ], 2L, stats::median)
  off <- apply(seconds[, 1:2, ], 3L, stats::median)
  cat(sprintf(
    "  %-24s clock %.4f s (%+.2f %%), processor %.4f s (%+.2f %%)\n", way, medians[[1L]], 100 * (medians[[1L]] / off[[1L]] - 1),
    medians[[2L]], 100 * (medians[[2L]] / off[[2L]] - 1)
  ))
}
options(memshare.log = "trace", memshare.log.format = NULL)
invisible(memLapply(seq_len(elements), work))
lines <- memLog(run = memLastRun()$run, n = Inf)
cat(sprintf("at trace such a run writes %d lines, for %.0f chunks\n", nrow(lines), memLastRun()$chunks))

# The same from below: what a line costs, by many runs of next to nothing. It is this that a long run's share follows from.
cat("300 runs of 2 elements each, microseconds of the processor a run, and lines a run\n")
small <- function(way) {
  options(memshare.log = way$log, memshare.log.format = way$format)
  for (i in 1:5) memLapply(1:2, identity)
  pids <- memshare:::native(memshare:::ms_pool_status())$pids
  before <- on_processor(pids)
  for (i in 1:300) memLapply(1:2, identity)
  1e6 * (on_processor(pids) - before) / 300
}
few <- ways[c("log off", "log off, again", "log at info", "log at info, JSON", "log at debug", "log at trace")]
cost <- matrix(NA_real_, rounds, length(few), dimnames = list(NULL, names(few)))
for (round in seq_len(rounds)) for (way in sample(length(few))) cost[round, way] <- small(few[[way]])
for (way in names(few)) {
  options(memshare.log = few[[way]]$log, memshare.log.format = few[[way]]$format)
  memLapply(1:2, identity)
  lines <- sum(!is.na(memLog(run = memLastRun()$run, n = Inf)$level))
  typical <- stats::median(cost[, way])
  per <- if (lines) sprintf(", %.1f us a line", (typical - stats::median(cost[, 1:2])) / lines) else ""
  cat(sprintf("  %-24s %.0f us, %d lines%s\n", way, typical, lines, per))
}
