# FUN's errors: class, index, name, parent, traceback; and what is left afterwards.

caught <- function(code) tryCatch(code, memshare_error = identity)

test_that("an error names the element, its name, the original condition and the calls", {
  deep <- function(v) if (v == 7) stop("seven is bad") else v
  f <- function(v) deep(v)
  x <- stats::setNames(as.list(1:10), paste0("item", 1:10))
  e <- caught(memLapply(x, f, MAX.CORES = 2))
  expect_s3_class(e, c("memshare_error_element", "memshare_error", "error", "condition"), exact = TRUE)
  expect_identical(as.integer(e$index), 7L)
  expect_identical(e$name, "item7")
  expect_s3_class(e$parent, "simpleError")
  expect_identical(conditionMessage(e$parent), "seven is bad")
  expect_match(conditionMessage(e), "element 7 ('item7'): seven is bad", fixed = TRUE)
  expect_match(e$calls, "deep(v)", fixed = TRUE, all = FALSE)
  expect_identical(conditionCall(e)[[1]], quote(memLapply))
})

test_that("columns are named too", {
  m <- matrix(1:6, 2, dimnames = list(NULL, c("a", "b", "c")))
  e <- caught(memApply(m, 2, function(v) if (v[[1]] == 3L) stop("here") else v))
  expect_identical(as.integer(e$index), 2L)
  expect_identical(e$name, "b")
})

test_that("classed conditions arrive with their class and fields", {
  f <- function(v) stop(structure(class = c("my_error", "error", "condition"), list(message = "mine", call = NULL, value = v)))
  e <- caught(memLapply(5, f))
  expect_s3_class(e$parent, "my_error")
  expect_identical(e$parent$value, 5)
})

test_that("the lowest index among the errors seen is told, and the run stops", {
  # Both elements are under way at the same time, and the second fails first.
  marks <- c(tempfile(), tempfile())
  both <- function(i, marks) {
    file.create(marks[[i]])
    while (!all(file.exists(marks))) Sys.sleep(0.001)
    if (i == 1) Sys.sleep(0.02)
    stop("bad ", i)
  }
  for (i in 1:3) {
    unlink(marks)
    e <- caught(memLapply(1:2, both, VARS = list(marks = marks), MAX.CORES = 2, CONTROL = memControl(chunk = 1)))
    expect_identical(as.integer(e$index), 1L)
  }
  start <- proc.time()[["elapsed"]]
  e <- caught(memLapply(1:1000, function(i) if (i == 1) stop("now") else Sys.sleep(0.05), MAX.CORES = 2))
  expect_identical(as.integer(e$index), 1L)
  expect_lt(proc.time()[["elapsed"]] - start, 10)
})

test_that("an error in the last element is found", {
  e <- caught(memLapply(1:2000, function(i) if (i == 2000) stop("last") else i))
  expect_identical(as.integer(e$index), 2000L)
})

test_that("after an error the same names give the new data, and the pool is usable", {
  m <- matrix(1:4, 2)
  expect_error(memApply(m, 1, function(v, y) stop("no"), NAMESPACE = "same", VARS = list(y = 1)), class = "memshare_error_element")
  expect_identical(memApply(m * 10L, 1, function(v, y) sum(v) + y, NAMESPACE = "same", VARS = list(y = 2)), list(42, 62))
  expect_identical(memLapply(1:3, identity), as.list(1:3))
})

test_that("stack overflow, huge conditions and errors that are not simple", {
  f <- function(v) f(v)
  expect_error(memLapply(1, f), class = "memshare_error_element")
  big <- function(v) stop(structure(class = c("big_error", "error", "condition"), list(message = "big", call = NULL, data = numeric(1e6))))
  e <- caught(memLapply(1, big))
  expect_s3_class(e$parent, "big_error")
  expect_null(e$parent$data)
  soft <- function(v) if (v == 2) signalCondition(simpleError("soft")) else v
  expect_identical(memLapply(1:3, soft), list(1L, NULL, 3L))
})

test_that("on_error = collect keeps what worked", {
  control <- memControl(on_error = "collect", chunk = 2)
  expect_warning(
    out <- memLapply(list(a = 1, b = "x", c = 3, d = "y"), log, CONTROL = control), "2 of 4 elements", class = "memshare_warning_collected"
  )
  expect_identical(out[c("a", "c")], list(a = 0, c = log(3)))
  expect_s3_class(out$b, "memshare_error_element")
  expect_identical(as.integer(out$b$index), 2L)
  expect_identical(out$d$name, "d")
  expect_match(conditionMessage(out$d$parent), "non-numeric")
  expect_identical(memLapply(1:3, identity, CONTROL = control), as.list(1:3))
})

test_that("a timeout is an error and the pool lives on", {
  expect_error(memLapply(1:4, function(i) Sys.sleep(30), CONTROL = memControl(timeout = 0.5)), class = "memshare_error_timeout")
  expect_identical(memLapply(1:3, identity), as.list(1:3))
})
