# Errors of every kind end the element that raised them, and nothing else: not the worker, not the session.
skip_on_cran()

kind_of <- function(fun, ...) tryCatch(memLapply(1:3, fun, ...), memshare_error = identity)

# A failure at element 2 with this condition and text; the pool is usable afterwards.
expect_failure_at_2 <- function(fun, parent = "error", said = NULL, ...) {
  e <- kind_of(fun, ...)
  expect_s3_class(e, "memshare_error_element")
  expect_identical(as.integer(e$index), 2L)
  expect_s3_class(e$parent, parent)
  if (!is.null(said)) expect_match(conditionMessage(e), paste0("element 2: ", said), fixed = TRUE)
  expect_identical(memLapply(1:2, identity), list(1L, 2L))
  invisible(e)
}

test_that("an error of rlang or cli is the element's, with its class, its fields and its whole text", {
  skip_if_not_installed("rlang")
  e <- expect_failure_at_2(function(i) if (i == 2) rlang::abort(c("mine", i = "a hint"), class = "my_class", field = 7) else i, "my_class", "mine")
  expect_s3_class(e$parent, "rlang_error")
  expect_match(conditionMessage(e), "a hint")
  expect_identical(e$parent$field, 7)
  expect_match(e$calls, "rlang::abort", fixed = TRUE, all = FALSE)
  expect_failure_at_2(function(i) if (i == 2) rlang::cnd_signal(rlang::error_cnd("other", message = "by hand")) else i, "other", "by hand")
  expect_identical(memLapply(1:2, function(i) tryCatch(rlang::abort("x"), error = function(e) "handled")), list("handled", "handled"))
  expect_warning(
    out <- memLapply(1:3, function(i) if (i == 2) rlang::abort("mine", class = "my_class") else i, CONTROL = memControl(on_error = "collect")),
    class = "memshare_warning_collected"
  )
  expect_s3_class(out[[2]]$parent, "my_class")
  expect_identical(conditionMessage(out[[2]]), "FUN failed at element 2: mine")
  skip_if_not_installed("cli")
  expect_failure_at_2(function(i) if (i == 2) cli::cli_abort(c("bad {i}", x = "more")) else i, "rlang_error", "bad 2")
})

test_that("errors of vctrs, dplyr, processx and callr are the element's", {
  skip_if_not_installed("vctrs")
  expect_failure_at_2(function(i) if (i == 2) vctrs::vec_cast("a", integer()) else i, "vctrs_error_incompatible_type", "Can't convert")
  skip_if_not_installed("dplyr")
  expect_failure_at_2(function(i) if (i == 2) dplyr::mutate(data.frame(a = 1), b = stop("inner")) else i, "rlang_error")
  skip_if_not_installed("processx")
  expect_failure_at_2(function(i) if (i == 2) processx::run("/nonexistent/program") else i, "rlib_error")
  skip_if_not_installed("callr")
  expect_failure_at_2(function(i) if (i == 2) callr::r(function() stop("inner")) else i, "rlib_error")
})

test_that("a jump to the top level is the element's error, with the error that was signalled before it", {
  expect_failure_at_2(function(i) {
    if (i == 2) {
      signalCondition(simpleError("told before"))
      invokeRestart("abort")
    }
  }, "simpleError", "told before")
  e <- expect_failure_at_2(function(i) if (i == 2) invokeRestart("abort") else signalCondition(simpleError("ignored")))
  expect_match(conditionMessage(e), "top level")
  odd <- structure(class = c("odd", "condition"), list(message = "no error class", call = NULL))
  expect_failure_at_2(function(i, odd) if (i == 2) stop(odd) else i, "odd", "no error class", odd = odd)
})

test_that("errors while an error is handled or a frame is left are told as R tells them", {
  expect_failure_at_2(function(i) {
    if (i == 2) on.exit(stop("on the way out"))
    if (i == 2) stop("first")
  }, "simpleError", "on the way out")
  expect_failure_at_2(function(i) if (i == 2) withCallingHandlers(stop("a"), error = function(e) stop("b")), "simpleError", "b")
  expect_failure_at_2(function(i) if (i == 2) tryCatch(stop("a"), error = function(e) stop("again: ", conditionMessage(e))), "simpleError", "again: a")
  expect_failure_at_2(function(i) if (i == 2) tryCatch(stop("a"), finally = invisible(i)), "simpleError", "a")
  expect_failure_at_2(function(i) if (i == 2) break, "error")
  expect_failure_at_2(function(i) if (i == 2) numeric(2^48), "error", "cannot allocate")
  expect_identical(memLapply(1:2, function(i) return(i + 1)), list(2, 3))
})

test_that("few allowed expressions are FUN's own trouble", {
  f <- function(i) {
    options(expressions = 25)
    g <- function(n) if (n) g(n - 1) else 1
    g(1000)
  }
  e <- kind_of(f)
  expect_s3_class(e, "memshare_error_element")
  expect_s3_class(e$parent, "stackOverflowError")
  expect_identical(memLapply(1:2, identity), list(1L, 2L))
})

test_that("a condition that is only signalled ends nothing and tells nothing", {
  f <- function(i) {
    signalCondition(simpleError("error"))
    signalCondition(simpleWarning("warning"))
    signalCondition(simpleMessage("message"))
    signalCondition(structure(class = c("odd", "condition"), list(message = "odd", call = NULL)))
    i
  }
  expect_silent(out <- memLapply(1:2, f))
  expect_identical(out, list(1L, 2L))
})

test_that("an interrupt that FUN raises itself is an error of the element", {
  skip_if_not_installed("rlang")
  expect_failure_at_2(function(i) if (i == 2) rlang::interrupt() else i)
})

test_that("warn = 2 makes FUN's warning an error at its element, in R's words", {
  in_r <- function(warning) tryCatch(suppressMessages({
    old <- options(warn = 2)
    on.exit(options(old))
    warning()
  }), error = conditionMessage)
  f <- function(i) if (i == 2) as.integer("x") else i
  said <- in_r(function() f(2))
  expect_match(said, "converted from warning")
  old <- options(warn = 2)
  on.exit(options(old))
  expect_failure_at_2(f, "simpleError", said)
  expect_failure_at_2(function(i) if (i == 2) warning("by hand"), "simpleError", "(converted from warning) by hand")
  expect_identical(memLapply(1:2, function(i) tryCatch(warning("x"), warning = function(w) "handled")), list("handled", "handled"))
  expect_identical(memLapply(1:2, function(i) suppressWarnings(as.integer("x"))), list(NA_integer_, NA_integer_))
  options(old)
  expect_failure_at_2(function(i) {
    options(warn = 2)
    f(i)
  }, "simpleError", said)
  expect_warning(expect_identical(memLapply(1:2, f), list(1L, NA_integer_)), "NAs introduced")
})

test_that("warn < 0 ignores warnings as in R: handlers of the session see them, unless FUN set it", {
  f <- function(i) {
    warning("w")
    i
  }
  old <- options(warn = -1)
  on.exit(options(old))
  expect_warning(memLapply(1, f), "element 1: w")
  options(old)
  expect_silent(out <- memLapply(1:2, function(i) {
    options(warn = -1)
    f(i)
  }))
  expect_identical(out, list(1L, 2L))
})

test_that("an error without a usable message says what can be said", {
  made <- function(...) structure(class = c("strange", "error", "condition"), list(...))
  messages <- list(character(), NA_character_, c("one", "two"), 17, NULL)
  for (message in messages) {
    e <- expect_failure_at_2(function(i, e) if (i == 2) stop(e), "strange", e = made(message = message, call = NULL))
    expect_length(conditionMessage(e), 1)
  }
  e <- expect_failure_at_2(function(i, e) if (i == 2) stop(e), "strange", e = made())
  expect_match(conditionMessage(e), "class 'strange'")
  e <- expect_failure_at_2(function(i) if (i == 2) stop("a\xff\xfe"))
  expect_true(grepl("element 2: a", conditionMessage(e), fixed = TRUE, useBytes = TRUE))
  expect_failure_at_2(function(i) if (i == 2) stop("f\u00e4llt"), "simpleError", "f\u00e4llt")
  expect_failure_at_2(function(i, e) if (i == 2) stop(e), "strange", e = made(message = strrep("x", 3e6), call = NULL))
  expect_failure_at_2(function(i) if (i == 2) stop(), "simpleError")
})

test_that("a method of conditionMessage() or conditionCall() that fails loses no error and ends no process", {
  registerS3method("conditionMessage", "memshare_test_numeric", function(c) 17, envir = baseenv())
  registerS3method("conditionCall", "memshare_test_callless", function(c) stop("no call"), envir = baseenv())
  registerS3method("conditionMessage", "memshare_test_failing", function(c) stop("no text"), envir = baseenv())
  e <- structure(class = c("memshare_test_numeric", "error", "condition"), list(message = "kept", call = NULL))
  expect_failure_at_2(function(i, e) if (i == 2) stop(e), "memshare_test_numeric", "kept", e = e)
  e <- structure(class = c("memshare_test_failing", "error", "condition"), list(message = "kept", call = NULL))
  expect_failure_at_2(function(i, e) if (i == 2) stop(e), "error", "no text", e = e)
  expect_identical(said_of(e), "kept")
  expect_identical(all_said(list(e, simpleError("other"))), c("kept", "other"))
  expect_null(call_in(structure(class = c("memshare_test_callless", "condition"), list())))
})

test_that("a condition with fields that are big or cannot be sent comes without them", {
  e <- expect_failure_at_2(function(i) if (i == 2) do.call(function(x) stop("big call"), list(rnorm(1e6))), "simpleError", "big call")
  expect_lt(as.numeric(utils::object.size(e$parent)), 1e6)
  f <- function(i) {
    pointer <- unclass(getLoadedDLLs()[["base"]])$info
    fields <- list(message = "holds", call = NULL, pointer = pointer, con = stdin(), fun = function() pointer)
    if (i == 2) stop(structure(class = c("holds", "error", "condition"), fields))
  }
  expect_failure_at_2(f, "holds", "holds")
  expect_warning(memLapply(1, function(i) do.call(function(x) warning("big call"), list(rnorm(1e6)))), "element 1: big call")
})

test_that("a result that cannot be sent is an error of its element, on any number of workers", {
  nested <- function(i) {
    value <- i
    if (i == 2) for (depth in 1:100000) value <- list(value)
    value
  }
  for (workers in 1:2) {
    run <- function(on_error) memLapply(1:3, nested, MAX.CORES = workers, CONTROL = memControl(on_error = on_error, chunk = 2))
    expect_identical(tryCatch(run("stop"), memshare_error_element = identity)$index, 2)
    expect_warning(value <- run("collect"), "FUN failed at 1 of 3 elements, first at element 2", class = "memshare_warning_collected")
    expect_identical(value[c(1, 3)], list(1L, 3L))
    expect_s3_class(value[[2]], "memshare_error_element")
    expect_equal(value[[2]]$index, 2)
  }
  e <- tryCatch(memLapply(2, nested, MAX.CORES = 1), memshare_error_element = identity)
  expect_identical(e$index, 1)
})

test_that("20,000 warnings and messages arrive, each once", {
  for (tell in list(warning, message)) {
    count <- 0L
    last <- NULL
    withCallingHandlers(memLapply(1:20000, function(i, tell) tell("w", i), tell = tell), condition = function(c) {
      if (inherits(c, c("memshare_warning_element", "memshare_message_element"))) {
        count <<- count + 1L
        last <<- c
        tryInvokeRestart(if (inherits(c, "warning")) "muffleWarning" else "muffleMessage")
      }
    })
    expect_identical(count, 20000L)
    expect_identical(sub("\n", "", conditionMessage(last)), "element 20000: w20000")
  }
})
