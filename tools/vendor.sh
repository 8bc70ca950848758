#!/bin/sh
# Writes the crates' archives, from crates.io, and who wrote the crates. `make vendor` runs it when a Cargo.toml or a Cargo.lock changed.
#
#   rpkg/src/vendor.tar.xz   all crates of the R package's lockfile: a tarball of the package installs from it without a network
#   vendor.tar.xz            those that the repository's lockfiles have besides: for the command line, tests, and fuzzing
#   rpkg/inst/AUTHORS        the crates that the R package contains, their licences and authors
#
#   tools/vendor.sh          writes them
#   tools/vendor.sh --check  compares what crates.io gives for the lockfiles with the archives, file by file
#
# A crate lies in its archive as `cargo vendor` gives it, with the sum of every file. Cargo wants each crate of the lockfile, also those
# that only another operating system needs. Of these their Cargo.toml is kept, for its features and dependencies, with a lib.rs that
# says why it does not compile, and the sums of these two files.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

# From here cargo finds no .cargo/config.toml of this clone, which would give it the archives instead of crates.io.
cd "$work"
locked=""
[ "${1:-}" != --check ] || locked=--locked
mkdir workspace rpkg
# shellcheck disable=SC2086 # an option or nothing
cargo vendor $locked --quiet --versioned-dirs --manifest-path "$root/Cargo.toml" --sync "$root/fuzz/Cargo.toml" workspace/vendor > /dev/null
# shellcheck disable=SC2086
cargo vendor $locked --quiet --versioned-dirs --manifest-path "$root/rpkg/src/rust/Cargo.toml" rpkg/vendor > /dev/null

# The crates that some Linux needs, by the kinds of processors that Debian has, and with loom for the tests that use it.
for manifest in Cargo.toml fuzz/Cargo.toml rpkg/src/rust/Cargo.toml; do
  for processor in x86_64 aarch64 i686 powerpc64le riscv64gc s390x; do
    for flags in "" "--cfg loom"; do
      RUSTFLAGS=$flags cargo metadata --locked --format-version 1 --filter-platform "$processor-unknown-linux-gnu" \
        --manifest-path "$root/$manifest" > metadata.json
      python3 -c 'import json, sys
for crate in json.load(sys.stdin)["packages"]: print(crate["name"] + "-" + crate["version"])' < metadata.json
    done
  done
done | sort -u > needed

stub() {
  package=$(sed -n 's/.*"package":"\([0-9a-f]*\)".*/\1/p' "$1/.cargo-checksum.json")
  find "$1" -mindepth 1 ! -name Cargo.toml -delete 2> /dev/null || true
  mkdir -p "$1/src"
  echo "compile_error!(\"this crate is for systems other than Linux, and its code is not in memshare's archive of crates\");" > "$1/src/lib.rs"
  sum() { sha256sum "$1" | cut -d ' ' -f 1; }
  printf '{"files":{"Cargo.toml":"%s","src/lib.rs":"%s"},"package":"%s"}' \
    "$(sum "$1/Cargo.toml")" "$(sum "$1/src/lib.rs")" "$package" > "$1/.cargo-checksum.json"
}
for crate in workspace/vendor/* rpkg/vendor/*; do
  name=$(basename "$crate")
  if ! grep -qxF "$name" needed; then
    stub "$crate"
  elif [ "$crate" = "rpkg/vendor/$name" ]; then
    echo "$name" >> contained
  fi
done
for crate in rpkg/vendor/*; do rm -rf "workspace/vendor/$(basename "$crate")"; done
# Whoever unpacks compares these with the lockfiles: an archive of another state is an error that says so.
sh "$root/rpkg/tools/locked.sh" "$root/Cargo.lock" "$root/fuzz/Cargo.lock" > workspace/vendor/crates.txt
sh "$root/rpkg/tools/locked.sh" "$root/rpkg/src/rust/Cargo.lock" > rpkg/vendor/crates.txt

if [ "${1:-}" = --check ]; then
  mkdir -p committed/workspace committed/rpkg
  tar -xJf "$root/vendor.tar.xz" -C committed/workspace
  tar -xJf "$root/rpkg/src/vendor.tar.xz" -C committed/rpkg
  diff -r workspace committed/workspace
  diff -r rpkg committed/rpkg
  echo "the archives hold what crates.io gives"
  exit 0
fi

{
  echo "The Rust code of memshare contains code of these crates (name, version, licence, authors):"
  echo
  while read -r crate; do
    awk -F '"' '
      /^\[/ { section = $0 }
      section != "[package]" { next }
      /^name = / { name = $2 }
      /^version = / { version = $2 }
      /^license = / { licence = $2 }
      /^authors = / { list = 1 }
      list { for (i = 2; i <= NF; i += 2) { sub(/ <.*/, "", $i); authors = authors (authors ? ", " : "") $i } }
      /\]/ { list = 0 }
      END { print name " " version " (" (licence ? licence : "see the crate") "): " (authors ? authors : "the " name " developers") }
    ' "rpkg/vendor/$crate/Cargo.toml"
  done < contained
  echo
  echo "The page of memView() contains d3, dagre and others, whose licences stand in every page, and in"
  echo "src/rust/inspect/src/page/LICENSES.txt."
} > "$root/rpkg/inst/AUTHORS"

# The same crates give the same bytes: git keeps each version of these files.
pack() { tar -cf - --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 --format=gnu -C "$1" vendor | xz -9e > "$2"; }
pack workspace "$root/vendor.tar.xz"
pack rpkg "$root/rpkg/src/vendor.tar.xz"
ls -l "$root/vendor.tar.xz" "$root/rpkg/src/vendor.tar.xz"
