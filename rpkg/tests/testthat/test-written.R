# How arguments are written: what R would take for ours by mistake is an error that says what to write.

input_error <- function(code, text) expect_error(code, text, class = "memshare_error_input")

test_that("the beginning of one of our names is an error that says what to write", {
  f <- function(i, M = 100, ...) i * M
  input_error(memLapply(1:3, f, M = 5), "'M' is the beginning of MAX.CORES.*write MAX.CORES = in full.*VARS = list\\(M = ...\\)")
  input_error(memLapply(1:3, f, N = "x"), "beginning of NAMESPACE")
  input_error(memLapply(1:3, f, V = list()), "beginning of VARS")
  input_error(memLapply(1:3, f, CL = NULL), "beginning of CLUSTER")
  input_error(memApply(matrix(1:4, 2), 2, f, MAX = 1), "beginning of MAX.CORES")
  input_error(memReduce(1:3, `+`, i = 2), "beginning of init")
  expect_identical(memLapply(1:3, f, VARS = list(M = 5)), list(5, 10, 15))
  # Where the full name is there too, R passes the short one on.
  expect_identical(memLapply(1:3, f, M = 5, MAX.CORES = 1), list(5, 10, 15))
  expect_identical(memMapply(function(i, M) i * M, 1:2, M = 3:4), list(3L, 8L))
})

test_that("the same where names come through the caller's ... or do.call", {
  f <- function(i, M = 100) i * M
  through <- function(...) memLapply(1:3, f, ...)
  input_error(through(M = 5), "beginning of MAX.CORES")
  expect_identical(through(MAX.CORES = 1), list(100, 200, 300))
  input_error(do.call(memLapply, list(1:3, f, M = 5)), "beginning of MAX.CORES")
  expect_identical(do.call("memLapply", list(1:3, f, VARS = list(M = 5))), list(5, 10, 15))
  expect_identical(lapply(1:2, memLapply, f)[[2]], list(200))
  expect_identical(memLapply(F = sum, X = list(1:3)), list(6L))
  expect_identical(memApply(matrix(1:4, 2), MARG = 2, F = sum), list(3L, 7L))
})

test_that("a NAMESPACE that stands there by its position and that nothing uses is an error", {
  input_error(memLapply(list("a", "b"), paste, "suffix"), "NAMESPACE is \"suffix\", but nothing is named in it.*argument of FUN")
  input_error(memLapply(list(1:3), `[[`, 2), "NAMESPACE must be one non-empty string, not 2.*argument of FUN")
  input_error(memLapply(list(mtcars), subset, mpg > 20), "NAMESPACE cannot be evaluated: object 'mpg' not found. If this is an argument of FUN")
  input_error(memApply(matrix(1:4, 2), 2, paste, "suffix"), "nothing is named in it")
  input_error(memReduce(c("a", "b"), paste, "z", "suffix"), "nothing is named in it")
  through <- function(...) memLapply(list("a"), paste, ...)
  input_error(through("suffix"), "nothing is named in it")
  expect_identical(through(NAMESPACE = "n"), list("a"))
  # By name it says under what name the call runs, and with VARS by position it is no mistake.
  expect_identical(memLapply(list("a"), paste, NAMESPACE = "n"), list("a"))
  expect_identical(memApply(matrix(1:4, 2), 2, function(v, w) sum(v) * w, "n", list(w = 2L)), list(6L, 14L))
  local_variables("written", list(l = list(1, 2), w = 3))
  expect_identical(memLapply("l", identity, "written"), list(1, 2))
  expect_identical(memLapply(1:2, function(v, w) v * w, "written", "w"), list(3, 6))
})
