#!/bin/sh
# Builds the static library that the package links. Called by src/Makevars, in src/, with the target directory.
#
# The crates come from vendor.tar.xz, which the lockfile's sums are checked against, and not from a network. In a working copy, where
# scheduler is a link, they are unpacked once for all that is done with cargo there (tools/crates.sh). In a tarball nothing is touched
# outside the package. Where the archive was taken out, cargo and its registry are used as they are.
set -e

target="$1"
PATH="$PATH:$HOME/.cargo/bin"
CARGO_TARGET_DIR="$target"
export PATH CARGO_TARGET_DIR
# A flag meant for the C compiler (-flto above all) must not reach C code that crates compile.
unset CFLAGS CXXFLAGS LDFLAGS MAKEFLAGS MFLAGS

offline=""
if [ -L rust/scheduler ]; then
  sh ../../tools/crates.sh
elif [ -f vendor.tar.xz ]; then
  tar -xJf vendor.tar.xz
  if ! sh ../tools/locked.sh rust/Cargo.lock | cmp -s - vendor/crates.txt; then
    rm -rf vendor
    echo "src/vendor.tar.xz was made for another Cargo.lock: build the tarball anew, from a clone in which make vendor was run." >&2
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
