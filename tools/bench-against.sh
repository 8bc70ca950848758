#!/bin/sh
# Builds another commit beside this one and measures both in turn: sh tools/bench-against.sh COMMIT [PAIRS] [ROWS...]
# What is built stays under build/against, one library a commit.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { echo "which commit? make bench-against COMMIT=HEAD~1" >&2; exit 2; }
commit=$(git rev-parse --short "$1^{commit}")
shift
against=$PWD/build/against
library=$against/$commit
if [ ! -d "$library/memshare" ]; then
  rm -rf "$against/source"
  mkdir -p "$against/source" "$library"
  git archive "$commit" | tar -x -C "$against/source"
  CARGO_TARGET_DIR=$against/target R CMD INSTALL --preclean --no-test-load --library="$library" "$against/source/rpkg"
fi
exec Rscript bench/against.R "$library" "$PWD/build/library" "$@"
