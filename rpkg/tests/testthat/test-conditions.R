# What FUN says reaches the caller; what it prints does not.

test_that("warnings arrive with the element's index and name, in order, with their class", {
  f <- function(v) {
    if (v %% 2 == 0) warning("even ", v)
    v
  }
  seen <- list()
  out <- withCallingHandlers(
    memLapply(list(a = 1, b = 2, c = 3, d = 4), f, MAX.CORES = 2, CONTROL = memControl(chunk = 1)),
    warning = function(w) {
      seen <<- c(seen, list(w))
      invokeRestart("muffleWarning")
    }
  )
  expect_identical(out, list(a = 1, b = 2, c = 3, d = 4))
  expect_identical(vapply(seen, conditionMessage, ""), c("element 2 ('b'): even 2", "element 4 ('d'): even 4"))
  expect_identical(vapply(seen, function(w) as.integer(w$index), 0L), c(2L, 4L))
  expect_s3_class(seen[[1]], "memshare_warning_element")
  expect_identical(conditionMessage(seen[[1]]$parent), "even 2")
})

test_that("messages arrive, classed conditions keep their class", {
  f <- function(v) message(structure(class = c("my_message", "message", "condition"), list(message = "hello\n", call = NULL)))
  expect_message(memLapply(1, f), "element 1: hello", class = "my_message")
})

test_that("warnings before an error are not lost", {
  f <- function(v) {
    warning("first")
    stop("then")
  }
  expect_warning(expect_error(memLapply(1, f), "then", class = "memshare_error_element"), "element 1: first")
})

test_that("FUN may handle its own conditions", {
  f <- function(v) tryCatch(warning("mine"), warning = function(w) "handled")
  expect_silent(out <- memLapply(1:2, f))
  expect_identical(out, list("handled", "handled"))
  expect_silent(out <- memLapply(1:2, function(v) suppressWarnings(as.integer("x"))))
  expect_identical(memLapply(1:2, function(v) inherits(try(stop("x"), silent = TRUE), "try-error")), list(TRUE, TRUE))
})

test_that("many warnings", {
  count <- 0
  withCallingHandlers(
    memLapply(1:500, function(i) warning("w")),
    warning = function(w) {
      count <<- count + 1
      invokeRestart("muffleWarning")
    }
  )
  expect_identical(count, 500)
})

test_that("printed output goes to the worker's log", {
  expect_output(memLapply(1:2, function(v) {
    cat("printed by FUN\n")
    v
  }), NA)
})
