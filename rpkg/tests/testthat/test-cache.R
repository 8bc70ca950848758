# Memory that serves the pages of one call after another, and values that nobody needs any more.

# Bytes of shared memory without a name that this process keeps open or mapped.
nameless <- function() {
  open <- Sys.readlink(list.files("/proc/self/fd", full.names = TRUE))
  sum(grepl("^/dev/shm/memshare-.* \\(deleted\\)$", open))
}

# Pages of 4 MB, made of the same few numbers again and again: each call could find the memory of the one before.
calls <- function(n, keep = identity) {
  lapply(seq_len(n), function(k) keep(memLapply(1:4, function(i, k) rep(k * 10 + i, 131072), VARS = list(k = k), MAX.CORES = 2)))
}
is_right <- function(all) {
  identical(all, lapply(seq_along(all), function(k) lapply(1:4, function(i) rep(k * 10 + i, 131072))))
}

test_that("what a call gave stays as it was, whatever calls come after it", {
  all <- calls(12)
  expect_true(is_right(all))
  # Some are dropped, so that their memory is used again while the others are still there.
  all[c(2, 5, 6, 11)] <- list(NULL)
  gc()
  more <- calls(12)
  expect_true(is_right(more))
  for (k in setdiff(1:12, c(2, 5, 6, 11))) expect_identical(all[[k]][[3]], rep(k * 10 + 3, 131072), info = k)
})

test_that("one element of a result keeps the result's memory from other calls", {
  first <- calls(6, function(value) value[[2]])
  gc()
  second <- calls(6, function(value) value[[2]])
  for (k in 1:6) {
    expect_identical(first[[k]], rep(k * 10 + 2, 131072), info = k)
    expect_identical(second[[k]], first[[k]], info = k)
  }
})

test_that("a view that FUN keeps on a worker is not written over", {
  # In a place that no run looks at, so that the worker goes on with it.
  ask <- function(first, k) {
    data <- lapply(1:4, function(i) rep(k + i, 131072))
    memLapply(data, function(x, first) {
      place <- utils:::.CompletionEnv
      if (first) assign("memshare_kept", x, envir = place)
      list(Sys.getpid(), get("memshare_kept", envir = place), x[[1]])
    }, VARS = list(first = first), MAX.CORES = 1)
  }
  pid <- ask(TRUE, 0)[[1]][[1]]
  for (k in 1:6) {
    out <- ask(FALSE, 10 * k)
    expect_identical(vapply(out, `[[`, 0, 3L), 10 * k + 1:4)
    expect_identical(out[[1]][1:2], list(pid, rep(4, 131072)))
  }
})

test_that("a forked child's view is not written over", {
  skip_if_not(file.exists("/proc/self/maps"))
  value <- calls(1)[[1]]
  go <- tempfile()
  job <- parallel::mcparallel({
    while (!file.exists(go)) Sys.sleep(0.01)
    identical(value, lapply(1:4, function(i) rep(10 + i, 131072)))
  })
  rm(value)
  gc()
  expect_true(is_right(calls(6)))
  file.create(go)
  expect_true(parallel::mccollect(job)[[1]])
})

test_that("what is kept goes with memshare_gc(), and none is kept where none is wanted", {
  gc()
  calls(3)
  gc()
  expect_gt(nameless(), 0)
  memshare_gc("nobody")
  expect_identical(nameless(), 0L)
  old <- options(memshare.cache = 0)
  calls(3)
  gc()
  expect_identical(nameless(), 0L)
  options(old)
  expect_error({
    options(memshare.cache = "much")
    calls(1)
  }, class = "memshare_error")
  options(old)
})

test_that("values that nobody needs any more do not pile up", {
  # R sees a few bytes of each, and would let them wait.
  held <- function() {
    maps <- grep("memshare-", readLines("/proc/self/maps"), value = TRUE)
    ends <- do.call(rbind, strsplit(sub(" .*", "", maps), "-"))
    if (!length(maps)) return(0)
    sum(as.numeric(paste0("0x", ends[, 2])) - as.numeric(paste0("0x", ends[, 1])))
  }
  skip_if_not(file.exists("/proc/self/maps"))
  gc()
  before <- held()
  most <- 0
  for (k in 1:12) {
    r <- memLapply(1:2, function(i) raw(5e7), MAX.CORES = 2)
    most <- max(most, held() - before)
  }
  expect_lt(most, 8e8)
})

test_that("views of registered variables are no reason to collect, until these are released", {
  space <- paste0("views-", Sys.getpid())
  registerVariables(space, list(big = list(raw(3e8), 1)))
  on.exit(memshare_gc(space))
  collected <- 0
  count <- function() collected <<- collected + 1
  suppressMessages(trace("gc", tracer = as.call(list(count)), where = baseenv(), print = FALSE))
  on.exit(suppressMessages(untrace("gc", where = baseenv())), add = TRUE)
  memLapply(1:2, identity, MAX.CORES = 2)
  collected <- 0
  for (k in 1:4) expect_identical(memLapply("big", length, NAMESPACE = space, MAX.CORES = 2), list(300000000L, 1L))
  expect_equal(collected, 0)
  releaseVariables(space, "big")
  memLapply(1:2, identity, MAX.CORES = 2)
  expect_equal(collected, 1)
})
