# Deaths of workers: survived, or told with the element that causes them. The session never hangs.
skip_on_cran()

test_that("a worker killed while it works costs a retry and nothing else", {
  skip_on_os("windows")
  mark <- tempfile()
  f <- function(v, mark) {
    if (v == 5 && !file.exists(mark)) {
      file.create(mark)
      tools::pskill(Sys.getpid(), 9L)
      Sys.sleep(5)
    }
    v * 2
  }
  for (workers in worker_counts()) {
    unlink(mark)
    expect_identical(memLapply(1:20, f, VARS = list(mark = mark), MAX.CORES = workers), lapply(1:20, function(v) v * 2))
    expect_true(file.exists(mark))
  }
  unlink(mark)
})

test_that("an element that kills its worker each time is named", {
  skip_on_os("windows")
  e <- tryCatch(
    memLapply(stats::setNames(1:6, letters[1:6]), function(v) if (v == 4) tools::pskill(Sys.getpid(), 9L) else v, MAX.CORES = 2),
    memshare_error = identity
  )
  expect_s3_class(e, "memshare_error_worker_died")
  expect_identical(as.integer(e$index), 4L)
  expect_identical(e$name, "d")
  expect_match(conditionMessage(e), "SIGKILL|signal 9")
  expect_identical(memLapply(1:3, identity), as.list(1:3))
})

test_that("quit() in FUN is a death like another", {
  e <- tryCatch(memLapply(1:2, function(v) quit("no", status = 3), CONTROL = memControl(retries = 0)), memshare_error = identity)
  expect_s3_class(e, "memshare_error_worker_died")
  expect_identical(memLapply(1:3, identity), as.list(1:3))
})

test_that("the end of one worker does not take the others' temporary directory", {
  memLapply(1:8, function(v) Sys.sleep(0.01), MAX.CORES = 2)
  try(memLapply(1:2, function(v) quit("no"), MAX.CORES = 2, CONTROL = memControl(retries = 0)), silent = TRUE)
  expect_true(all(unlist(memLapply(1:8, function(v) {
    Sys.sleep(0.01)
    file.create(tempfile())
  }, MAX.CORES = 2))))
})

test_that("temporary files of a worker that was killed go, launched or forked, and those of one that left", {
  skip_on_os("windows")
  written <- function(i) {
    file <- tempfile()
    writeLines("mine", file)
    file
  }
  for (fork in c(FALSE, TRUE)) {
    old <- options(memshare.fork = fork)
    file <- memLapply(1, written, MAX.CORES = 1)[[1]]
    expect_true(file.exists(file))
    tools::pskill(memshare:::native(memshare:::ms_pool_status())$pids, 9L)
    expect_true(until(function() {
      memLapply(1, identity, MAX.CORES = 1)
      !dir.exists(dirname(file))
    }))
    file <- memLapply(1, written, MAX.CORES = 1)[[1]]
    expect_true(until(function() {
      memLapply(1, identity, MAX.CORES = 1, CONTROL = memControl(fresh = TRUE))
      !dir.exists(dirname(file))
    }))
    options(old)
  }
})

test_that("workers that were killed while idle are replaced", {
  skip_on_os("windows")
  memLapply(1:4, identity, MAX.CORES = 2)
  pids <- memshare:::native(memshare:::ms_pool_status())$pids
  expect_gte(length(pids), 1)
  tools::pskill(pids, 9L)
  Sys.sleep(0.2)
  expect_identical(memLapply(1:4, identity, MAX.CORES = 2), as.list(1:4))
})

test_that("a worker that is stopped costs a retry, and its element is not blamed", {
  skip_on_os("windows")
  mark <- tempfile()
  f <- function(v, mark) {
    if (v == 5 && !file.exists(mark)) {
      file.create(mark)
      tools::pskill(Sys.getpid(), tools::SIGSTOP)
    }
    v * 2
  }
  value <- memLapply(1:20, f, VARS = list(mark = mark), MAX.CORES = 2, CONTROL = memControl(retries = 0, chunk = 4))
  expect_identical(value, lapply(1:20, function(v) v * 2))
  expect_match(memLastRun()$died$how, "its process was stopped for 10 s")
  expect_false(file.exists(file.path("/proc", memLastRun()$died$pid)))
})

test_that("a worker that comes when the others have done it all lives on", {
  pool <- function() sort(memshare:::native(memshare:::ms_pool_status())$pids)
  for (i in 1:20) memLapply(1:2, identity, MAX.CORES = 2)
  # The second one may still be on its way.
  expect_true(until(function() length(memLapply(1:2, identity, MAX.CORES = 2)) && length(pool()) == 2L))
  before <- pool()
  for (i in 1:500) memLapply(1:2, identity, MAX.CORES = 2)
  expect_identical(pool(), before)
})

test_that("a forked child touches nothing of its parent's", {
  skip_on_os("windows")
  x <- rnorm(1000)
  local_variables("forked", list(x = x))
  view <- retrieveViews("forked", "x")$x
  seen <- parallel::mclapply(1:2, function(i) {
    s <- sum(view)
    gc()
    s
  }, mc.cores = 2)
  expect_identical(seen, list(sum(x), sum(x)))
  expect_identical(view, x)
  expect_identical(retrieveViews("forked", "x")$x, x)
  expect_identical(memLapply(1:2, identity), list(1L, 2L))
})
