# A process that knows nothing of this session but what it is sent.
elsewhere <- function(fun, ...) {
  node <- parallel::makePSOCKcluster(1)
  on.exit(parallel::stopCluster(node))
  parallel::clusterCall(node, function(libraries) .libPaths(libraries), .libPaths())
  parallel::clusterCall(node, fun, ...)[[1L]]
}

test_that("a handle of some hundred bytes opens big data in another process, without a copy", {
  x <- matrix(runif(1e6), 1000)
  handle <- memHandle(x)
  expect_lt(length(serialize(handle, NULL)), 1000)
  seen <- elsewhere(function(handle) {
    view <- memshare::memOpen(handle)
    list(sum = sum(view), dim = dim(view), left = memshare::viewList())
  }, handle)
  expect_identical(seen, list(sum = sum(x), dim = dim(x), left = character()))
  expect_identical(memOpen(handle), x)
  memRelease(handle)
})

test_that("all kinds of objects come back", {
  for (x in list(NULL, 1:3, "a", list(a = 1, b = "x"), iris, factor("a"), sum, quote(a + b), mean, 1i, as.raw(1))) {
    handle <- memHandle(x)
    expect_identical(elsewhere(function(handle) memshare::memOpen(handle), handle), x)
    memRelease(handle)
  }
})

test_that("the data goes with the last handle of its session, with memRelease(), and not with a copy of the handle", {
  before <- pageList()
  handle <- memHandle(1:10)
  copy <- unserialize(serialize(handle, NULL))
  expect_length(setdiff(pageList(), before), 1L)
  rm(handle)
  gc()
  expect_identical(pageList(), before)
  expect_error(memOpen(copy), "given back", class = "memshare_error_handle")
  kept <- memHandle(1:10)
  view <- memOpen(kept)
  again <- unserialize(serialize(kept, NULL))
  rm(again)
  gc()
  expect_identical(memOpen(kept), 1:10)
  memRelease(kept)
  expect_identical(view, 1:10)
  expect_error(memRelease(kept), "once", class = "memshare_error_handle")
  expect_error(memOpen(kept), class = "memshare_error_handle")
})

test_that("a forked child gives nothing back, and another process cannot", {
  handle <- memHandle(1:10)
  parallel::mclapply(1:2, function(i) {
    rm(handle, envir = parent.env(environment()))
    gc()
  }, mc.cores = 2)
  expect_identical(memOpen(handle), 1:10)
  expect_match(elsewhere(function(handle) tryCatch(memshare::memRelease(handle), error = conditionMessage), handle), "only the session that made it")
  expect_identical(memOpen(handle), 1:10)
  memRelease(handle)
})

test_that("a handle of another machine or a damaged one is an error", {
  handle <- memHandle(1)
  far <- handle
  far$boot <- "another"
  far$host <- "far"
  memRelease(handle)
  expect_error(memOpen(far), "made on the machine 'far'", class = "memshare_error_handle")
  for (bad in list(1, list(id = handle$id), NULL, "x", structure(list(id = 1), class = "memshare_data_handle"))) {
    expect_error(memOpen(bad), "must be what memHandle", class = "memshare_error_input")
  }
  damaged <- handle
  damaged$id <- "../../etc/passwd"
  expect_error(memOpen(damaged), class = "memshare_error_input")
  hostile <- handle
  hostile$said <- "\033[31m\n"
  expect_false(grepl("\033", format(hostile), fixed = TRUE))
})
