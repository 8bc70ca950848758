# memRun: values, further runs with other side variables, handles, and what is left behind.

lazy <- memControl(lazy = TRUE)

test_that("one pass gives its value, several a named list", {
  a <- memLapply(1:2, function(i) i * 2, CONTROL = lazy)
  b <- memLapply(a, function(i) i + 1, CONTROL = lazy)
  expect_identical(memRun(a), list(2, 4))
  expect_identical(memRun(a, b), list(a = list(2, 4), b = list(3, 5)))
  expect_identical(memRun(second = b, a), list(second = list(3, 5), a = list(2, 4)))
  expect_identical(memRun(a, again = a), list(a = list(2, 4), again = list(2, 4)))
  expect_identical(names(memRun(b, memLapply(1, sqrt, CONTROL = lazy))), c("b", "sqrt"))
  expect_identical(memRun(memPlan(x = a, b)), list(x = list(2, 4), b = list(3, 5)))
  expect_identical(do.call(memRun, list(a, b)), list(a = list(2, 4), `pass 2` = list(3, 5)))
})

test_that("a pass used twice runs once", {
  file <- tempfile()
  a <- memLapply(1:3, function(i, file) {
    cat("x", file = file, append = TRUE)
    i
  }, VARS = list(file = file), CONTROL = lazy)
  b <- memLapply(a, function(v, all) v + sum(unlist(all)), VARS = list(all = a), CONTROL = lazy)
  total <- memReduce(a, `+`)
  expect_identical(memRun(b, total, MAX.CORES = 1), list(b = list(7L, 8L, 9L), total = 6L))
  expect_identical(readLines(file, warn = FALSE), "xxx")
})

test_that("a plan runs again, and with other side variables", {
  x <- as.numeric(1:10)
  fit <- memLapply(1:3, function(k, x, y, f) f(x * y) + k, VARS = list(x = x, y = 2, f = sum), CONTROL = memControl(simplify = TRUE, lazy = TRUE))
  best <- memLapply(1, function(i, fit, y) max(fit) + y, VARS = list(fit = fit, y = 2), CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
  plan <- memPlan(best, fit)
  expect_identical(memRun(plan), list(best = 115, fit = c(111, 112, 113)))
  expect_identical(memRun(plan, VARS = list(y = 1)), list(best = 59, fit = c(56, 57, 58)))
  expect_identical(memRun(plan, VARS = list(y = 1, x = 1)), list(best = 5, fit = c(2, 3, 4)))
  expect_identical(memRun(plan), list(best = 115, fit = c(111, 112, 113)))
  expect_identical(memRun(best, fit, VARS = list(y = 1)), list(best = 59, fit = c(56, 57, 58)))
  expect_error(memRun(plan, VARS = list(q = 1)), "no pass has 'q'.*what can be replaced: 'x', 'y'", class = "memshare_error_input")
  expect_error(memRun(plan, VARS = list(fit = 1)), "'fit' comes from another pass", class = "memshare_error_input")
  expect_error(memRun(plan, VARS = list(f = 1)), "'f' is a function", class = "memshare_error_input")
  expect_error(memRun(plan, VARS = list(y = fit)), "replaced by data, not by a pass", class = "memshare_error_input")
  expect_error(memRun(plan, VARS = list(1)), "Unknown input format for VARS", class = "memshare_error_input")
  expect_error(memRun(plan, VARS = list(y = 1, y = 2)), "more than once", class = "memshare_error_input")
})

test_that("replacing a variable leaves equal data in other places alone", {
  v <- c(1, 2, 3)
  pass <- memLapply(v, function(i, y, w) i + sum(y) + 10 * sum(w), VARS = list(y = as.list(v), w = as.list(v)), CONTROL = lazy)
  pass <- memLapply(as.list(v), function(i, y, w) i + sum(unlist(y)) + 10 * sum(unlist(w)), VARS = list(y = as.list(v), w = as.list(v)), CONTROL = lazy)
  plan <- memPlan(pass)
  expect_identical(memRun(plan), list(67, 68, 69))
  expect_identical(memRun(plan, VARS = list(y = 0)), list(61, 62, 63))
  expect_identical(memRun(plan, VARS = list(w = 0)), list(7, 8, 9))
  expect_identical(memRun(plan, VARS = list(w = 0, y = 0)), list(1, 2, 3))
  expect_identical(memRun(plan), list(67, 68, 69))
  expect_identical(memRun(pass, VARS = list(w = 0)), list(7, 8, 9))
  # Equal values for two names stay two.
  expect_identical(memRun(plan, VARS = list(w = 1, y = 1)), list(12, 13, 14))
})

test_that("registered variables can be replaced for a run", {
  local_variables("rerun", list(l = list(1, 2), y = 5))
  plan <- memPlan(memLapply("l", function(v, y) v * y, NAMESPACE = "rerun", VARS = "y", CONTROL = lazy))
  expect_identical(memRun(plan), list(5, 10))
  expect_identical(memRun(plan, VARS = list(y = 100)), list(100, 200))
  expect_identical(memRun(plan), list(5, 10))
})

test_that("a plan runs with other numbers of workers", {
  plan <- memPlan(memLapply(1:20, function(i) i, CONTROL = lazy), MAX.CORES = 1)
  for (workers in worker_counts()) expect_identical(memRun(plan, MAX.CORES = workers), as.list(1:20))
  memRun(plan, MAX.CORES = 2)
  expect_identical(memRun(plan), as.list(1:20))
})

test_that("random numbers belong to elements, in chains too", {
  draw <- function(i) runif(1)
  add <- function(v) v + rnorm(1)
  values <- function(workers, chunk) {
    control <- memControl(seed = 7, chunk = chunk, lazy = TRUE)
    a <- memLapply(1:30, draw, CONTROL = control)
    b <- memLapply(a, add, CONTROL = control)
    memRun(a, b, MAX.CORES = workers)
  }
  expected <- values(1, NULL)
  expect_identical(expected$a, memLapply(1:30, draw, CONTROL = memControl(seed = 7)))
  expect_identical(expected$b, memLapply(expected$a, add, CONTROL = memControl(seed = 7)))
  for (workers in worker_counts()) for (chunk in c(1, 4, 30)) expect_identical(values(workers, chunk), expected)
})

test_that("a handle lets the session go on", {
  pass <- memLapply(1:2, function(i) {
    Sys.sleep(0.3)
    i
  }, CONTROL = lazy)
  run <- memRun(pass, wait = FALSE)
  expect_s3_class(run, "memshare_handle")
  expect_false(resolved(run))
  expect_match(format(run), "<run> of pass: running", fixed = TRUE)
  # Another call goes on meanwhile.
  expect_identical(memLapply(1:3, sqrt), lapply(1:3, sqrt))
  expect_identical(collect(run), list(1L, 2L))
  expect_identical(collect(run), list(1L, 2L))
  expect_true(resolved(run))
  expect_output(print(run), "done")
  expect_identical(collect(cancel(run)), list(1L, 2L))
})

test_that("a handle of a plan takes VARS", {
  plan <- memPlan(a = memLapply(1:2, function(i, y) i + y, VARS = list(y = 1), CONTROL = lazy))
  first <- memRun(plan, wait = FALSE)
  second <- memRun(plan, VARS = list(y = 10), wait = FALSE)
  expect_identical(collect(second), list(11, 12))
  expect_identical(memLastRun()$title, "memRun(a)")
  expect_identical(collect(first), list(2, 3))
  nothing <- memRun(memLapply(list(), sqrt, CONTROL = lazy), wait = FALSE)
  expect_true(resolved(nothing))
  expect_identical(collect(nothing), list())
})

test_that("a failed run raises its error at collect, each time", {
  run <- memRun(memLapply(1:3, function(i) if (i == 2) stop("no") else i, CONTROL = lazy), wait = FALSE)
  expect_error(collect(run), "FUN failed at element 2: no", class = "memshare_error_element")
  expect_error(collect(run), "FUN failed at element 2: no", class = "memshare_error_element")
  expect_output(print(run), "failed")
  expect_true(resolved(run))
})

test_that("a cancelled run is over, and says so", {
  pass <- memLapply(1:4, function(i) Sys.sleep(30), CONTROL = lazy)
  run <- memRun(pass, wait = FALSE)
  started <- proc.time()[["elapsed"]]
  expect_silent(cancel(run))
  expect_silent(cancel(run))
  expect_lt(proc.time()[["elapsed"]] - started, 15)
  expect_true(resolved(run))
  expect_error(collect(run), class = "memshare_error_cancelled")
  expect_output(print(run), "cancelled")
  expect_identical(memLapply(1:2, sqrt), lapply(1:2, sqrt))
})

test_that("a handle that nobody holds gives its run up", {
  skip_if_not(dir.exists("/dev/shm"))
  memLapply(1, identity)
  gc()
  before <- segments()
  run <- memRun(memLapply(1:4, function(i) Sys.sleep(30), CONTROL = lazy), wait = FALSE)
  rm(run)
  started <- proc.time()[["elapsed"]]
  gc()
  expect_lt(proc.time()[["elapsed"]] - started, 15)
  expect_identical(left_over(before), character())
})

test_that("nothing is left in shared memory, and a plan's data goes with the plan", {
  skip_if_not(dir.exists("/dev/shm"))
  memLapply(1, identity)
  gc()
  before <- segments()
  x <- memLapply(lapply(1:20, function(i) rnorm(1000)), function(v, y) v + y, VARS = list(y = rnorm(1000)), CONTROL = lazy)
  plan <- memPlan(memReduce(x, `+`))
  memRun(plan)
  memRun(plan, VARS = list(y = 1))
  expect_gt(length(setdiff(segments(), before)), 0)
  rm(plan)
  gc()
  expect_identical(left_over(before), character())
  memRun(memReduce(x, `+`), memReduce(x, `-`))
  gc()
  expect_identical(left_over(before), character())
})

test_that("memLastRun knows the run, and its trace unless it was not to be kept", {
  a <- memLapply(1:6, function(i) i, CONTROL = memControl(chunk = 2, lazy = TRUE))
  b <- memLapply(a, function(i) i, CONTROL = lazy)
  memRun(b, MAX.CORES = 1)
  run <- memLastRun()
  expect_identical(run$elements, 12L)
  expect_true(is.numeric(run$peak) && run$peak > 0)
  expect_match(format(run)[[1L]], "^<run> of memRun\\(b\\): done in ")
  expect_match(format(run)[[2L]], "^12 elements in [0-9]+ chunks? of 2 passes, by [0-9] workers?$")
  trace <- as.data.frame(run)
  expect_true(all(c("pass", "start", "end", "worker", "started", "ended") %in% names(trace)))
  expect_setequal(trace$pass, c("a", "b"))
  expect_true(all(trace$ended >= trace$started))
  memLapply(1:3, sqrt, CONTROL = memControl(trace = FALSE))
  expect_identical(memLastRun()$elements, 3L)
  expect_error(as.data.frame(memLastRun()), "kept no trace", class = "memshare_error_input")
})

test_that("passes work on a cluster's nodes", {
  skip_on_cran()
  cluster <- parallel::makePSOCKcluster(2)
  on.exit(parallel::stopCluster(cluster))
  a <- memLapply(1:6, function(i) i^2, CLUSTER = cluster, CONTROL = lazy)
  total <- memReduce(memLapply(a, function(v) v + 1, CONTROL = lazy), `+`)
  expect_identical(memRun(total), 97)
  plan <- memPlan(total)
  expect_identical(memRun(plan), 97)
  run <- memRun(plan, wait = FALSE)
  expect_identical(collect(run), 97)
})

test_that("a run is called by the names that somebody gave, whatever they look like", {
  lambda <- function(...) memLapply(1:2, (function() function(i) i)(), CONTROL = lazy)
  memRun(`pass 3` = lambda(), memLapply(1:2, function(i) i, CONTROL = lazy))
  expect_identical(memLastRun()$title, "memRun(pass 3)")
})
