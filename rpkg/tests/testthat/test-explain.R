# Plans and runs as text, to the letter, on records whose figures are fixed; and how the text agrees with the tables.

lazy <- memControl(lazy = TRUE)

test_that("plans and runs print in a few lines", {
  expect_lines(fixture("diamond-plan"), "
<plan> saved: memPlan(z, s)
3 passes in 2 stages, 7 tasks, by up to 4 workers
passes: mu (2,000), s (2,000), z (2,000)
peak: 48.0 kB of 1.0 GB shared memory
")
  expect_lines(fixture("diamond"), "
<run> of memRun(z, s): done in 1 s
6,000 elements in 16 chunks of 3 passes, by 4 workers
workers busy 95 % of the time; 48.0 kB shared, peak 48.0 kB
")
  expect_lines(fixture("straggler"), "
<run> of memApply(z): done in 2.3 s
2,000 elements in 38 chunks of 1 pass, by 4 workers
workers busy 26 % of the time; 16.0 MB shared, peak 16.0 MB
1 worker died: killed by signal 9 (SIGKILL); 1 chunk run again
")
  expect_output(print(fixture("straggler")), "<run> of memApply(z): done in 2.3 s\n  2,000 elements", fixed = TRUE)
})

test_that("a summary shows what workers did with their time, and the advice", {
  expect_lines(summary(fixture("straggler")), "
<run> of memApply(z): done in 2.3 s
2,000 elements in 38 chunks of 1 pass, by 4 workers
workers busy 26 % of the time; 16.0 MB shared, peak 16.0 MB
1 worker died: killed by signal 9 (SIGKILL); 1 chunk run again
                      FUN          results       not there  in all
worker 1    1.89 s (82 %)   210 ms (9.1 %)  205 ms (8.9 %)   2.3 s
worker 2  75.6 ms (3.3 %)  8.4 ms (0.37 %)   2.22 s (96 %)   2.3 s
worker 3    90 ms (3.9 %)   10 ms (0.43 %)    2.2 s (96 %)   2.3 s
worker 4   117 ms (5.1 %)   13 ms (0.57 %)   2.17 s (94 %)   2.3 s
in all      2.17 s (24 %)   241 ms (2.6 %)   6.79 s (74 %)   9.2 s
advice: element 1801 ('TP53') of 'z' took 2 s of the run's 2.3 s: more workers do not make it faster; split it
advice: worker 2 died (killed by signal 9 (SIGKILL)), and 1 chunk had to be run again: 4 ms of work were lost; signal 9 often means that memory was short: fewer workers (MAX.CORES) need less
")
})

test_that("a plan is explained by what is predicted", {
  expect_lines(explain(fixture("diamond-plan")), "
<plan> of memPlan(z, s)
  3 passes in 2 stages, 7 tasks, by up to 4 workers
  peak 48.0 kB of a budget of 1.0 GB
  how long FUN takes is not known yet: a run measures it
data
  X: registered, 3.2 MB, read by mu + s and z
stages       step  elements  chunks  results
  1: mu + s     0     2,000   fixed  32.0 kB
      mu                             16.0 kB
      s                              16.0 kB
      reads X
      makes mu (16.0 kB, steps 0 to 1) and s (16.0 kB, steps 0 to 1)
  2: z          1     2,000   fixed  16.0 kB
      reads X, mu and s
      makes z (16.0 kB, steps 1 to 2)
critical path: mu + s > z
")
})

test_that("a run is explained by what was measured", {
  expect_lines(explain(fixture("diamond")), "
<run> of memRun(z, s): done in 1 s
  3 passes in 2 stages, 7 tasks; 6,000 elements in 16 chunks by 4 workers
  workers' time: FUN 86 %, results 9.5 %, not there 5 %
  memory: peak 48.0 kB of a budget of 1.0 GB, as planned
data
  X: registered, 3.2 MB, read by mu + s and z, stays
stages       elements  chunks    time  of run     FUN  util  overhead  results
  1: mu + s     2,000       8  390 ms    39 %  1.37 s  88 %      10 %  32.0 kB
      mu                                       684 ms                  16.0 kB
      s                                        684 ms                  16.0 kB
      reads X
      makes mu (16.0 kB, from 10 ms to 990 ms) and s (16.0 kB, from 10 ms on)
  2: z          2,000       8  575 ms    57 %  2.05 s  89 %      10 %  16.0 kB
      reads X, mu and s
      makes z (16.0 kB, from 410 ms on)
critical path: mu + s > z, 1.71 ms, 0.17 % of the run
advice: nothing stands out: FUN ran 86 % of the workers' time
")
  expect_lines(explain(fixture("straggler")), "
<run> of memApply(z): done in 2.3 s
  1 pass in 1 stage, 5 tasks; 2,000 elements in 38 chunks by 4 workers
  workers' time: FUN 24 %, results 2.6 %, not there 74 %
  memory: peak 16.0 MB of a budget of 1.0 GB, as planned
  data copied in 12 ms before the run
  1 worker died, 1 chunk run again
data
  X: shared, 16.0 MB, read by z, stays
stages  elements  chunks    time  of run     FUN  util  overhead  retries  results
  1: z     2,000      38  2.29 s    99 %  2.16 s  24 %      10 %        1  16.0 kB
      reads X
      makes z (16.0 kB, from 10 ms on)
      slowest: element 1801 ('TP53'), 2 s; on average 1.08 ms
critical path: z, 2 s, 87 % of the run
advice: element 1801 ('TP53') of 'z' took 2 s of the run's 2.3 s: more workers do not make it
        faster; split it
advice: worker 2 died (killed by signal 9 (SIGKILL)), and 1 chunk had to be run again: 4 ms of work
        were lost; signal 9 often means that memory was short: fewer workers (MAX.CORES) need less
")
})

test_that("a run over hosts says what each did, and what crossed the network", {
  run <- fixture("hosts")
  expect_identical(run[c("hosts", "sent", "received")], list(hosts = 3L, sent = 3304000, received = 48000), ignore_attr = "class")
  expect_match(format(run), "on 3 hosts: 3.3 MB sent, 48.0 kB received", all = FALSE, fixed = TRUE)
  expect_match(format(explain(run)), "network: 3.3 MB sent, 48.0 kB received; in use for 445 ms, 44 % of the run", all = FALSE)
  hosts <- as.data.frame(run, what = "hosts")
  expect_identical(hosts$workers, c(2, 2, 0))
  expect_identical(hosts$sent, c(1700000, 1600000, 4000))
  expect_match(hosts$lost[[3L]], "nothing was heard of it")
  expect_equal(sum(hosts$fun), sum(as.data.frame(run, what = "activities")$run))
  expect_identical(nrow(as.data.frame(run, what = "memory")), 0L)
  expect_true("host_lost" %in% as.data.frame(run, what = "events")$kind)
  expect_identical(nrow(as.data.frame(fixture("diamond"), what = "hosts")), 0L)
})

test_that("the figures of an explanation are those of the tables", {
  for (name in c("diamond", "straggler")) {
    run <- fixture(name)
    figures <- as.data.frame(explain(run))
    expect_identical(figures, as.data.frame(run, what = "passes"))
    chunks <- as.data.frame(run, what = "chunks")
    done <- chunks[chunks$state == "done", ]
    expect_equal(sum(figures$fun), sum(done$fun))
    expect_identical(run$chunks, as.numeric(nrow(done)))
    expect_equal(max(figures$longest_chunk), max(done$ended - done$started))
    expect_identical(sum(chunks$state == "lost"), as.integer(run$retries))
    expect_identical(explain(run)$advice, run$advice)
  }
  plan <- as.data.frame(explain(fixture("diamond-plan")))
  expect_identical(plan$pass, c("mu", "s", "z"))
  expect_identical(plan, as.data.frame(fixture("diamond-plan"), what = "passes"))
})

test_that("all tables of a run have their columns", {
  run <- fixture("straggler")
  rows <- c(trace = 39, chunks = 39, activities = 4, passes = 1, tasks = 5, resources = 2, workers = 5, events = 4)
  for (what in names(rows)) expect_identical(nrow(as.data.frame(run, what = what)), as.integer(rows[[what]]), label = what)
  expect_identical(as.data.frame(run, what = "workers")$died[[2L]], "killed by signal 9 (SIGKILL)")
  expect_identical(as.data.frame(run, what = "tasks")$state, rep("done", 5L))
  memory <- as.data.frame(run, what = "memory")
  expect_equal(max(memory$bytes), run$peak, tolerance = 1e-3)
  expect_error(as.data.frame(run, what = "cats"), "\"memory\"", class = "memshare_error_input")
})

test_that("explain() takes passes, plans, runs, files, and the last run; and nothing else", {
  a <- memLapply(1:3, function(i) i, CONTROL = lazy)
  b <- memLapply(1:2, function(i, a) i, VARS = list(a = a), CONTROL = lazy)
  lines <- format(explain(b))
  expect_match(lines[[1L]], "^<plan> of memPlan")
  expect_match(lines, "^  2: b +2 +2 +auto", all = FALSE)
  memRun(b, MAX.CORES = 1)
  expect_s3_class(explain(), "memshare_explanation")
  expect_identical(format(explain()), format(explain(memLastRun())))
  file <- tempfile()
  memSave(memLastRun(), file)
  expect_identical(format(explain(file)), format(explain()))
  handle <- memRun(b, MAX.CORES = 1, wait = FALSE)
  expect_error(explain(handle), "collect() waits", fixed = TRUE, class = "memshare_error_input")
  collect(handle)
  expect_identical(format(explain(handle)), format(explain()))
  expect_match(format(explain())[[1L]], "^<run> of memRun\\(b\\): done in ")
  expect_error(explain(1:3), "a plan of memPlan()", fixed = TRUE, class = "memshare_error_input")
})

test_that("a big plan prints in few lines", {
  passes <- lapply(1:60, function(k) memLapply(1:2, function(i) i + k, CONTROL = lazy))
  plan <- do.call(memPlan, c(passes, MAX.CORES = 2))
  expect_lt(max(nchar(format(plan))), 200)
  expect_lt(length(format(summary(plan))), 60)
  expect_match(format(summary(plan)), "and 40 more", all = FALSE)
  expect_lt(length(format(explain(plan))), 40)
})

test_that("what a run measured is what its plan expects the next time", {
  wait <- function(i) Sys.sleep(0.02)
  pass <- memLapply(1:4, wait, CONTROL = lazy)
  plan <- memPlan(pass, MAX.CORES = 2)
  memRun(plan)
  memRun(plan)
  expect_match(format(summary(plan)), "FUN is expected to take [0-9.]+ ms in all, the run at least", all = FALSE)
  expect_match(format(explain(plan)), "FUN is expected to take [0-9.]+ ms in all", all = FALSE)
  expect_gt(as.data.frame(plan, what = "passes")$predicted, 0.08)
})

test_that("the summary and the explanation tell the workers' time in the same parts", {
  invisible(memLapply(1:8, function(i) Sys.sleep(0.01), MAX.CORES = 2))
  run <- memLastRun()
  told <- grep("workers' time:", format(explain(run)), value = TRUE)[[1L]]
  parts <- regmatches(told, gregexpr("[0-9.]+ %", told))[[1L]]
  last <- grep("^in all", format(summary(run)), value = TRUE)
  for (part in parts) expect_match(last, sprintf("(%s)", part), fixed = TRUE)
  spent <- as.data.frame(run, what = "activities")
  expect_equal(unname(rowSums(spent[-1L])), rep(run$seconds, 2L), tolerance = 1e-6)
})

test_that("loading packages is a part of its own, with their names", {
  skip_if_not_installed("survival")
  out <- run_r(c(
    "name <- 'survival'", "invisible(memLapply(1:4, function(i) { loadNamespace(name); i }, MAX.CORES = 1))", "run <- memLastRun()",
    "loads <- memshare:::timeline_of(memshare:::document_of(run))$loads",
    "cat(run$activities[, 'load packages'] > 0.01, 'survival' %in% loads$packages, 'loaded' %in% as.data.frame(run, what = 'events')$kind, '')",
    "said <- c(format(explain(run)), format(summary(run)))", "cat(length(grep('loading packages', said)) >= 3)",
    "grDevices::pdf(NULL)", "plot(run)"
  ))
  expect_match(paste(out, collapse = "\n"), "TRUE TRUE TRUE TRUE", fixed = TRUE)
})

test_that("a package that FUN loads by library() is loaded once, by what forks workers", {
  # As text, for R CMD check takes code for what the tests need.
  named <- function(text) memshare:::packages_named(str2lang(text))
  expect_identical(named("{ library(a); require('b'); requireNamespace('c'); d::e; loadNamespace(f) }"), c("a", "b", "c", "d"))
  expect_identical(named("{ library(a, character.only = TRUE); library(); library(help = a) }"), character())
})

test_that("what is no plan and no run is an error with a class", {
  for (x in list(42, "no such file", NULL, mean)) expect_error(explain(x), class = "memshare_error")
  expect_error(explain(42), "x must be a plan of memPlan()", class = "memshare_error_input", fixed = TRUE)
})
