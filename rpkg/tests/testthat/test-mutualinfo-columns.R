# memMutualinfo: the values of mutualinfo() for each column, or pair of columns, whatever X is given as.

set.seed(9)
X <- matrix(rnorm(60 * 7), 60, dimnames = list(NULL, paste0("c", 1:7)))
classes <- rep(c("a", "b", "c"), 20)
other <- X[, 1] + rnorm(60)

test_that("all columns against y equal a loop, names included", {
  for (method in c("pde", "rank")) {
    found <- memMutualinfo(X, classes, isYDiscrete = TRUE, method = method, MAX.CORES = 2)
    expect_identical(found, apply(X, 2, mutualinfo, classes, isYDiscrete = TRUE, method = method))
  }
  for (method in c("pde", "rank", "ksg")) {
    expect_identical(memMutualinfo(X, other, method = method, MAX.CORES = 2), apply(X, 2, mutualinfo, other, method = method))
  }
  expect_identical(memMutualinfo(unname(X), other, MAX.CORES = 1), unname(apply(X, 2, mutualinfo, other)))
  text <- matrix(sample(letters[1:3], 120, TRUE), 60)
  expect_identical(memMutualinfo(text, classes, TRUE, TRUE, MAX.CORES = 2), apply(text, 2, mutualinfo, classes, TRUE, TRUE))
  whole <- matrix(sample.int(9L, 120, TRUE), 60)
  expect_identical(memMutualinfo(whole, classes, isYDiscrete = TRUE, MAX.CORES = 2), apply(whole, 2, mutualinfo, classes, isYDiscrete = TRUE))
})

test_that("X may be a data frame, registered, or a pass; y registered too", {
  expected <- apply(X, 2, mutualinfo, other)
  expect_identical(memMutualinfo(as.data.frame(X), other, MAX.CORES = 2), expected)
  registerVariables("mutual", list(X = X, other = other))
  on.exit(releaseVariables("mutual", c("X", "other")))
  expect_identical(memMutualinfo("X", "other", NAMESPACE = "mutual", MAX.CORES = 2), expected)
  expect_identical(memMutualinfo("X", other, NAMESPACE = "mutual", MAX.CORES = 2), expected)
  expect_identical(memMutualinfo("X", NAMESPACE = "mutual", MAX.CORES = 2), memMutualinfo(X, MAX.CORES = 2))
  doubled <- memApply(X, 2, function(v) v * 2, CONTROL = memControl(lazy = TRUE, FUN.VALUE = numeric(60)))
  pass <- memMutualinfo(doubled, other, CONTROL = memControl(lazy = TRUE))
  expect_s3_class(pass, "memshare_pass")
  expect_identical(memRun(pass, MAX.CORES = 2), apply(X * 2, 2, mutualinfo, other))
})

test_that("all pairs equal a double loop, and the matrix is symmetric", {
  for (method in c("pde", "rank", "ksg")) {
    found <- memMutualinfo(X, method = method, MAX.CORES = 2)
    expected <- sapply(colnames(X), function(j) sapply(colnames(X), function(i) mutualinfo(X[, i], X[, j], method = method)))
    expect_equal(found, expected, tolerance = 1e-12)
    expect_identical(found, t(found))
  }
  dice <- matrix(sample(6, 240, TRUE), 60)
  expected <- sapply(1:4, function(j) sapply(1:4, function(i) mutualinfo(dice[, i], dice[, j], TRUE, TRUE)))
  expect_equal(memMutualinfo(dice, isXDiscrete = TRUE, MAX.CORES = 2), expected, tolerance = 1e-14)
})

test_that("missing values: each pair loses what it must, or the column is named", {
  holed <- X
  holed[3, 2] <- NA
  holed[c(5, 9), 4] <- Inf
  lost <- replace(other, 3, NA)
  expect_identical(memMutualinfo(holed, other, na.rm = TRUE, MAX.CORES = 2), apply(holed, 2, mutualinfo, other, na.rm = TRUE))
  expect_identical(memMutualinfo(holed, lost, na.rm = TRUE, MAX.CORES = 2), apply(holed, 2, mutualinfo, lost, na.rm = TRUE))
  for (method in c("pde", "rank", "ksg")) {
    pairs <- sapply(colnames(X), function(j) sapply(colnames(X), function(i) mutualinfo(holed[, i], holed[, j], na.rm = TRUE, method = method)))
    expect_equal(memMutualinfo(holed, na.rm = TRUE, method = method, MAX.CORES = 2), pairs, tolerance = 1e-12)
  }
  # Of several such columns whichever is met first.
  holed <- replace(X, cbind(3, 2), NA)
  for (y in list(other, NULL)) {
    error <- expect_error(memMutualinfo(holed, y, MAX.CORES = 1), "c2.*x has 1 missing or infinite values", class = "memshare_error_element")
    expect_identical(error$name, "c2")
  }
  expect_error(memMutualinfo(X, lost), "y has 1 missing or infinite values, the first at 3", class = "memshare_error_input")
})

test_that("empty and impossible input", {
  expect_identical(memMutualinfo(X[, 0], other), numeric())
  expect_identical(memMutualinfo(matrix(0, 5, 0)), matrix(0, 0, 0))
  refused <- function(code, text) expect_error(code, text, class = "memshare_error_input")
  refused(memMutualinfo(X, other[-1]), "the columns of X and y must be of the same length, not 60 and 59")
  refused(memMutualinfo(1:3, 1:3), "Unknown input format for X")
  refused(memMutualinfo(array(0, c(2, 2, 2)), 1:2), "X must be a matrix")
  refused(memMutualinfo(X, CONTROL = memControl(lazy = TRUE)), "cannot be lazy")
  refused(memMutualinfo("X", other), "needs NAMESPACE")
  refused(memMutualinfo(X, other, method = "none"), "method must be one of")
})
