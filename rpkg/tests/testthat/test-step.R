# memDo beside plain calls: arguments of all kinds and in all ways, chains, errors.

lazy <- memControl(lazy = TRUE)

values <- c(
  lapply(makers, function(make) make(7)), lapply(makers, function(make) make(0)),
  list(
    none = NULL, frame = data.frame(a = 1:3, b = letters[1:3]), factor = factor(c("u", "v")), date = as.Date("2026-01-01"), text = "one string",
    matrix = matrix(1:6, 2, dimnames = list(NULL, letters[1:3])), nested = list(1, list(2, NULL)), formula = as.formula("y ~ x", globalenv()), code = quote(a + b),
    symbol = quote(a), fun = as.function(alist(v = , v + 1), envir = globalenv()), primitive = sum, big = as.double(1:1e5)
  )
)

test_that("a step gives what the call gives, for arguments of all kinds", {
  kinds <- function(...) list(...)
  for (name in names(values)) {
    x <- values[[name]]
    for (workers in 1:2) {
      expect_equal(memDo(kinds, x, a = x, 2), kinds(x, a = x, 2), label = name)
      expect_equal(memRun(memDo(kinds, a = x, x, CONTROL = lazy), MAX.CORES = workers), kinds(a = x, x), label = name)
    }
  }
  expect_identical(memDo(kinds), list())
  expect_identical(memDo(kinds, NULL), list(NULL))
  expect_identical(memDo("paste", "a", "b", sep = "-"), "a-b")
  expect_identical(do.call(memDo, list(paste, "a", "b", sep = "-")), "a-b")
  forwarded <- function(...) memDo(paste, ..., sep = "-")
  expect_identical(forwarded("a", "b"), "a-b")
  X <- i <- FUN <- dots <- 3
  expect_identical(memDo(function(a, b, c, d) c(a, b, c, d), X, i, FUN, dots), rep(3, 4))
  expect_identical(memDo(function(x, y, z) list(missing(z), substitute(x), nargs()), X, 2), list(TRUE, quote(X), 2L))
  expect_identical(memDo(`-`, 5, 2), 3)
  expect_identical(memDo(function(f, v) f(v), function(v) v + X, 1), 4)
  expect_identical(memDo(list, 1, MAX.CORES = 2), list(1))
  expect_input <- function(code, text) expect_error(code, text, fixed = TRUE, class = "memshare_error_input")
  expect_input(memDo(list, 1, MAX.CORES = 0), "MAX.CORES")
  expect_identical(memDo(rep, 1:2, times = 2, each = 2), rep(1:2, times = 2, each = 2))
  # The same variable twice, and a variable with the name of another argument.
  expect_identical(memDo(function(x, y, b) c(x, y, b), X, X, b = 1), c(3, 3, 1))
  b <- 9
  expect_identical(memDo(function(x, b) c(x, b), b, b = 1), c(9, 1))
})

test_that("registered variables and VARS", {
  local_variables("steps", list(y = c(1, 2, 3)))
  expect_identical(memDo(function(x, y) x + sum(y), 1, NAMESPACE = "steps", VARS = "y"), 7)
  expect_identical(memDo(function(x, y) x + sum(y), 1, VARS = list(y = 1:3)), 7)
})

test_that("steps in chains get the values of their passes whole", {
  x <- list(a = 1, b = c(2, 3), c = numeric())
  typed <- memControl(FUN.VALUE = 0, lazy = TRUE)
  plain <- memLapply(x, rev, CONTROL = lazy)
  sums <- memLapply(x, sum, CONTROL = typed)
  shown <- memLapply(x, length, CONTROL = memControl(simplify = TRUE, lazy = TRUE))
  wide <- memApply(matrix(1:6, 2, dimnames = list(NULL, letters[1:3])), 2, range, CONTROL = memControl(FUN.VALUE = c(lo = 0L, hi = 0L), lazy = TRUE))
  total <- memReduce(sums, `+`)
  empty <- memLapply(list(), sum, CONTROL = lazy)
  all <- memDo(list, plain, sums, shown, wide = wide, total, empty, 5)
  more <- memDo(function(all, by) c(length(all), by * all[[5]]), all, by = 2)
  used <- memLapply(1:3, function(i, more, all) i + more + length(all), VARS = list(more = more, all = all), CONTROL = lazy)
  wanted <- list(
    all = list(lapply(x, rev), vapply(x, sum, 0), sapply(x, length), wide = vapply(list(a = 1:2, b = 3:4, c = 5:6), range, c(lo = 0L, hi = 0L)), 6, list(), 5)
  )
  wanted$more <- c(7, 2 * 6)
  wanted$used <- lapply(1:3, function(i) i + wanted$more + 7)
  expect_s3_class(all, "memshare_pass")
  for (workers in worker_counts()) {
    plan <- memPlan(all, more, used, MAX.CORES = workers)
    for (i in 1:2) expect_identical(memRun(plan), wanted)
    expect_identical(memRun(plan, VARS = list(by = 3))$more, c(7, 18))
    expect_identical(memRun(plan), wanted)
  }
  expect_identical(collect(memRun(more, wait = FALSE)), wanted$more)
  expect_identical(length(all), 1L)
  expect_match(format(more)[[1]], "memDo of all and by with function (all, by)", fixed = TRUE)
  expect_match(format(more)[[2]], "arguments: all = a pass (memDo with list), by = 2", fixed = TRUE)
  expect_identical(summary(more)$passes[[7]], "all")
  expect_output(print(summary(plan)), "more: memDo of all and by")
  expect_output(print(explain(plan)), "reads one call")
  expect_s3_class(memSimulate(plan), "memshare_simulation")
})

test_that("a step has random numbers of its own", {
  draw <- function(workers) memRun(memDo(rnorm, 2, CONTROL = memControl(seed = 1, lazy = TRUE)), MAX.CORES = workers)
  expect_identical(draw(1), draw(2))
})

test_that("an error names the step", {
  e <- tryCatch(memDo(function(x) stop("boom"), 1), memshare_error_element = identity)
  expect_identical(conditionMessage(e), "FUN failed: boom")
  expect_null(e$index)
  source <- memLapply(1:3, sqrt, CONTROL = lazy)
  prior <- memDo(function(x) stop("boom"), source)
  e <- tryCatch(memRun(memDo(identity, prior)), memshare_error_element = identity)
  expect_identical(conditionMessage(e), "pass 'prior': FUN failed: boom")
  expect_identical(e$pass, "prior")
  expect_warning(expect_identical(memDo(function(x) as.integer(x), "a"), NA_integer_), "the call of FUN: NAs introduced")
  expect_error(
    memDo(function(x) tools::pskill(Sys.getpid(), 9), 1, CONTROL = memControl(retries = 0)), "^the call of FUN: its worker process died, once in all",
    class = "memshare_error_worker_died"
  )
  expect_error(memDo(function(x) Sys.sleep(60), 1, CONTROL = memControl(element_timeout = 0.2)), "FUN took too long", class = "memshare_error_element_timeout")
  expect_input <- function(code, text) expect_error(code, text, fixed = TRUE, class = "memshare_error_input")
  expect_input(memDo(), "FUN is missing")
  expect_input(memDo("no such function"), "there is no function")
  expect_input(memDo(function(x) x, y = 1), "the call gives 'y', but FUN has no argument of that name, it is FUN(x)")
  expect_input(memDo(function(x) x, x = 1, VARS = list(x = 2)), "FUN's argument 'x' is given more than once")
  expect_input(memDo(function(x) x, 1, VARS = "x"), "needs NAMESPACE")
  expect_input(memDo(quote, 1), "FUN is `quote`")
  expect_input(memLapply(memDo(identity, source), sqrt), "the one value of memDo(), whose length is not known")
  expect_error(memDo(function(x, y) x + y, source) |> memRun(), "nothing gives FUN's argument 'y'", class = "memshare_error_plan")
})

test_that("a whole value that a step reads is the one that the call gives, however its results come", {
  m <- matrix(1:12, 3, dimnames = list(letters[1:3], NULL))
  funs <- list(
    numbers = function(x) x * 2, single = function(x) sum(x), strings = function(x) paste(x), named = function(x) c(u = 1, v = x[[1L]]), none = function(x) integer(),
    uneven = function(x) seq_len(x[[1L]]), lists = function(x) list(x), nulls = function(x) NULL, dates = function(x) as.Date("2026-01-01") + x[[1L]],
    mixed = function(x) if (x[[1L]] > 2) 1L else 2.5
  )
  for (name in names(funs)) {
    for (margin in 1:2) {
      eager <- memApply(m, margin, funs[[name]], CONTROL = memControl(simplify = TRUE))
      pass <- memApply(m, margin, funs[[name]], CONTROL = memControl(simplify = TRUE, lazy = TRUE))
      expect_identical(memRun(memDo(function(v) v, pass)), eager, label = paste(name, margin))
    }
    eager <- memLapply(list(p = 1:2, q = 3:4), funs[[name]], CONTROL = memControl(simplify = TRUE))
    pass <- memLapply(list(p = 1:2, q = 3:4), funs[[name]], CONTROL = memControl(simplify = TRUE, lazy = TRUE))
    expect_identical(memRun(memDo(function(v) v, pass)), eager, label = paste(name, "of a list"))
  }
  pass <- memApply(m, 1, function(x) c(1, 2), CONTROL = memControl(FUN.VALUE = c(a = 0, b = 0), lazy = TRUE))
  expect_identical(memRun(memDo(function(v) v, pass)), vapply(c(a = 1, b = 2, c = 3), function(x) c(a = 1, b = 2), c(a = 0, b = 0)))
})
