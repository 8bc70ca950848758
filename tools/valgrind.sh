#!/bin/sh
# Valgrind over the native code that R loads: every `.Call` and every ALTREP class (tests/native/entries.R), or the R test files that are
# named, in the session, in the workers that it starts and in those that these fork. Fails at the first kind of error that it finds.
#
#   tools/valgrind.sh [rpkg/tests/testthat/test-NAME.R ...]
set -eu
cd "$(dirname "$0")/.."
R_LIBS="${R_LIBS:-$(pwd)/build/library}"
export R_LIBS
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# What R's own start script calls is not ours. --error-exitcode is for the session; workers speak by their logs.
valgrind="valgrind -q --suppressions=$(pwd)/tests/native/r.supp --error-exitcode=9 --trace-children=yes --trace-children-skip=*/rm,*/sed,*/uname,*/which,*/stty --log-file=$logs/%p"
run() {
  echo "valgrind: $*"
  "$@" || echo "failed: $*" >> "$logs/failed"
}
if [ $# -eq 0 ]; then
  run R --vanilla --no-echo -d "$valgrind" -f tests/native/entries.R
fi
for file in "$@"; do
  run R --vanilla --no-echo -d "$valgrind" -f tests/one-file.R --args "$file"
done
# System calls that this valgrind does not know are refused, as by an older kernel; that is all that may stand there.
errors=$(cat "$logs"/[0-9]* | grep -v -e 'WARNING: unhandled .* syscall' -e 'You may be able to write your own handler' \
  -e 'Read the file README_MISSING_SYSCALL_OR_IOCTL' -e 'Nevertheless we consider this a bug' -e 'it at http://valgrind.org/support' || true)
processes=$(ls "$logs"/[0-9]* | wc -l)
[ ! -f "$logs/failed" ] || cat "$logs/failed"
[ -z "$errors" ] || echo "$errors"
echo "$processes processes, $(echo "$errors" | grep -c '== Invalid\|== Conditional\|== Use of\|== Syscall\|== Process' || true) errors"
[ -z "$errors" ] && [ ! -f "$logs/failed" ]
