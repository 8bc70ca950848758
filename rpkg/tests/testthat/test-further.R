# The further arguments of FUN, and what FUN sees of its call, beside lapply().

# lapply() goes first: it leaves unevaluated what FUN does not evaluate.
same <- function(x, fun, ...) {
  expected <- lapply(x, fun, ...)
  expect_identical(memLapply(X = x, FUN = fun, NAMESPACE = NULL, VARS = NULL, MAX.CORES = 2, CLUSTER = NULL, ...), expected)
}

test_that("an argument that FUN does not use is not evaluated, whatever it does", {
  ran <- FALSE
  same(1:3, function(i, ...) i, stop("never"))
  same(1:3, function(i, a) i, a = stop("never"))
  same(1:3, function(i, ...) nargs(), stop("never"), 2)
  expect_identical(memLapply(1:3, function(i, ...) i, a = ran <- TRUE), as.list(1:3))
  expect_identical(memLapply(1:3, function(i, a) i, a = ran <- TRUE), as.list(1:3))
  expect_false(ran)
  through <- function(...) memLapply(1:3, function(i, a) i, ...)
  expect_identical(through(a = stop("never")), as.list(1:3))
})

test_that("an argument that cannot be evaluated is an error at the element that uses it", {
  e <- tryCatch(memLapply(1:3, function(i, a) if (i == 2) a else i, a = stop("used")), error = identity)
  expect_s3_class(e, "memshare_error_element")
  expect_identical(e$index, 2)
  expect_match(conditionMessage(e), "used")
  through <- function(...) memLapply(1:3, function(i, a) if (i == 3) a else i, ...)
  e <- tryCatch(through(a = log("x")), error = identity)
  expect_identical(e$index, 3)
  expect_match(conditionMessage(e), "non-numeric argument")
})

test_that("an argument is evaluated once, here", {
  calls <- 0
  count <- function() {
    calls <<- calls + 1
    calls
  }
  expect_identical(memLapply(1:4, function(i, n) n, n = count(), CONTROL = memControl(chunk = 1)), as.list(rep(1, 4)))
  expect_identical(calls, 1)
  set.seed(3)
  drawn <- memLapply(1:4, function(i, r) r, r = runif(1))
  set.seed(3)
  expect_identical(drawn, lapply(1:4, function(i, r) r, r = runif(1)))
})

test_that("FUN sees its arguments' code", {
  k <- 2
  code <- function(x, a, ...) list(substitute(x), substitute(a), substitute(list(...)), deparse(substitute(a)))
  same(1:2, code, k)
  same(1:2, code, k + 1, base::sum(k), "text", c(k, 3), -k)
  same(1:2, code, a = (k), b = if (k > 1) "yes" else "no", list(k)[[1]])
  through <- function(verb, ...) verb(1:2, code, a = k * 10, ...)
  expect_identical(through(memLapply, b = k + 1), through(lapply, b = k + 1))
  same(1:2, function(x, a) list(a, substitute(a)), "constant")
  same(1:2, function(x, a) a(3), function(v) v + 1)
})

test_that("match.call, sys.call, missing, nargs, ...length, ..1 and ...names are those of lapply", {
  see <- function(x, a, b = 2, ...) {
    list(match.call(), sys.call(), missing(x), missing(a), missing(b), nargs(), ...length(), if (...length()) ..1, names(list(...)))
  }
  same(1:2, see)
  same(1:2, see, 1)
  same(1:2, see, b = 1 + 2)
  same(1:2, see, 1, 2, 3, four = 2 + 2)
  same(list(a = 1, b = "x"), function(v) sys.call())
  same(1:2, function(v) deparse(substitute(v)))
})

test_that("functions that read code work on the columns of their element", {
  frames <- split(data.frame(x = 1:6, y = c(2, 4, 6, 8, 10, 13), g = c(1, 1, 1, 2, 2, 2)), c(1, 1, 1, 2, 2, 2))
  same(frames, subset, x > 2)
  same(frames, subset, select = c(x, y))
  same(frames, with, cor(x, y))
  same(frames, transform, z = x * y)
  x <- 1000:1005
  y <- 1:6
  same(frames, with, sum(x) + sum(y))
  same(frames, subset, x > 2)
  same(frames, within, z <- x + 1)
})

test_that("code that FUN evaluates among columns finds the caller's other variables", {
  skip_if_not_installed("rlang")
  frames <- list(data.frame(x = 1:3), data.frame(x = 4:6))
  among <- function(data, code) rlang::eval_tidy(rlang::enquo(code), data)
  x <- 100
  k <- 2
  same(frames, among, x > k)
  same(frames, among, x)
  same(frames, among, sum(x) + k * 2)
  in_function <- function(verb) {
    y <- 5
    verb(frames, among, code = max(x + y, y))
  }
  expect_identical(in_function(memLapply), in_function(lapply))
})

test_that("an empty argument stays empty", {
  matrices <- list(matrix(1:4, 2), matrix(5:10, 2))
  same(matrices, `[`, , 1)
  expect_silent(same(matrices, "[", 1, , drop = FALSE))
  same(matrices, function(m, i, j) missing(i), , 1)
})

test_that("primitives, generics, and formals with names that the call uses itself", {
  same(list(1:3, 4:6), `[[`, 2)
  same(list(1:3, 4:6), "length")
  same(list(a = 1.234, b = 2.345), round, 1)
  same(list(1:3, 4:6), `+`, 1L)
  same(list(1:3, factor("a")), summary)
  same(list(1, -1), abs)
  setGeneric("shared_area", function(shape, ...) standardGeneric("shared_area"), where = globalenv())
  on.exit(removeGeneric("shared_area", where = globalenv()), add = TRUE)
  same(1:2, methods::is, "integer")
  for (name in c("X", "FUN", "i", "x", "n", "dots", "CONTROL")) {
    fun <- as.function(stats::setNames(list(quote(expr = ), substitute(name * 2, list(name = as.name(name)))), c(name, "")))
    same(1:2, fun)
    two <- as.function(c(alist(el = ), stats::setNames(list(quote(expr = )), name), substitute(el + v, list(v = as.name(name)))))
    expect_identical(memLapply(1:2, two, VARS = stats::setNames(list(10L), name)), list(11L, 12L), label = name)
  }
  vars <- list(X = 1, FUN = 2, i = 3, dots = 4)
  expect_identical(memLapply(1:2, function(el, X, FUN, i, dots) el + X + FUN + i + dots, VARS = vars), list(11, 12))
  expect_identical(memMapply(function(a, b, X, dots) a + b + X + dots, 1:2, 3:4, VARS = list(X = 1L, dots = 1L)), list(6L, 8L))
})

test_that("memApply passes further arguments on in the same way", {
  m <- matrix(c(1, 4, NA, 2), 2)
  expect_identical(memApply(m, 1, sum, na.rm = TRUE), apply(m, 1, sum, na.rm = TRUE, simplify = FALSE))
  expect_identical(memApply(m, 2, function(v, ...) v[1], MAX.CORES = 1, a = stop("never")), list(1, NA_real_))
  k <- 3
  expect_identical(memApply(m, 2, function(v, a) deparse(substitute(a)), a = k + 1), list("k + 1", "k + 1"))
})
