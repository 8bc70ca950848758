# Reading a value can load a package on the worker, and what the package does then comes back into memshare: into the handlers that stand
# around FUN, or into its native functions.

# A package of one function `value()`, whose .onLoad runs `code`; in a library of its own, which is searched until the frame is left.
local_package <- function(name, code, frame = parent.frame()) {
  library <- tempfile("library")
  source <- file.path(library, "source", name)
  dir.create(file.path(source, "R"), recursive = TRUE)
  writeLines(c(
    paste("Package:", name), "Version: 1.0", "Title: Test", "Description: Test.", "Author: Test", "Maintainer: Test <test@test>",
    "License: MIT"
  ), file.path(source, "DESCRIPTION"))
  writeLines("export(value)", file.path(source, "NAMESPACE"))
  writeLines(c("value <- function(x) x + 1", ".onLoad <- function(libname, pkgname) {", code, "}"), file.path(source, "R", "code.R"))
  output <- system2(
    file.path(R.home("bin"), "R"), c("CMD", "INSTALL", "--no-test-load", paste0("--library=", library), source), stdout = TRUE, stderr = TRUE
  )
  if (!dir.exists(file.path(library, name))) stop(paste(output, collapse = "\n"))
  old <- .libPaths()
  .libPaths(c(library, old))
  withr_defer({
    .libPaths(old)
    unlink(library, recursive = TRUE)
  }, frame)
}

# The package's function, whose package the session has not loaded any more: only where it is read the package is loaded again.
function_of <- function(name) {
  value <- suppressWarnings(getExportedValue(name, "value"))
  unloadNamespace(name)
  value
}

test_that("a package that warns when it is loaded may come with X, with VARS, or captured", {
  local_package("warnsOnLoad", "  warning('loaded anew')")
  value <- function_of("warnsOnLoad")
  control <- memControl(chunk = 2, fresh = TRUE)
  said <- character()
  noting <- function(code) {
    said <<- character()
    withCallingHandlers(code, warning = function(w) {
      said <<- c(said, conditionMessage(w))
      invokeRestart("muffleWarning")
    })
  }
  items <- list(1, value, value, value)
  fun <- function(item) if (is.function(item)) item(1) else item
  expect_identical(noting(memLapply(items, fun, MAX.CORES = 1, CONTROL = control)), list(1, 2, 2, 2))
  expect_identical(said, "element 2: loaded anew")
  expect_identical(noting(memLapply(1:3, function(i, f) f(i), VARS = list(f = value), MAX.CORES = 1, CONTROL = control)), list(2, 3, 4))
  captured <- list(value, numeric(1e6))
  expect_identical(noting(memLapply(1:3, function(i) captured[[1]](i), MAX.CORES = 1, CONTROL = control)), list(2, 3, 4))
  # A whole result of another pass, read before any chunk is taken.
  first <- memLapply(1:2, function(i) list(i), CONTROL = memControl(lazy = TRUE))
  all <- memLapply(items, function(item, first) length(first), VARS = list(first = first), CONTROL = memControl(lazy = TRUE, fresh = TRUE))
  expect_identical(noting(memRun(all, MAX.CORES = 1)), list(2L, 2L, 2L, 2L))
})

test_that("a package that calls into the worker's native code when it is loaded does no harm", {
  calls <- c("ms_worker_leave()", "ms_worker_next(0L)", "ms_worker_done()", "ms_worker_loop()", "ms_worker_at()", "ms_worker_collects()")
  local_package("callsOnLoad", c(
    sprintf("  try(memshare:::native(memshare:::%s), silent = TRUE)", calls),
    "  memshare:::ms_worker_condition(simpleWarning('from within'))"
  ))
  value <- function_of("callsOnLoad")
  expect_warning(
    result <- memLapply(list(1, value, value), function(item) if (is.function(item)) item(1) else item,
      MAX.CORES = 1, CONTROL = memControl(chunk = 3, fresh = TRUE)
    ),
    "from within"
  )
  expect_identical(result, list(1, 2, 2))
})

test_that("FUN that leaves the run loses its worker, and nothing else", {
  left <- function(i) {
    memshare:::ms_worker_leave()
    gc()
    i
  }
  expect_error(memLapply(1:3, left, MAX.CORES = 1, CONTROL = memControl(retries = 0)), class = "memshare_error")
  expect_identical(memLapply(1:3, identity, MAX.CORES = 1), list(1L, 2L, 3L))
})
