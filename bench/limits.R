# What this machine allows in rows of docs/benchmarks.md: two forked R processes that have their own copy of the data and do nothing but FUN's calls, half of
# them each, at the same time; and what the session has to do besides, because the value is R's. No chunks, no wake-ups, no checks.
#
#   Rscript bench/limits.R [ROW ...]      a line each: the plain way, the limit, and the limit as a ratio to it
#
# Rows: B, C, C6, C7, E, G, G2 and H (into memory that was used before), as in rows.R; what is written into shared memory is written by pwrite().
library(parallel)
source("bench/native.R")
copies <- native_copies()
of_session <- Sys.getpid()
shared <- function(k) file.path("/dev/shm", sprintf("limits-%d-%d", of_session, k))

timed <- function(code, rounds) {
  code()
  stats::median(vapply(seq_len(rounds), function(round) system.time(code())[["elapsed"]], 0))
}

# The slower one's time, of two processes that work side by side.
halves <- function(n, work, rounds) {
  jobs <- lapply(1:2, function(k) {
    mcparallel({
      mine <- seq(k, n, 2)
      work(mine, k)
      vapply(seq_len(rounds), function(round) system.time(work(mine, k))[["elapsed"]], 0)
    })
  })
  stats::median(do.call(pmax, mccollect(jobs)))
}

say <- function(row, plain, limit) cat(sprintf("%-3s plain %.3f s, limit %.3f s: %.2f\n", row, plain, limit, limit / plain))

items <- function(row, L, fun, rounds, besides = 0) {
  parts <- lapply(1:2, function(k) L[seq(k, length(L), 2)])
  plain <- timed(function() lapply(L, fun), rounds)
  say(row, plain, halves(length(L), function(mine, k) lapply(parts[[k]], fun), rounds) + besides)
}

small_items <- function(row, n, rounds) {
  values <- numeric(n)
  items(row, as.list(runif(n)), function(el) el + 1, rounds, timed(function() as.list(values), rounds))
}

slices <- function(row, X, margin, fun, rounds) {
  slice <- if (margin == 1L) function(i) fun(X[i, ]) else function(j) fun(X[, j])
  say(row, timed(function() apply(X, margin, fun), rounds), halves(dim(X)[[margin]], function(mine, k) vapply(mine, slice, 0), rounds))
}

rows <- list(
  B = function() {
    w <- runif(200)
    items("B", replicate(1000, matrix(runif(40000), 200), simplify = FALSE), function(el) el %*% w, 15L)
  },
  C = function() small_items("C", 1e5, 15L), C6 = function() small_items("C6", 1e6, 5L), C7 = function() small_items("C7", 1e7, 2L),
  E = function() {
    make <- function(i) rep(i + 0.5, 1e5)
    plain <- timed(function() lapply(1:200, make), 7L)
    work <- function(mine, k) for (i in seq_along(mine)) copies$put(make(mine[[i]]), shared(k), (i - 1) * 8e5)
    say("E", plain, halves(200, work, 7L))
  },
  G = function() slices("G", matrix(runif(2e7), 100000), 1L, sum, 5L),
  G2 = function() slices("G2", matrix(runif(1e7), 10), 2L, sum, 3L),
  H = function() {
    X <- runif(2e8)
    say("H", timed(function() copies$copy(X), 3L), timed(function() copies$put(X, shared(1), 0), 3L))
  }
)
asked <- commandArgs(TRUE)
for (row in if (length(asked)) asked else names(rows)) {
  rows[[row]]()
  unlink(shared(1:2))
  gc(verbose = FALSE)
}
