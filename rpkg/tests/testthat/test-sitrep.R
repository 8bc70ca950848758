test_that("a report has what a helper needs, and says where options come from", {
  withr::local_options(memshare.cores = 2)
  withr::local_envvar(MEMSHARE_QUIET = "TRUE", MEMSHARE_CORES = "3")
  # Each has an element only while the other is at one.
  meet <- function(i, directory) {
    file.create(file.path(directory, i))
    while (length(list.files(directory)) < 2L) Sys.sleep(0.001)
  }
  memLapply(1:2, meet, directory = withr::local_tempdir())
  report <- memSitrep()
  expect_identical(report$versions[["memshare"]], as.character(utils::packageVersion("memshare")))
  expect_identical(report$options, c(memshare.cores = "2 (options)", memshare.quiet = "TRUE (environment)"))
  expect_match(report$session[["last run"]], "memLapply\\(meet\\), done, 2 workers")
  expect_match(report$limits[["open files"]], "^([0-9]+|unlimited)$")
  said <- capture.output(print(report))
  expect_true(all(nchar(unlist(report)) > 0))
  expect_identical(said[grep("^[a-z]", said)], names(report))
})

test_that("text of the system cannot control the terminal", {
  withr::local_envvar(MEMSHARE_LOG = "\033[31mred")
  expect_false(any(grepl("\033", format(memSitrep()), fixed = TRUE)))
})
