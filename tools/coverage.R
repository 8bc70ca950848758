# How much of the package's R code its tests run, by package covr: each test file in a process of its own, two at a time, for all of them in one process take
# hours with every expression counted.
#
#   Rscript tools/coverage.R [SECONDS [PATTERN]]     SECONDS for each test file at most (600), which is then interrupted, and counts as far as it came; of
#                                                    all files, or of those whose names match
#
# What runs on workers alone (worker.R, watch.R, prepare.R, mirror.R and others) is not counted: covr writes down what ran when a process ends in R's way, and
# workers do not.
if (!requireNamespace("covr", quietly = TRUE)) stop("package covr is needed: on Debian, apt-get install r-cran-covr", call. = FALSE)
script <- normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]]))
root <- dirname(dirname(script))
asked <- commandArgs(TRUE)
seconds <- if (length(asked)) asked[[1L]] else "600"
files <- list.files(file.path(root, "rpkg", "tests", "testthat"), "^test-.*[.]R$", full.names = TRUE)
if (length(asked) > 1L) files <- grep(asked[[2L]], files, value = TRUE)
log <- tempfile("coverage-")
dir.create(log)

# Runs in a process that covr starts, whose library has the package that counts.
code <- substitute(
  {
    one <- function(file) {
      out <- file.path(log, sub("[.]R$", ".log", basename(file)))
      status <- system2("timeout", c("-s", "INT", "-k", "20", seconds, file.path(R.home("bin"), "Rscript"), "--vanilla", one_file, file), stdout = out, stderr = out)
      if (status != 0) writeLines(c(readLines(out, warn = FALSE), sprintf("status %d", status)), file.path(log, paste0("bad-", basename(out))))
    }
    invisible(parallel::mclapply(files, one, mc.cores = 2L, mc.preschedule = FALSE))
    # A session that a test kills may leave half of what it had to say.
    for (trace in list.files(.libPaths()[[1L]], "^covr_trace_", full.names = TRUE)) {
      if (inherits(try(readRDS(trace), silent = TRUE), "try-error")) unlink(trace)
    }
  },
  list(log = log, seconds = seconds, one_file = file.path(root, "tests", "one-file.R"), files = files)
)
code <- paste(deparse(code), collapse = "\n")
covered <- covr::package_coverage(file.path(root, "rpkg"), type = "none", code = code)
bad <- list.files(log, "^bad-")
if (length(bad)) cat(sprintf("%d of %d test files failed or did not end, and count as far as they came: %s\n", length(bad), length(files), paste(bad, collapse = ", ")))
by_line <- covr::tally_coverage(covered, by = "line")
by_line <- by_line[grepl("[.]R$", by_line$filename), ]
by_file <- sort(tapply(by_line$value > 0, basename(by_line$filename), mean))
cat(sprintf("%3.0f %%  %s\n", 100 * by_file, names(by_file)), sep = "")
cat(sprintf("%.1f %% of %d lines of R code\n", 100 * mean(by_line$value > 0), nrow(by_line)))
