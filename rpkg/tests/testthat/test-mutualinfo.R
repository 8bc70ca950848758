# Mutual information: the laws that it must keep, and the two faults of the C++ package's.

test_that("no class is dropped, and the unit is the same everywhere", {
  binary <- rep(0:1, 50)
  expect_equal(mutualinfo(binary, binary, TRUE, TRUE), 1)
  expect_equal(mutualinfo(rep(1:8, 10), rep(letters[1:8], 10), TRUE, TRUE), 3)
  set.seed(1)
  x <- rnorm(1000)
  expect_equal(mutualinfo(x, x > median(x), isYDiscrete = TRUE, bins = 2), 1)
  expect_equal(mutualinfo(x, -x, bins = 10), log2(10))
})

test_that("it is symmetric, 0 for independence, and entropy with itself", {
  set.seed(2)
  x <- sample(5, 400, TRUE)
  y <- sample(c("u", "v", "w"), 400, TRUE)
  expect_equal(mutualinfo(x, y, TRUE, TRUE), mutualinfo(y, x, TRUE, TRUE))
  p <- tabulate(x) / 400
  expect_equal(mutualinfo(x, x, TRUE, TRUE), -sum(p * log2(p)))
  grid <- expand.grid(1:4, 1:6)
  expect_equal(mutualinfo(grid[[1]], grid[[2]], TRUE, TRUE), 0)
  expect_equal(mutualinfo(factor(x), x, TRUE, TRUE), mutualinfo(x, x, TRUE, TRUE))
  expect_equal(mutualinfo(7, 7), 0)
  expect_equal(mutualinfo(numeric(), numeric()), 0)
})

test_that("missing values and bad input are met as documented", {
  expect_identical(mutualinfo(c(1, NA), c(1, 2)), NA_real_)
  expect_equal(mutualinfo(c(0, 1, NA, 0), c(0, 1, 1, 0), TRUE, TRUE, na.rm = TRUE), mutualinfo(c(0, 1, 0), c(0, 1, 0), TRUE, TRUE))
  expect_error(mutualinfo(1:3, 1:2), "same length", class = "memshare_error_input")
  expect_error(mutualinfo(c("a", "b"), 1:2), "isXDiscrete = TRUE", class = "memshare_error_input")
})

test_that("it runs on the workers by name", {
  genes <- matrix(c(rep(0:1, 20), rep(0:1, each = 20)), 2, byrow = TRUE)
  expect_equal(memApply(genes, 1, mutualinfo, CONTROL = memControl(simplify = TRUE), y = rep(0:1, 20), isXDiscrete = TRUE, isYDiscrete = TRUE), c(1, 0))
})
