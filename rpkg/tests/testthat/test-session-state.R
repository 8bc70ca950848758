# FUN on a worker finds the session as it is when the run begins, and nothing of what an earlier FUN left.
skip_on_cran()

one <- function(f, ..., cores = 1) unique(memLapply(seq_len(3 * cores), f, MAX.CORES = cores, ...))
# What FUN gives on every worker, beside what it gives here.
expect_as_here <- function(f, ..., label = NULL) {
  here <- list(f(1L, ...))
  for (cores in c(1, 3)) expect_identical(one(function(i) f(i), cores = cores, ...), here, label = label)
}
seen <- function(i) {
  list(
    Sys.getenv("MS_FOO", NA), format(as.POSIXct(0, origin = "1970-01-01")), getOption("digits"), getOption("ms.my"), RNGkind(),
    Sys.getlocale("LC_COLLATE"), getwd(), Sys.umask(NA), .libPaths(), format(pi)
  )
}
local_settings <- function(env = parent.frame()) {
  old <- options()
  variables <- Sys.getenv(c("MS_FOO", "TZ"), NA)
  collate <- Sys.getlocale("LC_COLLATE")
  directory <- getwd()
  mask <- Sys.umask(NA)
  libraries <- .libPaths()
  withr_like <- function() {
    options(ms.my = NULL)
    options(old)
    for (name in names(variables)) if (is.na(variables[[name]])) Sys.unsetenv(name) else do.call(Sys.setenv, as.list(variables[name]))
    Sys.setlocale("LC_COLLATE", collate)
    setwd(directory)
    Sys.umask(mask)
    .libPaths(libraries)
    suppressWarnings(RNGkind("default", "default", "default"))
  }
  do.call(on.exit, list(as.call(list(withr_like)), add = TRUE), envir = env)
}

test_that("settings are those of the session when the run begins, also after they changed", {
  local_settings()
  expect_as_here(seen)
  Sys.setenv(MS_FOO = "x", TZ = "America/New_York")
  expect_as_here(seen)
  options(digits = 3, ms.my = list("a", 1))
  expect_as_here(seen)
  options(ms.my = NULL)
  Sys.unsetenv("MS_FOO")
  expect_as_here(seen)
  suppressWarnings(RNGkind("Wichmann-Hill", "Box-Muller", "Rounding"))
  expect_as_here(seen)
  Sys.setlocale("LC_COLLATE", "C")
  setwd(tempdir())
  Sys.umask("077")
  .libPaths(c(tempdir(), .libPaths()))
  expect_as_here(seen)
})

test_that("a plan runs in the state of the session when memRun() is called", {
  local_settings()
  plan <- memPlan(memLapply(1:2, function(i) getOption("digits"), MAX.CORES = 2, CONTROL = memControl(lazy = TRUE)))
  options(digits = 4)
  expect_identical(memRun(plan), list(4L, 4L))
  options(digits = 9)
  expect_identical(memRun(plan), list(9L, 9L))
})

test_that("kinds of random numbers that FUN sets are not those of the next run", {
  memLapply(1:2, function(i) set.seed(1, "Wichmann-Hill"), MAX.CORES = 2)
  expect_as_here(function(i) RNGkind())
  memLapply(1:2, function(i) {
    RNGkind("L'Ecuyer-CMRG")
    rm(".Random.seed", envir = globalenv())
  }, MAX.CORES = 2)
  expect_as_here(function(i) RNGkind())
})

test_that("settings that FUN changes are as before in the next run", {
  local_settings()
  expect_as_here(seen)
  memLapply(1:4, function(i) {
    options(digits = 12, ms.my = 1)
    Sys.setenv(MS_FOO = "y", TZ = "Asia/Tokyo")
    setwd("/")
    Sys.umask("000")
    .libPaths(R.home("library"))
    suppressWarnings(RNGkind("Marsaglia-Multicarry", "Box-Muller"))
    Sys.setlocale("LC_COLLATE", "C")
    setTimeLimit(elapsed = 0.3)
    NULL
  }, MAX.CORES = 2)
  expect_as_here(seen)
  expect_identical(one(function(i) {
    Sys.sleep(0.5)
    TRUE
  }), list(TRUE))
})

test_that("what never travels stays the worker's own", {
  expect_identical(one(function(i) Sys.getenv("OMP_NUM_THREADS")), list("1"))
  old <- options(mc.cores = 7, error = quote(q()))
  on.exit(options(old))
  # Package parallel, where it is loaded, sets the first to 1 on workers.
  expect_identical(one(function(i) list(getOption("mc.cores", 1L), getOption("error"))), list(list(1L, NULL)))
})

test_that("the search path is the session's, also after detaching and with attached lists", {
  path <- function(i) search()
  expect_as_here(path)
  library(splines)
  expect_as_here(path)
  library(stats4)
  expect_as_here(path)
  detach("package:splines")
  expect_as_here(path)
  detach("package:stats4")
  attach(list(ms_attached = 5), name = "a list", warn.conflicts = FALSE)
  expect_as_here(path)
  expect_identical(one(function(i) ms_attached), list(5))
  detach("a list")
  attach(list(ms_attached = 6), name = "a list", warn.conflicts = FALSE)
  expect_identical(one(function(i) ms_attached), list(6))
  detach("a list")
  expect_as_here(path)
})

test_that("a package that is attached in part is attached in part", {
  library(stats4, include.only = "mle")
  on.exit(detach("package:stats4"))
  expect_as_here(function(i) ls("package:stats4"))
})

test_that("what FUN attaches, loads, registers, defines or leaves open is not there in the next run", {
  memLapply(1:2, function(i) suppressWarnings(require(stats4)), MAX.CORES = 2)
  expect_as_here(function(i) search())
  memLapply(1:2, function(i) suppressMessages(attach(list(sd = function(x) 42))), MAX.CORES = 2)
  expect_as_here(function(i) sd(c(1, 2, 4)))
  memLapply(1:2, function(i) {
    registerS3method("print", "ms_gaga", function(x, ...) cat("gaga\n"))
    methods::setClass("MsW", representation(a = "numeric"), where = globalenv())
    assign("ms_left", 1, globalenv())
    assign("ms_connection", file(tempfile(), "w"), globalenv())
    NULL
  }, MAX.CORES = 2)
  left <- function(i) {
    list(
      exists("print.ms_gaga", envir = baseenv()[[".__S3MethodsTable__."]]), methods::isClass("MsW"), exists("ms_left"),
      nrow(showConnections())
    )
  }
  expect_identical(one(left, cores = 2), list(list(FALSE, FALSE, FALSE, 0L)))
})

test_that("a worker stays warm when FUN names a package, and leaves it loaded as lapply() would", {
  skip_if_not_installed("nlme")
  pid <- function(i) {
    nlme::nlme
    Sys.getpid()
  }
  expect_identical(one(pid), one(pid))
  expect_true(one(function(i) isNamespaceLoaded("nlme"))[[1L]])
})

test_that("what a package sets when it is loaded is there where only FUN names the package", {
  place <- tempfile("loads")
  library <- file.path(place, "library")
  dir.create(file.path(place, "brings", "R"), recursive = TRUE)
  dir.create(library)
  on.exit(unlink(place, recursive = TRUE))
  writeLines(c("Package: brings", "Version: 1.0", "Title: Sets an Option", "Description: For tests.", "License: GPL-3", "Author: T",
               "Maintainer: T <t@example.org>"), file.path(place, "brings", "DESCRIPTION"))
  writeLines("export(told)", file.path(place, "brings", "NAMESPACE"))
  writeLines(c(
    ".onLoad <- function(...) { options(brings.option = 1); Sys.setenv(BRINGS_VARIABLE = \"two\") }",
    "told <- function() list(getOption(\"brings.option\"), Sys.getenv(\"BRINGS_VARIABLE\"))"
  ), file.path(place, "brings", "R", "brings.R"))
  arguments <- c("CMD", "INSTALL", "--no-docs", "--no-test-load", paste0("--library=", library), file.path(place, "brings"))
  system2(file.path(R.home("bin"), "R"), arguments, stdout = FALSE, stderr = FALSE)
  paths <- .libPaths()
  on.exit(.libPaths(paths), add = TRUE)
  .libPaths(c(library, paths))
  f <- eval(parse(text = "function(i) brings::told()"))
  for (run in 1:2) expect_identical(memLapply(1:2, f), list(list(1, "two"), list(1, "two")))
  expect_false(isNamespaceLoaded("brings"))
  expect_null(getOption("brings.option"))
})

test_that("registered S3 methods of the session are there, also after they were replaced", {
  on.exit(rm("print.ms_foo", envir = baseenv()[[".__S3MethodsTable__."]]))
  printed <- function(i) utils::capture.output(print(structure(1, class = "ms_foo")))
  registerS3method("print", "ms_foo", function(x, ...) cat("one\n"))
  expect_as_here(printed)
  registerS3method("print", "ms_foo", function(x, ...) cat("two\n"))
  expect_as_here(printed)
})

test_that("classes, generics and methods of the session are there, also after they changed", {
  where <- globalenv()
  on.exit({
    methods::removeMethod("show", "MsP", where = where)
    methods::removeGeneric("ms_area", where = where)
    for (class in c("MsQ", "MsAccount", "MsP")) methods::removeClass(class, where = where)
    rm(list = c("MsAccount", "ms_factor"), envir = where)
  })
  assign("ms_factor", 3, where)
  eval(quote({
    methods::setClass("MsP", representation(x = "numeric"))
    methods::setClass("MsQ", contains = "MsP")
    methods::setGeneric("ms_area", function(o, ...) standardGeneric("ms_area"))
    methods::setMethod("ms_area", "MsP", function(o, ...) o@x^2 * ms_factor)
    methods::setMethod("show", "MsP", function(object) cat("a P\n"))
    MsAccount <- methods::setRefClass("MsAccount", fields = list(b = "numeric"), methods = list(dep = function(x) {
      b <<- b + x * ms_factor
      invisible(.self)
    }))
  }), where)
  area <- function(i) ms_area(methods::new("MsQ", x = 2))
  environment(area) <- where
  expect_as_here(area)
  shown <- function(i) utils::capture.output(print(methods::new("MsP", x = 1)))
  expect_as_here(shown)
  methods::setMethod("show", "MsP", function(object) cat("b P\n"), where = where)
  expect_as_here(shown)
  account <- function(i) {
    a <- MsAccount$new(b = 1)
    a$dep(2)
    a$b
  }
  environment(account) <- where
  expect_as_here(account)
})

test_that("workers have temporary directories of their own, which go with the session", {
  own <- function(i) {
    Sys.sleep(0.02)
    writeLines("a", file.path(tempdir(), "same"))
    tempdir()
  }
  directories <- character()
  # The third worker may come late.
  expect_true(until(function() {
    directories <<- unique(unlist(memLapply(1:8, own, MAX.CORES = 3, CONTROL = memControl(chunk = 1))))
    length(directories) == 3L
  }))
  expect_true(all(startsWith(directories, tempdir())))
})

test_that("what told of an earlier state of the session goes when no run needs it any more", {
  states <- function() list.files(memshare:::worker_directory(), "^session-.*rds$", full.names = TRUE)
  before <- length(states())
  for (i in 1:3) {
    methods::setClass("Earlier", methods::representation(x = "numeric"), where = globalenv())
    behind <- memRun(memLapply(1:2, function(i) Sys.sleep(0.1), CONTROL = memControl(lazy = TRUE)), wait = FALSE, MAX.CORES = 2)
    methods::removeClass("Earlier", where = globalenv())
    expect_identical(memLapply(1:2, identity, MAX.CORES = 2), list(1L, 2L))
    expect_identical(collect(behind), list(NULL, NULL))
    expect_lte(length(states()), before)
  }
})

test_that("memControl(fresh = TRUE) runs on new workers", {
  pids <- function(control) unlist(memLapply(1:8, function(i) Sys.getpid(), MAX.CORES = 2, CONTROL = control))
  expect_false(any(pids(memControl(fresh = TRUE)) %in% pids(memControl())))
})

test_that("a package whose threads keep a process from forking is loaded by each worker, and the others are still forked", {
  skip_if_not_installed("later")
  skip_if("package:later" %in% search())
  library(later)
  on.exit(detach("package:later"))
  expect_as_here(function(i) search())
  expect_false(is.na(memshare:::native(memshare:::ms_pool_status())$fork_server))
})

test_that("a package loaded from sources is the same on the workers", {
  skip_if_not_installed("pkgload")
  skip_on_cran()
  sources <- file.path(tempfile(), "msdev")
  dir.create(file.path(sources, "R"), recursive = TRUE)
  on.exit(if (isNamespaceLoaded("msdev")) suppressMessages(pkgload::unload("msdev")))
  writeLines(c("Package: msdev", "Version: 0.1", "Title: T", "Description: D.", "License: MIT"), file.path(sources, "DESCRIPTION"))
  writeLines("export(answer)", file.path(sources, "NAMESPACE"))
  write <- function(value) writeLines(sprintf("answer <- function() %d", value), file.path(sources, "R", "a.R"))
  write(1)
  suppressMessages(pkgload::load_all(sources, quiet = TRUE))
  expect_identical(one(function(i) answer()), list(1))
  write(2)
  suppressMessages(pkgload::load_all(sources, quiet = TRUE))
  expect_identical(one(function(i) answer()), list(2))
  # The sources are other ones than the session loaded: no worker may run them silently.
  write(3)
  memLapply(1, function(i) i, MAX.CORES = 1, CONTROL = memControl(fresh = TRUE))
  expect_true(tryCatch(identical(one(function(i) answer()), list(2)), error = function(e) inherits(e, "memshare_error")))
})

test_that("what forks workers is started by the first call that needs them, before all else that the call does", {
  said <- run_r(c(
    "server <- function() memshare:::native(memshare:::ms_pool_status())$fork_server",
    "pass <- memLapply(1:2, identity, CONTROL = memControl(lazy = TRUE))",
    "plan <- memPlan(pass)",
    "none <- memLapply(list(), identity)",
    "not_yet <- is.na(server())",
    'try(memLapply(1:2, function(i, v) i, VARS = list(v = stop("not to be had"))), silent = TRUE)',
    "until <- Sys.time() + 60",
    "while (is.na(came <- server()) && Sys.time() < until) Sys.sleep(0.01)",
    "value <- memLapply(1:2, identity, MAX.CORES = 2)",
    "cat(not_yet, !is.na(came), identical(server(), came), identical(value, list(1L, 2L)))"
  ))
  expect_identical(said, "TRUE TRUE TRUE TRUE")
})

test_that("a look at an unchanged session tells that nothing changed", {
  memshare:::session_state(FALSE)
  expect_identical(memshare:::look(memshare:::state), 0L)
  before <- memshare:::state$generation$id
  memshare:::session_state(FALSE)
  expect_identical(memshare:::state$generation$id, before)
})

test_that("a package that the session has and a worker cannot load is an error of the worker, with the package's words", {
  skip_if_not_installed("withr")
  directory <- withr::local_tempdir()
  package <- "notOnWorkers"
  source <- file.path(directory, package)
  dir.create(file.path(source, "R"), recursive = TRUE)
  writeLines(
    c("Package: notOnWorkers", "Version: 1.0", "Title: T", "Description: D.", "License: GPL-3", "Author: A", "Maintainer: A <a@b.cd>"),
    file.path(source, "DESCRIPTION")
  )
  file.create(file.path(source, "NAMESPACE"))
  flag <- file.path(directory, "flag")
  writeLines(sprintf(".onLoad <- function(...) if (file.exists('%s')) stop('not here')", flag), file.path(source, "R", "load.R"))
  library <- file.path(directory, "library")
  dir.create(library)
  utils::install.packages(source, library, repos = NULL, type = "source", quiet = TRUE)
  withr::local_libpaths(library, "prefix")
  withr::defer(unloadNamespace(package))
  loadNamespace(package)
  file.create(flag)
  expect_error(memLapply(1:2, identity, CONTROL = memControl(packages = package)), "not here", class = "memshare_error_worker")
})
