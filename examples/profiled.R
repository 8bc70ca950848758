# Real data with strongly uneven cost: sequential permutation tests. For each gene patients' types are permuted until chance was as good
# as the data often enough (Besag and Clifford 1991), so a gene that means nothing is done after some dozens of permutations, and one that
# tells B-cell from T-cell leukaemia takes a thousand. The first run learns what each gene costs, the second goes by it. The values are
# the same however the genes are cut, and every one is checked, so this file is a test too. Run it with: Rscript examples/profiled.R
library(memshare)

if (!requireNamespace("ALL", quietly = TRUE) || !requireNamespace("Biobase", quietly = TRUE)) {
  stop("This example needs the ALL data: apt-get install r-bioc-all (Debian, Ubuntu), or BiocManager::install(\"ALL\")")
}
data("ALL", package = "ALL", envir = environment())
expression <- t(Biobase::exprs(ALL))[, seq(1, 12625, length.out = 200)]
is_t <- startsWith(as.character(ALL$BT), "T")

# How often chance was as good, and in how many permutations: never more than `most`, and no more than it takes to see `enough`.
test <- function(v, is_t, enough, most) {
  apart <- function(group) abs(mean(v[group]) - mean(v[!group]))
  observed <- apart(is_t)
  hits <- n <- 0
  while (n < most && hits < enough) {
    n <- n + 1
    hits <- hits + (apart(sample(is_t)) >= observed)
  }
  c(hits = hits, n = n)
}
run <- function(...) {
  memApply(
    expression, 2, test, VARS = list(is_t = is_t), enough = 20, most = 1000,
    CONTROL = memControl(seed = 1, FUN.VALUE = c(hits = 0, n = 0), ...)
  )
}

# Nothing is known of the genes yet.
found <- run(profile = FALSE)
first <- memLastRun()
# The same, and what it measures is kept for later runs.
stopifnot(identical(run(), found))
print(profile <- memProfile())
print(summary(profile))

# A gene's cost is that of its permutations.
n <- found["n", ]
stopifnot(all(found["hits", ] == 20 | n == 1000), max(n) / quantile(n, 0.25) > 10)
stopifnot(cor(profile$costs, n, method = "spearman") > 0.8)

# The next run goes by the profile by itself: its pieces cost the same, as far as single genes allow, and the costliest went first. So
# does one that is told the costs.
pieces <- function(run, costs) {
  trace <- as.data.frame(run)
  trace <- trace[order(trace$started), ]
  mapply(function(start, end) sum(costs[start:end]), trace$start, trace$end)
}
is_cut_by <- function(run, costs) {
  taken <- pieces(run, costs)
  max(taken) <= sum(costs) / 32 + max(costs) && mean(utils::head(taken, 8)) >= mean(utils::tail(taken, 8))
}
stopifnot(identical(run(), found))
second <- memLastRun()
stopifnot(is_cut_by(second, profile$costs))
stopifnot(identical(run(cost = n), found), is_cut_by(memLastRun(), n))
# A profile from a file serves as well, and costs that are all wrong change no value either.
file <- tempfile(fileext = ".profile")
memSaveProfile(profile, file)
stopifnot(identical(run(profile = file), found), identical(run(cost = max(n) - n), found), identical(run(schedule = "static"), found))
cat(sprintf("first run %.2f s, with its profile %.2f s\n", first$seconds, second$seconds))
summary(second)

# What would more cores bring, and which schedule?
pass <- memApply(
  expression, 2, test, VARS = list(is_t = is_t), enough = 20, most = 1000,
  CONTROL = memControl(seed = 1, FUN.VALUE = c(hits = 0, n = 0), lazy = TRUE)
)
print(simulated <- memSimulate(pass, workers = c(1, 2, 8, 64)))
stopifnot(all(simulated$makespan >= simulated$bound), simulated$speedup[[3]] > 6)
print(memCompare(pass, workers = 8))

p <- (found["hits", ] + 1) / (n + 1)
cat(sprintf("%d of %d genes differ between the types (p < 0.01)\n", sum(p < 0.01), length(p)))
stopifnot(sum(p < 0.01) > 10)
