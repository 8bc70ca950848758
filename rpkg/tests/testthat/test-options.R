# Options changed in the middle of a session: runs under way, runs that wait, and runs that ended are collected all the same.
skip_on_cran()

lazy <- memControl(lazy = TRUE)

# The settings that are changed, one after the other, each to something else than before.
changes <- function(directory) {
  list(
    threads = list(memshare.threads = 2), threads_back = list(memshare.threads = NULL),
    idle = list(memshare.idle = 61), fork = list(memshare.fork = FALSE), fork_back = list(memshare.fork = NULL),
    dir = list(memshare.dir = directory), log = list(memshare.log = "debug"),
    log_format = list(memshare.log.format = "json"), no_log = list(memshare.log = NULL), cores = list(memshare.cores = 1L),
    share = list(memshare.share = 1), profiles = list(memshare.profiles = directory), progress = list(memshare.progress = FALSE),
    quiet = list(memshare.quiet = TRUE)
  )
}
await_end <- function(run) expect_true(native(ms_run_wait(unwrap_pass(run)$run, 20000L)))
names_of_options <- unique(unlist(lapply(changes("."), names)))

# Evaluates `body(set)` for each change; `set()` makes it.
for_each_change <- function(body, frame = parent.frame()) {
  directory <- tempfile("options")
  dir.create(directory)
  old <- stats::setNames(lapply(names_of_options, getOption), names_of_options)
  withr_defer({
    options(old)
    unlink(directory, recursive = TRUE)
  }, frame)
  all <- changes(directory)
  for (name in names(all)) {
    body(function() {
      options(all[[name]])
      # The next call is what makes the change known.
      expect_identical(memLapply(1:2, identity), list(1L, 2L), label = paste("a call after the change of", name))
    }, name)
  }
}

# A run that goes on until its file is there, so that what is done meanwhile is done in its middle.
held <- function(file, value) {
  memLapply(1:2, function(i, file, value) {
    until <- proc.time()[["elapsed"]] + 60
    while (!file.exists(file) && proc.time()[["elapsed"]] < until) Sys.sleep(0.005)
    value + i
  }, VARS = list(file = file, value = value), MAX.CORES = 2, CONTROL = lazy)
}

test_that("a run that ended is collected after any option was changed", {
  for_each_change(function(set, name) {
    run <- memRun(memLapply(1:3, sqrt, CONTROL = lazy), wait = FALSE)
    await_end(run)
    set()
    expect_identical(collect(run), lapply(1:3, sqrt), label = name)
  })
})

test_that("runs under way and runs that wait survive any option that is changed", {
  for_each_change(function(set, name) {
    files <- tempfile(c("first", "second"))
    first <- memRun(held(files[[1]], 10), wait = FALSE)
    second <- memRun(held(files[[2]], 20), wait = FALSE)
    # A call waits for those before it, so the change is made known without one.
    options(changes(dirname(files[[1]]))[[sub("_back$", "", name)]])
    third <- memRun(memLapply(1:2, identity, CONTROL = lazy), wait = FALSE)
    expect_false(resolved(first))
    file.create(files)
    expect_identical(collect(third), list(1L, 2L), label = name)
    expect_identical(collect(second), list(21, 22), label = name)
    expect_identical(collect(first), list(11, 12), label = name)
    set()
  })
})

test_that("a new setting of workers holds for the runs that are begun after it", {
  old <- options(memshare.threads = NULL)
  on.exit(options(old))
  threads <- function(i) Sys.getenv("OMP_NUM_THREADS")
  file <- tempfile()
  before <- memRun(memLapply(1:2, function(i, file) {
    until <- proc.time()[["elapsed"]] + 60
    while (!file.exists(file) && proc.time()[["elapsed"]] < until) Sys.sleep(0.005)
    Sys.getenv("OMP_NUM_THREADS")
  }, VARS = list(file = file), CONTROL = lazy), wait = FALSE)
  waiting <- memRun(memLapply(1:2, threads, CONTROL = lazy), wait = FALSE)
  options(memshare.threads = 3)
  after <- memRun(memLapply(1:2, threads, CONTROL = lazy), wait = FALSE)
  file.create(file)
  expect_identical(collect(before), list("1", "1"))
  expect_identical(collect(waiting), list("1", "1"))
  expect_identical(collect(after), list("3", "3"))
})

test_that("a run survives what tidies up", {
  file <- tempfile()
  registerVariables("tidied", list(x = list(1, 2)))
  on.exit(memshare_gc("tidied"))
  run <- memRun(memLapply("x", function(v, file) {
    until <- proc.time()[["elapsed"]] + 60
    while (!file.exists(file) && proc.time()[["elapsed"]] < until) Sys.sleep(0.005)
    v * 2
  }, NAMESPACE = "tidied", VARS = list(file = file), CONTROL = lazy), wait = FALSE)
  memshare_gc("tidied")
  if ("package:memshare" %in% search()) {
    detach("package:memshare")
    on.exit(suppressPackageStartupMessages(library(memshare)), add = TRUE)
  }
  gc()
  file.create(file)
  expect_identical(collect(run), list(2, 4))
})

test_that("a run that the pool's end broke off says so, and one that had ended is there", {
  done <- memRun(memLapply(1:2, sqrt, CONTROL = lazy), wait = FALSE)
  await_end(done)
  broken <- memRun(held(tempfile(), 1), wait = FALSE)
  queued <- memRun(held(tempfile(), 2), wait = FALSE)
  native(ms_pool_stop())
  expect_identical(collect(done), lapply(1:2, sqrt))
  for (run in list(broken, queued)) {
    expect_true(resolved(run))
    for (time in 1:2) expect_error(collect(run), "workers were ended before it was through", class = "memshare_error_stopped")
    expect_output(print(run), "failed")
  }
  expect_identical(memLapply(1:2, identity), list(1L, 2L))
  cancelled <- memRun(held(tempfile(), 1), wait = FALSE)
  native(ms_pool_stop())
  expect_silent(cancel(cancelled))
})

test_that("a handle of another session, or of before memshare was unloaded, says so", {
  file <- tempfile()
  run <- memRun(memLapply(1:2, sqrt, CONTROL = lazy), wait = FALSE)
  saveRDS(run, file)
  stranger <- readRDS(file)
  expect_error(collect(stranger), "another session", class = "memshare_error_stopped")
  expect_true(resolved(stranger))
  rm(stranger)
  gc()
  expect_identical(collect(run), lapply(1:2, sqrt))
  output <- run_r(c(
    "run <- memRun(memLapply(1:2, sqrt, CONTROL = memControl(lazy = TRUE)), wait = FALSE)",
    "unloadNamespace('memshare')", "library(memshare)",
    "memLapply(3:4, identity)",
    "tryCatch(collect(run), memshare_error_stopped = function(e) cat('stopped:', conditionMessage(e), '\\n'))",
    "rm(run); invisible(gc())",
    "stopifnot(identical(memLapply(3:4, identity), list(3L, 4L)))", "cat('through\\n')"
  ))
  expect_match(output, "^stopped: .*unloaded", all = FALSE)
  expect_true("through" %in% output)
})
