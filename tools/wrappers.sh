#!/bin/sh
# Writes rpkg/R/extendr-wrappers.R from the compiled package; with --check, fails when the committed file differs.
# usage: tools/wrappers.sh [--check]
set -e
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$(pwd)/target/rpkg}"
export CARGO_TARGET_DIR

# --no-test-load: the R code may call wrappers that this script is about to write.
R CMD INSTALL --no-docs --no-byte-compile --no-test-load --library="$work" rpkg > "$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }

# The functions are internal: their comments stay comments, not help pages.
Rscript --vanilla -e '
  so <- commandArgs(TRUE)
  dyn.load(so)
  text <- .Call("wrap__make_memshare_wrappers", TRUE, "memshare", PACKAGE = "memshare")
  lines <- strsplit(text, "\n", fixed = TRUE)[[1]]
  ours <- grep("^#. ", lines)
  keep <- grep("@(usage|useDynLib|docType)", lines)
  ours <- setdiff(ours, keep)
  lines[ours] <- sub("^#. ", "# ", lines[ours])
  writeLines(lines)
' "$work/memshare/libs/memshare.so" > "$work/wrappers.R"

target=rpkg/R/extendr-wrappers.R
if [ "$1" = "--check" ]; then
  diff -u "$target" "$work/wrappers.R" || { echo "$target is stale: run tools/wrappers.sh" >&2; exit 1; }
else
  cp "$work/wrappers.R" "$target"
fi
