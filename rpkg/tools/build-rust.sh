#!/bin/sh
# Builds the static library that the package links. Called by src/Makevars, in src/, with the target directory.
#
# Two modes, told apart by one file: with src/vendor.tar.xz the build is offline and touches nothing outside the
# package; without it (a working copy) cargo and its registry are used as the developer has them.
set -e

target="$1"
PATH="$PATH:$HOME/.cargo/bin"
CARGO_TARGET_DIR="$target"
export PATH CARGO_TARGET_DIR
# A flag meant for the C compiler (-flto above all) must not reach C code that crates compile.
unset CFLAGS CXXFLAGS LDFLAGS MAKEFLAGS MFLAGS

offline=""
if [ -f vendor.tar.xz ]; then
  tar -xJf vendor.tar.xz
  if ! cmp -s vendor/Cargo.lock rust/Cargo.lock; then
    rm -rf vendor
    echo "src/vendor.tar.xz was made for another Cargo.lock: run tools/vendor.sh again, or remove it." >&2
    exit 1
  fi
  CARGO_HOME="$(pwd)/.cargo"
  export CARGO_HOME
  mkdir -p "$CARGO_HOME"
  cat > "$CARGO_HOME/config.toml" << END
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "$(pwd)/vendor"
END
  offline="--offline"
fi

cargo build --release --lib --locked $offline -j 2 --manifest-path rust/Cargo.toml
rm -rf vendor .cargo
