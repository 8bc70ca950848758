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
registerVariables("small", list(big = big))
stopifnot(identical(memLapply(1, function(i, big) length(big), NAMESPACE = "small", VARS = "big", MAX.CORES = 2), list(length(big))))
releaseVariables("small", "big")
gc()
cat("ok\n")
END
[ -z "$(ls -A "$dir")" ] || fail "left in the directory: $(ls -A "$dir")"
[ -z "$(segments)" ] || fail "left in /dev/shm: $(segments)"
rm -rf "$dir"
