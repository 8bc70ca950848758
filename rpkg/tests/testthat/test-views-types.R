# Every type with every attribute comes back as it was.

back <- function(...) {
  values <- list(...)
  names(values) <- paste0("v", seq_along(values))
  registerVariables("types", values)
  on.exit({
    releaseViews("types", names(values))
    releaseVariables("types", names(values))
  })
  unname(retrieveViews("types", names(values)))
}

expect_back <- function(...) expect_identical(back(...), list(...))

test_that("vectors of every type and length", {
  expect_back(NULL, logical(), integer(), numeric(), complex(), raw(), character(), list())
  expect_back(TRUE, NA, 1L, NA_integer_, 1.5, NA_real_, NaN, 1i, as.raw(7), "a", NA_character_, "")
  for (n in c(7L, 63L, 64L, 227L, 228L, 255L, 256L, 257L, 511L, 512L, 2047L, 2048L, 10000L)) {
    expect_back(rep_len(c(TRUE, NA), n), seq_len(n) + 0L, seq_len(n) / 3, as.raw(seq_len(n) %% 256L), as.character(seq_len(n)))
  }
})

test_that("strings keep their bytes and encodings", {
  latin <- iconv("\u00fcber", "UTF-8", "latin1")
  bytes <- "\xff\xfe"
  Encoding(bytes) <- "bytes"
  x <- c(latin, bytes, "\u65e5\u672c", strrep("long ", 1e5))
  got <- back(x, rep(x, 300L))
  expect_identical(got[[1L]], x)
  expect_identical(Encoding(got[[1L]]), Encoding(x))
  expect_identical(got[[2L]], rep(x, 300L))
  expect_identical(charToRaw(got[[1L]][[1L]]), charToRaw(latin))
})

test_that("factors, dates, times and differences", {
  expect_back(
    factor(c("b", "a", NA, "b")), factor(rep(c("x", "y"), 2000L), levels = c("y", "x", "z")), ordered(1:3),
    as.Date("2024-02-29") + 0:5, as.POSIXct("2024-03-10 12:00:00", tz = "America/New_York") + 0:3,
    as.POSIXlt("2024-03-10 12:00:00", tz = "UTC"), as.difftime(1:3, units = "hours"), ts(1:24, start = c(2000, 3), frequency = 12)
  )
})

test_that("matrices, arrays and tables", {
  expect_back(
    matrix(1:6, 2L), matrix(1:6, 2L, dimnames = list(c("a", "b"), NULL)), array(1:24, 2:4, dimnames = list(x = 1:2, NULL, z = letters[1:4])),
    array(1:3, 3L, dimnames = list(c("a", "b", "c"))), table(c("a", "b", "a")), matrix(list(1, "a", NULL, TRUE), 2L), matrix(numeric(), 0L, 3L)
  )
})

test_that("data frames, with compact and with given row names", {
  df <- data.frame(a = 1:1000, b = as.character(1:1000), f = factor(rep(c("u", "v"), 500L)))
  got <- back(df, df[c(5, 3), ], data.frame(), data.frame(x = 1:2, row.names = c("p", "q")))
  expect_identical(got, list(df, df[c(5, 3), ], data.frame(), data.frame(x = 1:2, row.names = c("p", "q"))))
  expect_identical(.row_names_info(got[[1L]]), .row_names_info(df))
  expect_identical(summary(got[[1L]]), summary(df))
})

test_that("nested lists, pairlists, language and functions", {
  expect_back(
    list(a = 1, b = list(c = NULL, d = list("x", 1:3000))), list(NULL, NULL), pairlist(a = 1, 2), quote(a + b), as.name("sym"),
    expression(x, y + 1), sum
  )
  f <- local({
    hidden <- 41
    function(x) x + hidden
  })
  expect_identical(back(f)[[1L]](1), 42)
  expect_equal(back(y ~ x)[[1L]], y ~ x, ignore_formula_env = TRUE)
  e <- new.env()
  e$x <- 1:5
  expect_identical(back(e)[[1L]]$x, 1:5)
})

test_that("compact sequences stay compact in the session", {
  x <- 1:1e7
  got <- back(x)[[1L]]
  expect_match(capture.output(.Internal(inspect(x)))[[1L]], "compact")
  expect_identical(got, x)
  expect_identical(back(list(1:3, 5:9, seq(2, 1000, 1))), list(list(1:3, 5:9, seq(2, 1000, 1))))
})

test_that("S4 objects by their slots", {
  methods::setClass("MsPoint", representation(x = "numeric", names = "character", extra = "ANY"), where = environment())
  methods::setClass("MsNumber", contains = "numeric", representation(unit = "character"), where = environment())
  point <- methods::new("MsPoint", x = as.numeric(1:1000), names = c("p", "q"), extra = NULL)
  number <- methods::new("MsNumber", as.numeric(1:1000), unit = "cm")
  got <- back(point, number)
  expect_identical(got, list(point, number))
  expect_true(isVirtualClass("MsPoint") || methods::is(got[[1L]], "MsPoint"))
  expect_true(isS4(got[[2L]]))
  expect_null(got[[1L]]@extra)
  expect_identical(got[[1L]]@names, c("p", "q"))
})

test_that("sparse matrices work as they did", {
  skip_if_not_installed("Matrix")
  m <- Matrix::rsparsematrix(200L, 100L, 0.1)
  got <- back(m)[[1L]]
  expect_identical(got, m)
  expect_identical(Matrix::colSums(got), Matrix::colSums(m))
  expect_identical(as.matrix(got %*% Matrix::t(got)), as.matrix(m %*% Matrix::t(m)))
})

test_that("views can be registered again", {
  x <- list(a = as.numeric(1:5000), b = as.character(1:5000))
  first <- back(x)[[1L]]
  expect_identical(back(first)[[1L]], x)
})

test_that("a list too deep for R is an error, and the session goes on", {
  deep <- NULL
  for (i in 1:200000) deep <- list(deep)
  # Not expect_error(): its handler would run where no stack is left.
  outcome <- tryCatch(registerVariables("types", list(deep = deep)), error = conditionMessage)
  expect_match(outcome, "nested too deep")
  expect_back(1:3)
  expect_identical(pageList(), character())
})
