# Runs that go on, seen while FUN waits at a gate: a named pipe that it opens and that nobody else has opened yet.

# Two named pipes for each element that waits: `here` says that FUN is there, `go` lets it go on.
gates_for <- function(elements) {
  dir <- tempfile("gates")
  dir.create(dir)
  pipes <- file.path(dir, c(paste0("here", elements), paste0("go", elements)))
  stopifnot(system2("mkfifo", pipes) == 0)
  dir
}

# In a worker.
wait_at <- function(dir, i) {
  for (pipe in c(paste0("here", i), paste0("go", i))) {
    path <- file.path(dir, pipe)
    if (file.exists(path)) close(fifo(path, if (startsWith(pipe, "here")) "w" else "r", blocking = TRUE))
  }
}

# In the test. Opening a pipe returns when the other end is opened; a test that is wrong does not wait for ever.
await <- function(dir, elements) for (i in elements) expect_identical(system2("timeout", c("60", "cat", file.path(dir, paste0("here", i)))), 0L)
let_go <- function(dir, elements) {
  for (i in elements) system2("timeout", c("60", "sh", "-c", shQuote(paste(":", ">", shQuote(file.path(dir, paste0("go", i)))))))
}

# Begins a run of two stages whose second waits at elements 5 and 6 of 6, in two workers.
begin_and_wait <- function(dir) {
  lazy <- function(...) memControl(lazy = TRUE, chunk = 1, ...)
  mu <- memLapply(1:6, function(i) i / 2, MAX.CORES = 2, CONTROL = lazy())
  f <- function(i, mu, dir, wait_at) {
    wait_at(dir, i)
    i + sum(unlist(mu))
  }
  z <- memLapply(1:6, f, VARS = list(mu = mu, dir = dir), wait_at = wait_at, MAX.CORES = 2, CONTROL = lazy())
  handle <- memRun(z = z, wait = FALSE)
  await(dir, 5:6)
  handle
}

test_that("a run is seen by another session, with the figures that it has", {
  skip_on_os("windows")
  dir <- gates_for(5:6)
  handle <- begin_and_wait(dir)
  file <- tempfile()
  seen <- run_r(c("top <- memTop(once = TRUE)", sprintf("saveRDS(list(top, format(top)), '%s')", file)))
  let_go(dir, 5:6)
  expect_identical(collect(handle), as.list(1:6 + 10.5))

  expect_true(file.exists(file), paste(seen, collapse = "\n"))
  top <- readRDS(file)[[1L]]
  expect_s3_class(top, "memshare_top", exact = TRUE)
  expect_named(top, c("at", "runs", "stages", "workers"))
  i <- which(top$runs$pid == Sys.getpid())
  expect_length(i, 1L)
  run <- top$runs[i, ]
  expect_identical(run$title, "memRun(z)")
  expect_identical(run$state, "running")
  expect_match(run$command, "R", fixed = TRUE)
  expect_identical(c(run$done, run$elements), c(10, 12))
  expect_equal(run$rate, run$done / run$seconds)
  expect_equal(run$left, 2 / run$rate)
  expect_gt(run$live_bytes, 0)
  expect_gte(run$peak_bytes, run$live_bytes)

  stages <- top$stages[top$stages$run == i, ]
  expect_identical(stages$passes, c("mu", "z"))
  expect_identical(stages$state, c("through", "open"))
  expect_identical(stages$done, c(6, 4))
  expect_identical(stages$elements, c(6, 6))
  expect_identical(stages$waits_for, c(NA_character_, NA_character_))

  workers <- top$workers[top$workers$run == i, ]
  expect_identical(workers$worker, 1:2)
  # The pool may have more, of runs before.
  expect_true(all(workers$pid %in% native(ms_pool_status())$pids))
  expect_false(anyDuplicated(workers$pid) > 0)
  expect_identical(workers$state, c("running", "running"))
  expect_identical(workers$pass, c("z", "z"))
  expect_setequal(workers$element, 5:6)
  expect_identical(workers$first, workers$element)
  expect_identical(workers$last, workers$element)
  expect_identical(workers$attempt, c(1L, 1L))
  expect_true(all(workers$seconds > 0 & workers$seconds < run$seconds))
  expect_true(all(workers$busy > 0 & workers$busy <= 1))

  text <- readRDS(file)[[2L]]
  expect_match(text, "83 %, 10 of 12 elements", fixed = TRUE, all = FALSE)
  expect_match(text, "z, element 5$", all = FALSE)
})

test_that("a session sees its own run, and one that is over is seen no more", {
  skip_on_os("windows")
  dir <- gates_for(5:6)
  handle <- begin_and_wait(dir)
  mine <- function() memTop(once = TRUE)$runs$pid == Sys.getpid()
  expect_true(any(mine()))
  expect_identical(sum(memTop(once = TRUE)$runs$done[mine()]), 10)
  let_go(dir, 5:6)
  collect(handle)
  expect_false(any(mine()))
})

test_that("an eager call has its verb for a title", {
  skip_on_os("windows")
  look <- function(i) memshare::memTop(once = TRUE)$runs[c("title", "done", "elements", "pid")]
  seen <- memLapply(1, look)[[1L]]
  seen <- seen[seen$pid == Sys.getpid(), ]
  expect_identical(c(seen$title, seen$done, seen$elements), c("memLapply(look)", "0", "1"))
  expect_identical(verb_of(quote(memshare::memApply(x, 1, f))), "memApply")
  expect_identical(verb_of(quote(f(1)(2))), "")
  expect_identical(verb_of(as.call(list(memApply, 1))), "") # as do.call() makes it
  expect_identical(verb_of(NULL), "")
})

test_that("printing shows it, and it is a data frame for whoever wants one", {
  gate <- tempfile("gate")
  on.exit(file.create(gate))
  waits <- function(i, gate) while (!file.exists(gate)) Sys.sleep(0.01)
  handle <- memRun(slow = memLapply(1:2, waits, VARS = list(gate = gate), CONTROL = memControl(lazy = TRUE)), wait = FALSE)
  top <- memTop(once = TRUE)
  while (!nrow(top$runs) && !resolved(handle)) top <- memTop(once = TRUE)
  expect_match(format(top)[[1L]], sprintf("^memRun[(]slow[)]: running for .* s, pid %d ", Sys.getpid()))
  expect_output(out <- withVisible(print(top)), "passes +done +elements +state")
  expect_false(out$visible)
  expect_identical(as.data.frame(top), top$runs)
  expect_identical(as.data.frame(top, what = "workers"), top$workers)
  file.create(gate)
  collect(handle)
})

test_that("arguments are checked", {
  expect_error(memTop(NA), "once must be TRUE or FALSE", class = "memshare_error_input")
  for (wrong in list("a", 0, NA_real_, c(1, 2))) {
    expect_error(memTop(TRUE, wrong), "interval must be a number of seconds", class = "memshare_error_input")
  }
})
