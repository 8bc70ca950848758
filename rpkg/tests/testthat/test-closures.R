# What FUN needs travels, and nothing else; lexical scoping stays right.

# The payload that a call would send, without running it.
payload_of <- function(fun, dots = list(), share = 1e6) {
  capture <- memshare:::new_capture(share)
  payload <- memshare:::build_payload(fun, list(dots = dots), capture, memControl())
  list(bytes = length(payload$raw), captured = payload$captured, told = capture$told, packages = capture$packages)
}

test_that("only the needed variables of a frame travel", {
  make <- function() {
    big <- numeric(5e6)
    small <- 3
    function(v) v + small
  }
  expect_lt(payload_of(make())$bytes, 1e4)
  expect_length(payload_of(make())$captured, 0)
  expect_identical(memLapply(1:2, make()), list(4, 5))
})

test_that("big captured data is shared, and the user is told", {
  make <- function() {
    big <- matrix(as.double(1:2e5), 100)
    function(j) sum(big[, j])
  }
  sent <- payload_of(make())
  expect_lt(sent$bytes, 1e4)
  expect_length(sent$captured, 1)
  expect_identical(names(sent$told), "big")
  expect_message(out <- memLapply(1:3, make()), "'big' \\(1.6 MB\\)", class = "memshare_message_captured")
  expect_identical(out, lapply(1:3, make()))
  old <- options(memshare.quiet = TRUE)
  on.exit(options(old))
  expect_silent(memLapply(1:3, make()))
})

test_that("big lists, data frames and further arguments are shared as well", {
  frame <- data.frame(a = as.double(1:2e5), b = 1)
  expect_message(out <- memLapply(list("a", "b"), function(name) sum(frame[[name]])), class = "memshare_message_captured")
  expect_identical(out, list(sum(frame$a), 2e5))
  expect_identical(memLapply(1:2, function(i, table) nrow(table) + i, table = frame), list(200001L, 200002L))
})

test_that("two closures with variables of one name keep their own", {
  make <- function(k) function(v) v * k
  double <- make(2)
  triple <- make(3)
  expect_identical(memLapply(1:2, function(v) c(double(v), triple(v))), list(c(2, 3), c(4, 6)))
})

test_that("helpers, their helpers, recursion and closures in lists", {
  scale <- 10
  inner <- function(v) v * scale
  outer <- function(v) inner(v) + 1
  expect_identical(memLapply(1:2, outer), list(11, 21))
  factorial_of <- function(n) if (n <= 1) 1 else n * factorial_of(n - 1)
  expect_identical(memLapply(1:4, factorial_of), list(1, 2, 6, 24))
  even <- function(n) if (n == 0) TRUE else odd(n - 1)
  odd <- function(n) if (n == 0) FALSE else even(n - 1)
  expect_identical(memLapply(3:4, even), list(FALSE, TRUE))
  operations <- list(add = function(v) v + scale, inner = list(times = function(v) v * scale))
  expect_identical(memLapply(1:2, function(v) operations$inner$times(operations$add(v))), list(110, 120))
  expect_identical(memLapply(operations["add"], function(f) f(1)), list(add = 11))
  expect_identical(memLapply(1:2, function(v, f) f(v), VARS = list(f = outer)), list(11, 21))
  expect_identical(memLapply(1:2, function(v, f) f(v), f = outer), list(11, 21))
})

test_that("a variable with a function's name, set in one branch, or changed, is found", {
  c <- 3
  expect_identical(memLapply(1:2, function(v) c(c, v)), list(c(3, 1), c(3, 2)))
  y <- 5
  expect_identical(memLapply(1:2, function(v) {
    if (v > 1) y <- 1
    y
  }), list(5, 1))
  x <- 1
  expect_identical(memLapply(1:2, function(v) {
    x <- x + v
    x
  }), list(2, 3))
  expect_identical(memLapply(1:2, function(v, w = y) w), list(5, 5))
  f <- 4
  g <- function(v) {
    f <- function(z) z
    f(v)
  }
  expect_identical(memLapply(1:2, g), list(1L, 2L))
})

test_that("super-assignment changes the worker's replica only", {
  total <- 0
  memLapply(1:3, function(v) total <<- total + v)
  expect_identical(total, 0)
  expect_identical(memLapply(1, function(v) total), list(0))
})

test_that("dots of a surrounding function", {
  around <- function(...) memLapply(1:2, function(v) sum(v, ...))
  expect_identical(around(10, 20), list(31, 32))
  first <- function(...) memLapply(1:2, function(v) ..2 + v)
  expect_identical(first(1, 2), list(3, 4))
})

test_that("formulas and plain environments come with what they need", {
  data <- data.frame(x = c(1, 2, 3, 5), y = c(2, 4, 7, 9))
  make <- function() {
    big <- numeric(5e6)
    y ~ x
  }
  model <- make()
  expect_lt(payload_of(function(v) stats::lm(model, data))$bytes, 1e5)
  expect_equal(memLapply(1, function(v) stats::coef(stats::lm(model, data)))[[1]], stats::coef(stats::lm(y ~ x, data)))
  counter <- local({
    big <- numeric(5e6)
    e <- new.env()
    e$n <- 4
    e
  })
  expect_lt(payload_of(function(v) v + counter$n)$bytes, 1e5)
  expect_identical(memLapply(1, function(v) v + counter$n), list(5))
})

test_that("promises of a frame are taken as values", {
  wrap <- function(k, unused = stop("never forced")) memLapply(1:2, function(v) v + k)
  expect_identical(wrap(5 + 5), list(11, 12))
})

test_that("packages of FUN's functions are attached, functions of packages run", {
  skip_if_not_installed("codetools")
  expect_length(memshare:::check_packages(payload_of(function(v) median(v))$packages), 0)
  expect_identical(
    memLapply(1, function(v) "package:codetools" %in% search(), CONTROL = memControl(packages = "codetools")), list(TRUE)
  )
  expect_identical(memLapply(list(c(3, 1, 2)), stats::median), list(2))
})

test_that("the analysis of a function is done once", {
  fun <- function(v) v + 1
  first <- memshare:::analysis_of(fun)
  count <- length(memshare:::state$analyses)
  memshare:::analysis_of(fun)
  expect_length(memshare:::state$analyses, count)
  expect_identical(memshare:::analysis_of(function(v) v + 1)$called, first$called)
  # To a hash table 0 and -0 are one.
  for (zero in c(0, -0)) {
    fun <- memshare:::analysis_of(eval(bquote(function() 1 / .(zero))))$template
    expect_identical(fun(), 1 / zero)
  }
  for (i in 1:1200) memshare:::analysis_of(eval(bquote(function(v) v + .(i))))
  expect_lte(length(memshare:::state$analyses), 1000)
})

test_that("a promise in an environment that a message reaches is not forced by sending it", {
  skip_if(getRversion() >= "4.5.0" && getRversion() < "4.6.0", "R 4.5 cannot look at a promise without forcing it")
  forced <- FALSE
  environment <- new.env()
  delayedAssign("later", {
    forced <<- TRUE
    7
  }, assign.env = environment)
  packed <- native(ms_pack(list(environment), 1e6))
  expect_false(forced)
  expect_identical(native(ms_unpack(packed$raw, packed$parts))[[1L]]$later, 7)
})
