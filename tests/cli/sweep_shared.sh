# sweep, results, merge: several processes on one file at once. Whoever reads sees whole batches while others
# write, whoever merges waits for its turn, and the end is that of one process alone.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

cat >"$work/grid.scn" <<'GRID'
title "$n pages, $x"
param n = 1 .. 40
param x = 1 .. 40
app = task
b   = allocate app ${n}p
store b
report faults faults
GRID

sweep() { "$FAULTLINE" sweep "$work/grid.scn" -o "$@" --quiet >/dev/null; }
sweep "$work/whole.db" || complain "one process failed"
"$FAULTLINE" results "$work/whole.db" --csv >"$work/whole.csv"
sweep "$work/third.db" --shard 3/3 || complain "the third shard failed"

pids=
for part in 1/3 2/3; do
    sweep "$work/r.db" --shard $part &
    pids="$pids $!"
done
while ! [ -s "$work/r.db" ] && kill -0 $pids; do sleep 0.01; done
"$FAULTLINE" results merge "$work/r.db" "$work/third.db" >"$work/said" 2>&1 || complain "merge: $(cat "$work/said")"
read_again() {
    while kill -0 "$1" 2>/dev/null; do
        "$FAULTLINE" results "$work/r.db" --csv >"$work/now.csv" 2>"$work/said" || complain "reading: $(cat "$work/said")"
        # Each line is a line of the end.
        sort "$work/now.csv" | comm -23 - "$work/sorted.csv" | grep -q . && complain "a row that is not at the end"
    done
}
sort "$work/whole.csv" >"$work/sorted.csv"
for pid in $pids; do
    read_again "$pid"
    wait "$pid" || complain "a writer failed"
done
"$FAULTLINE" results "$work/r.db" --csv | cmp - "$work/whole.csv" || complain "not what one process gives"
exit $failed
