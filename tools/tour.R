# Makes the three pages of docs/tour.md with real runs: Rscript tools/tour.R FOLDER. viewer/tour.js then takes their pictures.
library(memshare)
folder <- commandArgs(TRUE)[[1]]
dir.create(folder, showWarnings = FALSE, recursive = TRUE)
page <- function(x, name) memView(x, file = file.path(folder, name), open = FALSE)
set.seed(1)
lazy <- memControl(lazy = TRUE, trace = TRUE)

# (a) The diamond: mu and s read X, z reads both, top folds z.
X <- matrix(rnorm(4e6), 2000)
registerVariables("tour", list(X = X))
mu <- memApply("X", 2, function(v) mean(sort(v)), NAMESPACE = "tour", CONTROL = lazy)
s <- memApply("X", 2, function(v) sd(sort(v)), NAMESPACE = "tour", CONTROL = lazy)
z <- memApply("X", 2, function(v, mu, s) sum(abs(sort(v) - mean(unlist(mu))) / mean(unlist(s))),
  NAMESPACE = "tour", VARS = list(mu = mu, s = s), CONTROL = lazy)
top <- memReduce(z, `+`, CONTROL = lazy)
plan <- memPlan(top, s, MAX.CORES = 4)
page(plan, "plan.html")
invisible(memRun(plan))
page(memLastRun(), "diamond.html")

# (b) 2,000 columns; one takes long, and one kills its worker the first time.
colnames(X) <- sprintf("gene%04d", seq_len(ncol(X)))
releaseVariables("tour", "X")
registerVariables("tour", list(X = X))
mark <- tempfile()
fit <- function(v, at) {
  first <- v[[1]]
  if (first == at[[1]] && !file.exists(mark)) {
    file.create(mark)
    tools::pskill(Sys.getpid(), tools::SIGKILL)
  }
  if (first == at[[2]]) Sys.sleep(1.5)
  cor(v, sort(v))
}
invisible(memApply("X", 2, fit,
  NAMESPACE = "tour", VARS = list(at = X[1, c(600, 1534)]), MAX.CORES = 4, CONTROL = memControl(trace = TRUE)
))
page(memLastRun(), "straggler.html")
releaseVariables("tour", "X")

# (c) 100,000 tasks: a chunk for each element.
root <- function(i) sqrt(i)
invisible(memLapply(1:1e5, root, MAX.CORES = 4, CONTROL = memControl(chunk = 1, trace = TRUE)))
page(memLastRun(), "many.html")
