# What keeps a variable's memory, in rows and in words.

reasons <- function(why) as.character(why$reason)
last_line <- function(why) tail(format(why), 1L)

test_that("a registered variable is kept by its name alone", {
  local_variables("why", list(x = as.double(1:1e5)))
  why <- memWhy("why", "x")
  expect_s3_class(why, c("memshare_why", "data.frame"), exact = TRUE)
  expect_identical(names(why), c("reason", "pid", "process", "detail", "bytes"))
  expect_identical(reasons(why), "registered")
  expect_identical(why$pid, Sys.getpid())
  expect_identical(why$process, "this session")
  expect_gte(why$bytes, 8e5)
  expect_identical(last_line(why), 'releaseVariables("why", "x") frees it')
})

test_that("views are counted, and keep the memory when the name is gone", {
  registerVariables("why", list(x = as.double(1:1e5)))
  one <- retrieveViews("why", "x")$x
  two <- retrieveViews("why", "x")$x
  why <- memWhy("why", "x")
  expect_identical(reasons(why), c("registered", "view", "mapped"))
  expect_identical(why$detail[2:3], c("2 views retrieved and not released", "2 mappings"))
  expect_identical(
    last_line(why),
    'releaseVariables("why", "x") takes the name; 2 views of this session keep the memory until they are collected'
  )
  releaseVariables("why", "x")
  why <- memWhy("why", "x")
  expect_identical(reasons(why), c("view", "mapped"))
  expect_identical(last_line(why), "its name is released; 2 views of this session keep the memory until they are collected")
  rm(one)
  gc()
  expect_identical(memWhy("why", "x")$detail[[2L]], "1 mapping")
  releaseViews("why", "x")
  expect_identical(reasons(memWhy("why", "x")), "mapped")
  registerVariables("why", list(x = 1))
  anew <- memWhy("why", "x")
  expect_identical(anew$detail, c("holds the name", "1 mapping, of a variable of this name that was released"))
  releaseVariables("why", "x")
  rm(two)
  gc()
  expect_error(memWhy("why", "x"), "not previously allocated", class = "memshare_error_not_allocated")
})

test_that("a claim on views that are gone keeps nothing", {
  registerVariables("why", list(x = as.double(1:1e5)))
  retrieveViews("why", "x")
  releaseVariables("why", "x")
  gc()
  why <- memWhy("why", "x")
  expect_identical(reasons(why), "view")
  expect_match(last_line(why), "nothing keeps it: it is gone")
  releaseViews("why", "x")
})

test_that("a worker that has it mapped is named", {
  local_variables("why-worker", list(x = as.double(1:1e5)))
  out <- memLapply(1, function(i, x) {
    sum(x)
    w <- memWhy("why-worker", "x")
    list(Sys.getpid(), w$pid[w$reason == "mapped"], w$process[w$reason == "registered"], format(w))
  }, NAMESPACE = "why-worker", VARS = "x", MAX.CORES = 2)[[1L]]
  expect_true(out[[1L]] %in% out[[2L]])
  expect_false(out[[3L]] == "this session")
  expect_match(tail(out[[4L]], 1L), sprintf("process %d has to release it", Sys.getpid()))
})

test_that("another session's variable and views are told from this one's", {
  skip_on_cran()
  ready <- tempfile()
  done <- tempfile()
  start_r(c(
    'registerVariables("why-other", list(y = as.double(1:1e5)))',
    'v <- retrieveViews("why-other", "y")$y',
    sprintf("writeLines(as.character(Sys.getpid()), '%s.part'); file.rename('%s.part', '%s')", ready, ready, ready),
    sprintf("while (!file.exists('%s')) Sys.sleep(0.05)", done)
  ))
  on.exit(file.create(done))
  for (i in 1:400) if (file.exists(ready)) break else Sys.sleep(0.05)
  pid <- as.integer(readLines(ready))
  mine <- retrieveViews("why-other", "y")$y
  why <- memWhy("why-other", "y")
  expect_identical(reasons(why), c("registered", "view", "mapped", "mapped"))
  expect_setequal(why$pid[why$reason == "mapped"], c(pid, Sys.getpid()))
  expect_identical(why$pid[[1L]], pid)
  expect_match(last_line(why), sprintf("process %d has to release it .*1 view of this session.*process %d keeps it", pid, pid))
  expect_true("R" %in% why$process)
  file.create(done)
  for (i in 1:400) if (dir.exists(file.path("/proc", pid))) Sys.sleep(0.05) else break
  why <- memWhy("why-other", "y")
  expect_identical(reasons(why), c("view", "mapped"))
  expect_identical(sum(mine), sum(as.double(1:1e5)))
  releaseViews("why-other", "y")
})

test_that("a file behind a variable is named", {
  path <- tempfile()
  writeBin(as.double(1:1e5), path)
  memMap("why", "x", path, "double", offset = 8)
  view <- retrieveViews("why", "x")$x
  why <- memWhy("why", "x")
  expect_identical(reasons(why), c("registered", "view", "mapped", "file"))
  expect_identical(why$detail[[4L]], paste0(normalizePath(path), ", from byte 8 on"))
  expect_identical(why$bytes[[4L]], 8 * (1e5 - 1))
  expect_gte(why$bytes[[3L]], 8e5)
  expect_lt(why$bytes[[1L]], 1e5)
  memshare_gc("why")
  unlink(path)
})

test_that("it prints a few aligned lines, and a part of it is a plain data frame", {
  local_variables("why-print", list(x = as.double(1:1e5)))
  view <- retrieveViews("why-print", "x")$x
  why <- memWhy("why-print", "x")
  printed <- capture.output(shown <- print(why))
  expect_identical(shown, why)
  expect_identical(printed[[1L]], "why-print.x")
  expect_length(printed, 5L)
  expect_identical(regexpr("this session", printed[2:4])[1:3], rep(regexpr("this session", printed[[2L]])[[1L]], 3L))
  expect_false(any(grepl(" $", printed)))
  expect_output(print(why[why$reason == "view", ]), "view")
  releaseViews("why-print", "x")
})

test_that("what is not known and what is no name are errors", {
  expect_error(memWhy("why", "never"), "not previously allocated", class = "memshare_error_not_allocated")
  for (bad in list(1, NULL, NA_character_, "", c("a", "b"))) {
    expect_error(memWhy("why", bad), "name", class = "memshare_error_input")
    expect_error(memWhy(bad, "x"), "namespace", class = "memshare_error_input")
  }
})
