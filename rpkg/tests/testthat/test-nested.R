# Values that are nested deep: right, or an error that says so. Never a crash, a hang, or another element.
skip_on_cran()

nest <- list(
  list = function(n) { x <- 1; for (i in seq_len(n)) x <- list(x); x },
  call = function(n) { x <- quote(a); for (i in seq_len(n)) x <- call("f", x); x },
  attribute = function(n) { x <- 1; for (i in seq_len(n)) x <- structure(1, a = x); x },
  chain = function(n) { x <- globalenv(); for (i in seq_len(n)) x <- new.env(hash = FALSE, parent = x); x },
  linked = function(n) {
    x <- NULL
    for (i in seq_len(n)) x <- list2env(list(x = x), parent = globalenv())
    x
  },
  below_environment = function(n) { x <- new.env(parent = globalenv()); for (i in seq_len(n)) x <- list(x); x }
)

# The levels that a value has; of shallow ones R itself can tell whether they are right.
depth <- list(
  list = function(x) { n <- 0; while (is.list(x)) { x <- x[[1L]]; n <- n + 1 }; n },
  call = function(x) { n <- 0; while (is.call(x)) { x <- x[[2L]]; n <- n + 1 }; n },
  attribute = function(x) { n <- 0; while (!is.null(x <- attr(x, "a"))) n <- n + 1; n },
  chain = function(x) { n <- 0; while (!identical(x, globalenv())) { x <- parent.env(x); n <- n + 1 }; n },
  linked = function(x) { n <- 0; while (is.environment(x)) { x <- x$x; n <- n + 1 }; n },
  below_environment = function(x) { n <- 0; while (is.list(x)) { x <- x[[1L]]; n <- n + 1 }; n }
)

depths <- c(6000, 14000, 22000, 1e6)

test_that("the C stack that unserialize() takes for a level is below what is assumed", {
  hold <- new.env()
  used <- function(wrap, n) {
    x <- hold
    for (i in seq_len(n)) x <- wrap(x)
    bytes <- serialize(x, NULL, xdr = FALSE, refhook = function(e) if (identical(e, hold)) "hold")
    current <- NULL
    unserialize(bytes, refhook = function(name) {
      current <<- Cstack_info()[["current"]]
      hold
    })
    current
  }
  ways <- list(list(1, function(x) list(x)), list(2, function(x) as.call(list(quote(f), x))), list(2, function(x) structure(1, a = x)))
  for (way in ways) expect_lt((used(way[[2L]], 2000) - used(way[[2L]], 1000)) / 1000 / way[[1L]], bytes_per_level)
})

test_that("a result of any depth is right, or an error of its element", {
  for (kind in names(nest)) for (n in depths) for (collect in c(FALSE, TRUE)) {
    if (n == 1e6 && kind == "linked") next
    info <- paste(kind, n, collect)
    maker <- nest[[kind]]
    control <- memControl(on_error = if (collect) "collect" else "stop", schedule = if (n < 20000) "static" else "auto")
    out <- suppressWarnings(
      tryCatch(memLapply(1:6, function(i) if (i == 3) maker(n) else i, MAX.CORES = 2, CONTROL = control), error = identity),
      classes = "memshare_warning"
    )
    if (collect) {
      expect_type(out, "list")
      expect_identical(out[-3], as.list(c(1:2, 4:6)), info = info)
      out <- if (inherits(out[[3]], "condition")) out[[3]] else out
    }
    if (inherits(out, "condition")) {
      expect_s3_class(out, "memshare_error_element")
      expect_equal(out$index, 3, info = info)
      expect_match(conditionMessage(out), "element 3: its result cannot be sent: a value is nested|protection stack", info = info)
      expect_gt(n, 2000)
    } else {
      expect_identical(depth[[kind]](out[[3]]), n, info = info)
      expect_lt(n, 30000)
    }
  }
  expect_identical(memLapply(1:2, identity), list(1L, 2L))
})

test_that("data of any depth arrives, or is an error of its own class", {
  for (kind in names(nest)) for (n in c(6000, 14000, 30000)) {
    x <- nest[[kind]](n)
    here <- depth[[kind]]
    tries <- list(
      VARS = function() memLapply(1, function(i, x) here(x), VARS = list(x = x)),
      X = function() memLapply(list(x), here),
      further = function() memLapply(1, function(i, x) here(x), x = x),
      captured = function() memLapply(1, function(i) here(x)),
      registered = function() {
        registerVariables("nested", list(x = x))
        on.exit(memshare_gc("nested"))
        list(here(retrieveViews("nested", "x")$x))
      }
    )
    for (way in names(tries)) {
      out <- tryCatch(tries[[way]](), error = identity)
      if (inherits(out, "condition")) {
        expect_s3_class(out, "memshare_error_nested")
        expect_gt(n, 2000)
      } else {
        expect_identical(out, list(n), info = paste(kind, n, way))
      }
    }
  }
})

test_that("where the session has less stack left than its workers, or than when it shared, it is an error of the same class", {
  below <- function(calls, fun) if (calls) below(calls - 1, fun) else fun()
  maker <- nest$list
  for (n in seq(24000, 33000, 1500)) {
    tries <- list(
      retrieved = function() {
        registerVariables("nested", list(x = maker(n)))
        on.exit(memshare_gc("nested"))
        below(60, function() retrieveViews("nested", "x")$x)
      },
      result = function() below(60, function() memLapply(1, function(i) maker(n))[[1L]]),
      collected = function() {
        run <- memRun(memLapply(1, function(i) maker(n), CONTROL = memControl(lazy = TRUE)), wait = FALSE)
        below(60, function() collect(run)[[1L]])
      }
    )
    for (way in names(tries)) {
      out <- tryCatch(tries[[way]](), error = identity)
      right <- if (inherits(out, "condition")) inherits(out, c("memshare_error_nested", "memshare_error_element")) else identical(depth$list(out), n)
      expect_true(right, info = paste(n, way, class(out)[[1L]]))
    }
  }
})

test_that("many results that cannot be sent are a condition each, where failures are collected", {
  out <- suppressWarnings(memLapply(1:600, function(i) if (i %% 30 == 0) {
    x <- 1
    for (k in 1:1e5) x <- list(x)
    x
  } else i, MAX.CORES = 2, CONTROL = memControl(on_error = "collect", chunk = 200)), classes = "memshare_warning")
  failed <- vapply(out, inherits, NA, "memshare_error_element")
  expect_identical(which(failed), which(1:600 %% 30 == 0))
  expect_identical(vapply(out[failed], function(e) as.integer(e$index), 0L), which(failed))
  expect_identical(out[!failed], as.list(which(!failed)))
})

test_that("in chains and folds it is the element, or the combining, that is named", {
  deep <- nest$list
  first <- memLapply(1:6, function(i) if (i == 4) deep(1e5) else i, CONTROL = memControl(lazy = TRUE))
  second <- memLapply(first, function(x) if (is.list(x)) 0 else x, CONTROL = memControl(lazy = TRUE))
  out <- tryCatch(memRun(list(a = first, b = second)), error = identity)
  expect_s3_class(out, "memshare_error_element")
  expect_equal(out$index, 4)
  folded <- tryCatch(memReduce(as.list(1:40), function(a, b) deep(1e5)), error = identity)
  expect_s3_class(folded, "memshare_error_element")
  expect_match(conditionMessage(folded), "cannot be sent")
})

test_that("few expressions are an error of an element at most, and of that call alone", {
  deep <- nest$list
  for (what in c("value", "error", "deep")) {
    out <- tryCatch(memLapply(1:8, function(i) {
      options(expressions = 25)
      switch(what, value = i, error = stop("no"), deep = deep(1e5))
    }, MAX.CORES = 2), error = identity)
    if (inherits(out, "condition")) {
      expect_s3_class(out, "memshare_error_element")
      expect_true(out$index %in% 1:8)
    } else {
      expect_identical(out, as.list(1:8))
    }
    expect_identical(memLapply(1:8, function(i) getOption("expressions"))[[8L]], getOption("expressions"))
  }
})

test_that("conditions that are nested deep keep their text", {
  deep <- nest$list
  said <- function(what) structure(class = c("odd", what, "condition"), list(message = "deep", call = NULL, field = deep(1e5)))
  out <- tryCatch(memLapply(1:3, function(i) if (i == 2) stop(said("error")) else i), error = identity)
  expect_equal(out$index, 2)
  expect_match(conditionMessage(out), "element 2: deep")
  expect_s3_class(out$parent, "odd")
  heard <- NULL
  out <- withCallingHandlers(memLapply(1:3, function(i) {
    if (i == 2) warning(said("warning"))
    i
  }), warning = function(w) {
    heard <<- w
    invokeRestart("muffleWarning")
  })
  expect_identical(out, as.list(1:3))
  expect_match(conditionMessage(heard), "element 2: deep")
})
