#!/bin/sh
# Places that are full, read-only, missing or closed, for each thing that a session keeps somewhere: session locks, boards, data, results,
# logs, temporary files. What fails is an error of ours that names the place; the same session goes on once there is room; nothing is left;
# and with memshare.dir all of it lies in the directory. Mounts need root and a mount namespace of their own.
. "$(dirname "$0")/../lib/helper.sh"
scratch=$(mktemp -d)
chmod 755 "$scratch"
trap 'rm -rf "$scratch"' EXIT
mkdir -m 700 "$scratch/dir"
mkdir -m 1777 "$scratch/tmp"
export PLACES_DIR="$scratch/dir"

# What each session does: `outcome` says of each of the calls "right", or the class of the error.
cat > "$scratch/calls.R" << 'END'
suppressPackageStartupMessages(library(memshare))
options(memshare.quiet = TRUE)
if (nzchar(Sys.getenv("PLACES_USE"))) options(memshare.dir = Sys.getenv("PLACES_DIR"))
options(memshare.cores = 2L)
if (nzchar(Sys.getenv("PLACES_LOG"))) options(memshare.log = "debug")
outcome <- function(right, code) {
  setTimeLimit(elapsed = 100, transient = TRUE)
  on.exit(setTimeLimit())
  tryCatch(if (identical(code, right)) "right" else "wrong", error = function(e) {
    cat(sprintf("# %s: %s\n", class(e)[[1]], conditionMessage(e)))
    if (inherits(e, "memshare_error_no_space")) stopifnot(e$needed > e$free, nzchar(e$dir))
    if (inherits(e, "memshare_error_no_place")) stopifnot(nzchar(e$dir), grepl(e$dir, conditionMessage(e), fixed = TRUE))
    class(e)[[1]]
  })
}
calls <- function() {
  if (nzchar(Sys.getenv("PLACES_FEW"))) return(c(small = outcome(list(1, 2, 3), memLapply(c(1, 2, 3), function(i) i))))
  x <- numeric(2e5)
  lazy <- memControl(lazy = TRUE)
  variable <- function() {
    registerVariables("places", list(x = x))
    on.exit(releaseVariables("places", "x"))
    memLapply(1:2, function(i, x) length(x) + i, NAMESPACE = "places", VARS = "x")
  }
  c(
    small = outcome(list(1, 2, 3), memLapply(c(1, 2, 3), function(i) i)),
    results = outcome(rep(list(x), 3), memLapply(1:3, function(i) numeric(2e5))),
    data = outcome(list(0, 0), memLapply(list(x, x), sum)),
    variable = outcome(list(200001L, 200002L), variable()),
    board = outcome(as.list(1:20000), memLapply(1:20000, function(i) i)),
    plan = outcome(list(200001), memRun(memLapply(memLapply(1, function(i) x + i, CONTROL = lazy), function(v) v[[1]] + length(v), CONTROL = lazy)))
  )
}
said <- calls()
if (nzchar(Sys.getenv("PLACES_LOG"))) {
  stopifnot(any(memLog(n = Inf)$log == "session"), length(list.files(tempdir())) == 0)
  invisible(memLapply(1:2, function(i) tempfile(), MAX.CORES = 1))
  own <- memLapply(1, function(i) tempdir())[[1]]
  stopifnot(startsWith(own, Sys.getenv("PLACES_DIR")), file.mode(list.files(Sys.getenv("PLACES_DIR"), "memshare-f", full.names = TRUE)) == 448L)
}
cat("said:", said, "\n")
invisible(memTop())
stopifnot(length(pageList()) == 0)
# Once there is room and permission again, the same session goes on.
if (nzchar(Sys.getenv("PLACES_THEN"))) {
  stopifnot(system(Sys.getenv("PLACES_THEN")) == 0)
  again <- calls()
  cat("then:", again, "\n")
}
left <- setdiff(list.files("/dev/shm", "^memshare-"), list.files("/dev/shm", "aaaaaaa$"))
stopifnot(length(left) == 0)
END

# `check NAME EXPECTED COMMAND`: the calls after this command; each must be right, or an error of one of the classes in EXPECTED.
check() {
  name=$1
  expected=$2
  shift 2
  timeout 300 $inside sh -c "$1; exec Rscript --vanilla $scratch/calls.R; exit 1" > "$scratch/out" 2>&1
  status=$?
  if [ $status -ne 0 ]; then
    cat "$scratch/out"
    fail "$name: status $status"
  fi
  for word in $(sed -n 's/^said: //p' "$scratch/out"); do
    case " right $expected " in
      *" $word "*) ;;
      *)
        cat "$scratch/out"
        fail "$name: $word"
        ;;
    esac
  done
  if [ -n "${PLACES_THEN:-}" ]; then
    grep -q '^then: right right right right right right $' "$scratch/out" || { cat "$scratch/out"; fail "$name: not right afterwards"; }
  fi
  [ -z "$(ls -A "$PLACES_DIR")" ] || fail "$name: left in the directory: $(ls -A "$PLACES_DIR")"
  echo "ok: $name: $(sed -n 's/^said: //p' "$scratch/out")"
}
# The same, and at least one call must have failed so.
refused() {
  check "$@"
  grep -q '^said:.*memshare_error' "$scratch/out" || fail "$1: nothing was refused"
}

# What needs no privilege.
inside=env
check "no home" "" "unset HOME"
check "a home that is not there" "" "export HOME=/no/such/home"
check "a temporary directory that is not there" "" "export TMPDIR=/no/such/directory"

if [ "$(id -u)" != 0 ] || ! unshare -m true 2> /dev/null; then
  echo "skipped: the rest needs root and a mount namespace"
  exit 0
fi
inside="unshare -m"
shm() { echo "mount -t tmpfs -o $1 tmpfs /dev/shm"; }
chmod 777 "$PLACES_DIR"
chmod 700 "$PLACES_DIR"

full="memshare_error_no_space memshare_error_memory_limit"
for size in 4k 16k 64k 256k 1m; do
  PLACES_THEN="mount -o remount,size=512m /dev/shm" refused "shared memory of $size" "$full" "$(shm "size=$size")"
  PLACES_USE=yes check "shared memory of $size and a directory" "" "$(shm "size=$size")"
done
for files in 2 4; do
  PLACES_THEN="mount -o remount,nr_inodes=1000 /dev/shm" refused "shared memory for $files files" memshare_error_no_place "$(shm "nr_inodes=$files")"
  PLACES_USE=yes check "shared memory for $files files and a directory" "" "$(shm "nr_inodes=$files")"
done
PLACES_THEN="mount -o remount,rw /dev/shm" refused "shared memory that is read-only" memshare_error_no_place "$(shm ro)"
PLACES_USE=yes check "shared memory that is read-only and a directory" "" "$(shm ro)"
missing="mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9"
PLACES_THEN="mkdir -m 1777 /dev/shm" refused "no shared memory" memshare_error_no_place "$missing"
PLACES_USE=yes check "no shared memory and a directory" "" "$missing"

# The directory has no room, or is closed.
here() { echo "mount -t tmpfs -o $1 tmpfs $PLACES_DIR"; }
PLACES_USE=yes refused "both are small" "$full" "$(shm size=64k); $(here size=64k)"
PLACES_USE=yes refused "a directory that is read-only" "memshare_error_no_place $full" "$(shm size=64k); $(here ro)"
PLACES_USE=yes refused "a directory for one file" "memshare_error_no_place" "$(shm ro); $(here nr_inodes=2)"

# Temporary files: what R itself cannot do without is an error; logs that find no room are no reason to fail.
tmp() { echo "export TMPDIR=$scratch/tmp; mount -t tmpfs -o mode=1777,$1 tmpfs $scratch/tmp"; }
check "a temporary directory of 64 kB" "" "$(tmp size=64k)"
PLACES_THEN="mount -o remount,size=64m $scratch/tmp" refused "a temporary directory of 4 kB" memshare_error_system "$(tmp size=4k)"
PLACES_THEN="mount -o remount,nr_inodes=1000 $scratch/tmp" refused "a temporary directory for 5 files" "memshare_error_no_workers memshare_error_system" "$(tmp nr_inodes=5)"
# With memshare.dir, logs and what workers are told of the session lie there, and so do the workers' own temporary directories.
for option in size=64k size=4k nr_inodes=5; do
  PLACES_USE=yes PLACES_LOG=yes check "a temporary directory with $option and a directory" "" "$(tmp $option)"
done

# Another user, for whom more is closed; not the one of other tests, whose processes would count.
inside="unshare -m setpriv --reuid=65533 --regid=65533 --clear-groups --no-new-privs"
if $inside test -r "${R_LIBS%%:*}/memshare/DESCRIPTION" && command -v prlimit > /dev/null; then
  mkdir -m 755 "$scratch/closed"
  export TMPDIR="$scratch/tmp"
  chmod 755 "$PLACES_DIR" # root's: read, not written
  (cd / && PLACES_USE=yes check "a directory of another user" "" "true")
  chmod 700 "$PLACES_DIR"
  cd /
  check "a temporary directory that cannot be written to" "" "export TMPDIR=$scratch/closed"
  # R's shell script asks for a process again for 15 s.
  PLACES_FEW=yes refused "no process more" memshare_error_no_workers "prlimit --pid \$\$ --nproc=4"
else
  echo "skipped: another user cannot read this library"
fi
