#!/bin/sh
# R CMD check of the built tarball: no error and no warning. The tarball is built with the vendored crates when they are there
# (tools/vendor.sh), so that the check works offline as an installation would.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/check
cd build/check
rm -rf memshare_*.tar.gz memshare.Rcheck
R CMD build --no-manual ../../rpkg
_R_CHECK_FORCE_SUGGESTS_=false R CMD check --no-manual memshare_*.tar.gz
status=$(tail -n 5 memshare.Rcheck/00check.log)
echo "$status"
if grep -qE '^Status:.*(ERROR|WARNING)' memshare.Rcheck/00check.log; then exit 1; fi
