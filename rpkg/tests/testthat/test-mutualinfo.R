# Mutual information: closed forms, agreement with slow implementations of the published formulas, and what is no data.

# A standard normal variable of n values, and one that is correlated with it by rho.
normal_pair <- function(n, rho, seed) {
  set.seed(seed)
  x <- rnorm(n)
  list(x = x, y = rho * x + sqrt(1 - rho^2) * rnorm(n))
}

test_that("the signature is the published one, with method last", {
  published <- alist(
    x = , y = , isXDiscrete = FALSE, isYDiscrete = FALSE, eps = .Machine$double.eps * 1000, useMPMI = FALSE, na.rm = FALSE
  )
  expect_identical(as.list(formals(mutualinfo))[seq_along(published)], as.list(published))
  expect_identical(names(formals(mutualinfo))[-seq_along(published)], "method")
  expect_identical(eval(formals(mutualinfo)$method)[[1]], "pde")
})

test_that("two discrete variables: the exact plug-in in nats, no class dropped, whatever the method", {
  binary <- rep(0:1, 50)
  for (method in c("pde", "rank", "ksg")) expect_equal(mutualinfo(binary, binary, TRUE, TRUE, method = method), log(2), tolerance = 1e-15)
  expect_equal(mutualinfo(rep(1:8, 10), rep(letters[1:8], 10), TRUE, TRUE), log(8), tolerance = 1e-14)
  set.seed(2)
  x <- sample(5, 400, TRUE)
  y <- sample(c("u", "v", "w"), 400, TRUE)
  expect_equal(mutualinfo(x, y, TRUE, TRUE), slow_plug_in(x, y), tolerance = 1e-12)
  expect_equal(mutualinfo(x, y, TRUE, TRUE), mutualinfo(y, x, TRUE, TRUE), tolerance = 1e-12)
  p <- tabulate(x) / 400
  expect_equal(mutualinfo(x, x, TRUE, TRUE), -sum(p * log(p)), tolerance = 1e-14)
  grid <- expand.grid(1:4, 1:6)
  expect_equal(mutualinfo(grid[[1]], grid[[2]], TRUE, TRUE), 0)
  expect_equal(mutualinfo(factor(x), x, TRUE, TRUE), mutualinfo(x, x, TRUE, TRUE))
  # As many classes as values, which no full table could hold.
  expect_equal(mutualinfo(1:50000, 50000:1, TRUE, TRUE), log(50000), tolerance = 1e-10)
  # An infinite value is a class like any other.
  expect_equal(mutualinfo(c(Inf, 1, Inf, 1), c(1, 2, 1, 2), TRUE, TRUE), log(2), tolerance = 1e-15)
})

test_that("continuous and discrete by density estimation agree with the formulas", {
  # Below and above 1024 values, with and without ties, few and many classes.
  cases <- list(
    list(n = 60, classes = 2), list(n = 1000, classes = 3), list(n = 1025, classes = 5), list(n = 2500, classes = 40)
  )
  set.seed(3)
  for (case in cases) {
    y <- sample(case$classes, case$n, TRUE)
    for (x in list(rnorm(case$n, y / 3), rexp(case$n)^2 * y, round(rnorm(case$n, y), 1) + 0.013, 1e5 + runif(case$n) * 1e-3 * y)) {
      expected <- slow_pde_discrete(x, y)
      expect_equal(mutualinfo(x, y, isYDiscrete = TRUE), expected, tolerance = 1e-8)
      expect_lt(abs(mutualinfo(y, x, isXDiscrete = TRUE) - expected), 1e-8)
    }
  }
})

test_that("two continuous variables by density estimation agree with the formulas", {
  for (n in c(50, 1500)) {
    pair <- normal_pair(n, 0.7, n)
    expect_lt(abs(mutualinfo(pair$x, pair$y) - slow_pde(pair$x, pair$y)), 1e-8)
    skewed <- exp(pair$y)
    expect_lt(abs(mutualinfo(pair$x, skewed) - slow_pde(pair$x, skewed)), 1e-8)
    expect_lt(abs(mutualinfo(pair$x, skewed) - mutualinfo(skewed, pair$x)), 1e-8)
  }
})

test_that("eps leaves out what has no density, and the default is for any scale", {
  set.seed(4)
  y <- sample(3, 500, TRUE)
  x <- rnorm(500, y)
  expect_lt(abs(mutualinfo(x, y, isYDiscrete = TRUE, eps = 0.01) - slow_pde_discrete(x, y, 0.01)), 1e-8)
  expect_false(isTRUE(all.equal(slow_pde_discrete(x, y, 0.01), slow_pde_discrete(x, y), tolerance = 1e-4)))
  expect_identical(mutualinfo(x, y, isYDiscrete = TRUE, eps = 10), 0)
  for (scale in c(1e-10, 1e14)) expect_equal(mutualinfo(x * scale, y, isYDiscrete = TRUE), mutualinfo(x, y, isYDiscrete = TRUE), tolerance = 1e-4)
})

test_that("nearest neighbours agree with the definition, and know a normal pair within 5 %", {
  for (n in c(4, 30, 700)) {
    pair <- normal_pair(n, 0.5, n)
    expect_lt(abs(mutualinfo(pair$x, pair$y, method = "ksg") - max(0, slow_ksg(pair$x, pair$y))), 1e-8)
    ties <- round(pair$y, 1)
    expect_lt(abs(mutualinfo(pair$x, ties, method = "ksg") - max(0, slow_ksg(pair$x, ties))), 1e-8)
  }
  pair <- normal_pair(10000, 0.9, 1)
  known <- -log(1 - 0.9^2) / 2
  expect_lt(abs(mutualinfo(pair$x, pair$y, method = "ksg") / known - 1), 0.05)
})

test_that("the bias of each method is what the manual says", {
  told <- rbind(c(0.0031, 0.0179, 0.0037), c(0.1338, 0.1664, 0.1529), c(0.6523, 0.8239, 0.8450))
  for (i in 1:3) {
    pair <- normal_pair(10000, c(0, 0.5, 0.9)[[i]], 1)
    found <- vapply(c("pde", "rank", "ksg"), function(method) mutualinfo(pair$x, pair$y, method = method), 0)
    expect_lt(max(abs(found - told[i, ])), 6e-5)
  }
  told <- rbind(c(0.0004, 0.0015), c(0.1107, 0.1178), c(0.5049, 0.5262))
  y <- rep(0:1, 5000)
  for (i in 1:3) {
    set.seed(1)
    x <- rnorm(10000) + c(0, 1, 3)[[i]] * y
    found <- vapply(c("pde", "rank"), function(method) mutualinfo(x, y, isYDiscrete = TRUE, method = method), 0)
    expect_lt(max(abs(found - told[i, ])), 6e-5)
  }
})

test_that("independent variables have about no information", {
  pair <- normal_pair(10000, 0, 5)
  classes <- sample(4, 10000, TRUE)
  for (method in c("pde", "rank", "ksg")) expect_lt(mutualinfo(pair$x, pair$y, method = method), 0.05)
  for (method in c("pde", "rank")) expect_lt(mutualinfo(pair$x, classes, isYDiscrete = TRUE, method = method), 0.01)
})

test_that("ranks: classes of equal frequency, in nats", {
  set.seed(1)
  x <- rnorm(1000)
  expect_equal(mutualinfo(x, -x, method = "rank"), log(10), tolerance = 1e-12)
  y <- round(x + rnorm(1000), 1)
  bins <- function(v) ceiling(rank(v) / 1000 * 10)
  expect_equal(mutualinfo(x, y, method = "rank"), slow_plug_in(bins(x), bins(y)), tolerance = 1e-12)
  expect_equal(mutualinfo(x, y > 0, isYDiscrete = TRUE, method = "rank"), slow_plug_in(bins(x), y > 0), tolerance = 1e-12)
})

test_that("a constant tells nothing, and neither do fewer than two pairs", {
  for (method in c("pde", "rank", "ksg")) {
    expect_identical(mutualinfo(rep(7, 20), 1:20, method = method), 0)
    expect_identical(mutualinfo(1:20, rep(7, 20), method = method), 0)
    expect_identical(mutualinfo(7, 7, method = method), 0)
    expect_identical(mutualinfo(numeric(), numeric(), method = method), 0)
  }
  expect_identical(mutualinfo(rep(7, 20), rep(1:2, 10), isYDiscrete = TRUE), 0)
  expect_identical(mutualinfo(rnorm(20), rep("a", 20), isYDiscrete = TRUE), 0)
  expect_identical(mutualinfo(c(NA, 1), c(1, NA), na.rm = TRUE), 0)
})

test_that("missing and infinite values are left out or an error", {
  set.seed(6)
  x <- rnorm(100)
  y <- rep(1:2, 50)
  for (bad in c(NA, NaN, Inf, -Inf)) {
    holed <- replace(x, c(3, 17), bad)
    expect_error(mutualinfo(holed, y, isYDiscrete = TRUE), "x has 2 missing or infinite values, the first at 3; na.rm = TRUE", class = "memshare_error_input")
    for (method in c("pde", "rank")) {
      left <- mutualinfo(x[-c(3, 17)], y[-c(3, 17)], isYDiscrete = TRUE, method = method)
      expect_identical(mutualinfo(holed, y, isYDiscrete = TRUE, na.rm = TRUE, method = method), left)
    }
    expect_identical(mutualinfo(x, holed, na.rm = TRUE, method = "ksg"), mutualinfo(x[-c(3, 17)], x[-c(3, 17)], method = "ksg"))
  }
  expect_error(mutualinfo(x, replace(y, 4, NA), isYDiscrete = TRUE), "y has 1 missing values, the first at 4", class = "memshare_error_input")
  both <- mutualinfo(replace(x, 1, NA), replace(y, 2, NA), isYDiscrete = TRUE, na.rm = TRUE)
  expect_identical(both, mutualinfo(x[-(1:2)], y[-(1:2)], isYDiscrete = TRUE))
})

test_that("what is no data is said", {
  refused <- function(code, text) expect_error(code, text, class = "memshare_error_input")
  refused(mutualinfo(1:3, 1:2), "same length")
  refused(mutualinfo(c("a", "b"), 1:2), "isXDiscrete = TRUE")
  refused(mutualinfo(1:2, factor(1:2)), "isYDiscrete = TRUE")
  refused(mutualinfo(list(1, 2), 1:2, TRUE), "x must be a vector, not a list")
  refused(mutualinfo(1:2, NULL, TRUE, TRUE), "same length")
  refused(mutualinfo(1:9, 1:9, method = "kernel"), "method must be one of")
  refused(mutualinfo(1:9, 1:9, eps = -1), "eps must be one number")
  refused(mutualinfo(1:9, 1:9, na.rm = NA), "na.rm must be TRUE or FALSE")
  refused(mutualinfo(1:9, rep(1:3, 3), isYDiscrete = TRUE, method = "ksg"), "two continuous variables")
  refused(mutualinfo(1:3, 1:3, method = "ksg"), "4 pairs of values are needed")
  refused(mutualinfo(c(-1e308, 1e308), 1:2), "x: the values lie too far apart")
  refused(mutualinfo(1:2, 1e16 + c(0, 2)), "y: the values differ too little")
  expect_gt(mutualinfo(1:100, 1:100), 1)
})

test_that("without package mpmi, useMPMI is an error that says so", {
  skip_if(requireNamespace("mpmi", quietly = TRUE), "mpmi is installed")
  for (code in expression(mutualinfo(1:9, 1:9, useMPMI = TRUE), memMutualinfo(matrix(1:9, 3), 1:3, useMPMI = TRUE))) {
    error <- expect_error(eval(code), "needs package 'mpmi', which is not installed", class = "memshare_error_package")
    expect_identical(error$package, "mpmi")
  }
})

test_that("mpmi is given the numbers first and the classes second", {
  # A package of that name whose functions have mpmi's arguments and say which of them was called, with what.
  source <- file.path(tempfile(), "mpmi")
  dir.create(file.path(source, "R"), recursive = TRUE)
  writeLines(c("Package: mpmi", "Version: 0.0.1", "Title: Stand-In", "Description: For a test.", "License: MIT"), file.path(source, "DESCRIPTION"))
  writeLines("export(cmi.pw, mmi.pw, dmi.pw)", file.path(source, "NAMESPACE"))
  writeLines(c(
    "cmi.pw <- function(v1, v2, h, ...) list(mi = 100 + sum(v1) - sum(v2), bcmi = 0, zvalue = 0)",
    "mmi.pw <- function(cts, disc, h, ...) list(mi = 200 + sum(cts) + length(unique(disc)) / 10, bcmi = 0, zvalue = 0)",
    "dmi.pw <- function(disc1, disc2) list(mi = 300 + length(unique(disc1)) + length(unique(disc2)) / 10, bcmi = 0, zvalue = 0)"
  ), file.path(source, "R", "mpmi.R"))
  library <- file.path(dirname(source), "library")
  dir.create(library)
  install <- c("CMD", "INSTALL", "--no-docs", "--no-byte-compile", "--no-test-load", paste0("--library=", library), source)
  system2(file.path(R.home("bin"), "R"), install, stdout = FALSE, stderr = FALSE)
  out <- run_r(c(
    sprintf(".libPaths(c(%s, .libPaths()))", deparse(library)),
    "x <- c(1, 2, 4, 8); y <- c('a', 'b', 'c', 'a')",
    "pair <- c(mutualinfo(x, 2 * x, useMPMI = TRUE), mutualinfo(x, y, isYDiscrete = TRUE, useMPMI = TRUE), ",
    "  mutualinfo(y, x, isXDiscrete = TRUE, useMPMI = TRUE), mutualinfo(c(1, 2, 1, 2), y, TRUE, TRUE, useMPMI = TRUE),",
    "  mutualinfo(c(x, NA), c(y, 'd'), isYDiscrete = TRUE, useMPMI = TRUE, na.rm = TRUE))",
    "columns <- memMutualinfo(cbind(x, x + 1), y, isYDiscrete = TRUE, useMPMI = TRUE, MAX.CORES = 1)",
    "cat(pair, columns, memMutualinfo(cbind(x, x + 1), useMPMI = TRUE, MAX.CORES = 1)[1, 2])"
  ))
  expect_identical(tail(out, 1L), "85 215.3 215.3 302.3 215.3 215.3 219.3 96")
})

test_that("it runs on the workers, by name and as users of the C++ package call it", {
  genes <- matrix(c(rep(0:1, 20), rep(0:1, each = 20)), 2, byrow = TRUE)
  by_name <- memApply(genes, 1, mutualinfo, CONTROL = memControl(simplify = TRUE), y = rep(0:1, 20), isXDiscrete = TRUE, isYDiscrete = TRUE)
  expect_equal(by_name, c(log(2), 0), tolerance = 1e-15)
  set.seed(8)
  X <- matrix(rnorm(400), 100)
  X[5, 2] <- NA
  y <- rep(1:2, 50)
  score <- function(x, y) memshare::mutualinfo(x, y, isYDiscrete = TRUE, na.rm = TRUE, useMPMI = FALSE)
  expect_identical(memApply(X, 2, score, VARS = list(y = y), MAX.CORES = 2, CONTROL = memControl(simplify = TRUE)), apply(X, 2, score, y = y))
})
