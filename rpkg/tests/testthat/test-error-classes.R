# Whatever an exported function is given: what it raises is an error of memshare.
skip_on_cran()

silly <- list(
  "NULL" = NULL, "NA" = NA, "no text" = character(), "an empty list" = list(), "a symbol" = quote(x), "a function" = function(...) NULL,
  "-1" = -1, "Inf" = Inf, "a data frame" = data.frame(a = 1:2, b = 3:4), "a text" = "nothing", "an environment" = new.env(),
  "one" = 1L, "an S4 object" = methods::getClass("numeric"), "a call" = quote(f(x)), "NA text" = NA_character_, "numbers" = c(1.5, NA)
)

lazy_plan <- function() memPlan(memLapply(1:2, identity, CONTROL = memControl(lazy = TRUE)))

# What makes a call complete, where the arguments that follow could not be looked at without it.
complete <- function() {
  list(
    memLapply = list(X = 1:2, FUN = identity), memApply = list(X = matrix(1:4, 2), MARGIN = 1, FUN = sum),
    memMapply = list(FUN = function(a, b) a, 1:2, 1:2), memReduce = list(X = 1:3, FUN = `+`), mutualinfo = list(x = 1:2, y = 1:2),
    memMutualinfo = list(X = matrix(1:4, 2), y = 1:2),
    memAllocate = list(namespace = "silly", name = "a", type = "double", dim = 2), registerVariables = list("silly", list(b = 1)),
    memMap = list(namespace = "silly", name = "m", file = tempfile(), type = "double"), memWrite = list("silly", "none", 1),
    retrieveViews = list("silly", "none"), releaseViews = list("silly", "none"), retrieveMetadata = list("silly", "none"),
    releaseVariables = list("silly", "none"), memWhy = list("silly", "none"), memSave = list(1, tempfile()),
    memCompare = list(plan = lazy_plan()), memSimulate = list(plan = lazy_plan()),
    memStory = list(1, "none"), memshare_gc = list("silly"), memSaveProfile = list(NULL, tempfile())
  )
}

# The class of what the call raises, or NULL.
raised <- function(name, arguments) {
  tryCatch(
    {
      utils::capture.output(suppressWarnings(suppressMessages(do.call(getExportedValue("memshare", name), arguments, quote = TRUE))))
      NULL
    },
    error = function(e) if (inherits(e, "memshare_error")) NULL else paste(class(e)[[1L]], conditionMessage(e))
  )
}

# memTop() reads what a person types, memView() opens a browser.
exported <- function() {
  names <- Filter(function(name) is.function(getExportedValue("memshare", name)), getNamespaceExports("memshare"))
  sort(setdiff(names, c("memTop", "memView")))
}

test_that("an argument that is missing is an error of memshare, which names it", {
  for (name in exported()) {
    needed <- Filter(function(default) is.symbol(default) && !nzchar(as.character(default)), formals(getExportedValue("memshare", name)))
    expect_null(raised(name, list()), label = paste0(name, "()"))
    for (argument in setdiff(names(needed), "...")) {
      arguments <- as.list(complete()[[name]])
      expect_null(raised(name, arguments[names(arguments) != argument]), label = paste0(name, "() without ", argument))
    }
  }
  expect_error(memLapply(FUN = identity), "X is missing", class = "memshare_error_input")
  expect_error(memLapply(1:2), "FUN is missing", class = "memshare_error_input")
  expect_error(memApply(matrix(1:4, 2), FUN = sum), "MARGIN is missing", class = "memshare_error_input")
  wrapper <- function(x) memLapply(x, identity)
  expect_error(wrapper(), "X is missing", class = "memshare_error_input")
})

test_that("an argument of a wrong kind is an error of memshare", {
  directory <- tempfile()
  dir.create(directory)
  old <- setwd(directory)
  on.exit(setwd(old))
  for (name in exported()) {
    given <- complete()[[name]]
    function_of <- getExportedValue("memshare", name)
    for (argument in setdiff(names(formals(function_of)), "...")) {
      for (what in names(silly)) {
        arguments <- as.list(match.call(function_of, as.call(c(as.name(name), given)), expand.dots = TRUE))[-1L]
        arguments[argument] <- list(silly[[what]])
        expect_null(raised(name, arguments), label = sprintf("%s(%s = %s)", name, argument, what))
      }
    }
  }
  # The text is a namespace where one is asked for.
  for (namespace in c("silly", silly[["a text"]])) memshare_gc(namespace)
})

test_that("an error of the argument's own code stays as it is", {
  mine <- structure(class = c("mine", "error", "condition"), list(message = "mine", call = NULL))
  expect_error(memLapply(stop(mine), identity), class = "mine")
  expect_error(memLapply(1:2, stop(mine)), class = "mine")
})

test_that("a count that must be there is not NULL", {
  expect_error(memControl(retries = NULL), "retries must be", class = "memshare_error_input")
  expect_error(memMap("silly", "m", tempfile(), "double", offset = NULL), "offset must be", class = "memshare_error_input")
})
