# The shared memory that a run takes: as it is foretold by a plan, by a simulation, and as it is measured.

lazy <- memControl(lazy = TRUE)
foretold <- function(plan) unwrap_pass(plan)$main$native$peak

# A random plan of 2 to 4 passes of which each waits for the one before. `tight`: whether its peak can be foretold to 2 %, because its
# results are large or it is cut by number.
random_plan <- function() {
  pass <- NULL
  tight <- TRUE
  for (k in seq_len(sample(2:4, 1L))) {
    kind <- sample(c("small", "large", "uneven", "text", "named"), 1L, prob = c(5, 6, 5, 2, 2))
    schedule <- sample(c("auto", "auto", "static", "guided", "factoring", "fixed"), 1L)
    control <- memControl(lazy = TRUE, schedule = schedule, chunk = if (schedule == "fixed") sample(7L, 1L))
    lengths <- switch(kind, small = , named = sample(9L, 1L), large = sample(1500:10000, 1L), uneven = sample(1500:10000, 60, TRUE), text = 400L)
    tight <- tight && (schedule != "auto" && kind == "small" || kind %in% c("large", "uneven"))
    fun <- switch(kind,
      small = , large = function(i, lengths, before) as.double(seq_len(lengths)),
      uneven = function(i, lengths, before) as.double(seq_len(lengths[[i]])),
      text = function(i, lengths, before) strrep("x", rep(i, lengths)),
      named = function(i, lengths, before) c(a = i, b = lengths)
    )
    n <- sample(5:60, 1L)
    pass <- memLapply(seq_len(n), fun, VARS = list(lengths = lengths, before = if (is.null(pass)) 1 else pass), CONTROL = control)
    # A pass that goes over its elements leaves nothing behind but its own results.
    if (sample(3L, 1L) == 1L) pass <- memLapply(pass, function(v) v, CONTROL = lazy)
  }
  list(pass = pass, tight = tight)
}

test_that("no plan takes more than is foretold when it ran before, and those that can be foretold take that", {
  old <- if (exists(".Random.seed", globalenv())) get(".Random.seed", globalenv())
  on.exit(if (!is.null(old)) assign(".Random.seed", old, globalenv()))
  set.seed(11)
  tight <- 0
  for (nth in seq_len(if (nzchar(Sys.getenv("_R_CHECK_LIMIT_CORES_"))) 20 else 100)) {
    random <- random_plan()
    workers <- sample(worker_counts(), 1L)
    memRun(random$pass, MAX.CORES = workers)
    plan <- memPlan(random$pass, MAX.CORES = workers)
    memRun(plan)
    measured <- memLastRun()$peak
    expect_lte(measured, foretold(plan), label = paste("plan", nth))
    if (random$tight) {
      tight <- tight + 1
      expect_lt(foretold(plan) / measured - 1, 0.02, label = paste("plan", nth))
    }
  }
  expect_gt(tight, 5)
})

test_that("two passes that ran before are simulated with the sizes of their results", {
  a <- memLapply(1:100, function(i) rep(as.double(i), 1e4), CONTROL = lazy)
  b <- memLapply(1:100, function(i, a) a[[i]] + 1, VARS = list(a = a), CONTROL = lazy)
  plan <- memPlan(b, MAX.CORES = 2)
  expect_lt(foretold(plan), 1e5)
  expect_match(format(plan), "apart from results whose size shows in the first run: a, b", all = FALSE)
  memRun(plan)
  measured <- memLastRun()$peak
  expect_equal(memSimulate(plan, 2)$peak, measured, tolerance = 0.02)
  expect_equal(memCompare(plan, "auto")$peak, measured, tolerance = 0.02)
  # The plan that ran knows it too, and says both.
  expect_match(format(plan), "^peak: 16.0 MB of", all = FALSE)
  expect_match(format(plan), "measured in the last run: peak 16.0 MB", all = FALSE)
  expect_gte(foretold(plan), measured)
  memRun(plan)
  expect_lte(memLastRun()$peak, foretold(plan))
  table <- as.data.frame(plan, what = "resources")
  expect_true(all(table$bytes[table$scope == "result"] >= 8e6))
  expect_match(format(explain(plan)), "peak 16.0 MB of a budget", all = FALSE)
})

test_that("FUN.VALUE says how large results are, with all that they take in their page", {
  for (schedule in c("static", "guided", "factoring", "fixed")) {
    for (value in list(0, 0L, complex(3), raw(100), TRUE)) {
      control <- memControl(lazy = TRUE, profile = FALSE, FUN.VALUE = value, schedule = schedule, chunk = if (schedule == "fixed") 7)
      plan <- memPlan(memLapply(1:100, function(i, value) value, VARS = list(value = value), CONTROL = control), MAX.CORES = 2)
      memRun(plan)
      expect_identical(memLastRun()$peak, foretold(plan), label = paste(schedule, typeof(value)))
    }
  }
  # Names go with the result on its way, so that it is larger than FUN.VALUE says: a run shows that.
  pass <- memLapply(1:100, function(i) c(a = i, b = 2), CONTROL = memControl(lazy = TRUE, FUN.VALUE = numeric(2), chunk = 10))
  memRun(pass)
  plan <- memPlan(pass)
  memRun(plan)
  expect_lte(memLastRun()$peak, foretold(plan))
})

test_that("100 results of 8 bytes take what is foretold", {
  f <- function(i) i + 0.5
  memLapply(1:100, f, MAX.CORES = 2)
  for (schedule in c("auto", "static", "guided", "factoring")) {
    plan <- memPlan(memLapply(1:100, f, CONTROL = memControl(lazy = TRUE, schedule = schedule)), MAX.CORES = 2)
    memRun(plan)
    measured <- memLastRun()$peak
    # How a pass is cut by time is known when it has run: at most each result for itself.
    if (schedule == "auto") expect_lte(measured, foretold(plan)) else expect_identical(measured, foretold(plan), label = schedule)
  }
})

test_that("a budget counts the results that a run has shown, and a call of its own is not refused for them", {
  pass <- memLapply(1:10, function(i) numeric(1e5), CONTROL = memControl(lazy = TRUE, memory = 1e6))
  expect_identical(lengths(memRun(pass)), rep(100000L, 10))
  expect_error(memPlan(pass), "needs [0-9.]+ .B of .*what takes most:\n  .*: .*, from step .* to .*memControl\\(memory = \\)", class = "memshare_error_memory_limit")
  expect_s3_class(memPlan(memLapply(1:10, function(i) numeric(1e5), CONTROL = memControl(lazy = TRUE, memory = 1e7))), "memshare_plan")
})

test_that("profiles keep the sizes of results in a file", {
  memLapply(1:20, function(i) numeric(1000 * i), MAX.CORES = 1, CONTROL = memControl(chunk = 3))
  profile <- memProfile()
  expect_identical(profile$results[[1]], 20)
  expect_gt(profile$results[[3]], 8 * sum(1000 * 1:20))
  file <- tempfile()
  memSaveProfile(profile, file)
  expect_identical(memLoadProfile(file)$results, profile$results)
  profile$results <- NULL
  memSaveProfile(profile, file)
  expect_null(memLoadProfile(file)$results)
})

test_that("the account of a run is what its segments take in the file system, but for a page each", {
  skip_if_not(dir.exists("/dev/shm") && dir.exists("/proc/self/fd"))
  memLapply(1:2, identity)
  # The session's own segments have the name of its lock, which it keeps open, but for the number at its end.
  links <- basename(Sys.readlink(list.files("/proc/self/fd", full.names = TRUE)))
  own <- sub("a{7}$", "", grep("^memshare-s.*a{7}$", links, value = TRUE))
  skip_if_not(length(own) == 1L)
  page <- 4096
  # Of a run's pages: the blocks behind their headers. The board, of kind 4, is not in the account.
  blocks <- function(before) {
    files <- setdiff(list.files("/dev/shm", paste0("^", own), full.names = TRUE), before)
    kinds <- vapply(files, function(file) readBin(file, "integer", 4L)[[4L]], 0L)
    files <- files[kinds != 4L]
    as.numeric(system2("stat", c("-c", "%b", files), stdout = TRUE)) * 512 - page
  }
  before <- list.files("/dev/shm", paste0("^", own), full.names = TRUE)
  gates <- tempfile(c("a", "b", "c"))
  held_at <- function(size) {
    function(i, gate, before) {
      until <- proc.time()[["elapsed"]] + 60
      while (i == 20 && !file.exists(gate) && proc.time()[["elapsed"]] < until) Sys.sleep(0.005)
      as.double(seq_len(size[[1L + i %% length(size)]]))
    }
  }
  control <- memControl(lazy = TRUE, chunk = 1)
  a <- memLapply(1:20, held_at(c(1e4, 300)), VARS = list(gate = gates[[1]], before = numeric(5000)), CONTROL = control)
  b <- memLapply(1:20, held_at(2e3), VARS = list(gate = gates[[2]], before = a), CONTROL = control)
  d <- memLapply(1:20, held_at(c(10, 7e3)), VARS = list(gate = gates[[3]], before = b), CONTROL = control)
  run <- memRun(d, wait = FALSE, MAX.CORES = 2)
  for (stage in 1:3) {
    until <- proc.time()[["elapsed"]] + 60
    repeat {
      runs <- memTop(once = TRUE)$runs
      mine <- runs[runs$pid == Sys.getpid(), ]
      if (nrow(mine) == 1L && mine$done == 20 * stage - 1 || proc.time()[["elapsed"]] > until) break
      Sys.sleep(0.01)
    }
    taken <- blocks(before)
    expect_gte(sum(taken), mine$live_bytes)
    expect_lte(sum(taken) - mine$live_bytes, page * length(taken))
    file.create(gates[[stage]])
  }
  expect_length(collect(run), 20L)
})
