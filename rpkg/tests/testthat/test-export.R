# memExport(): a plan or a run for other programs. That they really read it is tested in tests/e2e.

lazy <- memControl(lazy = TRUE)

small_run <- function() {
  memLapply(c(a = 1, b = 2, c = 3), function(v, k) v + k, VARS = list(k = 1), MAX.CORES = 1)
  memLastRun()
}

test_that("a file's ending says the format", {
  run <- small_run()
  begins <- c(
    .json = "{\"format\":\"memshare-record\"", .dot = "digraph memshare {", .gv = "digraph memshare {", .mmd = "flowchart LR",
    .mermaid = "flowchart LR", .trace.json = "{\"displayTimeUnit\":", .trace = "{\"displayTimeUnit\":", .html = "<!", .JSON = "{\"format\":"
  )
  for (ending in names(begins)) {
    file <- tempfile(fileext = ending)
    expect_identical(withVisible(memExport(run, file)), list(value = file, visible = FALSE))
    expect_true(startsWith(readLines(file, n = 1L), begins[[ending]]), info = ending)
  }
  expect_error(memExport(run, "run.xyz"), "does not say a format", class = "memshare_error_input")
  expect_false(file.exists("run.xyz"))
})

test_that("without a file there is text, of the format that was asked for", {
  run <- small_run()
  file <- tempfile(fileext = ".txt")
  for (format in c("json", "dot", "mermaid", "trace", "html")) {
    text <- memExport(run, format = format)
    expect_type(text, "character")
    expect_identical(Encoding(enc2utf8(text)), Encoding(text))
    memExport(run, file, format)
    expect_identical(readChar(file, 1e7, useBytes = TRUE), text)
  }
  expect_identical(memExport(run), memExport(run, format = "json"))
})

test_that("plans, runs and saved records can be exported", {
  a <- memLapply(1:6, function(i) i, CONTROL = lazy)
  b <- memLapply(1:2, function(i, a) i, VARS = list(a = a), CONTROL = lazy)
  plan <- memPlan(b, MAX.CORES = 2)
  saved <- tempfile(fileext = ".memshare")
  memSave(plan, saved)
  for (format in c("json", "dot", "mermaid")) {
    text <- memExport(memLoad(saved), format = format)
    expect_identical(memExport(saved, format = format), text)
    expect_match(text, if (format == "json") "\"kind\":\"plan\"" else "6 elements", fixed = TRUE)
  }
  expect_error(memExport(plan, format = "trace"), "a plan has no trace: run it", class = "memshare_error_input")
  expect_error(memExport(saved, tempfile(fileext = ".trace.json")), "a plan has no trace", class = "memshare_error_input")
  memRun(plan)
  memSave(memLastRun(), saved)
  expect_identical(memExport(saved, format = "trace"), memExport(memLastRun(), format = "trace"))
})

test_that("what cannot be exported is said", {
  run <- small_run()
  expect_error(memExport(1:3), "a plan of memPlan()", fixed = TRUE, class = "memshare_error_input")
  expect_error(memExport(run, format = "svg"), "format must be one of \"json\"", class = "memshare_error_input")
  expect_error(memExport(run, file = 3), "file must be one non-empty string", class = "memshare_error_input")
  expect_error(memExport(run, file.path(tempdir(), "not", "there.json")), class = "memshare_error_system")
  expect_error(memExport(file.path(tempdir(), "none.memshare")), class = "memshare_error_system")
})

test_that("names of any kind come through", {
  lazy <- memControl(lazy = TRUE)
  odd <- memLapply(1:3, function(i) i, CONTROL = lazy)
  plan <- do.call(memPlan, list("a \"b\" <script> \\ \u00e9" = odd, MAX.CORES = 1))
  expect_match(memExport(plan, format = "json"), "a \\\"b\\\" <script> \\\\ \u00e9", fixed = TRUE)
  expect_match(memExport(plan, format = "dot"), "a \\\"b\\\" <script> \\\\ \u00e9", fixed = TRUE)
  expect_match(memExport(plan, format = "mermaid"), "a #34;b#34; #60;script#62; #92; \u00e9", fixed = TRUE)
})

test_that("drawings may leave out what gives memory back", {
  run <- fixture("diamond")
  for (format in c("dot", "mermaid")) {
    expect_match(memExport(run, format = format), "release")
    expect_no_match(memExport(run, format = format, releases = FALSE), "release")
  }
  expect_error(memExport(run, format = "dot", releases = "no"), class = "memshare_error_input")
})
