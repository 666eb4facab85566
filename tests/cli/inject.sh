# inject.sh - every call of every shipped scenario fails once: nothing leaks, every invariant holds
set -u
cd "$SOURCE" || exit 2
out=$("$FAULTLINE" inject sim/scenarios/*.scn) || { echo "FAILED: $out"; exit 1; }
printf '%s\n' "$out" | awk '
    / calls failed,/ { files++; calls += $2 }
    / 0 leaks, 0 violations$/ { clean++ }
    END {
        printf "%d scenarios, %d calls failed, %d clean\n", files, calls, clean
        exit files > 40 && files == clean && calls > 20 * files ? 0 : 1
    }'
