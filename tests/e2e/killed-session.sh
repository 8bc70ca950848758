#!/bin/sh
# A session that is killed leaves nothing: its fork server, which outlives it for a moment, clears away what it shared, in memory and in its
# directory, also where a forked child of the session lives on, and where the fork server is stopped.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)
trap 'kill -9 $session $child 2> /dev/null; rm -rf "$dir"' EXIT
child=""
mkfifo "$dir/here" "$dir/never"
mkdir "$dir/place"
cat > "$dir/session.R" << 'END'
library(memshare)
dir <- commandArgs(TRUE)
options(memshare.dir = file.path(dir, "place"))
child <- parallel::mcparallel(Sys.sleep(600))
writeLines(as.character(child$pid), file.path(dir, "child"))
registerVariables("killed", list(x = as.double(1:1e6)))
memLapply(1:2, function(i, dir) {
  if (i == 1L) close(fifo(file.path(dir, "here"), "w", blocking = TRUE))
  close(fifo(file.path(dir, "never"), "r", blocking = TRUE))
}, VARS = list(dir = dir), MAX.CORES = 2)
END
begin() {
  "$@" Rscript --vanilla "$dir/session.R" "$dir" > "$dir/log" 2>&1 &
  session=$!
  timeout 60 cat "$dir/here" > /dev/null || fail "nobody came: $(cat "$dir/log")"
  child=$(cat "$dir/child")
  server=$(pgrep -P $session -f worker_main)
}
nothing() { [ -z "$(segments | grep -vxF "$before")" ] && [ -z "$(ls "$dir/place")" ]; }
before=$(segments)
server_is_gone() { ! grep -q worker_main "/proc/$server/cmdline"; }

for state in runs stopped; do
  begin env
  [ "$(segments)" != "$before" ] || fail "nothing was shared"
  [ $state = runs ] || kill -STOP "$server"
  kill -9 $session
  soon nothing || fail "fork server $state, left: $(segments) $(ls "$dir/place")"
  soon server_is_gone || fail "fork server $state: it is there"
  kill -9 "$child"
done

# A mount of its own; the session is within it.
if [ "$(id -u)" = 0 ] && unshare -m true 2> /dev/null; then
  begin unshare -m sh -c 'mount -t tmpfs -o size=4m tmpfs /dev/shm && exec "$@"' sh
  [ -n "$(ls "$dir/place")" ] || fail "nothing lies in the directory: $(cat "$dir/log")"
  kill -9 $session
  soon nothing || fail "left in the directory: $(ls "$dir/place")"
  kill -9 "$child"
fi
