# Generics that other packages have too: whichever is attached last, each object finds its method.

# Our objects and theirs, with both packages attached in this order.
both_orders <- function(theirs, code, before = character()) {
  for (packages in list(c(theirs, "memshare"), c("memshare", theirs))) {
    attach <- sprintf("suppressWarnings(suppressPackageStartupMessages(library(%s)))", packages)
    out <- run_r(c("detach('package:memshare', unload = TRUE)", before, attach, code))
    expect_identical(tail(out, 1L), "TRUE TRUE TRUE", label = paste(packages, collapse = ", "))
  }
}

test_that("explain() and collect() work beside dplyr's", {
  skip_if_not_installed("dplyr")
  both_orders("dplyr", c(
    "for (generic in c('explain', 'collect')) registerS3method(generic, 'their_class', function(x, ...) 'theirs', envir = asNamespace('dplyr'))",
    "x <- structure(list(), class = 'their_class')",
    "plan <- memPlan(memLapply(1:2, function(i) i, CONTROL = memControl(lazy = TRUE)), MAX.CORES = 1)",
    "handle <- memRun(plan, wait = FALSE)",
    "cat(identical(collect(handle), list(1L, 2L)), inherits(explain(plan), 'memshare_explanation'), ",
    "    identical(c(explain(x), collect(x)), c('theirs', 'theirs')), sep = ' ')", "cat('\\n')"
  ))
})

# A package with generics of these names, in a library of its own; of the future package no more is needed.
local_future <- function() {
  source <- file.path(tempfile(), "future")
  library <- tempfile()
  for (directory in c(file.path(source, "R"), library)) dir.create(directory, recursive = TRUE)
  writeLines(c("Package: future", "Version: 1.0", "Title: T", "Description: D.", "License: GPL", "Author: A", "Maintainer: A <a@b.c>"),
             file.path(source, "DESCRIPTION"))
  generics <- c("resolved", "cancel", "result")
  writeLines(sprintf("export(%s)", generics), file.path(source, "NAMESPACE"))
  writeLines(sprintf("%s <- function(x, ...) UseMethod('%s')", generics, generics), file.path(source, "R", "g.R"))
  system2(file.path(R.home("bin"), "R"), c("CMD", "INSTALL", "--no-docs", paste0("--library=", library), source), stdout = FALSE, stderr = FALSE)
  library
}

test_that("resolved() and cancel() work beside future's", {
  skip_on_cran()
  both_orders("future", before = sprintf(".libPaths(c('%s', .libPaths()))", local_future()), c(
    "x <- structure(list(), class = 'their_class')",
    "registerS3method('resolved', 'their_class', function(x, ...) 'theirs', envir = asNamespace('future'))",
    "plan2 <- memPlan(memLapply(1:2, function(i) i, CONTROL = memControl(lazy = TRUE)), MAX.CORES = 1)",
    "handle <- memRun(plan2, wait = FALSE)", "value <- memshare::collect(handle)",
    "cat(isTRUE(resolved(handle)), identical(resolved(x), 'theirs'), inherits(cancel(handle), 'memshare_handle'), sep = ' ')", "cat('\\n')"
  ))
})

test_that("their generic finds their methods alone, and has no say where it has only its default", {
  skip_on_cran()
  out <- run_r(c(
    sprintf(".libPaths(c('%s', .libPaths()))", local_future()),
    "for (class in c('their_class', 'list')) {",
    "  registerS3method('resolved', class, function(x, ...) NextMethod(), envir = asNamespace('future'))", "}",
    "registerS3method('resolved', 'default', function(x, ...) 'their default', envir = asNamespace('future'))",
    "x <- structure(list(), class = 'their_class')",
    "error <- tryCatch(memshare::resolved(data.frame(a = 1)), error = identity)",
    "cat(identical(memshare::resolved(x), 'their default'), identical(memshare::resolved(list(x)), 'their default'),",
    "    inherits(error, 'memshare_error_input'), sep = ' ')", "cat('\\n')"
  ))
  expect_identical(tail(out, 1L), "TRUE TRUE TRUE")
})

test_that("what neither knows is our error", {
  for (generic in list(collect, resolved, cancel)) expect_error(generic(42), class = "memshare_error_input")
})
