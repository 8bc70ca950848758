# Workers keep the mappings of registered variables from one run to the next (src/rust/src/worker/kept.rs). Nobody may notice but by the time.

# So many megabytes an item, so that a mapping that is there is told from a new one by the faults of reading it.
items <- function(n = 4) lapply(seq_len(n), function(i) data.frame(a = rep(as.double(i), 1e6)))
totals <- function(space) memLapply("items", function(el) sum(el$a), NAMESPACE = space, MAX.CORES = 1)
expected <- list(1e6, 2e6, 3e6, 4e6)
kept_space <- function(code) {
  space <- paste0("kept-", Sys.getpid())
  registerVariables(space, list(items = items()))
  on.exit(memshare_gc(space))
  code(space)
}

test_that("a variable that the run before has read is not mapped anew", {
  skip_if_not(file.exists("/proc/self/stat"))
  kept_space(function(space) {
    faults <- function(el) {
      count <- function() as.numeric(strsplit(sub(".*[)] ", "", readLines("/proc/self/stat")), " ")[[1]][[8]])
      count()
      before <- count()
      sum(el$a)
      count() - before
    }
    counted <- function() min(unlist(memLapply("items", faults, NAMESPACE = space, MAX.CORES = 1)))
    first <- counted()
    # A worker that has nothing to do collects the views of the last run, which keep a mapping from being used again.
    for (i in 1:100) {
      Sys.sleep(0.05)
      again <- counted()
      if (again < first / 4) break
    }
    expect_lt(again, first / 4)
  })
})

test_that("what FUN writes through a pointer is gone in the next run", {
  skip_if_not_installed("data.table")
  kept_space(function(space) {
    expect_identical(totals(space), expected)
    scribble <- function(el) {
      data.table::set(el, 1L, "a", 0.5)
      gc()
      el$a[[1L]]
    }
    for (i in 1:2) {
      written <- memLapply("items", scribble, NAMESPACE = space, MAX.CORES = 1)
      expect_identical(written, list(0.5, 0.5, 0.5, 0.5))
      # As above: views are collected.
      Sys.sleep(0.2)
      expect_identical(totals(space), expected)
    }
  })
})

test_that("what FUN kept of one run and changes in another is not seen there", {
  skip_if_not_installed("data.table")
  kept_space(function(space) {
    keep <- function(el) assign("kept", c(get0("kept", .userHooksEnv), list(el)), envir = .userHooksEnv)
    memLapply("items", keep, NAMESPACE = space, MAX.CORES = 1)
    change <- function(el) {
      for (kept in get0("kept", .userHooksEnv)) data.table::set(kept, 1L, "a", -1e9)
      c(length(get0("kept", .userHooksEnv)), sum(el$a))
    }
    changed <- memLapply("items", change, NAMESPACE = space, MAX.CORES = 1)
    expect_identical(changed, lapply(expected, function(total) c(4, total)))
    memLapply(1, function(i) rm("kept", envir = .userHooksEnv), MAX.CORES = 1)
  })
})

test_that("what is written into a variable between two runs is seen in the second", {
  space <- paste0("kept-write-", Sys.getpid())
  on.exit(memshare_gc(space))
  memAllocate(space, "x", type = "double", dim = 1e6)
  total <- function() memLapply(1, function(i, x) c(sum(x[1:10]), x[[1e6]]), NAMESPACE = space, VARS = "x", MAX.CORES = 1)[[1]]
  expect_identical(total(), c(0, 0))
  memWrite(space, "x", c(3, 4), c(1, 1e6))
  expect_identical(total(), c(3, 4))
})

test_that("a variable that was released keeps no memory for it", {
  skip_if_not(file.exists("/proc/self/maps"))
  maps <- function(pid) sum(grepl("/memshare-.*[(]deleted[)]$", readLines(sprintf("/proc/%d/maps", pid))))
  pid <- kept_space(function(space) {
    totals(space)
    memLapply("items", function(el) Sys.getpid(), NAMESPACE = space, MAX.CORES = 1)[[1]]
  })
  until <- Sys.time() + 10
  while (maps(pid) && Sys.time() < until) Sys.sleep(0.01)
  expect_identical(maps(pid), 0L)
})

test_that("a variable that was released during a run keeps no memory when its last reader is done", {
  skip_if_not(file.exists("/proc/self/maps"))
  # Of this worker's mappings without a name those that are as big as the variable.
  big <- function() {
    lines <- grep("/memshare-.*[(]deleted[)]$", readLines("/proc/self/maps"), value = TRUE)
    ends <- strsplit(sub(" .*", "", lines), "-")
    sum(vapply(ends, function(end) diff(as.numeric(paste0("0x", end))) > 2e7, NA))
  }
  kept_space(function(space) {
    lazy <- memControl(lazy = TRUE, chunk = 1)
    sums <- memLapply("items", function(el) sum(el$a), NAMESPACE = space, MAX.CORES = 1, CONTROL = lazy)
    look <- function(i, sums, big) {
      gc()
      c(sum(unlist(sums)), big())
    }
    after <- memLapply(1:40, look, VARS = list(sums = sums, big = big), MAX.CORES = 1, CONTROL = lazy)
    run <- memRun(after, wait = FALSE)
    releaseVariables(space, "items")
    seen <- collect(run)
    expect_identical(unique(vapply(seen, `[[`, 0, 1L)), 1e7)
    expect_identical(seen[[40L]][[2L]], 0)
  })
})
