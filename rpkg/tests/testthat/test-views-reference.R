# What is already shared is not copied again: a view that is given to a call travels as a reference to its page. What this process
# wrote into a view is copied all the same.

# Bytes that the last run copied into shared memory: its data and its results, which are small here.
copied <- function() memLastRun()$bytes_shared

MB <- 2^20

# The views of these variables, which are released when the test ends.
views_of <- function(variables, namespace = paste0("reference-", basename(tempfile(""))), frame = parent.frame()) {
  local_variables(namespace, variables, frame)
  retrieveViews(namespace, names(variables))
}

# A call that goes on in the background until the gate is opened: FUN's sum of `v`, for each of so many elements.
behind_gate <- function(n, v, cores) {
  gate <- tempfile("gate")
  pass <- memLapply(seq_len(n), function(i, v, gate) {
    while (!file.exists(gate)) Sys.sleep(0.01)
    sum(v) + i
  }, VARS = list(v = v), gate = gate, CONTROL = memControl(lazy = TRUE))
  run <- memRun(pass, wait = FALSE, MAX.CORES = cores)
  function() {
    file.create(gate)
    collect(run)
  }
}

# Bytes of the pages that this session's running calls have in shared memory. The session itself maps a run's board, whose name
# begins as those of all its pages do.
bytes_of_running <- function() {
  mapped <- regmatches(maps <- readLines("/proc/self/maps"), regexpr("memshare-s[a-z2-7]{13}", maps))
  mine <- grep(paste(unique(mapped), collapse = "|"), segments(), value = TRUE)
  stopifnot(length(mapped) > 0, length(mine) > 0)
  sum(file.size(file.path("/dev/shm", mine)))
}

big_values <- function() {
  n <- 60000L
  list(
    logical = rep(c(TRUE, FALSE, NA), length.out = n), integer = seq_len(n) * 2L, double = as.double(seq_len(n)) / 7,
    complex = complex(real = seq_len(n), imaginary = -1), raw = as.raw(rep(0:255, length.out = 3 * n)),
    character = rep(c("a", NA, "\u00e9t\u00e9", ""), length.out = n)
  )
}

test_that("a view of every vector type is a reference as X, in VARS and in `...`, and gives what a plain vector gives", {
  values <- big_values()
  views <- views_of(values)
  for (type in names(values)) {
    plain <- values[[type]]
    view <- views[[type]]
    got <- memLapply(1:4, function(i, v, w) list(v[c(i, 60000L)], w[i + 1L], length(v), typeof(v)), VARS = list(v = view), w = view, MAX.CORES = 2)
    expect_identical(got, lapply(1:4, function(i) list(plain[c(i, 60000L)], plain[i + 1L], length(plain), typeof(plain))), info = type)
    expect_lt(copied(), 20000)
    columns <- structure(view, dim = c(length(plain) / 4L, 4L))
    same <- structure(plain, dim = c(length(plain) / 4L, 4L))
    expect_identical(memApply(columns, 2, function(v) v[2:3], MAX.CORES = 2), apply(same, 2, function(v) v[2:3], simplify = FALSE), info = type)
  }
})

test_that("matrices are cut by rows and columns where they lie, with their names", {
  m <- matrix(rnorm(40000), 200, dimnames = list(paste0("r", 1:200), NULL))
  view <- views_of(list(m = m))$m
  expect_identical(memApply(view, 1, function(v) sum(v * seq_along(v)), MAX.CORES = 2), apply(m, 1, function(v) sum(v * seq_along(v)), simplify = FALSE))
  expect_lt(copied(), 20000)
  expect_identical(memApply(view, 2, range, MAX.CORES = 2), apply(m, 2, range, simplify = FALSE))
  expect_identical(memApply(view, 2, names, MAX.CORES = 2), apply(m, 2, names, simplify = FALSE))
  s <- matrix(as.character(seq_len(40000)), 200)
  text <- views_of(list(s = s))$s
  expect_identical(memApply(text, 1, function(v) nchar(paste(v, collapse = ""))), apply(s, 1, function(v) nchar(paste(v, collapse = "")), simplify = FALSE))
  expect_lt(copied(), 20000)
})

test_that("attributes given to a view here go with the reference", {
  view <- views_of(list(x = as.double(1:50000)))$x
  named <- structure(view, class = "units", unit = "m")
  got <- memLapply(1:2, function(i, v) list(attributes(v), v[[i]]), VARS = list(v = named), MAX.CORES = 2)
  expect_identical(got, lapply(1:2, function(i) list(list(class = "units", unit = "m"), as.double(i))))
  expect_lt(copied(), 20000)
})

test_that("views in a list, a data frame, and what FUN captured are references", {
  values <- list(x = runif(50000), g = rep(1:50, 1000), s = rep(letters[1:25], 2000))
  views <- views_of(values)
  frame <- data.frame(views$x, views$g)
  frame[[1]] <- views$x
  frame[[2]] <- views$g
  plain <- data.frame(values$x, values$g)
  nested <- list(a = list(views$x, views$s), b = views$g)
  expect_identical(memLapply(list(views$x, views$g, 3), sum, MAX.CORES = 2), lapply(list(values$x, values$g, 3), sum))
  expect_lt(copied(), 20000)
  got <- memLapply(1:3, function(i, n) list(n$a[[1]][i], n$a[[2]][i], n$b[i]), VARS = list(n = nested), MAX.CORES = 2)
  expect_identical(got, lapply(1:3, function(i) list(values$x[i], values$s[i], values$g[i])))
  expect_lt(copied(), 20000)
  expect_identical(memLapply(1:2, function(i, f) f[i, 1] + sum(f[[2]]), VARS = list(f = frame)), lapply(1:2, function(i) plain[i, 1] + sum(plain[[2]])))
  expect_lt(copied(), 20000)
  captured <- local({
    x <- views$x
    function(i) x[i]
  })
  expect_identical(suppressMessages(memLapply(1:3, captured, MAX.CORES = 2)), lapply(1:3, function(i) values$x[i]))
  expect_lt(copied(), 20000)
})

test_that("results of an earlier call are references, after their page lost its name", {
  first <- memLapply(1:6, function(i) runif(20000) + i, MAX.CORES = 2)
  plain <- lapply(first, function(v) v + 0)
  expect_identical(memLapply(first, sum, MAX.CORES = 2), lapply(plain, sum))
  expect_lt(copied(), 20000)
  expect_identical(memLapply(1:6, function(i, r) r[[i]][i], VARS = list(r = first), MAX.CORES = 2), lapply(1:6, function(i) plain[[i]][i]))
  expect_lt(copied(), 20000)
  second <- memLapply(first, function(v) v * 2, MAX.CORES = 2)
  expect_identical(memLapply(second, range), lapply(plain, function(v) range(v * 2)))
  texts <- memLapply(1:3, function(i) as.character(seq_len(20000) * i), MAX.CORES = 2)
  expect_identical(memLapply(texts, function(s) s[20000]), list("20000", "40000", "60000"))
  expect_lt(copied(), 20000)
})

test_that("a view stays a reference when its variable was released, and the run does not need the view", {
  views <- views_of(list(x = as.double(1:100000)), "reference-released")
  releaseVariables("reference-released", "x")
  finish <- behind_gate(2, views$x, 2)
  rm(views)
  gc()
  expect_identical(finish(), list(5000050001, 5000050002))
  expect_lt(copied(), 20000)
})

test_that("a variable that is released in the middle of a run that reads a view of it is read to the end", {
  views <- views_of(list(x = as.double(1:100000)), "reference-middle")
  finish <- behind_gate(4, views$x, 1)
  releaseVariables("reference-middle", "x")
  registerVariables("reference-middle", list(x = rep(0, 100000)))
  expect_identical(finish(), as.list(5000050000 + 1:4))
})

test_that("a view that was changed here is copied, with the change", {
  x <- as.double(1:100000)
  views <- views_of(list(x = x))
  views$x[50000] <- 99
  x[50000] <- 99
  expect_identical(memLapply(1:2, function(i, v) sum(v) + i, VARS = list(v = views$x)), lapply(1:2, function(i) sum(x) + i))
  expect_gt(copied(), 8e5)
  # A part of the same page that was not touched is a reference.
  expect_identical(memLapply(list(views$x), function(v) v[50000]), list(99))
  first <- memLapply(1:2, function(i) as.double(1:50000) + i, MAX.CORES = 2)
  ours <- lapply(first, identity)
  ours[[1]][1] <- -1
  expect_identical(memLapply(ours, function(v) v[1:2]), list(c(-1, 3), c(3, 4)))
  expect_identical(memLapply(first, function(v) v[1:2]), list(c(2, 3), c(3, 4)))
})

test_that("a view of which a pointer for writing was asked for, and not used, is a reference", {
  view <- views_of(list(x = as.double(1:100000)))$x
  range(view)
  which.max(view)
  any(view == 3)
  sum(view)
  expect_identical(memLapply(1:2, function(i, v) v[i], VARS = list(v = view)), list(1, 2))
  expect_lt(copied(), 20000)
})

test_that("a change behind a view with attributes of its own is copied too", {
  x <- as.double(1:100000)
  wrapped <- structure(views_of(list(x = x))$x, unit = "m")
  wrapped[2] <- 99
  expect_identical(memLapply(1:2, function(i, v) v[[i]], VARS = list(v = wrapped)), list(1, 99))
  views <- views_of(list(x = x))
  views$x[2] <- 99
  attr(views$x, "unit") <- "m"
  expect_identical(memLapply(1:2, function(i, v) v[[i]], VARS = list(v = views$x)), list(1, 99))
  expect_identical(memLapply(list(views), function(l) l$x[[2]]), list(99))
})

test_that("a view of a variable in a file is a reference, and so is one of a page on a disk", {
  file <- tempfile()
  writeBin(as.double(1:100000), file)
  memMap("reference-file", "m", file, "double", dim = c(1000, 100), offset = 0)
  withr_defer(memshare_gc("reference-file"), environment())
  view <- retrieveViews("reference-file", "m")$m
  expect_identical(memApply(view, 2, sum, MAX.CORES = 2), apply(matrix(as.double(1:100000), 1000), 2, sum, simplify = FALSE))
  expect_lt(copied(), 20000)
  view[5, 1] <- 99
  expect_identical(memLapply(1, function(i, v) v[5, 1], VARS = list(v = view)), list(99))
  expect_identical(readBin(file, "double", 5), as.double(1:5))
})

test_that("strings that were changed or asked for at once are copied", {
  s <- as.character(1:30000)
  view <- views_of(list(s = s))$s
  view[7] <- "seven"
  s[7] <- "seven"
  expect_identical(memLapply(7:8, function(i, v) v[i], VARS = list(v = view)), as.list(s[7:8]))
})

test_that("FUN changes its copy of a reference, and nobody sees it", {
  x <- as.double(1:100000)
  view <- views_of(list(x = x))$x
  change <- function(i, v, l) {
    v[i] <- -1
    l$a[i] <- -2
    c(v[i], l$a[i], l$b[i], sum(v == -1))
  }
  vars <- list(v = view, l = list(a = view, b = view))
  expect_identical(memLapply(1:4, change, VARS = vars, MAX.CORES = 1), lapply(1:4, change, v = x, l = list(a = x, b = x)))
  expect_identical(sum(view == as.double(1:100000)), 100000L)
})

test_that("a view of another session's variable is a reference", {
  directory <- tempfile("other")
  dir.create(directory)
  path <- function(name) file.path(directory, name)
  namespace <- basename(directory)
  start_r(c(
    sprintf("path <- function(name) file.path('%s', name)", directory),
    sprintf("registerVariables('%s', list(x = as.double(1:100000)))", namespace),
    'file.create(path("there"))',
    'for (i in 1:6000) if (file.exists(path("leave"))) break else Sys.sleep(0.02)',
    'file.create(path("left"))'
  ))
  wait_for <- function(name) for (i in 1:1200) if (file.exists(path(name))) break else Sys.sleep(0.05)
  wait_for("there")
  view <- retrieveViews(namespace, "x")$x
  expect_identical(memLapply(1:2, function(i, v) v[i], VARS = list(v = view), MAX.CORES = 2), list(1, 2))
  expect_lt(copied(), 20000)
  file.create(path("leave"))
  wait_for("left")
  expect_identical(memLapply(1:2, function(i, v) v[i], VARS = list(v = view), MAX.CORES = 2), list(1, 2))
  expect_lt(copied(), 20000)
})

test_that("a view of what may be written into is a reference that no write comes between; a plan copies it", {
  memAllocate("reference-write", "m", "double", c(100, 100))
  on.exit(memshare_gc("reference-write"))
  memWrite("reference-write", "m", as.double(1:10000))
  view <- retrieveViews("reference-write", "m")$m
  finish <- behind_gate(2, view, 1)
  expect_error(memWrite("reference-write", "m", 0), class = "memshare_error_busy")
  expect_identical(finish(), list(50005001, 50005002))
  expect_lt(copied(), 20000)
  memWrite("reference-write", "m", 0)
  expect_identical(memLapply(1, function(i, v) sum(v), VARS = list(v = view)), list(0))
  plan <- memPlan(memLapply(1:2, function(i, v) sum(v), VARS = list(v = view), CONTROL = memControl(lazy = TRUE)))
  expect_identical(memRun(plan), list(0, 0))
  memWrite("reference-write", "m", 1)
  expect_identical(memRun(plan), list(0, 0))
})

test_that("a plan keeps what it refers to", {
  views <- views_of(list(x = as.double(1:100000)), "reference-plan")
  plan <- memPlan(memLapply(list(views$x, views$x), function(v) sum(v), CONTROL = memControl(lazy = TRUE)))
  expect_identical(memRun(plan), list(5000050000, 5000050000))
  expect_lt(copied(), 20000)
  releaseVariables("reference-plan", "x")
  rm(views)
  gc()
  expect_identical(memRun(plan), list(5000050000, 5000050000))
})

test_that("shared memory does not grow by the data of a view", {
  view <- views_of(list(x = runif(4 * MB)))$x
  finish <- behind_gate(2, view, 2)
  during <- bytes_of_running()
  finish()
  expect_lt(during, 8 * MB)
  finish <- behind_gate(2, runif(4 * MB), 2)
  during <- bytes_of_running()
  finish()
  expect_gt(during, 32 * MB)
})

test_that("descriptors go with the results that they are kept for", {
  # Memory that is kept for later calls has descriptors too.
  old <- options(memshare.cache = 0)
  on.exit(options(old))
  count <- function() {
    gc()
    length(list.files(sprintf("/proc/%d/fd", Sys.getpid())))
  }
  memLapply(1:2, function(i) runif(20000), MAX.CORES = 2)
  before <- count()
  for (i in 1:300) memLapply(1:2, function(i) runif(20000), MAX.CORES = 2)
  expect_lte(count(), before)
  kept <- lapply(1:300, function(i) memLapply(1:2, function(j) rep(i + j, 10000), MAX.CORES = 1))
  expect_lte(count() - before, 256)
  # Those that lost theirs are copied.
  expect_identical(memLapply(kept, function(r) r[[2]][1]), lapply(kept, function(r) r[[2]][1]))
  rm(kept)
  expect_lte(count(), before)
})

test_that("a forked child that drops views takes nothing from its parent", {
  skip_on_os("windows")
  first <- memLapply(1:2, function(i) runif(50000), MAX.CORES = 2)
  plain <- lapply(first, function(v) v + 0)
  child <- parallel::mcparallel({
    got <- memLapply(first, sum, MAX.CORES = 1)
    first <<- NULL
    gc()
    got
  })
  expect_identical(parallel::mccollect(child)[[1]], lapply(plain, sum))
  expect_identical(memLapply(first, sum, MAX.CORES = 2), lapply(plain, sum))
  expect_lt(copied(), 20000)
})
