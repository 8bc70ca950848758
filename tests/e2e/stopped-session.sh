#!/bin/sh
# The session itself is stopped and continued, and its worker with it: the time in which it did not run counts against nobody. The worker
# was seen stopped before the session was, so that without this rule it would be given up as soon as the session goes on.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)

cat > "$dir/session.R" << 'END'
library(memshare)
paths <- as.list(file.path(commandArgs(TRUE)[[1]], c("worker", "go")))
value <- memLapply(1:4, function(v, worker, go) {
  cat(Sys.getpid(), "\n", file = paste0(worker, "-new"))
  file.rename(paste0(worker, "-new"), worker)
  while (!file.exists(go)) Sys.sleep(0.05)
  v
}, VARS = list(worker = paths[[1]], go = paths[[2]]), MAX.CORES = 1)
stopifnot(identical(value, as.list(1:4)), memLastRun()$deaths == 0)
cat("all the same\n")
END

Rscript --vanilla "$dir/session.R" "$dir" > "$dir/log" 2>&1 &
session=$!
soon test -s "$dir/worker" || fail "it did not begin: $(cat "$dir/log")"
worker=$(cat "$dir/worker")
trap 'kill -9 $session $worker 2> /dev/null' EXIT
kill -STOP "$worker"
sleep 2.5 # the session looks at its workers once a second
kill -STOP $session
sleep 11 # longer than a worker may be stopped
kill -CONT $session
sleep 2.5
kill -CONT "$worker"
touch "$dir/go"
wait $session || fail "$(cat "$dir/log")"
grep -q "all the same" "$dir/log" || fail "$(cat "$dir/log")"
trap - EXIT
rm -rf "$dir"
