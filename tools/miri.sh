#!/bin/sh
# Miri over the board's unsafe code: undefined behaviour that happens to do no harm as compiled today. It runs the board's tests by hand and those
# with damaged bytes, in plain memory; it knows no shared mappings, no processes and no R, and needs hours for the tests with threads.
#
#   tools/miri.sh [TEST...]
#
# It is a component of rustup's nightly toolchain: rustup component add miri rust-src --toolchain nightly
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:$HOME/.cargo/bin"
sh tools/crates.sh
# The standard library is built with the crates of its own lockfile, which are not among ours.
(cd / && cargo +nightly miri setup)
[ $# -gt 0 ] || set -- board::tests::by_hand board::tests::damage
CARGO_TARGET_DIR=$(pwd)/build/target-miri
MIRIFLAGS="-Zmiri-disable-isolation"
PROPTEST_CASES=8
export CARGO_TARGET_DIR MIRIFLAGS PROPTEST_CASES
# Boards of the largest shape take hours too.
exec cargo +nightly miri test --locked --package memshare-scheduler --lib -- "$@" --skip the_largest --skip shapes_beyond
