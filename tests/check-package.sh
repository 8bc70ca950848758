#!/bin/sh
# R CMD check of the built tarball: no error and no warning. The tarball carries the crates' sources (vendor.tar.xz),
# so that it installs without a network, as the check does; and all of scheduler/, inspect/ and mutualinfo/, which in the
# repository are links.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/check
rm -rf build/check/memshare_*.tar.gz build/check/memshare build/check/memshare.Rcheck
cd build/check
R CMD build --no-manual ../../rpkg
tar -xzf memshare_*.tar.gz
for crate in scheduler inspect mutualinfo; do diff -r memshare/src/rust/$crate/src ../../$crate/src; done
unset CARGO_TARGET_DIR
_R_CHECK_FORCE_SUGGESTS_=false R CMD check --no-manual memshare_*.tar.gz
tail -n 5 memshare.Rcheck/00check.log
if grep -qE '^Status:.*(ERROR|WARNING)' memshare.Rcheck/00check.log; then exit 1; fi
