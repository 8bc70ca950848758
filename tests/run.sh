#!/bin/sh
# All tests that need the installed package: the R suite, the examples, and whole sessions (tests/e2e), two at a time where each can have a
# /dev/shm of its own. Each must leave nothing there and no process. Ends with "N passed, N failed".
#
#   tests/run.sh            everything
#   tests/run.sh NAME...    only these scripts of tests/e2e, like: tests/run.sh pss.R
set -u
cd "$(dirname "$0")/.."
export R_LIBS="${R_LIBS:-$(pwd)/build/library}"
RESULTS=$(mktemp)
export RESULTS
trap 'rm -f "$RESULTS"' EXIT
if [ -z "${MEMSHARE_TEST_SHM:-}" ] && [ "$(sh tests/lib/own-shm.sh printenv MEMSHARE_TEST_SHM)" = own ]; then
  at_once=2
else
  at_once=1
fi

# A line for each step: its name and its command, as the shell would read them.
whole_session() {
  case $1 in
    *.R) echo "$1 Rscript --vanilla tests/e2e/$1" ;;
    *) echo "$1 sh tests/e2e/$1" ;;
  esac
}
everything() {
  # What takes longest first, so that no core waits at the end.
  for file in tests/e2e/*; do whole_session "$(basename "$file")"; done
  for file in rpkg/tests/testthat/test-*.R; do echo "$(basename "$file" .R) Rscript --vanilla tests/one-file.R $file"; done
  for check in placeholders spelling words; do echo "$check Rscript --vanilla tests/$check.R"; done
  for example in quickstart debugging; do echo "$example Rscript --vanilla examples/$example.R"; done
  # tools/setup.sh installs these data; some distributions do not have them.
  Rscript --vanilla -e 'quit(status = !requireNamespace("ALL", quietly = TRUE))' && data=yes || data=no
  for example in leukaemia phenotypes chain profiled; do
    if [ $data = yes ]; then
      echo "$example Rscript --vanilla examples/$example.R"
    else
      echo "$example echo 'skipped: the data of package ALL are not installed'"
    fi
  done
  for adapter in foreach biocparallel future cluster; do echo "'adapter $adapter' Rscript --vanilla examples/adapters/$adapter.R"; done
  # The size is the article's without these numbers.
  echo "features Rscript --vanilla examples/features.R 700 60"
  echo "'several hosts' Rscript --vanilla tests/hosts/parity.R"
  echo "'hosts over MPI' Rscript --vanilla tests/hosts/mpi.R"
  # Servers of ssh and Slurm are not installed by tools/setup.sh: they would begin to listen.
  echo "'hosts by ssh' Rscript --vanilla tests/hosts/ssh.R"
  echo "'hosts of Slurm' Rscript --vanilla tests/hosts/slurm.R"
}
steps() {
  [ $# -gt 0 ] || everything
  for name in "$@"; do whole_session "$name"; done
}

# A step that failed says so and ends well; one that could not say it does not count as none.
steps "$@" | xargs -L 1 -P $at_once sh tests/step.sh || echo "FAILED  a step did not say how it went" | tee -a "$RESULTS"
failed=$(grep -c '^FAILED' "$RESULTS")
echo "$(grep -c '^ok' "$RESULTS") passed, $failed failed"
[ "$failed" -eq 0 ]
