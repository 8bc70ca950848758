skip_if_not_installed("promises")
skip_if_not_installed("later")
# Runs what is due until the promise has its value or its error.
settled <- function(promise) {
  out <- NULL
  promises::then(promise, function(value) out <<- list(value = value), function(error) out <<- list(error = error))
  until(function() {
    later::run_now(0.05)
    !is.null(out)
  }, 60)
  out
}
begun <- function(f, ...) memRun(memLapply(1:4, f, CONTROL = memControl(lazy = TRUE), ...), wait = FALSE)

test_that("a handle is a promise of its value", {
  expect_identical(settled(begun(function(i) i^2))$value, as.list((1:4)^2))
  run <- begun(function(i) i)
  expect_identical(settled(promises::then(run, function(value) length(value)))$value, 4L)
  # It can be collected too, before and after.
  expect_identical(collect(run), as.list(1:4))
  expect_identical(settled(run)$value, as.list(1:4))
})

test_that("the session goes on meanwhile, and a promise alone holds its run", {
  stop_file <- withr::local_tempfile()
  promise <- promises::as.promise(begun(function(i, file) {
    end <- Sys.time() + 60
    while (!file.exists(file) && Sys.time() < end) Sys.sleep(0.01)
    file.exists(file)
  }, VARS = list(file = stop_file)))
  gc()
  ticks <- 0
  later::later(function() {
    ticks <<- ticks + 1
    file.create(stop_file)
  })
  expect_identical(settled(promise)$value, as.list(rep(TRUE, 4)))
  expect_identical(ticks, 1)
})

test_that("errors, and a run that is cancelled, reject it", {
  error <- settled(begun(function(i) if (i == 3) stop("three") else i))$error
  expect_s3_class(error, "memshare_error_element")
  expect_identical(error$index, 3)
  run <- begun(function(i) Sys.sleep(60))
  cancel(run)
  expect_s3_class(settled(run)$error, "memshare_error_cancelled")
})
