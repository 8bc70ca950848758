# Fails at some elements until its file is there.
flaky <- function(i, file, at, sd = 1) {
  if (i %in% at && !file.exists(file)) stop("not ready")
  i + rnorm(1, sd = sd)
}

redo_control <- function(...) memControl(seed = 7, ...)

test_that("the failed elements of a value are done again, with their streams, and no others", {
  file <- withr::local_tempfile()
  calls <- withr::local_tempfile()
  counted <- function(i, file, at, calls) {
    # R writes each part of what cat() is given by itself, and another worker may write between.
    cat(paste0(i, "\n"), file = calls, append = TRUE)
    flaky(i, file, at)
  }
  vars <- list(file = file, at = c(3, 17, 40), calls = calls)
  expect_warning(value <- memLapply(1:40, counted, VARS = vars, MAX.CORES = 2, CONTROL = redo_control(on_error = "collect")))
  file.create(file)
  unlink(calls)
  value[[5]] <- "changed"
  expect_message(again <- memRedo(value), "37 of 40", class = "memshare_message_reused")
  expect_setequal(scan(calls, quiet = TRUE), c(3, 17, 40))
  whole <- memLapply(1:40, flaky, VARS = list(file = file, at = 0), MAX.CORES = 1, CONTROL = redo_control())
  whole[[5]] <- "changed"
  expect_identical(again, whole)
  expect_error(memRedo(again), class = "memshare_error_input")
})

test_that("elements that fail again can be done again", {
  file <- withr::local_tempfile()
  expect_warning(value <- memLapply(c(a = 1, b = 2), flaky, VARS = list(file = file, at = 2), MAX.CORES = 1, CONTROL = redo_control(on_error = "collect")))
  expect_warning(value <- suppressMessages(memRedo(value)), class = "memshare_warning_collected")
  expect_identical(value$b$index, 2)
  file.create(file)
  expect_named(suppressMessages(memRedo(value)), c("a", "b"))
})

test_that("what the failed elements need of other passes, and what follows from them, is done again", {
  file <- withr::local_tempfile()
  lazy <- redo_control(lazy = TRUE)
  x <- memLapply(1:30, function(i) i * 2, CONTROL = lazy)
  y <- memLapply(x, function(v, file) if (v == 20 && !file.exists(file)) stop("no") else v + 1, VARS = list(file = file),
                 CONTROL = redo_control(lazy = TRUE, on_error = "collect"))
  s <- memLapply(1, function(i, y) sum(unlist(Filter(is.numeric, y))), VARS = list(y = y), CONTROL = lazy)
  expect_warning(value <- memRun(y, s, MAX.CORES = 2))
  file.create(file)
  expect_identical(suppressMessages(memRedo(value)), list(y = lapply(1:30 * 2, `+`, 1), s = list(sum(1:30 * 2 + 1))))
})

test_that("a value that was cut, moved, or comes from another session is refused", {
  expect_warning(value <- memLapply(1:4, function(i) if (i == 2) stop("no") else i, MAX.CORES = 1, CONTROL = memControl(on_error = "collect")))
  expect_error(memRedo(value[2:4]), class = "memshare_error_input")
  expect_error(memRedo(rev(value)), class = "memshare_error_input")
  expect_error(memRedo(1:3), class = "memshare_error_input")
  expect_error(memRedo(unserialize(serialize(value, NULL))), class = "memshare_error")
})

test_that("a failed run is kept, and goes on where it stopped", {
  file <- withr::local_tempfile()
  run <- function(at, ...) {
    memLapply(1:3000, flaky, VARS = list(file = file, at = at), MAX.CORES = 2, CONTROL = redo_control(...))
  }
  memshare_gc()
  expect_error(run(2900, keep = TRUE), class = "memshare_error_element")
  expect_match(pageList(), "(kept).", fixed = TRUE, all = FALSE)
  expect_error(suppressMessages(memRedo()), class = "memshare_error_element")
  file.create(file)
  expect_message(value <- memRedo(), class = "memshare_message_reused")
  expect_identical(value, run(0))
  expect_false(any(startsWith(as.character(pageList()), "(kept)")))
  expect_error(memRedo(), class = "memshare_error_kept")
})

test_that("an interrupted or cancelled run is kept as a failed one is", {
  skip_if_interrupts_are_ignored()
  calls <- withr::local_tempfile()
  session <- Sys.getpid()
  # Of quick elements a chunk may have all.
  control <- redo_control(keep = TRUE, lazy = TRUE, chunk = 10)
  slow <- function(i, calls, session, stop_at) {
    cat(paste0(i, "\n"), file = calls, append = TRUE)
    if (i == stop_at && !file.exists(paste0(calls, ".go"))) {
      if (session > 0) tools::pskill(session, tools::SIGINT)
      Sys.sleep(60)
    }
    i + rnorm(1)
  }
  pass <- function(...) memLapply(1:200, slow, VARS = list(calls = calls, stop_at = 150, ...), CONTROL = control)
  whole <- local({
    file.create(paste0(calls, ".go"))
    memRun(pass(session = 0), MAX.CORES = 1)
  })
  for (how in c("Ctrl-C", "cancel")) {
    unlink(c(calls, paste0(calls, ".go")))
    if (how == "Ctrl-C") {
      expect_identical(tryCatch(memRun(pass(session = session), MAX.CORES = 1), interrupt = function(i) "interrupted"), "interrupted")
    } else {
      handle <- memRun(pass(session = 0), MAX.CORES = 1, wait = FALSE)
      reached <- function() file.exists(calls) && 150 %in% scan(calls, quiet = TRUE)
      while (!reached()) Sys.sleep(0.01)
      cancel(handle)
    }
    expect_match(pageList(), "(kept).", fixed = TRUE, all = FALSE)
    unlink(calls)
    file.create(paste0(calls, ".go"))
    expect_message(value <- memRedo(), class = "memshare_message_reused")
    expect_identical(value, whole)
    expect_true(150 %in% scan(calls, quiet = TRUE) && !1 %in% scan(calls, quiet = TRUE))
    expect_error(memRedo(), class = "memshare_error_kept")
  }
})

test_that("memshare_gc() gives back what was kept", {
  expect_error(memLapply(1:4, function(i) stop("no"), MAX.CORES = 1, CONTROL = memControl(keep = TRUE)))
  memshare_gc()
  expect_error(memRedo(), class = "memshare_error_kept")
})

test_that("stages that were through are not done again, and folds go on", {
  file <- withr::local_tempfile()
  calls <- withr::local_tempfile()
  lazy <- redo_control(lazy = TRUE, keep = TRUE)
  x <- memLapply(1:500, function(i, calls) {
    cat("x\n", file = calls, append = TRUE)
    i / 3
  }, VARS = list(calls = calls), CONTROL = lazy)
  total <- memReduce(x, `+`, CONTROL = lazy)
  z <- memLapply(1:50, function(i, total, file) if (i == 30 && !file.exists(file)) stop("no") else total + i, VARS = list(total = total, file = file), CONTROL = lazy)
  expect_error(memRun(z, MAX.CORES = 2), class = "memshare_error_element")
  unlink(calls)
  file.create(file)
  value <- suppressMessages(memRedo())
  expect_false(file.exists(calls))
  expect_equal(value, lapply(1:50, function(i) sum(1:500 / 3) + i))
})
