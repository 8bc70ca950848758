skip_if_not_installed("future")
future <- future::future
value <- future::value
# Since this version back ends are objects, and futures can be cancelled.
current <- utils::packageVersion("future") >= "1.40.0"
local_plan <- function(..., frame = parent.frame()) {
  withr::defer(future::plan(future::sequential), frame)
  future::plan(memshare, ...)
}
# What a future gives in the end, with what it says on its way.
outcome <- function(make) {
  said <- character()
  output <- utils::capture.output(value <- withCallingHandlers(
    tryCatch(withVisible(value(make())), error = function(e) list(setdiff(class(e), "memshare_error"), conditionMessage(e))),
    warning = function(w) {
      said <<- c(said, "warning", conditionMessage(w))
      tryInvokeRestart("muffleWarning")
    },
    message = function(m) {
      said <<- c(said, "message", conditionMessage(m))
      tryInvokeRestart("muffleMessage")
    }
  ))
  list(value, said, output)
}
both <- function(make) {
  future::plan(future::sequential)
  theirs <- outcome(make)
  future::plan(memshare, workers = 2)
  expect_identical(outcome(make), theirs)
}

test_that("values, errors, warnings, messages and output are those of the sequential back end", {
  local_plan(workers = 2)
  k <- 3
  scaled <- function(x) x * k
  both(function() future(scaled(2)))
  both(function() future(invisible(k)))
  both(function() future(NULL))
  both(function() future({
    print(k)
    warning("careful")
    message("said")
    cat("more\n")
    k
  }))
  both(function() future(stop("no")))
  both(function() future({
    cat("before\n")
    stop(structure(class = c("mine", "error", "condition"), list(message = "own", call = NULL)))
  }))
  both(function() future(rnorm(2), seed = 42L))
  both(function() future(k, lazy = TRUE))
  both(function() future(utils::head(letters, n), globals = list(n = 3)))
  expect_identical(future::nbrOfWorkers(), 2L)
})

test_that("a global is in shared memory once, whatever futures use it, and so is a big value", {
  local_plan(workers = 2)
  x <- runif(3e5)
  twice <- local(function(i) sum(y) * i, list2env(list(y = x), parent = globalenv()))
  before <- pageList()
  futures <- lapply(1:6, function(i) future(sum(x) + i))
  expect_identical(lapply(futures, value), lapply(1:6, function(i) sum(x) + i))
  # In the frame of a function too.
  futures <- lapply(1:3, function(i) future(twice(i)))
  expect_identical(lapply(futures, value), lapply(1:3, twice))
  expect_length(setdiff(pageList(), before), 1L)
  # What a future changes is its own.
  expect_identical(value(future({
    x[[1L]] <- 0
    x[[1L]]
  })), 0)
  expect_identical(value(future(x[[1L]])), x[[1L]])
  expect_identical(value(future(x + 1)), x + 1)
  memshare_gc()
})

test_that("futures find nothing of those before them", {
  local_plan(workers = I(1))
  value(future(assign("left", 1, envir = globalenv())))
  expect_false(value(future(exists("left"))))
})

test_that("two functions that share a frame still do so in a future", {
  # Before, each global travelled alone.
  skip_if_not(current)
  local_plan(workers = I(1))
  counter <- local({
    count <- 0
    big <- numeric(2e5)
    list(up = function() count <<- count + 1, count = function() count)
  })
  up <- counter$up
  count <- counter$count
  expect_identical(value(future({
    up()
    count()
  })), 1)
})

test_that("an immediate condition is signaled while the future runs", {
  local_plan(workers = 2)
  heard <- withr::local_tempfile()
  f <- future({
    said <- structure(class = c("progress_of_test", "immediateCondition", "condition"), list(message = "half", call = NULL))
    signalCondition(said)
    end <- Sys.time() + 60
    while (!file.exists(heard) && Sys.time() < end) Sys.sleep(0.01)
    file.exists(heard)
  })
  times <- 0
  expect_true(withCallingHandlers(value(f), progress_of_test = function(condition) {
    times <<- times + 1
    file.create(heard)
  }))
  expect_identical(times, 1)
})

test_that("random numbers, and plans within plans, are future's", {
  skip_if_not_installed("future.apply")
  drawn <- function() future.apply::future_sapply(1:4, function(i) rnorm(1), future.seed = 7)
  future::plan(future::sequential)
  theirs <- drawn()
  local_plan(workers = 2)
  expect_identical(drawn(), theirs)
  future::plan(list(future::tweak(memshare, workers = 2), future::tweak(memshare, workers = I(1))))
  # The inner processes are connections that the outer future made, of which some versions warn.
  ids <- suppressWarnings(value(future(c(Sys.getpid(), value(future(Sys.getpid()))))))
  expect_length(unique(c(ids, Sys.getpid())), 3L)
})

test_that("a process that dies is an error that names it, and another takes its place", {
  local_plan(workers = 2)
  first <- value(future(Sys.getpid()))
  others <- future(5)
  error <- expect_error(value(future(tools::pskill(Sys.getpid(), 9), label = "last one")), "last one.*killed by signal 9", class = "FutureError")
  expect_match(conditionMessage(error), "node [12] of the cluster died")
  if (current) {
    expect_s3_class(error, c("memshare_error_node_died", "FutureInterruptError"))
    expect_true(error$node %in% 1:2)
    expect_match(conditionMessage(error), "in process [0-9]+")
  }
  expect_identical(value(others), 5)
  expect_identical(lapply(lapply(1:4, function(i) future(i)), value), as.list(1:4))
})

test_that("one that dies at nothing costs nothing", {
  skip_if_not(current)
  local_plan(workers = I(1))
  pid <- value(future(Sys.getpid()))
  tools::pskill(pid, 9)
  expect_true(until(function() !dir.exists(sprintf("/proc/%d", pid)) || grepl("State:\tZ", paste(readLines(sprintf("/proc/%d/status", pid)), collapse = " "))))
  expect_false(value(future(Sys.getpid())) == pid)
})

test_that("futures are cancelled, whether they listen or not, and processes go on", {
  skip_if_not(current)
  local_plan(workers = 2)
  started <- withr::local_tempfile()
  f <- future({
    file.create(started)
    Sys.sleep(60)
  })
  expect_true(until(function() file.exists(started)))
  began <- Sys.time()
  expect_identical(future::nbrOfFreeWorkers(), 1L)
  get("cancel", asNamespace("future"))(f)
  expect_error(value(f), "cancelled", class = "FutureInterruptError")
  deaf <- withr::local_tempfile()
  f <- future(suspendInterrupts({
    file.create(deaf)
    Sys.sleep(60)
  }))
  expect_true(until(function() file.exists(deaf)))
  get("cancel", asNamespace("future"))(f)
  expect_error(value(f), class = "FutureInterruptError")
  expect_identical(lapply(lapply(1:3, function(i) future(i)), value), as.list(1:3))
  expect_lt(as.numeric(Sys.time() - began, units = "secs"), 30)
})

test_that("processes end with the plan, and are there again when it is put back", {
  skip_if_not(current)
  local_plan(workers = 2)
  pid <- value(future(Sys.getpid()))
  running <- future(Sys.sleep(60))
  ours <- future::plan(future::sequential)
  expect_true(until(function() !dir.exists(sprintf("/proc/%d", pid))))
  expect_error(value(running), "the plan was changed", class = "FutureError")
  future::plan(ours)
  expect_false(value(future(Sys.getpid())) %in% c(pid, Sys.getpid()))
})

test_that("a forked child has processes of its own", {
  skip_if_not(current)
  local_plan(workers = I(1))
  pid <- value(future(Sys.getpid()))
  child <- parallel::mcparallel(value(future(Sys.getpid())))
  expect_false(parallel::mccollect(child)[[1L]] %in% c(pid, Sys.getpid()))
  expect_identical(value(future(Sys.getpid())), pid)
})

test_that("one worker is the session, and numbers of workers are checked", {
  local_plan(workers = 1)
  expect_identical(value(future(Sys.getpid())), Sys.getpid())
  # A plan that is made of another one.
  future::plan(memshare, workers = 2)
  again <- future::plan()
  future::plan(again, workers = 3)
  expect_equal(future::nbrOfWorkers(), 3)
  expect_error(future::plan(memshare, workers = 0), class = "memshare_error_input")
  expect_error(future::plan(memshare, workers = "two"), class = "memshare_error_input")
})
