skip_on_cran()
skip_if_not_installed("BiocParallel")
bplapply <- BiocParallel::bplapply
ours <- function(...) MemshareParam(workers = 2, ...)
serial <- function(...) BiocParallel::SerialParam(...)

# The value, or the classes and the text of the error, under ours and one after the other in this session.
both <- function(call, ...) {
  once <- function(param) tryCatch(call(param), error = function(e) list(class(e), conditionMessage(e)))
  expect_identical(once(ours(...)), once(serial(...)))
}

test_that("values are those of other parameter objects", {
  k <- 3
  scaled <- function(x) x * k
  both(function(param) bplapply(c(a = 1, b = 2, c = 3), scaled, BPPARAM = param))
  both(function(param) bplapply(1:7, function(i, add) i + add, add = 10, BPPARAM = param))
  both(function(param) bplapply(list(), scaled, BPPARAM = param))
  both(function(param) BiocParallel::bpmapply(function(a, b, d) a + b + d, 1:3, c(x = 4, y = 5, z = 6), MoreArgs = list(d = 1), BPPARAM = param))
  both(function(param) BiocParallel::bpvec(1:10, sqrt, BPPARAM = param))
})

test_that("tasks are ten for each worker, and of bpvec() one", {
  param <- ours()
  calls <- function(x) length(unique(x))
  expect_identical(BiocParallel::bptasks(param), 20L)
  expect_identical(calls(BiocParallel::bpvec(1:100, function(i) rep(i[[1L]], length(i)), BPPARAM = param)), 2L)
  expect_identical(BiocParallel::bptasks(param), 20L)
  BiocParallel::bpworkers(param) <- 1
  expect_identical(BiocParallel::bpworkers(param), 1L)
  expect_identical(calls(BiocParallel::bpvec(1:100, function(i) rep(i[[1L]], length(i)), BPPARAM = param)), 1L)
  BiocParallel::bptasks(param) <- 4L
  expect_identical(calls(BiocParallel::bpvec(1:100, function(i) rep(i[[1L]], length(i)), BPPARAM = param)), 4L)
  expect_error(BiocParallel::bpworkers(param) <- 0, class = "memshare_error_input")
})

test_that("random numbers are those of other parameter objects", {
  both(function(param) bplapply(1:9, function(i) rnorm(2), BPPARAM = param), RNGseed = 5)
  param <- ours(RNGseed = 5)
  BiocParallel::bpstart(param)
  first <- bplapply(1:3, function(i) runif(1), BPPARAM = param)
  second <- bplapply(1:3, function(i) runif(1), BPPARAM = param)
  BiocParallel::bpstop(param)
  other <- serial(RNGseed = 5)
  BiocParallel::bpstart(other)
  theirs <- function() suppressWarnings(bplapply(1:3, function(i) runif(1), BPPARAM = other))
  expect_identical(theirs(), first)
  expect_identical(theirs(), second)
})

test_that("iterators are read in batches", {
  numbers <- function(n) local({
    i <- 0
    function() if (i < n) i <<- i + 1
  })
  both(function(param) BiocParallel::bpiterate(numbers(45), function(x) x * 2, REDUCE = `+`, BPPARAM = param))
  both(function(param) BiocParallel::bpiterate(numbers(45), function(x) x * 2, BPPARAM = param))
})

test_that("errors, BPREDO and bpok", {
  error <- expect_error(bplapply(1:3, function(i) if (i == 2) stop("two") else i, BPPARAM = ours()), "element index: 2.*two", class = "bplist_error")
  expect_identical(as.vector(BiocParallel::bpok(BiocParallel::bpresult(error))), c(TRUE, FALSE, TRUE))
  x <- list(1, 2, "a", 4)
  found <- BiocParallel::bptry(bplapply(x, sqrt, BPPARAM = ours(stop.on.error = FALSE)))
  expect_identical(as.vector(BiocParallel::bpok(found)), c(TRUE, TRUE, FALSE, TRUE))
  calls <- withr::local_tempfile()
  again <- bplapply(list(1, 2, 3, 4), function(v) {
    cat(".", file = calls, append = TRUE)
    sqrt(v)
  }, BPREDO = found, BPPARAM = ours())
  expect_identical(again, lapply(1:4, sqrt))
  expect_identical(readLines(calls, warn = FALSE), ".")
})

test_that("what all tasks need is in shared memory once, and a death is an error with a class", {
  # In a frame of its own: BiocParallel sends the session's options, of which one is the frame of the test.
  sums <- function(big) unlist(bplapply(1:4, function(i, big) sum(big), big = big, BPPARAM = ours()))
  expect_identical(sums(numeric(1e6) + 1), rep(1e6, 4))
  expect_lt(memLastRun()$bytes_shared, 1.5 * 8e6)
  expect_error(bplapply(1:2, function(i) tools::pskill(Sys.getpid(), 9), BPPARAM = ours()), class = "memshare_error_worker_died")
  expect_error(MemshareParam(workers = 0), class = "memshare_error_input")
  expect_output(print(ours()), "MemshareParam")
})
