#!/bin/sh
# Runs a command with a /dev/shm of its own, where that is possible: segments of other sessions of this machine come and go, and would be
# taken for the tests'. Root makes a mount namespace; another user a user namespace too, whose rights end before the command begins.
# What is mounted there must not reach others: in a chroot, whose / is no mount, that is said of /dev/shm itself.
#
# In MEMSHARE_TEST_SHM it says which it is: "own" or "shared".
#
# usage: sh tests/lib/own-shm.sh COMMAND...
set -u
[ -z "${MEMSHARE_TEST_SHM:-}" ] || exec "$@"
mount='{ mount --make-rprivate / || mount --make-private /dev/shm; } 2> /dev/null && mount -t tmpfs -o mode=1777 tmpfs /dev/shm'
if [ "$(id -u)" = 0 ]; then
  space="unshare -m --propagation unchanged"
  drop=""
else
  space="unshare --user --map-current-user --keep-caps -m --propagation unchanged"
  drop="setpriv --inh-caps=-all --ambient-caps=-all"
fi
# shellcheck disable=SC2086 # words
if $space sh -c "$mount" 2> /dev/null; then
  export MEMSHARE_TEST_SHM=own
  exec $space sh -c "$mount && exec $drop \"\$@\"" sh "$@"
fi
export MEMSHARE_TEST_SHM=shared
exec "$@"
