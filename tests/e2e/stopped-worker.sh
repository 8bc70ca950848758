#!/bin/sh
# One of two idle workers is stopped (SIGSTOP), then 400 calls are made: each gives its value at once, where once the session hung for
# ever in a send after some hundred.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)
before=$(segments)

cat > "$dir/session.R" << 'END'
library(memshare)
workers <- function() memshare:::native(memshare:::ms_pool_status())$pids
state <- function(pid) sub(".*[)] (.).*", "\\1", readLines(file.path("/proc", pid, "stat")))
call <- function() stopifnot(identical(memLapply(1:2, identity, MAX.CORES = 2), list(1L, 2L)))
call()
pid <- workers()[[1]]
cat(pid, file = commandArgs(TRUE)[[1]])
tools::pskill(pid, tools::SIGSTOP)
while (state(pid) != "T") NULL
for (i in 1:400) call()
stopifnot(state(pid) == "T")
# It is still useless in ten seconds, and is ended then.
while (pid %in% workers()) {
  Sys.sleep(0.2)
  call()
}
cat("400 calls\n")
END

timeout -k 5 120 Rscript --vanilla "$dir/session.R" "$dir/pid" > "$dir/log" 2>&1
status=$?
kill -9 "$(cat "$dir/pid")" 2> /dev/null # whatever went wrong, it does not stay
[ $status -eq 0 ] && grep -q "400 calls" "$dir/log" || fail "status $status: $(cat "$dir/log")"
soon gone "$(cat "$dir/pid")" || fail "the stopped worker is still there"
[ "$(segments)" = "$before" ] || fail "left: $(segments)"
rm -rf "$dir"
