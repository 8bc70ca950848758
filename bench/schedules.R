# Schedules: what each takes over the lower bound that none can beat, for elements of very different cost; whether the second run is
# better than the first; whether the simulator is right; what measuring costs. docs/measurements.md says what the figures mean.
# Rscript bench/schedules.R [part]; parts: shapes, simulated, D, learn, simulator, measuring, empty. Needs a quiet machine.
library(memshare, lib.loc = Sys.getenv("MEMSHARE_LIB", unset = .libPaths()[1]))
workers <- 2L
options(memshare.cores = workers)
parts <- commandArgs(TRUE)
wanted <- function(part) !length(parts) || part %in% parts
set.seed(1)

# Spins for so many milliseconds. Sys.time() without its class costs a microsecond.
spin <- function(ms) {
  until <- unclass(Sys.time()) + ms / 1000
  while (unclass(Sys.time()) < until) NULL
  ms
}
now <- function() unclass(Sys.time())
elapsed <- function(f) {
  begin <- now()
  f()
  now() - begin
}
bound <- function(ms, workers) max(sum(ms) / workers, max(ms)) / 1000

# Not a schedule but a measure: single elements handed out in order at no cost, over the bound. No schedule that does not know the
# costs can count on less.
list_ratio <- function(ms, workers) {
  ends <- numeric(workers)
  for (cost in ms) {
    free <- which.min(ends)
    ends[free] <- ends[free] + cost / 1000
  }
  max(ends) / bound(ms, workers)
}

# About 0.4 s each, no element below 0.1 ms.
scaled <- function(ms, sum = 400, least = 0.1) least + (ms - min(ms)) * (sum - least * length(ms)) / sum(ms - min(ms))
pareto <- scaled((1 - runif(1000))^(-1 / 1.5))
shapes <- list(
  constant = rep(0.4, 1000), "linear up" = scaled(1:1000), "linear down" = scaled(1000:1), exponential = scaled(rexp(1000)), Pareto = pareto,
  "straggler at the end" = c(rep(0.1, 2500), 150), "sorted up" = sort(pareto), "sorted down" = sort(pareto, decreasing = TRUE),
  periodic = rep(c(rep(0.1, 9), 3.1), 100)
)
schedules <- c("auto", "profiled", "static", "guided", "factoring", "adaptive")

# One call, as a user makes it: what it takes from begin to end, over the bound by what its elements really took (FUN spins, and R
# overshoots a little each time). "auto" knows nothing; "profiled" what the run before measured.
one_call <- function(ms, schedule) {
  control <- if (schedule == "profiled") memControl(schedule = "profiled") else memControl(schedule = schedule, profile = FALSE)
  seconds <- elapsed(function() memLapply(ms, spin, CONTROL = control))
  seconds / bound(memProfile()$costs * 1000, workers)
}
table_of <- function(ratios) {
  cat(sprintf("%-22s", ""), sprintf("%10s", colnames(ratios)), "\n", sep = "")
  for (name in rownames(ratios)) cat(sprintf("%-22s", name), sprintf("%10.3f", ratios[name, ]), "\n", sep = "")
}

if (wanted("shapes")) {
  cat(sprintf("makespan / lower bound, %d real workers, medians of 3\n", workers))
  ratios <- t(vapply(shapes, function(ms) {
    ms <- as.list(ms)
    memLapply(ms, spin)
    apply(replicate(3, vapply(schedules, function(schedule) one_call(ms, schedule), 0)), 1, median)
  }, numeric(length(schedules))))
  table_of(cbind(ratios, list = vapply(shapes, list_ratio, 0, workers)))
}

if (wanted("simulated")) {
  for (many in c(8, 64)) {
    cat(sprintf("makespan / lower bound, %d simulated workers, 0.5 s of elements a worker\n", many))
    ratios <- t(vapply(shapes, function(ms) {
      # As many times the elements as there are more workers, so that there is something to share out.
      ms <- if (max(ms) > 100) c(rep(ms[-length(ms)], many / 2), ms[length(ms)]) else unlist(lapply(ms, rep, many / 2))
      pass <- memLapply(seq_along(ms), identity, CONTROL = memControl(lazy = TRUE))
      table <- memCompare(pass, schedules, workers = many, profile = ms / 1000)
      setNames(table$ratio, table$schedule)[schedules]
    }, numeric(length(schedules))))
    table_of(ratios)
  }
}

if (wanted("D")) {
  cat("row D: 10 x 20 ms and 990 x 0.2 ms; makespan / lower bound, medians of 3\n")
  for (name in c("first", "last")) {
    ms <- c(rep(20, 10), rep(0.2, 990))
    if (name == "last") ms <- rev(ms)
    ms <- as.list(ms)
    memLapply(ms, spin)
    ratios <- vapply(schedules, function(schedule) median(replicate(3, one_call(ms, schedule))), 0)
    table_of(matrix(ratios, 1, dimnames = list(paste("expensive ones", name), schedules)))
  }
}

if (wanted("learn")) {
  cat("a straggler at the end (bound 0.2 s): seconds without a profile, with that of the run before, with a reversed one; medians of 5\n")
  ms <- as.list(c(rep(0.1, 2000), 200))
  memLapply(ms, spin)
  right <- memProfile()
  wrong <- right
  wrong$costs <- rev(right$costs)
  seconds <- replicate(5, c(
    none = elapsed(function() memLapply(ms, spin, CONTROL = memControl(profile = FALSE))),
    learned = elapsed(function() memLapply(ms, spin, CONTROL = memControl(profile = right))),
    reversed = elapsed(function() memLapply(ms, spin, CONTROL = memControl(profile = wrong)))
  ))
  medians <- apply(seconds, 1, median)
  cat(sprintf("  %s %.3f s", names(medians), medians), "\n", sep = "")
  cat("reversed profile / none, by shape, medians of 5\n")
  for (name in c("linear up", "Pareto", "sorted up", "sorted down")) {
    ms <- as.list(shapes[[name]])
    memLapply(ms, spin)
    wrong <- memProfile()
    wrong$costs <- rev(wrong$costs)
    seconds <- replicate(5, c(
      elapsed(function() memLapply(ms, spin, CONTROL = memControl(profile = FALSE))),
      elapsed(function() memLapply(ms, spin, CONTROL = memControl(profile = wrong)))
    ))
    cat(sprintf("  %-14s %.3f\n", name, median(seconds[2, ]) / median(seconds[1, ])))
  }
}

if (wanted("simulator")) {
  cat("the simulator beside what it simulates: auto, nothing known, 2 workers; medians of 3\n")
  for (name in c("constant", "linear up", "Pareto", "straggler at the end", "periodic")) {
    ms <- as.list(shapes[[name]])
    pass <- memLapply(ms, spin, CONTROL = memControl(profile = FALSE, lazy = TRUE))
    plan <- memPlan(pass)
    memRun(plan)
    pairs <- replicate(3, {
      memRun(plan)
      c(memLastRun()$seconds, memSimulate(plan, workers, profile = memProfile(), known = FALSE)$makespan)
    })
    medians <- apply(pairs, 1, median)
    cat(sprintf("  %-22s real %.3f s, simulated %.3f s: %.3f\n", name, medians[[1]], medians[[2]], medians[[2]] / medians[[1]]))
  }
}

if (wanted("measuring")) {
  cat("what measuring costs: 20,000 elements of 20 us, measured and not in turn, medians of 11\n")
  ms <- as.list(rep(0.02, 20000))
  run <- function(measure) elapsed(function() memLapply(ms, spin, CONTROL = memControl(measure = measure, profile = FALSE)))
  run(TRUE)
  seconds <- replicate(11, c(run(TRUE), run(FALSE)))
  medians <- apply(seconds, 1, median)
  cat(sprintf("  measured %.4f s, not %.4f s: %+.2f %%\n", medians[[1]], medians[[2]], 100 * (medians[[1]] / medians[[2]] - 1)))
}

if (wanted("empty")) {
  cat("an empty FUN, one element a chunk: microseconds a chunk over the plain loop, medians of 7\n")
  empty <- function(v) NULL
  n <- c(5000, 25000)
  for (cores in 1:2) {
    seconds <- vapply(n, function(n) {
      x <- as.list(seq_len(n))
      call <- function() memLapply(x, empty, MAX.CORES = cores, CONTROL = memControl(chunk = 1))
      call()
      loop <- median(replicate(7, elapsed(function() for (v in x) empty(v))))
      c(median(replicate(7, elapsed(call))), loop)
    }, numeric(2))
    each <- 1e6 * (seconds[, 2] - seconds[, 1]) / diff(n)
    cat(sprintf("  %d worker(s): %.2f us a chunk, the loop %.2f us an element\n", cores, each[[1]], each[[2]]))
  }
}
