# Files of ours that were damaged, replaced or planted: registered variables in shared memory and in the directory that stands in for it,
# saved runs, profiles. Each use gives the right value or an error of ours; of the numbers in a variable, which nothing checks, another
# number. Never a crash, a hang, or something else's bytes. What is tried follows from seeds: fixtures/damage-session.R.
# MEMSHARE_DAMAGE is how many cases each kind of place gets.

cases <- as.integer(Sys.getenv("MEMSHARE_DAMAGE", "60"))
first_seed <- as.integer(Sys.getenv("MEMSHARE_DAMAGE_SEED", "1"))

# Runs one session, and gives what came of each case: a data frame of seed, kind, how and outcome.
damaged <- function(first, count, directory = "", before = "true") {
  command <- paste(before, "; exec timeout", max(120L, 6L * count), shQuote(rscript()), "--vanilla", shQuote(test_path("fixtures", "damage-session.R")), first, count, shQuote(directory), "2>&1")
  inside <- if (before == "true") "sh" else c("unshare", "-m", "sh")
  out <- suppressWarnings(system2(inside[[1L]], c(inside[-1L], "-c", shQuote(command)), stdout = TRUE))
  lines <- regmatches(out, regexec("^([0-9]+) ([a-z]+) ([a-z_]+) (.*?) ?$", out))
  lines <- do.call(rbind, lines[lengths(lines) > 0L])
  expect_identical(utils::tail(out, 1L), "done", info = paste(utils::tail(out, 5L), collapse = "\n"))
  data.frame(seed = as.integer(lines[, 2L]), kind = lines[, 3L], how = lines[, 4L], outcome = lines[, 5L])
}

expect_right_or_refused <- function(found, count) {
  expect_identical(nrow(found), count)
  bad <- found[!found$outcome %in% c("right", "refused", "changed"), ]
  expect_identical(nrow(bad), 0L, info = paste(utils::capture.output(print(bad)), collapse = "\n"))
  # What tells nothing is a defect of the test.
  expect_gt(sum(found$outcome == "refused"), count / 3)
  if (nzchar(Sys.getenv("MEMSHARE_DAMAGE"))) print(table(found$kind, found$outcome))
}

# A /dev/shm of its own where that can be had: the cases look for the one variable that is there.
own_memory <- identical(suppressWarnings(system2("unshare", c("-m", "true"), stdout = FALSE, stderr = FALSE)), 0L) && file.exists("/dev/shm")

test_that("damaged files in shared memory, saved runs and profiles are errors", {
  skip_on_cran()
  skip_if_not(own_memory, "needs root and a mount namespace")
  expect_right_or_refused(damaged(first_seed, cases, before = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"), cases)
})

test_that("damaged files in a directory are errors", {
  skip_on_cran()
  skip_if_not(own_memory, "needs root and a mount namespace")
  dir.create(directory <- tempfile(), mode = "0700")
  found <- damaged(first_seed + 1000000L, cases, directory, "mount -t tmpfs -o ro tmpfs /dev/shm")
  expect_right_or_refused(found, cases)
  expect_identical(list.files(directory, all.files = TRUE, no.. = TRUE), character())
})
