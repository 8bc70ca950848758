# Values of many small results are made while the run goes on: that they are, and that they are what lapply() gives however the run goes.

many <- 40000L
cells <- function() gc()[["Ncells", "used"]]

test_that("results that are done become values before the run has ended", {
  gate <- tempfile()
  on.exit(unlink(gate))
  fun <- function(i, gate, many) {
    until <- Sys.time() + 60
    while (i == many && !file.exists(gate) && Sys.time() < until) Sys.sleep(0.01)
    i + 0.5
  }
  pass <- memLapply(seq_len(many), fun, VARS = list(gate = gate, many = many), CONTROL = memControl(lazy = TRUE))
  run <- memRun(pass, wait = FALSE)
  before <- cells()
  until <- Sys.time() + 60
  more <- 0
  while (more < many / 2 && !resolved(run) && Sys.time() < until) more <- cells() - before
  expect_gt(more, many / 2)
  file.create(gate)
  expect_identical(collect(run), lapply(seq_len(many), function(i) i + 0.5))
})

test_that("they are what lapply() gives, whatever the results are", {
  slowly <- function(i) if (i %% 4000L == 0L) Sys.sleep(0.02)
  functions <- list(
    numbers = function(i) i + 0.5,
    pairs = function(i) c(i, -i),
    texts = function(i) if (i %% 2L) as.character(i) else i,
    late = function(i) if (i < 30000L) i else list(i, NULL),
    big = function(i) if (i %% 10000L) i else numeric(1000) + i,
    nothing = function(i) if (i %% 3L) TRUE,
    classed = function(i) if (i %% 5L) i else structure(i, class = "unit")
  )
  for (name in names(functions)) {
    f <- functions[[name]]
    fun <- function(i) {
      slowly(i)
      f(i)
    }
    expect_identical(memLapply(seq_len(many), fun, MAX.CORES = 2), lapply(seq_len(many), f), info = name)
  }
  named <- stats::setNames(as.list(seq_len(many)), sprintf("n%d", seq_len(many)))
  expect_identical(memLapply(named, sqrt, MAX.CORES = 2), lapply(named, sqrt))
  expect_identical(memLapply(seq_len(many), sqrt, MAX.CORES = 2, CONTROL = memControl(simplify = TRUE)), sapply(seq_len(many), sqrt))
})

test_that("several values of a run are, and a run that fails leaves none", {
  first <- memLapply(seq_len(many), function(i) i * 2, CONTROL = memControl(lazy = TRUE))
  second <- memLapply(first, function(x) x + 1, CONTROL = memControl(lazy = TRUE))
  both <- memRun(first = first, second = second)
  expect_identical(both, list(first = lapply(seq_len(many), function(i) i * 2), second = lapply(seq_len(many), function(i) i * 2 + 1)))
  failing <- function(i) if (i == 39000L) stop("no") else i
  expect_error(memLapply(seq_len(many), failing, MAX.CORES = 2), "no", class = "memshare_error_element")
  collected <- suppressWarnings(memLapply(seq_len(many), failing, MAX.CORES = 2, CONTROL = memControl(on_error = "collect")))
  expect_identical(collected[-39000L], as.list(seq_len(many))[-39000L])
  expect_s3_class(collected[[39000L]], "memshare_error_element")
})

test_that("results of an earlier pass that share a vector are not changed where FUN keeps them", {
  kind <- function(i) if (i <= 200L) c(i, -i) else if (i <= 300L) list(i) else as.character(i)
  keeping <- local({
    last <- NULL
    function(x) {
      before <- last
      last <<- x
      list(x, !is.null(before) && identical(before, x))
    }
  })
  values <- memRun(memLapply(memLapply(1:400, kind, CONTROL = memControl(lazy = TRUE)), keeping, CONTROL = memControl(lazy = TRUE)))
  expect_identical(lapply(values, `[[`, 1L), lapply(1:400, kind))
  expect_false(any(vapply(values, `[[`, NA, 2L)))
  expect_identical(
    memRun(memLapply(memLapply(1:400, kind, CONTROL = memControl(lazy = TRUE)), function(x) { x[[1]] <- x[[1]]; x }, CONTROL = memControl(lazy = TRUE))),
    lapply(1:400, kind)
  )
})
