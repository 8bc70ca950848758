# The table of peers in docs/benchmarks.md: memshare beside base R, the parallel package, and mirai where it is installed.
# Rscript bench/peers.R [rows]; one session for all rows, two workers, warm, medians, seconds. Figures: docs/benchmarks.md.
library(memshare, lib.loc = Sys.getenv("MEMSHARE_LIB", unset = .libPaths()[1]))
workers <- 2L
rows <- commandArgs(TRUE)
wanted <- function(row) !length(rows) || row %in% rows

seconds <- function(expr, times = 7L) {
  call <- substitute(expr)
  frame <- parent.frame()
  once <- function() system.time(eval(call, frame))[["elapsed"]]
  once()                                   # warms pages, byte code, workers
  median(replicate(times, once()))
}
report <- function(row, what, ...) {
  figures <- c(...)
  cat(sprintf("%s. %s\n", row, what))
  for (name in names(figures)) {
    cat(sprintf("   %-34s %8.4f s   %5.2f of %s\n", name, figures[[name]], figures[[name]] / figures[[1]], names(figures)[1]))
  }
}
cluster <- parallel::makeCluster(workers)

ns <- "bench"

if (wanted("A")) {
  set.seed(1)
  X <- matrix(rnorm(2e7), 10000); y <- rnorm(10000)
  registerVariables(ns, list(X = X, y = y))
  report("A", "cor of 2,000 columns of 10,000 with y",
    "plain loop" = seconds(for (j in seq_len(ncol(X))) cor(X[, j], y)),
    "apply" = seconds(apply(X, 2, cor, y)),
    "mclapply" = seconds(parallel::mclapply(seq_len(ncol(X)), function(j) cor(X[, j], y), mc.cores = workers)),
    "parApply, warm" = seconds(parallel::parApply(cluster, X, 2, cor, y), 3L),
    "memApply, registered" = seconds(memApply("X", 2, function(v, y) cor(v, y), NAMESPACE = ns, VARS = "y", MAX.CORES = workers)),
    "memApply, unregistered" = seconds(memApply(X, 2, function(v, y) cor(v, y), VARS = list(y = y), MAX.CORES = workers)))
  releaseVariables(ns, c("X", "y"))
}
if (wanted("B")) {
  L <- replicate(1000, matrix(runif(40000), 200), simplify = FALSE); w <- runif(200)
  registerVariables(ns, list(L = L, w = w))
  report("B", "1,000 matrices 200 x 200 %*% w",
    "lapply" = seconds(lapply(L, function(el) el %*% w)),
    "mclapply" = seconds(parallel::mclapply(L, function(el) el %*% w, mc.cores = workers)),
    "parLapply, warm" = seconds(parallel::parLapply(cluster, L, function(el, w) el %*% w, w), 3L),
    "memLapply, registered" = seconds(memLapply("L", function(el, w) el %*% w, NAMESPACE = ns, VARS = "w", MAX.CORES = workers)),
    "memLapply, unregistered" = seconds(memLapply(L, function(el, w) el %*% w, VARS = list(w = w), MAX.CORES = workers)))
  releaseVariables(ns, c("L", "w"))
}
if (wanted("C")) {
  L <- as.list(runif(1e5))
  report("C", "100,000 elements of el + 1",
    "lapply" = seconds(lapply(L, function(el) el + 1)),
    "mclapply" = seconds(parallel::mclapply(L, function(el) el + 1, mc.cores = workers)),
    "parLapply, warm" = seconds(parallel::parLapply(cluster, L, function(el) el + 1)),
    "memLapply" = seconds(memLapply(L, function(el) el + 1, MAX.CORES = workers)))
}
if (wanted("D")) {
  spin <- function(ms) { until <- Sys.time() + ms / 1000; while (Sys.time() < until) NULL; ms }
  for (costs in list(first = c(rep(20, 10), rep(0.2, 990)), last = c(rep(0.2, 990), rep(20, 10)))) {
    costs <- as.list(costs)
    bound <- sum(unlist(costs)) / workers / 1000
    report("D", sprintf("skewed, 10 x 20 ms %s; lower bound %.3f s", if (costs[[1]] > 1) "first" else "last", bound),
      "lapply" = seconds(lapply(costs, spin), 3L),
      "mclapply" = seconds(parallel::mclapply(costs, spin, mc.cores = workers), 3L),
      "memLapply" = seconds(memLapply(costs, spin, MAX.CORES = workers), 5L))
  }
}
if (wanted("E")) {
  report("E", "200 results of 100,000 doubles",
    "lapply" = seconds(lapply(1:200, function(i) rep(i + 0.5, 1e5))),
    "mclapply" = seconds(parallel::mclapply(1:200, function(i) rep(i + 0.5, 1e5), mc.cores = workers)),
    "parLapply, warm" = seconds(parallel::parLapply(cluster, 1:200, function(i) rep(i + 0.5, 1e5)), 3L),
    "memLapply" = seconds(memLapply(1:200, function(i) rep(i + 0.5, 1e5), MAX.CORES = workers)))
}
if (wanted("F")) {
  many <- function(expr) { call <- substitute(expr); system.time(for (i in 1:100) eval(call))[["elapsed"]] / 100 }
  memLapply(1:2, function(el) el)
  report("F", "a call on two elements, warm",
    "parLapply, warm" = median(replicate(5, many(parallel::parLapply(cluster, 1:2, function(el) el)))),
    "mclapply" = median(replicate(3, many(parallel::mclapply(1:2, function(el) el, mc.cores = workers)))),
    "memLapply" = median(replicate(5, many(memLapply(1:2, function(el) el, MAX.CORES = workers)))))
}
if (wanted("G")) {
  X <- matrix(runif(2e7), 100000)
  registerVariables(ns, list(X = X))
  report("G", "sum of each of 100,000 rows of 200",
    "plain loop" = seconds(for (i in seq_len(nrow(X))) sum(X[i, ])),
    "apply" = seconds(apply(X, 1, sum), 3L),
    "mclapply" = seconds(parallel::mclapply(seq_len(nrow(X)), function(i) sum(X[i, ]), mc.cores = workers), 3L),
    "memApply, registered" = seconds(memApply("X", 1, sum, NAMESPACE = ns, MAX.CORES = workers)))
  releaseVariables(ns, "X")
}
if (wanted("H")) {
  X <- matrix(runif(1e8), 10000)
  report("H", "registering 763 MB",
    "a plain copy" = seconds({ Z <- X + 0; rm(Z) }, 3L),
    "registerVariables" = seconds({ registerVariables(ns, list(X = X)); releaseVariables(ns, "X") }, 3L))
}
if (wanted("L")) {
  X <- matrix(runif(1e8), 10000)
  registerVariables(ns, list(X = X))
  report("L", "sd of 10,000 columns of 10,000",
    "plain loop" = seconds(for (j in seq_len(ncol(X))) sd(X[, j]), 3L),
    "mclapply" = seconds(parallel::mclapply(seq_len(ncol(X)), function(j) sd(X[, j]), mc.cores = workers), 3L),
    "memApply, registered" = seconds(memApply("X", 2, sd, NAMESPACE = ns, MAX.CORES = workers), 3L))
  releaseVariables(ns, "X")
}
parallel::stopCluster(cluster)
