# Text comes back as it was, in every encoding and however R keeps it.

back <- function(x) {
  registerVariables("text", list(x = x))
  on.exit({
    releaseViews("text", "x")
    releaseVariables("text", "x")
  })
  view <- retrieveViews("text", "x")[[1L]]
  list(value = view, marks = if (is.character(view)) Encoding(view))
}
expect_text <- function(x) {
  got <- back(x)
  expect_identical(got$value, x)
  expect_identical(got$marks, Encoding(x))
}
latin1 <- function(x) iconv(x, "UTF-8", "latin1")
in_bytes <- function(x) {
  Encoding(x) <- "bytes"
  x
}

test_that("every encoding comes back, alone and mixed, short and as a view", {
  texts <- list("a", "", NA_character_, "\u65e5\u672c", latin1("\u00fcber"), in_bytes("\xff\xfe"), in_bytes("ascii"), latin1("ascii"))
  for (text in texts) {
    expect_text(text)
    expect_text(rep(text, 1000L))
  }
  mixed <- unlist(texts)
  expect_text(mixed)
  expect_text(rep_len(mixed, 5000L))
  expect_identical(back(as.list(rep_len(mixed, 5000L)))$value, as.list(rep_len(mixed, 5000L)))
  expect_identical(back(stats::setNames(1:8, mixed))$value, stats::setNames(1:8, mixed))
  levels <- c("\u65e5", latin1("\u00fc"), "z")
  expect_identical(back(factor(rep(levels, 500L), levels))$value, factor(rep(levels, 500L), levels))
})

test_that("strings that R has not made yet come back, as X, beside it, captured, nested and as a result", {
  numbers <- c(-2147483647L, -10L, NA, 0L, 100000L, 123456L, 2147483647L)
  numbers <- rep_len(numbers, 3000L)
  expected <- vapply(numbers, function(i) if (is.na(i)) NA_character_ else sprintf("%d", i), "")
  expect_identical(back(as.character(numbers))$value, expected)
  expect_identical(back(as.character(1:5000))$value, sprintf("%d", 1:5000))
  doubles <- c(1e5, 123456, 0.1, NA, 1e15, -1e-300) * rep(1, 3000L)
  expect_identical(back(as.character(doubles))$value, as.character(doubles)[seq_along(doubles)])
  expect_identical(back(list(a = list(as.character(numbers))))$value, list(a = list(expected)))
  named <- stats::setNames(numbers, as.character(numbers))
  expect_identical(names(back(named)$value), expected)
  captured <- as.character(numbers)
  FUN <- function(v, y) list(v, y, captured[[v]], as.character(1:2000))
  environment(FUN) <- list2env(list(captured = captured), parent = globalenv())
  got <- memLapply(1:4, FUN, VARS = list(y = as.character(numbers)), MAX.CORES = 2L)
  expect_identical(got, lapply(1:4, function(v) list(v, expected, expected[[v]], sprintf("%d", 1:2000))))
  expect_identical(memLapply(as.character(1:2000), identity, MAX.CORES = 2L), as.list(sprintf("%d", 1:2000)))
})

test_that("strings changed in a vector that R had not made yet are those that come back", {
  x <- as.character(1:3000)
  x[[2L]] <- "changed"
  expect_identical(back(x)$value, c("1", "changed", sprintf("%d", 3:3000)))
})

test_that("a view of strings is written anew as it is, whole, in part and changed", {
  registerVariables("text-view", list(x = rep_len(c("a", NA, latin1("\u00fc"), "\u65e5"), 4000L)))
  view <- retrieveViews("text-view", "x")[[1L]]
  on.exit({
    releaseViews("text-view", "x")
    releaseVariables("text-view", "x")
  })
  expect_text(view)
  changed <- view
  changed[[1L]] <- "other"
  expect_text(changed)
  columns <- memApply(matrix(view, 1000L), 2L, function(v) list(v), MAX.CORES = 2L)
  expect_identical(columns, apply(matrix(view, 1000L), 2L, function(v) list(v)))
})

test_that("a variable with a Latin-1 name is found by that name in either encoding", {
  names <- c("\u00fc", "\u00e4", "a")
  registerVariables("text-names", stats::setNames(list(1, 2, 3), latin1(names)))
  on.exit(releaseVariables("text-names", names))
  expect_identical(retrieveViews("text-names", names), stats::setNames(list(1, 2, 3), names))
  expect_identical(unname(retrieveViews("text-names", latin1(names))), list(1, 2, 3))
  releaseViews("text-names", names)
})

test_that("bytes that are no text in the session's encoding stay what they are", {
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  writeLines(c(
    "library(memshare)",
    "x <- rep(c(rawToChar(as.raw(c(0x61, 0xfc))), '<a', 'b'), 400L)",
    "registerVariables('native', list(x = x))",
    "y <- retrieveViews('native', 'x')[[1L]]",
    "stopifnot(identical(lapply(y[1:3], charToRaw), lapply(x[1:3], charToRaw)), identical(y, x))",
    "releaseViews('native', 'x')",
    "releaseVariables('native', 'x')",
    "cat('the same\\n')"
  ), script)
  rscript <- file.path(R.home("bin"), "Rscript")
  out <- system2(rscript, c("--vanilla", script), stdout = TRUE, stderr = TRUE, env = c("LC_ALL=C", paste0("R_LIBS=", paste(.libPaths(), collapse = ":"))))
  expect_identical(utils::tail(out, 1L), "the same")
})
