#!/bin/sh
# The unit tests of the R package's Rust crate, with R inside the test program: R's library is linked as in the package, and the shims
# of entrypoint.c, which `R CMD INSTALL` compiles otherwise, from a library of their own. Built with the package's own target folder
# and profile, so that little is compiled anew. A test a process: R belongs to the thread that started it, and each test has its own.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:$HOME/.cargo/bin"
mkdir -p build/bridge
${CC:-cc} -O2 -fPIC $(R CMD config --cppflags) -c rpkg/src/entrypoint.c -o build/bridge/entrypoint.o
rm -f build/bridge/libentrypoint.a
ar rcs build/bridge/libentrypoint.a build/bridge/entrypoint.o
R_HOME=$(R RHOME)
LIBRARY_PATH="$(pwd)/build/bridge:$R_HOME/lib"
LD_LIBRARY_PATH="$R_HOME/lib"
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$(pwd)/build/target-r}"
# R reads nested values by recursion.
RUST_MIN_STACK=67108864
export R_HOME LIBRARY_PATH LD_LIBRARY_PATH CARGO_TARGET_DIR RUST_MIN_STACK
run() { cargo test --quiet --release --lib --locked --manifest-path rpkg/src/rust/Cargo.toml -- "$@"; }
tests=$(run --list | sed -n 's/: test$//p')
[ -n "$tests" ]
for test in $tests; do
  echo "$test"
  run --exact "$test"
done
