# What goes wrong in a chain: which pass and element it was, and that nothing else is left of it.

lazy <- memControl(lazy = TRUE)
genes <- stats::setNames(as.list(1:10), paste0("gene_", 1:10))

caught <- function(code) tryCatch(code, error = identity)

test_that("an error names pass and element", {
  fails <- function(v) if (v == 7) stop("negative variance") else v
  x <- memLapply(genes, identity, CONTROL = lazy)
  z <- memLapply(x, fails, CONTROL = lazy)
  top <- memReduce(memLapply(z, sqrt, CONTROL = lazy), `+`)
  error <- caught(memRun(z = z, top))
  expect_identical(conditionMessage(error), "pass 'z': FUN failed at element 7 ('gene_7'): negative variance")
  expect_s3_class(error, "memshare_error_element")
  expect_identical(error$pass, "z")
  expect_equal(error$index, 7)
  expect_identical(error$name, "gene_7")
  expect_identical(conditionMessage(error$parent), "negative variance")
  expect_true(length(error$calls) > 0)
  expect_match(conditionMessage(caught(memRun(top))), "^pass 'z': FUN failed at element 7")
  # One pass alone is spoken of as it always was.
  alone <- caught(memRun(memLapply(genes, fails, CONTROL = lazy)))
  expect_identical(conditionMessage(alone), "FUN failed at element 7 ('gene_7'): negative variance")
})

test_that("an error ends the whole run, and leaves nothing", {
  skip_if_not(dir.exists("/dev/shm"))
  memLapply(1, identity)
  gc()
  before <- segments()
  slow <- memLapply(1:200, function(i) Sys.sleep(0.2), CONTROL = lazy)
  bad <- memLapply(slow, function(v) stop("at once"), CONTROL = lazy)
  after <- memLapply(bad, function(v) v, CONTROL = lazy)
  started <- proc.time()[["elapsed"]]
  expect_error(memRun(after, slow, MAX.CORES = 2), "pass 'bad': FUN failed at element [0-9]+: at once", class = "memshare_error_element")
  expect_lt(proc.time()[["elapsed"]] - started, 10)
  gc()
  expect_identical(left_over(before), character())
  expect_identical(memLapply(1:2, sqrt), lapply(1:2, sqrt))
})

test_that("a plan can run again after an error", {
  plan <- memPlan(memLapply(1:3, function(i, y) if (i == y) stop("hit") else i, VARS = list(y = 0), CONTROL = lazy))
  expect_error(memRun(plan, VARS = list(y = 2)), "FUN failed at element 2: hit", class = "memshare_error_element")
  expect_identical(memRun(plan), list(1L, 2L, 3L))
  expect_error(memRun(plan, VARS = list(y = 3)), "FUN failed at element 3: hit")
})

test_that("what fails in combining is said of the user's pass", {
  x <- memLapply(genes, identity, CONTROL = lazy)
  total <- memReduce(x, function(a, b) if (b > 5) stop("too big") else a + b)
  error <- caught(memRun(total))
  expect_identical(conditionMessage(error), "pass 'total': FUN failed while combining: too big")
  expect_identical(error$pass, "total")
  expect_null(error$index)
  expect_error(memReduce(1:10, function(a, b) stop("no")), "^FUN failed while combining: no$", class = "memshare_error_element")
  warned <- NULL
  value <- withCallingHandlers(
    memReduce(1:3, function(a, b) {
      warning("careful")
      a + b
    }),
    warning = function(w) {
      warned <<- c(warned, conditionMessage(w))
      tryInvokeRestart("muffleWarning")
    }
  )
  expect_identical(value, 6L)
  expect_match(warned, "combining: careful")
})

test_that("a result that does not match FUN.VALUE is said of its pass", {
  x <- memLapply(1:3, function(i) if (i == 2) "b" else i, CONTROL = memControl(FUN.VALUE = 0, lazy = TRUE))
  y <- memLapply(1:2, function(i, x) x, VARS = list(x = x), CONTROL = lazy)
  error <- caught(memRun(y))
  expect_s3_class(error, "memshare_error_value")
  expect_match(conditionMessage(error), "^pass 'x': a result does not match FUN.VALUE")
  expect_identical(error$pass, "x")
  each <- caught(memLapply(x, sqrt))
  expect_match(conditionMessage(each), "^pass 'x': a result does not match FUN.VALUE: that of element 2")
  both <- caught(memRun(x, memLapply(1, sqrt, CONTROL = lazy)))
  expect_s3_class(both, "memshare_error_value")
  expect_match(conditionMessage(both), "^pass 'x': a result does not match FUN.VALUE")
  expect_match(conditionMessage(caught(memRun(x))), "^a result does not match FUN.VALUE")
})

test_that("warnings and messages name their pass where there are several", {
  seen <- character()
  noted <- function(code) {
    seen <<- character()
    withCallingHandlers(code,
      warning = function(w) {
        seen <<- c(seen, conditionMessage(w))
        tryInvokeRestart("muffleWarning")
      },
      message = function(m) {
        seen <<- c(seen, conditionMessage(m))
        tryInvokeRestart("muffleMessage")
      }
    )
  }
  a <- memLapply(genes, function(v) {
    if (v == 2) warning("odd")
    v
  }, CONTROL = lazy)
  b <- memLapply(a, function(v) {
    if (v == 3) message("three")
    v
  }, CONTROL = lazy)
  noted(memRun(a, b))
  expect_identical(seen, c("pass 'a': element 2 ('gene_2'): odd", "pass 'b': element 3 ('gene_3'): three\n"))
  noted(memRun(a))
  expect_identical(seen, "element 2 ('gene_2'): odd")
})

test_that("a killed worker is survived, and an element that always kills is named with its pass", {
  skip_on_cran()
  file <- tempfile()
  a <- memLapply(1:8, function(i) i * 2, CONTROL = lazy)
  b <- memLapply(a, function(v, file) {
    if (v == 6 && !file.exists(file)) {
      file.create(file)
      tools::pskill(Sys.getpid(), 9)
      Sys.sleep(5)
    }
    v + 1
  }, VARS = list(file = file), CONTROL = lazy)
  expect_identical(memRun(a, b), list(a = as.list(1:8 * 2), b = as.list(1:8 * 2 + 1)))
  deadly <- memLapply(a, function(v) if (v == 6) {
    tools::pskill(Sys.getpid(), 9)
    Sys.sleep(5)
  } else v, CONTROL = memControl(retries = 1, lazy = TRUE))
  error <- caught(memRun(a, deadly))
  expect_s3_class(error, "memshare_error_worker_died")
  expect_match(conditionMessage(error), "^pass '(deadly|a)': element 3")
})

test_that("a missing package and a timeout are said plainly in chains", {
  a <- memLapply(1:2, function(i) i, CONTROL = lazy)
  expect_error(memLapply(a, function(v) v, CONTROL = memControl(packages = "no.such.package")), class = "memshare_error_package")
  slow <- memLapply(a, function(v) Sys.sleep(20), CONTROL = memControl(timeout = 0.3, lazy = TRUE))
  expect_error(memRun(slow), class = "memshare_error_timeout")
  expect_identical(memRun(a), list(1L, 2L))
})
