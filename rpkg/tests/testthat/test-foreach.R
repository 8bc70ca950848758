skip_if_not_installed("foreach")
skip_if_not_installed("iterators")
`%dopar%` <- foreach::`%dopar%`
`%:%` <- foreach::`%:%`
foreach <- foreach::foreach

# Values and errors of a loop under ours and under the sequential back end.
both <- function(loop) {
  once <- function() tryCatch(withVisible(loop()), error = conditionMessage)
  withr::defer(foreach::registerDoSEQ())
  foreach::registerDoSEQ()
  theirs <- once()
  registerDoMemshare(cores = 2)
  expect_identical(once(), theirs)
}

test_that("loops give what the sequential back end gives", {
  k <- 10
  scaled <- function(x) x * k
  both(function() foreach(i = 1:4) %dopar% i^2)
  both(function() foreach(i = 1:4, .combine = c) %dopar% scaled(i))
  both(function() foreach(a = 1:3, b = 4:6, .combine = rbind) %dopar% c(a, b))
  both(function() foreach(a = 1:3, b = 4:9, .combine = "+") %dopar% (a * b))
  both(function() foreach(i = integer()) %dopar% i)
  both(function() foreach(i = 1:3, .init = list("first"), .combine = c) %dopar% list(i))
  both(function() foreach(i = 1:5, .combine = function(...) sum(...), .multicombine = TRUE, .maxcombine = 3) %dopar% i)
  both(function() foreach(i = c(a = 1, b = 2), .final = function(x) stats::setNames(x, c("a", "b"))) %dopar% (i + 1))
  both(function() foreach(x = iterators::iter(matrix(1:6, 2), by = "col"), .combine = c) %dopar% sum(x))
  both(function() foreach(i = 1:2, .combine = cbind) %:% foreach(j = 1:3, .combine = c) %dopar% (i * 10 + j))
  both(function() foreach(i = 1:6, .combine = c) %:% foreach::when(i %% 2 == 0) %dopar% i)
  both(function() foreach(v = list(quote(a), quote(b + c), NULL, 1), .combine = c) %dopar% deparse(v))
  both(function() foreach(i = 1:3, .inorder = FALSE, .combine = c) %dopar% i)
  both(function() foreach(1:3, .combine = c) %dopar% 1)
})

test_that("variables of functions around the loop, their dots too, are there", {
  inside <- function(n, ...) {
    own <- 5
    foreach(i = iterators::icount(n), .combine = "+") %dopar% (i + own + sum(...))
  }
  both(function() inside(10, 1, 2))
})

test_that("errors are those of foreach, with class and index", {
  fails <- function(handling) foreach(i = 1:4, .errorhandling = handling) %dopar% if (i == 3) stop("three") else i
  both(function() fails("stop"))
  both(function() fails("remove"))
  both(function() vapply(fails("pass"), function(x) if (inherits(x, "error")) conditionMessage(x) else as.character(x), ""))
  registerDoMemshare(cores = 2)
  withr::defer(foreach::registerDoSEQ())
  error <- expect_error(fails("stop"), class = "memshare_error_element")
  expect_identical(error$index, 3)
  expect_error(foreach(i = 1:2, .export = "nowhere") %dopar% i, ".export names 'nowhere'", class = "memshare_error_input")
})

test_that("long loops are taken piece by piece from iterators that need not end", {
  withr::local_options(memshare.foreach = 7)
  both(function() foreach(i = 1:30, .combine = c) %dopar% (i * 2))
  registerDoMemshare(cores = 2)
  withr::defer(foreach::registerDoSEQ())
  expect_error(foreach(i = iterators::icount()) %dopar% if (i == 20) stop("enough") else i, "task 20 failed - \"enough\"", fixed = TRUE)
})

test_that("packages, settings and a worker's death", {
  skip_if_not_installed("MASS")
  registerDoMemshare(cores = 2, retries = 0)
  withr::defer(foreach::registerDoSEQ())
  expect_identical(foreach(i = 1:2, .packages = "MASS") %dopar% exists("lda"), list(TRUE, TRUE))
  draws <- function(n) unlist(foreach(i = 1:n, .options.memshare = list(seed = 1)) %dopar% rnorm(1))
  expect_identical(draws(4), unlist(memLapply(1:4, function(i) rnorm(1), CONTROL = memControl(seed = 1))))
  die <- function(retries) foreach(i = 1:4, .options.memshare = list(retries = retries)) %dopar% if (i == 2) tools::pskill(Sys.getpid(), 9) else i
  expect_error(die(0), class = "memshare_error_worker_died")
  once <- withr::local_tempfile()
  survived <- foreach(i = 1:4, .options.memshare = list(retries = 1)) %dopar% {
    if (i == 2 && file.create(once) && !dir.exists(paste0(once, "d"))) {
      dir.create(paste0(once, "d"))
      tools::pskill(Sys.getpid(), 9)
    }
    i
  }
  expect_identical(survived, as.list(1:4))
  expect_error(registerDoMemshare(cores = 0), class = "memshare_error_input")
  expect_error(registerDoMemshare(nonsense = 1), class = "memshare_error_input")
  expect_identical(foreach::getDoParWorkers(), 2L)
})

test_that("streams of doRNG are those of other back ends", {
  skip_if_not_installed("doRNG")
  `%dorng%` <- doRNG::`%dorng%`
  both(function() {
    set.seed(7)
    as.vector(foreach(i = 1:5, .combine = c) %dorng% rnorm(1))
  })
})

test_that("an iteration that takes too long is an error with words, and settings that a loop cannot have are refused", {
  registerDoMemshare(cores = 2)
  slow <- function(...) foreach::`%dopar%`(foreach::foreach(i = 1:3, .options.memshare = list(element_timeout = 0.3), ...), {
    if (i == 2) Sys.sleep(30)
    i
  })
  expect_error(slow(), "task 2 failed - \"FUN took too long", class = "memshare_error_element_timeout")
  expect_s3_class(slow(.errorhandling = "pass")[[2L]], "memshare_error_element_timeout")
  expect_error(registerDoMemshare(2, lazy = TRUE), "memControl\\(lazy = \\): leave it out", class = "memshare_error_input")
  expect_error(registerDoMemshare(2, on_error = "collect"), class = "memshare_error_input")
  expect_error(foreach::`%dopar%`(foreach::foreach(i = 1:2, .options.memshare = 3), i), "must be a list of settings", class = "memshare_error_input")
})
