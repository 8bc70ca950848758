#!/bin/sh
# Whether all crates compile for other systems than this machine's: 64-bit ARM, and musl in place of glibc (Alpine). The tests of the core run where
# this machine can run them.
#
#   tools/cross.sh [TARGET...]
#
# It needs rustup, which fetches the targets' libraries, and for ARM a C compiler (Debian: gcc-aarch64-linux-gnu).
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:$HOME/.cargo/bin"
command -v rustup > /dev/null || { echo "rustup is not installed: https://rustup.rs"; exit 1; }
sh tools/crates.sh
CARGO_TARGET_DIR=$(pwd)/build/target-cross
export CARGO_TARGET_DIR
[ $# -gt 0 ] || set -- aarch64-unknown-linux-gnu x86_64-unknown-linux-musl
for target in "$@"; do
  rustup target add "$target"
  cargo check --locked --workspace --all-targets --target "$target"
  (cd rpkg/src/rust && cargo check --locked --all-targets --target "$target")
  case $target in
    "$(uname -m)"-*) cargo test --locked --workspace --target "$target" ;;
    *) echo "$target: compiles; its tests do not run on $(uname -m)" ;;
  esac
done
