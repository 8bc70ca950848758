# What a machine, its administrator and other programs do to a session and its workers.
skip_on_cran()

# Runs code in a session of its own, started by a shell after `first`; what it says.
in_shell <- function(first, code, seconds = 60) {
  command <- sprintf("%s; exec timeout %d %s --vanilla %s 2>&1", first, seconds, shQuote(rscript()), shQuote(script(code)))
  suppressWarnings(system2("sh", c("-c", shQuote(command)), stdout = TRUE))
}

runs <- function(pid) {
  stat <- suppressWarnings(tryCatch(readLines(sprintf("/proc/%s/stat", pid)), error = function(e) ""))
  nzchar(stat) && !grepl(") Z ", stat, fixed = TRUE)
}

test_that("what FUN started does not outlive a worker that is killed", {
  for (fork in c(TRUE, FALSE)) {
    old <- options(memshare.fork = fork)
    file <- tempfile()
    out <- memLapply(1L, function(i, file) {
      if (file.exists(file)) return("again")
      system(sprintf("sleep 96 & echo $! > %s", file))
      tools::pskill(Sys.getpid(), tools::SIGKILL)
      Sys.sleep(60)
    }, VARS = list(file = file), MAX.CORES = 1)
    expect_identical(out, list("again"))
    expect_true(until(function() !runs(readLines(file))), info = fork)
    options(old)
  }
})

test_that("a signal by which R saves the workspace does nothing to a worker", {
  pids <- NULL
  both <- function(i) c(Sys.getpid(), Sys.sleep(0.2))
  expect_true(until(function() length(pids <<- unique(unlist(memLapply(1:4, both, MAX.CORES = 2)))) == 2L))
  dir.create(directory <- tempfile())
  old <- setwd(directory)
  on.exit(setwd(old))
  for (signal in c(tools::SIGUSR1, tools::SIGUSR2)) for (pid in pids) tools::pskill(pid, signal)
  out <- memLapply(1:4, function(i) {
    tools::pskill(Sys.getpid(), tools::SIGUSR1)
    Sys.sleep(0.05)
    Sys.getpid()
  }, MAX.CORES = 2)
  expect_true(all(unlist(out) %in% pids))
  expect_identical(list.files(all.files = TRUE, no.. = TRUE), character())
})

test_that("a temporary directory that was removed is made anew", {
  out <- run_r('
    suppressPackageStartupMessages(library(memshare))
    a <- memLapply(1:2, function(i) i)
    unlink(tempdir(), recursive = TRUE)
    b <- memLapply(1:2, function(i) i + 1L)
    tempdir(check = TRUE)
    d <- memLapply(1:2, function(i) i + 2L)
    k <- 5
    e <- memLapply(1:2, function(i) i + k)
    cat(identical(list(a, b, d, e), list(list(1L, 2L), list(2L, 3L), list(3L, 4L), list(6, 7))))
  ')
  expect_match(out[length(out)], "TRUE")
})

test_that("the package is loaded where the working directory is gone", {
  out <- run_r('
    dir.create(there <- tempfile()); setwd(there); unlink(there, recursive = TRUE)
    suppressPackageStartupMessages(library(memshare))
    cat(identical(memLapply(1:2, function(i) i), list(1L, 2L)))
  ')
  expect_match(out[length(out)], "TRUE")
})

test_that("what is no file of ours is refused at once, whatever it is", {
  fifo <- tempfile()
  system2("mkfifo", fifo)
  directory <- tempfile()
  dir.create(directory)
  for (path in c("/dev/zero", "/dev/null", fifo, directory)) {
    took <- system.time({
      expect_error(memLoad(path), class = "memshare_error", info = path)
      expect_error(memLapply(1:2, identity, CONTROL = memControl(profile = path)), class = "memshare_error", info = path)
    })
    expect_lt(took[["elapsed"]], 10)
  }
})

test_that("a limit on the size of files is an error, and no death", {
  out <- in_shell("ulimit -f 2000", '
    suppressPackageStartupMessages(library(memshare))
    said <- function(code) tryCatch(code, error = function(e) paste(class(e)[[1]], conditionMessage(e)))
    cat(said({ memLapply(list(numeric(1e6)), sum); "no error" }), "\\n")
    cat(said({ memLapply(1:2, function(i) numeric(1e6), MAX.CORES = 2); "no error" }), "\\n")
    cat(said(registerVariables("limit", list(x = numeric(1e6)))), "\\n")
    cat(said(identical(memLapply(1:2, function(i) i), list(1L, 2L))), "\\n")
  ')
  full <- "^memshare_error_no_space .*this process may write files of 1.0 MB at most \\(ulimit -f\\)"
  for (line in 1:3) expect_match(out[[line]], full, info = line)
  expect_match(out[[2]], "element [12]")
  expect_match(out[[4]], "TRUE")
})

test_that("files of ours that pass the limit on the size of files are an error, and logs that do are cut short", {
  out <- in_shell("ulimit -f 160", '
    suppressPackageStartupMessages(library(memshare))
    options(memshare.log = "trace")
    file <- tempfile()
    said <- function(code) tryCatch(code, error = function(e) paste(class(e)[[1]], conditionMessage(e)))
    big <- list()
    for (i in 1:400) big[[i]] <- memLapply(1:2, function(i) i, MAX.CORES = 1)
    cat(said({ memView(memLastRun(), file, open = FALSE); "no error" }), "\\n")
    cat(said({ memSave(memLastRun(), file); "no error" }), "\\n")
    cat(identical(big, rep(list(list(1L, 2L)), 400)), file.size(file) > 0, length(list.files(tempdir(), "part$", all.files = TRUE)), "\\n")
  ')
  expect_match(out[[1]], "^memshare_error.*File too large")
  expect_match(out[[2]], "no error")
  expect_match(out[[3]], "TRUE TRUE 0")
})

test_that("too many open files are an error soon, and pass", {
  out <- in_shell("ulimit -n 256", '
    suppressPackageStartupMessages(library(memshare))
    invisible(memLapply(1:2, function(i) i, MAX.CORES = 2))
    held <- list()
    while (!inherits(try(held[[length(held) + 1L]] <- file("/dev/null", "r"), silent = TRUE), "try-error") && length(held) < 120L) NULL
    descriptors <- length(list.files("/proc/self/fd"))
    system2("prlimit", c("--pid", Sys.getpid(), sprintf("--nofile=%d:256", descriptors)))
    took <- system.time(said <- tryCatch({ memLapply(1:2, function(i) numeric(1e5), MAX.CORES = 2); "no error" }, error = function(e) class(e)[[1]]))
    cat(said, took[["elapsed"]] < 10, took[["user.self"]] + took[["sys.self"]] < 5, "\\n")
    system2("prlimit", c("--pid", Sys.getpid(), "--nofile=256:256"))
    cat(identical(memLapply(1:2, function(i) i, MAX.CORES = 2), list(1L, 2L)), "\\n")
  ')
  expect_match(out[[length(out) - 1L]], "^(memshare_error[a-z_]*|no error) TRUE TRUE")
  expect_match(out[[length(out)]], "TRUE")
})

test_that("where no memory can be had, that is an error, and no end of the session or of another element", {
  out <- in_shell("true", '
    suppressPackageStartupMessages(library(memshare))
    size <- function() as.numeric(sub("[^0-9]*([0-9]+) kB", "\\\\1", grep("^VmSize", readLines("/proc/self/status"), value = TRUE))) * 1024
    limit <- function(bytes) system2("prlimit", c("--pid", Sys.getpid(), sprintf("--as=%s:unlimited", if (is.null(bytes)) "unlimited" else sprintf("%.0f", size() + bytes))))
    said <- function(code) cat(tryCatch({ code; "no error" }, error = function(e) paste(class(e)[[1]], conditionMessage(e))), "\n")
    invisible(gc(verbose = FALSE))
    texts <- sprintf("%030d", 1:2e5)
    many <- as.list(1:3e5)
    long <- 1:4e7
    for (megabytes in c(4, 16, 40)) {
      limit(megabytes * 2^20)
      said(registerVariables("tight", list(a = texts)))
      said(registerVariables("tight", list(b = many)))
      said(registerVariables("tight", list(c = long)))
      said(registerVariables("tight", list(d = list(function() NULL, texts))))
      limit(NULL)
      memshare_gc("tight")
    }
    out <- suppressWarnings(memLapply(1:6, function(i) {
      if (i != 3) return(i)
      x <- as.list(1:2e6)
      size <- as.numeric(sub("[^0-9]*([0-9]+) kB", "\\\\1", grep("^VmSize", readLines("/proc/self/status"), value = TRUE))) * 1024
      system2("prlimit", c("--pid", Sys.getpid(), sprintf("--as=%.0f:unlimited", size + 2^23)))
      x
    }, MAX.CORES = 2, CONTROL = memControl(on_error = "collect")))
    cat("element", class(out[[3]])[[1]], "\n")
    cat(identical(out[-3], as.list(c(1:2, 4:6))), identical(memLapply(1:2, function(i) i, CONTROL = memControl(fresh = TRUE)), list(1L, 2L)), "\n")
  ')
  expect_length(out, 14)
  expect_match(out[1:12], "^(no error|memshare_error_(no_memory|system|no_workers) |simpleError cannot allocate )")
  expect_true(any(grepl("memshare_error_no_memory [0-9.]+ MB of memory cannot be had", out[1:12])))
  expect_match(out[[13]], "^element (list|memshare_error_element)")
  expect_match(out[[14]], "TRUE TRUE")
})

test_that("what could not be read while there were no descriptors is asked again", {
  out <- in_shell("ulimit -n 256", '
    suppressPackageStartupMessages(library(memshare))
    invisible(loadNamespace("parallelly"))
    # A process begun before: one begun under the limit would have no descriptors either.
    limits <- pipe(sprintf("while read files; do prlimit --pid %d --nofile=$files:256; done", Sys.getpid()), "w")
    limit <- function(files) {
      writeLines(as.character(files), limits)
      flush(limits)
      is_set <- function() any(grepl(sprintf("^Max open files +%d ", files), readLines("/proc/self/limits")))
      end <- Sys.time() + 20
      while (Sys.time() < end && !tryCatch(is_set(), error = function(e) files < 256L, warning = function(w) files < 256L)) Sys.sleep(0.01)
    }
    # At most a few are left: parallelly fails, and remembers that.
    limit(length(list.files("/proc/self/fd")) - 1L)
    cores <- memshare:::available_cores()
    machine <- memshare:::machine()
    limit(256L)
    cat(is.integer(cores), cores >= 1L, is.character(machine), "\\n")
    model <- grep("^(model name|cpu model|Processor)", readLines("/proc/cpuinfo", n = 40L), value = TRUE)
    cat(!length(model) || endsWith(memshare:::machine(), model[[1L]]), memshare:::available_cores() >= 1L, "\\n")
    cat(memLapply(1:2, function(i) i)[[2]], "\\n")
  ')
  expect_match(out[[length(out) - 2L]], "TRUE TRUE TRUE")
  expect_match(out[[length(out) - 1L]], "TRUE TRUE")
  expect_match(out[[length(out)]], "2")
})
