# The five-minute tour. Run it with: Rscript examples/quickstart.R
# Every step is checked against base R, so this file is a test too.
library(memshare)

check <- function(what, good) {
  cat(sprintf("%-62s %s\n", what, if (good) "as base R" else "DIFFERENT"))
  if (!good) stop("memshare and base R differ: ", what)
}

set.seed(1)
n <- 10000
p <- 2000
X <- matrix(rnorm(n * p), n, p)
y <- rnorm(n)

# 1. Every column of a matrix. X and y are put into shared memory once; each worker process reads them there.
res <- memApply(X = X, MARGIN = 2, FUN = function(v, y) cor(v, y), VARS = list(y = y))
check("memApply: cor of 2,000 columns of 10,000 with y", identical(unlist(res), apply(X, 2, function(v) cor(v, y))))
print(memLastRun())

# 2. Every item of a list.
d <- 200
L <- lapply(1:1000, function(i) matrix(rnorm(d * d), d, d))
w <- rnorm(d)
ans <- memLapply(L, function(el, w) el %*% w, VARS = list(w = w))
check("memLapply: 1,000 matrices of 200 x 200, each times w", identical(ans, lapply(L, function(el) el %*% w)))
print(memLastRun())

# 3. By hand: register once, read in place from any R session of yours, release.
M <- matrix(rnorm(1e6), 1000, 1000)
registerVariables("demo", list(M = M))
views <- retrieveViews("demo", "M")
check("a view reads what was registered", identical(mean(views$M[, 1]), mean(M[, 1])))
str(retrieveMetadata("demo", "M")[c("type", "nrow", "ncol")])
releaseViews("demo", "M")
releaseVariables("demo", "M")
check("nothing is registered any more", length(pageList()) == 0L && length(viewList()) == 0L)

# 4. A named function with side variables, in a namespace of its own.
score <- function(v, a, b) sum((v - a)^2) / (1 + b)
a <- rnorm(n)
b <- runif(1)
out <- memApply(X, 2, score, NAMESPACE = "scores", VARS = list(a = a, b = b))
check("memApply: score with a and b", identical(unlist(out), apply(X, 2, score, a, b)))

# 5. Several passes over one registered matrix: it is copied once, and named afterwards.
registerVariables("reuse", list(X = X))
deviations <- memApply("X", 2, sd, NAMESPACE = "reuse")
means <- memApply("X", 2, mean, NAMESPACE = "reuse", CONTROL = memControl(simplify = TRUE))
check("two passes by name: sd", identical(unlist(deviations), apply(X, 2, sd)))
check("two passes by name: mean, simplified", identical(means, apply(X, 2, mean)))

# 6. Passes that build on each other: nothing runs until memRun(), and only the value that is asked for comes back.
lazy <- memControl(lazy = TRUE)
mu <- memApply("X", 2, mean, NAMESPACE = "reuse", CONTROL = lazy)
s <- memApply("X", 2, sd, NAMESPACE = "reuse", CONTROL = lazy)
z <- memMapply(function(v, mu, s) sum(((v - mu) / s)^4) / n, "X", mu, s, MARGIN = 2, NAMESPACE = "reuse", CONTROL = lazy)
plan <- memPlan(heaviest = memReduce(z, max))
print(plan)
check("a chain of four passes", identical(memRun(plan), max(apply(X, 2, function(v) sum(((v - mean(v)) / sd(v))^4) / n))))
print(memLastRun())
releaseVariables("reuse", "X")

# 7. An error says where.
failure <- tryCatch(
  memLapply(list(a = 1, b = "two"), function(v) v + 1),
  memshare_error_element = function(e) e
)
cat(conditionMessage(failure), "\n")
check("the error names element 2, 'b'", failure$index == 2 && failure$name == "b")
