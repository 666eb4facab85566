# sweep: killed at any moment and gone on with, it gives byte for byte what an uninterrupted one gives.
#
# KILLS=50 in the environment tries more moments than a build does each time.
set -u
kills=${KILLS:-6}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

cat >"$work/grid.scn" <<'GRID'
title "$n pages, $how"
param n   = 1 .. 120
param how = lazy wire
param x   = random 5 1 .. 100
each macos-10.11 macos-15.4
app = task
b   = allocate app ${n}p
fill b
md  = descriptor b direction=out
prepare md
m   = map md kernel
when how is wire: wire m in
report translations translated m
when how is wire: unwire m
GRID

sweep() { "$FAULTLINE" sweep "$work/grid.scn" -o "$work/$1.db" --quiet; }
csv() { "$FAULTLINE" results "$work/$1.db" --csv; }

began=$(date +%s%N)
sweep whole >/dev/null || complain "the uninterrupted sweep failed"
spent=$(($(date +%s%N) - began))
csv whole >"$work/whole.csv"

halfway=0
i=0
while [ $i -lt "$kills" ]; do
    i=$((i + 1))
    rm -f "$work"/killed.*
    # By itself: behind a function's & stands a shell, and killing that one leaves the sweep alive.
    "$FAULTLINE" sweep "$work/grid.scn" -o "$work/killed.db" --quiet >/dev/null 2>&1 &
    sleep "$(awk -v seed="$$$i" -v ns="$spent" 'BEGIN { srand(seed); printf "%.3f", rand() * ns / 1e9 }')"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    sweep killed >"$work/said" || complain "kill $i: the same command does not go on: $(cat "$work/said")"
    grep -q ' done now, 0 before' "$work/said" || grep -q ': 0 point(s) done now' "$work/said" ||
        halfway=$((halfway + 1))
    python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("pragma integrity_check").fetchone())' \
        "$work/killed.db" | grep -qx ok || complain "kill $i: the file is not whole"
    csv killed | cmp - "$work/whole.csv" || complain "kill $i: not what the uninterrupted sweep gave"
done
echo "$kills kills at random moments, $halfway of them between the first batch and the last: the same bytes"
exit $failed
