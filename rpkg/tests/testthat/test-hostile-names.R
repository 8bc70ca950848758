# Names and messages that hold what a terminal, a browser or another program acts on do nothing in what memshare shows.

hostile <- paste0(
  "\u001b[31m\u009b2J\u202e\u2066\u200f", "</script><img src=x onerror=alert(1)>", "\"'\\]}--%%{{script}}", "a\nb\rc\u0007"
)
# What a terminal acts on, of letters given as numbers; line feeds and tabs are harmless.
acts <- as.integer(c(1:8, 11:31, 127:159, 0x61c, 0x200e, 0x200f, 0x202a:0x202e, 0x2066:0x2069))
expect_harmless <- function(text, label, but = integer()) {
  text <- paste(text, collapse = "\n")
  expect_true(validUTF8(text), label = label)
  expect_identical(setdiff(intersect(utf8ToInt(text), acts), but), integer(), label = label)
}

lazy <- memControl(lazy = TRUE)
takes_it <- function(x, y) x
formals(takes_it) <- stats::setNames(formals(takes_it), c("x", hostile))
hostile_list <- stats::setNames(as.list(1:4), c(hostile, "", "<b>", "d"))
hostile_passes <- function() {
  first <- memLapply(hostile_list, takes_it, VARS = stats::setNames(list(1), hostile), CONTROL = lazy)
  second <- memLapply(first, function(v) v, CONTROL = lazy)
  do.call(memPlan, c(stats::setNames(list(first, second), c(hostile, "second")), MAX.CORES = 1))
}

expect_harmless_views <- function(x, what) {
  printed <- list(
    print = function() print(x), summary = function() print(summary(x)), explain = function() print(explain(x)),
    why = function() print(memWhy(x, hostile)), story = function() print(memStory(x, hostile))
  )
  if (is.null(what$named)) printed[c("why", "story")] <- NULL
  for (view in names(printed)) {
    out <- tryCatch(utils::capture.output(printed[[view]]()), memshare_error = conditionMessage)
    expect_harmless(out, paste(what$label, view))
  }
  for (format in what$formats) {
    text <- memExport(x, format = format)
    # The page's own script has a mark of its own, and tags.
    expect_harmless(text, paste(what$label, format), but = if (format == "html") 1L)
    if (format != "html") next
    expect_identical(lengths(regmatches(text, gregexpr("<script", text, fixed = TRUE))), 2L)
    expect_false(grepl("<img src=x", text, fixed = TRUE))
  }
}

test_that("plans, runs and saved runs show hostile names as text", {
  plan <- hostile_passes()
  expect_harmless_views(plan, list(label = "plan", named = TRUE, formats = c("json", "dot", "mermaid", "html")))
  expect_harmless(utils::capture.output(utils::str(plan)), "str")
  value <- memRun(plan)
  expect_identical(value[[1L]], hostile_list)
  every <- c("json", "dot", "mermaid", "trace", "html")
  expect_harmless_views(memLastRun(), list(label = "run", named = TRUE, formats = every))
  memSave(memLastRun(), file <- tempfile())
  expect_harmless_views(memLoad(file), list(label = "saved", named = TRUE, formats = every))
  if (requireNamespace("jsonlite", quietly = TRUE)) {
    names <- unlist(lapply(jsonlite::fromJSON(memExport(memLastRun(), format = "json"), simplifyVector = FALSE)$passes, `[[`, "name"))
    expect_true(hostile %in% names)
  }
})

test_that("errors say hostile names as text, and keep them as they are in their fields", {
  fails <- function(v) stop("no")
  e <- expect_error(memLapply(hostile_list, fails, MAX.CORES = 1), class = "memshare_error_element")
  expect_harmless(conditionMessage(e), "element")
  expect_identical(e$name, hostile)
  plan <- do.call(memPlan, stats::setNames(list(memLapply(hostile_list, fails, CONTROL = lazy), memLapply(1, identity, CONTROL = lazy)), c(hostile, "b")))
  e <- expect_error(memRun(plan), class = "memshare_error_element")
  expect_harmless(conditionMessage(e), "pass")
  # What FUN itself says is left alone: packages colour their messages.
  e <- expect_error(memLapply(1, function(v, said) stop(said), VARS = list(said = hostile), MAX.CORES = 1))
  expect_match(conditionMessage(e), "\u001b[31m", fixed = TRUE)
  said <- character()
  withCallingHandlers(
    memLapply(hostile_list, function(v) warning("mine"), MAX.CORES = 1),
    warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") }
  )
  expect_length(said, 4L)
  expect_harmless(said, "warning")
  refused <- list(
    function() memLapply(hostile_list, function(v) v, VARS = stats::setNames(list(1), hostile)),
    function() retrieveViews("hostile", hostile), function() releaseVariables(hostile, "x"),
    function() do.call(memControl, stats::setNames(list(1), hostile)), function() memLoad(hostile), function() memWhy(memLastRun(), hostile),
    function() memApply(matrix(1, 1, 1), hostile, sum), function() memMap("hostile", "x", hostile, "integer")
  )
  for (code in refused) expect_harmless(conditionMessage(expect_error(code(), class = "memshare_error")), deparse(body(code))[[1L]])
})

test_that("variables with hostile names are listed as text", {
  local_variables(hostile, stats::setNames(list(1:3, 2), c(hostile, "b")))
  expect_identical(retrieveViews(hostile, hostile)[[1L]], 1:3)
  expect_harmless(utils::capture.output(print(memWhy(hostile, hostile))), "memWhy")
  expect_harmless(utils::capture.output(print(memTop())), "memTop")
  e <- expect_error(registerVariables(hostile, stats::setNames(list(1), hostile)), class = "memshare_error_already_registered")
  expect_harmless(conditionMessage(e), "already registered")
  expect_identical(e$name, hostile)
})

test_that("names that are no text are an error that is", {
  bad <- rawToChar(as.raw(c(0x66, 0xff, 0xc3, 0x28, 0x1b, 0x5b)))
  refused <- list(
    function() registerVariables(bad, list(x = 1)), function() registerVariables("hostile", stats::setNames(list(1), bad)),
    function() retrieveViews(bad, "x"), function() do.call(memControl, stats::setNames(list(1), bad))
  )
  for (code in refused) expect_harmless(conditionMessage(expect_error(code(), class = "memshare_error")), deparse(body(code))[[1L]])
  named <- stats::setNames(as.list(1:3), c(bad, "b", "c"))
  expect_identical(memLapply(named, function(v) v, MAX.CORES = 1), named)
  e <- expect_error(memLapply(named, function(v) stop("no"), MAX.CORES = 1), class = "memshare_error_element")
  expect_harmless(conditionMessage(e), "element")
  expect_harmless(utils::capture.output(print(memLastRun())), "run")
  expect_harmless(memExport(memLastRun(), format = "html"), "page", but = 1L)
})
