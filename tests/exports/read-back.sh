#!/bin/sh
# Gives a folder's exports to programs that others wrote: NAME.json to python3-jsonschema, NAME.dot to Graphviz, NAME.mmd to Mermaid,
# NAME.trace.json to Perfetto; each must find in it what the document NAME.json says.
#
# usage: read-back.sh FOLDER
set -eu
here=$(dirname "$0")
. "$here/tools.sh"
folder=$1

names=""
for file in "$folder"/*.json; do
  name=$(basename "$file" .json)
  case $name in *.trace) ;; *) names="$names $name" ;; esac
done

# The files of a format, each with its document.
pairs() {
  for name in $names; do
    if [ -f "$folder/$name.$1" ]; then echo "$folder/$name.$1" "$folder/$name.json"; fi
  done
}

# In subshells: what is not there lets the others go on.
# shellcheck disable=SC2046 # no blanks in the names
(
  want_jsonschema
  "$python" -W ignore "$here/check-json.py" "$root/docs/record.schema.json" $(for name in $names; do echo "$folder/$name.json"; done)
)
# shellcheck disable=SC2046
(
  want_graphviz
  python3 "$here/check-dot.py" $(pairs dot)
)
# shellcheck disable=SC2046
(
  want_node
  node "$here/check-mermaid.js" "$tools" $(pairs mmd)
)
# shellcheck disable=SC2046
(
  want_perfetto
  node "$here/check-trace.js" "$tools" $(pairs trace.json)
)
