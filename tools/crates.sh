#!/bin/sh
# Unpacks the archives of crates (tools/vendor.sh) into build/vendor, and writes .cargo/config.toml, by which every cargo in this clone takes
# the crates from there and asks no registry. Cargo itself compares each crate with the lockfile, and each file with its sum.
# Where that was done already, it only looks whether the lockfiles are still those of the archives.
set -eu
cd "$(dirname "$0")/.."
mark="# Written by tools/crates.sh."
config=.cargo/config.toml

archives() { sha256sum vendor.tar.xz rpkg/src/vendor.tar.xz; }
# One at a time: several builds may begin together.
mkdir -p build
exec 9> build/vendor.lock
flock 9
if ! archives | cmp -s - build/vendor/archives; then
  new=$(mktemp -d build/vendor-XXXXXX)
  trap 'rm -rf "$new"' EXIT
  archives > "$new/archives"
  tar -xJf vendor.tar.xz --strip-components=1 -C "$new"
  mv "$new/crates.txt" "$new/workspace.txt"
  tar -xJf rpkg/src/vendor.tar.xz --strip-components=1 -C "$new"
  chmod 755 "$new"
  rm -rf build/vendor
  mv -T "$new" build/vendor
fi

# An archive, its list of crates, and the lockfiles that it was made for.
current() {
  archive=$1
  list=$2
  shift 2
  sh rpkg/tools/locked.sh "$@" | cmp -s - "$list" || {
    echo "$archive was made for another $*. Run: make vendor (it needs crates.io), and commit what it writes." >&2
    exit 1
  }
}
current vendor.tar.xz build/vendor/workspace.txt Cargo.lock fuzz/Cargo.lock
current rpkg/src/vendor.tar.xz build/vendor/crates.txt rpkg/src/rust/Cargo.lock

[ ! -f "$config" ] || [ "$(head -n 1 "$config")" = "$mark" ] || {
  echo "$config is not ours: put its settings into ~/.cargo/config.toml, and remove it." >&2
  exit 1
}
mkdir -p .cargo
written=$(mktemp .cargo/config-XXXXXX)
cat > "$written" << END
$mark
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "build/vendor"
[net]
offline = true
END
chmod 644 "$written"
if cmp -s "$written" "$config"; then rm "$written"; else mv "$written" "$config"; fi
