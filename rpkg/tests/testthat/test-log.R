# options(memshare.log = ) writes what the native side does, and nothing without it.

test_that("the session's log tells of workers, and a bad filter is an error", {
  script <- tempfile(fileext = ".R")
  writeLines(c(
    "library(memshare)",
    "bad <- tryCatch(memLapply(1, identity, MAX.CORES = 1), memshare_error_input = conditionMessage)",
    "stopifnot(grepl('loud=very=much', bad))",
    "options(memshare.log = 'trace')",
    "memLapply(1:2, identity, MAX.CORES = 1)",
    "log <- readLines(file.path(tempdir(), 'memshare', 'session.log'))",
    "stopifnot(any(grepl('TRACE.*action=Finish', log)))"
  ), script)
  run <- function(...) system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", script), env = c(...), stdout = TRUE, stderr = TRUE)
  out <- run("MEMSHARE_LOG=loud=very=much", paste0("R_LIBS=", paste(.libPaths(), collapse = ":")))
  expect_null(attr(out, "status"), info = paste(out, collapse = "\n"))
})
