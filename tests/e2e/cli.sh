#!/bin/sh
# The program `memshare` against real sessions: ls and top while FUN waits at a gate, a screen of top in a terminal, memTop() that is
# left by Ctrl-C, and prune after a kill -9, which removes what the dead session left and nothing of the one that lives.
. "$(dirname "$0")/../lib/helper.sh"
command -v python3 > /dev/null 2>&1 || { echo "skipped: python3 is not installed"; exit 0; }
root=$(cd "$(dirname "$0")/../.." && pwd)
memshare=${MEMSHARE_CLI:-$root/target/debug/memshare}
if [ -z "${MEMSHARE_CLI:-}" ]; then
  (cd "$root" && PATH="$PATH:$HOME/.cargo/bin" cargo build --quiet --package memshare-cli) || fail "memshare cannot be built"
fi
dir=$(mktemp -d)
# What sessions left that other tests killed goes now, and not in the middle.
"$memshare" prune > "$dir/log"
before=$(segments)
trap 'kill -9 $session $living 2> /dev/null; rm -rf "$dir"' EXIT
# Opening a named pipe waits for its other end.
mkfifo "$dir/here5" "$dir/here6" "$dir/living" "$dir/leave" "$dir/never"
meet() { timeout 60 cat "$dir/$1" > /dev/null || fail "nobody came to $1: $(cat "$dir/log")"; }
# python's view of a JSON answer: `check TEXT CONDITION`; `x` is the answer, `pid` the session's process.
check() {
  printf '%s' "$1" | python3 -c '
import json, sys
x, pid, living = json.load(sys.stdin), int(sys.argv[1]), int(sys.argv[2])
def only(rows, **fields):
    rows = [row for row in rows if all(row[name] == value for name, value in fields.items())]
    assert len(rows) == 1, (fields, rows)
    return rows[0]
exec(sys.argv[3])' "$session" "$living" "$2" || fail "not so: $2: $1"
}

cat > "$dir/session.R" << 'END'
library(memshare)
# A fork server would clear away what it leaves when it is killed.
options(memshare.fork = FALSE)
dir <- commandArgs(TRUE)
registerVariables("cli.e2e", list(x = matrix(0, 100, 6), y = letters))
f <- function(v, dir) {
  index <- v[[1]]
  if (index > 4) {
    close(fifo(file.path(dir, paste0("here", index)), "w", blocking = TRUE))
    close(fifo(file.path(dir, "never"), "r", blocking = TRUE))
  }
  index
}
memLapply(1:6, f, VARS = list(dir = dir), MAX.CORES = 2, CONTROL = memControl(chunk = 1))
END
cat > "$dir/living.R" << 'END'
library(memshare)
dir <- commandArgs(TRUE)
registerVariables("cli.living", list(x = numeric(1000)))
close(fifo(file.path(dir, "living"), "w", blocking = TRUE))
close(fifo(file.path(dir, "leave"), "r", blocking = TRUE))
stopifnot(identical(retrieveViews("cli.living", "x")$x, numeric(1000)))
releaseVariables("cli.living", "x")
END

Rscript --vanilla "$dir/living.R" "$dir" > "$dir/log.living" 2>&1 &
living=$!
meet living
Rscript --vanilla "$dir/session.R" "$dir" > "$dir/log" 2>&1 &
session=$!
meet here5
meet here6

# Both workers are in FUN, at elements 5 and 6; all others are done.
check "$("$memshare" ls --json)" '
v = only(x["variables"], namespace="cli.e2e", name="x")
assert v["state"] == "alive" and v["pid"] == pid and "R" in v["command"] and v["bytes"] >= 4800
assert only(x["variables"], namespace="cli.living")["pid"] == living
s = only(x["sessions"], pid=pid)
assert s["boards"]["pages"] == 1 and s["results"]["pages"] == 1 and s["data"]["pages"] >= 1'
check "$("$memshare" top --once --json)" '
run = only(x["runs"], pid=pid)
assert run["title"] == "memLapply(f)" and run["state"] == "running", run
assert (run["done"], run["elements"]) == (4, 6)
assert abs(run["rate"] * run["seconds"] - 4) < 1e-6 and abs(run["left"] * run["rate"] - 2) < 1e-6
stage = only(run["stages"], id=0)
assert (stage["done"], stage["elements"], stage["state"], stage["passes"]) == (4, 6, "open", ["f"])
assert sorted(w["chunk"]["element"] for w in run["workers"]) == [5, 6]
assert all(w["state"] == "running" and w["chunk"]["pass"] == "f" and w["pid"] != pid for w in run["workers"])'
"$memshare" top --once | grep -q "f, element 5$" || fail "top does not say where the workers are: $("$memshare" top --once)"
"$memshare" ls | grep -q "cli.e2e  *x  *5.0 kB  alive  *$session" || fail "ls does not say whose x is: $("$memshare" ls)"

# A terminal: a screen of its own, left by q, given back.
(sleep 1; printf q) | timeout 60 script --quiet --return --command "stty columns 120 rows 30; $memshare top --interval 0.2" "$dir/screen" > /dev/null ||
  fail "top in a terminal: $(cat "$dir/screen")"
grep -q "memLapply(f)" "$dir/screen" && grep -q "q leaves" "$dir/screen" || fail "the screen showed: $(cat "$dir/screen")"
[ "$(tr -d '\n' < "$dir/screen" | grep -c "$(printf '\033')\[?1049h.*$(printf '\033')\[?1049l")" = 1 ] ||
  fail "the terminal was not given back: $(cat "$dir/screen")"

# memTop() draws again and again, until Ctrl-C.
env --default-signal=INT Rscript --vanilla -e 'library(memshare)' -e 'top <- memTop(once = FALSE, interval = 0.2)' \
  -e "stopifnot(any(top\$runs\$pid == $session)); cat('left\n')" > "$dir/memtop" 2>&1 &
watcher=$!
twice() { [ "$(grep -c 'Ctrl-C leaves' "$dir/memtop")" -ge 2 ]; }
soon twice || fail "memTop() drew: $(cat "$dir/memtop")"
kill -INT $watcher
wait $watcher || fail "memTop() was not left: $(cat "$dir/memtop")"
grep -q "^left$" "$dir/memtop" || fail "memTop() was not left: $(cat "$dir/memtop")"

# Killed: what it left is orphaned, and is what prune removes.
kill -9 $session
wait $session 2> /dev/null
check "$("$memshare" ls --json)" '
assert only(x["variables"], namespace="cli.e2e", name="x")["state"] == "orphaned"
assert only(x["variables"], namespace="cli.living")["state"] == "alive"
assert only(x["sessions"], pid=pid)["state"] == "orphaned"'
check "$("$memshare" top --json)" 'assert not [run for run in x["runs"] if run["pid"] == pid]'
check "$("$memshare" prune --dry-run --json)" '
names = [left["name"] for left in x["removed"] if left["what"] == "variable"]
assert names == ["cli.e2e.x", "cli.e2e.y"] or set(names) == {"cli.e2e.x", "cli.e2e.y"}, names
assert only(x["removed"], what="board")["pid"] == pid'
check "$("$memshare" prune --json)" 'assert not x["dry_run"] and x["bytes"] > 4800 and only(x["removed"], what="lock")'
check "$("$memshare" ls --json)" '
assert not [v for v in x["variables"] if v["namespace"] == "cli.e2e"] and not [s for s in x["sessions"] if s["pid"] == pid]
assert only(x["variables"], namespace="cli.living")["state"] == "alive"'
[ "$("$memshare" prune)" = "No dead session left anything." ] || fail "prune left something"

timeout 60 sh -c ": > '$dir/leave'" || fail "the living session does not leave"
wait $living || fail "the living session lost something: $(cat "$dir/log.living")"
[ "$(segments)" = "$before" ] || fail "left: $(segments)"
[ "$("$memshare" ls | grep -c "cli\.")" = 0 ] || fail "ls still shows: $("$memshare" ls)"
