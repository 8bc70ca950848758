# Numbers that nobody means: each gives a value or an error that says what is wrong, never a fault inside native code.

test_that("an idle time beyond any clock is for ever", {
  old <- options(memshare.idle = NULL)
  withr_defer(options(old), environment())
  for (idle in c(1e10, 1e11, 1e20, 1e300, Inf)) {
    options(memshare.idle = idle)
    first <- memLapply(1:2, identity, MAX.CORES = 1)
    before <- native(ms_pool_status())$pids
    second <- memLapply(3:4, identity, MAX.CORES = 1)
    after <- native(ms_pool_status())$pids
    expect_identical(list(first, second), list(list(1L, 2L), list(3L, 4L)), label = format(idle))
    expect_identical(after, before, label = paste("the workers after", format(idle)))
  }
})

test_that("other options take what they can, and say what they cannot", {
  refused <- function(option, value, words) {
    old <- do.call(options, stats::setNames(list(value), option))
    on.exit(options(old))
    expect_error(memLapply(1:2, identity), words, class = "memshare_error_input")
  }
  for (value in c(1e20, 1e300, Inf)) {
    refused("memshare.threads", value, "memshare.threads = \\) must be one whole number from 1 to 1000")
    refused("memshare.cores", value, if (is.finite(value)) "at most 1000" else "memshare.cores")
  }
  old <- options(memshare.share = 1e300)
  withr_defer(options(old), environment())
  expect_identical(memLapply(1:2, identity, MAX.CORES = 1), list(1L, 2L))
})

test_that("settings of a call take what they can, and say what they cannot", {
  for (value in c(1e15, 1e20, 1e300)) {
    expect_error(memControl(retries = value), "retries must be one whole number from 0 to 2147483647", class = "memshare_error_input")
    control <- memControl(timeout = value, memory = value, chunk = value)
    expect_identical(memLapply(1:3, identity, MAX.CORES = 1, CONTROL = control), list(1L, 2L, 3L), label = format(value))
    expect_identical(memLapply(1:3, identity, MAX.CORES = 1, CONTROL = memControl(cost = rep(value, 3))), list(1L, 2L, 3L))
    expect_error(memLapply(1:3, identity, MAX.CORES = value), "at most 1000", class = "memshare_error_input")
    expect_error(memTop(interval = value), "from 0.1 to 3600", class = "memshare_error_input")
  }
  expect_identical(memLapply(1:3, identity, MAX.CORES = 1, CONTROL = memControl(retries = 2147483647)), list(1L, 2L, 3L))
  expect_error(memLapply(1:3, Sys.sleep, MAX.CORES = 1, CONTROL = memControl(timeout = 1e-300)), class = "memshare_error_timeout")
})
