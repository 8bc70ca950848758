# The life of one thing, and why a task is not running.

lazy <- memControl(lazy = TRUE)

test_that("a chunk that was lost is followed to the one that did its elements", {
  story <- memStory(fixture("straggler"), "z#18")
  expect_s3_class(story, c("memshare_story", "data.frame"), exact = TRUE)
  expect_identical(names(story), c("time", "what", "worker"))
  expect_lines(story, "
chunk 18 of 'z': elements 851 to 900
  0.010 s            'map z' began: its chunks can be claimed
  0.050 s  worker 2  chunk 18 (elements 851 to 900) began: lost after 4 ms: its worker died (killed by signal 9 (SIGKILL))
  0.054 s  worker 2  died: killed by signal 9 (SIGKILL)
  0.055 s            map z: elements 851 to 900 are queued, attempt 2
  0.100 s  worker 3  chunk 19 (elements 851 to 900, attempt 2) began: done in 10 ms
")
  expect_identical(memStory(fixture("straggler"), 18), story)
  expect_identical(memStory(fixture("straggler"), "#18"), story)
  expect_output(print(story), "chunk 18 of 'z'")
  expect_output(print(story[1:2, ]), "its chunks can be claimed")
})

test_that("elements are found by number and by name", {
  run <- fixture("straggler")
  named <- memStory(run, "z[TP53]")
  expect_identical(attr(named, "title"), "element 1801 ('TP53') of 'z'")
  expect_identical(memStory(run, "z[1801]"), named)
  expect_identical(attr(memStory(run, "z[gene860]"), "title"), "element 860 ('gene860') of 'z'")
})

test_that("tasks, resources and workers have lives too", {
  run <- fixture("diamond")
  expect_match(memStory(run, "mu")$what, "the memory of mu is given back", all = FALSE, fixed = TRUE)
  expect_match(memStory(run, "s")$what, "outlived the run", all = FALSE)
  expect_match(attr(memStory(run, "map z"), "title"), "^task 'map z', step 1$")
  expect_match(attr(memStory(run, "X"), "title"), "'X', a registered variable, 3.2 MB", fixed = TRUE)
  worker <- memStory(fixture("straggler"), "worker 2")
  expect_match(worker$what, "^joined \\(process 4012\\)$", all = FALSE)
  expect_true(all(diff(worker$time[!is.na(worker$time)]) >= 0))
  planned <- memStory(fixture("diamond-plan"), "z")
  expect_true(all(is.na(planned$time)))
})

test_that("what is not there is a classed error that lists what is", {
  run <- fixture("straggler")
  error <- tryCatch(memStory(run, "map"), error = identity)
  expect_s3_class(error, c("memshare_error_unknown", "memshare_error"), exact = FALSE)
  expect_identical(error$nearest, "map z")
  expect_error(memStory(run, "z#99"), "numbered from 1 to 39", class = "memshare_error_unknown")
  expect_error(memStory(fixture("diamond-plan"), "z#1"), "before it ran", class = "memshare_error_unknown")
  expect_error(memStory(run, ""), class = "memshare_error_input")
  expect_error(memStory(1, "z"), class = "memshare_error_input")
})

test_that("why a task of a plan or of a run that is over does not run", {
  expect_lines(memWhy(fixture("diamond-plan"), "z"), "
'map z': nothing runs yet: memRun() runs the plan; then it waits for 1 task
  waits  map mu + s  reads its results
")
  expect_lines(memWhy(fixture("diamond"), "map z"), "
'map z': it began 410 ms after the run began, and was done after 985 ms
  waited  map mu + s  done 400 ms after the run began
")
  expect_identical(attr(memWhy(fixture("diamond"), "mu"), "task"), "map mu + s")
  error <- tryCatch(memWhy(fixture("diamond"), "Z"), error = identity)
  expect_s3_class(error, "memshare_error_unknown")
  expect_identical(error$nearest[[1L]], "z")
  expect_error(memWhy(fixture("diamond"), "X"), "no task makes", class = "memshare_error_unknown")
  expect_error(memWhy(fixture("diamond"), 1), class = "memshare_error_input")
  expect_output(print(memWhy(fixture("diamond"), "z")[1, ]), "waited")
})

test_that("a pass that never began says what it waited for", {
  bad <- memLapply(1:3, function(i) if (i == 2) stop("no") else i, CONTROL = lazy)
  after <- memLapply(1:4, function(i, bad) i, VARS = list(bad = bad), CONTROL = lazy)
  expect_error(memRun(after, MAX.CORES = 1), class = "memshare_error_element")
  run <- memLastRun()
  expect_match(format(run)[[1L]], "^<run> of memRun\\(after\\): FUN failed after ")
  expect_match(attr(memWhy(run, "after"), "answer"), "it never began: it waited for 1 task when the run ended; the run: FUN failed at element 2")
  expect_match(attr(memWhy(run, "bad"), "answer"), "^FUN failed in it")
  expect_match(format(explain(run)), "never began", all = FALSE)
  expect_match(memStory(run, "after")$what, "the run ended: FUN failed at element 2", all = FALSE)
})

test_that("a run that goes on says who is at what, and what waits", {
  skip_on_cran()
  gate <- tempfile()
  slow <- memLapply(1:4, function(i, gate) while (!file.exists(gate)) Sys.sleep(0.02), VARS = list(gate = gate), CONTROL = lazy)
  late <- memLapply(1:2, function(i, slow) i, VARS = list(slow = slow), CONTROL = lazy)
  handle <- memRun(late, wait = FALSE, MAX.CORES = 2)
  on.exit({
    file.create(gate)
    collect(handle)
  })
  for (i in 1:400) {
    running <- memWhy(handle, "slow")
    if (any(grepl("at element", running$detail))) break
    Sys.sleep(0.05)
  }
  expect_match(attr(running, "answer"), "^it is running, by [12] workers?, 0 of 4 elements done")
  expect_match(running$what[running$reason == "running"], "^worker [12]$")
  waiting <- memWhy(handle, "late")
  expect_lines(waiting, "
'late': it waits for 1 pass: it reads all of its results
  waits  slow  0 of 4 elements done
")
  expect_error(memWhy(handle, "lat"), "there is 'late'", class = "memshare_error_unknown")
  file.create(gate)
  while (!resolved(handle)) Sys.sleep(0.02)
  expect_match(attr(memWhy(handle, "late"), "answer"), "the run is over")
  collect(handle)
  expect_match(attr(memWhy(handle, "late"), "answer"), "^it began .* and was done after")
})
