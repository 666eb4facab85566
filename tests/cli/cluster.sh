# The files of docs/cluster.md: shards by GNU parallel (where it is installed) and as a Slurm array would
# run them, joined, are the single run byte for byte.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }
scenario=$SOURCE/sim/scenarios/sweep_break_even.scn

"$FAULTLINE" sweep "$scenario" -o "$work/single.db" --quiet >/dev/null || complain "no single run"
"$FAULTLINE" results "$work/single.db" --csv >"$work/single.csv"
[ "$(wc -l <"$work/single.csv")" = 145 ] || complain "rows: $(wc -l <"$work/single.csv")"
same() {
    "$FAULTLINE" results "$1" --csv | cmp - "$work/single.csv" || complain "$2 differs from the single run"
}

for task in 1 2 3 4; do
    SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=4 SLURM_CPUS_PER_TASK=1 \
        sh "$SOURCE/docs/cluster/slurm.sbatch" "$FAULTLINE" "$scenario" "$work/slurm" >/dev/null ||
        complain "task $task failed"
done
"$FAULTLINE" results merge "$work/array.db" "$work"/slurm/shard*.db >/dev/null && same "$work/array.db" "the array"
# Requeued: nothing is left to do, and what is there stays.
SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4 sh "$SOURCE/docs/cluster/slurm.sbatch" "$FAULTLINE" \
    "$scenario" "$work/slurm" >"$work/said" || complain "the requeued task failed"
grep -q ': 0 point(s) done now, 36 before' "$work/said" || complain "requeued: $(cat "$work/said")"

if command -v parallel >/dev/null && parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    for again in 1 2; do
        sh "$SOURCE/docs/cluster/parallel.sh" "$FAULTLINE" "$scenario" 4 "$work/joined.db" >"$work/said" ||
            complain "parallel failed: $(cat "$work/said")"
        same "$work/joined.db" "what GNU parallel joined ($again)"
    done
    cat "$work/said"
else
    echo "GNU parallel is not installed: './run packages parallel' brings it"
fi
exit $failed
