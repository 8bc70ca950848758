# memOuter beside a double sapply: types x shapes x names x tiles, with worker counts and chunk sizes in turn.

lazy <- memControl(lazy = TRUE)

# FUN of each pair, as a matrix whatever the numbers of columns or items are.
pairs <- function(xs, ys, fun, ...) {
  values <- unlist(lapply(ys, function(y) lapply(xs, function(x) fun(x, y, ...))), use.names = FALSE)
  names <- list(names(xs), names(ys))
  matrix(if (length(values)) values else NA, length(xs), length(ys), dimnames = if (!all(vapply(names, is.null, NA))) names)
}
columns <- function(x) stats::setNames(lapply(seq_len(ncol(x)), function(j) x[, j]), colnames(x))

functions <- list(
  same = function(x, y) identical(x, y), lengths = function(x, y) length(x) * 100L + length(y), names = function(x, y) paste(names(x), names(y), collapse = " "),
  text = function(x, y) paste(format(x), format(y), collapse = "-"), kinds = function(x, y) if (length(x) > 2) 1.5 else 1L,
  mixed = function(x, y) if (identical(x, y)) "a" else TRUE, bytes = function(x, y) as.raw(length(x)), complex = function(x, y) complex(real = length(x), imaginary = length(y)),
  missing = function(x, y) NA
)
namings <- list(none = function(n) NULL, all = function(n) sprintf("c%d", seq_len(n)), odd = function(n) rep_len(c("a", "", "a", "b"), n))

matrix_of_type <- function(type, rows, n, naming) {
  x <- matrix(makers[[type]](rows * n), rows, n)
  if (n > 0) colnames(x) <- namings[[naming]](n)
  if (rows > 0 && runif(1) < 0.5) rownames(x) <- sprintf("r%d", seq_len(rows))
  x
}

for (type in names(makers)) {
  test_that(paste("pairs of columns give what a double sapply gives for", type), {
    set.seed(nchar(type))
    for (shape in list(c(3, 1, 1), c(3, 1, 4), c(4, 5, 1), c(2, 9, 6), c(1, 7, 7), c(0, 3, 2), c(5, 0, 3), c(5, 3, 0), c(3, 40, 33))) {
      x <- matrix_of_type(type, shape[[1]], shape[[2]], sample(names(namings), 1))
      y <- matrix_of_type(type, shape[[1]], shape[[3]], sample(names(namings), 1))
      way <- next_way()
      f <- sample(names(functions), 1)
      size <- sample(list(NULL, 1, 2, 3, 100), 1)[[1]]
      expect_identical(
        memOuter(x, y, functions[[f]], size = size, MAX.CORES = way$workers, CONTROL = control_of(way)),
        pairs(columns(x), columns(y), functions[[f]]), label = label_of(way, type, paste(shape, collapse = "x"), f, size)
      )
      symmetric <- sample(c("same", "lengths", "kinds"), 1)
      expect_identical(
        memOuter(x, FUN = functions[[symmetric]], symmetric = TRUE, size = size, MAX.CORES = way$workers, CONTROL = control_of(way)),
        pairs(columns(x), columns(x), functions[[symmetric]]), label = label_of(way, type, "symmetric", paste(shape, collapse = "x"), symmetric, size)
      )
    }
  })
}

test_that("items of lists and vectors, data frames, registered variables, further arguments", {
  items <- list(a = 1:3, b = numeric(), 5, d = NULL)
  f <- function(x, y, k = 1, w = 0) sum(x) * k + sum(y) + w
  expect_identical(memOuter(items, 1:5, f, k = 2), pairs(items, as.list(1:5), f, k = 2))
  expect_identical(memOuter(c(u = 1, v = 2), items, f, VARS = list(w = 3), size = 1), pairs(list(u = 1, v = 2), items, f, w = 3))
  expect_identical(memOuter(1:3, FUN = `+`), pairs(as.list(1:3), as.list(1:3), `+`))
  expect_identical(memOuter(1:3, FUN = "max"), pairs(as.list(1:3), as.list(1:3), max))
  d <- data.frame(x = c(1, 2, 4), y = c(3, 1, 2), z = c(0, 1, 0))
  expect_equal(memOuter(d, FUN = cor), cor(d))
  local_variables("pairs", list(m = as.matrix(d), items = items, w = 4))
  for (workers in worker_counts()) {
    expect_identical(memOuter("m", "items", f, NAMESPACE = "pairs", VARS = "w", MAX.CORES = workers, size = 2), pairs(columns(as.matrix(d)), items, f, w = 4))
    expect_identical(memOuter("m", FUN = f, NAMESPACE = "pairs", symmetric = TRUE, MAX.CORES = workers), pairs(columns(as.matrix(d)), columns(as.matrix(d)), f))
  }
})

test_that("blocks give what one call gives", {
  set.seed(1)
  x <- matrix(rnorm(3000), 50, dimnames = list(NULL, paste0("g", 1:60)))
  y <- matrix(rnorm(1000), 50)
  for (size in list(NULL, 1, 7, 100)) for (workers in worker_counts()) {
    call <- function(...) memOuter(..., block = TRUE, size = size, MAX.CORES = workers)
    expect_equal(call(x, y, cor), cor(x, y))
    expect_equal(call(x, FUN = crossprod), crossprod(x))
    expect_equal(call(x, FUN = cor, symmetric = TRUE, method = "spearman"), cor(x, method = "spearman"))
    expect_identical(call(as.list(1:9), as.list(1:5), function(a, b) outer(unlist(a), unlist(b))), outer(as.numeric(1:9), as.numeric(1:5)) + 0)
  }
  r <- memOuter(x, FUN = cor, symmetric = TRUE, block = TRUE)
  expect_identical(r, t(r))
  # The same whatever the workers: tiles depend on the dims alone.
  for (workers in worker_counts()) expect_identical(memOuter(x, FUN = cor, symmetric = TRUE, block = TRUE, MAX.CORES = workers), r)
  calls <- memOuter(matrix(0, 2, 100), FUN = function(a, b) matrix(1, ncol(a), ncol(b)), block = TRUE, symmetric = TRUE, size = 10)
  expect_identical(calls, matrix(1, 100, 100))
})

test_that("of a symmetric matrix only the upper triangle is worked out, and a big one lies in shared memory", {
  told <- memOuter(as.list(1:10), FUN = function(i, j) if (i > j) stop("lower") else 10 * i + j, symmetric = TRUE, size = 3)
  upper <- outer(1:10, 1:10, function(i, j) 10 * i + j)
  upper[lower.tri(upper)] <- t(upper)[lower.tri(upper)]
  expect_identical(told, upper)
  big <- memOuter(matrix(0, 2, 300), FUN = function(a, b) matrix(2, ncol(a), ncol(b)), block = TRUE)
  expect_match(utils::capture.output(.Internal(inspect(big)))[[1]], "memshare")
  expect_identical(big, matrix(2, 300, 300))
})

test_that("pairs in chains", {
  set.seed(2)
  x <- matrix(rnorm(400), 20, dimnames = list(NULL, paste0("c", 1:20)))
  scaled <- memApply(x, 2, function(v) v - mean(v), CONTROL = memControl(FUN.VALUE = numeric(20), lazy = TRUE))
  listed <- memApply(x, 2, function(v) v - mean(v), CONTROL = lazy)
  base <- apply(x, 2, function(v) v - mean(v))
  prod <- memOuter(scaled, FUN = function(a, b) sum(a * b), symmetric = TRUE, CONTROL = lazy)
  block <- memOuter(scaled, x, crossprod, block = TRUE, size = 6, CONTROL = lazy)
  both <- memOuter(listed, 1:3, function(v, k) v[[k]], CONTROL = lazy)
  most <- memApply(prod, 1, max, CONTROL = lazy)
  cells <- memLapply(both, abs, CONTROL = lazy)
  ends <- memDo(function(prod, block) dim(prod) + dim(block), prod, block)
  wanted <- list(
    prod = pairs(columns(base), columns(base), function(a, b) sum(a * b)), both = pairs(columns(base), as.list(1:3), function(v, k) v[[k]])
  )
  wanted$most <- apply(wanted$prod, 1, max, simplify = FALSE)
  wanted$cells <- lapply(as.vector(wanted$both), abs)
  wanted$ends <- c(40L, 40L)
  for (workers in worker_counts()) {
    plan <- memPlan(prod, both, most, cells, ends, block, MAX.CORES = workers)
    for (i in 1:2) {
      values <- memRun(plan)
      expect_identical(values[names(wanted)], wanted)
      expect_equal(values$block, crossprod(base, x))
    }
  }
  scale <- memPlan(memOuter(x, FUN = function(a, b, w) sum(a * b) * w, VARS = list(w = 1), CONTROL = lazy))
  expect_equal(memRun(scale, VARS = list(w = 2)), 2 * crossprod(x))
  expect_output(print(block), "memOuter over the .* tiles of a pass \\(memApply\\) and the .* tiles of a numeric matrix of 20 x 20 with crossprod")
  expect_output(print(explain(plan)), "prod \\(combined\\)")
  expect_identical(memRun(memOuter(matrix(0, 2, 0, dimnames = list(1:2, NULL)), x, cor, CONTROL = lazy)), matrix(NA, 0, 20, dimnames = list(NULL, colnames(x))))
})

test_that("errors name the tile and the pair", {
  x <- matrix(1:60, 3)
  f <- function(a, b) if (a[[1]] == 13L && b[[1]] == 4L) stop("boom") else 1
  e <- tryCatch(memOuter(x, FUN = f, size = 4), memshare_error_element = identity)
  expect_identical(conditionMessage(e), "FUN failed at tile 2 (columns 5 to 8 with columns 1 to 4): pair 5, 2: boom")
  expect_error(memOuter(x, FUN = range), "pair 1, 1: FUN must give one value for a pair, not", class = "memshare_error_element")
  expect_error(memOuter(x, FUN = cor, block = TRUE, size = 3) |> suppressWarnings(), NA)
  expect_error(memOuter(x, FUN = function(a, b) 1, block = TRUE, size = 3), "FUN must give a matrix of 3 x 3 for a block, not 1", class = "memshare_error_element")
  expect_input <- function(code, text) expect_error(code, text, fixed = TRUE, class = "memshare_error_input")
  expect_input(memOuter(x, x, cor, symmetric = TRUE), "leave Y out")
  expect_input(memOuter(x, FUN = cor, size = 0), "size must be one whole number")
  expect_input(memOuter(x, FUN = cor, block = NA), "block must be TRUE or FALSE")
  expect_input(memOuter(sum, FUN = cor), "Unknown input format for X")
  expect_input(memOuter("x", FUN = function(a, b) 1, NAMESPACE = 3), "NAMESPACE must be one non-empty string")
  expect_input(memOuter(x, FUN = function(a, b, .left) 1, VARS = list(.left = 1)), "cannot hold a variable named '.left'")
})

test_that("into writes the tiles into an allocated variable or a file", {
  x <- matrix(rnorm(300), 10)
  file <- withr::local_tempfile()
  writeBin(numeric(900), file)
  memMap("into", "file", file, "double", dim = c(30, 30), writable = TRUE)
  memAllocate("into", "memory", "integer", dim = c(30, 4))
  withr::defer(memshare_gc("into"))
  expect_null(withVisible(memOuter(x, FUN = cor, symmetric = TRUE, size = 7, NAMESPACE = "into", into = "file", MAX.CORES = 2))$value)
  expect_false(withVisible(memOuter(x, FUN = cor, block = TRUE, NAMESPACE = "into", into = "file"))$visible)
  expect_equal(matrix(readBin(file, "double", 900), 30), cor(x))
  expect_equal(retrieveViews("into", "file")$file, cor(x))
  releaseViews("into", "file")
  pass <- memOuter(1:30, list(1L, 2L, 3L, 4L), function(a, b) a * b, NAMESPACE = "into", into = "memory", CONTROL = memControl(lazy = TRUE))
  expect_null(memRun(pass, MAX.CORES = 2))
  expect_identical(retrieveViews("into", "memory")$memory, matrix(rep(1:30, 4L) * rep(1:4, each = 30L), 30))
  releaseViews("into", "memory")
  expect_error(memOuter(x, FUN = cor, NAMESPACE = "into", into = "memory"), "into needs a matrix of 30 x 30, and 'memory' has 30 x 4", class = "memshare_error_input")
  expect_error(memOuter(x, FUN = cor, into = "memory"), "needs NAMESPACE", class = "memshare_error_input")
  expect_error(memOuter(x, FUN = cor, NAMESPACE = "into", into = "none"), class = "memshare_error_not_allocated")
  expect_error(memOuter(1:30, 1:4, function(a, b) 0.5, NAMESPACE = "into", into = "memory"), "tile 1", class = "memshare_error_element")
  registerVariables("into", list(closed = matrix(0, 30, 30)))
  expect_error(memOuter(x, FUN = cor, NAMESPACE = "into", into = "closed"), class = "memshare_error_element")
})

test_that("the columns of a data frame are read in place", {
  d <- data.frame(a = rnorm(1e4), f = factor(rep(c("u", "v"), 5e3)), day = as.Date("2026-01-01") + 0:9999, s = rep(c("x", NA), 5e3))
  registerVariables("frame", list(d = d))
  withr::defer(memshare_gc("frame"))
  expect_identical(memLapply("d", identity, NAMESPACE = "frame"), as.list(d))
  expect_true(all(unlist(memLapply("d", function(column) memshare:::ms_is_view(column), NAMESPACE = "frame"))))
})
