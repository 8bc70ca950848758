# memBlocks beside the blocks that base R cuts: types x shapes x MARGIN x size, with worker counts and chunk sizes in turn.
skip_on_cran()

lazy <- memControl(lazy = TRUE)

# The blocks of a matrix, by base R.
blocks <- function(x, margin, size) {
  from <- seq(1, length.out = ceiling(dim(x)[[margin]] / size), by = size)
  lapply(from, function(at) {
    part <- at:min(at + size - 1, dim(x)[[margin]])
    if (margin == 1) x[part, , drop = FALSE] else x[, part, drop = FALSE]
  })
}

# memReduce()'s tree, by its description.
fold_tree <- function(values, f) {
  while (length(values) > 1) {
    values <- unname(lapply(split(values, (seq_along(values) - 1) %/% 16), function(block) Reduce(f, block)))
  }
  values[[1]]
}

named <- list(
  none = function(d) NULL, rows = function(d) list(paste0("r", seq_len(d[[1]])), NULL),
  both = function(d) list(rows = paste0("r", seq_len(d[[1]])), columns = paste0("c", seq_len(d[[2]]))),
  columns = function(d) list(NULL, c(NA, paste0("c", seq_len(d[[2]])))[seq_len(d[[2]])]), titles = function(d) list(u = NULL, v = NULL)
)

for (type in names(makers)) {
  test_that(paste("FUN gets what X[, from:to, drop = FALSE] gives for", type), {
    set.seed(nchar(type))
    for (shape in list(c(6, 3), c(3, 6), c(1, 4), c(4, 1), c(1, 1), c(30, 20), c(400, 70))) for (margin in 1:2) for (names in names(named)) {
      x <- matrix(makers[[type]](prod(shape)), shape[[1]], shape[[2]])
      dimnames(x) <- named[[names]](shape)
      way <- next_way()
      size <- sample(c(1, 2, 3, 7, 100), 1)
      label <- label_of(way, type, paste(shape, collapse = "x"), margin, names, size)
      expect_identical(
        memBlocks(x, identity, margin, size, MAX.CORES = way$workers, CONTROL = control_of(way)), blocks(x, margin, size), label = label
      )
    }
  })
}

test_that("0 rows and 0 columns", {
  for (shape in list(c(0, 3), c(3, 0), c(0, 0))) for (margin in 1:2) for (type in c("double", "integer", "character", "list")) {
    x <- matrix(vector(type, 0), shape[[1]], shape[[2]])
    all <- dim(x)[[margin]]
    expect_identical(memBlocks(x, identity, margin, 2), if (all) blocks(x, margin, 2) else list())
    expect_identical(memBlocks(x, dim, margin), if (all) list(dim(x)) else list())
    for (name in c("c", "rbind", "cbind")) {
      expect_identical(memBlocks(x, dim, margin, combine = name), if (all) do.call(name, list(dim(x))))
    }
    expect_identical(memBlocks(x, dim, margin, combine = `+`), if (all) dim(x) else NULL)
  }
})

test_that("registered matrices, data frames, further arguments, VARS, names of dimensions", {
  x <- matrix(runif(1e5), 500, dimnames = list(NULL, paste0("c", 1:200)))
  y <- runif(500)
  local_variables("blocks", list(x = x, y = y))
  f <- function(b, y, times = 1) times * crossprod(b, y)
  wanted <- lapply(blocks(x, 2, 30), f, y, times = 2)
  for (workers in worker_counts()) {
    expect_identical(memBlocks("x", f, 2, 30, NULL, "blocks", "y", MAX.CORES = workers, times = 2), wanted)
    expect_identical(memBlocks(x, f, size = 30, VARS = list(y = y), MAX.CORES = workers, times = 2), wanted)
    expect_identical(memBlocks("x", rowSums, 1, 30, NAMESPACE = "blocks", MAX.CORES = workers), lapply(blocks(x, 1, 30), rowSums))
  }
  d <- data.frame(a = 1:3, b = c(2.5, NA, 1), row.names = c("x", "y", "z"))
  expect_identical(memBlocks(d, identity, 1, 2), blocks(as.matrix(d), 1, 2))
  tab <- table(g = c("a", "b", "a"), h = c("x", "x", "y"))
  expect_identical(memBlocks(tab, identity, "h", 1), blocks(as.matrix(tab) + 0L, 2, 1) |> lapply(unclass))
})

test_that("the default size depends on dim and type alone", {
  sizes <- list(double = 8, integer = 4, logical = 4, complex = 16, raw = 1, character = 8, list = 8)
  for (type in names(sizes)) for (shape in list(c(1e4, 50), c(50, 1e4), c(2e5, 3), c(1, 1e5))) for (margin in 1:2) {
    x <- matrix(vector(type, prod(shape)), shape[[1]], shape[[2]])
    each <- max(1, floor(2^20 / (sizes[[type]] * dim(x)[[3 - margin]])))
    expect_identical(length(memBlocks(x, dim, margin, CONTROL = lazy)), as.integer(ceiling(dim(x)[[margin]] / each)))
  }
  x <- matrix(runif(2e6), 4e4)
  sums <- lapply(blocks(x, 2, 3), sum)
  for (workers in worker_counts()) for (i in 1:2) {
    expect_identical(memBlocks(x, sum, MAX.CORES = workers), sums)
    expect_identical(memBlocks(x, sum, combine = `+`, MAX.CORES = workers), fold_tree(sums, `+`))
  }
})

test_that("a block of columns is a view with dim and dimnames, and what FUN changes in it changes no other", {
  x <- matrix(runif(2e5), 500, dimnames = list(paste0("r", 1:500), paste0("c", 1:400)))
  told <- memBlocks(x, function(b) utils::capture.output(.Internal(inspect(b))), size = 50)
  for (lines in told) expect_match(lines[[1]], "memshare")
  spoil <- function(b) {
    was <- sum(b)
    b[] <- 0
    b[[1]] <- 1
    was + sum(b)
  }
  for (margin in 1:2) expect_identical(memBlocks(x, spoil, margin, 30), lapply(blocks(x, margin, 30), spoil))
})

test_that("results combine in the order of the blocks", {
  x <- matrix(as.double(1:600), 6, dimnames = list(letters[1:6], paste0("c", 1:100)))
  y <- runif(6)
  local_variables("combined", list(x = x))
  for (i in 1:6) {
    way <- next_way()
    call <- function(...) memBlocks(..., MAX.CORES = way$workers, CONTROL = control_of(way))
    expect_identical(call(x, colSums, size = 7, combine = c), colSums(x))
    expect_identical(call(unname(x), colSums, size = 10, combine = c), colSums(unname(x)))
    expect_identical(call(x, crossprod, size = 7, combine = "rbind", y = y), do.call(rbind, lapply(blocks(x, 2, 7), crossprod, y)))
    expect_identical(call("x", identity, size = 7, combine = cbind, NAMESPACE = "combined"), x)
    expect_identical(call(x, identity, 1, size = 4, combine = rbind), x)
    expect_identical(call(x, function(b) data.frame(n = ncol(b), s = sum(b)), size = 9, combine = rbind),
                     do.call(rbind, lapply(blocks(x, 2, 9), function(b) data.frame(n = ncol(b), s = sum(b)))))
    for (f in list(`+`, function(a, b) a + b / 3)) {
      expect_identical(call(x, tcrossprod, size = 3, combine = f), fold_tree(lapply(blocks(x, 2, 3), tcrossprod), f))
    }
    expect_identical(call(x, rowSums, size = 1, combine = `+`), fold_tree(lapply(blocks(x, 2, 1), rowSums), `+`))
  }
  expect_identical(memBlocks(x, sum, size = 40, CONTROL = memControl(simplify = TRUE)), sapply(blocks(x, 2, 40), sum))
  expect_identical(memBlocks(x, range, size = 40, CONTROL = memControl(FUN.VALUE = c(a = 0, b = 0))), vapply(blocks(x, 2, 40), range, c(a = 0, b = 0)))
})

test_that("blocks in chains", {
  x <- matrix(runif(4000), 20, dimnames = list(paste0("r", 1:20), NULL))
  cut <- blocks(x, 2, 9)
  sums <- memBlocks(x, colSums, size = 9, CONTROL = lazy)
  heads <- memBlocks(x, function(b) b[1, ], size = 9, CONTROL = lazy)
  most <- memLapply(sums, max, CONTROL = lazy)
  both <- memMapply(function(a, b) sum(a) - sum(b), sums, heads, CONTROL = lazy)
  total <- memBlocks(x, sum, size = 9, combine = `+`, CONTROL = lazy)
  all <- memBlocks(x, colSums, size = 9, combine = c, CONTROL = lazy)
  used <- memLapply(1:3, function(i, total, all, sums) c(i, total, all[[i]], sums[[2]][[i]]), VARS = list(total = total, all = all, sums = sums), CONTROL = lazy)
  top <- memReduce(most, max)
  wanted <- list(
    most = lapply(cut, function(b) max(colSums(b))), both = lapply(cut, function(b) sum(colSums(b)) - sum(b[1, ])),
    total = fold_tree(lapply(cut, sum), `+`), all = colSums(x),
    used = lapply(1:3, function(i) c(i, fold_tree(lapply(cut, sum), `+`), colSums(x)[[i]], colSums(cut[[2]])[[i]])),
    top = max(colSums(x))
  )
  for (workers in worker_counts()) {
    plan <- memPlan(most, both, total, all, used, top, MAX.CORES = workers)
    for (i in 1:2) expect_identical(memRun(plan), wanted)
  }
  # Over a pass that gives a matrix; and other variables in a further run.
  squares <- memLapply(1:50, function(i) i^2 + 0:3, CONTROL = memControl(FUN.VALUE = c(a = 0, b = 0, c = 0, d = 0), lazy = TRUE))
  matrix <- vapply(1:50, function(i) i^2 + 0:3, c(a = 0, b = 0, c = 0, d = 0))
  for (margin in 1:2) {
    expect_identical(memBlocks(squares, identity, margin, 3), blocks(matrix, margin, 3))
    expect_identical(memBlocks(squares, identity, margin), list(matrix))
  }
  scaled <- memBlocks(x, function(b, w) sum(b) * w, size = 30, combine = `+`, VARS = list(w = 1), CONTROL = lazy)
  plan <- memPlan(scaled)
  expect_identical(memRun(plan, VARS = list(w = 2)), fold_tree(lapply(blocks(x, 2, 30), function(b) sum(b) * 2), `+`))
  expect_identical(collect(memRun(scaled, wait = FALSE)), memRun(plan))
  expect_output(print(sums), "memBlocks over the 23 blocks of a numeric matrix of 20 x 200")
  expect_error(memLapply(total, sqrt), "the one value of memBlocks", class = "memshare_error_input")
  expect_error(memLapply(all, sqrt), "a pass with combine = c", class = "memshare_error_input")
})

test_that("an error names the block, and the others can be kept", {
  x <- matrix(1:3000, 10)
  f <- function(b) if (any(b == 1055L)) stop("bad") else sum(b)
  e <- tryCatch(memBlocks(x, f, size = 50), memshare_error_element = identity)
  expect_identical(conditionMessage(e), "FUN failed at block 3 (columns 101 to 150): bad")
  expect_identical(e$index, 3)
  expect_identical(e$name, "columns 101 to 150")
  expect_error(memBlocks(x, f, 1, size = 10), "block 1 (rows 1 to 10): bad", fixed = TRUE)
  expect_error(memBlocks(x, f, 1, size = 1), "block 5 (row 5): bad", fixed = TRUE)
  expect_error(memBlocks(x, f, size = 299), "block 1 (columns 1 to 299): bad", fixed = TRUE)
  expect_error(memBlocks(x, sum, size = 9, combine = function(a, b) stop("odd")), "^combine failed: odd", class = "memshare_error_element")
  expect_warning(
    kept <- memBlocks(x, f, size = 50, CONTROL = memControl(on_error = "collect")),
    "FUN failed at 1 of 6 blocks, first at block 3 (columns 101 to 150)", fixed = TRUE
  )
  expect_s3_class(kept[[3]], "memshare_error_element")
  expect_identical(kept[-3], lapply(blocks(x, 2, 50)[-3], sum))
  expect_warning(memBlocks(x, function(b) if (b[[1]] == 1L) warning("odd"), size = 200), "block 1 (columns 1 to 200): odd", fixed = TRUE)
  expect_error(
    memBlocks(x, function(b) if (b[[1]] != 1L) tools::pskill(Sys.getpid(), 9), size = 200, CONTROL = memControl(retries = 0)),
    "block 2 (columns 201 to 300)", fixed = TRUE, class = "memshare_error_worker_died"
  )
})

test_that("what cannot be used is said at once", {
  x <- matrix(1:6, 2)
  expect_input <- function(code, text) expect_error(code, text, class = "memshare_error_input")
  expect_input(memBlocks(1:6, sum), "a matrix")
  expect_input(memBlocks(array(1:8, c(2, 2, 2)), sum), "an array of 3 dimensions")
  expect_input(memBlocks(x, sum, 3), "MARGIN")
  expect_input(memBlocks(x, sum, 1:2), "MARGIN must be 1")
  expect_input(memBlocks(x, sum, size = 0), "size must be one whole number")
  expect_input(memBlocks(x, sum, size = 1.5), "size")
  expect_input(memBlocks(x, sum, combine = 3), "combine must be a function")
  expect_input(memBlocks(x, sum, combine = "no such function"), "combine: there is no function")
  expect_input(memBlocks(x, sum, combine = c, CONTROL = memControl(simplify = TRUE)), "combine and memControl\\(simplify")
  expect_input(memBlocks(x, sum, combine = c, CONTROL = memControl(FUN.VALUE = 0)), "combine and memControl\\(FUN.VALUE")
  expect_input(memBlocks(x, sum, combine = `+`, CONTROL = memControl(on_error = "collect")), "cannot be combined")
  expect_input(memBlocks("x", sum), "NAMESPACE")
  expect_input(memBlocks(x, function(b, s) s, s = 2), "beginning of size")
})

test_that("blocks of columns are read while the rest of the matrix is still copied", {
  x <- matrix(runif(3e6), 1000, dimnames = list(NULL, paste0("c", 1:3000)))
  for (size in c(7, 50)) {
    expect_identical(memBlocks(x, colSums, size = size, combine = c), colSums(x))
    tasks <- as.data.frame(memLastRun(), what = "tasks")
    expect_lt(tasks$ready[tasks$kind == "map"], tasks$ended[tasks$kind == "share"])
  }
  # As many blocks of one size as of another, and columns beside blocks.
  memBlocks(x, rowSums, 1, size = 100)
  tasks <- as.data.frame(memLastRun(), what = "tasks")
  expect_gte(tasks$ready[tasks$kind == "map"], tasks$ended[tasks$kind == "share"])
  a <- memBlocks(x, sum, size = 1600, CONTROL = lazy)
  b <- memBlocks(x, sum, size = 2000, CONTROL = lazy)
  d <- memApply(x, 2, sum, CONTROL = lazy)
  expect_identical(memRun(a, b, d), list(a = lapply(blocks(x, 2, 1600), sum), b = lapply(blocks(x, 2, 2000), sum), d = apply(x, 2, sum, simplify = FALSE)))
})

test_that("each block has random numbers of its own", {
  x <- matrix(0, 2, 20)
  draw <- function(workers) memBlocks(x, function(b) rnorm(1), size = 3, MAX.CORES = workers, CONTROL = memControl(seed = 42))
  expect_identical(draw(1), draw(2))
})
