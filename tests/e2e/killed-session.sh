#!/bin/sh
# kill -9 of a session: its workers go at once; its segments stay until the next session starts, which removes them.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)
before=$(segments)

cat > "$dir/session.R" << 'END'
library(memshare)
args <- commandArgs(TRUE)
registerVariables("killed", list(x = numeric(1e5), y = letters))
pids <- unique(unlist(memLapply(1:8, function(v) { Sys.sleep(0.05); Sys.getpid() }, MAX.CORES = 2)))
writeLines(as.character(pids), args[[2]])
file.rename(args[[2]], args[[1]])
if (args[[3]] == "busy") memLapply(1:100, function(v) Sys.sleep(10), MAX.CORES = 2)
Sys.sleep(100)
END

for state in idle busy; do
  rm -f "$dir/pids"
  Rscript --vanilla "$dir/session.R" "$dir/pids" "$dir/pids.part" $state &
  session=$!
  soon test -s "$dir/pids" || fail "$state: the session did not start"
  [ $state = busy ] && sleep 1
  # Rscript is R itself (exec), so this is the session.
  kill -9 $session
  wait $session 2> /dev/null
  for pid in $(cat "$dir/pids"); do
    soon gone "$pid" || fail "$state: worker $pid outlived its session"
  done
  [ "$(segments)" != "$before" ] || fail "$state: the test proves nothing: no segment was left by the killed session"
  Rscript --vanilla -e 'library(memshare); stopifnot(inherits(try(retrieveViews("killed", "x"), silent = TRUE), "try-error"))' \
    -e 'registerVariables("killed", list(x = 1)); stopifnot(identical(retrieveViews("killed", "x")$x, 1)); releaseVariables("killed", "x")' ||
    fail "$state: the next session could not take over"
  [ "$(segments)" = "$before" ] || fail "$state: the next session left: $(segments)"
done
rm -rf "$dir"
