# A chain whose workers are killed again and again gives what base R gives, and leaves nothing: four passes in two stages, with a
# fold, a drained intermediate and side variables; between runs and in the middle of them a random worker gets SIGKILL.
library(memshare)
options(memshare.cores = 2)
set.seed(7)
lazy <- memControl(lazy = TRUE, retries = 100)
X <- matrix(rnorm(200 * 600), 200, dimnames = list(NULL, paste0("c", 1:600)))
slow <- function(v) {
  t <- proc.time()[["elapsed"]]
  while (proc.time()[["elapsed"]] - t < 5e-4) NULL
  v * 2
}
doubled <- memApply(X, 2, slow, CONTROL = lazy)
total <- memReduce(doubled, `+`, CONTROL = lazy)
centred <- memLapply(doubled, function(v, total) v - total / 600, VARS = list(total = total), CONTROL = lazy)
score <- memLapply(centred, function(v) sum(v^2), CONTROL = memControl(lazy = TRUE, retries = 100, simplify = TRUE))
plan <- memPlan(score, total)

blocks <- function(x) split(x, (seq_along(x) - 1) %/% 16)
tree <- function(x) {
  while (length(x) > 1) x <- lapply(blocks(x), function(block) Reduce(`+`, block))
  x[[1]]
}
columns <- lapply(seq_len(600), function(j) X[, j] * 2)
expected_total <- tree(columns)
expected <- vapply(columns, function(v) sum((v - expected_total / 600)^2), 0)
names(expected) <- colnames(X)

killed <- 0
for (round in 1:15) {
  run <- memRun(plan, wait = FALSE)
  while (!resolved(run)) {
    pids <- memshare:::native(memshare:::ms_pool_status())$pids
    if (length(pids) && runif(1) < 0.5) {
      tools::pskill(pids[[sample.int(length(pids), 1)]], tools::SIGKILL)
      killed <- killed + 1
    }
    Sys.sleep(runif(1, 0, 0.08))
  }
  got <- collect(run)
  stopifnot(identical(got$score, expected), identical(got$total, expected_total))
}
cat(sprintf("%d workers killed in 15 runs, all results right\n", killed))
stopifnot(killed > 5)
rm(plan, run)
invisible(gc())
