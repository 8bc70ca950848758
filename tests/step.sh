#!/bin/sh
# One step of tests/run.sh: runs a command with a /dev/shm of its own, says how it went, and shows its output when it failed. Afterwards /dev/shm
# must hold what it held, and no process of the step may be left. A line for it goes into the file RESULTS, if there is one.
#
# usage: [RESULTS=FILE] sh tests/step.sh NAME COMMAND...
set -u
# Other sessions' segments would be taken for ours.
[ -n "${MEMSHARE_TEST_SHM:-}" ] || exec sh "$(dirname "$0")/lib/own-shm.sh" sh "$0" "$@"
name=$1
shift
SCRATCH=$(mktemp -d)
export SCRATCH
trap 'rm -rf "$SCRATCH"' EXIT
output=$SCRATCH/output

segments() { ls /dev/shm 2> /dev/null | grep '^memshare-' | sort; }
# Workers that the step started, by their environment: other sessions of the machine have their own.
workers() {
  for pid in $(pgrep -f 'memshare:::worker_main'); do
    tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qxF "SCRATCH=$SCRATCH" && echo "worker $pid"
  done
}
# What a session leaves goes with it; a worker may take a moment to notice.
left() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=$(segments | grep -vxF "$before"; workers)
    [ -n "$left" ] || return 1
    sleep 0.5
  done
}

before=$(segments)
start=$(date +%s)
timeout -k 10 "${MEMSHARE_TEST_SECONDS:-900}" "$@" > "$output" 2>&1
status=$?
seconds=$(($(date +%s) - start))
if [ $status -ne 0 ]; then
  said="FAILED  $name (status $status, ${seconds} s)"
elif left; then
  said="FAILED  $name (${seconds} s) left behind:"
  echo "$left" > "$output"
else
  said="ok      $name (${seconds} s)$(grep '^skipped:' "$output" | head -n 1 | sed 's/^/ /')"
fi
# Steps that end at one time speak after each other.
exec 9>> "${RESULTS:-/dev/null}"
flock 9
echo "$said" >&9
echo "$said"
case $said in FAILED*) sed 's/^/    /' "$output" ;; esac
