# Variables from files: what is read is what the file holds, nothing is loaded, and the file stays the user's.

binary <- function(values, before = raw()) {
  path <- tempfile("memshare-map-")
  writeBin(c(before, writeBin(values, raw())), path)
  path
}

# A file of zeros but for what is written at the bytes given, without taking the room on the disk.
sparse <- function(bytes, at, values) {
  path <- tempfile("memshare-sparse-")
  connection <- file(path, "wb")
  on.exit(close(connection))
  seek(connection, bytes - 1, rw = "write")
  writeBin(as.raw(0), connection)
  for (i in seq_along(at)) {
    seek(connection, at[[i]], rw = "write")
    writeBin(values[[i]], connection)
  }
  path
}

map_view <- function(...) {
  memMap("map", "x", ...)
  on.exit({
    releaseViews("map", "x")
    releaseVariables("map", "x")
  })
  retrieveViews("map", "x")$x
}

test_that("every type comes as it stands in the file, whatever the shape and the offset", {
  values <- list(
    double = c(1.5, NA, -Inf, NaN, 1:2000), integer = c(NA, -5L, 1:2000), logical = c(NA, TRUE, FALSE, rep(TRUE, 3000)),
    complex = complex(real = 1:600, imaginary = -1), raw = as.raw(rep(0:255, 12))
  )
  for (type in names(values)) {
    x <- values[[type]]
    for (offset in c(0, 16, 4096 - 16, 4096, 8200)) {
      path <- binary(x, raw(offset))
      expect_identical(map_view(path, type, offset = offset), x, label = paste(type, "at", offset))
      expect_identical(map_view(path, type, dim = 7, offset = offset), x[1:7])
      expect_identical(map_view(path, type, dim = c(5, 3), offset = offset), matrix(x[1:15], 5))
      expect_identical(map_view(path, type, dim = c(2, 3, 20), offset = offset), array(x[1:120], c(2, 3, 20)))
      unlink(path)
    }
  }
})

test_that("nothing is a variable too", {
  path <- binary(numeric())
  expect_identical(map_view(path, "double"), numeric())
  expect_identical(map_view(path, "integer", dim = c(0, 4)), matrix(0L, 0, 4))
  unlink(path)
})

test_that("a mapped variable is a variable like any other", {
  x <- matrix(rnorm(6000), 200)
  path <- binary(c(x))
  memMap("map", "x", path, "double", dim = dim(x))
  on.exit(unlink(path))
  expect_identical(pageList(), "map.x")
  expect_error(memMap("map", "x", path, "double"), "was already registered", class = "memshare_error_already_registered")
  expect_error(registerVariables("map", list(x = 1)), "was already registered", class = "memshare_error_already_registered")
  known <- retrieveMetadata("map", "x")
  expect_identical(known[c("type", "nrow", "ncol", "n", "storage")], list(type = "matrix", nrow = 200L, ncol = 30L, n = 6000, storage = "double"))
  expect_identical(known[c("writable", "file")], list(writable = FALSE, file = normalizePath(path)))
  expect_gte(known$bytes, 48000)

  expect_identical(memApply("x", 2, sum, NAMESPACE = "map", MAX.CORES = 2), lapply(1:30, function(j) sum(x[, j])))
  expect_identical(memApply("x", 1, range, NAMESPACE = "map", MAX.CORES = 2), lapply(1:200, function(i) range(x[i, ])))
  expect_identical(memLapply(1:3, function(i, x) x[[i]], NAMESPACE = "map", VARS = "x", MAX.CORES = 2), as.list(x[1:3]))
  expect_identical(memLapply("x", function(v) v, NAMESPACE = "map", MAX.CORES = 2), as.list(x))

  view <- retrieveViews("map", "x")$x
  expect_identical(viewList(), "map.x")
  expect_true(ms_is_view(view))
  releaseVariables("map", "x")
  expect_identical(view, x)
  expect_error(retrieveViews("map", "x"), class = "memshare_error_not_allocated")
  releaseViews("map", "x")
  expect_true(file.exists(path))
  expect_identical(readBin(path, "double", 6000), c(x))
})

test_that("views are copy-on-write: neither the file nor another view sees a change", {
  path <- binary(as.double(1:5000))
  memMap("map", "x", path, "double")
  on.exit({
    memshare_gc("map")
    unlink(path)
  })
  one <- retrieveViews("map", "x")$x
  two <- retrieveViews("map", "x")$x
  one[1] <- -1
  expect_equal(cor(two, two), 1)
  expect_identical(c(one[1], two[1], readBin(path, "double", 1)), c(-1, 1, 1))
  out <- memLapply(1:4, function(i, x) { x[i] <- 0; sum(x) }, NAMESPACE = "map", VARS = "x", MAX.CORES = 2)
  expect_identical(unlist(out), 12502500 - 1:4)
  expect_identical(readBin(path, "double", 5000), as.double(1:5000))
})

test_that("a saved view holds the data", {
  path <- binary(as.double(1:5000))
  view <- map_view(path, "double", dim = c(50, 100))
  saved <- tempfile()
  saveRDS(view, saved)
  expect_gt(file.size(saved), 0)
  rm(view)
  unlink(path)
  gc()
  expect_identical(readRDS(saved), matrix(as.double(1:5000), 50))
  expect_match(run_r(sprintf("cat(sum(readRDS('%s')))", saved)), "12502500", fixed = TRUE)
})

test_that("another session reads it, and the session that mapped it alone releases it", {
  skip_on_cran()
  path <- binary(as.double(1:5000))
  memMap("map", "x", path, "double", dim = c(50, 100))
  on.exit({
    memshare_gc("map")
    unlink(path)
  })
  out <- run_r(c(
    'x <- retrieveViews("map", "x")$x',
    'cat(dim(x), sum(x), "\\n")',
    'setwd(tempdir())',
    'cat(sum(unlist(memApply("x", 2, sum, NAMESPACE = "map", MAX.CORES = 2))), "\\n")',
    'cat(class(tryCatch(releaseVariables("map", "x"), error = identity))[1], "\\n")'
  ))
  expect_identical(trimws(tail(out, 3L)), c("50 100 12502500", "12502500", "memshare_error_not_owner"))
})

test_that("a relative path is found from elsewhere", {
  directory <- tempfile()
  dir.create(directory)
  old <- setwd(directory)
  on.exit(setwd(old))
  writeBin(1:1000, "na\u00efve data")
  memMap("map", "x", "na\u00efve data", "integer")
  setwd(old)
  expect_identical(sum(retrieveViews("map", "x")$x), 500500L)
  memshare_gc("map")
  unlink(directory, recursive = TRUE)
})

test_that("what the file gets later shows in the views", {
  path <- binary(as.double(1:5000))
  view <- map_view(path, "double")
  expect_identical(view[[3]], 3)
  connection <- file(path, "r+b")
  seek(connection, 8 * 3, rw = "write")
  writeBin(-1, connection)
  close(connection)
  expect_identical(view[[4]], -1)
  unlink(path)
  expect_identical(view[[5]], 5)
})

test_that("a file that is not what it was is an error when the variable is opened", {
  path <- binary(as.double(1:5000))
  memMap("map", "x", path, "double")
  on.exit({
    memshare_gc("map")
    unlink(path)
  })
  file.rename(path, paste0(path, ".aside"))
  expect_error(retrieveViews("map", "x"), "there is no such file", class = "memshare_error_file")
  writeBin(as.double(1:5000), path)
  expect_error(retrieveViews("map", "x"), "another file has taken its place", class = "memshare_error_file")
  expect_error(
    memLapply("x", identity, NAMESPACE = "map", MAX.CORES = 2), "another file has taken its place", class = "memshare_error_file"
  )
  file.rename(paste0(path, ".aside"), path)
  expect_identical(retrieveViews("map", "x")$x[5], 5)
  con <- file(path, "wb")
  close(con)
  error <- expect_error(retrieveMetadata("map", "x"), "too short: 40000 bytes needed, it has 0", class = "memshare_error_file")
  expect_identical(error$path, normalizePath(path))
})

test_that("what cannot be mapped is refused and nothing is registered", {
  path <- binary(as.double(1:10))
  on.exit(unlink(path))
  refused <- function(text, class, ...) expect_error(memMap("map", "x", ...), text, class = class)
  refused("there is no such file", "memshare_error_file", tempfile(), "double")
  refused("not a regular file", "memshare_error_file", tempdir(), "double")
  refused("not a regular file", "memshare_error_file", "/dev/zero", "double")
  refused("too short: 88 bytes needed, it has 80", "memshare_error_file", path, "double", 11)
  refused("too short: 88 bytes needed, it has 80", "memshare_error_file", path, "double", offset = 88)
  refused("too short", "memshare_error_file", path, "double", c(2^30, 2^20))
  refused("multiple of 8", "memshare_error_input", path, "double", offset = 4)
  refused("multiple of 4", "memshare_error_input", path, "integer", offset = 2)
  refused("no whole number of items of 16 bytes", "memshare_error_input", path, "complex", offset = 8)
  input <- function(text, ...) refused(text, "memshare_error_input", ...)
  input("type must be one of", path, "numeric")
  input("type must be one of", path, "character")
  input("type must be one of", path, NULL)
  for (dim in list(-1, NA, 1.5, "3", c(2, NA), numeric(), c(2^31, 1), Inf, factor(3))) input("dim", path, "double", dim)
  input("dim asks for more", path, "double", c(2^30, 2^30))
  for (offset in list(-8, NA, "8", c(0, 8), 0.5)) input("offset", path, "double", offset = offset)
  input("writable", path, "double", writable = NA)
  for (bad in list(1, NA_character_, "", c("a", "b"), NULL)) input("file must be the path", bad, "double")
  expect_error(memMap("map", "", path, "double"), "name", class = "memshare_error_input")
  expect_error(memMap(1, "x", path, "double"), "namespace", class = "memshare_error_input")
  expect_identical(pageList(), character())
  skip_if(identical(as.character(system2("id", "-u", stdout = TRUE)), "0"), "root may read and write everything")
  Sys.chmod(path, "0400")
  refused("cannot be written to", "memshare_error_file", path, "double", writable = TRUE)
  Sys.chmod(path, "0000")
  refused("cannot be read", "memshare_error_file", path, "double")
})

test_that("a path that does not fit into a header is an error that says so", {
  directory <- file.path(tempdir(), paste(rep("d", 200), collapse = ""))
  deep <- do.call(file.path, c(list(directory), as.list(rep(basename(directory), 17L))))
  skip_if_not(suppressWarnings(dir.create(deep, recursive = TRUE)))
  path <- file.path(deep, "x")
  writeBin(1:10, path)
  long <- paste(rep("n", 600), collapse = "")
  expect_error(memMap(long, "x", path, "integer"), "a file's path take 3984 bytes at most", class = "memshare_error_system")
  expect_identical(pageList(), character())
  unlink(directory, recursive = TRUE)
})

test_that("a file of hundreds of megabytes is summed by name without taking memory", {
  skip_on_cran()
  skip_if_not(file.exists("/proc/self/smaps_rollup"))
  columns <- 200
  rows <- 2^18
  bytes <- 8 * rows * columns
  path <- sparse(bytes, 8 * rows * (seq_len(columns) - 1), as.list(as.double(seq_len(columns))))
  memMap("map", "big", path, "double", dim = c(rows, columns))
  on.exit({
    memshare_gc("map")
    unlink(path)
  })
  # What a process has for itself alone, and in shared memory. The file's pages are the system's to drop, and are not counted.
  taken <- function() {
    lines <- readLines("/proc/self/smaps_rollup")
    field <- function(name) as.numeric(gsub("[^0-9]", "", grep(paste0("^", name, ":"), lines, value = TRUE)))
    field("Pss_Anon") + field("Pss_Shmem")
  }
  shared <- function() sum(file.size(file.path("/dev/shm", segments())), na.rm = TRUE)
  before <- c(taken(), shared())
  sums <- memApply("big", 2, function(v, taken) {
    # R's first whole collection makes what a worker shares with those that were forked beside it its own.
    if (is.null(getOption("test.collected"))) gc()
    options(test.collected = TRUE)
    start <- taken()
    total <- sum(v)
    c(total, taken() - start, start)
  }, NAMESPACE = "map", taken = taken, MAX.CORES = 2, CONTROL = memControl(simplify = TRUE))
  expect_identical(sums[1, ], as.double(seq_len(columns)))
  megabyte <- 1024
  expect_lt(max(sums[2, ]), megabyte)
  expect_lt(diff(range(sums[3, ])), 40 * megabyte)
  expect_lt(taken() - before[[1L]], 20 * megabyte)
  expect_lt(shared() - before[[2L]], 20 * 2^20)
  view <- retrieveViews("map", "big")$big
  expect_identical(sum(view), sum(as.double(seq_len(columns))))
  expect_lt(taken() - before[[1L]], 20 * megabyte)
})

test_that("a file bigger than the machine's memory is a vector", {
  skip_on_cran()
  bytes <- 2^41
  path <- tryCatch(sparse(bytes, bytes - 1, list(as.raw(7))), error = function(e) NULL, warning = function(w) NULL)
  skip_if(is.null(path) || is.na(file.size(path)) || file.size(path) != bytes, "no file system for a sparse file of 2 TB")
  memMap("map", "huge", path, "raw")
  on.exit({
    memshare_gc("map")
    unlink(path)
  })
  view <- retrieveViews("map", "huge")$huge
  expect_identical(length(view), bytes)
  expect_identical(view[c(1, bytes)], as.raw(c(0, 7)))
  expect_identical(
    memLapply(1, function(i, huge) huge[length(huge)], NAMESPACE = "map", VARS = "huge", MAX.CORES = 2), list(as.raw(7))
  )
})

test_that("mapping and releasing leave no descriptor and no mapping", {
  skip_if_not(file.exists("/proc/self/maps"))
  path <- binary(as.double(1:5000))
  counts <- function() {
    gc()
    c(length(list.files("/proc/self/fd")), sum(grepl(basename(path), readLines("/proc/self/maps"), fixed = TRUE)))
  }
  map_view(path, "double")
  before <- counts()
  for (i in 1:100) map_view(path, "double")
  expect_identical(counts(), before)
  expect_identical(before[[2L]], 0L)
  unlink(path)
})
