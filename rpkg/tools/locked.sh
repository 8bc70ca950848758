#!/bin/sh
# Prints what lockfiles have from crates.io, a line a crate: name, version, sum. Archives of crates carry this list, and belong to all
# lockfiles with the same; crates of our own may come and go.
# usage: locked.sh Cargo.lock...
awk -F '"' '
  /^\[\[package\]\]/ { name = version = "" }
  /^name = / { name = $2 }
  /^version = / { version = $2 }
  /^checksum = / { print name, version, $2 }
' "$@" | LC_ALL=C sort -u
