# Runs one test file of the R package in a process of its own, against the installed package.
# The tests see the package's own environment, as test_check() has it.
# All of them: what is skipped on CRAN for its length is what tells most.
Sys.setenv(NOT_CRAN = "true")
file <- commandArgs(TRUE)[[1]]
# Sessions that others have on this machine are none of the tests' business.
if (!nzchar(Sys.getenv("MEMSHARE_TEST_SHM"))) {
  this <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
  again <- c(file.path(dirname(this), "lib", "own-shm.sh"), file.path(R.home("bin"), "Rscript"), "--vanilla", this, file)
  quit("no", status = system2("sh", shQuote(again)))
}
suppressPackageStartupMessages({
  library(testthat)
  library(memshare)
})
environment <- new.env(parent = asNamespace("memshare"))
for (helper in list.files(dirname(file), "^helper.*[.]R$", full.names = TRUE)) sys.source(helper, environment)
results <- as.data.frame(test_file(file, reporter = "summary", env = environment, stop_on_failure = FALSE))
bad <- sum(results$failed) + sum(results$error)
cat(sprintf("\n%d expectations, %d bad\n", sum(results$nb), bad))
if (bad > 0 || !nrow(results)) quit("no", status = 1)
