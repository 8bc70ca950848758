# The exports that the tests of inspect/ keep, read by programs that others wrote; and by the Python of docs/record.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
snapshots="$here/../../inspect/src/export/tests/snapshots"
sh "$here/../exports/read-back.sh" "$snapshots"

command -v python3 > /dev/null 2>&1 || { echo "skipped: python3 is not installed"; exit 0; }
script=$(sed -n '/^```python$/,/^```$/p' "$here/../../docs/record.md" | grep -v '^```')
said=$(cd "$snapshots" && python3 -c "$script")
expected="memPlan(top, s) done 0.1 s
0.044 s  z, top 1001-2000 worker 2
0.040 s  z, top 1-1000 worker 1
0.030 s  mu, s 1-1000 worker 1
0.029 s  mu, s 1001-2000 worker 2
0.014 s  mu, s 1001-2000 worker 2
s 16000
top 24000"
[ "$said" = "$expected" ] || { echo "docs/record.md says: $said"; exit 1; }
