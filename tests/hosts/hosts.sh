#!/bin/sh
# Hosts on this machine, for tests: network namespaces with an address each on a bridge, and a /dev/shm, a /tmp, processes and a hostname of their own.
#
#   hosts.sh up N DIR        makes N hosts and writes DIR/rsh, the `rshcmd` that reaches them, and DIR/addresses: the session's, then the hosts'
#   hosts.sh kill I DIR      ends host I with all its processes, as if its power went
#   hosts.sh cut I DIR       takes the link of host I down; hosts.sh mend I DIR: up again
#   hosts.sh slow I DIR ...  gives the link of host I this latency or loss, in the words of tc netem; status 77 where that is not possible
#   hosts.sh run I DIR ...   runs a command on host I
#   hosts.sh bytes DIR       bytes that went over the bridge's ports to and from the hosts
#   hosts.sh down DIR        takes all of it away
#
# Where namespaces are not permitted, `up` ends with status 77 and says why.
set -eu

usage() { sed -n '2,12p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
what=$1
shift

init_of() { cat "$2/$1.pid"; }
inside() {
  host=$1 dir=$2
  shift 2
  exec nsenter -t "$(init_of "$host" "$dir")" -n -m -u -p "$@"
}

skip() {
  echo "no network namespaces here: $1" >&2
  down "$dir"
  exit 77
}

# Nothing of it may stay because something else was gone already.
down() (
  set +e
  for file in "$1"/*.pid; do
    [ -e "$file" ] && kill -9 "$(cat "$file")" 2> /dev/null
  done
  # nsenter stops itself when what it began is stopped, and nobody wakes it.
  for pid in $(cat "$1/rsh.pids" 2> /dev/null); do
    grep -qz nsenter "/proc/$pid/cmdline" 2> /dev/null && kill -9 "$pid" 2> /dev/null
  done
  [ -e "$1/tag" ] || exit 0
  tag=$(cat "$1/tag")
  for file in /run/netns/"$tag"-*; do
    [ -e "$file" ] && ip netns del "$(basename "$file")" 2> /dev/null
  done
  for link in /sys/class/net/"$tag".* /sys/class/net/"$tag"; do
    [ -e "$link" ] && ip link del "$(basename "$link")" 2> /dev/null
  done
  rm -f "$1/tag"
  exit 0
)

# The hosts of one DIR do not know those of another: names and the network are by the process that makes them.
up() {
  count=$1 dir=$2
  mkdir -p "$dir"
  tag=mh$(($$ % 1000000))
  net=10.$((100 + $$ % 100)).$(($$ / 100 % 250))
  echo "$tag" > "$dir/tag"
  echo "$net.1" > "$dir/addresses"
  for tool in ip unshare nsenter; do command -v "$tool" > /dev/null || skip "$tool is not installed"; done
  ip link add "$tag" type bridge 2> "$dir/why" || skip "$(cat "$dir/why")"
  ip addr add "$net.1/24" dev "$tag" 2> "$dir/why" || skip "$(cat "$dir/why")"
  ip link set "$tag" up
  for i in $(seq "$count"); do
    space=$tag-$i
    ip netns add "$space" 2> "$dir/why" || skip "$(cat "$dir/why")"
    ip link add "$tag.$i" type veth peer name eth0 netns "$space" 2> "$dir/why" || skip "$(cat "$dir/why")"
    ip link set "$tag.$i" master "$tag" up
    ip -n "$space" addr add "$net.$((i + 1))/24" dev eth0
    ip -n "$space" link set eth0 up
    ip -n "$space" link set lo up
    echo "$net.$((i + 1))" >> "$dir/addresses"
    begin_host "$i" "$space" "$dir"
  done
  write_rsh "$dir"
}

# Packets to a host and from it, each by its own end of the link.
slow() {
  host=$1 dir=$2
  shift 2
  command -v tc > /dev/null || { echo "tc is not installed" >&2; exit 77; }
  link=$(cat "$dir/tag").$host
  tc qdisc replace dev "$link" root netem "$@" 2> "$dir/why" || { echo "tc netem: $(cat "$dir/why")" >&2; exit 77; }
  inside "$host" "$dir" tc qdisc replace dev eth0 root netem "$@"
}

# The first process of a host: the others go with it.
begin_host() {
  ip netns exec "$2" unshare -m -u -p --fork --propagation private --kill-child sh -c '
    mount -t proc proc /proc && hostname "$1" && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /tmp &&
    while sleep 1000 & wait; do :; done' sh "host$1" > "$3/$1.log" 2>&1 < /dev/null &
  outer=$!
  for _ in $(seq 100); do
    child=$(cat "/proc/$outer/task/$outer/children" 2> /dev/null | tr -d ' ')
    if [ -n "$child" ] && nsenter -t "$child" -m -u -p sh -c '[ "$(hostname)" = "$1" ] && mountpoint -q /tmp' sh "host$1" 2> /dev/null; then
      echo "$child" > "$3/$1.pid"
      return 0
    fi
    kill -0 "$outer" 2> /dev/null || break
    sleep 0.05
  done
  kill -9 "$outer" 2> /dev/null || true
  skip "$(tail -n 1 "$3/$1.log")"
}

# As ssh is called: options, then the host, then the command. And as ssh does, it begins by closing what it inherited: R's connections to other
# nodes are among that, and a node learns of the session's end by the end of its own.
write_rsh() {
  cat > "$1/rsh" <<RSH
#!/bin/bash
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  [ "\$fd" -gt 2 ] && eval "exec \$fd>&-"
done
while [ "\${1#-}" != "\$1" ]; do shift 2; done
i=\$((\${1##*.} - 1))
shift
echo \$\$ >> '$1/rsh.pids'
exec nsenter -t "\$(cat '$1'/\$i.pid)" -n -m -u -p sh -c "\$*"
RSH
  chmod +x "$1/rsh"
}

case $what in
  up) up "$@" ;;
  down) down "$1" ;;
  kill) kill -9 "$(init_of "$1" "$2")" ;;
  cut) ip link set "$(cat "$2/tag").$1" down ;;
  mend) ip link set "$(cat "$2/tag").$1" up ;;
  slow) slow "$@" ;;
  run) inside "$@" ;;
  bytes)
    total=0
    for link in /sys/class/net/"$(cat "$1/tag")".*; do
      total=$((total + $(cat "$link/statistics/rx_bytes") + $(cat "$link/statistics/tx_bytes")))
    done
    echo "$total"
    ;;
  *) usage ;;
esac
