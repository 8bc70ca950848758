# Shared writing: what is written is what `[<-` gives, wherever it is written from, and only what was made for it is written into.

write_view <- function() {
  view <- retrieveViews("write", "x")$x
  releaseViews("write", "x")
  view
}

allocated <- function(type, dim, frame = parent.frame()) {
  memAllocate("write", "x", type, dim)
  withr_defer(memshare_gc("write"), frame)
}

input_error <- function(code, text) expect_error(code, text, class = "memshare_error_input")

test_that("an allocated variable is zeros of its type and shape", {
  zeros <- list(double = 0, integer = 0L, logical = FALSE, complex = 0i, raw = as.raw(0))
  for (type in names(zeros)) {
    zero <- zeros[[type]]
    for (n in c(0, 1, 3000)) {
      memAllocate("write", "x", type, n)
      expect_identical(write_view(), rep(zero, n))
      releaseVariables("write", "x")
    }
    memAllocate("write", "x", type, c(30, 0, 2))
    expect_identical(write_view(), array(zero[0], c(30, 0, 2)))
    releaseVariables("write", "x")
    memAllocate("write", "x", type, c(30, 40))
    expect_identical(write_view(), array(zero, c(30, 40)))
    expect_true(retrieveMetadata("write", "x")$writable)
    releaseVariables("write", "x")
  }
})

test_that("writing is what assigning gives, for every kind of index", {
  set.seed(1)
  allocated("double", c(13, 7, 3))
  model <- array(0, c(13, 7, 3))
  write <- function(value, index = NULL) memWrite("write", "x", value, index)
  write(as.double(1:273))
  model[] <- 1:273
  expect_identical(write_view(), model)
  for (round in 1:60) {
    along <- lapply(dim(model), function(extent) {
      switch(sample(4, 1), NULL, sample(extent, sample(extent, 1)), sample(extent, extent, TRUE), as.double(seq_len(sample(extent, 1))))
    })
    chosen <- Map(function(at, extent) if (is.null(at)) seq_len(extent) else at, along, dim(model))
    n <- prod(lengths(chosen))
    value <- if (round %% 5L) rnorm(n) else rnorm(1)
    write(value, along)
    model[chosen[[1]], chosen[[2]], chosen[[3]]] <- value
    at <- sample(273, sample(20, 1), TRUE)
    write(rev(seq_along(at)), at)
    model[at] <- rev(seq_along(at))
    expect_identical(write_view(), model)
  }
  write(5, integer())
  write(numeric(), list(NULL, integer(), 1))
  expect_identical(write_view(), model)
})

test_that("columns, rows and blocks of a matrix", {
  allocated("integer", c(4, 5))
  memWrite("write", "x", 1:4, list(NULL, 3))
  memWrite("write", "x", 5:8, list(1:2, 4:5))
  memWrite("write", "x", matrix(21:30, 2), list(c(4, 3), NULL))
  model <- matrix(0L, 4, 5)
  model[, 3] <- 1:4
  model[1:2, 4:5] <- 5:8
  model[c(4, 3), ] <- 21:30
  expect_identical(write_view(), model)
})

test_that("a value goes in when nothing of it is lost, and stays out otherwise", {
  values <- list(logical = c(NA, TRUE, FALSE), integer = c(NA, 1L, -7L), double = c(NA, 0.5, Inf), complex = c(NA, 1i, 2 - 1i), raw = as.raw(1:3))
  goes <- list(
    logical = "logical", integer = c("logical", "integer"), double = c("logical", "integer", "double"),
    complex = c("logical", "integer", "double", "complex"), raw = "raw"
  )
  for (type in names(goes)) {
    memAllocate("write", "x", type, 3)
    for (given in names(values)) {
      if (given %in% goes[[type]]) {
        memWrite("write", "x", values[[given]])
        # R 4.4 changed what becomes of a missing number among complex ones.
        expected <- as.vector(values[[given]], type)
        expect_identical(write_view(), expected, label = paste(given, "in", type))
      } else {
        input_error(memWrite("write", "x", values[[given]]), "value is .*convert it first")
      }
    }
    releaseVariables("write", "x")
  }
  allocated("integer", 3)
  for (value in list("a", list(1), NULL, factor("a"), Sys.Date(), sum, data.frame(1), quote(a))) {
    input_error(memWrite("write", "x", value), "value")
  }
  expect_identical(write_view(), integer(3))
})

test_that("sequences and views are written as they are", {
  allocated("double", 5000)
  memWrite("write", "x", 1:5000)
  expect_identical(write_view(), as.double(1:5000))
  view <- write_view()
  memWrite("write", "x", view[5000:1])
  expect_identical(write_view(), as.double(5000:1))
  memWrite("write", "x", write_view())
  expect_identical(write_view(), as.double(5000:1))
  memshare_gc("write")
  allocated("integer", 5000)
  memWrite("write", "x", 1:5000, 5000:1)
  expect_identical(write_view(), 5000:1)
})

test_that("what an index cannot mean is refused and nothing is written", {
  allocated("double", c(3, 4))
  bad <- list(0, 13, -1, NA, c(1, NA), 1.5, Inf, NaN, TRUE, "1", factor(1), NA_integer_, 2^60, matrix(1, 1, 2), sum)
  for (index in bad) input_error(memWrite("write", "x", 1, index), "index must be")
  for (axis in bad[-2]) input_error(memWrite("write", "x", 1, list(NULL, axis)), "index")
  input_error(memWrite("write", "x", 1, list(NULL, 5)), "index\\[\\[2\\]\\] must be whole numbers from 1 to 4.*item 1 is 5")
  input_error(memWrite("write", "x", 1, list(c(1, 4), 1)), "index\\[\\[1\\]\\] must be whole numbers from 1 to 3.*item 2 is 4")
  input_error(memWrite("write", "x", 1, list(1)), "list of 1, and must have one item for each dimension of the variable, which has 2")
  input_error(memWrite("write", "x", 1, list()), "list of 0")
  input_error(memWrite("write", "x", 1:2, 1:3), "value has 2 items, and index means 3")
  input_error(memWrite("write", "x", 1:2), "value has 2 items, and index means 12")
  input_error(memWrite("write", "x", numeric(), 1), "value has 0 items, and index means 1")
  input_error(memWrite("write", "x", 1:3, integer()), "value has 3 items, and index means 0")
  expect_identical(write_view(), matrix(0, 3, 4))
})

test_that("registered data is not written into, and an unknown name is unknown", {
  local_variables("write", list(r = as.double(1:10)))
  expect_error(memWrite("write", "r", 1, 1), "memAllocate\\(\\)", class = "memshare_error_not_writable")
  expect_identical(retrieveViews("write", "r")$r, as.double(1:10))
  expect_error(memWrite("write", "none", 1), "not previously allocated", class = "memshare_error_not_allocated")
})

test_that("what cannot be allocated is refused", {
  input_error(memAllocate("write", "x", "character", 3), "type must be one of")
  input_error(memAllocate("write", "x", "double"), "dim must say how big")
  input_error(memAllocate("write", "x", "double", NULL), "dim must say how big")
  input_error(memAllocate("write", "x", "double", -1), "dim must be")
  input_error(memAllocate("write", "x", "double", c(2^31, 2)), "dim must be")
  error <- expect_error(memAllocate("write", "x", "double", 2^50), class = "memshare_error_no_space")
  expect_gt(error$needed, error$free)
  expect_identical(pageList(), character())
  allocated("raw", 1)
  expect_error(memAllocate("write", "x", "raw", 1), "already registered", class = "memshare_error_already_registered")
})

test_that("FUN fills a matrix by columns on two workers, and it equals what base R makes", {
  x <- matrix(rnorm(200 * 150), 200)
  local_variables("write-in", list(x = x))
  allocated("double", c(150, 150))
  invisible(memLapply(seq_len(150), function(j, x) {
    memWrite("write", "x", cor(x, x[, j]), list(NULL, j))
    NULL
  }, NAMESPACE = "write-in", VARS = "x", MAX.CORES = 2, CONTROL = memControl(chunk = 1)))
  expect_identical(write_view(), vapply(seq_len(150), function(j) c(cor(x, x[, j])), numeric(150)))
})

test_that("workers write rows too, whose ranges overlap, and lose nothing", {
  allocated("integer", c(40, 300))
  invisible(memLapply(1:40, function(i) {
    memWrite("write", "x", i * (1:300), list(i, NULL))
    NULL
  }, MAX.CORES = 2, CONTROL = memControl(chunk = 1)))
  expect_identical(write_view(), matrix(rep(1:300, each = 40L) * 1:40, 40L))
})

test_that("a view that is there sees what is written, and keeps what R changed in it", {
  allocated("double", 5000)
  seen <- retrieveViews("write", "x")$x
  changed <- retrieveViews("write", "x")$x
  changed[5000] <- -1
  memWrite("write", "x", 7)
  expect_identical(seen, rep(7, 5000))
  expect_identical(changed[5000], -1)
  releaseViews("write", "x")
  releaseVariables("write", "x")
  expect_identical(seen[[1]], 7)
})

test_that("another session writes, and this one reads", {
  skip_on_cran()
  allocated("double", c(10, 10))
  out <- run_r(c(
    'memWrite("write", "x", 1:10, list(NULL, 4))',
    'invisible(memLapply(5:8, function(j) { memWrite("write", "x", j, list(NULL, j)); NULL }, MAX.CORES = 2))',
    'cat(class(tryCatch(releaseVariables("write", "x"), error = identity))[1], "\\n")'
  ))
  expect_identical(trimws(tail(out, 1L)), "memshare_error_not_owner")
  expected <- matrix(0, 10, 10)
  expected[, 4] <- 1:10
  for (j in 5:8) expected[, j] <- j
  expect_identical(write_view(), expected)
})

test_that("what is written to a mapped file is in the file", {
  path <- tempfile()
  writeBin(rep(0, 1000), path)
  memMap("write", "x", path, "double", dim = c(10, 50), offset = 800, writable = TRUE)
  on.exit({
    memshare_gc("write")
    unlink(path)
  })
  memWrite("write", "x", 1:10, list(NULL, 50))
  invisible(memLapply(1:20, function(j) { memWrite("write", "x", j, list(NULL, j)); NULL }, MAX.CORES = 2))
  expected <- matrix(0, 10, 50)
  expected[, 50] <- 1:10
  for (j in 1:20) expected[, j] <- j
  expect_identical(readBin(path, "double", 1000), c(rep(0, 100), expected, rep(0, 400)))
  expect_identical(write_view(), expected)
  expect_true(file.exists(path))
  memshare_gc("write")
  memMap("write", "x", path, "double")
  expect_error(memWrite("write", "x", 1, 1), "writable = TRUE", class = "memshare_error_not_writable")
})

test_that("positions beyond 2^31", {
  skip_on_cran()
  path <- tempfile()
  bytes <- 2^31 + 1000
  made <- tryCatch({
    connection <- file(path, "wb")
    seek(connection, bytes - 1, rw = "write")
    writeBin(as.raw(0), connection)
    close(connection)
    file.size(path) == bytes
  }, error = function(e) FALSE)
  skip_if_not(made)
  memMap("write", "x", path, "raw", writable = TRUE)
  on.exit({
    memshare_gc("write")
    unlink(path)
  })
  memWrite("write", "x", as.raw(1:2), c(2^31 + 10, bytes))
  connection <- file(path, "rb")
  seek(connection, 2^31 + 9)
  expect_identical(readBin(connection, "raw", 1), as.raw(1))
  seek(connection, bytes - 1)
  expect_identical(readBin(connection, "raw", 1), as.raw(2))
  close(connection)
})
