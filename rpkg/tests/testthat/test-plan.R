# memPlan: what R tells native code (the spec), what is checked, what a plan says of itself.

lazy <- memControl(lazy = TRUE)
unwrapped <- function(...) lapply(list(...), unwrap_pass)

test_that("the spec lists data and passes by number, each once", {
  m <- matrix(c(1, 2, 3, 4, 5, 6), 2, dimnames = list(NULL, c("a", "b", "c")))
  same <- m + 0
  mu <- memApply(m, 2, mean, CONTROL = lazy)
  s <- memApply(same, 2, sd, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
  z <- memApply(m, 2, function(v, mu, s, m) v, VARS = list(mu = mu, s = s, m = m), CONTROL = memControl(chunk = 2, lazy = TRUE))
  w <- memLapply(z, sum, CONTROL = lazy)
  program <- compile(unwrapped(w, z), c("w", ""), cores = 2)
  spec <- program$spec
  expect_identical(program$labels, c("mu", "s", "z", "w"))
  expect_identical(vapply(spec$passes, `[[`, "", "name"), c("mu", "s", "s (whole)", "z", "w"))
  expect_identical(program$what, c("map", "map", "bind", "map", "map"))
  expect_identical(program$owner, c(1L, 2L, 2L, 3L, 4L))
  # The matrix and the names are there once.
  expect_identical(spec$data, list(m, c("a", "b", "c")))
  expect_identical(spec$passes[[2]]$inputs, list(list(kind = "column", data = 1L, dim = dim(m), sparse = NULL)))
  expect_identical(spec$passes[[2]]$bytes, 24)
  expect_identical(spec$passes[[3]]$inputs, list(list(kind = "results", pass = 2L, names = 2L, vector = TRUE)))
  expect_identical(spec$passes[[4]]$sides, list(
    mu = list(pass = 1L, whole = TRUE, names = 2L), s = list(pass = 3L, whole = FALSE), m = list(data = 1L)
  ))
  expect_identical(spec$passes[[4]][c("chunk", "schedule")], list(chunk = 2, schedule = "fixed"))
  expect_identical(spec$passes[[5]]$inputs, list(list(kind = "each", pass = 4L)))
  expect_identical(spec$gather, c(5L, 4L))
  expect_identical(spec$workers, 2L)
})

test_that("0 and -0, and different NAs, are not equal data", {
  # A bind of both would show only one of them.
  a <- memLapply(1:2, function(i, y) 1 / y, VARS = list(y = 0), CONTROL = lazy)
  b <- memLapply(1:2, function(i, y) 1 / y, VARS = list(y = -0), CONTROL = lazy)
  expect_identical(memRun(a, b), list(a = list(Inf, Inf), b = list(-Inf, -Inf)))
})

test_that("one bind serves all, and a reduce is a fold and a last step", {
  x <- memLapply(seq_len(300), sqrt, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
  y <- memLapply(x, sqrt, CONTROL = lazy)
  z <- memLapply(1:2, function(i, x) x, VARS = list(x = x), CONTROL = lazy)
  total <- memReduce(y, `+`)
  program <- compile(unwrapped(y, z, total), c("y", "z", "total"), cores = 1)
  expect_identical(program$what, c("map", "value", "map", "bind", "map", "fold", "last"))
  expect_identical(program$spec$passes[[2]]$inputs, list(list(kind = "each", pass = 1L)))
  expect_identical(program$spec$passes[[3]]$inputs, list(list(kind = "each", pass = 2L)))
  fold <- program$spec$passes[[6]]
  expect_identical(fold$levels, 1L)
  expect_identical(fold$n, 300)
  expect_identical(fold$inputs, list(list(kind = "each", pass = 3L)))
  expect_identical(program$spec$passes[[7]]$inputs, list(list(kind = "whole", pass = 6L)))
  expect_identical(compile(unwrapped(total), "", cores = 8)$what, c("map", "value", "map", "last"))
})

test_that("settings of passes become those of the run", {
  a <- memLapply(1:4, sqrt, MAX.CORES = 1, CONTROL = memControl(retries = 0, timeout = 50, lazy = TRUE))
  b <- memLapply(a, sqrt, MAX.CORES = 3, CONTROL = memControl(memory = 1e9, trace = TRUE, lazy = TRUE))
  program <- compile(unwrapped(b))
  expect_identical(program$spec[c("retries", "timeout", "memory", "workers")], list(retries = 0L, timeout = 50, memory = 1e9, workers = 3L))
  expect_true(program$trace)
  expect_identical(compile(unwrapped(b), cores = 2L)$spec$workers, 2L)
})

test_that("labels are telling and unique", {
  one <- memLapply(1:2, sqrt, CONTROL = lazy)
  two <- memLapply(one, sqrt, CONTROL = lazy)
  three <- memLapply(two, function(v, sqrt) v, VARS = list(sqrt = one), CONTROL = lazy)
  expect_identical(compile(unwrapped(three), "a,b")$labels, c("sqrt", "two", "a;b"))
  four <- memLapply(memLapply(1, sqrt, CONTROL = lazy), sqrt, CONTROL = lazy)
  expect_identical(compile(unwrapped(four))$labels, c("sqrt", "sqrt 2"))
  expect_identical(compile(unwrapped(memMapply(paste, one, y = 1:2, x = two, CONTROL = lazy)))$labels, c("one", "two", "paste"))
})

test_that("unknown registered variables are named with their pass", {
  registerVariables("plan", list(l = list(1, 2), y = 1, m = matrix(1:4, 2)))
  x <- memLapply("l", function(v, y) v, NAMESPACE = "plan", VARS = "y", CONTROL = lazy)
  m <- memApply("m", 1, sum, NAMESPACE = "plan", CONTROL = lazy)
  expect_identical(memRun(x, m), list(x = list(1, 2), m = list(4L, 6L)))
  releaseVariables("plan", c("y", "m"))
  error <- tryCatch(memPlan(first = x), error = identity)
  expect_s3_class(error, c("memshare_error_plan", "memshare_error_not_allocated", "memshare_error"), exact = FALSE)
  expect_identical(error$pass, "first")
  expect_match(conditionMessage(error), "pass 'first': .*'plan[.]y' was not previously allocated")
  registerVariables("plan", list(m = matrix(1:6, 2)))
  expect_error(memPlan(m), "pass 'm': 'm' in namespace 'plan' was of size 2 x 2 when the pass was made, and now is of 2 x 3",
               class = "memshare_error_plan")
  releaseVariables("plan", c("l", "m"))
  expect_error(memRun(x), class = "memshare_error_plan")
})

test_that("a pass does not go on with the values of a variable that was released or registered anew", {
  values <- function(of) {
    list(v = of, w = rev(of), g = c("a", "b", "a"), y = of > 2, d = data.frame(p = of, q = of), cube = array(of, c(3, 1, 2)), l = as.list(of), m = matrix(of))
  }
  first <- values(c(1, 2, 3))
  registerVariables("plan", first)
  on.exit(suppressWarnings(releaseVariables("plan", names(first))))
  passes <- list(
    memLapply("v", function(x) x, NAMESPACE = "plan", CONTROL = lazy), memMapply(`+`, "v", "w", NAMESPACE = "plan", CONTROL = lazy),
    memApply("d", 1, sum, NAMESPACE = "plan", CONTROL = lazy), memApply("cube", 3, sum, NAMESPACE = "plan", CONTROL = lazy),
    memFilter("v", function(x) x > 1, NAMESPACE = "plan", CONTROL = lazy), memReduce("v", `+`, NAMESPACE = "plan", CONTROL = lazy),
    memReduce("v", `+`, NAMESPACE = "plan", by = "g", CONTROL = lazy), memTapply("v", "g", sum, NAMESPACE = "plan", CONTROL = lazy),
    memMutualinfo("m", "y", isXDiscrete = TRUE, isYDiscrete = TRUE, NAMESPACE = "plan", CONTROL = lazy)
  )
  named <- memLapply("l", identity, NAMESPACE = "plan", CONTROL = lazy)
  plan <- memPlan(passes[[1L]])
  for (pass in c(passes, list(plan))) expect_no_error(memRun(pass))
  releaseVariables("plan", names(first))
  for (pass in c(passes, list(plan))) expect_error(memRun(pass), class = "memshare_error_not_allocated")
  registerVariables("plan", values(c(4, 5, 6)))
  for (pass in c(passes, list(plan))) expect_error(memRun(pass), "in namespace 'plan' was registered anew since the pass was made", class = "memshare_error_plan")
  # What is read by its name has the new values.
  expect_identical(memRun(named), list(4, 5, 6))
})

test_that("arguments that nothing feeds are found, where that is certain", {
  fails <- function(fun, ...) {
    error <- tryCatch(memPlan(p = memLapply(1:2, fun, ..., CONTROL = lazy)), error = identity)
    if (inherits(error, "memshare_error_plan")) error$argument else NA
  }
  expect_identical(fails(function(v, y) v + y), "y")
  expect_identical(fails(function(v, w, y) v + y + w, w = 1), "y")
  expect_identical(fails(function(v, w, y) v + y + w, VARS = list(y = 1)), "w")
  expect_identical(fails(function(v, y) v + y, 1), NA)
  expect_identical(fails(function(v, y) v), NA)
  expect_identical(fails(function(v, y = 1) v + y), NA)
  expect_identical(fails(function(v, y) if (missing(y)) v else v + y), NA)
  expect_identical(fails(function(v, i) v[i]), NA)
  expect_identical(fails(function(v, y) {
    y <- 1
    v + y
  }), NA)
  expect_identical(fails(function(v, ...) sum(v, ...)), NA)
  expect_identical(fails(function(v, value) v + value, val = 1), NA)
  expect_identical(fails(mean), NA)
  expect_identical(fails(function(v, y) function(y) y), NA)
  expect_error(memPlan(memMapply(function(a, b, c) a + b + c, 1:2, 3:4, CONTROL = lazy)), "argument 'c'", class = "memshare_error_plan")
  expect_error(memRun(memReduce(1:3, function(a, b, k) a + b + k, CONTROL = lazy)), "argument 'k'", class = "memshare_error_plan")
})

test_that("a plan has one namespace, and takes passes only", {
  local_variables("one", list(l = list(1)))
  local_variables("two", list(l = list(1)))
  a <- memLapply("l", sqrt, NAMESPACE = "one", CONTROL = lazy)
  b <- memLapply("l", sqrt, NAMESPACE = "two", CONTROL = lazy)
  expect_error(memPlan(a, b), "pass 'b': it works in namespace 'two', but pass 'a' in 'one'", class = "memshare_error_plan")
  expect_error(memPlan(a, 1), "argument 2 is 1, and not a pass", class = "memshare_error_input")
  expect_error(memPlan(), "a pass is needed", class = "memshare_error_input")
  expect_error(memRun(memPlan(a), b), "one plan, or passes", class = "memshare_error_input")
})

test_that("a plan prints, sums up, and becomes tables", {
  m <- matrix(as.numeric(1:6000), 2000)
  mu <- memApply(m, 2, mean, CONTROL = lazy)
  z <- memApply(m, 2, function(v, mu) v - mu[[1]], VARS = list(mu = mu), CONTROL = lazy)
  plan <- memPlan(z, top = memReduce(z, `+`), MAX.CORES = 2)
  lines <- format(plan)
  expect_lt(length(lines), 8)
  expect_match(lines[[1]], "<plan> for z, top", fixed = TRUE)
  expect_match(lines[[2]], "3 passes in .* tasks?, by up to 2 workers")
  expect_match(lines[[3]], "mu (3), z (3), top (3)", fixed = TRUE)
  expect_match(lines[[4]], "shares m (48.", fixed = TRUE)
  expect_match(lines[[5]], "peak: .* whose size shows in the first run: .*z")
  tasks <- as.data.frame(plan)
  expect_true(all(c("task", "kind", "passes", "elements", "step", "waits_for", "bytes") %in% names(tasks)))
  expect_true(all(c("share", "map", "gather") %in% tasks$kind))
  resources <- as.data.frame(plan, what = "resources")
  expect_true(all(c("resource", "scope", "bytes", "born", "last_read") %in% names(resources)))
  expect_true(is.na(resources$bytes[resources$resource == "z"]))
  expect_error(as.data.frame(plan, what = "cats"), class = "memshare_error_input")
  expect_match(format(summary(plan)), "z: memApply over the 3 columns", all = FALSE, fixed = TRUE)
  expect_match(format(summary(plan)), "^  z \\(\\?, result\\) from step", all = FALSE)
  memRun(plan)
  resources <- as.data.frame(plan, what = "resources")
  expect_gt(resources$bytes[resources$resource == "z"], 48000)
  expect_match(format(plan), "measured in the last run", all = FALSE)
})

test_that("a plan is made of a list of passes as of the passes", {
  lazy <- memControl(lazy = TRUE)
  a <- memLapply(1:3, function(i) i, CONTROL = lazy)
  b <- memLapply(1:3, function(i) -i, CONTROL = lazy)
  expect_identical(memRun(memPlan(list(a, b))), memRun(memPlan(a, b)))
  expect_named(memRun(memPlan(list(first = a, b))), c("first", "b"))
  both <- list(a, b)
  expect_length(memRun(memPlan(both)), 2L)
  expect_error(memPlan(list()), class = "memshare_error_input")
  expect_error(memPlan(list(1)), "argument 1 is", class = "memshare_error_input")
})

test_that("what a plan knows after a run is the same everywhere", {
  pass <- memReduce(memLapply(1:200, function(i) { Sys.sleep(1e-5); i }, CONTROL = memControl(lazy = TRUE, FUN.VALUE = 0)), max)
  plan <- memPlan(pass, MAX.CORES = 2)
  expect_true(any(grepl("how long FUN takes is not known yet", format(explain(plan)))))
  for (i in 1:2) memRun(plan)
  lines <- format(explain(plan))
  expect_true(any(grepl("FUN is expected to take", lines)), label = paste(lines, collapse = "\n"))
  passes <- as.data.frame(plan, what = "passes")
  expect_false(anyNA(passes$predicted))
  expect_equal(sum(passes$predicted), summary(plan)$predicted)
  peak <- memshare:::native_of(memshare:::unwrap_pass(plan))$peak
  document <- memshare:::document_of(plan)
  expect_identical(document$peak_bytes, peak)
  expect_identical(max(unlist(document$bytes_by_step)), peak)
  expect_match(lines[[2L]], "2 passes (and 1 that brings their results together)", fixed = TRUE)
  expect_match(format(plan)[[2L]], "^2 passes ")
  expect_true(any(grepl("^helpers: ", lines)))
})

test_that("memRun(plan, y = ) says where y goes", {
  pass <- memLapply(1:3, function(i, y) i + y, VARS = list(y = 1), CONTROL = memControl(lazy = TRUE))
  expect_error(memRun(memPlan(pass), y = 3), "VARS = list(y = ", class = "memshare_error_input", fixed = TRUE)
})

test_that("simplify and FUN.VALUE together are an error", {
  expect_error(memControl(simplify = TRUE, FUN.VALUE = 0), "not both", class = "memshare_error_input")
  expect_error(memControl(simplify = FALSE, FUN.VALUE = 0), "not both", class = "memshare_error_input")
})

test_that("a forked child of the session runs a plan too", {
  plan <- memPlan(memLapply(1:4, function(i) i^2, CONTROL = memControl(lazy = TRUE)), MAX.CORES = 2)
  expected <- memRun(plan)
  expect_identical(parallel::mclapply(1:2, function(k) memRun(plan), mc.cores = 2), list(expected, expected))
  expect_identical(memRun(plan), expected)
})
