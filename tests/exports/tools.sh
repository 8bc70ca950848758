# Sourced by the tests of exports: puts the readers that others wrote into build/exports, once: from npm, at the versions and hashes that
# package-lock.json states, and from an archive. Where one is missing and cannot be fetched, the test says so and is skipped.
# R has libraries of the system come first: a Python of another place would take the system's for its own.
unset LD_LIBRARY_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)
tools="$root/build/exports"
mkdir -p "$tools"
# Until the test ends: several of them may be at it.
exec 8> "$tools/lock"
flock 8

skip() {
  echo "skipped: $*"
  exit 0
}

# Mermaid and the driver of the browser.
want_node() {
  command -v node > /dev/null 2>&1 && command -v npm > /dev/null 2>&1 || skip "npm is not installed"
  command -v chromium > /dev/null 2>&1 || skip "chromium is not installed"
  if ! cmp -s "$root/tests/exports/package-lock.json" "$tools/node/fetched.json"; then
    rm -rf "$tools/node" && mkdir "$tools/node"
    cp "$root/tests/exports/package.json" "$root/tests/exports/package-lock.json" "$tools/node/"
    npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$tools/node" || skip "npm could not fetch mermaid"
    cp "$root/tests/exports/package-lock.json" "$tools/node/fetched.json"
  fi
}

# Perfetto, from the archive that vendor-perfetto.sh wrote.
want_perfetto() {
  want_node
  if ! cmp -s "$root/tests/exports/perfetto.tar.xz" "$tools/perfetto/archive"; then
    rm -rf "$tools/perfetto"
    tar -xJf "$root/tests/exports/perfetto.tar.xz" -C "$tools"
    cp "$root/tests/exports/perfetto.tar.xz" "$tools/perfetto/archive"
  fi
}

want_graphviz() { command -v dot > /dev/null 2>&1 || skip "graphviz is not installed"; }

# The Python that has jsonschema, in $python.
want_jsonschema() {
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema' 2> /dev/null && return
  done
  skip "python3-jsonschema is not installed"
}
