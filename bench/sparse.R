# Sparse matrices beside a serial loop over m[, j]: 20,000 x 20,000 at 1 %; and a single-cell-like matrix, 30,000 x 20,000 at 5 %, to be run
# under a limit of memory: Rscript bench/sparse.R loop, or cell. Values are compared with apply() over dense blocks of columns.
library(memshare)
suppressMessages(library(Matrix))
options(memshare.cores = 2)
simple <- memControl(simplify = TRUE)
what <- c(commandArgs(TRUE), "loop")[[1]]
bytes <- function(m) as.numeric(object.size(m@p) + object.size(m@i) + object.size(m@x))

elapsed <- function(code) {
  invisible(gc())
  system.time(code)[["elapsed"]]
}

# FUN over the first columns of a matrix, by memApply and by the loop, whose every m[, j] is of the whole matrix.
beside_loop <- function(m, name, FUN, columns, looped) {
  x <- if (columns == ncol(m)) m else m[, seq_len(columns)]
  ours <- elapsed(got <- memApply(x, 2, FUN, CONTROL = simple)) / columns
  peak <- memLastRun()$peak / bytes(x)
  loop <- elapsed(for (j in seq_len(looped)) FUN(m[, j])) / looped
  dense <- lapply(seq(1, columns, by = 500), function(from) apply(as.matrix(x[, from:min(columns, from + 499)]), 2, FUN))
  stopifnot(identical(got, if (is.matrix(got)) do.call(cbind, dense) else unlist(dense)))
  cat(sprintf(
    "%-10s %6d columns: %.3f ms a column, the loop %.3f ms (%.2f of it); peak %.3f of the form\n", name, columns, 1e3 * ours, 1e3 * loop, ours / loop, peak
  ))
}

if (what == "loop") {
  set.seed(1)
  m <- rsparsematrix(20000, 20000, 0.01)
  group <- rep(c(TRUE, FALSE), 10000)
  invisible(memApply(m[, 1:10], 2, function(v) sum(v)))
  beside_loop(m, "sum", function(v) sum(v), 20000, 2000)
  beside_loop(m, "quantile", function(v) quantile(v, c(0.1, 0.5, 0.995), names = FALSE), 20000, 2000)
  beside_loop(m, "wilcox", function(v) wilcox.test(v[group], v[!group], exact = FALSE)$p.value, 3000, 1000)
}
if (what == "cell") {
  set.seed(2)
  each <- 1500L
  i <- integer(each * 20000L)
  for (k in 1:20000) i[seq_len(each) + (k - 1L) * each] <- sort.int(sample.int(30000L, each)) - 1L
  m <- new("dgCMatrix", i = i, p = seq(0L, by = each, length.out = 20001L), x = 1 + rgeom(length(i), 0.4), Dim = c(30000L, 20000L))
  m@Dimnames <- list(sprintf("g%d", 1:30000), NULL)
  rm(i)
  report <- function(name, time) cat(sprintf("%-20s %.1f s, peak %.3f of the form (%.0f MB)\n", name, time, memLastRun()$peak / bytes(m), bytes(m) / 1e6))
  report("columns, sum", elapsed(depth <- memApply(m, 2, function(v) sum(v), CONTROL = simple)))
  stopifnot(all.equal(depth, colSums(m)))
  report("rows, nonzero", elapsed(found <- memApply(m, 1, function(v) length(v$i), CONTROL = memControl(simplify = TRUE, element = "nonzero"))))
  stopifnot(identical(unname(found), tabulate(m@i + 1L, 30000)))
  report("rows, quantile", elapsed(high <- memApply(m, 1, function(v) quantile(v, 0.99, names = FALSE), CONTROL = simple)))
  stopifnot(identical(high[1:20], apply(as.matrix(m[1:20, ]), 1, quantile, 0.99, names = FALSE)))
}
