# A call leaves the caller's session as it was, and nothing behind.

test_that("seed, options, directory, search path, connections and globals are untouched", {
  memLapply(1, identity)
  set.seed(5)
  look <- function() {
    list(.Random.seed, options(), getwd(), search(), nrow(showConnections()), ls(globalenv(), all.names = TRUE), Sys.getenv())
  }
  before <- look()
  memLapply(1:4, function(v) {
    options(digits = 3)
    set.seed(v)
    setwd(tempdir())
    v
  })
  try(memLapply(1:4, function(v) stop("x")), silent = TRUE)
  memApply(matrix(1:4, 2), 1, sum, CONTROL = memControl(seed = 1))
  expect_identical(look(), before)
})

test_that("what one call's FUN leaves on a worker does not reach the next call", {
  memLapply(1:4, function(v) {
    assign("left_behind", v, envir = globalenv())
    also_left <<- v
    options(warn = 2, digits = 3, editor = NULL)
    setwd(tempdir())
    set.seed(1)
  }, MAX.CORES = 2)
  expect_error(memLapply(1, function(v) left_behind), "not found", class = "memshare_error_element")
  expect_error(memLapply(1, function(v) also_left), "not found", class = "memshare_error_element")
  expect_identical(memLapply(1, function(v) getOption("warn")), list(0L))
  expect_identical(memLapply(1, function(v) is.null(getOption("editor"))), list(FALSE))
  expect_identical(memLapply(1, function(v) normalizePath(getwd())), list(normalizePath(getwd())))
  draws <- unlist(memLapply(1:8, function(v) runif(1), MAX.CORES = 2, CONTROL = memControl(chunk = 1)))
  expect_length(unique(draws), 8)
  x <- 1
  expect_identical(memLapply(1, function(v) x), list(1))
  x <- 2
  expect_identical(memLapply(1, function(v) x), list(2))
})

test_that("the session's kind of random numbers is used", {
  old <- RNGkind("Wichmann-Hill", "Box-Muller")
  on.exit(do.call(RNGkind, as.list(old)))
  expect_identical(memLapply(1, function(v) RNGkind()[1:2]), list(c("Wichmann-Hill", "Box-Muller")))
})

test_that("the session's formatting options and directory hold on the workers", {
  old <- options(digits = 3, OutDec = ",")
  directory <- setwd(tempdir())
  on.exit({
    options(old)
    setwd(directory)
  })
  expect_identical(memLapply(pi, format), list(format(pi)))
  expect_identical(memLapply(1, function(v) normalizePath(getwd())), list(normalizePath(getwd())))
})

test_that("no call leaves a segment behind", {
  skip_if_not(dir.exists("/dev/shm"))
  memLapply(1, identity)
  before <- segments()
  memLapply(as.list(1:100), function(v) numeric(1000))
  try(memLapply(1:10, function(v) stop("x")), silent = TRUE)
  try(memLapply(1:10, function(v) v, CONTROL = memControl(timeout = 1e-3)), silent = TRUE)
  memApply(matrix(rnorm(1e5), 100), 2, identity, CONTROL = memControl(simplify = TRUE))
  gc()
  expect_setequal(segments(), before)
})

test_that("the default number of workers heeds the options", {
  old <- options(memshare.cores = 1)
  on.exit(options(old))
  expect_identical(length(unique(memLapply(1:20, function(v) Sys.getpid()))), 1L)
  options(memshare.cores = -1)
  expect_error(memLapply(1, identity), "memshare.cores", class = "memshare_error_input")
  options(memshare.cores = NULL)
  Sys.setenv(MEMSHARE_CORES = "1")
  on.exit(Sys.unsetenv("MEMSHARE_CORES"), add = TRUE)
  expect_identical(length(unique(memLapply(1:20, function(v) Sys.getpid()))), 1L)
  Sys.setenv(MEMSHARE_CORES = "many")
  expect_error(memLapply(1, identity), "MEMSHARE_CORES", class = "memshare_error_input")
})

test_that("workers get few threads", {
  threads <- unlist(memLapply(1:2, function(v) Sys.getenv("OMP_NUM_THREADS"), MAX.CORES = 2))
  expect_true(all(as.integer(threads) >= 1))
})

test_that("memLastRun says what happened", {
  memLapply(1:10, identity, MAX.CORES = 2)
  run <- memLastRun()
  expect_s3_class(run, "memshare_run")
  expect_identical(run$elements, 10L)
  expect_gte(run$chunks, 1)
  expect_output(print(run), "10 elements")
})
