# Big data that a call brings with it is read from its beginning on while the rest is still copied.
skip_on_cran()
lazy <- memControl(lazy = TRUE)

# A call's tasks: the stage began before its data was all there.
overlapped <- function() {
  tasks <- as.data.frame(memLastRun(), what = "tasks")
  min(tasks$began[tasks$kind == "map"]) < max(tasks$ended[tasks$kind == "share"])
}

# On a machine that has other things to do, a worker may come when all is copied: then the call is made again.
expect_overlapped <- function(call, value) {
  for (attempt in 1:30) {
    expect_identical(call(), value)
    if (overlapped()) break
  }
  expect_true(overlapped())
}

test_that("columns and items are right while the rest comes", {
  X <- matrix(runif(2e6), 1000, dimnames = list(NULL, paste0("c", 1:2000)))
  storage <- list(X, matrix(seq_len(3990 * 1001), 1001), matrix(rep(X > 0.5, 2), 500), matrix(as.complex(X[seq_len(999e3)]), 999))
  for (workers in c(1, 3)) {
    for (M in storage) {
      expect_overlapped(function() memApply(M, 2, sum, MAX.CORES = workers), apply(M, 2, sum, simplify = FALSE))
    }
    tasks <- as.data.frame(memLastRun(), what = "tasks")
    expect_true(all(tasks$ready <= tasks$began))
    x <- runif(2e6)
    expect_identical(memLapply(x, function(v) v + 1, MAX.CORES = workers), lapply(x, function(v) v + 1))
  }
  # Items of all sizes, some of them empty, with attributes, or text.
  L <- lapply(1:400, function(i) structure(runif(if (i %% 7) 40 * i else 0), note = paste("item", i), twin = if (i %% 5 == 0) runif(5000)))
  L[c(5, 50, 200)] <- list("text", letters, c(a = 1L))
  names(L) <- paste0("n", 1:400)
  expect_overlapped(function() memLapply(L, identity, MAX.CORES = 2), L)
})

test_that("what FUN changes in its element changes no other", {
  X <- matrix(runif(3e3 * 1003), 1003)
  spoil <- function(v) {
    was <- sum(v)
    v[] <- 0
    v[[1]] <- 1
    was + sum(v)
  }
  expect_identical(memApply(X, 2, spoil, MAX.CORES = 2), apply(X, 2, spoil, simplify = FALSE))
})

test_that("stages that read all of it wait for all of it", {
  X <- matrix(runif(2e6), 1000)
  whole <- function(i, all) sum(all) + i
  a <- memApply(X, 2, sum, CONTROL = lazy)
  b <- memLapply(1:3, whole, VARS = list(all = X), CONTROL = lazy)
  expect_identical(memRun(a, b), list(a = apply(X, 2, sum, simplify = FALSE), b = lapply(1:3, whole, all = X)))
  # In one pass as a collection and as a variable; and by rows.
  f <- function(v, all) sum(v) / all[1, 1]
  expect_identical(memApply(X, 2, f, VARS = list(all = X)), apply(X, 2, f, all = X, simplify = FALSE))
  expect_false(overlapped())
  expect_identical(memApply(X, 1, sum), apply(X, 1, sum, simplify = FALSE))
})

test_that("two collections in step, folds, a plan that is run again", {
  A <- lapply(1:300, function(i) runif(5000))
  B <- lapply(1:300, function(i) runif(4000))
  both <- function(a, b) sum(a) - sum(b)
  expect_overlapped(function() memMapply(both, A, B, MAX.CORES = 2), Map(both, A, B))
  expect_equal(memRun(memReduce(memLapply(A, sum, CONTROL = lazy), `+`)), sum(vapply(A, sum, 0)))
  plan <- memPlan(memLapply(A, sum, CONTROL = lazy))
  for (i in 1:2) expect_identical(memRun(plan), lapply(A, sum))
})

test_that("an error, and a run that nobody waits for", {
  X <- matrix(runif(4e6), 1000)
  expect_error(memApply(X, 2, function(v) stop("at once"), MAX.CORES = 2), class = "memshare_error_element")
  h <- memRun(memApply(X, 2, sum, CONTROL = lazy), wait = FALSE)
  # The call returned after the copy: what comes now is not seen.
  X[] <- 0
  expect_true(all(unlist(collect(h)) > 0))
})
