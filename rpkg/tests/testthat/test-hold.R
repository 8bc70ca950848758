# A call keeps the registered variables that it reads, whole and unchanged, until it has ended.

test_that("a call holds what it was given by name, and nothing stays of it", {
  local_variables("hold", list(x = as.double(1:1e5), y = 1:3))
  before <- segments()
  seen <- memLapply(1:4, function(i, x, y) {
    why <- memWhy("hold", "x")
    list(length(list.files("/dev/shm", "^memshare-h")), why$pid[why$reason == "run"], tail(format(why), 1L))
  }, NAMESPACE = "hold", VARS = c("x", "y"), MAX.CORES = 2)
  # This file's own session is not the only one that may run.
  expect_gte(seen[[1L]][[1L]], 2L)
  expect_identical(seen[[1L]][[2L]], Sys.getpid())
  expect_match(seen[[1L]][[3L]], "1 running call keeps it until it ends", fixed = TRUE)
  expect_identical(intersect(setdiff(segments(), before), grep("^memshare-h", segments(), value = TRUE)), character())
  expect_false("run" %in% memWhy("hold", "x")$reason)
})

test_that("a variable released and registered anew during a call is the old one to the whole call", {
  skip_on_cran()
  registerVariables("hold", list(x = as.double(1:1e5)))
  on.exit(memshare_gc("hold"))
  directory <- tempfile("hold")
  dir.create(directory)
  path <- function(name) file.path(directory, name)
  # Another session's worker dies after the release; the one that takes its place has to open the variable once more.
  start_r(c(
    sprintf("path <- function(name) file.path('%s', name)", directory),
    'out <- memLapply(1, function(i, x, path) {',
    '  if (!file.exists(path("released"))) {',
    '    file.create(path("reading"))',
    '    while (!file.exists(path("released"))) Sys.sleep(0.02)',
    '    tools::pskill(Sys.getpid(), tools::SIGKILL)',
    '    Sys.sleep(10)',
    '  }',
    '  sum(x)',
    '}, NAMESPACE = "hold", VARS = "x", path = path, MAX.CORES = 1)',
    'saveRDS(out, path("part"))',
    'file.rename(path("part"), path("out"))'
  ))
  wait_for <- function(name) for (i in 1:600) if (file.exists(path(name))) break else Sys.sleep(0.05)
  wait_for("reading")
  expect_true(file.exists(path("reading")))
  releaseVariables("hold", "x")
  expect_match(tail(format(memWhy("hold", "x")), 1L), "its name is released; 1 running call keeps it until it ends")
  registerVariables("hold", list(x = 5))
  file.create(path("released"))
  wait_for("out")
  expect_identical(readRDS(path("out")), list(sum(as.double(1:1e5))))
  expect_identical(retrieveViews("hold", "x")$x, 5)
  unlink(directory, recursive = TRUE)
})

test_that("a write into what a call reads is refused, from FUN and from elsewhere, and goes when the call has ended", {
  memAllocate("hold", "x", "double", c(100, 20))
  on.exit(memshare_gc("hold"))
  memWrite("hold", "x", as.double(1:2000))
  refused <- function(v) {
    tryCatch(
      {
        memWrite("hold", "x", 0, 1)
        "written"
      },
      memshare_error_busy = function(e) c(conditionMessage(e), e$name, e$by)
    )
  }
  expected <- c(
    sprintf("variable 'hold.x' is busy: a run of process %d reads it; try again when that has ended", Sys.getpid()), "x",
    sprintf("a run of process %d reads it", Sys.getpid())
  )
  expect_identical(unique(memApply("x", 2, refused, NAMESPACE = "hold", MAX.CORES = 2)), list(expected))
  expect_identical(
    memLapply(1, function(i, x, refused) refused(i), NAMESPACE = "hold", VARS = "x", refused = refused, MAX.CORES = 2), list(expected)
  )
  writer <- function(v) memWrite("hold", "x", 0, 1)
  error <- expect_error(memApply("x", 2, writer, NAMESPACE = "hold", MAX.CORES = 2), "is busy", class = "memshare_error_element")
  expect_s3_class(error$parent, "memshare_error_busy")
  expect_identical(retrieveViews("hold", "x")$x, matrix(as.double(1:2000), 100))
  memWrite("hold", "x", 0, 1)
  expect_identical(retrieveViews("hold", "x")$x[[1]], 0)
})

test_that("a run in the background keeps what it reads, from its beginning to its last reader", {
  memAllocate("hold", "x", "double", c(1000, 6))
  on.exit(memshare_gc("hold"))
  memWrite("hold", "x", as.double(1:6000))
  slow <- function(v) {
    Sys.sleep(0.2)
    sum(v)
  }
  pass <- memApply("x", 2, slow, NAMESPACE = "hold", MAX.CORES = 2, CONTROL = memControl(lazy = TRUE, chunk = 1))
  run <- memRun(pass, wait = FALSE)
  error <- expect_error(memWrite("hold", "x", 0), "a run of this session reads it", class = "memshare_error_busy")
  expect_identical(error[c("namespace", "name", "by")], list(namespace = "hold", name = "x", by = "a run of this session reads it"))
  expect_true("run" %in% memWhy("hold", "x")$reason)
  releaseVariables("hold", "x")
  registerVariables("hold", list(x = 1))
  expect_identical(collect(run), lapply(1:6, function(j) sum(as.double(1:1000) + 1000 * (j - 1))))
  expect_false("run" %in% memWhy("hold", "x")$reason)
  expect_identical(retrieveViews("hold", "x")$x, 1)
})
