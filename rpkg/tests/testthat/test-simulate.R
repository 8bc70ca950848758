# memSimulate and memCompare: the scheduler on a virtual clock, so exact.

lazy <- memControl(lazy = TRUE)
identity_pass <- function(n, control = lazy) memLapply(seq_len(n), function(i) i, CONTROL = control)

test_that("more workers are never slower, and no schedule beats the bound", {
  costs <- list(
    constant = rep(0.001, 500), up = seq(0.0001, 0.004, length.out = 500), straggler = c(rep(0.001, 499), 0.1), periodic = rep(c(0.01, 0.0005), 250)
  )
  for (shape in names(costs)) {
    for (schedule in c("auto", "guided", "factoring", "adaptive", "profiled")) {
      table <- memSimulate(identity_pass(500), workers = c(1, 2, 8, 64), profile = costs[[shape]], schedule = schedule)
      label <- paste(shape, schedule)
      expect_s3_class(table, "memshare_simulation")
      expect_true(all(table$makespan >= table$bound), label = label)
      # Longest elements may meet by chance: a little slower is possible, see Graham's anomalies.
      expect_true(all(diff(table$makespan) <= 0.05 * table$makespan[-4]), label = label)
      expect_equal(table$speedup, sum(costs[[shape]]) / table$makespan, tolerance = 1e-6)
      expect_true(all(table$efficiency > 0 & table$efficiency <= 1), label = label)
    }
  }
})

test_that("costs come from the last run, from the settings, or are asked for", {
  f <- function(seconds) Sys.sleep(seconds)
  pass <- memLapply(c(0.001, 0.03), f, CONTROL = lazy)
  native(ms_profile_forget(key_of(unwrap_pass(pass))))
  expect_error(memSimulate(pass), "run the plan once.*profile =", class = "memshare_error_profile")
  plan <- memPlan(pass, MAX.CORES = 2)
  memRun(plan)
  table <- memSimulate(plan, workers = c(1, 2))
  costs <- memProfile()$costs
  expect_equal(table$bound, c(sum(costs), max(costs)), tolerance = 1e-4)
  expect_equal(memSimulate(plan, 2, profile = memProfile())$makespan, table$makespan[[2]], tolerance = 0.05)
  expect_equal(memSimulate(identity_pass(2, memControl(lazy = TRUE, profile = memProfile())), 1)$bound, sum(costs), tolerance = 1e-4)
  # Relative costs.
  relative <- identity_pass(3, memControl(lazy = TRUE, cost = c(1, 2, 3), profile = FALSE))
  expect_message(table <- memSimulate(relative, 1), "taken as seconds", class = "memshare_message_assumed")
  expect_equal(table$bound, 6, tolerance = 1e-6)
  expect_no_message(table <- memSimulate(memLapply(c(0.001, 0.03), f, CONTROL = memControl(lazy = TRUE, cost = 1:2)), 1))
  expect_equal(table$bound, sum(costs), tolerance = 1e-4)
})

test_that("chains need the costs of one pass at least", {
  a <- identity_pass(10)
  b <- memLapply(a, function(v) v + 100, CONTROL = lazy)
  total <- memReduce(b, `+`)
  plan <- memPlan(total, b)
  # What other tests' passes over the same functions left as profiles.
  for (pass in list(a, b, total)) for (part in c("", "(folds)")) native(ms_profile_forget(key_of(unwrap_pass(pass), part)))
  expect_error(memSimulate(plan, profile = 0.1), "list by label.*'a', 'b', 'total'", class = "memshare_error_input")
  expect_error(memSimulate(plan, profile = list(c = 0.1)), "no pass 'c'", class = "memshare_error_input")
  expect_error(memSimulate(plan, profile = list(a = c(0.1, 0.2))), "one of 2 elements, but the pass has 10", class = "memshare_error_input")
  expect_error(memSimulate(plan, profile = list(a = "much")), class = "memshare_error_input")
  expect_message(table <- memSimulate(plan, 1, profile = list(a = 0.1)), "nothing is known of 'b'.*100 ms", class = "memshare_message_assumed")
  expect_equal(table$bound, 2, tolerance = 1e-6)
  expect_no_message(table <- memSimulate(list(b = b), 1, profile = list(a = 0.1, b = rep(0.2, 10))))
  expect_equal(table$bound, 3, tolerance = 1e-6)
})

test_that("what a simulation takes is checked", {
  pass <- identity_pass(4)
  expect_error(memSimulate(1), "made by memPlan", class = "memshare_error_input")
  for (workers in list(0, 1.5, NA, "two", numeric())) {
    expect_error(memSimulate(pass, workers), "^workers must be", class = "memshare_error_input")
  }
  expect_error(memSimulate(pass, profile = 1, schedule = "best"), "schedule", class = "memshare_error_input")
  expect_error(memSimulate(pass, profile = 1, schedule = "fixed"), "needs chunk", class = "memshare_error_input")
  expect_error(memSimulate(pass, profile = 1, overhead = -1), "overhead", class = "memshare_error_input")
  expect_error(memSimulate(pass, profile = c(1, 2, 3, NA)), "element 4", class = "memshare_error_input")
  expect_error(memSimulate(identity_pass(0), profile = 1), "no elements", class = "memshare_error_input")
  expect_identical(memSimulate(pass, 2, profile = 1, schedule = "fixed", chunk = 2)$chunks, 2L)
})

test_that("a simulation is said in words", {
  pass <- identity_pass(640)
  text <- format(memSimulate(pass, c(1, 64), profile = 0.01))
  expect_match(text[[1]], "^ 1 worker: +6\\.[0-9]+ s, +1\\.0 times as fast as one, efficiency 100 %")
  expect_match(text[[2]], "^64 workers: +1[0-9]{2} ms, .* times as fast as one, .*no schedule below 100 ms, +[0-9]+ chunks")
  expect_identical(length(unique(nchar(text))), 1L)
  expect_output(print(memSimulate(pass, 2, profile = 0.01, schedule = c("auto", "static"))), "static +2 workers:")
  expect_output(print(memSimulate(pass, 2, profile = 0.01)[, c("workers", "bound")]), "bound")
})

test_that("a comparison tells the best schedule", {
  straggler <- c(rep(0.001, 199), 0.1)
  table <- memCompare(identity_pass(200), workers = 2, profile = straggler)
  expect_s3_class(table, "memshare_comparison")
  expect_setequal(table$schedule, c("auto", "static", "guided", "factoring", "adaptive", "profiled"))
  expect_false(is.unsorted(table$makespan))
  of <- function(schedule) table$makespan[table$schedule == schedule]
  expect_lte(of("profiled"), of("static"))
  expect_lt(of("profiled"), 1.03 * table$bound[[1]])
  expect_gt(of("static"), 1.2 * table$bound[[1]])
  text <- format(table)
  expect_match(text[[1]], "2 workers; no schedule below 150 ms")
  expect_match(text, "static +199 ms +1\\.3[0-9] of the bound +2 chunks", all = FALSE)
  expect_match(text[[length(text) - 1L]], "^best: .*profiled")
  expect_match(text[[length(text)]], "^auto is that of a first run")
  # The plan's own workers; several of them.
  expect_identical(unique(memCompare(memPlan(identity_pass(4), MAX.CORES = 3), profile = 1)$workers), 3L)
  expect_match(format(memCompare(identity_pass(9), "static", workers = c(3, 9), profile = 1)), "^9 workers", all = FALSE)
})

test_that("a measured run and its simulation agree", {
  # Sleeping does not share a core: what is tested is the model of the run, not the machine.
  seconds <- c(rep(0.03, 12), 0.2)
  pass <- memLapply(seconds, function(s) Sys.sleep(s), CONTROL = memControl(lazy = TRUE, schedule = "static"))
  memRun(pass, MAX.CORES = 2)
  memRun(pass, MAX.CORES = 2)
  expect_lt(abs(memSimulate(pass, 2)$makespan / memLastRun()$seconds - 1), 0.25)
})

test_that("a plan is simulated over hosts", {
  x <- matrix(0, 1000, 4000)
  registerVariables("sim", list(w = rnorm(1e5)))
  withr::defer(memshare_gc("sim"))
  pass <- memApply(x, 2, function(v, w) sum(v), NAMESPACE = "sim", VARS = "w", CONTROL = memControl(lazy = TRUE, FUN.VALUE = 0))
  table <- memSimulate(pass, workers = c(1, 8), profile = 0.01, hosts = c(1, 4), bandwidth = 1e9, latency = 0)
  expect_s3_class(table, "memshare_simulation")
  expect_identical(table[c("hosts", "workers")], structure(data.frame(hosts = c(1, 1, 4, 4), workers = c(1L, 8L, 1L, 8L)), class = class(table)))
  expect_true(all(table$makespan >= table$bound) && all(table$efficiency > 0.5))
  # X once in all, w once a host, and a number of each element back.
  expect_equal(table$bytes, 32e6 + table$hosts * 8e5 + 4000 * 8, tolerance = 0.02)
  expect_true(table$makespan[[4]] < table$makespan[[3]] && table$makespan[[3]] < table$makespan[[1]])
  slow <- memSimulate(pass, workers = 8, profile = 0.01, hosts = 4, bandwidth = 1e6)
  expect_gt(slow$link, 0.9)
  expect_gt(slow$makespan, 32)
  expect_output(print(slow), "4 hosts of 8 workers: .* MB over the network, which is busy (9[0-9]|100) % of the time")
  expect_silent(withr::with_pdf(withr::local_tempfile(fileext = ".pdf"), plot(table)))
  varied <- memSimulate(pass, workers = 2, profile = seq(0.001, 0.02, length.out = 4000), hosts = 2, bandwidth = Inf)
  expect_equal(varied$bound, sum(seq(0.001, 0.02, length.out = 4000)) / 4, tolerance = 1e-6)
  expect_lt(varied$makespan, 1.1 * varied$bound)
  # The values come to the session, and go out again to be combined.
  folded <- memPlan(memReduce(pass, `+`), MAX.CORES = 32)
  total <- memSimulate(folded, 8, profile = 0.01, hosts = c(1, 4), bandwidth = 1e9, latency = 0)
  expect_true(all(total$makespan >= total$bound) && total$makespan[[2L]] < 0.4 * total$makespan[[1L]])
  expect_true(all(total$bytes > table$bytes[c(2L, 4L)]))
  for (bad in list(list(hosts = 0), list(hosts = "a"), list(hosts = 2, bandwidth = 0), list(hosts = 2, latency = -1), list(hosts = 1e5))) {
    expect_error(do.call(memSimulate, c(list(pass, 64, profile = 0.01), bad)), class = "memshare_error_input")
  }
})
