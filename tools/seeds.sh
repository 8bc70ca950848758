#!/bin/sh
# Runs many seeds of the oracle (scheduler/src/engine/tests/oracle) and of sessions (scheduler/src/run/tests) in batches, optimised:
# sh tools/seeds.sh [SEEDS] [BATCH]
# Batches that passed are noted in build/seeds, so a run that was broken off goes on where it was; remove the file to begin anew.
set -eu
cd "$(dirname "$0")/.."
seeds=${1:-1000000}
batch=${2:-50000}
export PATH="$PATH:$HOME/.cargo/bin" CARGO_TARGET_DIR="$PWD/build/target-seeds"
mkdir -p build
# What is tried is a commit with all changes: other code begins anew.
code=$(cat scheduler/Cargo.toml $(find scheduler/src -name '*.rs' | sort) | cksum | cut -d' ' -f1)
done_file=build/seeds
touch "$done_file"
from=0
while [ "$from" -lt "$seeds" ]; do
  to=$((from + batch))
  [ "$to" -le "$seeds" ] || to=$seeds
  if ! grep -qx "$code $from..$to.*" "$done_file"; then
    out=$(MEMSHARE_SEEDS="$from..$to" RUST_BACKTRACE=0 cargo test --release --quiet --package memshare-scheduler --lib --locked -- \
      oracle::random run::tests::random --nocapture 2>&1) || { echo "$out"; exit 1; }
    line=$(echo "$out" | grep -E '^(seeds|sessions) ' | sort | paste -sd ' ' -)
    echo "$line"
    echo "$code $from..$to $line" >> "$done_file"
  fi
  from=$to
done
