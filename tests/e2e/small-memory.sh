#!/bin/sh
# A /dev/shm of 64 MB, as Docker gives it: what does not fit is an error that says how much was needed and free, nothing is left
# of it, and a directory on a disk can stand in. Needs root, for a mount of its own.
. "$(dirname "$0")/../lib/helper.sh"
if [ "${1:-}" != inside ]; then
  if [ "$(id -u)" != 0 ] || ! unshare -m true 2> /dev/null; then
    echo "skipped: needs root and a mount namespace"
    exit 0
  fi
  exec unshare -m sh "$0" inside
fi
mount -t tmpfs -o size=64m tmpfs /dev/shm || fail "cannot mount"
dir=$(mktemp -d)
MEMSHARE_TEST_DIR=$dir Rscript --vanilla - << 'END' || exit 1
library(memshare)
segments <- function() list.files("/dev/shm", "^memshare-")
big <- numeric(100e6 / 8)
e <- tryCatch(registerVariables("small", list(ok = 1, big = big)), memshare_error = identity)
stopifnot(inherits(e, "memshare_error_no_space"), e$needed >= 1e8, e$free <= 64 * 2^20, grepl("needed", conditionMessage(e)))
stopifnot(length(pageList()) == 0)
e <- tryCatch(memLapply(list(big, big), sum), memshare_error = identity)
stopifnot(inherits(e, "memshare_error_no_space"))
# Results that do not fit are an error too, and never SIGBUS.
e <- tryCatch(memLapply(1:20, function(i) runif(1e6), MAX.CORES = 2), memshare_error = identity)
stopifnot(inherits(e, "memshare_error"), grepl("not enough shared memory", conditionMessage(e)), !grepl("killed|died", conditionMessage(e)))
stopifnot(identical(memLapply(1:3, identity, MAX.CORES = 2), as.list(1:3)))
# Nor do they hang the call, whatever the number of elements and workers: the error has the numbers, and names element and pass.
refused <- function(code, index, name = NULL, pass = NULL) {
  setTimeLimit(elapsed = 60, transient = TRUE)
  e <- tryCatch(code, memshare_error_no_space = identity)
  setTimeLimit()
  stopifnot(inherits(e, "memshare_error_no_space"), e$needed > 6e7, e$free < 67108864, e$limit == 67108864, e$dir == "/dev/shm")
  stopifnot(e$index %in% index, identical(e$name, name), is.null(pass) || identical(e$pass, pass))
  stopifnot(grepl(sprintf("element %d", e$index), conditionMessage(e)), grepl("does not fit", conditionMessage(e)))
}
for (workers in 1:2) for (n in c(1L, 2L, 40L)) refused(memLapply(seq_len(n), function(i) raw(7e7), MAX.CORES = workers), seq_len(workers))
# In a chunk of several, the one that does not fit.
one_chunk <- memControl(chunk = 9)
refused(memLapply(c(a = 1, b = 5e7, c = 1, d = 3e7, e = 1), raw, MAX.CORES = 1, CONTROL = one_chunk), 4L, "d")
refused(memLapply(c(1, 7e7, 1), function(i) raw(i), MAX.CORES = 2, CONTROL = memControl(chunk = 9, on_error = "collect")), 2L)
# In a plan, the pass too; what an earlier one made is there.
lazy <- memControl(lazy = TRUE)
first <- memLapply(1:4, function(i) i * 1e7, CONTROL = lazy)
second <- memLapply(first, function(n) if (n > 3e7) raw(7e7) else n, CONTROL = lazy)
refused(memRun(memPlan(first = first, second = second, MAX.CORES = 2)), 4L, pass = "second")
third <- memLapply(1:2, function(i, all) raw(7e7 + length(all)), VARS = list(all = first), CONTROL = lazy)
refused(memRun(memPlan(third = third, MAX.CORES = 1)), 1L, pass = "third")
rm(first, second, third)
# FUN's own error, and the next call, have room again.
e <- tryCatch(memLapply(1:2, function(i) if (i == 2) stop("mine") else raw(6e7), MAX.CORES = 1), memshare_error_element = identity)
stopifnot(e$index == 2, grepl("mine", conditionMessage(e)))
stopifnot(identical(memLapply(1:3, identity, MAX.CORES = 2), as.list(1:3)))
left <- segments()
stopifnot(sum(file.size(file.path("/dev/shm", left))) < 1e6)
# A plan is refused before the first byte, with what takes how much ...
lazy <- memControl(lazy = TRUE, FUN.VALUE = numeric(1e6))
rows <- memLapply(1:20, function(i) rep(i + 0, 1e6), CONTROL = lazy)
total <- memApply(rows, 1, sum, CONTROL = memControl(lazy = TRUE, FUN.VALUE = 0))
e <- tryCatch(memPlan(total, MAX.CORES = 2), memshare_error_memory_limit = identity)
stopifnot(inherits(e, "memshare_error_memory_limit"), e$needed > 1.6e8, e$budget <= 64 * 2^20, max(e$resources) >= 1.6e8)
stopifnot(identical(segments(), left))
options(memshare.dir = Sys.getenv("MEMSHARE_TEST_DIR"))
# ... or runs with files for what does not fit.
plan <- memPlan(total, MAX.CORES = 2)
stopifnot("file" %in% as.data.frame(plan, what = "resources")$place)
stopifnot(identical(memRun(plan), rep(210, 1e6)))
rm(plan)
# Results of which nothing was known go there too, as many as do not fit, and are what base R gives.
big_one <- function(i) rep(as.double(i), 1e6)
for (workers in 1:2) stopifnot(identical(memLapply(1:12, big_one, MAX.CORES = workers), lapply(1:12, big_one)))
stopifnot(identical(memLapply(1, function(i) raw(7e7), MAX.CORES = 1), list(raw(7e7))))
# Also between passes: read as a whole, element by element, cut.
lazy <- memControl(lazy = TRUE)
first <- memLapply(1:12, big_one, CONTROL = lazy)
whole <- memLapply(1:3, function(i, all) sum(vapply(all, `[[`, 0, i)), VARS = list(all = first), CONTROL = lazy)
each <- memLapply(memLapply(first, function(v) v[1:3], CONTROL = lazy), sum, CONTROL = lazy)
plan <- memPlan(whole = whole, each = each, first = first, MAX.CORES = 2)
value <- memRun(plan)
stopifnot(identical(value$first, lapply(1:12, big_one)), identical(value$whole, rep(list(78), 3)), identical(value$each, as.list(3 * 1:12)))
# Views into both segments travel as any other.
stopifnot(identical(memLapply(1:2, function(i, all) all[[12]][[1]] + i, VARS = list(all = value$first), MAX.CORES = 2), list(13, 14)))
# Warnings and errors are there as well.
e <- tryCatch(memLapply(1:12, function(i) if (i == 12) stop("mine") else big_one(i), MAX.CORES = 1), memshare_error_element = identity)
stopifnot(e$index == 12, grepl("mine", conditionMessage(e)))
said <- character()
value <- withCallingHandlers(
  memLapply(1:12, function(i) { if (i > 9) warning("late"); big_one(i) }, MAX.CORES = 2),
  warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") }
)
stopifnot(identical(value, lapply(1:12, big_one)), length(said) == 3)
rm(plan, first, whole, each, value)
invisible(gc())
# Memory that fills up while data is copied in: the run is begun again with that data in the directory, and the values are right.
stopifnot(system("mount -o remount,size=640m /dev/shm") == 0)
parts <- lapply(1:60, function(i) rep(i + 0.5, 1e6))
full <- function(v) {
  if (v[[1]] == 1.5) system("fallocate -l 250M /dev/shm/fills-it-up", ignore.stderr = TRUE)
  sum(v)
}
before <- memLastRun()$run
stopifnot(identical(memLapply(parts, full, MAX.CORES = 2), lapply(parts, sum)))
if (memLastRun()$run == before + 1) message("the copy was faster than what fills the memory")
unlink("/dev/shm/fills-it-up")
rm(parts)
invisible(gc())
stopifnot(system("mount -o remount,size=64m /dev/shm") == 0)
registerVariables("small", list(big = big))
stopifnot(identical(memLapply(1, function(i, big) length(big), NAMESPACE = "small", VARS = "big", MAX.CORES = 2), list(length(big))))
releaseVariables("small", "big")
invisible(gc())
cat("ok\n")
END
[ -z "$(ls -A "$dir")" ] || fail "left in the directory: $(ls -A "$dir")"
[ -z "$(segments)" ] || fail "left in /dev/shm: $(segments)"
rm -rf "$dir"
