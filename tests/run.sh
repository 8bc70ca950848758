#!/bin/sh
# All tests that need the installed package: the R suite, the examples, and whole sessions (tests/e2e). Afterwards /dev/shm must
# hold what it held, and no process of ours may be left. Ends with "N passed, N failed".
#
#   tests/run.sh            everything
#   tests/run.sh NAME...    only these scripts of tests/e2e, like: tests/run.sh pss.R
set -u
cd "$(dirname "$0")/.."
root=$(pwd)
# Other sessions' segments would be taken for ours.
[ -n "${MEMSHARE_TEST_SHM:-}" ] || exec sh tests/lib/own-shm.sh sh tests/run.sh "$@"
scratch=$(mktemp -d)
export SCRATCH="$scratch"
export R_LIBS="${R_LIBS:-$root/build/library}"
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0

ours() { ls /dev/shm 2> /dev/null | grep '^memshare-' | sort; }
# Workers that these tests started, by their environment: other sessions of the machine have their own.
workers() {
  for pid in $(pgrep -f 'memshare:::worker_main'); do
    tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qxF "SCRATCH=$scratch" && echo "$pid"
  done
}

# Runs a command, says how it went, and shows its output when it failed.
step() {
  name=$1
  shift
  start=$(date +%s)
  timeout -k 10 "${MEMSHARE_TEST_SECONDS:-900}" "$@" > "$scratch/output" 2>&1
  status=$?
  seconds=$(($(date +%s) - start))
  if [ $status -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok      $name (${seconds} s)$(grep '^skipped:' "$scratch/output" | head -n 1 | sed 's/^/ /')"
  else
    failed=$((failed + 1))
    echo "FAILED  $name (status $status, ${seconds} s)"
    sed 's/^/    /' "$scratch/output"
  fi
}

run_e2e() {
  case $1 in
    *.R) step "$1" Rscript --vanilla "$root/tests/e2e/$1" ;;
    *) step "$1" sh "$root/tests/e2e/$1" ;;
  esac
}

ours > "$scratch/segments-before"

if [ $# -gt 0 ]; then
  for name in "$@"; do run_e2e "$name"; done
else
  for file in rpkg/tests/testthat/test-*.R; do
    step "$(basename "$file" .R)" Rscript --vanilla tests/one-file.R "$file"
  done
  step placeholders Rscript --vanilla tests/placeholders.R
  step spelling Rscript --vanilla tests/spelling.R
  step words Rscript --vanilla tests/words.R
  step quickstart Rscript --vanilla examples/quickstart.R
  # tools/setup.sh installs these data; some distributions do not have them.
  for example in leukaemia phenotypes chain profiled; do
    if Rscript --vanilla -e 'quit(status = !requireNamespace("ALL", quietly = TRUE))'; then
      step $example Rscript --vanilla examples/$example.R
    else
      step $example echo "skipped: the data of package ALL are not installed"
    fi
  done
  step debugging Rscript --vanilla examples/debugging.R
  for adapter in foreach biocparallel future cluster; do step "adapter $adapter" Rscript --vanilla "examples/adapters/$adapter.R"; done
  # The size is the article's without these numbers.
  step features Rscript --vanilla examples/features.R 700 60
  step "several hosts" Rscript --vanilla tests/hosts/parity.R
  step "hosts over MPI" Rscript --vanilla tests/hosts/mpi.R
  # Servers of ssh and Slurm are not installed by tools/setup.sh: they would begin to listen.
  step "hosts by ssh" Rscript --vanilla tests/hosts/ssh.R
  step "hosts of Slurm" Rscript --vanilla tests/hosts/slurm.R
  for file in tests/e2e/*; do run_e2e "$(basename "$file")"; done
fi

# What a session leaves goes with it; a worker may take a moment to notice.
nothing_left() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    ours | comm -13 "$scratch/segments-before" - > "$scratch/left"
    workers >> "$scratch/left"
    [ -s "$scratch/left" ] || return 0
    sleep 0.5
  done
  cat "$scratch/left"
  return 1
}
if nothing_left > "$scratch/leaks"; then
  passed=$((passed + 1))
  echo "ok      no segment and no process left"
else
  failed=$((failed + 1))
  echo "FAILED  left behind:"
  cat "$scratch/leaks"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
