#!/bin/sh
# What the program `memshare` shows of variables and runs whose names a terminal would act on: they are text.
. "$(dirname "$0")/../lib/helper.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
memshare=${MEMSHARE_CLI:-$root/target/debug/memshare}
if [ -z "${MEMSHARE_CLI:-}" ]; then
  (cd "$root" && PATH="$PATH:$HOME/.cargo/bin" cargo build --quiet --package memshare-cli) || fail "memshare cannot be built"
fi
dir=$(mktemp -d)
# Killed, the session leaves what it shares.
trap 'kill -9 $session 2> /dev/null; wait; "$memshare" prune > /dev/null; rm -rf "$dir"' EXIT
mkfifo "$dir/here" "$dir/never"
cat > "$dir/session.R" << 'END'
library(memshare)
dir <- commandArgs(TRUE)
evil <- "EVIL\u001b[31m\u009b2J\u202e\u2066</script>\"\n\r\u0007"
registerVariables(evil, stats::setNames(list(1:3), evil))
f <- function(v, dir) {
  if (v < 2) return(v)
  close(fifo(file.path(dir, "here"), "w", blocking = TRUE))
  close(fifo(file.path(dir, "never"), "r", blocking = TRUE))
}
pass <- function(x) memLapply(x, f, VARS = list(dir = dir), CONTROL = memControl(lazy = TRUE, chunk = 1))
invisible(memRun(do.call(memPlan, c(stats::setNames(list(pass(c(0, 1)), pass(c(1, 0))), c(evil, "b")), MAX.CORES = 1))))
memSave(memLastRun(), file.path(dir, "saved"))
memRun(do.call(memPlan, c(stats::setNames(list(pass(c(1, 2)), pass(c(2, 1))), c(evil, "b")), MAX.CORES = 1)))
END
Rscript --vanilla "$dir/session.R" "$dir" > "$dir/log" 2>&1 &
session=$!
timeout 60 cat "$dir/here" > /dev/null || fail "nobody came: $(cat "$dir/log")"
# All bytes of an answer: no control character but the line feed, none of the second set, no mark of direction.
harmless() {
  "$@" > "$dir/out" 2>&1 || fail "$*: $(cat -v "$dir/out")"
  grep -q EVIL "$dir/out" || fail "$*: the name is not there: $(cat -v "$dir/out")"
  if LC_ALL=C grep -qP '[\x01-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$dir/out"; then
    fail "$*: $(cat -v "$dir/out")"
  fi
}
harmless "$memshare" ls
harmless "$memshare" ls --json
harmless "$memshare" top --once
harmless "$memshare" top --json
for format in dot mermaid json trace; do harmless "$memshare" graph --format "$format" "$dir/saved"; done
if "$memshare" graph --format json "$(printf 'no\033[31mEVIL')" > "$dir/out" 2>&1; then fail "a file that is not there"; fi
! LC_ALL=C grep -qP '\x1b' "$dir/out" || fail "an error: $(cat -v "$dir/out")"
