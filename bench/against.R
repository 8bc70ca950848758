# Two builds of memshare against each other: `make bench-against COMMIT=...` builds that commit and runs this.
# Rscript bench/against.R LIBRARY-BEFORE LIBRARY-NOW [PAIRS] [ROWS...]
#
# Three sessions take turns in each row: the build before, the build now, and the build before once more, which shows how far a build
# is from itself on this machine at this hour. A row is slower when the median of its ratios is beyond 3 % and beyond that.
arguments <- commandArgs(TRUE)
libraries <- normalizePath(c(arguments[1:2], arguments[1]))
pairs <- if (length(arguments) > 2L) as.integer(arguments[[3L]]) else 15L
asked <- arguments[-(1:3)]

# Each row: what is made once in a session, and what is timed. The letters are those of bench/peers.R.
rows <- list(
  A = list(
    make = quote({
      X <- matrix(rnorm(1e7), 10000); y <- rnorm(10000)
      registerVariables(space, list(X = X, y = y))
    }),
    "registered" = quote(memApply("X", 2, function(v, y) cor(v, y), NAMESPACE = space, VARS = "y", MAX.CORES = 2)),
    "unregistered" = quote(memApply(X, 2, function(v, y) cor(v, y), VARS = list(y = y), MAX.CORES = 2))
  ),
  B = list(
    make = quote({
      L <- replicate(500, matrix(runif(40000), 200), simplify = FALSE); w <- runif(200)
      registerVariables(space, list(L = L, w = w))
    }),
    "registered" = quote(memLapply("L", function(el, w) el %*% w, NAMESPACE = space, VARS = "w", MAX.CORES = 2)),
    "unregistered" = quote(memLapply(L, function(el, w) el %*% w, VARS = list(w = w), MAX.CORES = 2))
  ),
  C = list(make = quote(L <- as.list(runif(1e5))), "100,000 elements" = quote(memLapply(L, function(el) el + 1, MAX.CORES = 2))),
  D = list(
    make = quote({
      spin <- function(ms) { until <- Sys.time() + ms / 1000; while (Sys.time() < until) NULL; ms }
      costs <- as.list(c(rep(0.2, 990), rep(20, 10)))
    }),
    "skewed, long ones last" = quote(memLapply(costs, spin, MAX.CORES = 2))
  ),
  E = list(make = NULL, "200 results of 100,000 doubles" = quote(memLapply(1:200, function(i) rep(i + 0.5, 1e5), MAX.CORES = 2))),
  F = list(make = NULL, "100 calls on two elements" = quote(for (k in 1:100) memLapply(1:2, function(i) i, MAX.CORES = 2))),
  G = list(
    make = quote(registerVariables(space, list(R = matrix(runif(1e7), 50000)))),
    "50,000 rows of 200" = quote(memApply("R", 1, sum, NAMESPACE = space, MAX.CORES = 2))
  ),
  H = list(
    make = quote(big <- rnorm(2e7)),
    "registering 160 MB" = quote({ registerVariables(space, list(big = big)); releaseVariables(space, "big") })
  ),
  L = list(
    make = quote(registerVariables(space, list(S = matrix(rnorm(2e7), 10000)))),
    "sd of 2,000 columns of 10,000" = quote(memApply("S", 2, sd, NAMESPACE = space, MAX.CORES = 2))
  )
)

session <- function(library) {
  node <- parallel::makePSOCKcluster(1)
  parallel::clusterCall(node, function(from) {
    .libPaths(c(from, .libPaths()))
    library(memshare, lib.loc = from)
    options(memshare.quiet = TRUE)
    # Variables are the user's, not the session's: each session has names of its own.
    assign("space", paste0("against-", Sys.getpid()), envir = globalenv())
    NULL
  }, library)
  node
}
evaluate <- function(node, code) parallel::clusterCall(node, function(code) { eval(code, globalenv()); NULL }, code)
time <- function(node, code) {
  parallel::clusterCall(node, function(code) system.time(eval(code, globalenv()))[["elapsed"]], code)[[1L]]
}

slower <- character()
cat(sprintf("%d pairs; median seconds, ratios of pairs\n", pairs))
for (letter in if (length(asked)) asked else names(rows)) {
  row <- rows[[letter]]
  nodes <- lapply(libraries, session)
  for (node in nodes) evaluate(node, row$make)
  for (name in setdiff(names(row), "make")) {
    for (node in nodes) for (i in 1:2) time(node, row[[name]])
    taken <- t(replicate(pairs, vapply(nodes, time, 0, row[[name]])))
    ratio <- median(taken[, 2L] / taken[, 1L])
    self <- taken[, 3L] / taken[, 1L]
    bound <- max(1.03, 1 + abs(median(self) - 1) + 1.57 * IQR(self) / sqrt(pairs))
    verdict <- if (ratio > bound) "SLOWER" else if (ratio < 2 - bound) "faster" else "same"
    if (verdict == "SLOWER") slower <- c(slower, paste(letter, name))
    cat(sprintf(
      "%s. %-32s %8.4f -> %8.4f   %.3f (itself %.3f, bound %.3f)  %s\n", letter, name, median(taken[, 1L]), median(taken[, 2L]),
      ratio, median(self), bound, verdict
    ))
  }
  lapply(nodes, parallel::stopCluster)
}
if (length(slower)) cat("slower:", paste(slower, collapse = "; "), "\n")
quit(status = as.integer(length(slower) > 0))
