# Sourced by the other scripts: it does nothing when run as a test.
fail() {
  echo "$*"
  exit 1
}
segments() { ls /dev/shm | grep '^memshare-' | sort; }
# Waits up to ten seconds until a command succeeds.
soon() {
  for _ in $(seq 100); do
    "$@" > /dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}
gone() { ! kill -0 "$1" 2> /dev/null; }
