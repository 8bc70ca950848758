# memApply over arrays, by any MARGIN, beside apply().

makers <- list(
  double = function(n) round(rnorm(n), 3), integer = function(n) sample(c(NA, 1:9), n, TRUE), logical = function(n) rep_len(c(TRUE, NA, FALSE), n),
  complex = function(n) complex(real = seq_len(n), imaginary = 1), raw = function(n) as.raw(seq_len(n) %% 256),
  character = function(n) rep_len(c("a", NA, "\u00e9"), n), list = function(n) rep_len(list(1, "a", NULL, list(2)), n)
)
functions <- list(
  length = length, identity = identity, attributes = attributes, range_of_length = function(v) c(lo = 1L, hi = length(v)),
  two = function(v) c(length(v), 1L), nothing = function(v) NULL, ragged = function(v) seq_len(length(unique(c(v))) %% 3), listed = function(v) list(v),
  named = function(v) names(v), dims = function(v) c(dim(v), 0L)
)

random_array <- function(type) {
  dim <- sample(1:4, sample(1:4, 1), TRUE)
  x <- array(makers[[type]](prod(dim)), dim)
  if (runif(1) < 0.6) {
    names <- lapply(dim, function(d) if (runif(1) < 0.7) paste0(sample(letters, 1), seq_len(d)))
    if (runif(1) < 0.5) names(names) <- paste0("d", seq_along(dim))
    dimnames(x) <- names
  }
  x
}

for (type in names(makers)) {
  test_that(paste("memApply gives what apply gives for arrays of type", type), {
    set.seed(nchar(type))
    for (round in 1:25) {
      x <- random_array(type)
      margin <- sample(length(dim(x)), sample(length(dim(x)), 1))
      if (!is.null(names(dimnames(x))) && runif(1) < 0.5) margin <- names(dimnames(x))[margin]
      f <- names(functions)[[round %% length(functions) + 1L]]
      way <- next_way()
      label <- label_of(way, type, paste(dim(x), collapse = "x"), deparse(margin), f)
      for (simplify in c(FALSE, TRUE)) {
        expect_identical(
          memApply(x, margin, functions[[f]], MAX.CORES = way$workers, CONTROL = control_of(way, simplify = simplify)),
          apply(x, margin, functions[[f]], simplify = simplify), label = paste(label, simplify)
        )
      }
    }
  })
}

a <- array(1:24, 2:4, list(r = c("x", "y"), c = NULL, s = letters[1:4]))

test_that("dimensions without extent give what apply gives", {
  for (dim in list(c(0, 2, 3), c(2, 0, 3), c(2, 3, 0), c(0, 0, 2), 0)) {
    x <- array(numeric(), dim)
    for (margin in list(1, 2, 3, c(1, 2), c(3, 1), 1:3)) {
      if (max(margin) > length(dim)) next
      label <- paste(deparse(dim), deparse(margin))
      for (fun in list(length, function(v) c(1, 2), function(v) NULL)) {
        reference <- tryCatch(apply(x, margin, fun), error = function(e) "error")
        if (identical(reference, "error")) next
        expect_identical(memApply(x, margin, fun, CONTROL = memControl(simplify = TRUE)), reference, label = label)
      }
    }
  }
  expect_identical(dim(memApply(array(0, c(0, 2)), c(1, 2), sum)), c(0L, 2L))
})

test_that("data frames, tables, one-dimensional and list arrays are taken as apply takes them", {
  check <- function(x, margin, fun) {
    for (simplify in c(FALSE, TRUE)) {
      expect_identical(memApply(x, margin, fun, CONTROL = memControl(simplify = simplify)), apply(x, margin, fun, simplify = simplify))
    }
  }
  check(data.frame(a = 1:2, b = c("x", NA)), c(1, 2), identity)
  check(table(mtcars$cyl, mtcars$gear, mtcars$am), c(1, 3), sum)
  check(table(g = c("u", "v", "u")), 1, identity)
  check(Titanic, c("Sex", "Class"), sum)
  check(Titanic, "Age", dim)
})

test_that("FUN.VALUE gives the dimensions of a result, then those of MARGIN", {
  typed <- function(x, margin, fun, template) memApply(x, margin, fun, CONTROL = memControl(FUN.VALUE = template))
  expect_identical(typed(a, c(1, 3), sum, 0L), apply(a, c(1, 3), sum))
  expect_identical(typed(unname(a), c(3, 1), range, c(0L, 0L)), apply(unname(a), c(3, 1), range))
  ends <- function(v) c(lo = min(v), hi = max(v))
  expect_identical(typed(a, c(1, 3), ends, c(lo = 0L, hi = 0L)), apply(a, c(1, 3), ends))
  expect_identical(typed(a, "s", sum, 0L), apply(a, 3, sum))
  expect_identical(dim(typed(a, c(1, 2), function(v) matrix(v[1], 2, 2), matrix(0L, 2, 2))), c(2L, 2L, 2L, 3L))
  expect_identical(typed(array(0L, c(0, 2)), c(1, 2), sum, 0L), array(integer(), c(0, 2)))
  expect_error(typed(a, c(1, 3), range, 0L), class = "memshare_error_value")
})

test_that("registered arrays and views give what the object gives", {
  local_variables("shapes", list(a = a, m = a[, , 1]))
  view <- retrieveViews("shapes", "a")$a
  for (margin in list(2, c(1, 3), "r", 3:1)) {
    expect_identical(memApply("a", margin, sum, NAMESPACE = "shapes"), apply(a, margin, sum, simplify = FALSE))
    expect_identical(memApply(view, margin, dim), apply(a, margin, dim, simplify = FALSE))
  }
  expect_identical(memApply("m", c(2, 1), sum, NAMESPACE = "shapes"), apply(a[, , 1], c(2, 1), sum, simplify = FALSE))
})

test_that("a pass over several dimensions is the same array for those who read it", {
  lazy <- memControl(lazy = TRUE)
  plain <- memApply(a, c(1, 3), sum, CONTROL = lazy)
  typed <- memApply(a, c(1, 3), sum, CONTROL = memControl(FUN.VALUE = 0L, lazy = TRUE))
  expect_match(format(plain)[[1]], "memApply over the 8 cells of", fixed = TRUE)
  expect_identical(memRun(plain), apply(a, c(1, 3), sum, simplify = FALSE))
  expect_identical(memLapply(plain, function(v) v + 1L), lapply(apply(a, c(1, 3), sum), function(v) v + 1L))
  expect_identical(memLapply(typed, function(v) v + 1L), lapply(c(apply(a, c(1, 3), sum)), function(v) v + 1L))
  expect_identical(memApply(typed, 1, sum), apply(apply(a, c(1, 3), sum), 1, sum, simplify = FALSE))
  expect_identical(memApply(typed, "s", sum), apply(apply(a, c(1, 3), sum), 2, sum, simplify = FALSE))
  expect_identical(memLapply(1, function(i, p) p, VARS = list(p = plain))[[1]], apply(a, c(1, 3), sum, simplify = FALSE))
  expect_identical(memRun(memReduce(plain, `+`)), sum(a))
  expect_error(memApply(typed, c(1, 2), sum), "whose MARGIN must be 1", class = "memshare_error_input")
})

test_that("errors in a cell say which", {
  e <- tryCatch(memApply(a, c(1, 3), function(v) if (v[1] == 7) stop("here") else 1), error = identity)
  expect_identical(e$index, 3)
  kept <- suppressWarnings(memApply(a, c(1, 3), function(v) if (v[1] == 7) stop("here") else 1, CONTROL = memControl(on_error = "collect")))
  expect_identical(dim(kept), c(2L, 4L))
  expect_s3_class(kept[[1, 2]], "memshare_error_element")
})
