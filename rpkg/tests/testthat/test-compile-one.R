# A call like one before it has that one's program: everything that the program does not depend on must still be this call's own.

test_that("calls that are alike have their own data, values and settings, in any order", {
  add <- function(by) function(i) i + by
  of_two <- function(i, v, w) i + v - w
  # So much of FUN's surroundings is shared.
  big <- as.double(1:2e4)
  control <- function(...) memControl(simplify = TRUE, ...)
  on.exit({
    memshare_gc("alike")
    memshare_gc("alike too")
  })
  m <- matrix(1:6, 2)
  registerVariables("alike", list(v = m))
  registerVariables("alike too", list(v = m * 10L))
  calls <- list(
    function() expect_identical(memLapply(1:3, add(1)), lapply(1:3, add(1))),
    function() expect_identical(memLapply(1:3, add(2)), lapply(1:3, add(2))),
    function() expect_identical(memLapply(4:6, add(1)), lapply(4:6, add(1))),
    function() expect_identical(memLapply(4:6, add(1), MAX.CORES = 1), lapply(4:6, add(1))),
    function() expect_identical(memLapply(c(4.5, 5, 6), add(1)), lapply(c(4.5, 5, 6), add(1))),
    function() expect_identical(memLapply(c(a = 4L, b = 5L, c = 6L), add(1)), lapply(c(a = 4L, b = 5L, c = 6L), add(1))),
    function() expect_identical(memLapply(c(d = 4L, e = 5L, f = 6L), add(1)), lapply(c(d = 4L, e = 5L, f = 6L), add(1))),
    function() expect_identical(memLapply(1:3, add(1), CONTROL = control()), sapply(1:3, add(1))),
    function() expect_identical(memLapply(1:3, function(i, k) i * k, k = 2), lapply(1:3, function(i, k) i * k, k = 2)),
    function() expect_identical(memLapply(1:3, function(i, k) i * k, k = 3), lapply(1:3, function(i, k) i * k, k = 3)),
    function() expect_identical(memLapply(1:3, function(i, g) g(i), VARS = list(g = sqrt)), lapply(1:3, sqrt)),
    function() expect_identical(memLapply(1:3, function(i, g) g(i), VARS = list(g = exp)), lapply(1:3, exp)),
    function() expect_identical(memApply(m, 1, sum, CONTROL = control()), apply(m, 1, sum)),
    function() expect_identical(memApply(m, 2, sum, CONTROL = control()), apply(m, 2, sum)),
    function() expect_identical(memApply(m * 2L, 2, sum, CONTROL = control()), apply(m * 2L, 2, sum)),
    function() expect_identical(memApply("v", 2, sum, NAMESPACE = "alike", CONTROL = control()), apply(m, 2, sum)),
    function() expect_identical(memApply("v", 2, sum, NAMESPACE = "alike too", CONTROL = control()), apply(m * 10L, 2, sum)),
    function() expect_identical(memLapply(1:3, function(i) runif(1), CONTROL = control(seed = 1)), memLapply(1:3, function(i) stats::runif(1), CONTROL = control(seed = 1))),
    function() expect_identical(memLapply(1:3, function(i) runif(1), CONTROL = control(seed = 2)), memLapply(1:3, function(i) stats::runif(1), CONTROL = control(seed = 2))),
    function() expect_s3_class(suppressWarnings(memLapply(1:3, function(i) stop("no"), CONTROL = memControl(on_error = "collect")))[[2L]], "memshare_error_element"),
    function() expect_error(memLapply(1:3, function(i) stop("no")), class = "memshare_error_element"),
    function() expect_length(memLapply(integer(), add(1)), 0L),
    function() expect_identical(memLapply(1:3, of_two, VARS = list(v = 1, w = 20)), lapply(1:3, of_two, 1, 20)),
    function() expect_identical(memLapply(1:3, of_two, VARS = list(v = 2, w = 30)), lapply(1:3, of_two, 2, 30)),
    # Equal data is shared once.
    function() expect_identical(memLapply(1:3, of_two, VARS = list(v = 7, w = 7)), lapply(1:3, of_two, 7, 7)),
    function() expect_identical(memLapply(7, of_two, VARS = list(v = 7, w = 8)), lapply(7, of_two, 7, 8)),
    function() expect_identical(memLapply(7, of_two, VARS = list(v = 8, w = 7)), lapply(7, of_two, 8, 7)),
    function() expect_identical(memLapply(1:3, of_two, VARS = list(w = 20, v = 1)), lapply(1:3, of_two, 1, 20)),
    function() expect_identical(memApply("v", 2, function(x, v) sum(x) + v[[1L]], NAMESPACE = "alike", VARS = "v"), as.list(apply(m, 2, sum) + 1L)),
    function() expect_identical(memApply("v", 2, function(x, v) sum(x) + v[[1L]], NAMESPACE = "alike too", VARS = "v"), as.list(apply(m, 2, sum) * 10L + 10L)),
    function() expect_identical(memMapply(`+`, 1:3, c(1, 2, 3)), as.list(1:3 + c(1, 2, 3))),
    function() expect_identical(memMapply(`+`, 1:3, c(4, 5, 6)), as.list(1:3 + c(4, 5, 6))),
    function() expect_identical(memMapply(`+`, 1:3, 1:3), as.list(1:3 * 2L)),
    function() expect_identical(memMapply(`+`, 4:6, 4:6), as.list(4:6 * 2L)),
    function() expect_identical(memLapply(1:2, function(i) big[[i]]), as.list(big[1:2])),
    function() {
      big <- -big
      expect_identical(memLapply(1:2, function(i) big[[i]]), as.list(big[1:2]))
    }
  )
  set.seed(1)
  for (round in 1:3) for (call in calls[sample(length(calls))]) call()
})

test_that("a value of FUN's surroundings that changes between calls that are alike is the one of the call", {
  k <- 1
  f <- function(i) i + k
  for (value in c(1, 5, 5, 2)) {
    k <- value
    expect_identical(memLapply(1:2, f), lapply(1:2, f))
  }
  assign("of_the_session", 1, envir = globalenv())
  on.exit(rm("of_the_session", envir = globalenv()))
  g <- function(i) i + of_the_session
  environment(g) <- globalenv()
  for (value in c(1, 5, 5, 2)) {
    assign("of_the_session", value, envir = globalenv())
    expect_identical(memLapply(1:2, g), lapply(1:2, g))
  }
})

test_that("the last run is this call's, also where its program is that of another", {
  f <- function(i) i
  for (names in list(c("a", "b"), c("c", "d"), c("a", "b"))) {
    memLapply(stats::setNames(1:2, names), f)
    expect_identical(memLastRun()$about$names[[1L]], names)
  }
  memLapply(1:3, f)
  memLapply(1:3, f)
  expect_match(memLastRun()$title, "memLapply", fixed = TRUE)
  expect_identical(sum(as.data.frame(memLastRun(), what = "passes")$elements), 3)
})

test_that("what is kept of programs has no data", {
  memLapply(1:2, function(i) i)
  kept <- state$compiled
  expect_true(length(kept) > 0L && length(kept) <= 16L)
  for (known in kept) {
    expect_null(known$program$spec$data)
    expect_null(known$program$order)
    expect_null(known$program$cluster)
  }
  memLapply(as.character(1:1000), function(i) i, CONTROL = memControl(simplify = TRUE))
  memApply(matrix(0, 2, 300, dimnames = list(NULL, 1:300)), 1, function(x) x[[1L]])
  do.call(memLapply, list(as.numeric(1:3e4), function(i) i))
  memLapply(1:2, function(i, v) i, VARS = list(v = as.numeric(1:3e4)))
  expect_lt(as.numeric(utils::object.size(lapply(state$compiled, function(known) list(known$of, known$program)))), 16 * 2e5)
  expect_false(any(vapply(state$compiled, function(known) length(known$of$value_names) > 400L || !is.null(unlist(lapply(known$of$inputs, `[[`, "code"))), NA)))
})
