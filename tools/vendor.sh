#!/bin/sh
# Writes rpkg/src/vendor.tar.xz: the sources of all crates that the R package needs, for a build without a network, and
# rpkg/inst/AUTHORS, who wrote them. Run it before `R CMD build`; the tarball is left out of git.
# usage: tools/vendor.sh
set -e
cd "$(dirname "$0")/../rpkg/src"

rm -rf vendor vendor.tar.xz
cargo vendor --quiet --locked --versioned-dirs --manifest-path rust/Cargo.toml vendor > /dev/null

for crate in vendor/*/; do
  crate=${crate%/}
  case "$crate" in
    # Cargo asks for every crate of the lockfile, also for those of other systems, and reads no more than their manifests:
    # the Windows crates, nine tenths of the bytes, are emptied.
    vendor/windows* | vendor/winapi* | vendor/win-sys* | vendor/wasi* | vendor/r-efi*)
      find "$crate" -mindepth 1 ! -name Cargo.toml ! -name .cargo-checksum.json -delete
      mkdir -p "$crate/src"
      : > "$crate/src/lib.rs"
      ;;
    *) (cd "$crate" && rm -rf tests benches examples docs ci fuzz .github) ;;
  esac
  # The crate's own sum stays, which the lockfile is checked against; those of files that are gone must go.
  sum=$(sed -n 's/.*"package":\("[0-9a-f]*"\).*/\1/p' "$crate/.cargo-checksum.json")
  echo "{\"files\":{},\"package\":$sum}" > "$crate/.cargo-checksum.json"
done

mkdir -p ../inst
{
  echo "The Rust code of memshare contains code of these crates (name, version, licence, authors):"
  echo
  for manifest in vendor/*/Cargo.toml; do
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
    ' "$manifest"
  done
  echo
  echo "The page of memView() contains d3, dagre and others, whose licences stand in every page, and in"
  echo "src/rust/inspect/src/page/LICENSES.txt."
} > ../inst/AUTHORS

# The build compares this with its own lockfile: a stale tarball is an error, not a surprise.
cp rust/Cargo.lock vendor/Cargo.lock

tar -cJf vendor.tar.xz --sort=name --owner=0 --group=0 vendor
rm -rf vendor
ls -l vendor.tar.xz
