# The page: what is written, not how it looks (viewer/test has a browser).

# The document that stands in a page, as text.
document_in <- function(page) {
  text <- readChar(page, file.size(page), useBytes = TRUE)
  from <- regexpr('id="document">', text, fixed = TRUE, useBytes = TRUE)
  rest <- substring(text, from + nchar('id="document">'))
  substring(rest, 1L, regexpr("</script>", rest, fixed = TRUE) - 1L)
}

test_that("the page of a run is one file with the run's own figures", {
  memLapply(1:40, function(i) i, MAX.CORES = 2, CONTROL = memControl(trace = TRUE))
  run <- memLastRun()
  page <- expect_invisible(memView(run, open = FALSE))
  expect_match(page, "\\.html$")
  document <- document_in(page)
  expect_match(document, '"kind":"run"', fixed = TRUE)
  expect_match(document, sprintf('"chunks":%d,', as.integer(run$chunks)), fixed = TRUE)
  text <- readLines(page, warn = FALSE)
  expect_true(any(grepl("default-src 'none'; script-src 'sha256-", text, fixed = TRUE)))
  expect_false(any(grepl("<(script|link|img)[^>]*(src|href)=", text)))
})

test_that("the page of a plan says that it has not run", {
  plan <- memPlan(square = memLapply(1:10, function(i) i^2, CONTROL = memControl(lazy = TRUE)), MAX.CORES = 1)
  document <- document_in(memView(plan, open = FALSE))
  expect_match(document, '"kind":"plan"', fixed = TRUE)
  expect_match(document, '"name":"square"', fixed = TRUE)
})

test_that("a saved run and its file give the page that the run gives", {
  memLapply(1:10, function(i) i, MAX.CORES = 1, CONTROL = memControl(trace = TRUE))
  file <- tempfile()
  on.exit(unlink(file))
  memSave(memLastRun(), file)
  pages <- lapply(list(memLastRun(), memLoad(file), file), function(x) readLines(memView(x, open = FALSE), warn = FALSE))
  expect_identical(pages[[2]], pages[[1]])
  expect_identical(pages[[3]], pages[[1]])
})

test_that("names can be no part of the page's own language", {
  evil <- "</script><script>alert(1)</script>"
  plan <- do.call(memPlan, c(setNames(list(memLapply(1:3, identity, CONTROL = memControl(lazy = TRUE))), evil), MAX.CORES = 1))
  page <- paste(readLines(memView(plan, open = FALSE), warn = FALSE), collapse = "\n")
  expect_no_match(page, "<script>alert", fixed = TRUE)
  expect_match(page, "\\u003cscript\\u003ealert(1)", fixed = TRUE)
})

test_that("the file is opened when that is asked for", {
  opened <- NULL
  before <- options(browser = function(url) opened <<- url)
  on.exit(options(before))
  memLapply(1:3, identity, MAX.CORES = 1)
  page <- memView(memLastRun(), file = file.path(tempdir(), "a page.html"), open = TRUE)
  on.exit(unlink(page), add = TRUE)
  expect_match(opened, "a page.html", fixed = TRUE)
  opened <- NULL
  memView(memLastRun(), open = FALSE)
  expect_null(opened)
})

test_that("what cannot be shown, or written, is an error that says so", {
  expect_error(memView(1), "must be a plan of memPlan\\(\\), a run", class = "memshare_error_input")
  expect_error(memView(memLastRun(), open = NA), "open must be TRUE or FALSE", class = "memshare_error_input")
  nowhere <- file.path(tempdir(), "nowhere", "x.html")
  expect_error(memView(memLastRun(), file = nowhere, open = FALSE), "cannot write", class = "memshare_error")
})
