#!/bin/sh
# R leaves by longjmp, which drops nothing: where R may be called, nothing may be made that needs dropping. The compiler sees to what
# closures capture (`owns_nothing` in r/jump.rs); this sees to what is made in closures given to `protect` or `give` and in functions that are
# given a `Scope`. A failure that is returned at once (`Failure::`) may be made. Prints what it finds; status 1 if anything.
#
#   sh tests/protected.sh [DIRECTORY]     of the R package's Rust sources
cd "$(dirname "$0")/.." || exit 2
find "${1:-rpkg/src/rust/src}" -name '*.rs' | sort | xargs awk '
  function count(text, of) { return gsub(of, "", text) }
  FNR == 1 { depth = 0; inside = 0; head = "" }
  {
    line = $0
    gsub(/\\"/, "", line)            # quotes within strings
    gsub(/"[^"]*"/, "\"\"", line)    # strings
    sub(/\/\/.*/, "", line)          # comments
    gsub(/\047[{}()]\047/, "", line) # characters
  }
  # A function that is given a scope: from its name to the end of its body.
  !inside && /^ *(pub(\([a-z]+\))? )?(unsafe )?fn / { head = "" ; heading = 1 }
  !inside && heading {
    head = head line
    if (line ~ /[{;]$/ || line ~ /}$/) {
      heading = 0
      if (head ~ /: &(r::)?Scope/ && line !~ /;$/) { inside = 1; braces = 1; depth = 0; line = substr(head, index(head, "{")) }
    }
  }
  # A closure given to protect or give: to the parenthesis that closes the call.
  !inside && line ~ /(protect|give)\(\|/ {
    inside = 1; braces = 0; depth = 0
    match(line, /(protect|give)\(\|/)
    line = substr(line, RSTART + RLENGTH - 2)
  }
  inside {
    if (line ~ /(Vec(<|::)|vec!|String::|format!|\.to_owned\(|\.to_string\(|\.collect\(|\.collect::|\.clone\(|\.join\()/ && line !~ /Failure::/) {
      printf "%s:%d: %s\n", FILENAME, FNR, $0
      found = 1
    }
    depth += braces ? count(line, "{") - count(line, "}") : count(line, "[(]") - count(line, "[)]")
    if (depth <= 0) inside = 0
  }
  END { exit found }
'
