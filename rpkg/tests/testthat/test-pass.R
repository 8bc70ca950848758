# Lazy calls: what is checked and taken at once, what a pass says of itself, and where it may stand.

lazy <- memControl(lazy = TRUE)

test_that("a lazy call checks its arguments at once", {
  expect_error(memLapply(1:3, "no_such_function", CONTROL = lazy), class = "memshare_error_input")
  expect_error(memLapply(sum, identity, CONTROL = lazy), "Unknown input format for X")
  expect_error(memApply(1:3, 2, sum, CONTROL = lazy), "Unknown input format for X")
  expect_error(memLapply(1:3, function(i, y) i, VARS = list(1), CONTROL = lazy), "Unknown input format for VARS")
  expect_error(memLapply(1:3, function(i) i, VARS = list(y = 1), CONTROL = lazy), "no argument of that name")
  expect_error(memLapply("nothing", sum, NAMESPACE = "nowhere", CONTROL = lazy), class = "memshare_error_not_allocated")
  expect_error(memLapply(1:3, function(i, y) i, NAMESPACE = "nowhere", VARS = "y", CONTROL = lazy), class = "memshare_error_not_allocated")
  expect_error(memControl(lazy = NA), class = "memshare_error_input")
})

test_that("FUN and what it uses are taken when the pass is made", {
  k <- 1
  x <- list(1, 2)
  pass <- memLapply(x, function(v) v + k, CONTROL = lazy)
  k <- 100
  x <- list(1000)
  expect_identical(memRun(pass), list(2, 3))
})

test_that("a lazy call runs nothing", {
  file <- tempfile()
  pass <- memLapply(list(file), function(f) cat("ran", file = f), CONTROL = lazy)
  expect_false(file.exists(file))
  memRun(pass)
  expect_true(file.exists(file))
})

test_that("a pass says what it is", {
  m <- matrix(1:6, 2, dimnames = list(NULL, c("a", "b", "c")))
  mu <- memApply(m, 2, mean, CONTROL = lazy)
  expect_s3_class(mu, "memshare_pass")
  expect_identical(length(mu), 3L)
  expect_identical(names(mu), c("a", "b", "c"))
  expect_null(names(memLapply(1:3, sqrt, CONTROL = lazy)))
  expect_match(format(mu)[[1]], "<pass> memApply over the 3 columns of an integer matrix of 2 x 3 with mean()", fixed = TRUE)
  z <- memLapply(mu, function(v, y, mu) v, VARS = list(y = 1:3, mu = mu), CONTROL = lazy)
  expect_match(format(z)[[1]], "memLapply over the 3 results of a pass (memApply with mean) with function (v, y, mu)", fixed = TRUE)
  expect_match(format(z)[[2]], "VARS: y = an integer vector of length 3, mu = a pass (memApply with mean)", fixed = TRUE)
  expect_output(print(z), "has not run: memRun()", fixed = TRUE)
  expect_output(str(z), "<pass> memLapply")
  table <- as.data.frame(summary(z))
  expect_identical(paste0(table$pass, ": ", table$about), format(summary(z)))
  expect_identical(table$elements[[nrow(table)]], as.double(length(z)))
  lines <- format(summary(z))
  expect_length(lines, 2)
  expect_match(lines[[1]], "^mu: memApply")
  expect_match(lines[[2]], "^pass 2: memLapply over the 3 results of pass 'mu'")
})

test_that("a pass names the registered variables that it reads", {
  local_variables("passes", list(items = list(a = 1, b = 2), y = 3))
  pass <- memLapply("items", function(v, y) v * y, NAMESPACE = "passes", VARS = "y", CONTROL = lazy)
  expect_match(format(pass)[[1]], "2 items of 'items' in namespace 'passes'", fixed = TRUE)
  expect_match(format(pass)[[2]], "y = 'y' in namespace 'passes'", fixed = TRUE)
  expect_identical(memRun(pass), list(a = 3, b = 6))
})

test_that("whoever takes a pass for data is told so", {
  pass <- memLapply(1:3, sqrt, CONTROL = lazy)
  said <- "has not run"
  expect_error(pass[1], said, class = "memshare_error_input")
  expect_error(pass[[1]], said)
  expect_error(pass$a, said)
  expect_error(pass[1] <- 2, said)
  expect_error(pass + 1, said)
  expect_error(1 - pass, said)
  expect_error(!pass, said)
  expect_error(sum(pass), said)
  expect_error(sqrt(pass), said)
  expect_error(mean(pass), said)
  expect_error(lapply(pass, identity), said)
  expect_error(as.numeric(pass), said)
  expect_error(c(pass, 1), said)
  expect_error(as.matrix(pass), said)
  expect_error(memLapply(1:3, function(i, p) p, p = pass), "give it in VARS, as list(p = ...)", fixed = TRUE)
  expect_error(memLapply(1:3, function(i, p) i, VARS = pass), "not a pass that has not run")
  expect_error(memLapply(1:3, function(i) length(pass)), said, class = "memshare_error_element")
})

test_that("VARS holds passes beside plain objects, and FUN sees the value of the eager call", {
  m <- matrix(c(1, 2, 3, 4, 5, 6), 2, dimnames = list(c("r", "s"), c("a", "b", "c")))
  see <- function(v, p, y) list(p, y)
  controls <- list(
    memControl(), memControl(simplify = TRUE), memControl(FUN.VALUE = c(0, 0)), memControl(FUN.VALUE = c(x = 0, y = 0)), memControl(simplify = "array")
  )
  for (control in controls) {
    later <- control
    later$lazy <- TRUE
    for (margin in 1:2) {
      eager <- memApply(m, margin, range, CONTROL = control)
      pass <- memApply(m, margin, range, CONTROL = later)
      expect_identical(memLapply(1, see, VARS = list(p = pass, y = "z")), list(list(eager, "z")))
      expect_identical(memRun(pass), eager)
    }
    eager <- memLapply(c(u = 1, v = 2), function(i) c(i, i), CONTROL = control)
    pass <- memLapply(c(u = 1, v = 2), function(i) c(i, i), CONTROL = later)
    expect_identical(memLapply(1, see, VARS = list(p = pass, y = 1)), list(list(eager, 1)))
  }
})

test_that("sapply's names reach whoever reads the value", {
  pass <- memLapply(c("one", "three"), nchar, CONTROL = memControl(simplify = TRUE, lazy = TRUE))
  expect_identical(memLapply(1, function(i, p) p, VARS = list(p = pass)), list(c(one = 3L, three = 5L)))
})

test_that("elements meet elements", {
  first <- memLapply(list(a = 1, b = 2), function(v) v + 1, CONTROL = lazy)
  second <- memLapply(first, function(v) v * 10, CONTROL = lazy)
  expect_identical(names(second), c("a", "b"))
  expect_identical(memRun(second), list(a = 20, b = 30))
  # An eager call over a pass runs the chain.
  expect_identical(memLapply(second, function(v) v + 1, CONTROL = memControl(simplify = TRUE)), c(a = 21, b = 31))
})

test_that("what has a shape can be walked, and what has none cannot", {
  scalars <- memLapply(c(a = 1, b = 2), sqrt, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
  expect_identical(memLapply(scalars, function(v) v), lapply(sqrt(c(a = 1, b = 2)), identity))
  pairs <- memLapply(c(a = 1, b = 2), function(v) c(v, -v), CONTROL = memControl(FUN.VALUE = c(x = 0, y = 0), lazy = TRUE))
  value <- cbind(a = c(x = 1, y = -1), b = c(x = 2, y = -2))
  expect_identical(memRun(pairs), value)
  expect_identical(memApply(pairs, 1, sum), list(x = 3, y = -3))
  expect_identical(memApply(pairs, 2, identity), list(a = value[, 1], b = value[, 2]))
  expect_identical(memLapply(pairs, identity), as.list(as.vector(value)))
  unknown <- memLapply(1:2, sqrt, CONTROL = memControl(simplify = TRUE, lazy = TRUE))
  expect_error(memLapply(unknown, sqrt), "give it FUN.VALUE")
  expect_error(memApply(unknown, 1, sum), "FUN.VALUE")
  expect_error(memApply(memLapply(1:2, sqrt, CONTROL = lazy), 1, sum), "whose value is a list")
  expect_error(memApply(scalars, 1, sum), "whose value is a vector")
  expect_error(memLapply(memReduce(1:3, `+`, CONTROL = lazy), sqrt), "length is not known")
})

test_that("names that are only known after the run are an error and not left out", {
  nameless <- memLapply(1:2, function(i) c(x = i, y = i), CONTROL = memControl(FUN.VALUE = c(0, 0), lazy = TRUE))
  expect_error(memApply(nameless, 1, sum), "FUN.VALUE has no names", class = "memshare_error_value")
  expect_identical(memApply(nameless, 2, sum), list(2, 4))
  words <- memLapply(1:2, function(i) letters[[i]], CONTROL = memControl(FUN.VALUE = "", lazy = TRUE))
  expect_error(memLapply(words, nchar, CONTROL = memControl(simplify = TRUE)), "not known before")
  expect_identical(memLapply(words, toupper), list("A", "B"))
})

test_that("passes over nothing have their value without a run", {
  nothing <- memLapply(list(), function(v) v, CONTROL = lazy)
  expect_identical(memRun(nothing), list())
  expect_identical(memRun(memLapply(nothing, sqrt, CONTROL = lazy)), list())
  expect_identical(memLapply(1, function(i, p) p, VARS = list(p = nothing)), list(list()))
  expect_identical(memRun(memLapply(list(), sqrt, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))), numeric())
  empty <- matrix(0, 3, 0)
  pass <- memApply(empty, 2, sum, CONTROL = memControl(simplify = TRUE, lazy = TRUE))
  expect_identical(memRun(pass), apply(empty, 2, sum))
  both <- memRun(a = nothing, b = memLapply(1, sqrt, CONTROL = lazy))
  expect_identical(both, list(a = list(), b = list(1)))
  plan <- memPlan(nothing)
  expect_output(print(plan), "nothing to run")
  expect_identical(memRun(plan), list())
  # Its rows are there although its columns are not.
  flat <- memLapply(list(), function(v) v, CONTROL = memControl(FUN.VALUE = c(x = 0, y = 0), lazy = TRUE))
  expect_identical(memApply(flat, 1, length), list(x = 0L, y = 0L))
})

test_that("on_error = collect in a chain hands conditions on as the eager value would", {
  fails <- function(v) if (v == 2) stop("two") else v
  pass <- memLapply(c(a = 1, b = 2, c = 3), fails, CONTROL = memControl(on_error = "collect", lazy = TRUE))
  expect_warning(
    seen <- memLapply(pass, function(v) if (inherits(v, "error")) c(v$name, v$index) else v),
    "pass 'pass': FUN failed at 1 of 3 elements", class = "memshare_warning_collected"
  )
  expect_identical(seen, list(a = 1, b = c("b", "2"), c = 3))
  expect_warning(both <- memRun(pass, seen = memLapply(pass, inherits, what = "error", CONTROL = lazy)), "1 of 3")
  expect_identical(both$seen, list(a = FALSE, b = TRUE, c = FALSE))
  expect_s3_class(both$pass$b, "memshare_error_element")
})

test_that("whoever takes a pass for data is told, and a loop over it is an error", {
  pass <- memLapply(1:3, function(i) i, CONTROL = memControl(lazy = TRUE))
  expect_error(unlist(pass), "unlist\\(\\): this is a pass", class = "memshare_error_input")
  expect_error(for (i in pass) NULL, "for() loop", fixed = TRUE)
  for (of in list(function() pass[[1L]], function() pass$a, function() sapply(pass, identity), function() lapply(pass, identity),
                  function() vapply(pass, identity, 1), function() Map(identity, pass),
                  function() Reduce(`+`, pass), function() max(pass), function() pass + 1)) {
    expect_error(of(), class = "memshare_error_input")
  }
  expect_length(pass, 3L)
})

test_that("data is called as the argument was written", {
  lazy <- memControl(lazy = TRUE)
  a <- memLapply(list(1, 2, 3), function(i) i, CONTROL = lazy)
  b <- memMapply(function(a, k) a + k, a, 11:13, CONTROL = lazy)
  names <- as.data.frame(memPlan(b, MAX.CORES = 1), what = "resources")$resource
  expect_true(all(c("list(1, 2, 3)", "11:13") %in% names), label = paste(names, collapse = ", "))
})
