#!/bin/sh
# Twelve sessions at once, all with the default namespace and some with the same function: none sees another's data, and all
# leave nothing.
. "$(dirname "$0")/../lib/helper.sh"
dir=$(mktemp -d)
before=$(segments)
cat > "$dir/session.R" << 'END'
library(memshare)
me <- as.integer(commandArgs(TRUE)[[1]])
x <- matrix(as.double(me), 50, 40)
f <- function(v, w) sum(v) * w
for (i in 1:10) {
  stopifnot(identical(memApply(x, 2, f, VARS = list(w = me + i), MAX.CORES = 1), as.list(rep(50 * me * (me + i), 40))))
}
registerVariables(paste0("session", me), list(x = x))
stopifnot(identical(memApply("x", 1, sum, NAMESPACE = paste0("session", me), MAX.CORES = 1), as.list(rep(40 * me, 50))))
taken <- tryCatch({ registerVariables("one-for-all", list(x = me)); "mine" }, memshare_error_already_registered = function(e) "taken")
Sys.sleep(2)
if (taken == "mine") stopifnot(identical(retrieveViews("one-for-all", "x")$x, me))
cat(taken, "\n")
END
for i in $(seq 12); do
  Rscript --vanilla "$dir/session.R" $i > "$dir/log$i" 2>&1 &
done
wait
for i in $(seq 12); do
  grep -qE '^(mine|taken) $' "$dir/log$i" || fail "session $i: $(cat "$dir/log$i")"
done
[ "$(segments)" = "$before" ] || fail "left: $(segments)"
rm -rf "$dir"
