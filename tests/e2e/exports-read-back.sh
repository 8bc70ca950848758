# The exports that the scheduler's own tests keep, read by programs that others wrote.
here=$(dirname "$0")
exec sh "$here/../exports/read-back.sh" "$here/../../scheduler/src/inspect/export/tests/snapshots"
