#!/bin/sh
# Makes sure that what memshare needs is there: Rust, R with its headers, and a few R packages. Installs what is missing by
# apt, and from no other place, when run as root on Debian or Ubuntu; otherwise prints the exact command and ends with status 1.
#
#   tools/setup.sh          for the tests
#   tools/setup.sh demo     for the demo alone
#   tools/setup.sh docs     for the tests, and roxygen2, which writes the manual pages
#   tools/setup.sh site     for the site: what the demo needs, and pkgdown
#   tools/setup.sh check    for the tests, and rmarkdown, which builds the vignettes, and what R CMD check --as-cran asks for
set -eu

if ! command -v cargo > /dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH="$PATH:$HOME/.cargo/bin"; fi

has_r_package() { command -v Rscript > /dev/null 2>&1 && [ -n "$(Rscript --vanilla -e "cat(system.file(package = '$1'))" 2> /dev/null)" ]; }

missing=""
want() { missing="$missing $1"; }
want_r() { has_r_package "$1" || want "r-cran-$(echo "$1" | tr "[:upper:]" "[:lower:]")"; }

# Rust as it is there, or the distribution's where that is recent enough; Debian 12 has one that is under names of its own (-web).
# Sets $rust to "" or "-web"; to none where the distribution has no such Rust.
distribution_rust() {
  command -v apt-cache > /dev/null 2>&1 || return 0
  for rust in "" -web; do
    version=$(apt-cache policy "cargo$rust" 2> /dev/null | sed -n 's/^ *Candidate: //p')
    dpkg --compare-versions "${version:-0}" ge 1.85 2> /dev/null && return
  done
  rust=none
}
rust=none
case $(command -v cargo) in
  "" | /usr/bin/*)
    # A new machine has no lists of packages yet.
    [ "$(id -u)" != 0 ] || command -v cargo > /dev/null 2>&1 || apt-get update -q || true
    distribution_rust
    ;;
esac
if ! command -v cargo > /dev/null 2>&1; then
  if [ "$rust" = none ]; then
    echo "memshare needs Rust (cargo, rustc >= 1.85): see https://rustup.rs" >&2
    exit 1
  fi
  want "cargo$rust rustc$rust"
fi

command -v Rscript > /dev/null 2>&1 || want r-base-core
{ command -v R > /dev/null 2>&1 && command -v cc > /dev/null 2>&1 && [ -n "$(R CMD config --cppflags 2> /dev/null)" ]; } || want r-base-dev
command -v xz > /dev/null 2>&1 || want xz-utils
for package in globals parallelly testthat; do want_r "$package"; done
has_r_package ALL || want r-bioc-all
if [ "${1:-}" != demo ] && [ "${1:-}" != site ]; then
  # What the package suggests, readers that others wrote for what it exports, and a browser for its page.
  for package in cli progressr ggplot2 knitr foreach iterators future future.apply promises later spelling doParallel doRNG; do
    want_r "$package"
  done
  has_r_package BiocParallel || want r-bioc-biocparallel
  # A cluster over MPI. Rmpi opens the library by a name that the package for developers has.
  for package in snow Rmpi; do want_r "$package"; done
  command -v mpirun > /dev/null 2>&1 || want "openmpi-bin libopenmpi-dev"
  # Whose objects travel in the tests.
  for package in survival nlme MASS Matrix data.table zoo bit64 tibble dplyr lubridate R6; do want_r "$package"; done
  # Whose files are read in the tests.
  want_r bigmemory
  has_r_package rhdf5 || want r-bioc-rhdf5
  has_r_package DelayedArray || want r-bioc-delayedarray
  /usr/bin/python3 -c 'import numpy' 2> /dev/null || want python3-numpy
  command -v valgrind > /dev/null 2>&1 || want valgrind
  command -v strace > /dev/null 2>&1 || want strace
  command -v dot > /dev/null 2>&1 || want graphviz
  command -v chromium > /dev/null 2>&1 || want chromium
  /usr/bin/python3 -c 'import jsonschema' 2> /dev/null || want python3-jsonschema
  command -v npm > /dev/null 2>&1 || want npm
  if [ "$rust" != none ]; then
    command -v cargo-clippy > /dev/null 2>&1 || want "rust$rust-clippy"
    command -v rustfmt > /dev/null 2>&1 || want "rustfmt$rust"
  fi
fi
if [ "${1:-}" = docs ]; then want_r roxygen2; fi
if [ "${1:-}" = site ]; then want_r knitr; want_r pkgdown; fi
if [ "${1:-}" = check ]; then
  want_r rmarkdown
  command -v checkbashisms > /dev/null 2>&1 || want devscripts
  command -v qpdf > /dev/null 2>&1 || want qpdf
fi

[ -n "$missing" ] || exit 0
command="apt-get update && apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null 2>&1; then
  echo "setup: installing$missing"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get update -q
  here=""
  for package in $missing; do
    case $package in
      # Tests of what a distribution does not have are skipped.
      r-cran-* | r-bioc-*)
        apt-cache show "$package" > /dev/null 2>&1 || {
          echo "setup: this distribution has no $package; what needs it is skipped"
          continue
        }
        ;;
    esac
    here="$here $package"
  done
  # shellcheck disable=SC2086 # one word a package
  apt-get install -q -y --no-install-recommends $here
else
  echo "memshare needs packages that are not installed. Run, as root:" >&2
  echo "  $command" >&2
  exit 1
fi
