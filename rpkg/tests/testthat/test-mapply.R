# memMapply beside mapply.

lazy <- memControl(lazy = TRUE)
like <- function(...) mapply(..., SIMPLIFY = FALSE)

test_that("collections go in step, by position and by name", {
  f <- function(x, y, k = 1) x + y * k
  expect_identical(memMapply(f, 1:3, 4:6), like(f, 1:3, 4:6))
  expect_identical(memMapply(f, y = 1:3, 4:6), like(f, y = 1:3, 4:6))
  expect_identical(memMapply(f, y = 1:3, x = 4:6, MoreArgs = list(k = 10)), like(f, y = 1:3, x = 4:6, MoreArgs = list(k = 10)))
  expect_identical(memMapply(f, 1:3, 4:6, VARS = list(k = 10)), like(f, 1:3, 4:6, MoreArgs = list(k = 10)))
  expect_identical(memMapply(function(...) sum(...), 1:2, 3:4, 5:6, 7:8), like(sum, 1:2, 3:4, 5:6, 7:8))
  expect_identical(memMapply("+", 1:2, 3:4), like("+", 1:2, 3:4))
  expect_identical(memMapply(list, list(1, NULL), list("a", 2i)), like(list, list(1, NULL), list("a", 2i)))
})

test_that("names are those of mapply", {
  expect_identical(memMapply(paste, c(a = 1, b = 2), 3:4), like(paste, c(a = 1, b = 2), 3:4))
  expect_identical(memMapply(paste, c("x", "y"), 3:4), like(paste, c("x", "y"), 3:4))
  expect_identical(memMapply(paste, 3:4, c("x", "y")), like(paste, 3:4, c("x", "y")))
  expect_identical(memMapply(paste, c(a = 1), 3:4), like(paste, c(a = 1), 3:4))
  expect_identical(memMapply(paste, c(a = 1), 3), like(paste, c(a = 1), 3))
})

test_that("plain data of length 1 is used for every call", {
  f <- function(x, y, z) c(x, y, z)
  expect_identical(memMapply(f, 1:3, 5, 7:9), like(f, 1:3, 5, 7:9))
  expect_identical(memMapply(f, 5, 1:3, z = 9), like(f, 5, 1:3, z = 9))
  expect_identical(memMapply(paste, "a", 1:3, "b"), like(paste, "a", 1:3, "b"))
  expect_identical(memMapply(f, 5, 6, 7), like(f, 5, 6, 7))
  expect_identical(memMapply(function(x, l) l$a + x, 1:2, list(list(a = 1))), like(function(x, l) l$a + x, 1:2, list(list(a = 1))))
})

test_that("objects are taken apart by their own length() and `[[`, as mapply() does", {
  times <- as.difftime(c(a = 1, b = 2, c = 3), units = "mins")
  for (x in list(as.POSIXlt("2026-01-01", tz = "UTC") + 0:2, times, factor(c("u", "v", "w")), as.Date("2026-01-01") + 0:2, iris[1:3])) {
    expect_identical(memMapply(function(v, k) list(v, k), x, 1:3), mapply(function(v, k) list(v, k), x, 1:3, SIMPLIFY = FALSE))
  }
})

test_that("arguments of base R that are none here are refused, unless FUN has them", {
  expect_error(memApply(matrix(1:4, 2), 2, sum, simplify = TRUE), "no argument 'simplify'.*memControl\\(simplify", class = "memshare_error_input")
  expect_error(memMapply(rep, 1:2, 2:1, SIMPLIFY = FALSE), "no argument 'SIMPLIFY'", class = "memshare_error_input")
  expect_error(memLapply(1:2, paste, USE.NAMES = FALSE), "unname", class = "memshare_error_input")
  expect_error(memReduce(1:3, sum, right = TRUE), "no argument 'right'.*see [?]memReduce", class = "memshare_error_input")
  expect_identical(memLapply(list(1:2), function(x, simplify) simplify, simplify = "mine"), list("mine"))
  expect_identical(memLapply(list(1:4), cut, breaks = c(0, 2, 4), right = FALSE), lapply(list(1:4), cut, breaks = c(0, 2, 4), right = FALSE))
})

test_that("shorter plain data is used again, as in mapply", {
  f <- function(x, y = 0, z = 0) paste(x, y, z)
  # The value, and the text of the warning.
  seen <- function(code) {
    said <- NULL
    value <- withCallingHandlers(code, warning = function(w) {
      said <<- c(said, conditionMessage(w))
      invokeRestart("muffleWarning")
    })
    list(value, said)
  }
  cases <- list(
    list(1:6, 1:3), list(1:6, 1:4), list(1:2, 1:6, c("a", "b", "c")), list(c(a = 1, b = 2), 1:5), list(list(1, NULL), 1:4),
    list(z = 1:2, 1:4), list(c("p", "q"), 1:4), list(1:3, 1, 1:2), list(factor(c("u", "v")), 1:4)
  )
  for (case in cases) {
    expect_identical(seen(do.call(memMapply, c(f, case))), seen(do.call(like, c(f, case))), label = deparse(case))
  }
  expect_warning(memMapply(`+`, 1:3, 1:2), class = "memshare_warning_recycled")
  expect_identical(memMapply(sum, matrix(1:6, 2), 1:2, MARGIN = 1), list(10L, 14L))
  expect_identical(suppressWarnings(memMapply(sum, matrix(1:6, 2), 1:2, MARGIN = 2)), list(4L, 9L, 12L))
})

test_that("nothing is called where a collection is empty, as in mapply", {
  f <- function(x, y) stop("never")
  for (case in list(list(character(), 5), list(1:3, integer()), list(list(), list()), list(character(), letters), list(NULL, 1))) {
    expect_identical(do.call(memMapply, c(f, case)), do.call(like, c(f, case)), label = deparse(case))
  }
  expect_identical(memMapply(f, character(), 5, CONTROL = memControl(FUN.VALUE = 0)), numeric())
})

test_that("passes and registered collections must be as long as the longest, and the error names them", {
  one <- memLapply(1, sqrt, CONTROL = lazy)
  two <- memLapply(1:2, sqrt, CONTROL = lazy)
  expect_error(memMapply(`+`, 1:3, one), "number 1 has 3 elements, collection number 2 has 1", class = "memshare_error_input")
  expect_error(memMapply(function(x, y) 1, x = two, y = 1:4), "'y' has 4 elements, collection 'x' has 2", class = "memshare_error_input")
  expect_error(memMapply(sum), "at least one collection")
  expect_error(memMapply(sum, 1:2, MoreArgs = 3), "MoreArgs")
  expect_error(memMapply(function(x, ...) x, x = 1:2, VARS = list(x = 1)), "both in VARS and as a collection")
})

test_that("MARGIN walks matrices", {
  m <- matrix(1:6, 2, dimnames = list(c("r", "s"), c("a", "b", "c")))
  f <- function(v, w) sum(v) * w
  expect_identical(memMapply(f, m, 1:3, MARGIN = 2), like(function(j, w) f(m[, j], w), c(a = 1, b = 2, c = 3), 1:3))
  expect_identical(memMapply(f, m, m * 2L, MARGIN = 1), like(function(i) f(m[i, ], m[i, ] * 2L), c(r = 1, s = 2)))
  expect_identical(memMapply(`+`, matrix(1:4, 2), 1:4), like(`+`, matrix(1:4, 2), 1:4))
  expect_error(memMapply(f, m, 1:3, MARGIN = 3), "MARGIN")
})

test_that("registered collections and passes go in step too", {
  local_variables("mapply", list(m = matrix(1:6, 2), l = list(a = 10, b = 20, c = 30)))
  pass <- memLapply("l", function(v) v / 10, NAMESPACE = "mapply", CONTROL = lazy)
  f <- function(v, l, p) sum(v) + l + p
  expect_identical(memMapply(f, "m", "l", pass, NAMESPACE = "mapply", MARGIN = 2), list(14, 29, 44))
  expect_identical(memMapply(f, l = "l", p = pass, 1:3, NAMESPACE = "mapply"), list(a = 12, b = 24, c = 36))
  pairs <- memLapply(1:3, function(i) c(i, i^2), CONTROL = memControl(FUN.VALUE = c(0, 0), lazy = TRUE))
  expect_identical(memMapply(function(v, w) sum(v) * w, pairs, 1:3, MARGIN = 2), list(2, 12, 36))
})

test_that("simplify and FUN.VALUE work as in memLapply", {
  f <- function(x, y) c(x, y)
  expect_identical(memMapply(f, c(a = 1, b = 2), 3:4, CONTROL = memControl(simplify = TRUE)), mapply(f, c(a = 1, b = 2), 3:4))
  expect_identical(memMapply(`+`, 1:3, 4:6, CONTROL = memControl(FUN.VALUE = 0L)), 1:3 + 4:6)
  later <- memMapply(f, 1:2, 3:4, CONTROL = lazy)
  expect_match(format(later)[[1]], "memMapply over the 2 items of a list of length 2 and the 2 items", fixed = TRUE)
  expect_identical(memRun(later), like(f, 1:2, 3:4))
})

test_that("an empty character vector gives something with names, where base R does", {
  expect_identical(memLapply(character(), nchar, CONTROL = memControl(simplify = TRUE)), sapply(character(), nchar))
  expect_identical(memLapply(character(), nchar, CONTROL = memControl(FUN.VALUE = 0L)), vapply(character(), nchar, 0L))
  expect_identical(memLapply(character(), nchar), lapply(character(), nchar))
  expect_identical(memMapply(nchar, character()), mapply(nchar, character(), SIMPLIFY = FALSE))
})
