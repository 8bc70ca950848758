#!/bin/sh
# R CMD check --as-cran of the built tarball, which asks no network: an empty CRAN stands in. No error, no warning, and no notes but those that
# rpkg/cran-comments.md explains. The tarball carries the crates' sources (vendor.tar.xz), so that it installs without a network, as the
# check does; and all of scheduler/, inspect/ and mutualinfo/, which in the repository are links.
# Test files that take long are skipped, as on CRAN; with NOT_CRAN=true all R tests run, in one process.
set -eu
cd "$(dirname "$0")/.."
# Other sessions of this machine have segments too, which tests would take for their own.
[ -n "${MEMSHARE_TEST_SHM:-}" ] || exec sh tests/lib/own-shm.sh sh tests/check-package.sh
mkdir -p build/check
rm -rf build/check/memshare_*.tar.gz build/check/memshare build/check/memshare.Rcheck
cd build/check
R CMD build --no-manual ../../rpkg
tar -xzf memshare_*.tar.gz
for crate in scheduler inspect mutualinfo; do diff -r memshare/src/rust/$crate/src ../../$crate/src; done
unset CARGO_TARGET_DIR
mkdir -p cran/web/packages cran/src/contrib
: > cran/src/contrib/PACKAGES
Rscript --vanilla -e 'saveRDS(data.frame(Package = character(), Maintainer = character()), "cran/web/packages/packages.rds")'
R_CRAN_WEB="file://$(pwd)/cran"
R_CRAN_SRC="$R_CRAN_WEB"
R_REPOSITORIES="$(pwd)/repositories"
sed -E "s~@CRAN@|(%bm|https?:)[^[:space:]]*~$R_CRAN_WEB~" "$(R RHOME)/etc/repositories" > "$R_REPOSITORIES"
export R_CRAN_WEB R_CRAN_SRC R_REPOSITORIES
_R_CHECK_FORCE_SUGGESTS_=false _R_CHECK_CRAN_INCOMING_=false _R_CHECK_SYSTEM_CLOCK_=0 R CMD check --as-cran --no-manual memshare_*.tar.gz
log=memshare.Rcheck/00check.log
tail -n 5 $log
if grep -qE '^Status:.*(ERROR|WARNING)' $log; then exit 1; fi
if grep -E '^\* checking .* NOTE$' $log | grep -vE 'checking (package dependencies|installed package size|R code for possible problems) '; then
  echo "rpkg/cran-comments.md does not explain these notes: mend what they are about"
  exit 1
fi
# Of the code one call of attach() is known, in four lines.
if [ "$(sed -n '/^\* checking R code for possible problems/,/^\* checking Rd files/p' $log | grep -vc '^\*')" -gt 4 ]; then
  echo "rpkg/cran-comments.md explains one call of attach(), and the note on R code has more"
  exit 1
fi
