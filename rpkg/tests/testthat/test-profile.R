# Profiles: what is measured, how it is kept, that the next run goes by it. Nothing here depends on the machine being fast: times are
# those of sleeping, and bounds are generous.

sleep <- function(seconds) {
  Sys.sleep(seconds)
  seconds
}
# The pieces of a traced run as they were taken.
taken <- function(run = memLastRun()) {
  trace <- as.data.frame(run)
  trace[order(trace$started), ]
}
traced <- function(...) memControl(trace = TRUE, ...)
forget <- function(pass) native(ms_profile_forget(key_of(unwrap_pass(pass))))
lazy <- memControl(lazy = TRUE)

test_that("the activities of all workers add up to the time of the run", {
  for (cores in worker_counts()) {
    memLapply(rep(0.002, 20), sleep, MAX.CORES = cores)
    run <- memLastRun()
    expect_identical(ncol(run$activities), 8L)
    expect_true(all(run$activities >= 0))
    expect_lt(abs(sum(run$activities) / (run$seconds * nrow(run$activities)) - 1), 0.01)
  }
  table <- as.data.frame(run, what = "activities")
  expect_identical(names(table)[1:3], c("worker", "run", "call"))
  expect_gte(sum(table$run), 20 * 0.002)
})

test_that("the summary of a run shows what its workers did", {
  memLapply(rep(0.005, 6), sleep, MAX.CORES = 2)
  expect_output(print(memLastRun()), "workers busy [0-9]+ % of the time")
  text <- format(summary(memLastRun()))
  expect_match(text[[4]], "FUN +calls .*results .*in all")
  expect_match(text[[5]], "^ *worker 1 .*\\([0-9]+ %\\)")
  expect_match(text[[7]], "^in all")
  expect_match(text[-(1:7)], "^advice: ")
})

test_that("a profile has the cost of each element", {
  seconds <- rep(0.002, 30)
  seconds[[7]] <- 0.15
  names(seconds) <- paste0("g", seq_along(seconds))
  memLapply(seconds, sleep, MAX.CORES = 2)
  profile <- memProfile()
  expect_s3_class(profile, "memshare_profile")
  table <- as.data.frame(profile)
  expect_identical(table$index, 1:30)
  expect_identical(table$name, names(seconds))
  # Sleeping takes as long as was asked for, and what else the machine does on top.
  expect_true(all(table$cost >= 0.99 * seconds))
  expect_identical(which.max(table$cost), 7L)
  expect_lt(stats::median(table$cost), 0.05)
  expect_match(format(profile), "of 'sleep': 30 elements took", all = FALSE)
  expect_match(format(profile), "the longest: element 7 \\('g7'\\), 1[0-9]{2} ms, [0-9]+ % of all", all = FALSE)
  expect_match(format(profile), "2 workers in [0-9]+ chunks; what a chunk takes beside FUN", all = FALSE)
  expect_output(print(summary(profile)), "half of the time goes into the costliest [0-9]+ element")
  expect_output(print(summary(profile)), "more than [0-9]+ workers cannot make it faster")
  expect_output(str(profile), "<profile>")
})

test_that("profiles, simulations and comparisons can be drawn", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  seconds <- c(0.01, rep(0.001, 20))
  memLapply(seconds, sleep, MAX.CORES = 1)
  expect_s3_class(plot(memProfile()), "memshare_profile")
  expect_s3_class(plot(memProfile(), heavy = 0, main = "mine"), "memshare_profile")
  pass <- memLapply(seconds, sleep, CONTROL = lazy)
  expect_s3_class(plot(memSimulate(pass, c(1, 4))), "memshare_simulation")
  expect_s3_class(plot(memCompare(pass, workers = c(2, 4))), "memshare_comparison")
})

test_that("a second run goes by what the first one measured", {
  seconds <- c(rep(0.002, 40), 0.08)
  forget(memLapply(seconds, sleep, CONTROL = lazy))
  memLapply(seconds, sleep, MAX.CORES = 2, CONTROL = traced())
  # Nothing is known: single elements first, from the beginning on.
  expect_true(all(utils::head(taken()$start, 2) <= 2))
  memLapply(seconds, sleep, MAX.CORES = 2, CONTROL = traced())
  pieces <- as.data.frame(memLastRun())
  # The costliest is a piece alone and the first to be taken.
  last <- pieces[pieces$end == 41, ]
  expect_identical(last$start, 41)
  expect_true(41 %in% utils::head(taken()$start, 2))
  # A profile of other elements is none of these: their number, their type, FUN, the collection.
  key <- function(...) key_of(unwrap_pass(...))
  own <- key(memLapply(seconds, sleep, CONTROL = lazy))
  expect_null(native(ms_profile_known(own, 40)))
  expect_length(native(ms_profile_known(own, 41))$costs, 41L)
  expect_false(own == key(memLapply(as.integer(1:41), sleep, CONTROL = lazy)))
  expect_false(own == key(memLapply(seconds, function(s) Sys.sleep(s), CONTROL = lazy)))
  expect_false(own == key(memMapply(sleep, seconds, CONTROL = lazy)))
})

test_that("profile = FALSE uses and keeps none, measure = FALSE measures nothing", {
  seconds <- c(rep(0.002, 20), 0.03)
  pass <- memLapply(seconds, sleep, CONTROL = lazy)
  forget(pass)
  memLapply(seconds, sleep, MAX.CORES = 2, CONTROL = memControl(profile = FALSE))
  expect_null(native(ms_profile_known(key_of(unwrap_pass(pass)), 21)))
  expect_length(memProfile()$costs, 21L)
  memLapply(seconds, sleep, MAX.CORES = 2, CONTROL = memControl(measure = FALSE))
  expect_error(memProfile(), "did not note", class = "memshare_error_profile")
  expect_null(native(ms_profile_known(key_of(unwrap_pass(pass)), 21)))
  memRun(memLapply(pass, sqrt, CONTROL = memControl(measure = FALSE, lazy = TRUE)))
  expect_error(memProfile(), "did not note", class = "memshare_error_profile")
})

test_that("a plan that runs again goes by its last run", {
  seconds <- c(rep(0.002, 40), 0.08)
  pass <- memLapply(seconds, sleep, CONTROL = traced(lazy = TRUE))
  forget(pass)
  plan <- memPlan(pass, MAX.CORES = 2)
  first <- memRun(plan)
  expect_false(41 %in% utils::head(taken()$start, 2))
  expect_identical(memRun(plan), first)
  expect_true(41 %in% utils::head(taken()$start, 2))
})

test_that("results are the same for every schedule and any profile", {
  x <- as.list(c(3, 1, 4, 1, 5, 9, 2, 6))
  f <- function(v) v * c(1, 2)
  expected <- lapply(x, f)
  memLapply(x, f, MAX.CORES = 1)
  profile <- memProfile()
  for (schedule in c("auto", "static", "guided", "factoring", "adaptive", "profiled")) {
    for (costs in list(profile$costs, rev(profile$costs), c(1e3, numeric(7)), numeric(8), rep(1, 8))) {
      profile$costs <- costs
      control <- memControl(schedule = schedule, profile = profile)
      expect_identical(memLapply(x, f, MAX.CORES = 2, CONTROL = control), expected, label = schedule)
    }
    expect_identical(memLapply(x, f, MAX.CORES = 2, CONTROL = memControl(schedule = schedule, cost = function(i) i)), expected)
  }
})

test_that("costs that mislead are given up, and what was measured takes their place", {
  seconds <- rep(c(0.001, 0.02), c(60, 12))
  wrong <- rev(seconds)
  pass <- memLapply(seconds, sleep, CONTROL = lazy)
  forget(pass)
  run <- memLapply(seconds, sleep, MAX.CORES = 2, CONTROL = traced(cost = wrong))
  expect_identical(run, as.list(seconds))
  expect_identical(memLastRun()$misled, "sleep")
  expect_output(print(memLastRun()), "'sleep' did not cost what was expected, and what was left was cut anew")
  trace <- as.data.frame(memLastRun())
  expect_true(all(trace$state == "done"))
  expect_identical(sort(unlist(Map(seq, trace$start, trace$end))), 1:72)
  known <- native(ms_profile_known(key_of(unwrap_pass(pass)), 72))$costs
  expect_gt(mean(known[61:72]), mean(known[1:60]))
  # A known profile that misleads is replaced.
  file <- tempfile()
  profile <- memProfile()
  profile$costs <- rev(profile$costs)
  memSaveProfile(profile, file)
  memLoadProfile(file)
  expect_gt(native(ms_profile_known(key_of(unwrap_pass(pass)), 72))$costs[[1]], 0.01)
  memLapply(seconds, sleep, MAX.CORES = 2)
  expect_identical(memLastRun()$misled, "sleep")
  known <- native(ms_profile_known(key_of(unwrap_pass(pass)), 72))$costs
  expect_gt(mean(known[61:72]), mean(known[1:60]))
})

test_that("a chain has a profile for each pass", {
  a <- memLapply(c(x = 0.002, y = 0.03, z = 0.002), sleep, CONTROL = lazy)
  b <- memLapply(a, function(v) sleep(0.01), CONTROL = lazy)
  total <- memReduce(b, `+`)
  memRun(b, total, MAX.CORES = 2)
  run <- memLastRun()
  expect_error(memProfile(), "several passes.*'a', 'b', 'total'", class = "memshare_error_profile")
  expect_error(memProfile(run, "c"), "no profile of a pass \"c\"", class = "memshare_error_profile")
  expect_error(memProfile(run, 9), class = "memshare_error_profile")
  expect_identical(names(which.max(stats::setNames(memProfile(run, "a")$costs, memProfile(run, "a")$names))), "y")
  expect_true(all(memProfile(run, "b")$costs >= 0.0099))
  expect_identical(memProfile(run, 2)$costs, memProfile(run, "b")$costs)
  expect_length(memProfile(run, "total")$costs, 1L)
  # The run of a pass and what combines it: the pass is meant.
  memRun(memReduce(a, `+`), MAX.CORES = 1)
  expect_length(memProfile()$costs, 3L)
})

test_that("only the last runs have profiles", {
  memLapply(1:2, sqrt, MAX.CORES = 1)
  run <- memLastRun()
  for (i in 1:9) memLapply(1:2, sqrt, MAX.CORES = 1)
  expect_error(memProfile(run), "others came after it", class = "memshare_error_profile")
  try(memLapply(1:2, function(v) stop("no"), MAX.CORES = 1), silent = TRUE)
  expect_error(memProfile(), "it failed", class = "memshare_error_profile")
  expect_error(memProfile(7), class = "memshare_error_input")
})

test_that("a profile is saved and read, and damage is noticed", {
  memLapply(c(a = 0.001, b = 0.02), sleep, MAX.CORES = 1)
  profile <- memProfile()
  file <- tempfile(fileext = ".profile")
  expect_identical(expect_invisible(memSaveProfile(profile, file)), file)
  read <- memLoadProfile(file)
  expect_equal(read$costs, profile$costs, tolerance = 1e-6)
  expect_identical(read[c("name", "key", "workers", "chunks")], profile[c("name", "key", "workers", "chunks")])
  expect_null(as.data.frame(read)$name)
  expect_identical(memLapply(c(0.001, 0.002), sleep, CONTROL = memControl(profile = file)), list(0.001, 0.002))
  bytes <- readBin(file, "raw", 1e4)
  for (bad in list(bytes[-length(bytes)], bytes[1:10], raw(), charToRaw("no profile at all"), c(bytes[1:60], xor(bytes[61], as.raw(1)), bytes[-(1:61)]))) {
    writeBin(bad, file)
    expect_error(memLoadProfile(file), basename(file), class = "memshare_error_profile")
    expect_error(memControl(profile = file), class = "memshare_error_profile")
  }
  expect_error(memLoadProfile(tempfile()), "there is no file", class = "memshare_error_profile")
  expect_error(memSaveProfile(list(), file), class = "memshare_error_input")
  profile$costs[[1]] <- NA
  expect_error(memSaveProfile(profile, file), "element 1 is NA", class = "memshare_error_input")
})

test_that("profiles are kept in a directory for those who ask for it", {
  directory <- tempfile("profiles")
  old <- options(memshare.profiles = directory)
  on.exit({
    options(old)
    unlink(directory, recursive = TRUE)
  })
  memLapply(rep(0.001, 3), sleep, MAX.CORES = 1)
  expect_identical(list.files(directory), character())
  seconds <- c(rep(0.01, 50), 0.6)
  pass <- memLapply(seconds, sleep, CONTROL = lazy)
  memLapply(seconds, sleep, MAX.CORES = 2)
  file <- list.files(directory, full.names = TRUE)
  expect_identical(file, profile_file(directory, key_of(unwrap_pass(pass))))
  # Another session has the same key and finds it.
  code <- c(
    "sleep <- function(seconds) {\n  # the same code\n  Sys.sleep(seconds)\n  seconds\n}",
    sprintf("options(memshare.profiles = %s)", encodeString(directory, quote = "\"")),
    "seconds <- c(rep(0.01, 50), 0.6)",
    "pass <- memLapply(seconds, sleep, CONTROL = memControl(schedule = \"profiled\", lazy = TRUE))",
    "print(memSimulate(memPlan(pass, MAX.CORES = 2), 2))"
  )
  expect_match(run_r(code), "2 workers", all = FALSE)
  # A damaged file is said to be so, and stops nothing.
  forget(pass)
  state$recalled <- NULL
  writeBin(as.raw(1:9), file)
  expect_warning(value <- memLapply(seconds[1:51] / 100, sleep, MAX.CORES = 2), "not a profile", class = "memshare_warning_profile")
  expect_length(value, 51L)
  # Nor does a directory that cannot be made.
  options(memshare.profiles = file)
  expect_warning(value <- memLapply(rep(0.3, 4), sleep, MAX.CORES = 1), "not kept", class = "memshare_warning_profile")
  expect_identical(value, as.list(rep(0.3, 4)))
})

test_that("keys tell rows from columns, and stay the same from call to call", {
  m <- matrix(as.double(1:16), 4)
  key <- function(margin, f) key_of(unwrap_pass(memApply(m, margin, f, CONTROL = lazy)))
  expect_false(key(1, sum) == key(2, sum))
  expect_false(key(1, sum) == key(1, mean))
  expect_identical(key(1, function(v) v + 1), key(1, function(v) v + 1))
  expect_false(key(1, function(v) v + 1) == key(1, function(v) v + 1L))
  # What a function captured is no part of it, nor are comments.
  make <- function(k) function(v) v + k
  expect_identical(key(2, make(1)), key(2, make(2)))
  local_variables("profile", list(m = m))
  expect_identical(key_of(unwrap_pass(memApply("m", 2, sum, NAMESPACE = "profile", CONTROL = lazy))), key(2, sum))
  expect_identical(key_of(unwrap_pass(memApply(m, 2, sum, CONTROL = memControl(profile = FALSE, lazy = TRUE)))), "")
  # The same pass twice in a plan has two profiles.
  twice <- lapply(1:2, function(k) memLapply(1:3, make(k), CONTROL = lazy))
  keys <- vapply(compile(lapply(twice, unwrap_pass), c("a", "b"))$spec$passes, `[[`, "", "key")
  expect_identical(keys[[2]], paste(keys[[1]], "#2"))
})

test_that("costs are checked", {
  call <- function(...) memLapply(1:4, sqrt, MAX.CORES = 1, CONTROL = memControl(...))
  expect_error(call(cost = 1:3), "cost = ) has 3 numbers, but this call has 4 elements", class = "memshare_error_input")
  expect_error(call(cost = c(1, NA, 3, 4)), "element 2 is NA", class = "memshare_error_input")
  expect_error(call(cost = c(1, 2, -3, 4)), "element 3 is -3", class = "memshare_error_input")
  expect_error(call(cost = c(1, 2, 3, Inf)), "element 4 is Inf", class = "memshare_error_input")
  expect_error(call(cost = "much"), "must be numbers", class = "memshare_error_input")
  expect_error(call(cost = function(i) "much"), "must give one number", class = "memshare_error_input")
  expect_error(call(cost = function(i) stop("why")), "failed at element 1: why", class = "memshare_error_input")
  expect_error(call(cost = function(i) -i), "element 1 is -1", class = "memshare_error_input")
  expect_error(call(cost = 1:4, profile = structure(list(costs = 1), class = "memshare_profile")), "one of them", class = "memshare_error_input")
  expect_error(call(profile = TRUE), class = "memshare_error_input")
  expect_error(call(profile = structure(list(), class = "memshare_profile")), "no whole profile", class = "memshare_error_profile")
  expect_error(call(measure = NA), class = "memshare_error_input")
  expect_error(call(schedule = "best"), "\"adaptive\", \"profiled\"", class = "memshare_error_input")
  memLapply(1:3, sqrt, MAX.CORES = 1)
  expect_error(call(profile = memProfile()), "one of 3 elements, but this call has 4 elements", class = "memshare_error_profile")
  expect_error(
    memLapply(1:4, sqrt, CONTROL = memControl(cost = 1:3, lazy = TRUE)), "this call has 4 elements", class = "memshare_error_input"
  )
  # A function for all elements at once, or for one at a time.
  expect_identical(said_costs(memControl(cost = function(i) i^2), 3, NULL), list(cost = c(1, 4, 9), seconds = FALSE))
  expect_identical(said_costs(memControl(cost = function(i) if (i > 2) 5L else 1L), 3, NULL)$cost, c(1, 1, 5))
  expect_identical(call(cost = function(i) 1), lapply(1:4, sqrt))
  expect_identical(memLapply(list(), sqrt, CONTROL = memControl(cost = 1:3)), list())
})

test_that("the schedule \"profiled\" says what it needs", {
  f <- function(v) v + 1
  control <- memControl(schedule = "profiled", lazy = TRUE)
  pass <- memLapply(1:4, f, CONTROL = control)
  forget(pass)
  expect_error(memRun(pass), "nothing is known.*give memControl\\(cost = \\).*run it once", class = "memshare_error_profile")
  expect_error(memPlan(memLapply(pass, f, CONTROL = lazy)), "of pass 'pass'", class = "memshare_error_profile")
  memLapply(1:4, f, MAX.CORES = 1)
  expect_identical(memRun(pass), as.list(2:5 + 0))
  expect_identical(memLapply(1:4, f, CONTROL = memControl(schedule = "profiled", cost = 4:1)), as.list(2:5 + 0))
  expect_error(memLapply(1:4, f, CONTROL = memControl(schedule = "profiled", profile = FALSE)), class = "memshare_error_profile")
  # What brings results together needs no costs.
  checked <- memLapply(1:300, f, CONTROL = memControl(schedule = "profiled", cost = 1:300, FUN.VALUE = 0, lazy = TRUE))
  expect_identical(memRun(memLapply(checked, sqrt, CONTROL = lazy)), lapply(2:301, sqrt))
  expect_identical(memReduce(as.list(1:300), `+`, CONTROL = memControl(schedule = "profiled")), sum(1:300))
})

test_that("sizes of items are a first guess only where they differ", {
  expect_null(item_lengths(list(1, 2, 3)))
  expect_null(item_lengths(as.list(seq_len(1e4))))
  expect_identical(item_lengths(list(1:3, 4)), c(3, 1))
  sizes <- rep(c(1L, 200L), c(4000L, 2000L))
  expect_identical(item_lengths(lapply(sizes, integer)), as.double(sizes))
  x <- lapply(c(1, 1, 1, 5000, 1, 1, 1, 5000), numeric)
  expect_identical(memLapply(x, length, MAX.CORES = 2), lapply(x, length))
  local_variables("profile", list(x = x))
  by_name <- unwrap_pass(memLapply("x", length, NAMESPACE = "profile", CONTROL = lazy))
  by_value <- unwrap_pass(memLapply(x, length, CONTROL = lazy))
  expect_identical(key_of(by_name), key_of(by_value))
  expect_identical(sizes_of(by_name), as.double(lengths(x)))
  # Two collections in step.
  both <- unwrap_pass(memMapply(function(a, b) length(a) + length(b), x, rev(x), CONTROL = lazy))
  expect_identical(sizes_of(both), as.double(lengths(x) + lengths(rev(x))))
})

test_that("times and parts are said in a few digits", {
  expect_identical(format_seconds(c(0, 2e-9, 3.456e-5, 0.0123, 1, 123.4)), c("0 s", "2 ns", "34.6 us", "12.3 ms", "1 s", "123 s"))
  expect_identical(percent(c(0, 0.0012, 0.097, 0.5, 1)), c("0 %", "0.12 %", "9.7 %", "50 %", "100 %"))
})
