point <- function(dir, ...) memControl(checkpoint = dir, ...)
quietly <- suppressMessages

# Results, warnings and names, with random numbers.
noisy <- function(i) {
  if (i %% 100 == 0) warning("hundred")
  c(i, rnorm(1))
}

test_that("the same call again takes all from its checkpoint, with conditions and random numbers", {
  dir <- withr::local_tempfile()
  call <- function(cores) memLapply(c(a = 1, b = 2, z = 100), noisy, MAX.CORES = cores, CONTROL = point(dir, simplify = TRUE))
  expect_warning(first <- call(2), "hundred")
  expect_message(expect_warning(again <- call(1), "hundred"), "3 of 3", class = "memshare_message_reused")
  expect_identical(again, first)
  files <- file.info(list.files(dir, full.names = TRUE))
  expect_true(all(as.character(files$mode) == "600"))
  expect_identical(as.character(file.info(dir)$mode), "700")
})

test_that("a run that failed goes on from its checkpoint", {
  dir <- withr::local_tempfile()
  file <- withr::local_tempfile()
  run <- function() {
    memLapply(1:2000, function(i, file) if (i == 1900 && !file.exists(file)) stop("no") else i + rnorm(1), VARS = list(file = file), MAX.CORES = 2, CONTROL = point(dir, seed = 3))
  }
  expect_error(run(), class = "memshare_error_element")
  file.create(file)
  expect_message(value <- run(), class = "memshare_message_reused")
  expect_identical(value, memLapply(1:2000, function(i) i + rnorm(1), MAX.CORES = 1, CONTROL = memControl(seed = 3)))
})

test_that("what is not the same is named", {
  dir <- withr::local_tempfile()
  k <- 2
  base <- function(x = 1:5, f = function(i, y) i + y + k, y = 1, seed = 1) memLapply(x, f, VARS = list(y = y), MAX.CORES = 1, CONTROL = point(dir, seed = seed))
  value <- base()
  changed <- function(code) tryCatch(code, memshare_error_checkpoint = function(e) e$changed)
  expect_identical(changed(base(x = 2:6)), "'x'")
  expect_identical(changed(base(y = 2)), "'y'")
  expect_match(changed(base(f = function(i, y) i + y + k + 0)), "FUN of", all = FALSE)
  expect_match(changed(base(seed = 2)), "the seed of")
  expect_setequal(changed(base(x = 1:6)), c("'x'", "the plan"))
  k <- 3
  expect_match(changed(base()), "what FUN uses")
  k <- 2
  expect_identical(quietly(base()), value)
  expect_identical(quietly(base(x = as.integer(c(1, 2, 3, 4, 5)))), value)
})

test_that("plans of several stages and folds go on with another number of workers", {
  dir <- withr::local_tempfile()
  lazy <- memControl(lazy = TRUE)
  x <- memLapply(1:20000, function(i) i / 3, CONTROL = lazy)
  total <- memReduce(x, `+`, CONTROL = lazy)
  z <- memLapply(1:10, function(i, total) total * i, VARS = list(total = total), CONTROL = lazy)
  plain <- memRun(x, z, MAX.CORES = 2)
  expect_identical(memRun(x, z, MAX.CORES = 2, checkpoint = dir), plain)
  expect_message(again <- memRun(x, z, MAX.CORES = 1, checkpoint = dir), class = "memshare_message_reused")
  expect_identical(again, plain)
  plan <- memPlan(x, z, MAX.CORES = 1)
  expect_message(again <- memRun(plan, checkpoint = dir), class = "memshare_message_reused")
  expect_identical(again, plain)
})

test_that("failed elements are results, which memRedo() does again", {
  dir <- withr::local_tempfile()
  file <- withr::local_tempfile()
  run <- function() {
    memLapply(1:4, function(i, file) if (i == 2 && !file.exists(file)) stop("no") else i, VARS = list(file = file), MAX.CORES = 1, CONTROL = point(dir, on_error = "collect"))
  }
  expect_warning(run(), class = "memshare_warning_collected")
  file.create(file)
  expect_warning(value <- quietly(run()), class = "memshare_warning_collected")
  expect_identical(quietly(memRedo(value)), as.list(1:4))
})

test_that("a directory that cannot be one is refused", {
  run <- function(dir) memLapply(1:2, identity, MAX.CORES = 1, CONTROL = point(dir))
  file <- withr::local_tempfile()
  file.create(file)
  expect_error(run(file), "not a directory", class = "memshare_error_checkpoint")
  open <- withr::local_tempfile()
  dir.create(open)
  Sys.chmod(open, "0777", use_umask = FALSE)
  expect_error(run(open), "other users", class = "memshare_error_checkpoint")
  expect_error(run("/proc/no/such"), class = "memshare_error_checkpoint")
  expect_error(memControl(checkpoint = 1), class = "memshare_error_input")
})

test_that("one run has a checkpoint at a time", {
  dir <- withr::local_tempfile()
  lazy <- memControl(lazy = TRUE)
  slow <- memLapply(1:2, function(i) Sys.sleep(30), CONTROL = lazy)
  run <- memRun(slow, wait = FALSE, MAX.CORES = 1, checkpoint = dir)
  expect_error(memRun(slow, MAX.CORES = 1, checkpoint = dir), "goes on", class = "memshare_error_checkpoint")
  cancel(run)
})

test_that("a log that is cut or damaged costs its last chunks", {
  dir <- withr::local_tempfile()
  run <- function() memLapply(1:500, function(i) i * 2, MAX.CORES = 1, CONTROL = point(dir, chunk = 50))
  value <- run()
  log <- list.files(dir, "^chunks", full.names = TRUE)
  bytes <- readBin(log, "raw", file.size(log))
  writeBin(bytes[seq_len(length(bytes) - 7L)], log)
  expect_message(again <- run(), "450 of 500", class = "memshare_message_reused")
  expect_identical(again, value)
})

test_that("a full disk costs the checkpoint and a warning, not the value", {
  skip_if(system("unshare -m true 2> /dev/null") != 0, "no mount namespaces here")
  dir <- withr::local_tempdir()
  script <- withr::local_tempfile(fileext = ".R")
  writeLines(c(
    "library(memshare)",
    sprintf("dir <- file.path('%s', 'point')", dir),
    "run <- function() memLapply(1:40, function(i) rep(i, 20000), MAX.CORES = 2, CONTROL = memControl(checkpoint = dir, chunk = 1))",
    "e <- NULL",
    "value <- withCallingHandlers(run(), memshare_warning_checkpoint = function(w) { e <<- w; invokeRestart('muffleWarning') })",
    "stopifnot(identical(value, lapply(1:40, function(i) rep(i, 20000))))",
    "cat(conditionMessage(e), '\n')",
    "stopifnot(e$needed > 0, e$free < e$needed, grepl(dir, e$dir, fixed = TRUE))",
    # What was written is used, and the disk is as full as before.
    "again <- withCallingHandlers(run(), memshare_message_reused = function(m) { cat(conditionMessage(m)); invokeRestart('muffleMessage') },",
    "  memshare_warning_checkpoint = function(w) invokeRestart('muffleWarning'))",
    "stopifnot(identical(again, value))"
  ), script)
  command <- sprintf("mount -t tmpfs -o size=1m tmpfs %s && exec %s --vanilla %s", shQuote(dir), shQuote(rscript()), shQuote(script))
  out <- suppressWarnings(system2("unshare", c("-m", "sh", "-c", shQuote(command)), stdout = TRUE, stderr = TRUE))
  expect_null(attr(out, "status"))
  expect_match(out, "not written down to its end", all = FALSE)
  expect_match(out, "[1-5] of 40 elements are done already", all = FALSE)
})

test_that("whatever lies in a checkpoint, its calls are right or an error of ours, at once", {
  dir <- tempfile("checkpoint")
  again <- function() {
    control <- memControl(checkpoint = dir, chunk = 4)
    suppressWarnings(suppressMessages(memLapply(1:40, function(i) i * 2, MAX.CORES = 2, CONTROL = control)))
  }
  wanted <- again()
  files <- list.files(dir)
  kept <- tempfile()
  dir.create(kept)
  file.copy(file.path(dir, files), kept)
  restore <- function() {
    unlink(dir, recursive = TRUE)
    dir.create(dir, mode = "0700")
    file.copy(file.path(kept, files), dir)
    Sys.chmod(file.path(dir, files), "0600")
  }
  right_or_ours <- function(info) {
    out <- tryCatch(again(), memshare_error = identity)
    if (identical(out, wanted)) return(succeed())
    expect_s3_class(out, "memshare_error_checkpoint")
    expect_match(conditionMessage(out), dir, fixed = TRUE, info = info)
    expect_match(conditionMessage(out), "give another|chmod", info = info)
  }
  set.seed(1)
  for (name in files) {
    path <- file.path(dir, name)
    size <- file.size(file.path(kept, name))
    for (nth in seq_len(if (size) 6 else 0)) {
      restore()
      bytes <- readBin(path, "raw", size)
      at <- sample(size, 1)
      bytes <- switch(nth, xor(bytes, as.raw(replace(integer(size), at, 2^(at %% 8)))), bytes[seq_len(at - 1)], c(bytes, as.raw(1:100)),
        replace(bytes, at:min(size, at + 63), as.raw(0)), replace(bytes, at:min(size, at + 7), as.raw(255)), raw()
      )
      writeBin(bytes, path)
      right_or_ours(paste(name, nth, at))
    }
    plant <- list(
      pipe = function() system2("mkfifo", path), link = function() file.symlink(file.path(kept, name), path),
      itself = function() file.symlink(path, path), zeros = function() file.symlink("/dev/zero", path), directory = function() dir.create(path),
      huge = function() system2("truncate", c("-s", "100G", path)), open = function() file.copy(file.path(kept, name), path)
    )
    for (what in names(plant)) {
      restore()
      unlink(path)
      plant[[what]]()
      if (what == "huge") Sys.chmod(path, "0600")
      if (what == "open") Sys.chmod(path, "0666", use_umask = FALSE)
      took <- system.time(right_or_ours(paste(name, what)))[["elapsed"]]
      expect_lt(took, 20)
    }
  }
})
