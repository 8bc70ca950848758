# memControl(seed = ): random numbers that depend on the element alone.

draw <- function(v) c(runif(2), rnorm(1), sample(10, 1))

test_that("a seed gives the same numbers whatever workers, chunks and deaths", {
  reference <- memLapply(1:40, draw, MAX.CORES = 1, CONTROL = memControl(seed = 11))
  for (i in 1:8) {
    way <- next_way()
    expect_identical(memLapply(1:40, draw, MAX.CORES = way$workers, CONTROL = control_of(way, seed = 11)), reference, label = label_of(way))
  }
  expect_false(identical(memLapply(1:40, draw, CONTROL = memControl(seed = 12)), reference))
  expect_length(unique(reference), 40)
})

test_that("streams are those of package parallel", {
  setter <- memshare:::stream_setter(11)
  old <- get0(".Random.seed", globalenv())
  on.exit(if (is.null(old)) rm(".Random.seed", envir = globalenv()) else assign(".Random.seed", old, envir = globalenv()))
  at <- function(index) {
    setter(index)
    get(".Random.seed", globalenv())
  }
  first <- memshare:::first_stream(11)
  expect_identical(at(1), first)
  expect_identical(at(3), parallel::nextRNGSubStream(parallel::nextRNGSubStream(first)))
  expect_identical(at(2), parallel::nextRNGSubStream(first))
  expect_identical(at(1025), parallel::nextRNGStream(first))
  expect_identical(at(2050), parallel::nextRNGSubStream(parallel::nextRNGStream(parallel::nextRNGStream(first))))
  expect_identical(at(5), memshare:::stream_setter(11) |> (function(other) {
    other(5)
    get(".Random.seed", globalenv())
  })())
})

test_that("without a seed elements still differ", {
  values <- unlist(memLapply(1:10, function(v) runif(1)))
  expect_length(unique(values), 10)
})
