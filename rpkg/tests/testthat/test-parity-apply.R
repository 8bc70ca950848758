# memApply against apply: types x shapes x MARGIN x functions x simplify, with worker counts and chunk sizes in turn.

shapes <- list(c(6, 3), c(3, 6), c(1, 4), c(4, 1), c(1, 1), c(2, 2), c(30, 20))
functions <- list(
  length = length, identity = identity, first = function(v) v[1], two = function(v) v[c(1, 1)], nothing = function(v) NULL,
  named = function(v) c(a = 1, b = 2), ragged = function(v) seq_len(length(unique(v)) %% 3), listed = function(v) list(v[1]),
  text = function(v) paste(v, collapse = "-"), matrix = function(v) matrix(1:4, 2), factor = function(v) factor("x"),
  sometimes = function(v) if (is.na(v[[1]][1])) NULL else 1, empty = function(v) integer(0)
)

for (type in names(makers)) {
  test_that(paste("memApply gives what apply gives for", type), {
    for (shape in shapes) for (margin in 1:2) for (f in names(functions)) {
      x <- matrix(makers[[type]](prod(shape)), shape[[1]], shape[[2]])
      fun <- functions[[f]]
      reference <- function(simplify) apply(x, margin, fun, simplify = simplify)
      if (inherits(try(reference(TRUE), silent = TRUE), "try-error")) next
      way <- next_way()
      label <- label_of(way, type, paste(shape, collapse = "x"), margin, f)
      expect_identical(
        memApply(x, margin, fun, MAX.CORES = way$workers, CONTROL = control_of(way)), reference(FALSE), label = label
      )
      expect_identical(
        memApply(x, margin, fun, MAX.CORES = way$workers, CONTROL = control_of(way, simplify = TRUE)), reference(TRUE),
        label = paste("simplified", label)
      )
    }
  })
}

test_that("dimnames go where apply puts them", {
  x <- matrix(as.double(1:12), 3)
  long <- strrep("n", 300)
  all <- list(
    list(c("r1", "r2", "r3"), NULL), list(NULL, c("a", "b", "c", long)), list(c("r1", "r2", "r3"), c("a", "b", "c", NA)),
    list(rows = c("r1", "r2", "r3"), columns = c("a", "b", "c", "d")), list(rows = NULL, columns = c("a", "b", "c", "d"))
  )
  for (dimnames in all) for (margin in 1:2) for (fun in list(sum, range, identity, function(v) v[1], function(v) names(v))) {
    dimnames(x) <- dimnames
    way <- next_way()
    for (simplify in c(FALSE, TRUE)) {
      expect_identical(
        memApply(x, margin, fun, MAX.CORES = way$workers, CONTROL = control_of(way, simplify = simplify)),
        apply(x, margin, fun, simplify = simplify), label = label_of(way, deparse(dimnames), margin, simplify)
      )
    }
  }
})

test_that("0 rows and 0 columns", {
  for (shape in list(c(0, 3), c(3, 0), c(0, 0))) for (margin in 1:2) for (type in c("double", "integer", "character", "logical")) {
    x <- matrix(vector(type, 0), shape[[1]], shape[[2]])
    n <- dim(x)[[margin]]
    expect_identical(memApply(x, margin, length), rep(list(0L), n))
    expect_identical(
      memApply(x, margin, length, CONTROL = memControl(simplify = TRUE)), apply(x, margin, length),
      label = paste(type, paste(shape, collapse = "x"), margin)
    )
  }
})

test_that("data frames and classed matrices are taken as apply takes them", {
  d <- data.frame(a = 1:3, b = c(2.5, NA, 1), row.names = c("x", "y", "z"))
  for (margin in 1:2) {
    expect_identical(memApply(d, margin, function(v) v, CONTROL = memControl(simplify = TRUE)), apply(d, margin, function(v) v))
  }
  tab <- table(g = c("a", "b", "a"), h = c("x", "x", "y"))
  expect_identical(memApply(tab, 1, sum, CONTROL = memControl(simplify = TRUE)), apply(tab, 1, sum))
})

test_that("FUN.VALUE gives what vapply gives", {
  x <- matrix(1:6, 2, dimnames = list(c("r", "s"), c("a", "b", "c")))
  columns <- list(a = 1:2, b = 3:4, c = 5:6)
  expect_identical(memApply(x, 2, sum, CONTROL = memControl(FUN.VALUE = 0L)), vapply(columns, sum, 0L))
  expect_identical(memApply(x, 2, sum, CONTROL = memControl(FUN.VALUE = 0)), vapply(columns, sum, 0))
  expect_identical(memApply(x, 2, range, CONTROL = memControl(FUN.VALUE = c(lo = 0, hi = 0))), vapply(columns, range, c(lo = 0, hi = 0)))
  expect_error(memApply(x, 2, sum, CONTROL = memControl(FUN.VALUE = "")), class = "memshare_error_value")
  expect_error(memApply(x, 2, range, CONTROL = memControl(FUN.VALUE = 0)), class = "memshare_error_value")
})

test_that("a registered matrix gives what the object gives", {
  x <- matrix(rnorm(2000), 40, dimnames = list(NULL, paste0("c", 1:50)))
  y <- rnorm(40)
  local_variables("parity", list(x = x, y = y))
  for (workers in worker_counts()) {
    expect_identical(
      memApply("x", 2, cor, NAMESPACE = "parity", VARS = "y", MAX.CORES = workers, CONTROL = memControl(simplify = TRUE)),
      apply(x, 2, cor, y)
    )
    expect_identical(memApply("x", 1, sum, NAMESPACE = "parity", MAX.CORES = workers), apply(x, 1, sum, simplify = FALSE))
  }
})

test_that("an element that FUN keeps stays what it was", {
  keeper <- function() {
    kept <- list()
    function(x) {
      kept[[length(kept) + 1L]] <<- x
      kept
    }
  }
  singles <- as.list(seq(0.5, 9))
  expect_identical(memLapply(singles, keeper(), MAX.CORES = 1), lapply(singles, keeper()))
  expect_identical(memLapply(1:9, keeper(), MAX.CORES = 1), lapply(1:9, keeper()))
  for (names in list(NULL, list(letters[1:4], LETTERS[1:3]))) {
    x <- matrix(1:12 / 2, 4, dimnames = names)
    for (margin in 1:2) expect_identical(memApply(x, margin, keeper(), MAX.CORES = 1), apply(x, margin, keeper()))
  }
})
