# Logs: off by default, by options in the middle of a session, with a run and a worker to each line; what a dead worker said.

# Options for one test, and logging off when it ends.
local_logging <- function(filter, format = NULL, frame = parent.frame()) {
  old <- options(memshare.log = filter, memshare.log.format = format)
  withr_defer({
    options(old)
    configure_native()
  }, frame)
}

# The lines of the last run.
of_last <- function(...) memLog(run = memLastRun()$run, n = Inf, ...)

test_that("nothing is logged unless it is asked for", {
  memLapply(1:4, identity, MAX.CORES = 2)
  expect_false(any(!is.na(of_last()$level)))
})

test_that("filter and format change in the middle of a session, for session and workers, and can be taken back", {
  local_logging("debug")
  memLapply(1:4, identity, MAX.CORES = 2)
  pids <- native(ms_pool_status())$pids
  lines <- of_last()
  options(memshare.log = "scheduler::run=info", memshare.log.format = "json")
  memLapply(1:4, identity, MAX.CORES = 2)
  # The workers are still the same ones.
  expect_identical(native(ms_pool_status())$pids, pids)
  options(memshare.log = "debug", memshare.log.format = NULL)
  expect_match(lines$text, "begun run=[0-9]+ stages=1 elements=4", all = FALSE)
  expect_match(lines$text, "ended run=[0-9]+ outcome=done", all = FALSE)
  expect_match(lines$text[lines$log != "session"], "membership: joined", all = FALSE)
  expect_false(any(lines$level == "TRACE"))
  options(memshare.log = "scheduler::run=info", memshare.log.format = "json")
  memLapply(1:4, identity, MAX.CORES = 2)
  lines <- of_last()
  expect_identical(lines$level, c("INFO", "INFO"))
  expect_match(lines$text, sprintf('^\\{"timestamp":"[-0-9T:.]+Z","level":"INFO".*"run":%d.*\\}$', memLastRun()$run))
  options(memshare.log = NULL)
  memLapply(1:4, identity, MAX.CORES = 2)
  expect_identical(nrow(of_last()), 0L)
})

test_that("chunks are told at trace, each once, and elements never", {
  local_logging("trace")
  memLapply(1:100, identity, MAX.CORES = 2, CONTROL = memControl(chunk = 10))
  chunks <- grep("chunk done", of_last()$text, value = TRUE)
  starts <- as.integer(sub(".* start=([0-9]+) .*", "\\1", chunks))
  expect_identical(sort(starts), seq(1L, 91L, 10L))
  expect_identical(unique(sub(".* run=([0-9]+) .*", "\\1", chunks)), as.character(memLastRun()$run))
})

test_that("a filter or a format that cannot be read is an error, and changes nothing", {
  memLapply(1, identity)
  local_logging("info")
  memLapply(1, identity)
  options(memshare.log = "loud=very=much")
  expect_error(memLapply(1, identity), "loud=very=much", class = "memshare_error_input")
  expect_error(registerVariables("log", list(x = 1)), "loud=very=much", class = "memshare_error_input")
  options(memshare.log = "info", memshare.log.format = "yaml")
  expect_error(memLapply(1, identity), "memshare.log.format.*yaml", class = "memshare_error_input")
  options(memshare.log.format = NULL)
  memLapply(1, identity)
  expect_identical(of_last()$level, c("INFO", "INFO"))
})

test_that("the environment turns logging on for a whole session", {
  out <- run_r(c(
    "Sys.setenv(MEMSHARE_LOG = 'info', MEMSHARE_LOG_FORMAT = 'json')",
    "invisible(memLapply(1:2, identity, MAX.CORES = 1))",
    "cat(readLines(file.path(tempdir(), 'memshare', 'session.log')), sep = '\\n')"
  ))
  expect_match(out, '"level":"INFO".*"message":"(begun|ended)"')
  expect_length(out, 2L)
})

test_that("what FUN prints is found by its run and worker", {
  memLapply(1:4, function(i) cat("of the first", i, "\n"), MAX.CORES = 1)
  first <- memLastRun()$run
  memLapply(1:2, function(i) cat("of the second\n", file = stderr()), MAX.CORES = 1)
  expect_identical(memLog(run = first)$text, paste("of the first", 1:4, ""))
  lines <- of_last()
  expect_identical(lines$text, rep("of the second", 2))
  expect_identical(lines$worker, c(1L, 1L))
  expect_true(all(lines$pid %in% native(ms_pool_status())$pids) && all(is.na(lines$level)))
  expect_true(all(abs(as.numeric(Sys.time()) - as.numeric(lines$time)) < 60))
  expect_identical(nrow(of_last(worker = 2)), 0L)
  expect_identical(nrow(memLog(run = c(first, memLastRun()$run), n = 3)), 3L)
})

test_that("memLog() prints who said what, and says when there is nothing", {
  memLapply(1:2, function(i) cat("line", i, "\n"), MAX.CORES = 1)
  run <- memLastRun()$run
  expect_output(print(of_last()), sprintf("^run %d  worker 1  line 1 \nrun %d  worker 1  line 2 $", run, run))
  expect_output(print(memLog(run = 1e6)), "no such lines")
  expect_error(memLog(run = "last"), "run must be whole numbers", class = "memshare_error_input")
  expect_error(memLog(n = -1), class = "memshare_error_input")
})

test_that("the error of a worker's death has its last words, of this run alone", {
  skip_on_os("windows")
  memLapply(1:2, function(i) cat("long ago\n"), MAX.CORES = 1)
  e <- tryCatch(
    memLapply(1:4, function(i) {
      if (i == 3) {
        cat("terminate called after throwing an instance of 'std::bad_alloc'\n", file = stderr())
        tools::pskill(Sys.getpid(), 6L)
      }
      i
    }, MAX.CORES = 1, CONTROL = memControl(retries = 0)),
    memshare_error_worker_died = identity
  )
  expect_s3_class(e, "memshare_error_worker_died")
  expect_identical(e$log, "terminate called after throwing an instance of 'std::bad_alloc'")
  expect_match(conditionMessage(e), "SIGABRT.*its last words:\n  terminate called after")
  died <- memLastRun()$died
  expect_identical(died$pid, e$worker_pid)
  expect_identical(died$log, list(e$log))
  expect_match(died$how, "^killed by signal 6 \\(SIGABRT\\)$")
})

test_that("a crash is told with its cause and the calls from FUN on, whatever is logged besides", {
  skip_on_os("windows")
  local_logging("trace")
  crash <- function(i) tools::pskill(Sys.getpid(), 11L)
  e <- tryCatch(
    memLapply(1:2, function(i) crash(i), MAX.CORES = 1, CONTROL = memControl(retries = 0)), memshare_error_worker_died = identity
  )
  shown <- sub(".*last words:\n", "", conditionMessage(e))
  expect_match(shown, "^   [*]{3} caught segfault [*]{3}\n  address ")
  expect_match(shown, "\n  Traceback:\n   1: tools::pskill(Sys.getpid(), 11L)\n   2: crash(i)", fixed = TRUE)
  expect_no_match(shown, "ms_worker_loop|TRACE")
  expect_match(e$log, "caught segfault", all = FALSE)
})

test_that("a death that was survived is told in memLastRun()", {
  skip_on_os("windows")
  mark <- tempfile()
  on.exit(unlink(mark))
  memLapply(1:6, function(i, mark) {
    if (i == 4 && file.create(mark) && !file.exists(paste0(mark, "2")) && file.create(paste0(mark, "2"))) {
      cat("giving up\n")
      quit("no", status = 3)
    }
    i
  }, VARS = list(mark = mark), MAX.CORES = 2)
  died <- memLastRun()$died
  expect_identical(died$how, "exited with status 3")
  expect_identical(died$log, list("giving up"))
  expect_output(print(memLastRun()), "1 worker died.*exited with status 3")
  memLapply(1:2, identity)
  expect_identical(nrow(memLastRun()$died), 0L)
})

test_that("forked children of a session that logs, and is at work, run and end", {
  skip_on_os("windows")
  local_logging("trace")
  under_way <- memLapply(1:5000, function(i) i, MAX.CORES = 2, CONTROL = memControl(lazy = TRUE, chunk = 1))
  under_way <- memRun(under_way, wait = FALSE)
  jobs <- lapply(1:4, function(i) {
    parallel::mcparallel({
      options(memshare.log = "debug")
      unlist(memLapply(1:3, function(x, i) x + i, VARS = list(i = i), MAX.CORES = 1))
    })
  })
  pids <- vapply(jobs, `[[`, 0L, "pid")
  got <- list()
  until <- proc.time()[["elapsed"]] + 120
  while (length(got) < length(jobs) && proc.time()[["elapsed"]] < until) {
    got <- c(got, Filter(Negate(is.null), parallel::mccollect(jobs[!pids %in% names(got)], wait = FALSE, timeout = 10)))
  }
  tools::pskill(pids[!pids %in% names(got)], tools::SIGKILL)
  expect_identical(unname(got[as.character(pids)]), lapply(1:4, function(i) 1:3 + i))
  expect_identical(collect(under_way), as.list(1:5000))
})
