# What a worker writes into shared memory is checked before it is used: FUN here is native code gone wrong, which writes over the run's
# board or its results.

# For FUN on a worker: the files of shared memory that this process has open and that hold these eight bytes, with the places of them.
hits <- function(wanted) {
  open <- c(sub("^[^/]*", "", readLines("/proc/self/maps")), Sys.readlink(list.files("/proc/self/fd", full.names = TRUE)))
  files <- unique(grep("^/dev/shm/memshare-", open, value = TRUE))
  found <- lapply(files[file.exists(files)], function(file) {
    bytes <- readBin(file, "raw", file.size(file))
    at <- which(bytes == wanted[[1L]])
    at <- at[at + 7L <= length(bytes) & (at - 1L) %% 8L == 0L]
    at <- at[vapply(at, function(i) identical(bytes[i + 0:7], wanted), NA)]
    lapply(at, function(i) list(file = file, at = i - 1L))
  })
  unlist(found, recursive = FALSE)
}
overwrite <- function(hit, bytes) {
  connection <- file(hit$file, "r+b")
  on.exit(close(connection))
  seek(connection, hit$at, rw = "write")
  writeBin(bytes, connection)
}
# A chunk's entry on the board: its end, of worker 1, first attempt, done.
done_up_to <- function(end) as.raw(c(3, 0, 0, end, 0, 0, 0, 0))
# The entry of the chunk that ends so: on the board, whose first bytes behind the segment's header are known, the entries come before all
# that may hold the same bytes by chance.
entry <- function(end) {
  is_board <- function(hit) identical(readBin(hit$file, "raw", 4104L)[4097:4104], rev(charToRaw("memshBRD")))
  found <- Filter(is_board, hits(done_up_to(end)))
  if (!length(found)) stop("the entry was not found")
  found[[1L]]
}

test_that("chunks that reach beyond their stage are an error, not results", {
  skip_if_not(file.exists("/proc/self/maps"))
  fun <- function(i, value) {
    if (i == 5L) overwrite(entry(4), done_up_to(10))
    value(i)
  }
  for (value in list(function(i) i, function(i) as.list(seq_len(i)), function(i) "text")) {
    for (simplify in c(FALSE, TRUE)) {
      control <- memControl(chunk = 4, simplify = simplify)
      e <- expect_error(
        memLapply(1:7, fun, VARS = list(value = value), MAX.CORES = 1, CONTROL = control), class = "memshare_error_damaged"
      )
      expect_match(conditionMessage(e), "elements 1 to 10 of 7")
    }
  }
  expect_identical(memLapply(1:7, function(i) i, MAX.CORES = 1), as.list(1:7))
})

test_that("a later stage does not read what cannot be", {
  skip_if_not(file.exists("/proc/self/maps"))
  first <- memLapply(1:7, function(i) {
    if (i == 5L) overwrite(entry(4), done_up_to(10))
    i
  }, CONTROL = memControl(chunk = 4, lazy = TRUE))
  all <- memLapply(1:2, function(i, first) length(first), VARS = list(first = first), CONTROL = memControl(lazy = TRUE))
  e <- expect_error(memRun(all, MAX.CORES = 1), class = "memshare_error")
  expect_match(conditionMessage(e), "elements 1 to 10 of 7")
})

test_that("a chunk that holds fewer results than it says is an error", {
  skip_if_not(file.exists("/proc/self/maps"))
  # The blob's root says how many results it holds.
  count <- function(n) as.raw(c(n, 0, 0, 0, 0, 0, 0, 0))
  fun <- function(i) {
    if (i == 5L) for (hit in hits(count(4))) if (hit$at >= 4096) overwrite(hit, count(3))
    i
  }
  expect_error(memLapply(1:7, fun, MAX.CORES = 1, CONTROL = memControl(chunk = 4)), class = "memshare_error_damaged")
})
