# memApply and memBlocks over the matrices of package Matrix beside what base R gives for the dense matrix, by a fixed seed.
skip_on_cran()
skip_if_not_installed("Matrix")
suppressMessages(library(Matrix))

simple <- function(...) memControl(simplify = TRUE, ...)

# A general matrix by columns: about a third of its entries are there, some of them zero, some odd.
random_form <- function(shape, type, named) {
  count <- prod(shape)
  there <- which(runif(count) < 0.35)
  values <- if (type == "l") sample(c(TRUE, FALSE, NA), length(there), TRUE) else sample(c(rnorm(6), 0, NA, NaN, Inf, -Inf), length(there), TRUE)
  dimnames <- list(NULL, NULL)
  if (named) dimnames <- list(rows = sprintf("r%d", seq_len(shape[[1]])), columns = sprintf("c%d", seq_len(shape[[2]])))
  i <- (there - 1L) %% max(1L, shape[[1]])
  p <- c(0L, cumsum(tabulate((there - 1L) %/% max(1L, shape[[1]]) + 1L, shape[[2]])))
  parts <- list(paste0(type, "gCMatrix"), i = as.integer(i), p = as.integer(p), Dim = as.integer(shape), Dimnames = dimnames)
  if (type != "n") parts$x <- values
  do.call(new, parts)
}

# One of each class, of a shape that the class can have.
each_class <- function(shape, named) {
  d <- random_form(shape, "d", named)
  l <- random_form(shape, "l", named)
  n <- random_form(shape, "n", named)
  made <- list(d, l, n, as(d, "RsparseMatrix"), as(l, "RsparseMatrix"), as(n, "RsparseMatrix"), as(d, "TsparseMatrix"), as(n, "TsparseMatrix"))
  twice <- as(d, "TsparseMatrix")
  if (length(twice@i)) {
    twice@i <- c(twice@i, twice@i[1:2 * 0 + 1])
    twice@j <- c(twice@j, twice@j[1:2 * 0 + 1])
    twice@x <- c(twice@x, 1, 2)
  }
  made <- c(made, twice, as(l, "TsparseMatrix"), as(as.matrix(d), "denseMatrix"))
  if (shape[[1]] == shape[[2]]) {
    square <- d
    square@Dimnames <- list(NULL, NULL)
    made <- c(
      made, forceSymmetric(square, "U"), forceSymmetric(square, "L"), triu(square), tril(square), as(forceSymmetric(square), "TsparseMatrix"),
      as(forceSymmetric(square), "RsparseMatrix"), as(forceSymmetric(square, "L"), "RsparseMatrix"), as(forceSymmetric(square, "L"), "TsparseMatrix"),
      as(triu(square), "RsparseMatrix"), as(tril(square), "TsparseMatrix"), Diagonal(shape[[1]]), Diagonal(x = rnorm(shape[[1]])), if (shape[[1]] > 0) as(sample(shape[[1]]), "pMatrix")
    )
    if (shape[[1]] > 0) {
      unit <- new("dtCMatrix", i = integer(), p = integer(shape[[1]] + 1), x = numeric(), Dim = as.integer(shape), diag = "U", uplo = "L")
      made <- c(made, unit, if (shape[[1]] > 1) unit_triangles(square))
      if (shape[[1]] > 2) made <- c(made, new("dtCMatrix", i = 2L, p = c(0L, rep(1L, shape[[1]])), x = 4, Dim = as.integer(shape), diag = "U", uplo = "L"))
    }
  }
  if (shape[[1]] > 0 && shape[[2]] > 0) made <- c(made, new("indMatrix", perm = sample(shape[[2]], shape[[1]], TRUE), Dim = as.integer(shape)))
  made
}

# Both triangles of a square matrix with a diagonal of ones that is not stored, by columns, rows and triplets.
unit_triangles <- function(square) {
  made <- list()
  for (upper in c(TRUE, FALSE)) {
    strict <- as(if (upper) triu(square, 1) else tril(square, -1), "TsparseMatrix")
    parts <- list("dtTMatrix", i = strict@i, j = strict@j, x = strict@x, Dim = strict@Dim, diag = "U", uplo = if (upper) "U" else "L")
    unit <- do.call(new, parts)
    made <- c(made, unit, as(unit, "CsparseMatrix"), as(unit, "RsparseMatrix"))
  }
  made
}

functions <- list(
  identity = identity, sum = function(v) sum(v, na.rm = TRUE), names = names, type = typeof, first = function(v) v[1], range = function(v) range(v == 0),
  changed = function(v) { v[1] <- v[1]; rev(v) }
)
shapes <- list(c(6, 3), c(1, 4), c(1, 1), c(40, 25), c(12, 12), c(500, 12), c(30, 600))

test_that("every class gives what apply gives for the dense matrix, by rows and columns", {
  set.seed(20)
  for (shape in shapes) for (x in each_class(shape, runif(1) < 0.5)) for (margin in 1:2) {
    dense <- as.matrix(x)
    f <- sample(names(functions), 1)
    simplify <- runif(1) < 0.5
    way <- next_way()
    got <- memApply(x, margin, functions[[f]], MAX.CORES = way$workers, CONTROL = control_of(way, simplify = simplify))
    label <- label_of(way, class(x), paste(shape, collapse = "x"), margin, f, simplify)
    expect_identical(got, apply(dense, margin, functions[[f]], simplify = simplify), label = label)
  }
})

test_that("0 rows, 0 columns, no entry", {
  for (shape in list(c(0, 3), c(3, 0), c(0, 0))) for (x in each_class(shape, FALSE)) for (margin in 1:2) {
    label <- paste(class(x), paste(shape, collapse = "x"), margin)
    expect_identical(memApply(x, margin, identity), memApply(as.matrix(x), margin, identity), label = label)
    expect_identical(memApply(x, margin, length, CONTROL = simple()), apply(as.matrix(x), margin, length), label = label)
  }
  x <- sparseMatrix(integer(), integer(), x = numeric(), dims = c(300, 4))
  for (margin in 1:2) expect_identical(memApply(x, margin, identity, CONTROL = simple()), apply(as.matrix(x), margin, identity))
  expect_identical(memApply(x, 2, identity, CONTROL = memControl(element = "nonzero"))[[2]], structure(list(i = integer(), x = numeric()), length = 300L))
})

# The entries that are there of column or row k.
entries <- function(x, margin, k) {
  by_columns <- as(as(x, "CsparseMatrix"), "generalMatrix")
  if (margin == 1) by_columns <- Matrix::t(by_columns)
  at <- seq_len(diff(by_columns@p)[[k]]) + by_columns@p[[k]]
  structure(list(i = by_columns@i[at] + 1L, x = if (is(by_columns, "nsparseMatrix")) rep(TRUE, length(at)) else by_columns@x[at]), length = nrow(by_columns))
}

test_that("FUN gets sparse vectors, or places and numbers", {
  set.seed(21)
  for (shape in list(c(7, 7), c(4000, 3))) for (x in each_class(shape, TRUE)) for (margin in 1:2) {
    if (!is(x, "sparseMatrix")) next
    way <- next_way()
    label <- label_of(way, class(x), paste(shape, collapse = "x"), margin)
    ks <- seq_len(min(dim(x)[[margin]], 5))
    got <- memApply(x, margin, identity, MAX.CORES = way$workers, CONTROL = control_of(way, element = "nonzero"))
    expect_identical(unname(got[ks]), lapply(ks, function(k) entries(x, margin, k)), label = label)
    got <- memApply(x, margin, identity, MAX.CORES = way$workers, CONTROL = control_of(way, element = "sparseVector"))
    for (k in ks) {
      expect_true(validObject(got[[k]]), label = label)
      wanted <- entries(x, margin, k)
      expect_identical(list(got[[k]]@i, length(got[[k]])), list(wanted$i, attr(wanted, "length")), label = label)
      if (!is(got[[k]], "nsparseVector")) expect_identical(got[[k]]@x, wanted$x, label = label)
    }
  }
  x <- rsparsematrix(300, 4, 0.1)
  got <- memApply(x, 2, sum, CONTROL = simple(element = "sparseVector"))
  expect_equal(got, Matrix::colSums(x))
  expect_s4_class(memApply(x, 2, identity, CONTROL = memControl(element = "sparseVector"))[[1]], "dsparseVector")
})

test_that("blocks stay sparse, and are those that base R cuts", {
  set.seed(22)
  for (shape in list(c(7, 7), c(300, 30), c(4, 1))) for (x in each_class(shape, runif(1) < 0.5)) for (margin in 1:2) {
    size <- sample(c(1, 2, 3, 50), 1)
    way <- next_way()
    label <- label_of(way, class(x), paste(shape, collapse = "x"), margin, size)
    wanted <- as(as(x, "CsparseMatrix"), "generalMatrix")
    from <- seq(1, dim(x)[[margin]], by = size)
    wanted <- lapply(from, function(at) {
      part <- at:min(at + size - 1, dim(x)[[margin]])
      if (margin == 1) wanted[part, , drop = FALSE] else wanted[, part, drop = FALSE]
    })
    got <- memBlocks(x, identity, margin, size, MAX.CORES = way$workers, CONTROL = control_of(way))
    if (!is(x, "sparseMatrix")) {
      expect_identical(got, lapply(wanted, as.matrix), label = label)
      next
    }
    for (block in got) expect_true(validObject(block), label = label)
    expect_identical(got, wanted, label = label)
  }
  x <- rsparsematrix(2000, 700, 0.02)
  y <- rnorm(2000)
  expect_equal(memBlocks(x, Matrix::colSums, combine = c), Matrix::colSums(x))
  expect_equal(as.matrix(memBlocks(x, function(b, y) Matrix::as.matrix(Matrix::crossprod(b, y)), combine = rbind, VARS = list(y = y))), as.matrix(Matrix::crossprod(x, y)))
  expect_equal(as.matrix(memBlocks(x, Matrix::crossprod, 1, size = 300, combine = `+`)), as.matrix(Matrix::crossprod(x)))
})

test_that("a registered matrix stays sparse, comes back as it was, and its other form is made once", {
  set.seed(23)
  before <- segments()
  x <- rsparsematrix(3000, 2000, 0.01)
  dimnames(x) <- list(NULL, sprintf("c%d", 1:2000))
  all <- list(x = x, r = as(x, "RsparseMatrix"), s = forceSymmetric(Matrix::crossprod(x[, 1:50])), n = as(x, "nMatrix"), t = as(x, "TsparseMatrix"))
  registerVariables("sparse", all)
  expect_lt(retrieveMetadata("sparse", "x")$bytes, 1.1 * object.size(x))
  expect_identical(retrieveViews("sparse", names(all)), all)
  for (name in names(all)) for (margin in 1:2) {
    wanted <- apply(as.matrix(all[[name]]), margin, sum)
    for (again in 1:2) expect_equal(memApply(name, margin, sum, NAMESPACE = "sparse", CONTROL = simple()), wanted, label = paste(name, margin))
    # Nothing is shared for the call, as the form is there.
    expect_lt(memLastRun()$peak, 1e5)
  }
  expect_identical(memBlocks("x", dim, 1, 1000, NAMESPACE = "sparse"), rep(list(c(1000L, 2000L)), 3))
  # Another variable of the same name.
  releaseVariables("sparse", "x")
  registerVariables("sparse", list(x = 2 * x))
  expect_equal(memApply("x", 1, sum, NAMESPACE = "sparse", CONTROL = simple()), 2 * Matrix::rowSums(x))
  releaseViews("sparse", names(all))
  memshare_gc("sparse")
  expect_identical(left_over(before), character())
})

test_that("passes over sparse matrices chain", {
  set.seed(24)
  x <- rsparsematrix(200, 300, 0.05)
  lazy <- memControl(lazy = TRUE)
  dense <- as.matrix(x)
  for (workers in worker_counts()) for (margin in 1:2) {
    sums <- memApply(x, margin, sum, CONTROL = memControl(lazy = TRUE, FUN.VALUE = 0))
    total <- memReduce(sums, `+`)
    scaled <- memApply(x, margin, function(v, total) sum(v^2) / total, VARS = list(total = total), CONTROL = lazy)
    doubled <- memLapply(scaled, function(v) 2 * v, CONTROL = lazy)
    got <- memRun(list(sums = sums, doubled = doubled, total = total), MAX.CORES = workers)
    expect_equal(got$sums, apply(dense, margin, sum))
    expect_equal(got$total, sum(dense))
    expect_equal(unlist(got$doubled), 2 * apply(dense, margin, function(v) sum(v^2)) / sum(dense))
  }
  kept <- memApply(x, 2, identity, CONTROL = memControl(lazy = TRUE, FUN.VALUE = numeric(200)))
  expect_identical(memRun(memApply(kept, 1, identity, CONTROL = lazy), MAX.CORES = 2), apply(dense, 1, identity, simplify = FALSE))
  nonzero <- memApply(x, 2, function(v) length(v$i), CONTROL = memControl(lazy = TRUE, element = "nonzero"))
  expect_identical(memRun(memReduce(nonzero, `+`), MAX.CORES = 2), length(x@i))
})

test_that("the other form is made by the task that shares it, once for all passes that read it", {
  x <- rsparsematrix(3000, 2000, 0.02)
  form <- object.size(x@i) + object.size(x@x) + 4 * 3001
  lazy <- memControl(lazy = TRUE)
  sums <- memApply(x, 1, sum, CONTROL = lazy)
  ranges <- memApply(x, 1, range, CONTROL = lazy)
  columns <- memApply(x, 2, sum, CONTROL = lazy)
  plan <- memPlan(list(sums = sums, ranges = ranges, columns = columns))
  graph <- memExport(plan, format = "dot")
  for (task in c("share x by rows", "share x")) expect_length(gregexpr(sprintf('label="%s"', task), graph, fixed = TRUE)[[1]], 1)
  got <- memRun(plan, MAX.CORES = 2)
  expect_equal(unlist(got$sums), Matrix::rowSums(x))
  expect_equal(unlist(got$columns), Matrix::colSums(x))
  # Two forms, and results.
  expect_lt(memLastRun()$peak, 2 * form + 3e5)
  # Of a symmetric matrix, where one triangle is stored.
  s <- forceSymmetric(Matrix::crossprod(x[, 1:300]))
  expect_equal(unlist(memApply(s, 2, sum)), Matrix::colSums(s))
  expect_lt(memLastRun()$peak, 1.1 * object.size(as(s, "generalMatrix")) + 1e5)
})

test_that("what FUN keeps or changes of a dense element stays its own", {
  x <- rsparsematrix(400, 60, 0.2)
  dense <- as.matrix(x)
  keep <- function(v) { env <- globalenv(); env$all <- c(env$all, list(v)); if (length(env$all) > 2) env$all[[length(env$all) - 2]] else v }
  got <- memApply(x, 2, keep, MAX.CORES = 1, CONTROL = memControl(chunk = 60))
  expect_identical(got, lapply(c(1, 2, 1:58), function(k) dense[, k]))
  later <- memApply(x, 2, function(v) function() v, MAX.CORES = 1)
  expect_identical(lapply(later, function(f) f()), lapply(1:60, function(k) dense[, k]))
  expect_identical(memApply(x, 2, function(v) { v[] <- 7; sum(v) }, MAX.CORES = 1, CONTROL = simple()), rep(2800, 60))
  # One buffer, where nothing is kept.
  if (capabilities("profmem")) {
    address <- function(v) { at <- tracemem(v); untracemem(v); at }
    expect_length(unique(memApply(x, 2, address, MAX.CORES = 1, CONTROL = simple(chunk = 60))), 1)
  }
})

test_that("rows and columns of sparse matrices are collections of memMapply()", {
  set.seed(5)
  x <- rsparsematrix(300, 40, 0.1)
  dimnames(x) <- list(NULL, paste0("g", 1:40))
  registerVariables("sparse", list(x = x))
  on.exit(memshare_gc("sparse"))
  dense <- as.matrix(x)
  for (workers in 1:2) {
    both <- function(f, ...) memMapply(f, ..., MAX.CORES = workers)
    expect_identical(both(function(v, w) v * w, x, 1:40, MARGIN = 2), sapply(colnames(x), function(j) dense[, j] * match(j, colnames(x)), simplify = FALSE))
    expect_identical(both(function(v, w) sum(v * w), x, dense + 1, MARGIN = 1), lapply(1:300, function(i) sum(dense[i, ] * (dense[i, ] + 1))))
    expect_identical(both(function(v, w, k) list(v, w, k), x, 2 * x, k = 3, MARGIN = 2)$g7, list(dense[, 7], 2 * dense[, 7], 3))
    expect_identical(both(function(v, w) identical(v, w), x, x, MARGIN = 2), sapply(colnames(x), function(j) TRUE, simplify = FALSE))
    expect_identical(both(function(v, w) sum(v) + w, "x", 1:40, MARGIN = 2, NAMESPACE = "sparse")$g40, sum(dense[, 40]) + 40)
  }
  nonzero <- memMapply(function(v, w) v, x, 1:40, MARGIN = 2, MAX.CORES = 2, CONTROL = memControl(element = "nonzero"))
  for (j in 1:40) expect_identical(nonzero[[j]], entries(x, 2, j))
  expect_s4_class(memMapply(function(v, w) v, x, 1:300, MARGIN = 1, MAX.CORES = 1, CONTROL = memControl(element = "sparseVector"))[[3]], "dsparseVector")

  lazy <- memControl(lazy = TRUE)
  sums <- memApply(x, 2, function(v) sum(v), CONTROL = lazy)
  centred <- memMapply(function(v, s) v - s / 300, x, sums, MARGIN = 2, CONTROL = lazy)
  total <- memReduce(centred, `+`, CONTROL = lazy)
  expect_equal(memRun(total), rowSums(sweep(dense, 2, colSums(dense) / 300)))
  expect_identical(memMapply(function(v, w) v, x[, 0], list(), MARGIN = 2), mapply(function(v, w) v, list(), list()))
  expect_error(memMapply(function(v, w) v, x[, 1:20], 1:40, MARGIN = 2), "sparse matrices must be as long", class = "memshare_error_input")
  expect_error(memMapply(function(v, w) v, x[, 1, drop = FALSE], 1:40, MARGIN = 2), "sparse matrices must be as long", class = "memshare_error_input")
})

test_that("what is no valid sparse matrix is an error before anything runs", {
  x <- rsparsematrix(20, 10, 0.3)
  broken <- list(
    function(x) { x@i[[1]] <- 20L; x }, function(x) { x@i <- rev(x@i); x }, function(x) { x@p[[2]] <- 900L; x }, function(x) { x@p <- x@p[-1]; x },
    function(x) { x@x <- x@x[-1]; x }, function(x) { x@i[[1]] <- -1L; x }, function(x) { x@i[[1]] <- NA_integer_; x }
  )
  for (broke in broken) for (margin in 1:2) for (verb in list(memApply, function(x, m, f) memBlocks(x, f, m))) {
    error <- expect_error(verb(broke(x), margin, identity), class = "memshare_error_input")
    expect_match(conditionMessage(error), "no valid dgCMatrix")
  }
  triplets <- as(x, "TsparseMatrix")
  for (broke in list(function(x) { x@i[[3]] <- 20L; x }, function(x) { x@j[[3]] <- NA_integer_; x }, function(x) { x@j <- x@j[-1]; x })) {
    expect_error(memApply(broke(triplets), 1, sum), "no valid dgTMatrix", class = "memshare_error_input")
  }
  triangle <- forceSymmetric(x[1:10, ], "U")
  triangle@uplo <- "L"
  for (wrong in list(triangle, as(triangle, "RsparseMatrix"), as(triangle, "TsparseMatrix"))) {
    expect_error(memApply(wrong, 1, sum), "no valid ds.Matrix: .* or its triangle", class = "memshare_error_input")
  }
  triangle@Dim <- c(10L, 11L)
  triangle@p <- c(triangle@p, max(triangle@p))
  expect_error(memApply(triangle, 1, sum), "not square", class = "memshare_error_input")
  for (call in expression(
    memApply(matrix(1, 2, 2), 2, identity, CONTROL = memControl(element = "nonzero")), memLapply(1:2, identity, CONTROL = memControl(element = "sparseVector")),
    memBlocks(x, identity, CONTROL = memControl(element = "nonzero"))
  )) expect_error(eval(call), "over a sparse matrix", class = "memshare_error_input")
  expect_error(memControl(element = "thin"), "element must be one of", class = "memshare_error_input")
})

test_that("a plain walk needs nothing of Matrix, neither here nor on the workers", {
  file <- tempfile(fileext = ".rds")
  x <- rsparsematrix(50, 20, 0.2)
  saveRDS(x, file)
  out <- run_r(c(
    sprintf("x <- readRDS(%s)", deparse(file)),
    "f <- function(v) c(sum(v), 'Matrix' %in% loadedNamespaces())",
    "for (margin in 1:2) { got <- memApply(x, margin, f, MAX.CORES = 2, CONTROL = memControl(simplify = TRUE)); stopifnot(got[2, ] == 0); cat(sum(got[1, ]), '') }",
    "cat('Matrix' %in% loadedNamespaces(), 'end')"
  ))
  expect_match(paste(out, collapse = " "), "FALSE end")
})
