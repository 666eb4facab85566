# sweep: a full disk is said in one line and loses nothing; with room again, the same command goes on and the
# result is that of an undisturbed one. Needs a small file system of its own.
set -u
if [ "${1-}" != inside ]; then
    unshare -rm true 2>/dev/null || { echo "no file system can be mounted here" && exit 77; }
    exec unshare -rm sh "$0" inside
fi
work=$(mktemp -d)
mkdir "$work/small"
mount -t tmpfs -o size=256k none "$work/small" || { echo "no tmpfs can be mounted here" && exit 77; }
trap 'umount "$work/small"; rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

cat >"$work/grid.scn" <<'GRID'
title "$n pages"
param n = 1 .. 60
param x = 1 .. 30
app = task
b   = allocate app ${n}p
store b
report faults faults
GRID

sweep() { "$FAULTLINE" sweep "$work/grid.scn" -o "$1" --quiet >"$work/said" 2>&1; }
sweep "$work/whole.db" || complain "the undisturbed sweep failed: $(cat "$work/said")"
"$FAULTLINE" results "$work/whole.db" --csv >"$work/whole.csv"

sweep "$work/small/r.db"
code=$?
[ $code = 2 ] && [ "$(wc -l <"$work/said")" = 1 ] || complain "a full disk: $(cat "$work/said")"
grep -q 'cannot be written: .*full: what was reported done is kept' "$work/said" ||
    complain "a full disk: $(cat "$work/said")"
cat "$work/said"
mount -o remount,size=8m "$work/small"
kept=$("$FAULTLINE" results "$work/small/r.db" --csv | wc -l)
sweep "$work/small/r.db" || complain "with room again: $(cat "$work/said")"
cat "$work/said"
[ "$kept" -gt 1 ] && grep -q ", $((kept - 1)) before" "$work/said" ||
    complain "$((kept - 1)) rows were there, then: $(cat "$work/said")"
"$FAULTLINE" results "$work/small/r.db" --csv | cmp - "$work/whole.csv" || complain "other rows than undisturbed"
exit $failed
