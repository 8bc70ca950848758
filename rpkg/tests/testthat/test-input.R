# Bad input: a classed error that says what to do, before anything runs.

m <- matrix(as.double(1:6), 2)
input_error <- function(code, text) expect_error(code, text, class = "memshare_error_input")

test_that("X", {
  input_error(memApply(1:3, 1, sum), "Unknown input format for X")
  input_error(memApply(list(1), 1, sum), "Unknown input format for X")
  input_error(memApply(NULL, 1, sum), "Unknown input format for X")
  input_error(memApply("m", 1, sum), "Unknown input format for X.*NAMESPACE")
  input_error(memLapply("m", sum), "Unknown input format for X.*NAMESPACE.*write list\\(\"m\"\\)")
  input_error(memReduce("m", paste), "Unknown input format for X.*NAMESPACE.*write list\\(\"m\"\\)")
  input_error(memLapply(sum, sum), "Unknown input format for X")
  input_error(memApply(NA_character_, 1, sum, NAMESPACE = "n"), "X must be one non-empty string")
  expect_error(memApply("nobody", 1, sum, NAMESPACE = "nowhere"), "not previously allocated", class = "memshare_error_not_allocated")
  expect_error(memLapply("nobody", sum, NAMESPACE = "nowhere"), "not previously allocated", class = "memshare_error_not_allocated")
})

test_that("a registered X of the wrong kind", {
  local_variables("input", list(v = 1:3, m = m))
  input_error(memApply("v", 1, sum, NAMESPACE = "input"), "Unknown input format for X")
})

test_that("a released variable is unknown", {
  registerVariables("input", list(gone = m))
  releaseVariables("input", "gone")
  expect_error(memApply("gone", 1, sum, NAMESPACE = "input"), "not previously allocated", class = "memshare_error_not_allocated")
  expect_error(memApply(m, 1, sum, NAMESPACE = "input", VARS = "gone"), "not previously allocated", class = "memshare_error_not_allocated")
  expect_error(releaseVariables("input", "gone"), "not previously allocated", class = "memshare_error_not_allocated")
})

test_that("VARS", {
  f <- function(v, y) v
  input_error(memApply(m, 1, f, VARS = list(1)), "Unknown input format for VARS.*name")
  input_error(memApply(m, 1, f, VARS = list(y = 1, 2)), "Unknown input format for VARS.*name")
  input_error(memApply(m, 1, f, VARS = 5), "Unknown input format for VARS")
  input_error(memApply(m, 1, f, VARS = data.frame(y = 1)), "Unknown input format for VARS")
  input_error(memApply(m, 1, f, VARS = sum), "Unknown input format for VARS")
  input_error(memApply(m, 1, f, VARS = list(y = 1, y = 2)), "more than once")
  input_error(memApply(m, 1, f, VARS = list(z = 1)), "no argument of that name, it is FUN\\(v, y\\)")
  input_error(memApply(m, 1, f, VARS = list(v = 1)), "first argument")
  input_error(memApply(m, 1, f, VARS = list(y = 1), y = 2), "both in VARS")
  input_error(memApply(m, 1, f, VARS = "y"), "NAMESPACE")
  input_error(memApply(m, 1, f, NAMESPACE = "n", VARS = c("y", NA)), "VARS")
  expect_identical(memApply(m, 1, function(v) sum(v), VARS = list()), list(9, 12))
})

test_that("MARGIN, FUN, MAX.CORES, NAMESPACE, CLUSTER, CONTROL", {
  for (margin in list(3, 0, -1, 1.5, NA, NULL, TRUE, c(1, 3), integer())) input_error(memApply(m, margin, sum), "MARGIN must be 1")
  input_error(memApply(m, c(1, 1), sum), "more than once")
  input_error(memApply(m, "1", sum), "the dimnames of X have no names")
  input_error(memApply(matrix(1, 1, 1, dimnames = list(a = "x", b = "y")), "z", sum), "MARGIN is \"z\", but the dimensions of X are 'a', 'b'")
  input_error(memApply(m, 1, 5), "FUN must be a function")
  input_error(memLapply(1:3, ~ .x + 1), "FUN is a formula")
  input_error(memApply(m, 1, "no_such_function"), "there is no function")
  for (cores in list(-1, 0, 1.5, NA, "2", c(1, 2), Inf, 1e6)) input_error(memApply(m, 1, sum, MAX.CORES = cores), "MAX.CORES must be")
  for (namespace in list(c("a", "b"), "", NA_character_, 5, character())) {
    input_error(memApply(m, 1, sum, NAMESPACE = namespace), "NAMESPACE must be one non-empty string")
  }
  input_error(memApply(m, 1, sum, CLUSTER = 2), "CLUSTER must be")
  input_error(memApply(m, 1, sum, CONTROL = 2), "memControl")
  input_error(memApply(m, 1, sum, CONTROL = list(simplfy = TRUE)), "no setting 'simplfy'")
  input_error(memControl(simplfy = TRUE), "no setting .simplfy.")
})

test_that("memControl", {
  input_error(memControl(simplify = NA), "simplify")
  input_error(memControl(chunk = 0), "chunk")
  input_error(memControl(schedule = "dynamic"), "schedule must be one of")
  input_error(memControl(schedule = "fixed"), "needs chunk")
  input_error(memControl(seed = "a"), "seed")
  input_error(memControl(on_error = "ignore"), "on_error")
  input_error(memControl(retries = -1), "retries")
  input_error(memControl(timeout = 0), "timeout")
  input_error(memControl(memory = -5), "memory")
  input_error(memControl(packages = 5), "packages")
  input_error(memControl(FUN.VALUE = sum), "FUN.VALUE")
})

test_that("names of namespaces and variables", {
  input_error(registerVariables(c("a", "b"), list(x = 1)), "namespace must be one non-empty string")
  input_error(registerVariables("n", list(1)), "variableList")
  input_error(registerVariables("n", list(a = 1, a = 2)), "more than once")
  input_error(registerVariables("n", list()), "variableList")
  input_error(registerVariables("n", 1:3), "variableList")
  input_error(registerVariables("n", data.frame(a = 1)), "variableList")
  input_error(retrieveViews("n", character()), "variableNames")
  input_error(retrieveViews("n", 5), "variableNames")
  bytes <- "a\xff"
  Encoding(bytes) <- "bytes"
  input_error(registerVariables(bytes, list(x = 1)), "UTF-8")
  input_error(registerVariables("n", stats::setNames(list(1), bytes)), "UTF-8")
  input_error(retrieveViews("n", bytes), "UTF-8")
})

test_that("names in other encodings are the same names", {
  latin <- "\xe9t\xe9"
  Encoding(latin) <- "latin1"
  local_variables(latin, list(x = 1))
  expect_identical(retrieveViews("\u00e9t\u00e9", "x")$x, 1)
})

test_that("a missing package is an error before any element runs", {
  mark <- tempfile()
  expect_error(
    memLapply(1:2, function(i, mark) file.create(mark), VARS = list(mark = mark), CONTROL = memControl(packages = "notThere")),
    "not installed", class = "memshare_error_package"
  )
  expect_false(file.exists(mark))
})

test_that("an unknown setting is an error, and a control prints what was set", {
  expect_error(memControl(chunks = 3), "no setting 'chunks'", class = "memshare_error_input")
  expect_identical(format(memControl()), "memControl()")
  expect_identical(format(memControl(chunk = 2, seed = 1)), "memControl(chunk = 2, schedule = \"fixed\", seed = 1L)")
})
