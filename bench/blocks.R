# Blocks beside single columns and beside one call of BLAS in the session: colSums and crossprod over 10,000 x 5,000 doubles, registered.
library(memshare)
options(memshare.cores = 2)

elapsed <- function(f) {
  invisible(gc())
  system.time(f())[["elapsed"]]
}

X <- matrix(rnorm(10000 * 5000), 10000)
y <- rnorm(10000)
registerVariables("blocks", list(X = X, y = y))
typed <- memControl(FUN.VALUE = 0)
product <- function(b, y) crossprod(b, y)
ways <- list(
  colSums = list(
    columns = function() memApply("X", 2, sum, NAMESPACE = "blocks", CONTROL = typed),
    blocks = function() memBlocks("X", colSums, combine = c, NAMESPACE = "blocks"), session = function() colSums(X)
  ),
  crossprod = list(
    columns = function() memApply("X", 2, product, NAMESPACE = "blocks", VARS = "y", CONTROL = typed),
    blocks = function() memBlocks("X", product, combine = rbind, NAMESPACE = "blocks", VARS = "y"), session = function() crossprod(X, y)
  )
)
# All ways in turn, so that what else the machine does hits all.
for (name in names(ways)) {
  for (way in ways[[name]]) way()
  seconds <- vapply(1:7, function(i) vapply(ways[[name]], elapsed, 0), numeric(3))
  medians <- apply(seconds, 1, stats::median)
  cat(sprintf(
    "%-10s columns %.3f s, blocks %.3f s (%.2f of columns), one call in the session %.3f s (%.2f)\n", name, medians[["columns"]],
    medians[["blocks"]], medians[["blocks"]] / medians[["columns"]], medians[["session"]], medians[["blocks"]] / medians[["session"]]
  ))
}
memshare_gc("blocks")
