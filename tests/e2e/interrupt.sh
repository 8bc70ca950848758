#!/bin/sh
# Ctrl-C (SIGINT to the session alone, as memshare's workers live in groups of their own): the call ends at once, nothing is
# left, and the pool works on. Twenty times, the last five while data is copied in.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)
before=$(segments)

cat > "$dir/session.R" << 'END'
library(memshare)
ready <- commandArgs(TRUE)[[1]]
stopifnot(identical(memLapply(1:4, identity, MAX.CORES = 2), as.list(1:4)))
segments <- function() list.files("/dev/shm", "^memshare-")
base <- segments()
big <- lapply(1:100, function(i) numeric(1e6))
for (round in 1:20) {
  start <- proc.time()[["elapsed"]]
  ended <- tryCatch(
    {
      file.create(ready)
      if (round > 15) memLapply(big, function(v) Sys.sleep(1), MAX.CORES = 2)
      memLapply(1:1000, function(v) Sys.sleep(if (v %% 2) 0.01 else 5), MAX.CORES = 2, VARS = NULL)
      "finished"
    },
    interrupt = function(i) "interrupted"
  )
  seconds <- proc.time()[["elapsed"]] - start
  if (ended != "interrupted") stop("round ", round, ": ", ended)
  if (seconds > 8) stop("round ", round, ": the call took ", seconds, " s to end")
  if (!identical(memLapply(1:4, identity, MAX.CORES = 2), as.list(1:4))) stop("round ", round, ": the pool is not usable")
  if (!setequal(segments(), base)) stop("round ", round, " left: ", paste(setdiff(segments(), base), collapse = " "))
}
cat("interrupted 20 times\n")
END

# A shell starts what it puts into the background with SIGINT ignored, which a terminal would not do.
env --default-signal=INT Rscript --vanilla "$dir/session.R" "$dir/ready" > "$dir/log" 2>&1 &
session=$!
trap 'kill -9 $session 2> /dev/null' EXIT
for round in $(seq 20); do
  soon test -e "$dir/ready" || fail "round $round did not begin: $(cat "$dir/log")"
  rm -f "$dir/ready"
  sleep 0.2
  kill -INT $session 2> /dev/null || fail "the session died in round $round: $(cat "$dir/log")"
done
wait $session || fail "$(cat "$dir/log")"
grep -q "interrupted 20 times" "$dir/log" || fail "$(cat "$dir/log")"
[ "$(segments)" = "$before" ] || fail "left: $(segments)"
rm -rf "$dir"
