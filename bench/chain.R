# Chained passes: what a chain takes beside single calls, how much memory, what a rerun of a plan costs. docs/measurements.md says what
# the figures mean.
library(memshare)
options(memshare.cores = 2)
lazy <- memControl(lazy = TRUE)

elapsed <- function(f) {
  invisible(gc())
  system.time(f())[["elapsed"]]
}

# Both ways in turn, so that what else the machine does hits both.
beside <- function(title, first, second, times = 7) {
  first()
  second()
  seconds <- vapply(seq_len(times), function(i) c(elapsed(first), elapsed(second)), numeric(2))
  medians <- apply(seconds, 1, stats::median)
  cat(sprintf("%-58s %.3f s, chain %.3f s: %.2f\n", title, medians[[1]], medians[[2]], medians[[2]] / medians[[1]]))
}

cat("mu, s, z over 10,000 x 5,000 doubles, registered; three calls, and one chain that also sums z up\n")
registerVariables("chain", list(X = matrix(rnorm(10000 * 5000), 10000)))
standard <- function(v, mu, s) (v - mu[[1]]) / s[[1]]
calls <- function() {
  mu <- memApply("X", 2, mean, NAMESPACE = "chain")
  s <- memApply("X", 2, stats::sd, NAMESPACE = "chain")
  memApply("X", 2, standard, NAMESPACE = "chain", VARS = list(mu = mu, s = s))
}
chain <- function() {
  mu <- memApply("X", 2, mean, NAMESPACE = "chain", CONTROL = lazy)
  s <- memApply("X", 2, stats::sd, NAMESPACE = "chain", CONTROL = lazy)
  z <- memApply("X", 2, standard, NAMESPACE = "chain", VARS = list(mu = mu, s = s), CONTROL = lazy)
  memRun(memReduce(z, `+`, CONTROL = lazy))
}
beside("z whole in VARS", calls, chain)
steps <- function() {
  mu <- memApply("X", 2, mean, NAMESPACE = "chain", CONTROL = lazy)
  s <- memApply("X", 2, stats::sd, NAMESPACE = "chain", CONTROL = lazy)
  z <- memMapply(function(v, m, s) (v - m) / s, "X", mu, s, MARGIN = 2, NAMESPACE = "chain", CONTROL = lazy)
  memRun(memReduce(z, `+`, CONTROL = lazy))
}
beside("the same with mu and s in step (memMapply)", calls, steps)
memshare_gc("chain")

cat("five stages over 1 GB: predicted and measured peak of shared memory\n")
registerVariables("chain", list(X = matrix(runif(125000 * 1000), 125000)))
p1 <- memApply("X", 2, function(v) v * 2, NAMESPACE = "chain", CONTROL = lazy)
p2 <- memLapply(p1, function(v) v + 1, CONTROL = lazy)
p3 <- memLapply(p2, sqrt, CONTROL = lazy)
p4 <- memLapply(p3, function(v) v - mean(v), CONTROL = lazy)
p5 <- memLapply(p4, function(v) sum(v * v), CONTROL = memControl(lazy = TRUE, FUN.VALUE = 0))
plan <- memPlan(p5)
used <- function() as.numeric(utils::tail(system2("df", c("--output=used", "-B1", "/dev/shm"), stdout = TRUE), 1))
run <- memRun(plan, wait = FALSE)
most <- 0
while (!resolved(run)) {
  most <- max(most, used())
  Sys.sleep(0.01)
}
invisible(collect(run))
cat(sprintf(
  "  /dev/shm holds at most %.3f GB; its own pages: predicted %.0f bytes, measured %.0f bytes; %.2f s\n",
  most / 1e9, memshare:::unwrap_pass(plan)$main$native$peak, memLastRun()$peak, memLastRun()$seconds
))
memshare_gc("chain")

cat("200 reruns of a compiled plan, other side variable each time\n")
X <- matrix(rnorm(1000 * 50), 1000)
y <- rnorm(1000)
dot <- function(v, y) sum(v * y)
pass <- memApply(X, 2, dot, VARS = list(y = y), CONTROL = memControl(lazy = TRUE, simplify = TRUE))
plan <- memPlan(pass)
samples <- lapply(1:200, function(i) sample(y))
rerun <- function() for (other in samples) memRun(plan, VARS = list(y = other))
eager <- function() for (other in samples) memApply(X, 2, dot, VARS = list(y = other), CONTROL = memControl(simplify = TRUE))
serial <- function() for (other in samples) apply(X, 2, dot, other)
rerun()
eager()
seconds <- vapply(1:5, function(i) c(elapsed(rerun), elapsed(eager), elapsed(serial)), numeric(3))
medians <- 1000 * apply(seconds, 1, stats::median) / 200
cat(sprintf("  a rerun %.2f ms, an eager call %.2f ms, apply() alone %.2f ms\n", medians[[1]], medians[[2]], medians[[3]]))
